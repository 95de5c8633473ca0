"""A product as its recipient gets it."""

from __future__ import annotations

from hashlib import sha256

from router.steps.now import Now
from schemas.letter import Letter, letter_id
from schemas.product import Product, ProductApproved, ProductReleased, ToAct
from schemas.school import SchoolNotice

STEP_NAME = "release"
_MOST = 500
"""Characters of a line."""
_INSTEAD = (
    "This Red was for another team before you, and nobody there has said that they have it: act "
    "all the same, and ring the hub so that you know of each other."
)
_ADDED = "This adds to what you were sent before about the child: read it together with that."


def to_act(approved: ProductApproved, now: Now) -> ToAct:
    """What its recipient is to do, as the profile says of its colour, and by when if it goes now;
    at a Red, whom to ring.

    Where less of it is sent in its place, that is due as it was.
    """
    notices = now.profile.school_notices
    if approved.school_notice:
        return ToAct(
            to_do=notices.to_do if notices else None,
            contact=now.contact_of(now.policy.lead_agency),
        )
    due_at = now.act_by(approved.colour, agency=approved.recipient)
    contact = now.contact_of(now.policy.lead_agency) if approved.urgent else None
    return ToAct(to_do=_to_do(approved, now), due_at=due_at, contact=contact)


def _to_do(approved: ProductApproved, now: Now) -> str | None:
    """What to do, in the profile's words; why the next recipient has a Red, or what it adds to."""
    said = now.rule(approved.colour).to_do
    why = _ADDED if approved.follows else _INSTEAD if approved.instead_of else None
    both = " ".join(filter(None, (said, why)))
    return both if both and len(both) <= _MOST else said


def letter(approved: ProductApproved, asks: ToAct) -> Letter:
    """The letter that holds what was approved, what is to be done with it, and nothing else."""
    return Letter("product", agency=approved.recipient, notice=product(approved, asks))


def letter_named(cause: str) -> str:
    """The id of the letter that goes out on a message."""
    return letter_id(cause, STEP_NAME, key="product")


def released(approved: ProductApproved, asks: ToAct) -> ProductReleased:
    """The fact that it is on its recipient's queue."""
    return ProductReleased(
        digest=sha256(product(approved, asks).model_dump_json().encode()).hexdigest(),
        item_digests=tuple(item.digest for item in approved.items),
        **approved.shared(ProductReleased) | {"signposts": len(approved.signposts)},
    )


def product(approved: ProductApproved, asks: ToAct) -> Product | SchoolNotice:
    """The document that leaves, with what owners signed for its recipient to verify."""
    if not approved.school_notice:
        signed = tuple(one for one in approved.approvals if one.envelope is not None)
        given = asks.shared(ToAct) | {"approvals": signed}
        return Product(**approved.shared(Product) | given)
    (item,) = approved.items
    said = {"item_id": item.item_id, "says": item.text, "to_do": asks.to_do}
    return SchoolNotice(**approved.shared(SchoolNotice) | said, contact=asks.contact)
