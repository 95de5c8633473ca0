"""Dates of birth, in every form; dates on which something happened stay."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final, NamedTuple

from router.steps.sanitising.reading import Reading
from router.steps.sanitising.span import BIRTH, Span
from router.steps.sanitising.words import in_order

_MONTHS: Final = in_order("months_short")
_MONTH: Final = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_GAP: Final = r"[\s.,/-]{0,3}"
_YEAR: Final = r"'?(?P<year>\d{4}|\d{2})(?!\d|:\d)"
_SEPARATOR: Final = r"(?:\s?[-/.\\_,|]\s?|\s)"
_PATTERNS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?<!\d)(?P<a>\d{{1,4}}){_SEPARATOR}(?P<b>\d{{1,2}}){_SEPARATOR}(?P<c>\d{{4}}|\d{{2}})(?!\d)",
        r"(?<![\d/])(?<!\d[\s.-])(?P<compact>\d{8}|\d{6})(?![\d/]|[\s.-]\d)",
        rf"(?<!\d){_DAY}{_GAP}(?:of\s)?{_MONTH}(?![a-z])(?:{_GAP}{_YEAR})?",
        rf"(?<![a-z]){_MONTH}\s(?:the\s)?{_DAY}(?![\d:])(?:{_GAP}{_YEAR})?",
        rf"(?<![a-z]){_MONTH}{_GAP}(?P<year>\d{{4}})(?!\d)",
    )
)
_BIRTH_BEFORE: Final = re.compile(
    r"(?:\bborn|\bbirth\w{0,4}|\bd\.?\s?o\.?\s?b\b|\bb\.)[^.!?\n]{0,60}$", re.IGNORECASE
)
_BORN_IN: Final = re.compile(r"\b(?:born(?: in)?|b\.) ?(?P<year>(?:19|20)\d\d)(?![\d/-])")
_BIRTH_AFTER: Final = re.compile(
    r"[^.!?\n]{0,20}?\b(?:as|is|was|for)\b[^.!?\n]{0,30}\b(?:birth\w{0,4}|d\.?o\.?b)\b"
)


class Dated(NamedTuple):
    """A date in a reading."""

    start: int
    end: int
    days: tuple[tuple[int, int, int], ...]
    """What it may be: year, month and day; 0 for one that is not told."""


def dates(reading: Reading) -> list[Dated]:
    """Every date, of whatever day."""
    return [
        Dated(*match.span(), days)
        for pattern in _PATTERNS
        for match in pattern.finditer(reading.low)
        if (days := tuple(_days(match)))
    ]


def births(reading: Reading, found: Sequence[Dated], *, known: Sequence[dt.date]) -> Iterator[Span]:
    """The dates that are known as somebody's birth, or said to be one."""
    whole = {(day.year, day.month, day.day) for day in known}
    for match in _BORN_IN.finditer(reading.low):
        yield Span(*reading.span(*match.span("year")), *BIRTH)
    for date in found:
        if not whole.isdisjoint(date.days) or _is_called_birth(reading.low, date):
            yield Span(*reading.span(date.start, date.end), *BIRTH)


def _is_called_birth(low: str, date: Dated) -> bool:
    before = _BIRTH_BEFORE.search(low, max(0, date.start - 80), date.start)
    return bool(before or _BIRTH_AFTER.match(low, date.end))


def _days(match: re.Match[str]) -> Iterator[tuple[int, int, int]]:
    groups = match.groupdict()
    if compact := groups.get("compact"):
        yield from _compact(compact)
    elif groups.get("a"):
        yield from _numeric(groups["a"], groups["b"], c=groups["c"])
    else:
        month = _MONTHS.index(groups["month"][:3]) + 1
        day, year = int(groups.get("day") or 0), groups.get("year")
        if day < 32:
            yield from ((full, month, day) for full in (_years(year) if year else (0,)))


def _numeric(a: str, b: str, *, c: str) -> Iterator[tuple[int, int, int]]:
    """Day, month and year; month, day and year; year, month and day."""
    if len(a) > 2:
        orders = [(a, b, c)] if len(a) == 4 and len(c) == 2 else []
    else:
        orders = [(c, b, a), (c, a, b), *([(a, b, c)] if len(c) == 2 else [])]
    for year, month, day in orders:
        yield from _valid(year, month, day=day)


def _compact(digits: str) -> Iterator[tuple[int, int, int]]:
    if len(digits) == 8:
        yield from _valid(digits[4:], digits[2:4], day=digits[:2])
        yield from _valid(digits[:4], digits[4:6], day=digits[6:])
    else:
        yield from _valid(digits[4:], digits[2:4], day=digits[:2])
        yield from _valid(digits[:2], digits[2:4], day=digits[4:])


def _valid(year: str, month: str, *, day: str) -> Iterator[tuple[int, int, int]]:
    for full, one, other in product(_years(year), (int(month),), (int(day),)):
        if 0 < one < 13 and 0 < other < 32:
            yield full, one, other


def _years(year: str) -> tuple[int, ...]:
    if len(year) == 4:
        return (int(year),) if year[:2] in ("19", "20") else ()
    return 1900 + int(year), 2000 + int(year)
