"""What people decide. A command may be refused; each carries who, why and what they saw (R47)."""

from __future__ import annotations

from typing import ClassVar, Literal

from schemas.base import Code, Fact, Identity, Line, Shape
from schemas.notification import Digest
from schemas.product import Choice
from schemas.rating import Colour


class Seen(Shape):
    """Something that the decider had before them: its id and the digest of its exact content."""

    id: Identity
    digest: Digest


class RatingDecision(Shape):
    """A social worker confirms or changes a rating (R17, R20)."""

    referral_id: Identity
    case_id: Identity
    colour: Colour
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class LinkDecision(Shape):
    """A human settles which child a referral is about; ``person_id`` None says: none of the candidates."""

    referral_id: Identity
    person_id: Identity | None
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class ReleaseDecision(Shape):
    """An owner's named decision maker decides about one item of one product (R29, R30)."""

    product_id: Identity
    case_id: Identity
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


class DeliveryReceipt(Shape):
    """A recipient confirms that a product arrived."""

    product_id: Identity
    case_id: Identity
    status: Literal["received", "refused"]
    received_by: Line


class RatingDecided(Fact):
    """A rating decision came in by a connector."""

    type: ClassVar = "mash.rating.decided.v1"
    topic: ClassVar = "ratings.decided"

    agency: Code
    decision: RatingDecision

    @property
    def subject(self) -> str:
        return self.decision.case_id


class LinkDecided(Fact):
    """A link decision came in by a connector."""

    type: ClassVar = "mash.link.decided.v1"
    topic: ClassVar = "links.decided"

    agency: Code
    area: Code
    decision: LinkDecision

    @property
    def subject(self) -> str:
        return self.decision.referral_id


class ReleaseDecided(Fact):
    """An owner's decision came in by a connector; ``agency`` is who the credential says, not what the message says."""

    type: ClassVar = "mash.release.decided.v1"
    topic: ClassVar = "releases.decided"

    agency: Code
    decision: ReleaseDecision

    @property
    def subject(self) -> str:
        return self.decision.case_id


class DeliveryReceived(Fact):
    """A recipient's delivery receipt came in by a connector."""

    type: ClassVar = "mash.delivery.received.v1"
    topic: ClassVar = "deliveries.received"

    agency: Code
    receipt: DeliveryReceipt

    @property
    def subject(self) -> str:
        return self.receipt.case_id
