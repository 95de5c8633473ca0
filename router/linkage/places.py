"""Addresses and telephone numbers: how they are written down, and how alike two of them are.

An address is compared as ``numbers|words|postcode`` in one folded string; '' is none. Homes for
nobody in particular (no fixed abode, ZZ99 postcodes, withheld) are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz.distance import OSA

from router.linkage.kept import kept
from router.linkage.scale import Scale
from router.linkage.text import beginning, fold

_TYPES: Final = re.compile(
    r"^(?:r(?:oa|ao)d|rd|str?(?:eet)?|ave?n?(?:ue)?|l(?:a|n|ane)|dr(?:v|ive)?|clo?(?:se)?|"
    r"cr(?:es|escent)?|pl(?:ace)?|te?r?r?(?:race|ce)?|gr(?:o|v|ove)?|wa?y|vi?e?w|ga?r?d(?:e?n)s?|"
    r"c(?:our|r)?t|m(?:oun)?t|sq(?:uare)?|row|hill|pa?r?k|circuit|rise|wa?lk|mews|gr(?:ee)?n|"
    r"h(?:ou)?se|fold|croft)$"
)
_RUN_ON: Final = (
    "street",
    "road",
    "avenue",
    "lane",
    "drive",
    "close",
    "crescent",
    "place",
    "court",
    "circuit",
)
"""Types of street that are written in one word with its name: 'Larkfieldroad'."""
_DIGITS: Final = frozenset("0123456789")
_PLAIN: Final = re.compile(r"^(?:flat|ap(?:artmen)?t|unit|floor|room|the|of|no|number|c|o|care)$")
_NOWHERE: Final = re.compile(
    r"no fixed|nfa\b|unknown|withheld|not known|not disclosed|refuge|homeless|social services|"
    r"social care|children.?s services|temporary accommodation|as above|redacted|confidential"
)
_CODE: Final = re.compile(r"^(?:[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}|[0-9]{4,5})$")
"""A full postcode; elsewhere in the world they are digits alone."""


class Nearness(Scale):
    """How near two addresses are; NONE when one is not given."""

    SAME = 0
    LINE = 1
    SAME_POSTCODE = 2
    NEIGHBOUR = 3
    STREET = 4
    NONE = 5
    OTHER = 6


def address(lines: Iterable[str], postcode: str) -> str:
    """An address as compared; a last line without number or street type is a town and does not
    count.
    """
    kept = [_line(line) for line in lines if line]
    code = "".join([c for c in postcode.upper() if c.isalnum()])
    if code.startswith("ZZ99") or any(line.nowhere for line in kept):
        return ""
    if len(kept) > 1 and kept[-1].town:
        kept.pop()
    numbers = sorted({number for line in kept for number in line.numbers})
    names = [name for line in kept for name in line.names]
    if not code and not numbers and not names:
        return ""
    return f"{' '.join(numbers)}|{' '.join(names)}|{code}"


class _Line(NamedTuple):
    """What a line of an address says."""

    words: bool
    nowhere: bool
    town: bool
    numbers: tuple[str, ...]
    names: tuple[str, ...]


@kept(16_384)
def _line(text: str) -> _Line:
    folded = beginning(fold(text))
    words = folded.split()
    numbers = [w for w in words if w[0].isdigit()]
    names = [w for w in words if not w[0].isdigit() and _names_street(w)]
    return _Line(
        words=bool(words),
        nowhere=bool(_NOWHERE.search(folded)),
        town=_town(folded),
        numbers=tuple(numbers),
        names=tuple(names),
    )


@kept(65_536)
def _names_street(word: str) -> bool:
    """Whether it is more than a type of street or of dwelling."""
    return not _TYPES.match(word) and not _PLAIN.match(word)


def _town(line: str) -> bool:
    words = line.split()
    return bool(words) and not any(c.isdigit() for c in line) and not _TYPES.match(words[-1])


def nearest(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """How near the nearest of them are to each other."""
    if not mine or not theirs:
        return Nearness.NONE
    best = Nearness.OTHER
    for a in mine:
        for b in theirs:
            near = nearness(a, b)
            if near < best:
                best = near
    return best


@lru_cache(maxsize=131_072)
def nearness(a: str, b: str) -> int:
    """How near two compared addresses are."""
    if not a or not b:
        return Nearness.NONE
    numbers_a, street_a, code_a = _split(a)
    if a == b:
        return _said_alike(numbers_a, street_a, code_a)
    numbers_b, street_b, code_b = _split(b)
    same_code = code_a == code_b and bool(_CODE.match(code_a))
    slips = len(code_a) // 3
    other_code = (
        bool(code_a and code_b) and OSA.distance(code_a, code_b, score_cutoff=slips) > slips
    )
    number = not numbers_a.isdisjoint(numbers_b)
    if other_code and not number:
        return Nearness.OTHER
    street = _same_street(street_a, street_b)
    if number and (street or same_code):
        return (
            Nearness.STREET if other_code else Nearness.SAME if code_a and code_b else Nearness.LINE
        )
    if street:
        return (
            Nearness.NEIGHBOUR if same_code else Nearness.OTHER if other_code else Nearness.STREET
        )
    return Nearness.SAME_POSTCODE if same_code else _apart(bool(street_a and street_b), other_code)


def _said_alike(numbers: frozenset[str], street: tuple[str, ...], code: str) -> int:
    """Of two that are written alike: many homes share a postcode, and without one a name may be a
    town's or an office's.
    """
    if not numbers and not street:
        return Nearness.SAME_POSTCODE
    return Nearness.SAME if numbers or code else Nearness.STREET


class _Split(NamedTuple):
    numbers: frozenset[str]
    words: tuple[str, ...]
    code: str


@kept(65_536)
def _split(address: str) -> _Split:
    numbers, words, code = address.split("|")
    return _Split(frozenset(numbers.split()), tuple(words.split()), code)


def _apart(streets: bool, other_code: bool) -> int:
    return Nearness.OTHER if other_code or streets else Nearness.NONE


def _same_street(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    for word in a:
        if word in b:
            return True
    return any(_same_word(x, y) for x in a for y in b)


def _same_word(x: str, y: str) -> bool:
    if x == y:
        return True
    short, long = (x, y) if len(x) <= len(y) else (y, x)
    if len(short) < 4:
        return False
    return OSA.distance(x, y, score_cutoff=2) <= 1 + (len(x) > 7) or _run_on(short, long)


def _run_on(short: str, long: str) -> bool:
    """Whether ``long`` is ``short`` with the type of the street run together with it, one slip
    allowed in that.
    """
    end = long[len(short) :]
    return long.startswith(short) and any(
        OSA.distance(end, kind, score_cutoff=1) <= 1 for kind in _RUN_ON
    )


def telephone(text: str) -> str:
    """The last ten digits of a British number, without 0 or +44; '' when there are fewer."""
    digits = "".join([c for c in text if c in _DIGITS])
    return digits[-10:] if len(digits) >= 10 else ""
