"""Checks of systems: whether those of partners know a child, asked once it is linked (R7, R8).

Question and answer are those of the draft MAIS standard: who the child is, on which basis; known or
not, basic involvement, whom to ask further.
"""

from __future__ import annotations

import datetime as dt
from operator import not_
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from schemas.base import AgencyFact, Code, Identity, Instant, Line, Notice, ReferralFact, Shape
from schemas.notification import SetAside
from schemas.person import Person
from schemas.product import Disposal
from schemas.registers import Involvement

SystemKind = Literal[
    "ics",
    "ecaf",
    "police",
    "health",
    "education",
    "housing",
    "probation",
    "youth_justice",
    "other",
]
"""``ics``: the case system; ``ecaf``: the register of what is below threshold."""

Asked = Annotated[str, StringConstraints(max_length=200, pattern=r"^.+/[a-z0-9][a-z0-9_.:-]*$")]
"""Which check: the referral and the system, ``<referral>/<system>``; a reply repeats it."""


def check_id(referral_id: str, system: str) -> str:
    """The id of the check of a system for a referral."""
    return f"{referral_id}/{system}"


class CheckId(Shape):
    """Which check."""

    check_id: Asked

    @property
    def referral_id(self) -> str:
        """The referral that it is for."""
        return self.check_id.rpartition("/")[0]


class System(Shape):
    """A system of a partner that may know children."""

    system: Code
    agency: Code
    """Whose it is."""
    kind: SystemKind


class CheckRequest(CheckId, System, Notice, type="mash.check-request.v1"):
    """To the agency of a system: do you know this child? Answered by a check reply."""

    purpose: Line
    legal_basis: Line
    """As the agreement names it."""
    sharing_policy: Line
    """The information-sharing agreement that the check stands on."""
    due_at: Instant
    child: Person
    """Who is asked about, and no more than the agreement lets the hub tell."""


class CheckReply(Involvement, CheckId):
    """What a system answers: whether it knows the child, how, and whom to ask further."""

    decision: Literal["permit", "deny", "review"] = Field(
        default="permit", exclude_if=lambda decision: decision == "permit"
    )
    """``deny``: it does not say; ``review``: a human looks, and another reply follows."""
    known: bool | None = Field(default=None, exclude_if=lambda known: known is None)
    """Required of a reply that is permitted."""
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What else it said and could not be used."""


class CheckReplyReceived(
    AgencyFact,
    type="mash.check-reply.received.v1",
    topic="checks.received",
    subject="referral_id",
    referral="referral_id",
):
    """A system's answer came in by a connector."""

    referral_id: Identity
    reply: CheckReply


class CheckResult(Involvement, CheckId, System):
    """What came of one check, for the picture; a register of the hub's may say several things."""

    asked_at: Instant
    """For a register of the hub's own: when it was looked into."""
    due_at: Instant | None = Field(default=None, exclude_if=not_)
    """Until when its agency was to answer; None for a register of the hub's own."""
    answered_at: Instant | None = Field(default=None, exclude_if=not_)
    late: bool = Field(default=False, exclude_if=not_)
    """Whether it was not answered in time."""
    known: bool | None = Field(default=None, exclude_if=lambda known: known is None)
    """None while there is no answer, or where that does not say."""
    possible: bool = Field(default=False, exclude_if=not_)
    """Whether a human has still to say that it is this child who is known."""
    denied: bool = Field(default=False, exclude_if=not_)
    """Whether it answered that it does not say."""

    @property
    def state(self) -> Literal["awaited", "answered", "late"]:
        """``late``: nothing came by ``due_at``, nor has since."""
        if self.answered_at is not None:
            return "answered"
        return "late" if self.late else "awaited"


class NotChecked(System):
    """A system that was not asked, and why."""

    reason: Line


class ChecksFact(ReferralFact, topic="checks.requested"):
    """Systems were asked, registers of the hub's own were looked into; the others say why not."""

    requests: tuple[CheckRequest, ...] = ()
    """Exactly what was told to whom."""
    results: tuple[CheckResult, ...] = ()
    """What the hub's own registers say."""
    not_asked: tuple[NotChecked, ...] = ()


class ChecksRequested(ChecksFact, type="mash.checks.requested.v1"):
    """As soon as a child was linked."""


class ChecksRevised(ChecksFact, type="mash.checks.revised.v1"):
    """Later: of a system that is named here, what was said before counts no more."""


class Concluded(Shape):
    """How an earlier referral about the child ended: what is below threshold is on record."""

    earlier_referral_id: Identity
    case_id: Identity
    """The case of the child to whom that referral belongs."""
    outcome: Disposal | None
    """None where it is open, or open again."""
    on: dt.date


class EarlierConcluded(
    Concluded, ReferralFact, type="mash.earlier.concluded.v1", topic="checks.answered"
):
    """To a referral: how an earlier one about the same child ended, or that it is open again."""


class CheckFact(ReferralFact, topic="checks.answered", agency="agency"):
    """What became of one check that was put to an agency."""

    agency: Code
    result: CheckResult


class CheckAnswered(CheckFact, type="mash.check.answered.v1"):
    """A system answered; of several answers to one check the latest counts."""


class CheckLate(CheckFact, type="mash.check.late.v1"):
    """A system has not answered by the time allowed: it is waited for no longer."""
