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
from router.linkage.adults import split_adult, surnames
from router.linkage.kept import kept
from router.linkage.mixing import Pair, begin, end, joined, whole
from router.linkage.profile import Profile
from router.linkage.subject import Subject
from router.linkage.text import sound

_BIRTH_GIVEN, _BIRTH_FAMILY, _NAME, _CUT, _YEAR, _INFANT = "dg", "df", "gf", "gc", "yf", "mf"
_HOME, _PHONE, _ADULT, _SIBLING, _STREET, _NUMBER, _NAMELESS = "h", "t", "a", "gs", "gw", "n", "f"
_Halves = list[int]


def keys(subject: Subject) -> frozenset[int]:
    """The keys under which to look for the notification's child."""
    called = _called(subject)
    days = [subject.day] if subject.day and not subject.estimated else []
    pairs = _by_names(subject, called)
    pairs += _by_dates(called, days=days, years=_years(subject), months=_months(subject))
    found = joined(pairs) + _whole(subject)
    if not subject.givens and not subject.unborn:
        found += _nameless(called)
    found += [_number(n) for n in (subject.nhs, subject.mothers, subject.upn) if n]
    return frozenset(found)


def profile_keys(profile: Profile) -> frozenset[int]:
    """The keys under which a profile is filed."""
    called = _called(profile)
    years = [_year(day) for day in profile.births + profile.estimates]
    months = [day // 30 for day in profile.births + profile.expected]
    months = months or _pregnancy(profile.unborn_at)
    pairs = _by_names(profile, called)
    pairs += _by_dates(called, days=profile.births, years=years, months=months)
    found = joined(pairs) + _whole(profile) + _nameless(called)
    found += [_number(number) for number in profile.nhs + profile.mothers + profile.upn]
    return frozenset(found)


def crowd_keys(value: str) -> frozenset[int]:
    """The keys that stand for this phone or this home alone: if all of them are oversized, a crowd
    has it.

    Not if any is: a number 12 in some Church Road is in every town.
    """
    return frozenset(_home(value).keys if "|" in value else (_phone(value),))


class _Given(NamedTuple):
    """A given name as halves of keys: of what it sounds like, and what it stands for."""

    initial: str
    begins: _Halves
    heard: _Halves
    """That begin with its sounds alone."""
    ends: _Halves
    born: _Halves
    """That end with it, behind a day of birth."""


class _Family(NamedTuple):
    """A family name as halves of keys, of what it sounds like."""

    begins: _Halves
    ends: _Halves
    cuts: _Halves
    """Of its beginning and its end as written."""
    born: _Halves
    aged: _Halves
    """Behind a year of birth and an initial."""
    infant: _Halves
    """Behind thirty days of birth."""
    alone: _Halves
    """Whole keys."""


class _Home(NamedTuple):
    """An address as keys, and as halves that go with a given name."""

    keys: _Halves
    street: _Halves


class _Called(NamedTuple):
    givens: Sequence[_Given]
    families: Sequence[_Family]
    kin: Sequence[_Family]
    """The family names of the adults."""


def _called(of: Subject | Profile) -> _Called:
    return _Called(
        [_given(name) for name in of.givens],
        [_family(name) for name in of.families],
        [_family(name) for name in surnames(of.adults)] if of.adults else [],
    )


def _by_names(of: Subject | Profile, called: _Called) -> list[Pair]:
    """Of given names with family names, with those of adults, with siblings and homes."""
    own = {half for family in called.families for half in family.ends}
    others = [half for family in called.kin for half in family.ends if half not in own]
    others += [half for sibling in of.siblings for half in _sibling(sibling)]
    others += [half for address in of.addresses for half in _home(address).street]
    others += [half for family in called.families for half in family.cuts]
    pairs: list[Pair] = []
    for given in called.givens:
        pairs.append((given.heard, others))
        for family in called.families:
            pairs += ((given.begins, family.ends), (family.begins, given.ends))
    return pairs


def _by_dates(
    called: _Called, *, days: Iterable[int], years: Iterable[int], months: Iterable[int]
) -> list[Pair]:
    dates, spans = [_birthday(day) for day in days], [begin(str(month)) for month in months]
    pairs: list[Pair] = [(dates, given.born) for given in called.givens]
    pairs += [(dates, family.born) for family in called.families]
    if spans:
        pairs += [(spans, family.infant) for family in (*called.families, *called.kin)]
    aged = [begin(f"{year}{given.initial}") for year in years for given in called.givens]
    pairs += [(aged, family.aged) for family in called.families]
    return pairs


def _whole(of: Subject | Profile) -> list[int]:
    """Of what is looked for by itself: phones, homes and adults."""
    found = [_phone(phone) for phone in of.phones]
    for address in of.addresses:
        found += _home(address).keys
    for adult in of.adults:
        found += _adult(adult)
    return found


def _nameless(called: _Called) -> list[int]:
    """All that may be told of a child without a first name."""
    return [key for family in called.families for key in family.alone]


@kept(16_384)
def _given(name: str) -> _Given:
    codes, heard = names.given_codes(name), names.sounds(name)
    return _Given(
        initial=name[0],
        begins=[begin(code) for code in (*codes, f"={name[:3]}")],
        heard=[begin(code) for code in heard],
        ends=[end(_NAME, code) for code in heard],
        born=[
            *(end(_BIRTH_GIVEN, code) for code in codes),
            *(end(_BIRTH_FAMILY, code) for code in heard),
        ],
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


@kept(16_384)
def _home(address: str) -> _Home:
    numbers, words, code = address.split("|")
    places = [code] if code else []
    places += [sound(word) for word in words.split()]
    ends = [end(_HOME, place) for place in places]
    return _Home(
        joined([([begin(number) for number in numbers.split()], ends)]),
        [end(_STREET, place) for place in places],
    )


@kept(16_384)
def _adult(adult: str) -> list[int]:
    given, family, day, _ = split_adult(adult)
    found = []
    if len(given) > 1 and family:
        found.append(begin(sound(given.split()[0])) ^ end(_ADULT, sound(family.split()[-1])))
    if day and given:
        found.append(begin(given[0]) ^ end(_ADULT, day))
    return found


@kept(16_384)
def _sibling(name: str) -> list[int]:
    return [end(_SIBLING, code) for code in names.sounds(name)]


@kept(16_384)
def _phone(number: str) -> int:
    return whole(_PHONE, number)


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
        return [born // 30 + step for step in (-1, 0, 1)]
    return _pregnancy(subject.seen) if subject.unborn else []


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
