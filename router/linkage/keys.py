"""Blocking keys: where a child's profile is looked for, in several ways, so that no one error hides
it (R12).

A child shares a key with its profile as long as any two of first name, family name, day of birth,
home, adults, siblings are right, or one number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from router.linkage import names
from router.linkage.adults import Adult, split_adult, surnames
from router.linkage.kept import kept
from router.linkage.mixing import Pair, begin, end, joined, whole
from router.linkage.profile import Profile
from router.linkage.subject import Subject
from router.linkage.text import sound

_BIRTH_GIVEN, _BIRTH_FAMILY, _NAME, _CUT, _YEAR, _INFANT = "dg", "df", "gf", "gc", "yf", "mf"
_HOME, _PHONE, _ADULT, _SIBLING, _STREET, _NUMBER, _NAMELESS = "h", "t", "a", "gs", "gw", "n", "f"
_MARK = "am"
_Halves = Sequence[int]


def keys(subject: Subject) -> frozenset[int]:
    """The keys under which to look for the notification's child."""
    named = _named((subject.givens, subject.families))
    days = [subject.day] if subject.day and not subject.estimated else []
    found = _alike(subject, named)
    found += _dated(named, days, years=_years(subject))
    found += _infant(subject, named, months=_months(subject))
    if not subject.givens and not subject.unborn:
        found += named.nameless
    found += [_number(n) for n in (subject.nhs, subject.mothers, subject.upn) if n]
    return frozenset(found)


def profile_keys(profile: Profile) -> frozenset[int]:
    """The keys under which a profile is filed."""
    named = _named((profile.givens, profile.families))
    years = [_year(day) for day in profile.births + profile.estimates]
    months = [day // 30 for day in profile.births + profile.expected]
    found = _alike(profile, named)
    found += _dated(named, profile.births, years=years)
    found += _infant(profile, named, months=months or _pregnancy(profile.unborn_at))
    found += named.nameless
    found += [_number(number) for number in profile.nhs + profile.mothers + profile.upn]
    found += [_mark(mark) for mark in profile.adult_marks]
    return frozenset(found)


def crowd_keys(value: str) -> frozenset[int]:
    """The keys that stand for this phone or this home alone: if all of them are oversized, a crowd
    has it.

    Not if any is: a number 12 in some Church Road is in every town.
    """
    return frozenset(_home(value)[0] if "|" in value else (_phone(value),))


class _Named(NamedTuple):
    """What a child is called, as keys and as halves of keys."""

    keys: _Halves
    """Of names alone."""
    nameless: _Halves
    """Of a family name alone: all that may be told of a child without a first name."""
    initials: Sequence[str]
    heard: _Halves
    """That begin with the sound of a given name."""
    born: _Halves
    """That end with any name, behind a day of birth."""
    family: _Halves
    """That end with a family name, behind a given name."""
    aged: _Halves
    """The same, behind a year of birth and an initial."""
    infant: _Halves
    """The same, behind thirty days of birth."""


@kept(1024)
def _named(called: tuple[tuple[str, ...], tuple[str, ...]]) -> _Named:
    """Of given names and family names."""
    givens, families = [_given(n) for n in called[0]], [_family(n) for n in called[1]]
    heard = _all([given.heard for given in givens])
    pairs: list[Pair] = [(heard, family.cuts) for family in families]
    for given in givens:
        for family in families:
            pairs += ((given.begins, family.ends), (family.begins, given.ends))
    return _Named(
        keys=joined(pairs),
        nameless=_all([family.alone for family in families]),
        initials=[given.initial for given in givens],
        heard=heard,
        born=_all([given.born for given in givens] + [family.born for family in families]),
        family=_all([family.ends for family in families]),
        aged=_all([family.aged for family in families]),
        infant=_all([family.infant for family in families]),
    )


def _all(parts: Sequence[_Halves]) -> _Halves:
    return parts[0] if len(parts) == 1 else [half for part in parts for half in part]


class _Given(NamedTuple):
    """A given name as halves of keys: of what it sounds like, and what it stands for."""

    initial: str
    begins: _Halves
    heard: _Halves
    """That begin with its sounds alone."""
    ends: _Halves
    born: _Halves


class _Family(NamedTuple):
    """A family name as halves of keys, of what it sounds like."""

    begins: _Halves
    ends: _Halves
    cuts: _Halves
    """Of its beginning and its end as written."""
    born: _Halves
    aged: _Halves
    infant: _Halves
    alone: _Halves
    """Whole keys."""


@kept(16_384)
def _given(name: str) -> _Given:
    codes, heard = names.given_codes(name), names.sounds(name)
    return _Given(
        initial=name[0],
        begins=[begin(code) for code in (*codes, f"={name[:3]}")],
        heard=[begin(code) for code in heard],
        ends=[end(_NAME, code) for code in heard],
        born=[end(_BIRTH_GIVEN, c) for c in codes] + [end(_BIRTH_FAMILY, c) for c in heard],
    )


@kept(16_384)
def _family(name: str) -> _Family:
    heard = names.sounds(name)
    return _Family(
        begins=[begin(code) for code in heard],
        ends=[end(_NAME, code) for code in heard],
        cuts=[end(_CUT, cut) for cut in (name[:3], name[-3:])] if len(name) > 4 else [],
        born=[end(_BIRTH_FAMILY, code) for code in heard],
        aged=[end(_YEAR, code) for code in heard],
        infant=[end(_INFANT, code) for code in heard],
        alone=[whole(_NAMELESS, code) for code in heard],
    )


def _alike(of: Subject | Profile, named: _Named) -> list[int]:
    """What is looked for as it is filed: names, phones, homes, adults and siblings."""
    found = [*named.keys, *[_phone(phone) for phone in of.phones]]
    others = [half for sibling in of.siblings for half in _sibling(sibling)]
    for surname in surnames(of.adults):
        others += [half for half in _family(surname).ends if half not in named.family]
    for adult in of.adults:
        found += _adult(adult)
    for address in of.addresses:
        home, street = _home(address)
        found += home
        others += street
    return found + joined([(named.heard, others)])


def _dated(named: _Named, days: Iterable[int], *, years: Iterable[int]) -> list[int]:
    dates = [_birthday(day) for day in days]
    aged = [begin(f"{year}{initial}") for year in years for initial in named.initials]
    return joined([(dates, named.born), (aged, named.aged)])


def _infant(of: Subject | Profile, named: _Named, *, months: Sequence[int]) -> list[int]:
    if not months:
        return []
    kin = [half for surname in surnames(of.adults) for half in _family(surname).infant]
    return joined([([begin(str(month)) for month in months], [*named.infant, *kin])])


@kept(16_384)
def _home(address: str) -> tuple[_Halves, _Halves]:
    """The keys of an address by itself, and halves that go with a given name."""
    numbers, words, code = address.split("|")
    places = [code] if code else []
    places += [sound(word) for word in words.split()]
    ends = [end(_HOME, place) for place in places]
    keys = [begin(number) ^ half for number in numbers.split() for half in ends]
    return keys, [end(_STREET, place) for place in places]


def adult_keys(adults: Iterable[Adult], marks: Iterable[str]) -> frozenset[int]:
    """The keys under which children are filed who have one of these adults beside them, by name,
    by birthday and initial, or by a number or telephone of theirs.
    """
    called = [key for adult in adults for key in _adult("|".join(adult))]
    return frozenset(called).union(map(_mark, marks))


@kept(16_384)
def _adult(adult: str) -> _Halves:
    given, family, day, _ = split_adult(adult)
    found = []
    if len(given) > 1 and family:
        found.append(begin(sound(given.split()[0])) ^ end(_ADULT, sound(family.split()[-1])))
    if day and given:
        found.append(begin(given[0]) ^ end(_ADULT, day))
    return found


@kept(16_384)
def _sibling(name: str) -> _Halves:
    return [end(_SIBLING, code) for code in names.sounds(name)]


@kept(16_384)
def _phone(number: str) -> int:
    return whole(_PHONE, number)


@kept(16_384)
def _mark(mark: str) -> int:
    return whole(_MARK, mark)


@kept(16_384)
def _number(number: str) -> int:
    return whole(_NUMBER, number)


def _years(subject: Subject) -> list[int]:
    if not subject.day:
        return []
    year = _year(subject.day)
    return [year - 1, year, year + 1] if subject.estimated else [year]


def _months(subject: Subject) -> list[int]:
    """The spans of thirty days in which a young child was or will be born, as far as is told."""
    young = subject.day > subject.seen - 400 and not subject.estimated
    born = subject.expected or (subject.day if young else 0)
    if born:
        return [born // 30 + step for step in _around(subject)]
    return _pregnancy(subject.seen) if subject.unborn else []


def _around(subject: Subject) -> range:
    """Who was born early was expected later, by rules since 3."""
    if subject.rules < 3:
        return range(-1, 2)
    return range(-4, 2) if subject.expected else range(-1, 5)


def _pregnancy(day: int) -> list[int]:
    """The spans of thirty days in which a child told of as unborn on ``day`` may be born."""
    return [day // 30 + step for step in range(9)] if day else []


@kept(16_384)
def _year(day: int) -> int:
    return dt.date.fromordinal(day).year


@kept(16_384)
def _birthday(day: int) -> int:
    """The half of keys that begins with this day, day and month either way round."""
    date = dt.date.fromordinal(day)
    low, high = sorted((date.month, date.day))
    return begin(f"{date.year}.{low}.{high}")
