"""How a notification's child agrees with a profile, field by field: levels, not yet weights
(R12-R14).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from router.linkage import dates
from router.linkage.adults import compare_adults, surnames
from router.linkage.dates import Agreement
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.places import Nearness, nearness
from router.linkage.profile import Profile
from router.linkage.scale import Scale
from router.linkage.subject import Subject


class Match(Scale):
    """Agreement of values that are equal, not equal or not given; SLIP of numbers that differ in
    one place.
    """

    SAME = 0
    OTHER = 1
    NONE = 2
    PARTLY = 3
    SLIP = 4


class Twin(Scale):
    """What is said of unborn twins: the same, the other, one side's only, neither's; NONE of born
    children.
    """

    SAME = 0
    OTHER = 1
    ONE = 2
    NEITHER = 3
    NONE = 4


class Kin(Scale):
    """What the names of siblings say: the same sibling (or one of a like name), the profile is it,
    or nothing.
    """

    SHARED = 0
    ALIKE = 1
    NONE = 2
    IS_SIBLING = 3


Levels = tuple[int, ...]
_PREGNANCY: Final = (Agreement.EXPECTED, Agreement.BORN, Agreement.PLAUSIBLE)
_LATE: Final = 14
"""Days after which nobody tells of a child as unborn who was told of as born."""
SELF: Final = ("given", "family", "birth", "sex", "nhs", "upn", "incident", "twin")
"""The fields that tell a child from its own family."""
HOUSEHOLD: Final = ("middle", "address", "phone", "adults", "kin")
"""The fields that a family mostly shares."""
FIELDS: Final = SELF + HOUSEHOLD


def compare_self(subject: Subject, profile: Profile) -> Levels:
    """The level of each field of ``SELF``."""
    return compare_names(subject, profile) + compare_facts(subject, profile)


def compare_names(subject: Subject, profile: Profile) -> Levels:
    """How the given and the family names agree, each or crosswise."""
    given = best_given(subject.givens, profile.givens)
    family = best_family(subject.families, profile.families)
    if given == Likeness.OTHER:
        given, family = _otherwise(subject, profile, family)
    if family == Likeness.OTHER and _by_parent(subject, profile):
        family = Likeness.PARENT
    return given, family


def compare_facts(subject: Subject, profile: Profile) -> Levels:
    """The levels of ``SELF`` but for the names: birth, sex, numbers, incident, twin."""
    birth = _birth(subject, profile)
    return (
        birth,
        _sex(subject.sex, profile.sexes),
        _nhs(subject, profile) if profile.nhs or profile.mothers else Match.NONE,
        _number(subject.upn, profile.upn) if subject.upn else Match.NONE,
        _incident(subject.incident, profile.incidents) if subject.incident else Match.NONE,
        _twin(subject, profile, birth),
    )


def compare_household(
    subject: Subject, profile: Profile, given: int, crowded: Collection[str]
) -> Levels:
    """The level of each field of ``HOUSEHOLD``; a phone or home that is ``crowded`` says
    nothing.
    """
    phones, addresses = subject.phones, subject.addresses
    if crowded:
        phones = tuple(p for p in phones if p not in crowded)
        addresses = tuple(a for a in addresses if a not in crowded)
    return (
        Match.NONE if given == Likeness.MIDDLE else _middle(subject.middles, profile.middles),
        _address(addresses, profile.addresses),
        _phone(phones, profile.phones),
        compare_adults(subject.adults, profile.adults, subject.families + profile.families),
        _kin(subject, profile, given),
    )


def best_given(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """The closest likeness of any two given names; NONE when either side has none."""
    best: int = Likeness.NONE
    for a in mine:
        if a in theirs:
            return given_likeness(a, a)
        for b in theirs:
            likeness = given_likeness(a, b)
            if likeness < best:
                best = likeness
    return best


def best_family(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    """The closest likeness of any two family names; NONE when either side has none."""
    best: int = Likeness.NONE
    for a in mine:
        if a in theirs:
            return Likeness.SAME
        for b in theirs:
            likeness = family_likeness(a, b)
            if likeness < best:
                best = likeness
    return best


def _otherwise(subject: Subject, profile: Profile, family: int) -> tuple[int, int]:
    """Given and family likeness where the given names differ: the two may be swapped, or a middle
    name be in use.
    """
    if family == Likeness.OTHER and _swapped(subject, profile):
        return Likeness.TYPO, Likeness.TYPO
    middle = min(
        best_given(subject.middles, profile.givens), best_given(subject.givens, profile.middles)
    )
    return Likeness.MIDDLE if middle == Likeness.SAME else Likeness.OTHER, family


def _by_parent(subject: Subject, profile: Profile) -> bool:
    """Whether one side calls the child by the family name of a parent or guardian that the other
    knows.
    """
    mine, theirs = surnames(subject.adults), surnames(profile.adults)
    return (
        best_family(subject.families, theirs) <= Likeness.TYPO
        or best_family(mine, profile.families) <= Likeness.TYPO
    )


def _swapped(subject: Subject, profile: Profile) -> bool:
    return (
        best_family(subject.givens, profile.families) <= Likeness.PART
        and best_given(subject.families, profile.givens) <= Likeness.TYPO
    )


def _is_sibling(subject: Subject, profile: Profile, most: Likeness) -> bool:
    """Whether one side names the other as a brother or sister; of alike names only the very same
    one says so.
    """
    return (
        best_given(subject.siblings, profile.givens) <= most
        or best_given(profile.siblings, subject.givens) <= most
    )


def _middle(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    best = best_given(mine, theirs)
    return (
        Match.SAME
        if best <= Likeness.TYPO
        else Match.PARTLY
        if best <= Likeness.INITIAL
        else Match.OTHER
    )


def _birth(subject: Subject, profile: Profile) -> int:
    day = subject.day
    if subject.unborn:
        return _unborn(subject, profile)
    if not day:
        return Agreement.NONE
    if day in profile.births and not subject.estimated:
        return Agreement.EXACT
    if profile.births or profile.estimates:
        return _closest(day, subject.estimated, profile)
    if not profile.unborn_at:
        return Agreement.NONE
    return min(
        dates.born(day, subject.estimated, due, profile.unborn_at)
        for due in profile.expected or (0,)
    )


def _closest(day: int, estimated: bool, profile: Profile) -> int:
    exact = [dates.compare(day, estimated, other, False) for other in profile.births]
    return min(exact + [dates.compare(day, estimated, other, True) for other in profile.estimates])


def _unborn(subject: Subject, profile: Profile) -> int:
    if profile.born_at and subject.seen > profile.born_at + _LATE:
        return Agreement.IMPOSSIBLE
    if profile.births or profile.estimates:
        told = [(day, False) for day in profile.births] or [
            (day, True) for day in profile.estimates
        ]
        return min(
            dates.born(day, estimated, subject.expected, subject.seen) for day, estimated in told
        )
    if not profile.unborn_at:
        return Agreement.NONE
    return min(
        dates.unborn(subject.expected, subject.seen, due, profile.unborn_at)
        for due in profile.expected or (0,)
    )


@lru_cache(maxsize=1024)
def _sex(mine: str, theirs: str) -> int:
    if not mine or not theirs:
        return Match.NONE
    agree = theirs.count(mine)
    return Match.SAME if 2 * agree > len(theirs) else Match.PARTLY if agree else Match.OTHER


def _address(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Nearness.NONE
    best: int = Nearness.OTHER
    for a in mine:
        for b in theirs:
            best = min(best, nearness(a, b))
            if best == 0:
                return best
    return best


def _phone(mine: tuple[str, ...], theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    return Match.SAME if any(phone in theirs for phone in mine) else Match.OTHER


def _kin(subject: Subject, profile: Profile, given: int) -> int:
    if not subject.siblings and not profile.siblings:
        return Kin.NONE
    if given > Likeness.SAME and _is_sibling(
        subject, profile, Likeness.SAME if given < Likeness.INITIAL else Likeness.TYPO
    ):
        return Kin.IS_SIBLING
    likeness = best_given(subject.siblings, profile.siblings)
    return (
        Kin.SHARED
        if likeness == Likeness.SAME
        else Kin.ALIKE
        if likeness <= Likeness.TYPO
        else Kin.NONE
    )


def _nhs(subject: Subject, profile: Profile) -> int:
    """PARTLY when the number is the mother's on one side or both: it speaks for the family, not for
    the child.
    """
    mine = subject.nhs or subject.mothers
    if not mine or (subject.nhs and subject.nhs in profile.nhs):
        return _number(subject.nhs, profile.nhs)
    if mine in profile.mothers or mine in profile.nhs:
        return Match.PARTLY
    return _number(subject.nhs, profile.nhs)


def _number(mine: str, theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    if mine in theirs:
        return Match.SAME
    return (
        Match.SLIP
        if any(OSA.distance(mine, other, score_cutoff=1) == 1 for other in theirs)
        else Match.OTHER
    )


def _incident(mine: str, theirs: tuple[str, ...]) -> int:
    if not mine or not theirs:
        return Match.NONE
    if mine in theirs:
        return Match.SAME
    base = mine.rpartition("|")[0] + "|"
    return Match.OTHER if any(other.startswith(base) for other in theirs) else Match.NONE


def _twin(subject: Subject, profile: Profile, birth: int) -> int:
    """NEITHER where both sides tell of one pregnancy and no side of twins."""
    mine, theirs = subject.twin, profile.twins
    if mine or theirs:
        if not mine or not theirs:
            return Twin.ONE
        return Twin.SAME if mine in theirs else Twin.OTHER
    return Twin.NEITHER if birth in _PREGNANCY and not subject.estimated else Twin.NONE
