"""Blocking keys: where a child's profile is looked for, in several ways, so that no one error hides it (R12).

A key is a signed 64-bit hash of its kind and parts. A notification and a profile of the same child share at least one
as long as any two of name, birth, home, family and identifiers are right.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b

from router.linkage import names
from router.linkage.profile import Profile
from router.linkage.subject import Adult, Subject
from router.linkage.text import sound


def keys(subject: Subject) -> tuple[int, ...]:
    """The keys under which to look for the notification's child."""
    days = (subject.day,) if subject.day and not subject.estimated else ()
    months = {day // 30 + step for day in (subject.day, subject.expected) if day for step in (-1, 0, 1)}
    parts = _parts(subject.givens, subject.families, days, subject.addresses, subject.phones, subject.adults)
    return _hashed(parts, _months(subject.families, months), _numbers((subject.nhs,), (subject.upn,)))


def profile_keys(profile: Profile) -> tuple[int, ...]:
    """The keys under which a profile is filed."""
    days = tuple(day for day, estimated, _ in profile.births if not estimated)
    months = {day // 30 for day in (*(day for day, _, _ in profile.births), *profile.expected)}
    parts = _parts(profile.givens, profile.families, days, profile.addresses, profile.phones, profile.adults)
    numbers = _numbers((n for n, _ in profile.nhs), (n for n, _ in profile.upn))
    return _hashed(parts, _months(profile.families, months), numbers)


def _parts(
    givens: tuple[str, ...],
    families: tuple[str, ...],
    days: tuple[int, ...],
    addresses: tuple[str, ...],
    phones: tuple[str, ...],
    adults: tuple[Adult, ...],
) -> Iterator[tuple[str, ...]]:
    first = {code for name in givens for code in names.given_codes(name)}
    last = {code for name in families for code in names.family_codes(name)}
    swapped = {code for name in givens for code in names.family_codes(name)}
    for day in map(_month_and_day, days):
        yield from (("d", day, code) for code in first | last | swapped)
    yield from (("g", a, b) for a in first for b in last)
    yield from (("g", a, b) for a in last for b in swapped)
    yield from (("h", *part) for home in addresses for part in _home(home))
    yield from (("t", phone) for phone in phones)
    yield from (("a", *part) for adult in adults for part in _adult(adult))


def _home(address: str) -> Iterator[tuple[str, str]]:
    numbers, words, code = address.split("|")
    for number in numbers.split():
        if code:
            yield number, code
        for word in words.split():
            yield number, sound(word)


def _adult(adult: Adult) -> Iterator[tuple[str, str]]:
    given, family, day, _ = adult
    if len(given) > 1 and family:
        yield sound(given.split()[0]), sound(family.split()[-1])
    if day and given:
        yield given[0], str(day)


@lru_cache(maxsize=16_384)
def _month_and_day(day: int) -> str:
    date = dt.date.fromordinal(day)
    low, high = sorted((date.month, date.day))
    return f"{date.year}.{low}.{high}"


def _months(families: tuple[str, ...], months: set[int]) -> Iterator[tuple[str, ...]]:
    return (("m", code, str(month)) for name in families for code in names.family_codes(name) for month in months)


def _numbers(nhs: Iterable[str], upn: Iterable[str]) -> Iterator[tuple[str, ...]]:
    yield from (("n", number) for number in nhs if number)
    yield from (("u", number) for number in upn if number)


def _hashed(*parts: Iterable[tuple[str, ...]]) -> tuple[int, ...]:
    return tuple(sorted({_hash("\x1f".join(p)) for some in parts for p in some}))


@lru_cache(maxsize=65_536)
def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
