"""Numbers by which somebody is known or reached, and references of the police."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Final

from router.steps.sanitising.dates import Dated
from router.steps.sanitising.reading import Reading
from router.steps.sanitising.span import (
    NUMBER,
    REFERENCE,
    TELEPHONE,
    VEHICLE,
    Kind,
    Span,
)
from router.steps.sanitising.words import is_ordinary, listed, one_of

_GAP: Final = r"[\s().,/_\\-]"
"""What people put between the digits of a number."""
_NHS: Final = Kind(NUMBER.replacement, "An NHS number or another of ten digits.")
_PUPIL: Final = Kind(NUMBER.replacement, "A unique pupil number.")
_INSURANCE: Final = Kind(NUMBER.replacement, "A National Insurance number.")
_TELEPHONES: Final = re.compile(
    rf"(?<![\d+])(?:\(?\+|\(?0)(?:{_GAP}{{0,3}}\d){{8,14}}(?!\d)|(?<!\d)7\d{{3}}(?:{_GAP}?\d{{3}}){{2}}(?!\d)"
)
_PATTERNS: Final = (
    (_NHS, re.compile(rf"(?<!\d)\d(?:{_GAP}{{0,2}}\d){{9}}(?!\d)")),
    (_PUPIL, re.compile(r"(?<![a-z0-9])[a-z]\d{11}[a-z0-9](?![a-z0-9])")),
    (
        _INSURANCE,
        re.compile(
            rf"(?<![a-z0-9])[a-z]{_GAP}?[a-z](?:{_GAP}{{0,3}}\d){{6}}(?:{_GAP}{{0,3}}[a-d])?(?![a-z0-9])"
        ),
    ),
    (NUMBER, re.compile(r"(?<![a-z0-9\u00a3])[a-z]{0,2}\d{7,20}[a-z]{0,2}(?![a-z0-9])")),
    (NUMBER, re.compile(r"(?<![a-z0-9])[a-z]\d{4}[a-z]{2}(?![a-z0-9])")),
)
_JOINT: Final = r"\s?[\s/._:\\-]\s?"
_DAY: Final = r"(?:\d{1,2}[\s/.-]{0,2}(?:\d{1,2}|[a-z]{3,9})(?:[\s/.-]{0,2}\d{2,4})?)"
_REFERENCES: Final = (
    re.compile(
        rf"\b(?:cad|incident|log|urn|niche|storm|occurrence)(?:\s?(?:no|number|ref|reference))?[\s.:#]{{1,3}}"
        rf"\d{{2,6}}\s?(?:of|/|-|dated|on)\s?{_DAY}"
    ),
    re.compile(
        r"\b(?:crime|police|incident|investigation|occurrence|custody|pnc|niche|storm|cad|cris|athena)"
        r"\s(?:report\s|record\s)?(?:no|number|ref|reference|urn|log)[\s.:#]{0,3}(?:is\s|was\s)?"
        r"[a-z0-9]{0,6}(?:\s?[/-]?\s?\d{1,8}){1,4}"
    ),
    re.compile(
        rf"(?<![a-z0-9])\d{{0,2}}\s?[a-z]\s?[a-z]{_JOINT}\d{{4,6}}{_JOINT}\d\s?\d(?![a-z0-9])"
    ),
    re.compile(rf"(?<![a-z0-9])\d{{5,7}}{_JOINT}\d\s?\d(?![\d/-])"),
    re.compile(rf"(?<![a-z0-9])\d\s?\d{_JOINT}\d{{5,9}}{_JOINT}\d\s?\d(?![\d/-])"),
    re.compile(r"(?<![a-z0-9])\d{1,2}[a-z]{2}\d{6,8}(?![a-z0-9])"),
)
_GROUPS: Final = re.compile(rf"(?<![a-z0-9/.,-])\d{{2,9}}(?:{_JOINT}\d{{2,9}}){{1,4}}(?![a-z0-9])")
_FEWEST: Final = 9
"""Digits of a number whose groups are told by nothing else."""
_VEHICLES: Final = re.compile(
    r"(?<![a-z0-9])(?:(?P<new>[a-z]{2}\d{2}[\s.-]?(?P<a>[a-z]{3}))|(?P<b>[a-z]{3})[\s.-]?\d{1,3}[a-z]|"
    r"[a-z]\d{1,3}[\s.-]?(?P<c>[a-z]{3}))(?![a-z0-9])"
)
_CAR_BEFORE: Final = re.compile(rf"\b(?:{one_of(listed('vehicles'))})\b[^.!?\n]{{0,70}}$")
_PLATE: Final = re.compile(
    r"\b(?:registration|reg|plates?|vrm|vrn|index|anpr)\b(?:\s(?:number|no|mark|is|was|of|shows))?[\s.:(]{1,3}"
    r"(?P<plate>(?=[a-z]{0,3}\d)[a-z0-9]{2,4}\s?[a-z0-9]{0,4})(?![a-z0-9])"
)


def numbers(reading: Reading, found: Sequence[Dated], *, known: Set[str]) -> Iterator[Span]:
    """Numbers that are known, and what has their form; a date is none."""
    days = sorted((date.start, date.end) for date in found)
    for match in _TELEPHONES.finditer(reading.low):
        if not _is_of(days, match):
            yield Span(*reading.span(*match.span()), *TELEPHONE)
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(reading.low):
            if not _is_of(days, match):
                yield Span(*reading.span(*match.span()), *kind)
    yield from _references(reading, days)
    yield from _vehicles(reading)
    yield from _known(reading, known)


def _is_of(days: Sequence[tuple[int, int]], match: re.Match[str]) -> bool:
    """Whether a date lies in what looks like a number."""
    at = bisect_left(days, match.span())
    return any(
        first < match.end() and match.start() < last
        for first, last in days[max(0, at - 2) : at + 1]
    )


_DIGITS: Final = re.compile(r"\d(?:[^a-z0-9\n]{0,4}\d){5,}")


def digits_of(known: Iterable[str]) -> frozenset[str]:
    """What to look for of known numbers; of telephone numbers, what is told from abroad too."""
    digits = ("".join(sign for sign in number if sign.isdigit()) for number in known)
    return frozenset(number[-10:] for number in digits if len(number) > 5)


def _known(reading: Reading, known: Set[str]) -> Iterator[Span]:
    """The digits of known numbers, however they are grouped."""
    for match in _DIGITS.finditer(reading.low):
        where = [at for at in range(*match.span()) if reading.low[at].isdigit()]
        run = "".join(reading.low[at] for at in where)
        for digits in known:
            at = run.find(digits)
            while at >= 0:
                last = where[at + len(digits) - 1]
                first = where[0] if run[:at] in _ABROAD else where[at]
                yield Span(*reading.span(*_whole(reading.low, first, last=last)), *NUMBER)
                at = run.find(digits, at + len(digits))


_ABROAD: Final = frozenset({"0", "44", "440", "0044", "00440"})


def _whole(low: str, first: int, *, last: int) -> tuple[int, int]:
    """With the digits that stand right beside."""
    while first and low[first - 1].isdigit():
        first -= 1
    while last + 1 < len(low) and low[last + 1].isdigit():
        last += 1
    return first, last + 1


def _references(reading: Reading, days: Sequence[tuple[int, int]]) -> Iterator[Span]:
    for at, pattern in enumerate(_REFERENCES):
        for match in pattern.finditer(reading.low):
            if at < 2 or not _is_of(days, match):
                yield Span(*reading.span(*match.span()), *REFERENCE)
    for match in _GROUPS.finditer(reading.low):
        groups = re.findall(r"\d+", match.group())
        years = all(len(group) == 4 and group[:2] in ("19", "20") for group in groups)
        if sum(map(len, groups)) >= _FEWEST and not years and not _is_of(days, match):
            yield Span(*reading.span(*match.span()), *NUMBER)


def _vehicles(reading: Reading) -> Iterator[Span]:
    for match in _VEHICLES.finditer(reading.low):
        letters = next(part for part in match.group("a", "b", "c") if part)
        written = reading.text[match.start() : match.end()]
        if (
            written == written.upper()
            or not is_ordinary(letters)
            or _CAR_BEFORE.search(reading.low, max(0, match.start() - 80), match.start())
        ):
            yield Span(*reading.span(*match.span()), *VEHICLE)
    for match in _PLATE.finditer(reading.low):
        yield Span(*reading.span(*match.span("plate")), *VEHICLE)
