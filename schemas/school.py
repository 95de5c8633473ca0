"""A child's school is told of a domestic-abuse incident before its next school day (L4)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import (
    AgencyFact,
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    Prose,
    ReferralFact,
    ReferralHead,
)
from schemas.identity import About
from schemas.person import School
from schemas.product import SentProduct

_no: Callable[[object], bool] = not_


class SchoolNotice(About, SentProduct, Notice, type="mash.school-notice.v1"):
    """To a child's school: that there was an incident, when, and that the child may need support.

    No more of it. It passes the gate that products pass, and is answered by a delivery receipt.
    """

    referral_id: Identity
    purpose: Line
    item_id: Identity
    """For its owner to call back."""
    says: Prose
    not_released: Line | None = Field(default=None, exclude_if=_no)
    """Where who told of it has not released its own words to the school: that, and whom to ring
    about them.
    """
    to_do: Line | None = Field(default=None, exclude_if=_no)
    contact: Line | None = Field(default=None, exclude_if=_no)
    """Whom to ring about it."""


class Untold(StrEnum):
    """Why a school is not told by a letter of the hub's."""

    NO_SCHOOL = "no_school"
    SCHOOL_UNKNOWN = "school_unknown"
    SCHOOL_PROTECTED = "school_protected"
    NO_AGREEMENT = "no_agreement"
    KEPT_BACK = "kept_back"
    WHO_NOT_TOLD = "who_not_told"
    REFUSED = "refused"


class SchoolNotTold(ReferralFact, type="mash.school.not-told.v1", topic="schools.told"):
    """No letter of the hub's goes to the child's school: the lead agency was told why."""

    because: Untold
    explanation: Line


class SchoolToTell(About, ReferralHead, Notice, type="mash.school-to-tell.v1"):
    """To the lead agency: no letter goes to the child's school, and why; answered by a school
    decision once somebody rang it, or to say which school it is, or that it is not to be told.
    """

    because: Untold
    explanation: Line
    school: School | None = Field(default=None, exclude_if=_no)
    """As it was told, where it was."""
    due_at: Instant | None = Field(default=None, exclude_if=_no)
    """When that school opens next, as far as is known."""


class SchoolDecision(ReferralHead):
    """The lead agency says what becomes of telling a child's school."""

    action: Literal["tell", "told", "not_to_be_told"]
    """``tell``: by a letter to ``school``; ``told``: somebody rang it."""
    school: Code | None = None
    """The partner that is the child's school."""
    decided_by: Line
    rationale: Line
    """For ``told``: who rang whom, and when."""


class SchoolDecided(
    AgencyFact,
    type="mash.school.decided.v1",
    topic="schools.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A school decision came in by a connector."""

    decision: SchoolDecision
