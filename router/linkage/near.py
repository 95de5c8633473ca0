"""Given names that are near each other and yet two names: Hassan and Hussain, Ava and Eva.

Twins are given such names. A slip of the pen makes no other name, or seldom: where both are names
of their own, nearness is no evidence that they are one child's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

from router.linkage.names import (
    MOHAMMED,
    Likeness,
    given_likeness,
    is_name,
    is_spelling,
    roots,
)
from router.linkage.text import sound

_DATA: Final[dict[str, Any]] = tomllib.loads(
    files("router.linkage").joinpath("near_names.toml").read_text(encoding="utf-8")
)
_APART: Final = frozenset(
    frozenset(pair.split()) for pair in _DATA["apart"]["pairs"].strip().splitlines()
)
_NAMES: Final = frozenset(_DATA["names"]["words"].split())
_LOOKS: Final = (Likeness.VARIANT, Likeness.TYPO)


def are_near(mine: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether all that two children are called alike by are two names near each other."""
    alike = [(a, b) for a in mine for b in theirs if given_likeness(a, b) <= Likeness.PART]
    return bool(alike) and all(near(a, b) for a, b in alike)


@lru_cache(maxsize=16_384)
def near(a: str, b: str) -> bool:
    """Whether two folded given names are two names near each other; of compound names, their
    parts that differ.
    """
    one = [word for word in a.split() if word != MOHAMMED]
    other = [word for word in b.split() if word != MOHAMMED]
    left = [word for word in one if word not in other]
    right = [word for word in other if word not in one]
    if len(left) != 1 or len(right) != 1:  # of 'Lily' and 'Lily Grace' one has nothing left
        return any(given_likeness(x, y) == Likeness.VARIANT for x in left for y in right)
    return _near(left[0], right[0], compound=len(one) > 1 and len(other) > 1)


def _near(a: str, b: str, *, compound: bool) -> bool:
    """Of 'Mary Kate' and 'Mary Jane' the second parts need not even look alike."""
    if frozenset((a, b)) in _APART:
        return True
    if is_spelling(a, b):
        return False
    likeness = given_likeness(a, b)
    if likeness == Likeness.OTHER:
        return compound
    if likeness == Likeness.SHORT:
        return not roots(a) & roots(b) and _names(a, b) == 2
    return likeness in _LOOKS and (sound(a)[:1] != sound(b)[:1] or _two(a, b))


def _two(a: str, b: str) -> bool:
    """Whether these are two names: both known, or one a woman's form of the other."""
    return _names(a, b) == 2 or _womans(a, b) or _womans(b, a)


def _womans(a: str, b: str) -> bool:
    """Whether ``a`` is ``b`` with a woman's ending: Andreea of Andrei, Daniela of Daniel."""
    ends = a.endswith("a") and b[-1] not in "aehy" and len(b) > 3
    return ends and a.startswith(b[:-1]) and 0 <= len(a) - len(b) <= 1


def _names(a: str, b: str) -> int:
    return sum(is_name(word) or word in _NAMES for word in (a, b))
