"""Hops 5 to 7: what may leave the hub, who allowed it, and that it arrived (R27 to R38)."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import (
    Code,
    Fact,
    Identity,
    Instant,
    Line,
    Notice,
    Prose,
    ReferralFact,
    ReferralHead,
    Shape,
)
from schemas.envelope import Envelope
from schemas.gathering import WithoutConsent
from schemas.identity import About, IdentityField, LeftOut, OwnedIdentity
from schemas.message import derived_id
from schemas.notification import MOST_PARTS, Digest
from schemas.rating import Colour
from schemas.safety import Around
from schemas.sharing import Sensitivity


def _none(value: object) -> bool:
    return value is None


def release_digest(
    *, item_id: str, recipient: str, purpose: str, text: str, about: str = ""
) -> str:
    """SHA-256 over the exact bytes that would leave, for whom, what for and about whom.

    ``about``: :meth:`schemas.identity.IdentityBlock.digest`; products of old have none. Who
    approves one has approved nothing else.
    """
    parts = [part.encode() for part in (item_id, recipient, purpose, text)]
    parts += [about.encode()] if about else []
    return sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).hexdigest()


def items_of_notification(concern_id: str, parts: int = MOST_PARTS) -> tuple[str, ...]:
    """The ids of a notification's items: its narrative, and so many parts of it.

    ``concern_id``: the referral of version 1. They are the same for every version.
    """
    narrative = derived_id("notification", concern_id)
    return (narrative, *(derived_id(narrative, str(n)) for n in range(1, parts + 1)))


def item_of_school_notice(referral_id: str) -> str:
    """The id of what a notice to a school says, in words of the profile."""
    return derived_id("school-notice", referral_id)


class Redaction(Shape):
    """A stretch of the original, in characters, and why it is not in the sanitised text (R36)."""

    start: int
    end: int
    replacement: str
    reason: Line


class Item(Shape):
    """Which item of a product, and the agency that it belongs to."""

    item_id: Identity
    owner: Code


class DraftItem(Item):
    """An item as proposed to its owner: the kept original beside the sanitised text (R31, R32)."""

    original: Prose
    sanitised: Prose
    redactions: tuple[Redaction, ...]
    original_digest: Digest
    """:func:`release_digest` of the original."""
    sanitised_digest: Digest
    """:func:`release_digest` of the sanitised text."""
    signpost: bool
    held_by: Code | None = Field(default=None, exclude_if=_none)
    """Who told it, where that says that it is another agency's: then both decide about it."""
    notification: bool = False
    """Whether this is the referral's own notification."""
    restricted: bool = Field(default=False, exclude_if=not_)
    """Whether its owner flagged it: no standing release lets it out."""
    decided_by: Line | None = Field(default=None, exclude_if=_none)
    """Who of its owner wrote it for this product and recipient: it is released by that."""
    reference: Identity | None = Field(default=None, exclude_if=_none)
    """What who told it calls it, for that one alone."""


class Weighing(Item):
    """Why an item is or is not necessary and proportionate for this recipient and rating (R33)."""

    included: bool
    reason: Line
    signpost: bool = False
    """For an item left out: whether who told it may be named as holding something."""
    held_by: Code | None = Field(default=None, exclude_if=_none)
    """Who told it, where that is not its owner."""


class Untold(Shape):
    """What is not told of an identity that was drafted, whoever decided it."""

    untold: tuple[LeftOut, ...] = Field(default=(), exclude_if=not_)


class Disposal(StrEnum):
    """Where a referral goes (R38)."""

    NO_FURTHER_ACTION = "no_further_action"
    EARLY_HELP = "early_help"
    FRONT_LINE_TEAM = "front_line_team"
    SIGNPOSTED = "signposted"
    TRANSFERRED = "transferred"
    """To the hub of the area where the child lives now (R41)."""


class ProductId(Shape):
    """Which product."""

    product_id: Identity


class CaseProduct(ProductId):
    """Which product, and the case that it names."""

    case_id: Identity


class SentProduct(CaseProduct):
    """Which product, and who gets it."""

    recipient: Code


class ProductFact(ReferralFact, ProductId, product="product_id"):
    """What happened to a product: which, of which referral and case."""


class ProductHead(ReferralHead, ProductId):
    """What a product is: for whom, what for, how serious and how urgent."""

    recipient: Code
    purpose: Line
    colour: Colour
    disposal: Disposal
    urgent: bool
    """A Red for the front line: waits for no owner, and signposts what is not approved already;
    what follows it waits for its owner alone.
    """
    identity: OwnedIdentity | None = Field(default=None, exclude_if=not_)
    """Whom it is about, as drafted: what owners approve with every item. Drafts of old have none.
    """
    around: tuple[Around, ...] = Field(default=(), exclude_if=not_)
    """Of the child as notified, what must be looked for before anything is sent (L7)."""

    supersedes: Identity | None = Field(default=None, exclude_if=_none)
    """The product that held earlier words of its items: these take their place."""
    instead_of: Identity | None = Field(default=None, exclude_if=_none)
    """The urgent product that its recipient has not taken: this is for the next of the chain."""
    stands_in_for: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Recipients of its rating that gave its Red back: this one has it in their place."""
    school_notice: bool = Field(default=False, exclude_if=not_)
    """That there was an incident, for the child's school, and nothing else (L4)."""
    not_released: Line | None = Field(default=None, exclude_if=_none)
    """With it: that who told of it has not released its own words, and whom to ring about them."""
    follows: Identity | None = Field(default=None, exclude_if=_none)
    """The product that went without these items, as their owner had not decided: it is added to."""
    alleged: Prose | None = Field(default=None, exclude_if=_none)
    """Of an urgent product: what the concern is about, in the hub's own words (R19)."""
    unconfirmed: bool = Field(default=False, exclude_if=not_)
    """It goes on the profile's suggestion: no social worker has rated it."""

    @property
    def waits(self) -> bool:
        """Whether it waits for the owners of its items."""
        return not self.urgent or self.follows is not None

    @property
    def goes_beforehand(self) -> bool:
        """Whether what its owners released beforehand leaves without their being asked again."""
        return not self.waits or self.school_notice

    @property
    def identity_digest(self) -> str:
        """Whom it is about, for :func:`release_digest`."""
        return self.identity.block.digest() if self.identity else ""


class OfConcern(Shape):
    """What is about one version of a notification, and so about all of them."""

    concern_id: Identity | None = Field(default=None, exclude_if=_none)
    """The referral of version 1, where the notification was amended; None: this referral."""


class OnConsent(Shape):
    """What owners are to know of consent, to decide."""

    without_consent: WithoutConsent | None = Field(default=None, exclude_if=_none)
    """None: parents did not refuse, as far as is known."""


class ProductDrafted(
    OnConsent,
    OfConcern,
    ProductHead,
    ProductFact,
    type="mash.product.drafted.v1",
    topic="products.drafted",
):
    """A product for one named recipient and purpose, not yet approved by anybody."""

    said_before: tuple[Identity, ...] = Field(default=(), max_length=5, exclude_if=not_)
    """Other concerns of which its agency told in the very words of this one."""
    items: tuple[DraftItem, ...]
    weighing: tuple[Weighing, ...]


class ProductVoided(
    OfConcern, ProductFact, type="mash.product.voided.v1", topic="products.drafted"
):
    """This product must not go: a human moved its referral to another child, and so another case.

    Its ``case_id`` is the case that it was drafted for.
    """

    reason: Line


class ApprovalsCancelled(
    OfConcern, ReferralFact, type="mash.approvals.cancelled.v1", topic="products.drafted"
):
    """Of these products those that still wait for their owners do not go, and nobody is asked about
    them any more: their referral was closed, and nothing would be acted on.
    """

    product_ids: tuple[Identity, ...]
    reason: Line


class ProductEnded(OfConcern, ProductFact, type="mash.product.ended.v1", topic="products.drafted"):
    """This product stands no more: its referral is rated otherwise now, or was closed with no
    further action, or another has the Red that its recipient gave back. Before its recipient has
    it, it does not go.
    """

    colour: Colour | None = Field(default=None, exclude_if=_none)
    """What it is rated now; None: it was closed, or goes to another."""
    reason: Line


class Choice(StrEnum):
    """What an owner decides about an item (R29, R30)."""

    RELEASE_ORIGINAL = "release_original"
    RELEASE_SANITISED = "release_sanitised"
    RELEASE_REWORDED = "release_reworded"
    """In words of the owner's own, in place of those proposed."""
    WITHHOLD = "withhold"


class Difference(Shape):
    """A stretch of the original, in characters, and what the owner's words have in its place."""

    start: int
    end: int
    instead: str


class Wording(Shape):
    """What its owner lets leave in words of its own, and how they differ from the original."""

    text: Prose
    differences: tuple[Difference, ...]


class ItemDecided(
    CaseProduct,
    Fact,
    type="mash.product.item-decided.v1",
    topic="products.approved",
    case="case_id",
    product="product_id",
):
    """An owner decided about its own item, bound to digest, recipient and purpose."""

    item_id: Identity
    owner: Code
    """Who decided: its owner, or who told it as another agency's."""
    choice: Choice
    digest: Digest | None
    """Of what may leave; None when withheld."""
    recipient: Code
    purpose: Line
    reason: Line
    """For a withheld item: why sharing would be more detrimental to the child (L1)."""
    signpost: bool
    signpost_to: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Recipients who alone may be told that the owner holds something; none: all."""
    decided_by: Line
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=not_)
    """What is not told of whom it is about, where this owner told it."""
    wording: Wording | None = Field(default=None, exclude_if=_none)
    """The owner's own words, where it chose these."""


class OwnersWord(ReferralFact, Item):
    """What an owner says of its item for every product of a referral, until it says otherwise."""

    reason: Line
    decided_by: Line


class ItemWithheld(OwnersWord, type="mash.item.withheld.v1", topic="products.approved"):
    """Its owner withholds an item: no product lets it out until that owner lifts this (R30)."""

    signpost: bool
    """Whether recipients may be told that the owner holds something (R34)."""
    signpost_to: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Those who alone may; none: all."""
    ask_again: bool
    """Whether its owner wants to be asked about each further product all the same."""


class ItemLifted(OwnersWord, type="mash.item.lifted.v1", topic="products.approved"):
    """Its owner withholds an item no longer."""


class ItemAmended(OwnersWord, type="mash.item.amended.v1", topic="products.approved"):
    """Its owner amends an item: these are its words now, and no product lets earlier ones out."""

    text: Prose


class ApprovedItem(Item):
    """Text that its owner approved for exactly this recipient and purpose."""

    text: Prose
    digest: Digest
    decided_by: Line


class OwnerApproval(Shape):
    """On what an item leaves: an agency's approval of it, and when the hub took that."""

    item_id: Identity
    agency: Code
    decided_at: Instant
    envelope: Envelope | None = Field(default=None, exclude_if=_none)
    """What it signed; None: it has no key yet."""
    standing: Code | None = Field(default=None, exclude_if=_none)
    """As which kind of item, where it was signed beforehand (:class:`schemas.policy.ItemKind`)."""


class Approvals(Shape):
    """The approvals on which a product's items leave; what was approved before names none."""

    approvals: tuple[OwnerApproval, ...] = Field(default=(), exclude_if=not_)


class Signpost(Shape):
    """Whom to contact at a holder whose item is not shown (R34)."""

    owner: Code
    contact: Line


class ProductApproved(
    Approvals,
    About,
    Untold,
    ProductHead,
    ProductFact,
    type="mash.product.approved.v1",
    topic="products.approved",
):
    """Every owner has decided, and something may leave: only what is listed here."""

    items: tuple[ApprovedItem, ...]
    signposts: tuple[Signpost, ...]


class WithoutItems(ReferralHead, ProductId):
    """Items of a product about which their owners are still to decide."""

    recipient: Code
    colour: Colour
    urgent: bool
    items: tuple[Item, ...]
    """Each with who is to decide."""


class ProductWithout(
    WithoutItems, ProductFact, type="mash.product.without.v1", topic="products.approved"
):
    """A product went without these; each follows as a further one should its owner release it."""

    because: Literal["urgent", "silent", "lifted"]
    """It waits for nobody; or they were silent beyond the time agreed; or their owner withheld them
    and does so no longer.
    """


class OwnerSilent(
    WithoutItems, ProductFact, type="mash.owner.silent.v1", topic="products.approved"
):
    """The time agreed is over, nobody of its owner has decided, and the product waits all the same:
    a person has to settle it.
    """

    owner: Code
    follows: Identity | None = Field(default=None, exclude_if=_none)
    """The product that has gone without these already."""
    school_notice: bool = Field(default=False, exclude_if=not_)
    """The product is a notice to a school: no Red, whatever the colour of what it is about."""


class ApprovalWithdrawn(
    ProductFact, Item, type="mash.product.approval-withdrawn.v1", topic="products.approved"
):
    """Its owner takes back what it approved (R27): the item leaves with this product no more.

    With ``recall`` it is asked back from a recipient that has it.
    """

    recipient: Code
    reason: Line
    decided_by: Line
    signpost: Signpost | None
    """What stands in its place, where its owner may be named."""
    recall: bool


class ProductRefused(ProductFact, type="mash.product.refused.v1", topic="products.approved"):
    """Nothing of this product leaves: its owners decided so, or it was voided before."""

    school_notice: bool = Field(default=False, exclude_if=not_)

    recipient: Code
    colour: Colour
    urgent: bool = False
    voided: bool = False
    """Another product takes its place, for the case that the referral was moved to; or it was
    cancelled, and one takes its place should the referral go on.
    """
    follows: Identity | None = Field(default=None, exclude_if=_none)
    """The product that went without its items, and stays so."""
    stands_in_for: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    reason: Line


class ToAct(Shape):
    """What a recipient is to do with a product, and by when; where the profile says neither, none.

    No part of what owners approve: it tells nothing of anybody.
    """

    to_do: Line | None = Field(default=None, exclude_if=_none)
    due_at: Instant | None = Field(default=None, exclude_if=_none)
    contact: Line | None = Field(default=None, exclude_if=_none)
    """Of a Red for the front line, or a notice to a school: whom to ring at the hub."""


class Product(Approvals, ToAct, About, SentProduct, Notice, type="mash.product.v1"):
    """The document that leaves the hub, and nothing but this document."""

    referral_id: Identity | None = Field(default=None, exclude_if=not_)
    purpose: Line
    colour: Colour
    disposal: Disposal
    items: tuple[ApprovedItem, ...]
    signposts: tuple[Signpost, ...]
    supersedes: Identity | None = Field(default=None, exclude_if=_none)
    """An earlier product: what it says of these items no longer holds."""
    follows: Identity | None = Field(default=None, exclude_if=_none)
    """An earlier product, which still holds: these are items that it went without."""
    alleged: Prose | None = Field(default=None, exclude_if=_none)
    """What the concern is about, in the hub's own words: no words of any agency's."""
    unconfirmed: bool = Field(default=False, exclude_if=not_)
    """No social worker had confirmed the rating when it went; once one has, that is told."""


class ProductReleased(ProductFact, type="mash.product.released.v1", topic="products.released"):
    """The product was put on its recipient's queue, in the same transaction as this fact."""

    school_notice: bool = Field(default=False, exclude_if=not_)

    recipient: Code
    colour: Colour
    disposal: Disposal
    urgent: bool
    digest: Digest
    """SHA-256 of the product's canonical JSON as it was sent."""
    item_digests: tuple[Digest, ...]
    signposts: int
    supersedes: Identity | None = Field(default=None, exclude_if=_none)
    instead_of: Identity | None = Field(default=None, exclude_if=_none)
    unconfirmed: bool = Field(default=False, exclude_if=not_)
    stands_in_for: tuple[Code, ...] = Field(default=(), exclude_if=not_)


class _ProductReceived(
    SentProduct, Fact, case="case_id", product="product_id", referral="referral_id"
):
    referral_id: Identity | None = Field(default=None, exclude_if=_none)
    """Of old facts nobody knows it."""
    received_by: Line


class ProductDelivered(
    _ProductReceived, type="mash.product.delivered.v1", topic="products.released"
):
    """The recipient confirmed that the product arrived (R37)."""


class ProductActedOn(
    ProductFact, type="mash.product.acted-on.v1", topic="products.released", agency="agency"
):
    """A person of the recipient says what was done with the product: the recipient's own words."""

    agency: Code
    """The recipient."""
    told_by: Line
    """The person who says so."""
    text: Prose
    """What was done."""
    sensitivity: Sensitivity = Sensitivity.SENSITIVE


class ProductReturned(_ProductReceived, type="mash.product.returned.v1", topic="products.released"):
    """The recipient did not take the product: the lead agency has to find another way."""


class ProductRecall(About, SentProduct, Notice, type="mash.product-recall.v1"):
    """To a recipient: a product that it has, or an item of it, is not to be acted on or kept.

    Answered by recall receipts. Its ``case_id`` is the case that the product names.
    """

    reason: Line
    recall_id: Identity | None = Field(default=None, exclude_if=_none)
    item_id: Identity | None = Field(default=None, exclude_if=_none)
    """The item that its owner wants back; None: the whole product, which names the wrong case."""
    owner: Code | None = Field(default=None, exclude_if=_none)
    """Whose the item is, where that may be named; whoever has the item finds it there."""
    to_do: Line | None = Field(default=None, exclude_if=_none)
    """What is asked of the recipient; letters of old do not say."""
    referral_id: Identity | None = Field(default=None, exclude_if=_none)


class ProductRecalled(ProductFact, type="mash.product.recalled.v1", topic="products.released"):
    """A product had left, and its recipient was told to give it or an item of it back (R27, L7)."""

    recipient: Code
    reason: Line
    recall_id: Identity | None = Field(default=None, exclude_if=_none)
    item_id: Identity | None = Field(default=None, exclude_if=_none)
    owner: Code | None = Field(default=None, exclude_if=_none)
    """Whose the item is."""


class ProductTakenBack(ProductFact, type="mash.product.taken-back.v1", topic="products.released"):
    """A product, or an item of it, was taken from its recipient's queue before it was fetched."""

    recipient: Code
    reason: Line
    item_id: Identity | None = Field(default=None, exclude_if=_none)
    """None: the whole product."""


class RecallAnswer(StrEnum):
    """What a recipient did about what it was to give back."""

    ACKNOWLEDGED = "acknowledged"
    """It has read the recall; what came of it is still to be told."""
    DESTROYED = "destroyed"
    """What was recalled is destroyed or given back, wherever the recipient had it."""
    CANNOT = "cannot"
    """It cannot be undone: it was acted on, or has gone further."""


class RecallAnswered(
    ProductFact, type="mash.product.recall-answered.v1", topic="products.released"
):
    """A recipient answered a recall."""

    recipient: Code
    recall_id: Identity
    item_id: Identity | None
    answer: RecallAnswer
    answered_by: Line
    reason: Line | None


class ProductHeldBack(ProductFact, type="mash.product.held-back.v1", topic="products.released"):
    """A product does not go out: its recipient has no agreement in force (R50)."""

    recipient: Code
    colour: Colour
    urgent: bool
    reason: Line


class ApprovalsEnded(
    WithoutItems,
    ProductFact,
    type="mash.product.approvals-ended.v1",
    topic="products.released",
):
    """What owners approved of a product counts no more, and its recipient does not have it yet: it
    goes without these items, if it goes at all, and their owners are asked again.
    """

    reason: Line


NotTaken = Literal[
    "unfetched", "unacknowledged", "refused", "no_agreement", "not_safe", "not_approved"
]
"""Why nobody of a recipient has a product: it was not fetched in time, nobody said in time that
they have it, it was refused, no agreement is in force, a human found that it is not safe there, or
not every owner of what is in it lets it leave any more.
"""


class ProductNotTaken(ProductFact, type="mash.product.not-taken.v1", topic="products.released"):
    """Nobody of its recipient has an urgent product: it goes to the next of its colour's chain."""

    recipient: Code
    purpose: Line
    colour: Colour
    why: NotTaken
