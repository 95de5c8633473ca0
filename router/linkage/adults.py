"""Parents, guardians and other adults of a family: whether two notifications know the same ones
(R14).
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final

from router.linkage.names import Likeness, family_likeness, given_likeness


class Adults(IntEnum):
    """The best agreement between the adults of both families; OWN where their surname is the
    child's.
    """

    TWO = 0
    BIRTH = 1
    NAME = 2
    OWN_NAME = 3
    FORM = 4
    OWN_FORM = 5
    PART = 6
    OWN_PART = 7
    NONE = 8
    OTHER = 9


_OWN: Final[dict[int, int]] = {
    level: level + 1 for level in (Adults.NAME, Adults.FORM, Adults.PART)
}
_ANY: Final = frozenset({"guardian", "carer", "parent"})


def compare_adults(
    mine: tuple[str, ...], theirs: tuple[str, ...], families: tuple[str, ...]
) -> int:
    """How the adults ``mine`` and ``theirs`` agree, for a child that either side calls by
    ``families``.
    """
    if not mine or not theirs:
        return Adults.NONE
    mine, theirs = _whole(mine), _whole(theirs)
    found = [min([adult_likeness(a, b) for b in theirs]) for a in mine]
    best = min(found)
    if best <= Adults.FORM and sum([level <= Adults.FORM for level in found]) > 1:
        return Adults.TWO
    if best in _OWN and _own(mine[found.index(best)], families):
        return _OWN[best]
    return best


def surnames(adults: tuple[str, ...]) -> tuple[str, ...]:
    """The family names of adults."""
    return tuple(dict.fromkeys([name for adult in adults if (name := split_adult(adult)[1])]))


@lru_cache(maxsize=65_536)
def _whole(adults: tuple[str, ...]) -> tuple[str, ...]:
    """Each adult by the whole name where it is known: an L. Ashdown beside a Lydia Ashdown is
    nobody else.
    """
    if len(adults) < 2:
        return adults
    parts = [split_adult(adult) for adult in adults]
    whole = {(given[0], family) for given, family, _, _ in parts if len(given) > 1}
    kept = (
        adult
        for adult, part in zip(adults, parts, strict=True)
        if len(part[0]) != 1 or part[:2] not in whole
    )
    return tuple(kept)


def _own(adult: str, families: tuple[str, ...]) -> bool:
    surname = split_adult(adult)[1]
    return any(family_likeness(surname, name) <= Likeness.PART for name in families)


@lru_cache(maxsize=131_072)
def adult_likeness(a: str, b: str) -> int:
    """Whether two adults are the same one, by name and day of birth; NONE where the child may have
    both.
    """
    given_a, family_a, born_a, role_a = split_adult(a)
    given_b, family_b, born_b, role_b = split_adult(b)
    if role_a != role_b and role_a not in _ANY and role_b not in _ANY:
        return Adults.NONE
    given = given_likeness(given_a, given_b)
    if given <= Likeness.TYPO and born_a and born_a == born_b:
        return Adults.BIRTH
    if given <= Likeness.INITIAL and family_likeness(family_a, family_b) <= Likeness.PART:
        return (
            Adults.NAME
            if given == Likeness.SAME
            else Adults.FORM
            if given < Likeness.PART
            else Adults.PART
        )
    return Adults.OTHER


@lru_cache(maxsize=65_536)
def split_adult(adult: str) -> tuple[str, str, str, str]:
    """Given name, family name, day of birth and role of an adult as compared."""
    given, family, born, role = adult.split("|")
    return given, family, born, role
