"""Dates of birth: accurate, estimated, swapped, mistyped, and of children not yet born (R3).

Days are proleptic ordinals (``date.toordinal``); 0 is none.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Final

from router.linkage.kept import kept
from router.linkage.placeholders import is_default
from router.linkage.scale import Scale
from schemas.person import PartialDate


class Agreement(Scale):
    """How a notification's date stands to a profile's, from best to worst; NONE when one has no
    date.
    """

    EXACT = 0
    FIRST = 1
    SWAPPED = 2
    SLIP = 3
    ROUND = 4
    YEAR = 5
    NEAR_YEAR = 6
    EXPECTED = 7
    BORN = 8
    PLAUSIBLE = 9
    NONE = 10
    FAR_YEAR = 11
    CLOSE = 12
    OTHER = 13
    IMPOSSIBLE = 14


_OLDEST: Final = dt.date(1905, 1, 1)
"""Nobody alive is older; systems fill in such dates where they know none."""
_EARLIEST: Final = 112
"""Days: from the 24th week a child can live."""
_SAID_LATE: Final = 21
"""Days after its birth in which a child may still be told of as unborn."""
_ADULT: Final = 6575
"""Days, 18 years."""
_GROWN: Final = 7670
"""Days, 21 years: whoever is older is no child, and the date mostly a parent's."""


def day_of(date: PartialDate | None, observed: int) -> tuple[int, bool, int]:
    """(day of birth, whether estimated, expected day); 1900 or an adult's date counts as none."""
    if date is None:
        return 0, False, 0
    day = date.date.toordinal()
    if date.expected:
        return 0, False, day
    if not observed - _GROWN < day <= observed + 1:
        return 0, False, 0
    return day, date.accuracy_indicator != "AAA", 0


def birthday(date: PartialDate | None, observed: int, received: int) -> tuple[int, bool, int]:
    """The same by rules since 2: a date counts if it is a child's when observed or when the hub
    heard (0: not known), as the time observed may be wrong. 1 January is an estimate.
    """
    if date is None:
        return 0, False, 0
    day = date.date.toordinal()
    if date.expected:
        return 0, False, day
    if date.date < _OLDEST or is_default(date.date):
        return 0, False, 0
    if received and not any(at - _GROWN < day <= at + 1 for at in (observed, received)):
        return 0, False, 0
    new_year = (date.date.month, date.date.day) == (1, 1)
    return day, new_year or date.accuracy_indicator != "AAA", 0


def is_grown(date: PartialDate | None, observed: int, *, received: int) -> bool:
    """Whether a date is that of somebody who was 18 or older both when observed and when the hub
    heard; one that is filled in where none is known is nobody's.
    """
    if date is None or date.expected or date.date < _OLDEST or is_default(date.date):
        return False
    return was_grown(date.date.toordinal(), min(observed, received or observed))


def was_grown(day: int, at: int) -> bool:
    """Whether who was born on ``day`` was 18 or older on the day ``at``."""
    return at - day >= _ADULT


@lru_cache(maxsize=65_536)
def compare(a: int, a_estimated: bool, b: int, b_estimated: bool) -> int:
    """How two dates of birth agree."""
    if a == b:
        return Agreement.EXACT if a_estimated is b_estimated else Agreement.YEAR
    one, other = _date(a), _date(b)
    if a_estimated or b_estimated:
        return _estimated(abs(one[0] - other[0]))
    if one == (other[0], other[2], other[1]):
        return Agreement.SWAPPED
    if _slip(one, other):
        return Agreement.SLIP
    return Agreement.CLOSE if abs(a - b) < 280 else Agreement.OTHER


@lru_cache(maxsize=65_536)
def compare_round(a: int, a_estimated: bool, b: int, b_estimated: bool) -> int:
    """The same by rules since 2: an estimate that is the same again says less than a birthday, the
    first of a month somewhat less, and against another day of that month next to nothing.
    """
    found = compare(a, a_estimated, b, b_estimated)
    if found == Agreement.EXACT:
        if a_estimated:
            return Agreement.ROUND
        return Agreement.FIRST if _date(a)[2] == 1 else Agreement.EXACT
    if not a_estimated and not b_estimated:
        one, other = _date(a), _date(b)
        if one[:2] == other[:2] and 1 in (one[2], other[2]):
            return Agreement.YEAR
    return found


@kept(16_384)
def _date(day: int) -> tuple[int, int, int]:
    date = dt.date.fromordinal(day)
    return date.year, date.month, date.day


def _estimated(years: int) -> int:
    if years < 2:
        return Agreement.NEAR_YEAR if years else Agreement.YEAR
    return Agreement.FAR_YEAR if years < 4 else Agreement.OTHER


def _slip(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Whether two of year, month and day agree and the third is a slip of one digit or a
    neighbour.
    """
    differ = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(differ) > 1:
        return False
    ((a, b),) = differ
    return abs(a - b) == 1 or _one_digit(f"{a:02}", f"{b:02}")


def _one_digit(a: str, b: str) -> bool:
    return sum(p != q for p, q in zip(a, b, strict=True)) == 1 or sorted(a) == sorted(b)


def unborn(expected: int, seen: int, *, other_expected: int, other_seen: int) -> int:
    """Two unborn children: expected days within five weeks agree; without them, pregnancies at the
    same time may.
    """
    if expected and other_expected:
        return Agreement.EXPECTED if abs(expected - other_expected) <= 35 else Agreement.IMPOSSIBLE
    due, when = (expected, other_seen) if expected else (other_expected, seen)
    if due:
        return Agreement.PLAUSIBLE if -60 <= due - when <= 300 else Agreement.IMPOSSIBLE
    return Agreement.PLAUSIBLE if abs(seen - other_seen) < 290 else Agreement.IMPOSSIBLE


def born_early(day: int, estimated: bool, expected: int, seen: int) -> int:
    """The same as :func:`born` by rules since 3: a child may be born up to 16 weeks before it was
    expected and live, though not while its mother is still said to be expecting.
    """
    found = born(day, estimated, expected, seen)
    early = expected - _EARLIEST <= day <= expected and seen - _SAID_LATE <= day
    return Agreement.PLAUSIBLE if found == Agreement.IMPOSSIBLE and early else found


def born(day: int, estimated: bool, expected: int, seen: int) -> int:
    """A born child's day against an unborn one's expected day, or the day it was seen unborn."""
    slack = 370 if estimated else 0
    if expected:
        near = abs(day - expected) <= 45 + slack
        return (
            (Agreement.PLAUSIBLE if estimated else Agreement.BORN) if near else Agreement.IMPOSSIBLE
        )
    fits = -_SAID_LATE - slack <= day - seen <= 290 + slack
    return Agreement.PLAUSIBLE if fits else Agreement.IMPOSSIBLE
