"""Hop 7: send exactly what every owner approved, and note that it arrived (R34 to R38, L7)."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step, product_of, refuse
from schemas.base import Code, Identity, Line, ReferralHead, Shape
from schemas.decisions import DeliveryReceived
from schemas.letter import Letter, letter_id
from schemas.message import Message
from schemas.policy import Policy
from schemas.product import (
    Product,
    ProductApproved,
    ProductDelivered,
    ProductRecall,
    ProductRecalled,
    ProductRefused,
    ProductReleased,
    ProductReturned,
    ProductVoided,
    release_digest,
)


class Released(ReferralHead):
    """On its recipient's queue as ``letter``; ``recalled`` once it was told of the wrong case."""

    kind: Literal["released"] = "released"
    recipient: Code
    letter: Identity | None = None
    recalled: bool = False


class Delivered(Shape):
    """Its recipient has it."""

    kind: Literal["delivered"] = "delivered"
    sent: Released


class Returned(Shape):
    """Its recipient did not take it."""

    kind: Literal["returned"] = "returned"
    sent: Released


class Void(Shape):
    """Voided before its approval was heard: it is never sent. ``told`` once that was recorded."""

    kind: Literal["void"] = "void"
    reason: Line
    told: bool = False


State: TypeAlias = Annotated[Released | Delivered | Returned | Void, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Send an approved product once, take its receipt, stop or recall it.

    Refuses text that was not approved.
    """
    match message.data:
        case ProductApproved() as approved:
            return _release(state, approved, cause=message.id)
        case DeliveryReceived() as received:
            return _receipt(state, received)
        case ProductVoided() as voided:
            return _void(state, voided)
    return Outcome()


def _release(state: State | None, approved: ProductApproved, *, cause: str) -> Outcome[State]:
    if isinstance(state, Void):
        return _stopped(state, approved)
    if state is not None:
        return Outcome()
    for number, item in enumerate(approved.items):
        shown = release_digest(
            item_id=item.item_id,
            recipient=approved.recipient,
            purpose=approved.purpose,
            text=item.text,
        )
        if item.digest != shown:
            return refuse("refused.digest", f"items[{number}].digest")
    product = Product(**approved.shared(Product))
    letter = Letter("product", agency=approved.recipient, notice=product)
    id_ = letter_id(cause, "release", key=letter.key)
    sent = Released(letter=id_, **approved.shared(Released))
    return Outcome(sent, (_released(approved, product),), (letter,))


def _released(approved: ProductApproved, product: Product) -> ProductReleased:
    return ProductReleased(
        digest=sha256(product.model_dump_json().encode()).hexdigest(),
        item_digests=tuple(item.digest for item in approved.items),
        **approved.shared(ProductReleased) | {"signposts": len(approved.signposts)},
    )


def _stopped(void: Void, approved: ProductApproved) -> Outcome[State]:
    if void.told:
        return Outcome()
    refused = ProductRefused(**approved.shared(ProductRefused), voided=True, reason=void.reason)
    return Outcome(void.model_copy(update={"told": True}), (refused,))


def _receipt(state: State | None, received: DeliveryReceived) -> Outcome[State]:
    receipt = received.receipt
    if state is None or isinstance(state, Void):
        return refuse("refused.unknown-subject", "product_id")
    sent = _sent(state)
    if received.agency != sent.recipient:
        return refuse("refused.not-yours", "product_id")
    if receipt.case_id != sent.case_id:
        return refuse("refused.unknown-subject", "case_id")
    arrived = receipt.status == "received"
    after = Delivered(sent=sent) if arrived else Returned(sent=sent)
    if not isinstance(state, Released):
        return Outcome() if state == after else refuse("refused.closed", "status")
    kind = ProductDelivered if arrived else ProductReturned
    return Outcome(after, (kind(**receipt.shared(kind) | sent.shared(kind)),))


def _sent(state: Released | Delivered | Returned) -> Released:
    return state if isinstance(state, Released) else state.sent


def _void(state: State | None, voided: ProductVoided) -> Outcome[State]:
    """A product that has left is recalled: its recipient may act on the wrong child (L7).

    One that still waits on its recipient's queue does not leave any more; it might even arrive
    behind its recall.
    """
    if state is None:
        return Outcome(state=Void(reason=voided.reason))
    if isinstance(state, Void) or _sent(state).recalled:
        return Outcome()
    sent = _sent(state).model_copy(update={"recalled": True})
    fact = ProductRecalled(**voided.shared(ProductRecalled) | sent.shared(ProductRecalled))
    recall = ProductRecall(**fact.shared(ProductRecall))
    return Outcome(
        sent if isinstance(state, Released) else state.model_copy(update={"sent": sent}),
        (fact,),
        (Letter("recall", agency=sent.recipient, notice=recall),),
        takes_back=(sent.letter,) if sent.letter else (),
    )


STEP: Step[State] = Step(
    name="release",
    hears=(ProductApproved, DeliveryReceived, ProductVoided),
    state=State,
    key=product_of,
    decide=decide,
)
