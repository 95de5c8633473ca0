"""What people decide. A command may be refused; each carries who, why and what they saw (R47)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from operator import not_
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field

from schemas.base import (
    AgencyFact,
    AreaFact,
    Code,
    Fact,
    Identity,
    Instant,
    Line,
    Prose,
    ReferralHead,
    ReferralId,
    Shape,
)
from schemas.envelope import Envelope
from schemas.gathering import Overrule, Question, ToGather
from schemas.identity import IdentityField
from schemas.notification import Digest
from schemas.picture import DecidedOnPicture, Picture, Seen
from schemas.policy import StandingRelease
from schemas.product import CaseProduct, Choice, Disposal, RecallAnswer, SentProduct
from schemas.rating import Colour
from schemas.referrer import MayBeTold

_no: Callable[[object], bool] = not_


class RatingDecision(ToGather, ReferralHead):
    """A social worker confirms or changes a rating (R17, R20), and with it what is gathered."""

    colour: Colour
    may_be_told: MayBeTold | None = Field(default=None, exclude_if=_no)
    """What whoever brought the concern may be told of it, in these words; where there are none, the
    first time what the profile says.
    """
    decided_by: Line
    rationale: Line
    for_front_line: Prose | None = Field(default=None, exclude_if=lambda text: text is None)
    """Of a Red: what whoever it is told to at once is to know, in the lead agency's own words and
    nobody else's (R19).
    """
    saw: tuple[Seen, ...] = ()


class RequestDecision(ReferralHead):
    """A social worker asks an agency further, changes or cancels a request (R23), or has its clock
    stand still and run again.
    """

    action: Literal["ask", "change", "cancel", "pause", "resume"]
    agency: Code | None = None
    """Whom to ask."""
    request_id: Identity | None = None
    """Which request, unless it asks further."""
    question: Question | None = None
    due_at: Instant | None = None
    """By when to answer; None: as the profile says, or as it was."""
    overrules: tuple[Overrule, ...] = Field(default=(), max_length=30)
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class OutcomeDecision(ReferralHead):
    """A social worker closes a referral with an outcome (R38), or changes the outcome."""

    outcome: Disposal
    to: Code | None = None
    """The team or service that takes it from here."""
    may_be_told: Prose
    """What whoever brought the concern may be told of it, in these words."""
    without_product: Line | None = None
    """Why a Red is closed before its products are out; required there."""
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


class AdultsDecision(ReferralId):
    """A human says whether two adults of different families are one; if not, that is remembered as
    verified. The referral is the one whose picture showed the two.
    """

    adult_id: Identity
    """The adult's ``named_id`` in the picture."""
    other_adult_id: Identity
    """The ``named_id`` of where the adult is also named, or may be."""
    same: bool
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
    """An owner's named decision maker decides about one item of one product (R29, R30).

    What it withholds here it withholds of every product, until it lifts that.
    """

    referral_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """As the approval request has it. Decisions of old lack it; a new one is refused without."""
    item_id: Identity
    choice: Choice
    digest: Digest | None = None
    """The digest that was shown with the text chosen; of ``text``, worked out likewise, for words
    of the owner's own. Required unless withheld.
    """
    text: Prose | None = Field(default=None, exclude_if=lambda text: text is None)
    """The owner's own words, where it chooses these."""
    instead_of: Digest | None = Field(default=None, exclude_if=lambda digest: digest is None)
    """With words of its own: the digest of the original that it had before it; required."""
    recipient: Code
    purpose: Line
    decided_by: Line
    reason: Line | None = None
    """Required when withheld (L1)."""
    signpost: bool = True
    """For a withheld item: whether recipients may be told that its owner holds something (R34)."""
    signpost_to: tuple[Code, ...] = Field(default=(), max_length=50, exclude_if=not_)
    """Recipients who alone may be told so; none: whoever gets what it is left out of."""
    ask_again: bool = Field(default=False, exclude_if=not_)
    """For a withheld item: whether to ask about each further product that it would be in."""
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=not_)
    """Of whom the product is about, what is not to be told; for the agency that told it."""
    envelope: Envelope | None = Field(default=None, exclude_if=lambda signed: signed is None)
    """The statement of the approval request with who decided and why, signed with their key;
    required of an agency that has registered one, unless it withholds.
    """
    saw: tuple[Seen, ...] = ()


class Ruling(StrEnum):
    """What an owner says of its item, whatever product it is in (R27, R30)."""

    WITHHOLD = "withhold"
    LIFT = "lift"
    """Withheld no longer: products may hold it again, once they are approved."""
    RECALL = "recall"
    """Withheld, and asked back from every recipient that has it."""
    AMEND = "amend"
    """Its words are others now: each product that it is in is put before its owner again."""


class ItemDecision(ReferralHead):
    """An owner's named decision maker rules about its item in every product of a referral."""

    item_id: Identity
    ruling: Ruling
    text: Prose | None = Field(default=None, exclude_if=lambda text: text is None)
    """For an amendment: the whole of what the item says now."""
    decided_by: Line
    reason: Line | None = None
    """Required when withheld or recalled (L1)."""
    signpost: bool = True
    """For a withheld item: whether recipients may be told that its owner holds something (R34)."""
    signpost_to: tuple[Code, ...] = Field(default=(), max_length=50, exclude_if=not_)
    """Recipients who alone may be told so; none: whoever gets what it is left out of."""
    ask_again: bool = False
    """For a withheld item: whether to ask about each further product that it would be in."""
    saw: tuple[Seen, ...] = ()


class StandingDecision(StandingRelease):
    """An owner's named decision maker releases kinds of its items beforehand, in a dated message.

    Under the id of an earlier one it takes that one's place.
    """

    standing_id: Identity
    """The agency's own name of it."""


class StandingWithdrawal(Shape):
    """An owner's named decision maker takes back what it released beforehand."""

    standing_id: Identity
    decided_by: Line
    reason: Line


class DeliveryReceipt(CaseProduct):
    """A recipient confirms that a product arrived."""

    status: Literal["received", "refused"]
    received_by: Line
    reason: Line | None = Field(default=None, exclude_if=lambda reason: reason is None)
    """Why it is refused, where they say."""
    done: Prose | None = Field(default=None, exclude_if=lambda done: done is None)
    """What was done with it, once it was: then, or by a later receipt. The lead agency reads it."""


class RecallReceipt(CaseProduct):
    """A recipient says what it did about a product, or an item of one, that was recalled."""

    recall_id: Identity
    status: RecallAnswer
    answered_by: Line
    reason: Line | None = None
    """Required where it cannot be undone: what was done with it, and who has it now."""


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


class OutcomeDecided(
    DecidedOnPicture,
    type="mash.outcome.decided.v1",
    topic="outcomes.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """An outcome decision came in by a connector."""

    decision: OutcomeDecision


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


class AdultsDecided(
    DecidedOnPicture,
    AreaFact,
    type="mash.adults.decided.v1",
    topic="links.decided",
    subject="decision.referral_id",
    referral="decision.referral_id",
):
    """A decision about two adults came in by a connector."""

    decision: AdultsDecision
    pictured: bool = Field(default=False, exclude_if=not_)
    """Whether a picture that it names as seen shows the two together; noted at the door."""

    def showed_by(self, pictures: Iterable[Picture]) -> Self:
        """With whether one of these pictures, which were shown, shows the two together."""
        pair = self.decision.adult_id, self.decision.other_adult_id
        shown = any(pair in picture.adults_elsewhere() for picture in pictures)
        return self.model_copy(update={"pictured": shown})


Settled: TypeAlias = LinkDecided | PersonsDecided | SplitDecided | UndoDecided | AdultsDecided
"""Everything that humans decide about links."""


class ReleaseDecided(
    AgencyFact,
    type="mash.release.decided.v1",
    topic="releases.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
    product="decision.product_id",
):
    """An owner's decision came in by a connector.

    ``agency`` is who the credential says, not what the message says.
    """

    decision: ReleaseDecision


class ReleaseBegun(
    AgencyFact,
    type="mash.release.begun.v1",
    topic="releases.begun",
    subject="decision.case_id",
    referral="decision.referral_id",
    product="decision.product_id",
):
    """The first of two people of an owner signed an approval at their desk. It decides nothing: it
    waits there for the second, with whose signature it is sent.
    """

    decision: ReleaseDecision


class ItemRuled(
    AgencyFact,
    type="mash.item.ruled.v1",
    topic="releases.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """An owner's ruling about an item came in by a connector."""

    decision: ItemDecision


class StandingFact(AgencyFact, topic="releases.decided", subject="agency"):
    """What an owner releases beforehand, for products of any referral."""


class StandingReleased(StandingFact, type="mash.standing.released.v1"):
    """An owner's standing release came in by a connector."""

    decision: StandingDecision


class StandingWithdrawn(StandingFact, type="mash.standing.withdrawn.v1"):
    """An owner's withdrawal of a standing release came in by a connector."""

    decision: StandingWithdrawal


class DeliveryReceived(
    AgencyFact,
    type="mash.delivery.received.v1",
    topic="deliveries.received",
    subject="receipt.case_id",
    product="receipt.product_id",
):
    """A recipient's delivery receipt came in by a connector."""

    receipt: DeliveryReceipt


class RecallReceived(
    AgencyFact,
    type="mash.recall.received.v1",
    topic="deliveries.received",
    subject="receipt.case_id",
    product="receipt.product_id",
):
    """A recipient's answer to a recall came in by a connector."""

    receipt: RecallReceipt


class ProductFetched(
    SentProduct,
    Fact,
    type="mash.product.fetched.v1",
    topic="deliveries.received",
    case="case_id",
    referral="referral_id",
    product="product_id",
):
    """A product was handed to its recipient: from now on it can only be recalled."""

    letter_id: Identity
    referral_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """Facts of old lack it."""


class ProductStopped(
    SentProduct,
    Fact,
    type="mash.product.stopped.v1",
    topic="deliveries.received",
    case="case_id",
    product="product_id",
):
    """A product was not handed out: its recipient has no agreement in force that day (R50), or not
    every owner of what is in it lets it leave any more.
    """

    letter_id: Identity
    reason: Line | None = Field(default=None, exclude_if=lambda reason: reason is None)
    """None: there is no agreement."""


class ProductUnsent(
    SentProduct,
    Fact,
    type="mash.product.unsent.v1",
    topic="deliveries.received",
    case="case_id",
    referral="referral_id",
    product="product_id",
):
    """A product was in hand and goes no more, as something of it was taken back meanwhile: what is
    left of it is to go in its place.
    """

    letter_id: Identity
    tried: bool = Field(default=False, exclude_if=not_)
    """Whether there was an earlier attempt, which may have come through."""
    referral_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
