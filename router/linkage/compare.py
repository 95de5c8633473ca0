"""How a notification's child agrees with a profile, field by field: levels, not yet weights (R12-R14)."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import Final

from router.linkage import dates
from router.linkage.dates import Agreement
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.places import Nearness, nearness
from router.linkage.profile import Profile
from router.linkage.subject import Adult, Subject


class Adults(IntEnum):
    """The best agreement between the adults of both families; OWN where their surname is the child's."""

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


class Match(IntEnum):
    """Agreement of values that are equal, not equal or not given."""

    SAME = 0
    OTHER = 1
    NONE = 2
    PARTLY = 3


class Twin(IntEnum):
    """What is said of unborn twins: the same, the other, one side's only, neither's; NONE of born children."""

    SAME = 0
    OTHER = 1
    ONE = 2
    NEITHER = 3
    NONE = 4


class Kin(IntEnum):
    """What the names of siblings say: the profile is the named sibling, knows the same siblings, or nothing."""

    SHARED = 0
    NONE = 1
    IS_SIBLING = 2


Levels = tuple[int, ...]
FIELDS: Final = (
    *("given", "family", "middle", "birth", "sex", "address", "phone"),
    *("adults", "kin", "nhs", "upn", "incident", "twin"),
)


def levels(subject: Subject, profile: Profile, shared: frozenset[str] = frozenset()) -> Levels:
    """The level of agreement of each field, in the order of ``FIELDS``; what is ``shared`` by many says nothing."""
    given = _best_given(subject.givens, profile.givens)
    family = _best_family(subject.families, profile.families)
    if given >= Likeness.OTHER and subject.givens and _swapped(subject, profile):
        given = family = Likeness.TYPO
    return (
        given,
        family,
        _middle(subject, profile, given),
        _birth(subject, profile),
        _sex(subject.sex, profile.sexes),
        _address(_less(subject.addresses, shared), profile.addresses),
        _phone(_less(subject.phones, shared), profile.phones),
        _adults(subject, profile),
        _kin(subject, profile, given),
        _number(subject.nhs, profile.nhs),
        _number(subject.upn, profile.upn),
        _incident(subject, profile),
        _twin(subject, profile),
    )


def _less(values: tuple[str, ...], shared: frozenset[str]) -> tuple[str, ...]:
    return tuple(v for v in values if v not in shared) if shared else values


def _best_given(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    best: int = Likeness.NONE if not mine or not theirs else Likeness.OTHER
    for a in mine:
        for b in theirs:
            likeness = given_likeness(a, b)
            if likeness < best:
                if likeness == 0:
                    return 0
                best = likeness
    return best


def _best_family(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    best: int = Likeness.NONE if not mine or not theirs else Likeness.OTHER
    for a in mine:
        for b in theirs:
            likeness = family_likeness(a, b)
            if likeness < best:
                if likeness == 0:
                    return 0
                best = likeness
    return best


def _swapped(subject: Subject, profile: Profile) -> bool:
    return bool(subject.families) and (
        _best_family(subject.givens, profile.families) <= Likeness.PART
        and _best_given(subject.families, profile.givens) <= Likeness.TYPO
    )


def _middle(subject: Subject, profile: Profile, given: int) -> int:
    mine, theirs = subject.middles, profile.middles
    if mine and theirs:
        best = _best_given(mine, theirs)
        return Match.SAME if best <= Likeness.TYPO else Match.PARTLY if best <= Likeness.INITIAL else Match.OTHER
    if given == Likeness.OTHER and (mine or theirs):
        crossed = min(_best_given(mine, profile.givens), _best_given(subject.givens, theirs))
        return Match.PARTLY if crossed <= Likeness.TYPO else Match.NONE
    return Match.NONE


def _birth(subject: Subject, profile: Profile) -> int:
    if subject.unborn:
        return _unborn(subject, profile)
    if not subject.day:
        return Agreement.NONE
    if profile.births:
        return min(dates.compare(subject.day, subject.estimated, day, est) for day, est, _ in profile.births)
    if not profile.unborn_at:
        return Agreement.NONE
    due = profile.expected or (0,)
    return min(dates.born(subject.day, subject.estimated, day, profile.unborn_at) for day in due)


def _unborn(subject: Subject, profile: Profile) -> int:
    if profile.births:
        return min(dates.born(day, est, subject.expected, subject.seen) for day, est, _ in profile.births)
    if profile.unborn_at:
        due = profile.expected or (0,)
        return min(dates.unborn(subject.expected, subject.seen, day, profile.unborn_at) for day in due)
    return Agreement.NONE


def _sex(mine: str, theirs: str) -> int:
    if not mine or not theirs:
        return Match.NONE
    agree = theirs.count(mine)
    return Match.SAME if 2 * agree > len(theirs) else Match.PARTLY if agree else Match.OTHER


def _address(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Nearness.NONE
    return min(nearness(a, b) for a in mine for b in theirs)


def _phone(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    return Match.SAME if any(phone in theirs for phone in mine) else Match.OTHER


def _adults(subject: Subject, profile: Profile) -> int:
    mine, theirs = subject.adults, profile.adults
    if not mine or not theirs:
        return Adults.NONE
    found = [min(adult_likeness(a, b) for b in theirs) for a in mine]
    best = min(found)
    if best <= Adults.FORM and sum(level <= Adults.FORM for level in found) > 1:
        return Adults.TWO
    if best in _OWN and _best_family((mine[found.index(best)][1],), subject.families) <= Likeness.TYPO:
        return _OWN[best]
    return best


_OWN: Final[dict[int, int]] = {level: level + 1 for level in (Adults.NAME, Adults.FORM, Adults.PART)}
_ANY: Final = frozenset({"guardian", "carer", "parent"})


@lru_cache(maxsize=131_072)
def adult_likeness(a: Adult, b: Adult) -> int:
    """Whether two adults are the same one, by name and day of birth; NONE where the child may have both."""
    if a[3] != b[3] and a[3] not in _ANY and b[3] not in _ANY:
        return Adults.NONE
    given = given_likeness(a[0], b[0])
    if given <= Likeness.TYPO and a[2] and a[2] == b[2]:
        return Adults.BIRTH
    if given <= Likeness.INITIAL and family_likeness(a[1], b[1]) <= Likeness.PART:
        return Adults.NAME if given == Likeness.SAME else Adults.FORM if given < Likeness.PART else Adults.PART
    return Adults.OTHER


def _kin(subject: Subject, profile: Profile, given: int) -> int:
    if given >= Likeness.GENERIC and (
        _named(subject.siblings, profile.givens) or _named(profile.siblings, subject.givens)
    ):
        return Kin.IS_SIBLING
    return Kin.SHARED if _named(subject.siblings, profile.siblings) else Kin.NONE


def _named(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return bool(some and others) and _best_given(some, others) <= Likeness.TYPO


def _number(mine: str, theirs: tuple[tuple[str, int], ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    return Match.SAME if any(mine == number for number, _ in theirs) else Match.OTHER


def _incident(subject: Subject, profile: Profile) -> int:
    mine = subject.incident
    if mine is None:
        return Match.NONE
    if mine in profile.incidents:
        return Match.SAME
    same = any(mine[1] == base and mine[0] == agency for agency, base, _ in profile.incidents)
    return Match.OTHER if same else Match.NONE


def _twin(subject: Subject, profile: Profile) -> int:
    mine, theirs = subject.twin, profile.twins
    if mine and theirs:
        return Twin.SAME if mine in theirs else Twin.OTHER
    if mine or theirs:
        return Twin.ONE
    return Twin.NEITHER if subject.unborn or (profile.unborn_at and not profile.births) else Twin.NONE
