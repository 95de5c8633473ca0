"""Blocking keys: where a child's profile is looked for, in several ways, so that no one error hides
it (R12).

A key is a signed 64-bit number, the same on every machine, made of its kind and two parts. A child
shares one with its profile as long as any two of first name, family name, day of birth, home,
adults, siblings are right, or one number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final

from router.linkage import names
from router.linkage.adults import split_adult, surnames
from router.linkage.profile import Profile
from router.linkage.subject import Subject
from router.linkage.text import sound

Part = tuple[str, str, str]
"""Kind and two parts of a key."""

_BIRTH_GIVEN, _BIRTH_FAMILY, _NAME, _CUT, _YEAR, _INFANT = "dg", "df", "gf", "gc", "yf", "mf"
_HOME, _PHONE, _ADULT, _SIBLING, _STREET, _NUMBER, _NAMELESS = "h", "t", "a", "gs", "gw", "n", "f"
_MASK: Final = (1 << 64) - 1


def keys(subject: Subject) -> tuple[int, ...]:
    """The keys under which to look for the notification's child, sorted."""
    days = (subject.day,) if subject.day and not subject.estimated else ()
    years = (
        [_year(subject.day) + step for step in ((-1, 0, 1) if subject.estimated else (0,))]
        if subject.day
        else []
    )
    young = subject.expected or (
        subject.day if subject.day > subject.seen - 400 and not subject.estimated else 0
    )
    months = (
        [young // 30 + step for step in (-1, 0, 1)]
        if young
        else _pregnancy(subject.seen if subject.unborn else 0)
    )
    parts = [*_parts(subject, days, years, months)]
    if not subject.givens and not subject.unborn:
        parts += _nameless(subject)
    return _numbered(parts, (subject.nhs, subject.mothers, subject.upn))


def profile_keys(profile: Profile) -> tuple[int, ...]:
    """The keys under which a profile is filed, sorted."""
    years = [_year(day) for day in (*profile.births, *profile.estimates)]
    months = [day // 30 for day in (*profile.births, *profile.expected)] or _pregnancy(
        profile.unborn_at
    )
    parts = [*_parts(profile, profile.births, years, months), *_nameless(profile)]
    return _numbered(parts, (*profile.nhs, *profile.mothers, *profile.upn))


def crowd_keys(value: str) -> frozenset[int]:
    """The keys that stand for this phone or this home alone: if all of them are oversized, a crowd
    has it.

    Not if any is: a number 12 in some Church Road is in every town.
    """
    if "|" not in value:
        return frozenset({_mix(_PHONE, value, "")})
    return frozenset(_mix(*part) for part in _homes((value,), set()) if part[0] == _HOME)


def _parts(
    of: Subject | Profile, days: Sequence[int], years: Sequence[int], months: Sequence[int]
) -> Iterator[Part]:
    first = {code for name in of.givens for code in names.given_codes(name)}
    heard = {code for name in of.givens for code in names.sounds(name)}
    last = {code for name in of.families for code in names.sounds(name)}
    for day in {_month_and_day(day) for day in days}:
        yield from ((_BIRTH_GIVEN, day, code) for code in first)
        yield from ((_BIRTH_FAMILY, day, code) for code in last | heard)
    yield from (
        (_NAME, a, b) for a in (*first, *{f"={name[:3]}" for name in of.givens}) for b in last
    )
    yield from ((_NAME, a, b) for a in last for b in heard)
    kin = {code for name in surnames(of.adults) for code in names.sounds(name)} - last
    yield from ((_NAME, a, b) for a in heard for b in kin)
    yield from ((_CUT, a, cut) for name in of.families for cut in _cuts(name) for a in heard)
    yield from (
        (_YEAR, f"{year}{name[0]}", b) for name in of.givens for year in set(years) for b in last
    )
    yield from ((_INFANT, str(month), b) for month in set(months) for b in last | kin)
    yield from ((_SIBLING, a, b) for name in of.siblings for b in names.sounds(name) for a in heard)
    yield from _homes(of.addresses, heard)
    yield from ((_PHONE, phone, "") for phone in of.phones)
    yield from (part for adult in of.adults for part in _adult(adult))


def _nameless(of: Subject | Profile) -> Iterator[Part]:
    """The family name alone: all that may be told of a child without a first name."""
    return ((_NAMELESS, code, "") for name in of.families for code in names.sounds(name))


def _pregnancy(day: int) -> list[int]:
    """The thirty-day spans in which a child told of as unborn on ``day`` may be born."""
    return [day // 30 + step for step in range(9)] if day else []


def _cuts(family: str) -> tuple[str, ...]:
    return (family[:3], family[-3:]) if len(family) > 4 else ()


def _homes(addresses: tuple[str, ...], heard: set[str]) -> Iterator[Part]:
    for address in addresses:
        numbers, words, code = address.split("|")
        streets = [sound(word) for word in words.split()]
        places = [code, *streets] if code else streets
        yield from ((_HOME, number, place) for number in numbers.split() for place in places)
        yield from ((_STREET, a, place) for a in heard for place in places)


def _adult(adult: str) -> Iterator[Part]:
    given, family, day, _ = split_adult(adult)
    if len(given) > 1 and family:
        yield _ADULT, sound(given.split()[0]), sound(family.split()[-1])
    if day and given:
        yield _ADULT, given[0], day


def _numbered(parts: Iterable[Part], numbers: Iterable[str]) -> tuple[int, ...]:
    found = {_mix(kind, a, b) for kind, a, b in parts}
    found.update(_mix(_NUMBER, number, "") for number in numbers if number)
    return tuple(sorted(found))


def _mix(kind: str, a: str, b: str) -> int:
    mixed = (
        _hash(kind) ^ (_hash(a) * 0x9E3779B97F4A7C15) ^ (_hash(b) * 0xC2B2AE3D27D4EB4F)
    ) & _MASK
    return mixed - (1 << 64) if mixed >> 63 else mixed


@lru_cache(maxsize=131_072)
def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


@lru_cache(maxsize=16_384)
def _year(day: int) -> int:
    return dt.date.fromordinal(day).year


@lru_cache(maxsize=16_384)
def _month_and_day(day: int) -> str:
    date = dt.date.fromordinal(day)
    low, high = sorted((date.month, date.day))
    return f"{date.year}.{low}.{high}"
