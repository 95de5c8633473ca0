"""Who was expected and who was born: one child where it is one mother's one pregnancy, whatever the
child is called since and wherever it lives (R3, rules since 3).

A pregnancy has one child or twins, so a mother who is surely the same one says more than any name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from router.linkage.adults import ANY_ROLE, Adult, split_adult
from router.linkage.compare import FIELDS, SELF, Levels, Match, Twin
from router.linkage.dates import Agreement, compare
from router.linkage.names import Likeness, family_likeness, given_likeness
from router.linkage.places import Nearness
from router.linkage.profile import Profile
from router.linkage.subject import Subject

ONE_PREGNANCY: Final = "the child that the same mother expected (very strong)"
OTHER_MOTHER: Final = "against: another mother is told"
_FITS: Final = (Agreement.EXPECTED, Agreement.BORN, Agreement.PLAUSIBLE)
_AT: Final = {field: number for number, field in enumerate(FIELDS)}


def is_one(subject: Subject, profile: Profile, *, levels: Levels) -> bool:
    """Whether the one was born when the other was expected, or both were expected then, of one
    mother, and nothing that is told of the child itself speaks against it.
    """
    if not _fit(subject, levels) or not (subject.expected or profile.expected):
        return False
    others = (levels[_AT["nhs"]], levels[_AT["upn"]], levels[_AT["sex"]], levels[_AT["incident"]])
    if levels[_AT["given"]] == Likeness.OTHER or Match.OTHER in others:
        return False
    return levels[_AT["twin"]] == Twin.NEITHER and _one_mother(subject, profile, levels=levels)


def are_others(subject: Subject, profile: Profile, *, levels: Levels) -> bool:
    """Whether one side tells of a pregnancy and each of another mother."""
    if not _fit(subject, levels) or levels[_AT["nhs"]] == Match.PARTLY:
        return False
    mine, theirs = _mothers(subject.adults), _mothers(profile.adults)
    pairs = [(one, other) for one in mine for other in theirs]
    return bool(pairs) and all(_differ(one, other) for one, other in pairs)


def _fit(subject: Subject, levels: Levels) -> bool:
    return subject.rules >= 3 and levels[_AT["birth"]] in _FITS


def _one_mother(subject: Subject, profile: Profile, *, levels: Levels) -> bool:
    """By a number of hers; or by her name and besides her birthday, telephone or home."""
    if levels[_AT["nhs"]] == Match.PARTLY:
        return True
    near = len(levels) > len(SELF) and (
        levels[_AT["phone"]] == Match.SAME or levels[_AT["address"]] <= Nearness.LINE
    )
    adults = list(map(split_adult, profile.adults))
    return any(
        _is(one, other, near=near) for one in map(split_adult, subject.adults) for other in adults
    )


def _is(one: Adult, other: Adult, *, near: bool) -> bool:
    """Whether two adults are one mother; a guardian may be who is called the mother elsewhere."""
    roles = {one.role, other.role}
    if "mother" not in roles or not roles <= {"mother", *ANY_ROLE}:
        return False
    if given_likeness(one.given, other.given) > Likeness.TYPO:
        return False
    if one.born and other.born:
        return one.born == other.born
    return near and family_likeness(one.family, other.family) <= Likeness.PART


def _mothers(adults: Iterable[str]) -> list[Adult]:
    return [one for one in map(split_adult, adults) if one.role == "mother"]


def _differ(one: Adult, other: Adult) -> bool:
    likeness = given_likeness(one.given, other.given)
    if likeness == Likeness.OTHER:
        return True
    if not one.born or not other.born:
        return False
    return compare(int(one.born), False, int(other.born), False) >= Agreement.CLOSE
