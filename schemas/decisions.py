"""What people decide. A command may be refused; each carries who, why and what they saw (R47)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

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
    """A human settles which child a referral is about; ``person_id`` None says: none of the
    candidates.
    """

    referral_id: Identity
    person_id: Identity | None
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class PersonsDecision(Shape):
    """A human settles whether two persons are one child: joined into one, or remembered as verified
    to be two.
    """

    person_id: Identity
    """Where they are one, this is kept: what is known of the other, its referrals and worker go to
    this one's case.
    """
    other_person_id: Identity
    same: bool
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class SplitDecision(Shape):
    """A human finds that some referrals of a person are about another child; ``to_person_id`` None:
    a new one.
    """

    person_id: Identity
    referral_ids: Annotated[tuple[Identity, ...], Field(min_length=1, max_length=500)]
    to_person_id: Identity | None
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class UndoDecision(Shape):
    """A human takes back an earlier decision about links, so that what was before it holds
    again.
    """

    decision_id: Identity
    """The id of its receipt, which every fact that it caused names too."""
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


class RatingDecided(
    Fact, subject="decision.case_id", referral="decision.referral_id", agency="agency"
):
    """A rating decision came in by a connector."""

    type: ClassVar = "mash.rating.decided.v1"
    topic: ClassVar = "ratings.decided"

    agency: Code
    decision: RatingDecision


class LinkDecided(
    Fact,
    subject="decision.referral_id",
    referral="decision.referral_id",
    agency="agency",
    area="area",
):
    """A link decision came in by a connector."""

    type: ClassVar = "mash.link.decided.v1"
    topic: ClassVar = "links.decided"

    agency: Code
    area: Code
    decision: LinkDecision


class PersonsDecided(Fact, subject="decision.person_id", agency="agency", area="area"):
    """A decision about two persons came in by a connector."""

    type: ClassVar = "mash.persons.decided.v1"
    topic: ClassVar = "links.decided"

    agency: Code
    area: Code
    decision: PersonsDecision


class SplitDecided(Fact, subject="decision.person_id", agency="agency", area="area"):
    """A decision to split a person came in by a connector."""

    type: ClassVar = "mash.split.decided.v1"
    topic: ClassVar = "links.decided"

    agency: Code
    area: Code
    decision: SplitDecision


class UndoDecided(Fact, subject="decision.decision_id", agency="agency", area="area"):
    """A decision to take back an earlier one came in by a connector."""

    type: ClassVar = "mash.undo.decided.v1"
    topic: ClassVar = "links.decided"

    agency: Code
    area: Code
    decision: UndoDecision


Settled: TypeAlias = LinkDecided | PersonsDecided | SplitDecided | UndoDecided
"""Everything that humans decide about links."""


class ReleaseDecided(Fact, subject="decision.case_id", agency="agency"):
    """An owner's decision came in by a connector; ``agency`` is who the credential says, not what
    the message says.
    """

    type: ClassVar = "mash.release.decided.v1"
    topic: ClassVar = "releases.decided"

    agency: Code
    decision: ReleaseDecision


class DeliveryReceived(Fact, subject="receipt.case_id", agency="agency"):
    """A recipient's delivery receipt came in by a connector."""

    type: ClassVar = "mash.delivery.received.v1"
    topic: ClassVar = "deliveries.received"

    agency: Code
    receipt: DeliveryReceipt
