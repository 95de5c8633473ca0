"""Blocking keys: where a child's profile is looked for, in several ways, so that no one error hides
it (R12).

A child shares a key with its profile as long as any two of first name, family name, day of birth,
home, adults, siblings are right, or one number.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from router.linkage import names
from router.linkage.adults import split_adult, surnames
from router.linkage.kept import kept
from router.linkage.mixing import Pair, begins, ends, joined, single
from router.linkage.profile import Profile
from router.linkage.subject import Subject
from router.linkage.text import sound

_BIRTH_GIVEN, _BIRTH_FAMILY, _NAME, _CUT, _YEAR, _INFANT = "dg", "df", "gf", "gc", "yf", "mf"
_HOME, _PHONE, _ADULT, _SIBLING, _STREET, _NUMBER, _NAMELESS = "h", "t", "a", "gs", "gw", "n", "f"

_WHOLE: Final = (0,)
"""With whole keys."""


def keys(subject: Subject) -> frozenset[int]:
    """The keys under which to look for the notification's child."""
    called = _called(subject)
    days = (subject.day,) if subject.day and not subject.estimated else ()
    pairs = [
        *_alike(subject, called),
        *_dated(called, days, years=_years(subject), months=_months(subject)),
        (_WHOLE, [_number(n) for n in (subject.nhs, subject.mothers, subject.upn) if n]),
    ]
    if not subject.givens and not subject.unborn:
        pairs += [(_WHOLE, family.alone) for family in called.families]
    return joined(pairs)


def profile_keys(profile: Profile) -> frozenset[int]:
    """The keys under which a profile is filed."""
    called = _called(profile)
    years = [_year(day) for day in profile.births + profile.estimates]
    months = [day // 30 for day in profile.births + profile.expected]
    pairs = [
        *_alike(profile, called),
        *_dated(
            called, profile.births, years=years, months=months or _pregnancy(profile.unborn_at)
        ),
        (_WHOLE, [_number(number) for number in profile.nhs + profile.mothers + profile.upn]),
    ]
    pairs += [(_WHOLE, family.alone) for family in called.families]
    return joined(pairs)


def crowd_keys(value: str) -> frozenset[int]:
    """The keys that stand for this phone or this home alone: if all of them are oversized, a crowd
    has it.

    Not if any is: a number 12 in some Church Road is in every town.
    """
    return frozenset(_home(value)[0] if "|" in value else (_phone(value),))


class _Given(NamedTuple):
    """Halves of keys of what a given name sounds like, and what it stands for."""

    initial: str
    first: Sequence[int]
    heard: Sequence[int]
    """Of sounds alone, to begin with."""
    named: Sequence[int]
    """The same, to end with."""
    born: Sequence[int]


class _Family(NamedTuple):
    """Halves of keys of what a family name sounds like."""

    first: Sequence[int]
    named: Sequence[int]
    cuts: Sequence[int]
    """Of the beginning and the end of the name as written."""
    born: Sequence[int]
    aged: Sequence[int]
    infant: Sequence[int]
    alone: Sequence[int]
    """Whole keys."""


class _Called(NamedTuple):
    givens: Sequence[_Given]
    families: Sequence[_Family]
    kin: Sequence[_Family]


@kept(16_384)
def _given(name: str) -> _Given:
    codes, heard = names.given_codes(name), names.sounds(name)
    return _Given(
        initial=name[0],
        first=begins((*codes, f"={name[:3]}")),
        heard=begins(heard),
        named=ends(_NAME, heard),
        born=ends(_BIRTH_GIVEN, codes) + ends(_BIRTH_FAMILY, heard),
    )


@kept(16_384)
def _family(name: str) -> _Family:
    heard = names.sounds(name)
    return _Family(
        first=begins(heard),
        named=ends(_NAME, heard),
        cuts=ends(_CUT, (name[:3], name[-3:]) if len(name) > 4 else ()),
        born=ends(_BIRTH_FAMILY, heard),
        aged=ends(_YEAR, heard),
        infant=ends(_INFANT, heard),
        alone=[single(_NAMELESS, sound) for sound in heard],
    )


def _called(of: Subject | Profile) -> _Called:
    kin = [_family(name) for name in surnames(of.adults)] if of.adults else []
    return _Called([_given(n) for n in of.givens], [_family(n) for n in of.families], kin)


def _alike(of: Subject | Profile, called: _Called) -> list[Pair]:
    """The keys that a subject is looked up under as its profile is filed."""
    pairs = [(_WHOLE, [_phone(phone) for phone in of.phones])]
    pairs += [(_WHOLE, _adult(adult)) for adult in of.adults]
    streets = []
    for address in of.addresses:
        home, street = _home(address)
        pairs.append((_WHOLE, home))
        streets += street
    for sibling in of.siblings:
        streets += ends(_SIBLING, names.sounds(sibling))
    for family in called.kin:
        streets += _others(family, called)
    for given in called.givens:
        pairs.append((given.heard, streets))
        for family in called.families:
            pairs += [
                (given.first, family.named),
                (family.first, given.named),
                (given.heard, family.cuts),
            ]
    return pairs


def _others(family, called):
    return [half for half in family.named if not any(half in own.named for own in called.families)]


def _dated(called: _Called, days: Iterable[int], *, years, months) -> list[Pair]:
    dates = begins([_month_and_day(day) for day in days])
    pairs = [(dates, name.born) for name in (*called.givens, *called.families)]
    born = begins([f"{year}{given.initial}" for year in years for given in called.givens])
    pairs += [(born, family.aged) for family in called.families]
    if months:
        spans = begins(map(str, months))
        pairs += [(spans, family.infant) for family in (*called.families, *called.kin)]
    return pairs


@kept(16_384)
def _home(address: str) -> tuple[list[int], list[int]]:
    """The keys of a home by itself; and the halves that end with its street or postcode."""
    numbers, words, code = address.split("|")
    places = [code] if code else []
    places += [sound(word) for word in words.split()]
    return list(joined([(begins(numbers.split()), ends(_HOME, places))])), ends(_STREET, places)


@kept(16_384)
def _adult(adult: str) -> list[int]:
    given, family, day, _ = split_adult(adult)
    found = []
    if len(given) > 1 and family:
        name, surname = sound(given.split()[0]), sound(family.split()[-1])
        found.append((begins((name,)), ends(_ADULT, (surname,))))
    if day and given:
        found.append((begins((given[0],)), ends(_ADULT, (day,))))
    return list(joined(found))


def _phone(phone):
    return single(_PHONE, phone)


def _number(n):
    return single(_NUMBER, n)


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
def _month_and_day(day: int) -> str:
    date = dt.date.fromordinal(day)
    low, high = sorted((date.month, date.day))
    return f"{date.year}.{low}.{high}"
