"""How what is stated of a child agrees with what is known of that child already (L6)."""

from __future__ import annotations

from typing import Final

from router.linkage.adults import Adults, compare_adults
from router.linkage.called import compare_names
from router.linkage.compare import compare_facts
from router.linkage.dates import Agreement
from router.linkage.names import Likeness
from router.linkage.profile import Profile
from router.linkage.subject import Subject
from schemas.case import Found, Stated

_OTHER_NAME: Final = (Likeness.TYPO, Likeness.OTHER)
_OTHER_DAY: Final = (
    Agreement.SWAPPED,
    Agreement.SLIP,
    Agreement.FAR_YEAR,
    Agreement.CLOSE,
    Agreement.OTHER,
    Agreement.IMPOSSIBLE,
)


def compared(subject: Subject, profile: Profile) -> dict[Stated, Found]:
    """What agrees with the profile and what differs from it; what is not here was not known.

    A slip of the pen differs too: who is asked searches for what is stated.
    """
    names = compare_names(subject, profile)
    birth, *_ = compare_facts(subject, profile)
    families = subject.families + profile.families
    adults = compare_adults(subject.adults, profile.adults, families=families)
    found: dict[Stated, Found] = {}
    if min(names) != Likeness.NONE:
        found["name"] = "differs" if any(one in _OTHER_NAME for one in names) else "agrees"
    if birth != Agreement.NONE:
        found["date_of_birth"] = "differs" if birth in _OTHER_DAY else "agrees"
    if adults != Adults.NONE:
        found["relation"] = "differs" if adults == Adults.OTHER else "agrees"
    return found
