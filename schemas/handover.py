"""A referral about a child with an allocated social worker is with that worker's team (R9): who of
it has it, what was decided since, and how it is taken back.
"""

from __future__ import annotations

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
    ReferralFact,
    ReferralHead,
)
from schemas.calendar import Contact
from schemas.case import Worker
from schemas.identity import About
from schemas.picture import DecidedOnPicture, PictureGiven, Seen
from schemas.product import Disposal
from schemas.rating import Colour


class HandoverReceipt(ReferralHead):
    """A person of a worker's team says that they have what was handed over, or that it is not
    theirs.
    """

    status: Literal["received", "refused", "given_up"]
    """``given_up``: what was taken back is not acted on, and destroyed wherever they had it."""
    received_by: Line
    reason: Line | None = None
    """Required where it is refused, such as 'not ours'."""


class HandoverDecision(ReferralHead):
    """Who has a referral: a social worker of the lead agency takes a wrong handover back, so that
    the hub has it then; hands it to a team of the authority; or gives it to another social worker.
    """

    action: Literal["take_back", "hand_over", "give"]
    to: Code | None = Field(default=None, exclude_if=not_)
    """Whom it is handed to: a team that the profile names, or that of the child's worker."""
    worker: Line | None = Field(default=None, exclude_if=not_)
    """Who of that team has the child, where that is known."""
    person: Line | None = Field(default=None, exclude_if=not_)
    """Who of the lead agency's social workers is given it."""
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()
    """Needed, but to give it to somebody: that decides nothing about the child."""


class HandoverReceived(
    AgencyFact,
    type="mash.handover.received.v1",
    topic="handovers.received",
    subject="receipt.case_id",
    referral="receipt.referral_id",
):
    """A team's receipt of what was handed over came in by a connector."""

    receipt: HandoverReceipt


class HandoverFetched(
    ReferralFact, type="mash.handover.fetched.v1", topic="handovers.received", agency="agency"
):
    """A handover was handed to its team: from now on it has to be told that it is taken back."""

    agency: Code
    letter_id: Identity


class HandoverDecided(
    DecidedOnPicture,
    type="mash.handover.decided.v1",
    topic="handovers.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A decision about a handover came in by a connector."""

    decision: HandoverDecision


class HandoverFact(ReferralFact, topic="handovers.settled", agency="agency"):
    """What became of a handover."""

    agency: Code
    """Whose queue the worker's team reads."""
    letter_id: Identity
    """The letter that handed it over."""


class HandoverGiven(HandoverFact, type="mash.handover.given.v1"):
    """A human handed it to a team, which owes a receipt from now on; the hub has it still, until it
    is closed.
    """

    worker: Worker
    """Whose team that is; by the team's own name where nobody there has the child yet."""
    revision: int = 0
    """Of the correction of its link after which it was."""
    decided_by: Line
    rationale: Line
    picture_id: Identity


class ReferralGiven(ReferralFact, type="mash.referral.given.v1", topic="handovers.settled"):
    """A social worker of the lead agency has it from now on: somebody gave it to them, or they took
    it.
    """

    person: Line
    before: Line | None = Field(default=None, exclude_if=not_)
    """Who had it, where anybody did."""
    decided_by: Line
    rationale: Line


class HandoverConfirmed(HandoverFact, type="mash.handover.confirmed.v1"):
    """A person of the team has it."""

    received_by: Line


class HandoverRefused(HandoverFact, type="mash.handover.refused.v1"):
    """The team says that it is not theirs: whoever is first in the chain is told at once."""

    received_by: Line
    reason: Line


class HandoverTakenBack(HandoverFact, type="mash.handover.taken-back.v1"):
    """The team has it no longer: a human decided so, or the referral is about another child."""

    decided_by: Line
    rationale: Line
    picture_id: Identity | None = Field(default=None, exclude_if=not_)
    """The picture that it was decided on, where it was decided about the handover itself."""


class HandoverGivenUp(HandoverFact, type="mash.handover.given-up.v1"):
    """The team has read that it was taken back, and keeps nothing of it."""

    received_by: Line


class HandoverMade(ReferralHead, Notice, type="mash.handed-over.v1"):
    """For the lead agency, of which nothing is asked: a referral is with the team of its child's
    worker.

    A rating decision takes it up beside them; a handover decision takes it back.
    """

    worker: Worker
    suggested: Colour
    explanation: Line
    picture: PictureGiven | None = Field(default=None, exclude_if=not_)
    """Added as the letter is handed out."""


class HandoverNotTaken(About, ReferralHead, Notice, type="mash.handover-refused.v1"):
    """For whoever is first in the chain: the team that a referral was handed to says that it is not
    theirs, so nobody has it. Answered by a handover decision or a rating decision.
    """

    worker: Worker
    received_by: Line
    reason: Line
    told: Contact | None = Field(default=None, exclude_if=not_)
    picture: PictureGiven | None = Field(default=None, exclude_if=not_)
    """Added as the letter is handed out."""


class HandoverNews(About, ReferralHead, Notice, type="mash.handover-news.v1"):
    """For the team that a referral was handed to: what was decided about it."""

    worker: Worker
    says: Line
    colour: Colour
    """As it is rated."""
    outcome: Disposal | None = Field(default=None, exclude_if=not_)
    """With which it was closed."""
    decided_at: Instant
    contact: Line
    """Whom to ring about it."""


class HandoverRecall(About, ReferralHead, Notice, type="mash.handover-recall.v1"):
    """For a team that was handed a referral: it is taken back. Answered by a handover receipt."""

    worker: Worker
    reason: Line
    to_do: Line
    due_at: Instant | None = Field(default=None, exclude_if=not_)
    """By when the receipt is awaited."""
    contact: Line
    """Whom to ring about it."""
