"""How a notification's child agrees with a profile, field by field: levels, not yet weights
(R12-R14).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from router.linkage import dates
from router.linkage.adults import compare_adults
from router.linkage.called import best_given, compare_names, is_sibling
from router.linkage.dates import Agreement
from router.linkage.names import Likeness
from router.linkage.places import nearest
from router.linkage.profile import Profile
from router.linkage.scale import Scale
from router.linkage.subject import WHICHEVER, Subject


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
    """What is said of unborn twins: the same, the other, not of both sides which, nothing of any;
    NONE of born children.
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


def compare_facts(subject: Subject, profile: Profile) -> Levels:
    """The levels of ``SELF`` but for the names: birth, sex, numbers, incident, twin."""
    birth = _birth(subject, profile)
    nhs, upn, incident, twin = Match.NONE, Match.NONE, Match.NONE, Twin.NONE
    if profile.nhs or profile.mothers:
        nhs = _nhs(subject, profile)
    if subject.upn and profile.upn:
        upn = _number(subject.upn, profile.upn)
    if subject.incident and profile.incidents:
        incident = _incident(subject.incident, profile.incidents)
    if subject.twin or profile.twins:
        twin = _twin(subject.twin, profile.twins)
    elif birth in _PREGNANCY and not subject.estimated:
        twin = Twin.NEITHER
    return birth, _sex(subject.sex, profile.sexes), nhs, upn, incident, twin


def compare_household(
    subject: Subject, profile: Profile, *, given: int, crowded: Collection[str]
) -> Levels:
    """The level of each field of ``HOUSEHOLD``; a phone or home that is ``crowded`` says
    nothing.
    """
    phones, addresses, adults = subject.phones, subject.addresses, subject.adults
    if crowded:
        phones = tuple(p for p in phones if p not in crowded)
        addresses = tuple(a for a in addresses if a not in crowded)
        adults = tuple(a for a in adults if a not in crowded)
    middle, phone, kin = Match.NONE, Match.NONE, Kin.NONE
    if subject.middles and profile.middles and given != Likeness.MIDDLE:
        middle = _middle(best_given(subject.middles, profile.middles))
    if phones and profile.phones:
        phone = Match.OTHER if set(phones).isdisjoint(profile.phones) else Match.SAME
    if subject.siblings or profile.siblings:
        kin = _kin(subject, profile, given=given)
    families = subject.families + profile.families
    return (
        middle,
        nearest(addresses, profile.addresses),
        phone,
        compare_adults(adults, profile.adults, families=families),
        kin,
    )


def _middle(best: int) -> int:
    if best <= Likeness.TYPO:
        return Match.SAME
    return Match.PARTLY if best <= Likeness.INITIAL else Match.OTHER


def _birth(subject: Subject, profile: Profile) -> int:
    day, estimated = subject.day, subject.estimated
    if day and not estimated and day in profile.births:
        return Agreement.EXACT if subject.rules < 2 else dates.compare_round(day, False, day, False)
    if subject.unborn:
        return _unborn(subject, profile)
    if not day:
        return Agreement.NONE
    if profile.births or profile.estimates:
        return _closest(subject, profile)
    if not profile.unborn_at:
        return Agreement.NONE
    fits = _fits(subject)
    return min(fits(day, estimated, due, profile.unborn_at) for due in profile.expected or (0,))


def _fits(subject: Subject) -> Callable[[int, bool, int, int], int]:
    """How a birthday is held against the day expected."""
    return dates.born if subject.rules < 3 else dates.born_early


def _closest(subject: Subject, profile: Profile) -> int:
    day, estimated = subject.day, subject.estimated
    best = Agreement.IMPOSSIBLE
    compare = dates.compare if subject.rules < 2 else dates.compare_round
    for other in profile.births:
        agreement = compare(day, estimated, other, False)
        if agreement < best:
            best = agreement
    for other in profile.estimates:
        agreement = compare(day, estimated, other, True)
        if agreement < best:
            best = agreement
    return best


def _unborn(subject: Subject, profile: Profile) -> int:
    if profile.born_at and subject.seen > profile.born_at + _LATE:
        return Agreement.IMPOSSIBLE
    told = [(day, False) for day in profile.births] or [(day, True) for day in profile.estimates]
    if told:
        fits = _fits(subject)
        return min(fits(*one, subject.expected, subject.seen) for one in told)
    if not profile.unborn_at:
        return Agreement.NONE
    return min(
        dates.unborn(
            subject.expected, subject.seen, other_expected=due, other_seen=profile.unborn_at
        )
        for due in profile.expected or (0,)
    )


@lru_cache(maxsize=1024)
def _sex(mine: str, theirs: str) -> int:
    if not mine or not theirs:
        return Match.NONE
    agree = theirs.count(mine)
    return Match.SAME if 2 * agree > len(theirs) else Match.PARTLY if agree else Match.OTHER


def _kin(subject: Subject, profile: Profile, *, given: int) -> int:
    most = Likeness.SAME if given < Likeness.INITIAL else Likeness.TYPO
    if given > Likeness.SAME and is_sibling(subject, profile, most=most):
        return Kin.IS_SIBLING
    likeness = best_given(subject.siblings, profile.siblings)
    if likeness == Likeness.SAME:
        return Kin.SHARED
    return Kin.ALIKE if likeness <= Likeness.TYPO else Kin.NONE


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
    slips = any(OSA.distance(mine, other, score_cutoff=1) == 1 for other in theirs)
    return Match.SLIP if slips else Match.OTHER


def _incident(mine: str, theirs: tuple[str, ...]) -> int:
    if mine in theirs:
        return Match.SAME
    base = mine[: mine.rindex("|") + 1]
    for other in theirs:
        if other.startswith(base):
            return Match.OTHER
    return Match.NONE


def _twin(mine: str, theirs: tuple[str, ...]) -> int:
    """NEITHER where both sides tell of one pregnancy and no side of twins."""
    told = [one for one in theirs if one != WHICHEVER]
    if not mine or not told or mine == WHICHEVER:
        return Twin.ONE
    return Twin.SAME if mine in told else Twin.OTHER
