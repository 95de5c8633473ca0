"""Placeholders: what is written where nothing is known is no evidence, in whatever field and
language.

What they are and why stands in ``placeholders.toml``. What only the register can show, such as a
telephone that many families have, is seen where candidates are compared.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from importlib.resources import files
from typing import Any, Final

from router.linkage.kept import kept
from router.linkage.text import fold

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("router.linkage").joinpath("placeholders.toml").read_text(encoding="utf-8")
)
_NAME, _ADDRESS, _REFERENCE = _FIELDS = ("name", "address", "reference")
_RUN: Final = 7
"""So many digits that are one digit, or count up or down, are nobody's telephone number."""
_REFERENCE_RUN: Final = 4
_CROSSES: Final = re.compile(r"^(x|z|q)\1+$")
_UP: Final = "01234567890123456789"


def _words(field: str, name: str) -> frozenset[str]:
    """The words under this name of the lists that hold for a field."""
    told = (
        word
        for one in _DATA["list"]
        if field in one.get("in", (field,))
        for word in one.get(name, "").split()
    )
    return frozenset(told)


_FILLERS: Final = frozenset(_DATA["fillers"]["words"].split())
_NOTHING: Final = {field: _words(field, "says_nothing") for field in _FIELDS}
_AROUND: Final = {field: _FILLERS | _words(field, "also") for field in _FIELDS}
_NOBODY: Final = frozenset(_DATA["nobody"]["names"].strip().splitlines())
_OF_MANY: Final = frozenset(_DATA["of_many"]["words"].split())
_ROLES: Final = frozenset(_DATA["roles"]["words"].split())
_DATES: Final = frozenset(_DATA["dates"]["values"].split())
_POSTCODES: Final = frozenset(_DATA["postcodes"]["values"].split())


@kept(65_536)
def without(name: str) -> str:
    """A folded name without what says nothing in it; '' where nothing else is left."""
    told = name.split()
    words = _joined(told)
    initials = len(told) == sum(map(len, words))
    if (initials or len(words) == len(told)) and _NOTHING[_NAME].isdisjoint(words):
        return name
    return " ".join([w for w in words if w not in _NOTHING[_NAME] and w not in _AROUND[_NAME]])


def _joined(words: list[str]) -> list[str]:
    """The letters of 'n a' and 'n k' as one word; crosses in place of letters are none."""
    if max(map(len, words), default=0) == 1:
        words = ["".join(words)]
    return [word for word in words if len(word) == 1 or not _CROSSES.match(word)]


def is_nobody(name: str) -> bool:
    """Whether a whole folded name is nobody's: Joe Bloggs, or 'Not' and 'Known' in two fields."""
    return name in _NOBODY or _all_nothing(name.split(), _NAME)


@kept(16_384)
def without_role(name: str) -> str:
    """A relative's folded given name without titles and what the relative is; '' for 'Mum'."""
    return " ".join([word for word in without(name).split() if word not in _ROLES])


@kept(16_384)
def is_nowhere(line: str) -> bool:
    """Whether a line of an address names no place."""
    told = fold(line).split()
    words = _joined(told)
    return _all_nothing(words, _ADDRESS) if words else bool(line)


@kept(16_384)
def is_of_many(line: str) -> bool:
    """Whether a line of an address names a place where many unrelated children are."""
    return fold(line).rpartition(" ")[2] in _OF_MANY


def _all_nothing(words: list[str], field: str) -> bool:
    nothing = _NOTHING[field]
    return not nothing.isdisjoint(words) and all(w in nothing or w in _AROUND[field] for w in words)


def is_no_postcode(code: str) -> bool:
    """Whether a postcode, in capitals without blanks, is none of a home."""
    return code in _POSTCODES


def is_default(date: dt.date) -> bool:
    """Whether a date is what systems write where they have none."""
    return date.isoformat() in _DATES


@kept(16_384)
def is_no_number(digits: str) -> bool:
    """Whether the digits of a number are one again and again, or count."""
    return _counts(digits, _RUN) or len(set(digits[-6:])) == 1 or len(set(digits)) < 3


def _counts(digits: str, run: int) -> bool:
    parts = {digits[at : at + run] for at in range(max(1, len(digits) - run + 1))}
    down = _UP[::-1]
    return any(len(p) >= run and (p in _UP or p in down or len(set(p)) == 1) for p in parts)


@kept(16_384)
def is_no_reference(reference: str) -> bool:
    """Whether a reference tells nothing apart: ``N/A``, ``0``, ``Unknown``, ``12345``."""
    words = _joined(fold(reference).split())
    if not words or _all_nothing(words, _REFERENCE):
        return True
    whole = "".join(words)
    if not whole.strip("0"):
        return True
    return whole == "x" or (len(whole) >= _REFERENCE_RUN and _counts(whole, len(whole)))
