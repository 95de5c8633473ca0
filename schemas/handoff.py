"""What a referral came to goes to the authority's case system, beside which the hub sits (R43,
R56).

What is shared goes there as any product does: the profile names the case system among a colour's
recipients, so that its owners approve it for that.
"""

from __future__ import annotations

from operator import not_

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
from schemas.outcome import Because
from schemas.product import Disposal


class OutcomeForCases(About, ReferralHead, Notice, type="mash.case-outcome.v1"):
    """To the case system: with what outcome a referral was closed, for its own record of the child.

    The rationale stays in the hub, where what it rests on was revealed (R28, R44).
    """

    handoff_id: Identity
    outcome: Disposal
    to: Code | None = Field(default=None, exclude_if=not_)
    """The team or service that takes it from here."""
    may_be_told: Prose
    """What whoever brought the concern may be told of it."""
    decided_by: Line
    decided_at: Instant
    supersedes: Identity | None = Field(default=None, exclude_if=not_)
    """The earlier handoff of which this takes the place."""


class OpenAgainForCases(About, ReferralHead, Notice, type="mash.case-reopened.v1"):
    """To the case system: what it was told of a referral stands no more, as that is open again.

    Its ``case_id`` is the case for which it has the outcome. Answered by a case receipt.
    """

    handoff_id: Identity
    because: Because
    says: Line
    """That it is open again, and why."""
    to_do: Line
    reopened_at: Instant
    case_reference: Identity | None = Field(default=None, exclude_if=not_)
    """Under which the case system has the outcome, where it said so."""
    supersedes: Identity
    """The handoff whose outcome stands no more."""
    contact: Line
    """Whom to ring about it."""


class OutcomeHandedOff(ReferralFact, type="mash.case.handed-off.v1", topic="cases.handed_off"):
    """An outcome, or that it stands no more, is on its way to the case system, which owes a
    receipt.
    """

    handoff_id: Identity
    to: Code
    open_again: bool = Field(default=False, exclude_if=not_)
    """The referral is open again, and the outcome handed off before stands no more."""
    supersedes: Identity | None = Field(default=None, exclude_if=not_)


class OutcomeKeptBack(ReferralFact, type="mash.case.kept-back.v1", topic="cases.handed_off"):
    """An outcome, or that it stands no more, does not go to the case system."""

    to: Code
    reason: Line


class OutcomeRecorded(ReferralFact, type="mash.case.recorded.v1", topic="cases.handed_off"):
    """The case system has an outcome in its own record."""

    handoff_id: Identity
    recorded_by: Line
    case_reference: Identity | None = Field(default=None, exclude_if=not_)
    """Under which it has the child."""


class CaseReceipt(ReferralHead):
    """The case system says that it has an outcome in its own record, and under what reference."""

    handoff_id: Identity
    recorded_by: Line
    """Who or what took it in."""
    case_reference: Identity | None = None


class CaseReceiptReceived(
    AgencyFact,
    type="mash.case-receipt.received.v1",
    topic="handoffs.received",
    subject="receipt.case_id",
    referral="receipt.referral_id",
):
    """A case system's receipt came in by a connector."""

    receipt: CaseReceipt
