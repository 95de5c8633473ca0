"""Hop 7: send exactly what every owner approved, and record that it arrived (R34, R35, R37, R38,
L7).
"""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step
from schemas.base import Code, Fact, Identity, Line, Shape
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
from schemas.refusals import Refusal


class Released(Shape):
    """On its recipient's queue as ``letter``; ``recalled`` once the recipient was told that it
    names the wrong case.
    """

    kind: Literal["released"] = "released"
    referral_id: Identity
    case_id: Identity
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


Sent: TypeAlias = Released | Delivered | Returned
State: TypeAlias = Annotated[Released | Delivered | Returned | Void, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Send an approved product once, take its receipt, stop or recall it. Refuses text that was not
    approved.
    """
    match message.data:
        case ProductApproved() as approved:
            return _release(state, approved, message.id)
        case DeliveryReceived() as received:
            return _receipt(state, received)
        case ProductVoided() as voided:
            return _void(state, voided)
    return Outcome()


def _release(state: State | None, approved: ProductApproved, cause: str) -> Outcome[State]:
    if isinstance(state, Void):
        return _stopped(state, approved)
    if state is not None:
        return Outcome()
    for number, item in enumerate(approved.items):
        if item.digest != release_digest(
            item_id=item.item_id,
            recipient=approved.recipient,
            purpose=approved.purpose,
            text=item.text,
        ):
            return Outcome(refusal=Refusal("refused.digest", f"items[{number}].digest"))
    product = _product(approved)
    letter = Letter("product", agency=approved.recipient, notice=product)
    sent = Released(
        referral_id=approved.referral_id,
        case_id=approved.case_id,
        recipient=approved.recipient,
        letter=letter_id(cause, "release", key=letter.key),
    )
    return Outcome(sent, (_released(approved, product),), (letter,))


def _product(approved: ProductApproved) -> Product:
    return Product(
        product_id=approved.product_id,
        case_id=approved.case_id,
        recipient=approved.recipient,
        purpose=approved.purpose,
        colour=approved.colour,
        disposal=approved.disposal,
        items=approved.items,
        signposts=approved.signposts,
    )


def _released(approved: ProductApproved, product: Product) -> ProductReleased:
    return ProductReleased(
        product_id=approved.product_id,
        referral_id=approved.referral_id,
        case_id=approved.case_id,
        recipient=approved.recipient,
        colour=approved.colour,
        disposal=approved.disposal,
        urgent=approved.urgent,
        digest=sha256(product.model_dump_json().encode()).hexdigest(),
        item_digests=tuple(item.digest for item in approved.items),
        signposts=len(approved.signposts),
    )


def _stopped(void: Void, approved: ProductApproved) -> Outcome[State]:
    if void.told:
        return Outcome()
    refused = ProductRefused(
        product_id=approved.product_id,
        referral_id=approved.referral_id,
        case_id=approved.case_id,
        recipient=approved.recipient,
        colour=approved.colour,
        urgent=approved.urgent,
        voided=True,
        reason=void.reason,
    )
    return Outcome(void.model_copy(update={"told": True}), (refused,))


def _receipt(state: State | None, received: DeliveryReceived) -> Outcome[State]:
    receipt = received.receipt
    if state is None or isinstance(state, Void):
        return Outcome(refusal=Refusal("refused.unknown-subject", "product_id"))
    sent = _sent(state)
    if received.agency != sent.recipient:
        return Outcome(refusal=Refusal("refused.not-yours", "product_id"))
    if receipt.case_id != sent.case_id:
        return Outcome(refusal=Refusal("refused.unknown-subject", "case_id"))
    after = Delivered(sent=sent) if receipt.status == "received" else Returned(sent=sent)
    if isinstance(state, Released):
        return Outcome(after, (_received(sent, received),))
    return Outcome() if state == after else Outcome(refusal=Refusal("refused.closed", "status"))


def _received(sent: Released, received: DeliveryReceived) -> Fact:
    receipt = received.receipt
    kind = ProductDelivered if receipt.status == "received" else ProductReturned
    return kind(
        product_id=receipt.product_id,
        case_id=sent.case_id,
        recipient=sent.recipient,
        received_by=receipt.received_by,
    )


def _sent(state: Sent) -> Released:
    return state if isinstance(state, Released) else state.sent


def _void(state: State | None, voided: ProductVoided) -> Outcome[State]:
    """A product that has left is recalled: its recipient may be about to act on the wrong child
    (L7).

    One that still waits on its recipient's queue does not leave any more; it might even arrive
    behind its recall.
    """
    if state is None:
        return Outcome(state=Void(reason=voided.reason))
    if isinstance(state, Void) or _sent(state).recalled:
        return Outcome()
    sent = _sent(state).model_copy(update={"recalled": True})
    after = sent if isinstance(state, Released) else state.model_copy(update={"sent": sent})
    return Outcome(
        after,
        (_recalled(sent, voided),),
        (Letter("recall", agency=sent.recipient, notice=_recall(sent, voided)),),
        takes_back=(sent.letter,) if sent.letter else (),
    )


def _recalled(sent: Released, voided: ProductVoided) -> ProductRecalled:
    return ProductRecalled(
        product_id=voided.product_id,
        referral_id=sent.referral_id,
        case_id=sent.case_id,
        recipient=sent.recipient,
        reason=voided.reason,
    )


def _recall(sent: Released, voided: ProductVoided) -> ProductRecall:
    return ProductRecall(
        product_id=voided.product_id,
        case_id=sent.case_id,
        recipient=sent.recipient,
        reason=voided.reason,
    )


def _key(message: Message) -> str:
    match message.data:
        case DeliveryReceived(receipt=receipt):
            return receipt.product_id
        case ProductApproved() | ProductVoided() as about:
            return about.product_id
    raise TypeError(f"release does not hear {message.type}")


STEP: Step[State] = Step(
    name="release",
    hears=(ProductApproved, DeliveryReceived, ProductVoided),
    state=State,
    key=_key,
    decide=decide,
)
