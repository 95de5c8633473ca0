"""Hop 3: the child, family and case that a notification is about."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from operator import not_
from typing import Final, Literal

from pydantic import Field

from schemas.base import AreaFact, Code, Fact, Identity, Line, ReferralFact, ReferralId, Shape
from schemas.notification import Notification, SetAside
from schemas.person import Person
from schemas.registers import KnownTo


class Worker(Shape):
    """An allocated social worker and the team that gets what is handed over (R9)."""

    name: Line
    team: Code
    """The agency or team whose queue the worker reads."""
    case_reference: Identity
    """The reference of the open case in the case system."""


class OpenCase(Shape):
    """An entry of a case system's feed (R7): this child has, or no longer has, a worker."""

    reference: Identity
    child: Person
    worker: Worker | None
    """None once the case is closed or unallocated."""
    since: dt.date
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What else was said of the child and could not be used."""


class OpenCaseReceived(
    AreaFact,
    type="mash.open-case.received.v1",
    topic="open_cases.received",
    subject="agency/open_case.reference",
):
    """The case system told of an open case."""

    open_case: OpenCase


class LinkOutcome(StrEnum):
    """What linking came to: the child is known, a human must look, or the child is new."""

    LINKED = "linked"
    REVIEW = "review"
    NEW = "new"


class Candidate(Shape):
    """A person that the notification may be about, with the reasons in plain words."""

    person_id: Identity
    score: float
    """log2 of how much likelier this is the child than a brother, sister, namesake or anybody."""
    reasons: tuple[Line, ...]


Stated = Literal["name", "date_of_birth", "relation"]
"""A fact that an agency states of a child; ``relation``: the adults of the family."""
Found = Literal["agrees", "differs", "not_known"]
"""How it compares with what the hub knew of the child before; ``not_known``: nothing to compare."""


class Counted(Shape):
    """How many concerns of their own there were in the months up to a concern, itself included
    (R12).

    New versions, resends and forwarded copies are none; an event with several children is one
    concern about the family.
    """

    of_child: int = Field(ge=0)
    of_family: int = Field(ge=0)
    months: int = Field(default=12, ge=1, exclude_if=lambda months: months == 12)


ONCE: Final = Counted(of_child=1, of_family=1)
"""Of whoever nobody has told of before."""


class Child(Shape):
    """A child as linking knows it: a person in a family, with a case."""

    person_id: Identity
    family_id: Identity
    case_id: Identity


class ChildLinked(
    Child,
    AreaFact,
    ReferralId,
    type="mash.case.child-linked.v1",
    topic="cases.linked",
    case="case_id",
    referral="referral_id",
):
    """A referral was linked to a child; in doubt to a provisional new one, with candidates."""

    outcome: LinkOutcome
    score: float
    """Of the best candidate, as :class:`Candidate` has it; 0 for none, or where a human decided."""
    margin: float | None = None
    """By how many bits the best candidate is ahead of the next; None where there is no next."""
    reasons: tuple[Line, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=5)
    model: Code
    """The version of the linkage model that decided."""
    earlier_referrals: int = Field(ge=0)
    """How many referrals the case had before this one, of whatever time."""
    counted: Counted | None = Field(default=None, exclude_if=lambda counted: counted is None)
    """The concerns of late about the child and its family (R12); None for the first of a family,
    and in facts of old."""

    @property
    def repeats(self) -> Counted:
        """The same, whoever said it: by facts of old all that the child ever had."""
        count = self.earlier_referrals + 1
        return self.counted or Counted(of_child=count, of_family=count)

    allocated_to: Worker | None = None
    """Set when the case has a social worker: handed over to that worker's team at once (R9)."""
    letter_id: Identity | None = Field(default=None, exclude_if=not_)
    """The letter that hands it over."""
    version: int = Field(default=1, ge=1)
    notification: Notification
    amends: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The referral of version 1, where its own agency amends what it notified."""
    versions: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """With ``amends``: the referrals of its earlier versions."""
    same_concern_as: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The referral that told of this concern first, where it came again under a new reference."""
    resent_from: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """Where the referral that it amends, or tells again, told again itself: what told of the
    concern first.
    """
    said_before: tuple[Identity, ...] = Field(default=(), max_length=5, exclude_if=not_)
    """Concerns of late of which its agency told in these very words, and which are others: by when
    they were observed, or as its words are short. What it said of the words it may mean of these.
    """
    checked: dict[Stated, Found] = Field(default={}, exclude_if=not_)
    """How what was told agrees with what was known of this child before (L6)."""
    known_to: tuple[KnownTo, ...] = Field(default=(), exclude_if=not_)
    """What registers that the hub keeps say of the child, and of whom it may be (R7)."""
    family: tuple[Person, ...] = Field(default=(), exclude_if=not_)
    """What else was known of the child's family, and of its other children each: told to nobody,
    but looked for in what is."""

    @property
    def first_told(self) -> str | None:
        """The referral under which what owners say of the concern is remembered; None: this one."""
        return self.resent_from or self.amends or self.same_concern_as


class FromPerson(Shape):
    """The person and case that what moved belonged to before."""

    from_person_id: Identity
    from_case_id: Identity


class CaseFact(Fact, topic="cases.linked", case="case_id"):
    """What linking did for a case."""


class ConcernFollowed(
    ReferralId, CaseFact, type="mash.case.concern-followed.v1", referral="referral_id"
):
    """A further notification about the same child came after this referral."""

    case_id: Identity
    further_referral_id: Identity
    latest: bool = Field(default=False, exclude_if=not_)
    """Whether no other of the child's referrals came between them."""
    same_concern: bool
    """Whether it tells of the same concern: a new version, or sent again."""


class FamilyConcern(
    ReferralId, CaseFact, type="mash.case.family-concern.v1", referral="referral_id"
):
    """A notification about another child of the family came after this referral."""

    case_id: Identity
    further_referral_id: Identity
    same_concern: bool
    """Whether it tells of the same concern as an earlier one about that child."""


class NotificationAmended(
    ReferralId, CaseFact, type="mash.case.notification-amended.v1", referral="referral_id"
):
    """The agency of this referral has amended its notification: these are its words now."""

    case_id: Identity
    amended_by: Identity
    """The referral that the amendment made."""
    version: int = Field(ge=2)
    notification: Notification
    allocated_to: Worker | None = Field(default=None, exclude_if=not_)
    """Whose team the amendment was handed to."""


class VersionMoved(ReferralId, CaseFact, type="mash.case.version-moved.v1", referral="referral_id"):
    """A human moved a later version of this referral's notification to another child: this one
    stands by itself again.
    """

    case_id: Identity
    moved: Identity
    """The referral that the later version made."""


class OpenCaseLinked(Child, CaseFact, type="mash.case.open-case-linked.v1"):
    """An open case of a case system was found to be about this child."""

    outcome: LinkOutcome
    score: float
    reasons: tuple[Line, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=5)
    model: Code
    worker: Worker | None


class LinkCorrected(
    Child,
    FromPerson,
    ReferralId,
    CaseFact,
    type="mash.case.link-corrected.v1",
    referral="referral_id",
):
    """A human changed which child a referral is about; cases and products downstream follow."""

    decided_by: Line
    rationale: Line
    decision_id: Identity | None = None
    """The decision that this follows from; by this id it can be undone."""
    revision: int = Field(default=0, ge=0)
    """How often humans have decided this link, now included: the latest counts, whenever heard."""
    in_doubt: bool = Field(default=False, exclude_if=not_)
    """No decision about it stands any more: it is as it was before humans looked."""
    checked: dict[Stated, Found] = Field(default={}, exclude_if=not_)
    """How what was told agrees with what else is known of the child whom it is about now (L6)."""
    allocated_to: Worker | None = Field(default=None, exclude_if=not_)
    """Of the child that it is about now."""
    letter_id: Identity | None = Field(default=None, exclude_if=not_)
    """The letter by which that worker's team has it."""
    known_to: tuple[KnownTo, ...] = Field(default=(), exclude_if=not_)
    """What registers that the hub keeps say of that child (R7)."""


class RegisterEntryLinked(Child, CaseFact, type="mash.case.register-entry-linked.v1"):
    """An entry of a register that the hub keeps was found to be about this child (R7)."""

    entry_id: Identity
    known_to: KnownTo
    outcome: LinkOutcome
    score: float
    reasons: tuple[Line, ...]
    candidates: tuple[Candidate, ...] = Field(default=(), max_length=5)
    model: Code


class RegistersChanged(ReferralFact, type="mash.case.registers-changed.v1", topic="cases.linked"):
    """What registers say of the child of a referral is other than when it was linked (R7)."""

    allocated_to: Worker | None = Field(default=None, exclude_if=not_)
    known_to: tuple[KnownTo, ...] = Field(default=(), exclude_if=not_)


class PersonPair(Shape):
    """Two persons, each with its case."""

    person_id: Identity
    case_id: Identity
    other_person_id: Identity
    other_case_id: Identity


class LikelyPair(PersonPair):
    """Two persons who may be one child."""

    score: float
    """Bits of evidence that they are one, as for a candidate."""
    reasons: tuple[Line, ...]


class PersonReferrals(Shape):
    """A person who may be two children."""

    person_id: Identity
    case_id: Identity
    referral_ids: tuple[Identity, ...]
    """Those that agree with what came last; the person's others speak against them."""
    reasons: tuple[Line, ...]


class MergeSuggested(LikelyPair, CaseFact, type="mash.case.merge-suggested.v1"):
    """A human is asked whether two persons are one child, as what came makes them look alike."""

    model: Code


class SplitSuggested(PersonReferrals, CaseFact, type="mash.case.split-suggested.v1"):
    """A human is asked whether a person is two children, as what came speaks against the rest."""

    model: Code


class DecisionId(Shape):
    """Which decision about links."""

    decision_id: Identity


class PersonsMerged(Child, DecisionId, CaseFact, type="mash.case.persons-merged.v1"):
    """A human found two persons to be one child; each referral that moved has its correction."""

    absorbed_person_id: Identity
    absorbed_case_id: Identity
    referral_ids: tuple[Identity, ...]
    """What moved."""
    decided_by: Line
    rationale: Line


class PersonsKeptApart(PersonPair, DecisionId, CaseFact, type="mash.case.persons-kept-apart.v1"):
    """A human found two persons to be two children: only a human takes them for one again."""

    decided_by: Line
    rationale: Line


class PersonSplit(Child, FromPerson, DecisionId, CaseFact, type="mash.case.person-split.v1"):
    """A human found one person to be two children; each referral that moved has its correction."""

    referral_ids: tuple[Identity, ...]
    """What moved."""
    decided_by: Line
    rationale: Line


class AdultsSettled(
    ReferralId,
    DecisionId,
    CaseFact,
    type="mash.case.adults-settled.v1",
    referral="referral_id",
):
    """A human found two adults of different families to be one, or verified that they are two;
    the referral is the one whose picture showed them.
    """

    case_id: Identity
    adult_id: Identity
    other_adult_id: Identity
    same: bool
    decided_by: Line
    rationale: Line


class DecisionUndone(DecisionId, CaseFact, type="mash.case.decision-undone.v1"):
    """A human took back a decision about links; each referral moved back has its correction."""

    undone_decision_id: Identity
    case_id: Identity
    """The case of the person whom it was about."""
    referral_ids: tuple[Identity, ...]
    """What moved back."""
    decided_by: Line
    rationale: Line
