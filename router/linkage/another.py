"""Whether one reference is about two children: it is the agency's number for a form, an incident or
a family, and no evidence of who a child is (rules since 2).
"""

from __future__ import annotations

from typing import Final

from router.linkage.called import best_given
from router.linkage.compare import SELF, Match, Twin, compare_self
from router.linkage.dates import Agreement
from router.linkage.names import Likeness
from router.linkage.near import are_near
from router.linkage.profile import Profile
from router.linkage.subject import Subject

_OTHER_DAY: Final = (
    Agreement.SWAPPED,
    Agreement.SLIP,
    Agreement.FAR_YEAR,
    Agreement.CLOSE,
    Agreement.OTHER,
    Agreement.IMPOSSIBLE,
)
_OTHER_NUMBER: Final = (Match.OTHER, Match.SLIP)
_INCIDENT: Final = SELF.index("incident")
_NAMED: Final = (*range(Likeness.INITIAL + 1), Likeness.MIDDLE)
_DATED: Final = (
    Agreement.EXACT,
    Agreement.FIRST,
    Agreement.ROUND,
    Agreement.EXPECTED,
    Agreement.BORN,
    Agreement.PLAUSIBLE,
)


def told_apart(subject: Subject, profile: Profile) -> bool:
    """Whether another name, birthday, sex or number is told than what is known."""
    given, family, birth, sex, nhs, upn, incident, twin = compare_self(subject, profile)
    if given == Likeness.OTHER or are_near(subject.givens, profile.givens):
        return True
    if birth in _OTHER_DAY or sex == Match.OTHER or twin == Twin.OTHER:
        return True
    if nhs in _OTHER_NUMBER or upn in _OTHER_NUMBER or incident == Match.OTHER:
        return True
    return family == Likeness.OTHER and birth not in _DATED


def agrees(subject: Subject, profile: Profile, *, named: bool = False) -> bool:
    """Whether the name, the birthday or a number is the same; if ``named``, not the birthday."""
    given, _, birth, _, nhs, upn, *_ = compare_self(subject, profile)
    return given in _NAMED or (birth in _DATED and not named) or Match.SAME in (nhs, upn)


def is_other_of_incident(subject: Subject, profile: Profile) -> bool:
    """Whether the agency tells of both as of two children of one incident."""
    return compare_self(subject, profile)[_INCIDENT] == Match.OTHER


def may_be_one(subject: Subject, profile: Profile) -> bool:
    """Whether nothing in how they are called speaks against it, looked at quickly."""
    return best_given(subject.givens, profile.givens) != Likeness.OTHER or bool(profile.middles)


def says_the_same(one: Subject, other: Subject) -> bool:
    """Whether both tell the same of the child, however little."""
    return _who(one) == _who(other)


def _who(subject: Subject) -> Subject:
    return subject._replace(
        seen=0, incident="", siblings=(), addresses=(), phones=(), adult_marks=()
    )
