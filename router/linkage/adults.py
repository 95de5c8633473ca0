"""Parents, guardians and other adults of a family: whether two notifications know the same ones
(R14).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from router.linkage.kept import kept
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.scale import Scale


class Adults(Scale):
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
ANY_ROLE: Final = frozenset({"guardian", "carer", "parent"})
"""What a mother or a father may be called, too."""


def compare_adults(
    mine: tuple[str, ...], theirs: tuple[str, ...], *, families: tuple[str, ...]
) -> int:
    """How the adults ``mine`` and ``theirs`` agree, for a child that either side calls by
    ``families``.
    """
    if not mine or not theirs:
        return Adults.NONE
    ours, others = _whole(mine), _whole(theirs)
    found = [_closest(one, others) for one in ours]
    best = min(found)
    if best <= Adults.FORM and sum([level <= Adults.FORM for level in found]) > 1:
        return Adults.TWO
    if best in _OWN and _own(ours[found.index(best)].family, families):
        return _OWN[best]
    return best


def _closest(adult: Adult, others: tuple[Adult, ...]) -> int:
    """The best agreement with any of the others; nobody agrees better than the very same, if that
    is known by a whole name.
    """
    if adult in others and (same := _likeness(adult, adult)) <= Adults.NAME:
        return same
    return min([_likeness(adult, other) for other in others])


@lru_cache(maxsize=32_768)
def surnames(adults: tuple[str, ...]) -> tuple[str, ...]:
    """The family names of adults."""
    return tuple(dict.fromkeys([name for adult in adults if (name := split_adult(adult)[1])]))


class Adult(NamedTuple):
    """An adult as compared: '' for what is not told."""

    given: str
    family: str
    born: str
    role: str


@kept(65_536)
def split_adult(adult: str) -> Adult:
    """An adult of ``given|family|day|role``."""
    return Adult(*adult.split("|"))


@lru_cache(maxsize=32_768)
def _whole(adults: tuple[str, ...]) -> tuple[Adult, ...]:
    """Each adult by the whole name where it is known: an L. Ashdown beside a Lydia Ashdown is
    nobody else.
    """
    split = tuple(map(split_adult, adults))
    whole = {(one.given[0], one.family) for one in split if len(one.given) > 1}
    return tuple(
        one for one in split if len(one.given) != 1 or (one.given, one.family) not in whole
    )


def _own(surname: str, families: tuple[str, ...]) -> bool:
    return any(family_likeness(surname, name) <= Likeness.PART for name in families)


def _likeness(a: Adult, b: Adult) -> int:
    """Whether two adults are the same one, by name and day of birth; NONE where the child may have
    both.
    """
    if a.role != b.role and a.role not in ANY_ROLE and b.role not in ANY_ROLE:
        return Adults.NONE
    given = given_likeness(a.given, b.given)
    if given > Likeness.INITIAL:
        return Adults.OTHER
    if given <= Likeness.TYPO and a.born and a.born == b.born:
        return Adults.BIRTH
    if family_likeness(a.family, b.family) > Likeness.PART:
        return Adults.OTHER
    if given == Likeness.SAME:
        return Adults.NAME
    return Adults.FORM if given < Likeness.PART else Adults.PART
