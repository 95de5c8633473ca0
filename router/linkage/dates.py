"""Dates of birth: accurate, estimated, swapped, mistyped, and of children not yet born (R3).

Days are proleptic ordinals (``date.toordinal``); 0 is none.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from router.linkage.kept import kept
from router.linkage.scale import Scale
from schemas.person import PartialDate


class Agreement(Scale):
    """How a notification's date stands to a profile's, from best to worst; NONE when one has no
    date.
    """

    EXACT = 0
    SWAPPED = 1
    SLIP = 2
    YEAR = 3
    NEAR_YEAR = 4
    EXPECTED = 5
    BORN = 6
    PLAUSIBLE = 7
    NONE = 8
    FAR_YEAR = 9
    CLOSE = 10
    OTHER = 11
    IMPOSSIBLE = 12


def day_of(date: PartialDate | None, observed: int) -> tuple[int, bool, int]:
    """(day of birth, whether estimated, expected day); 1900 or an adult's date counts as none."""
    if date is None:
        return 0, False, 0
    day = date.date.toordinal()
    if date.expected:
        return 0, False, day
    if not observed - 7670 < day <= observed + 1:
        return 0, False, 0
    return day, date.accuracy_indicator != "AAA", 0


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


def unborn(expected: int, seen: int, other_expected: int, other_seen: int) -> int:
    """Two unborn children: expected days within five weeks agree; without them, pregnancies at the
    same time may.
    """
    if expected and other_expected:
        return Agreement.EXPECTED if abs(expected - other_expected) <= 35 else Agreement.IMPOSSIBLE
    due, when = (expected, other_seen) if expected else (other_expected, seen)
    if due:
        return Agreement.PLAUSIBLE if -60 <= due - when <= 300 else Agreement.IMPOSSIBLE
    return Agreement.PLAUSIBLE if abs(seen - other_seen) < 290 else Agreement.IMPOSSIBLE


def born(day: int, estimated: bool, expected: int, seen: int) -> int:
    """A born child's day against an unborn one's expected day, or the day it was seen unborn."""
    slack = 370 if estimated else 0
    if expected:
        near = abs(day - expected) <= 45 + slack
        return (
            (Agreement.PLAUSIBLE if estimated else Agreement.BORN) if near else Agreement.IMPOSSIBLE
        )
    return Agreement.PLAUSIBLE if -21 - slack <= day - seen <= 290 + slack else Agreement.IMPOSSIBLE
