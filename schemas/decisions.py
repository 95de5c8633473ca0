"""What people decide. A command may be refused; each carries who, why and what they saw (R47)."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from schemas.base import (
    AgencyFact,
    AreaFact,
    Code,
    Identity,
    Instant,
    Line,
    ReferralHead,
    ReferralId,
    Shape,
)
from schemas.gathering import Overrule, Question, ToGather
from schemas.notification import Digest
from schemas.picture import DecidedOnPicture, Seen
from schemas.product import CaseProduct, Choice
from schemas.rating import Colour


class RatingDecision(ToGather, ReferralHead):
    """A social worker confirms or changes a rating (R17, R20), and with it what is gathered."""

    colour: Colour
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class RequestDecision(ReferralHead):
    """A social worker asks an agency further, or changes or cancels a request (R23)."""

    action: Literal["ask", "change", "cancel"]
    agency: Code | None = None
    """Whom to ask."""
    request_id: Identity | None = None
    """Which request to change or cancel."""
    question: Question | None = None
    due_at: Instant | None = None
    """By when to answer; None: as the profile says, or as it was."""
    overrules: tuple[Overrule, ...] = Field(default=(), max_length=30)
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class LinkDecision(ReferralId):
    """A human says which child a referral is about; ``person_id`` None: none of the candidates."""

    person_id: Identity | None
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class PersonsDecision(Shape):
    """A human says whether two persons are one child; if not, that is remembered as verified."""

    person_id: Identity
    """The one that is kept: the other's referrals, worker and all that is known go to its case."""
    other_person_id: Identity
    same: bool
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class SplitDecision(Shape):
    """A human finds some referrals of a person to be about another child.

    ``to_person_id`` None: about a new one.
    """

    person_id: Identity
    referral_ids: Annotated[tuple[Identity, ...], Field(min_length=1, max_length=500)]
    to_person_id: Identity | None
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class UndoDecision(Shape):
    """A human takes back an earlier decision about links: what was before it holds again."""

    decision_id: Identity
    """The id of its receipt, which every fact that it caused names too."""
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class ReleaseDecision(CaseProduct):
    """An owner's named decision maker decides about one item of one product (R29, R30)."""

    item_id: Identity
    choice: Choice
    digest: Digest | None = None
    """The digest that was shown with the text chosen; required unless withheld."""
    recipient: Code
    purpose: Line
    decided_by: Line
    reason: Line | None = None
    """Required when withheld (L1)."""
    signpost: bool = True
    saw: tuple[Seen, ...] = ()


class DeliveryReceipt(CaseProduct):
    """A recipient confirms that a product arrived."""

    status: Literal["received", "refused"]
    received_by: Line


class RatingDecided(
    DecidedOnPicture,
    type="mash.rating.decided.v1",
    topic="ratings.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A rating decision came in by a connector."""

    decision: RatingDecision


class RequestDecided(
    DecidedOnPicture,
    type="mash.request.decided.v1",
    topic="requests.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A decision about what is asked of an agency came in by a connector."""

    decision: RequestDecision


class LinkDecided(
    DecidedOnPicture,
    AreaFact,
    type="mash.link.decided.v1",
    topic="links.decided",
    subject="decision.referral_id",
    referral="decision.referral_id",
):
    """A link decision came in by a connector."""

    decision: LinkDecision


class PersonsDecided(
    AreaFact, type="mash.persons.decided.v1", topic="links.decided", subject="decision.person_id"
):
    """A decision about two persons came in by a connector."""

    decision: PersonsDecision


class SplitDecided(
    AreaFact, type="mash.split.decided.v1", topic="links.decided", subject="decision.person_id"
):
    """A decision to split a person came in by a connector."""

    decision: SplitDecision


class UndoDecided(
    AreaFact, type="mash.undo.decided.v1", topic="links.decided", subject="decision.decision_id"
):
    """A decision to take back an earlier one came in by a connector."""

    decision: UndoDecision


Settled: TypeAlias = LinkDecided | PersonsDecided | SplitDecided | UndoDecided
"""Everything that humans decide about links."""


class ReleaseDecided(
    AgencyFact,
    type="mash.release.decided.v1",
    topic="releases.decided",
    subject="decision.case_id",
    product="decision.product_id",
):
    """An owner's decision came in by a connector.

    ``agency`` is who the credential says, not what the message says.
    """

    decision: ReleaseDecision


class DeliveryReceived(
    AgencyFact,
    type="mash.delivery.received.v1",
    topic="deliveries.received",
    subject="receipt.case_id",
    product="receipt.product_id",
):
    """A recipient's delivery receipt came in by a connector."""

    receipt: DeliveryReceipt
