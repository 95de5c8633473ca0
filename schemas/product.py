"""Hops 5 to 7: what may leave the hub, who allowed it, and that it arrived (R27 to R38)."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import ClassVar

from schemas.base import Code, Fact, Identity, Line, Notice, Prose, Shape
from schemas.notification import Digest
from schemas.rating import Colour


def release_digest(*, item_id: str, recipient: str, purpose: str, text: str) -> str:
    """SHA-256 over the exact bytes that would leave, for whom and what for: approving one is
    approving nothing else.
    """
    parts = (item_id, recipient, purpose, text)
    framed = b"".join(len(part.encode()).to_bytes(8, "big") + part.encode() for part in parts)
    return sha256(framed).hexdigest()


class Redaction(Shape):
    """A stretch of the original, in characters, and why it is not in the sanitised text (R36)."""

    start: int
    end: int
    replacement: str
    reason: Line


class DraftItem(Shape):
    """An item as proposed to its owner: the kept original beside the sanitised text (R31, R32)."""

    item_id: Identity
    owner: Code
    original: Prose
    sanitised: Prose
    redactions: tuple[Redaction, ...]
    original_digest: Digest
    """:func:`release_digest` of the original."""
    sanitised_digest: Digest
    """:func:`release_digest` of the sanitised text."""
    signpost: bool
    notification: bool = False
    """Whether this is the referral's own notification: the only item that a standing release
    covers.
    """


class Weighing(Shape):
    """Why an item is or is not necessary and proportionate for this recipient and rating (R33)."""

    item_id: Identity
    owner: Code
    included: bool
    reason: Line
    signpost: bool = False
    """For an item left out: whether its owner may be named as holding something."""


class Disposal(StrEnum):
    """Where a referral goes (R38)."""

    NO_FURTHER_ACTION = "no_further_action"
    EARLY_HELP = "early_help"
    FRONT_LINE_TEAM = "front_line_team"
    SIGNPOSTED = "signposted"


class ProductDrafted(Fact, case="case_id", referral="referral_id"):
    """A product for one named recipient and purpose, not yet approved by anybody."""

    type: ClassVar = "mash.product.drafted.v1"
    topic: ClassVar = "products.drafted"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    disposal: Disposal
    urgent: bool
    """A Red on its way to the front line: does not wait for owners; what is not approved already is
    signposted.
    """
    items: tuple[DraftItem, ...]
    weighing: tuple[Weighing, ...]


class ProductVoided(Fact, case="case_id", referral="referral_id"):
    """A human moved the referral to another child: this product must not go for the old case;
    another is drafted.
    """

    type: ClassVar = "mash.product.voided.v1"
    topic: ClassVar = "products.drafted"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    """The case that the product was drafted for."""
    reason: Line


class Choice(StrEnum):
    """What an owner decides about an item (R29, R30)."""

    RELEASE_ORIGINAL = "release_original"
    RELEASE_SANITISED = "release_sanitised"
    WITHHOLD = "withhold"


class ItemDecided(Fact, case="case_id"):
    """An owner decided about its own item, bound to digest, recipient and purpose."""

    type: ClassVar = "mash.product.item-decided.v1"
    topic: ClassVar = "products.approved"

    product_id: Identity
    case_id: Identity
    item_id: Identity
    owner: Code
    choice: Choice
    digest: Digest | None
    """Of what may leave; None when withheld."""
    recipient: Code
    purpose: Line
    reason: Line
    """For a withheld item: why sharing would be more detrimental to the child (L1)."""
    signpost: bool
    decided_by: Line


class ApprovedItem(Shape):
    """Text that its owner approved for exactly this recipient and purpose."""

    item_id: Identity
    owner: Code
    text: Prose
    digest: Digest
    decided_by: Line


class Signpost(Shape):
    """Whom to contact at a holder whose item is not shown (R34)."""

    owner: Code
    contact: Line


class ProductApproved(Fact, case="case_id", referral="referral_id"):
    """Every owner has decided, and something may leave: only what is listed here."""

    type: ClassVar = "mash.product.approved.v1"
    topic: ClassVar = "products.approved"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    disposal: Disposal
    urgent: bool
    items: tuple[ApprovedItem, ...]
    signposts: tuple[Signpost, ...]


class ProductRefused(Fact, case="case_id", referral="referral_id"):
    """Nothing of this product leaves: every owner has decided so, or it was voided before it was
    released.
    """

    type: ClassVar = "mash.product.refused.v1"
    topic: ClassVar = "products.approved"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    colour: Colour
    urgent: bool = False
    voided: bool = False
    """Another product takes its place, for the case that the referral was moved to."""
    reason: Line


class Product(Notice):
    """The document that leaves the hub, and nothing but this document."""

    type: ClassVar = "mash.product.v1"

    product_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    disposal: Disposal
    items: tuple[ApprovedItem, ...]
    signposts: tuple[Signpost, ...]


class ProductReleased(Fact, case="case_id", referral="referral_id"):
    """The product was put on its recipient's queue, in the same transaction as this fact."""

    type: ClassVar = "mash.product.released.v1"
    topic: ClassVar = "products.released"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    colour: Colour
    disposal: Disposal
    urgent: bool
    digest: Digest
    """SHA-256 of the product's canonical JSON as it was sent."""
    item_digests: tuple[Digest, ...]
    signposts: int


class ProductDelivered(Fact, case="case_id"):
    """The recipient confirmed that the product arrived (R37)."""

    type: ClassVar = "mash.product.delivered.v1"
    topic: ClassVar = "products.released"

    product_id: Identity
    case_id: Identity
    recipient: Code
    received_by: Line


class ProductReturned(Fact, case="case_id"):
    """The recipient did not take the product: the lead agency has to find another way."""

    type: ClassVar = "mash.product.returned.v1"
    topic: ClassVar = "products.released"

    product_id: Identity
    case_id: Identity
    recipient: Code
    received_by: Line


class ProductRecall(Notice):
    """To a recipient: a product that it was sent names the wrong case and is not to be acted on."""

    type: ClassVar = "mash.product-recall.v1"

    product_id: Identity
    case_id: Identity
    """The wrong case, as the product names it."""
    recipient: Code
    reason: Line


class ProductRecalled(Fact, case="case_id", referral="referral_id"):
    """A product had left when its referral was moved to another child; its recipient was told
    (L7).
    """

    type: ClassVar = "mash.product.recalled.v1"
    topic: ClassVar = "products.released"

    product_id: Identity
    referral_id: Identity
    case_id: Identity
    recipient: Code
    reason: Line
