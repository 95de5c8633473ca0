"""Hop 3: the child, family and case that a notification is about."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from schemas.base import Code, Fact, Identity, Line, Shape
from schemas.notification import Notification
from schemas.person import Person


class Worker(Shape):
    """An allocated social worker and the team that gets what is handed over (R9)."""

    name: Line
    team: Code
    """The agency or team whose queue the worker reads."""
    case_reference: Identity
    """The reference of the open case in the case system."""


class OpenCase(Shape):
    """An entry of the feed of open cases from the case systems (R7): this child has, or no longer
    has, a worker.
    """

    reference: Identity
    child: Person
    worker: Worker | None
    """None once the case is closed or unallocated."""
    since: dt.date


class OpenCaseReceived(Fact, agency="agency", area="area"):
    """The case system told of an open case."""

    type: ClassVar = "mash.open-case.received.v1"
    topic: ClassVar = "open_cases.received"

    agency: Code
    area: Code
    open_case: OpenCase

    @property
    def subject(self) -> str:
        return f"{self.agency}/{self.open_case.reference}"


class LinkOutcome(StrEnum):
    """What linking came to: the child is known, a human must look, or the child is new."""

    LINKED = "linked"
    REVIEW = "review"
    NEW = "new"


class Candidate(Shape):
    """A person that the notification may be about, with the reasons in plain words."""

    person_id: Identity
    score: float
    """Odds in bits: log2 of how much likelier this is the child than a brother or sister, a
    namesake or anybody.
    """
    reasons: tuple[Line, ...]


class ChildLinked(Fact, case="case_id", referral="referral_id", agency="agency", area="area"):
    """A referral was linked to a child, family and case; in doubt to a provisional new child, with
    candidates.
    """

    type: ClassVar = "mash.case.child-linked.v1"
    topic: ClassVar = "cases.linked"

    referral_id: Identity
    agency: Code
    area: Code
    person_id: Identity
    family_id: Identity
    case_id: Identity
    outcome: LinkOutcome
    score: float
    """Of the best candidate, as :class:`Candidate` has it; 0 where nobody is known or a human
    decided.
    """
    margin: float | None = None
    """How far the best candidate is ahead of the next, in bits; None where nobody else comes into
    question.
    """
    reasons: tuple[Line, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=5)
    model: Code
    """The version of the linkage model that decided."""
    earlier_referrals: int = Field(ge=0)
    """How many referrals the case had before this one (R12)."""
    allocated_to: Worker | None = None
    """Set when the case has a social worker: handed over at once, not rated here (R9)."""
    version: int = Field(default=1, ge=1)
    notification: Notification


class OpenCaseLinked(Fact, case="case_id"):
    """An open case of a case system was found to be about this child."""

    type: ClassVar = "mash.case.open-case-linked.v1"
    topic: ClassVar = "cases.linked"

    person_id: Identity
    family_id: Identity
    case_id: Identity
    outcome: LinkOutcome
    score: float
    reasons: tuple[Line, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=5)
    model: Code
    worker: Worker | None


class LinkCorrected(Fact, case="case_id", referral="referral_id"):
    """A human changed which child a referral is about; cases and products downstream follow."""

    type: ClassVar = "mash.case.link-corrected.v1"
    topic: ClassVar = "cases.linked"

    referral_id: Identity
    from_person_id: Identity
    from_case_id: Identity
    person_id: Identity
    family_id: Identity
    case_id: Identity
    decided_by: Line
    rationale: Line
    decision_id: Identity | None = None
    """The decision that this follows from; by this id it can be undone."""
    revision: int = Field(default=0, ge=0)
    """How often the referral's link was decided by humans, this time included: the latest counts,
    whenever heard.
    """


class MergeSuggested(Fact, case="case_id"):
    """What came for one person makes it look like another known one: a human is asked whether they
    are one child.
    """

    type: ClassVar = "mash.case.merge-suggested.v1"
    topic: ClassVar = "cases.linked"

    person_id: Identity
    case_id: Identity
    other_person_id: Identity
    other_case_id: Identity
    score: float
    """Bits of evidence that they are one, as for a candidate."""
    reasons: tuple[Line, ...]
    model: Code


class SplitSuggested(Fact, case="case_id"):
    """What came for a person speaks against the rest that is known of it: a human is asked whether
    it is two.
    """

    type: ClassVar = "mash.case.split-suggested.v1"
    topic: ClassVar = "cases.linked"

    person_id: Identity
    case_id: Identity
    referral_ids: tuple[Identity, ...]
    """Those that agree with what came; the others of the person speak against them."""
    reasons: tuple[Line, ...]
    model: Code


class PersonsMerged(Fact, case="case_id"):
    """A human found two persons to be one child; each referral that moved has a correction of its
    own.
    """

    type: ClassVar = "mash.case.persons-merged.v1"
    topic: ClassVar = "cases.linked"

    decision_id: Identity
    person_id: Identity
    family_id: Identity
    case_id: Identity
    absorbed_person_id: Identity
    absorbed_case_id: Identity
    referral_ids: tuple[Identity, ...]
    """What moved."""
    decided_by: Line
    rationale: Line


class PersonsKeptApart(Fact, case="case_id"):
    """A human verified that two persons are two children: they are never taken for one without a
    human again.
    """

    type: ClassVar = "mash.case.persons-kept-apart.v1"
    topic: ClassVar = "cases.linked"

    decision_id: Identity
    person_id: Identity
    case_id: Identity
    other_person_id: Identity
    other_case_id: Identity
    decided_by: Line
    rationale: Line


class PersonSplit(Fact, case="case_id"):
    """A human found one person to be two children; each referral that moved has a correction of its
    own.
    """

    type: ClassVar = "mash.case.person-split.v1"
    topic: ClassVar = "cases.linked"

    decision_id: Identity
    from_person_id: Identity
    from_case_id: Identity
    person_id: Identity
    family_id: Identity
    case_id: Identity
    referral_ids: tuple[Identity, ...]
    """What moved."""
    decided_by: Line
    rationale: Line


class DecisionUndone(Fact, case="case_id"):
    """A human took back a decision about links; each referral that moved back has a correction of
    its own.
    """

    type: ClassVar = "mash.case.decision-undone.v1"
    topic: ClassVar = "cases.linked"

    decision_id: Identity
    undone_decision_id: Identity
    case_id: Identity
    """The case of the person whom it was about."""
    referral_ids: tuple[Identity, ...]
    """What moved back."""
    decided_by: Line
    rationale: Line
