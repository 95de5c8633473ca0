"""Hop 7: send exactly what every owner approved, and note that it arrived (R34 to R38, L7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from router.step import Outcome, Step, product_of, refuse
from router.steps import gate
from router.steps.now import Now
from router.steps.release import changes, lapsing, recalls, receipts, sending
from router.steps.release.state import (
    Delivered,
    HeldBack,
    Released,
    Returned,
    State,
    Void,
    sent_of,
)
from schemas.decisions import (
    DeliveryReceived,
    ProductFetched,
    ProductStopped,
    ProductUnsent,
    RecallReceived,
)
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import HeldBackNotice
from schemas.policy import Policy
from schemas.product import (
    ApprovalsEnded,
    ApprovalWithdrawn,
    NotTaken,
    ProductApproved,
    ProductDelivered,
    ProductEnded,
    ProductHeldBack,
    ProductRefused,
    ProductReleased,
    ProductReturned,
    ProductVoided,
)
from schemas.rating import TimerElapsed
from schemas.safety import LetterHeld, SafetySettled

NO_AGREEMENT = "Its recipient has no information-sharing agreement in force."


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Send an approved product once, note that it was fetched and arrived, take back or recall it.

    Refuses text that was not approved.
    """
    outcome = _decided(state, message, policy)
    return receipts.closed(outcome, state, heard=message.data)


def _decided(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    cause = message.id
    match message.data:
        case ProductApproved() as approved:
            return _release(state, approved, cause=cause, now=Now(message.time, policy))
        case DeliveryReceived() as received:
            return _receipt(state, received)
        case TimerElapsed() as elapsed:
            return receipts.elapsed(state, elapsed, now=Now(message.time, policy))
        case _:
            return _since(state, message, policy)


def _since(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """What is heard of a product that has left, or would have."""
    cause = message.id
    match message.data:
        case ProductFetched() as fetched:
            return recalls.fetched(state, fetched, cause=cause)
        case ProductUnsent() as unsent:
            return recalls.unsent(state, unsent, cause=cause)
        case ProductStopped() as stopped:
            return _stopped(state, stopped, cause=cause, now=Now(message.time, policy))
        case ApprovalWithdrawn() as withdrawn:
            return recalls.withdraw(state, withdrawn, cause=cause)
        case RecallReceived() as received:
            return recalls.answered(state, received, policy=policy)
        case ProductVoided() as voided:
            return recalls.void(state, voided, cause=cause)
        case ProductReleased(supersedes=str() as earlier):
            return receipts.superseded(state, earlier)
        case ProductEnded() as ended:
            return changes.end(state, ended)
        case LetterHeld() | SafetySettled() as looked:
            return receipts.at_the_door(state, looked)
    return Outcome()


def _release(
    state: State | None, approved: ProductApproved, *, cause: str, now: Now
) -> Outcome[State]:
    if isinstance(state, Void):
        return _voided_before(state, approved)
    if state is not None:
        return Outcome()
    fault = gate.fault(approved, approved_at=now.at, now=now)
    faults = gate.ended(approved, approved_at=now.at, now=now) if fault else ()
    if fault and not faults:
        code = "refused.digest" if fault.why == gate.OTHER_BYTES else "refused.unsigned"
        return refuse(code, f"items[{fault.number}].digest")
    if not _is_part(approved):
        return refuse("refused.digest", "about")
    sent = Released(fetched=False, holds=approved, **approved.shared(Released))
    if now.agreement_with(approved.recipient) is None:
        return _held_back(sent, approved, reason=None, policy=now.policy)
    if not faults:
        return _sent(sent, approved, cause=cause, now=now)
    told = lapsing.ended(approved, faults)
    less = lapsing.left(approved, told)
    if not lapsing.says_something(less):
        return _after(told, _held_back(sent, approved, reason=told.reason, policy=now.policy))
    return _after(told, _sent(sent.model_copy(update={"holds": less}), less, cause=cause, now=now))


def _sent(sent: Released, approved: ProductApproved, *, cause: str, now: Now) -> Outcome[State]:
    asks = sending.to_act(approved, now)
    named = {"letter": sending.letter_named(cause)} | asks.shared(Released)
    facts, letters = (sending.released(approved, asks),), (sending.letter(approved, asks),)
    outcome: Outcome[State] = Outcome(sent.model_copy(update=named), facts, letters)
    return receipts.opened(outcome, approved, now=now)


def _after(told: ApprovalsEnded, outcome: Outcome[State]) -> Outcome[State]:
    """What comes of it that approvals have ended."""
    return replace(outcome, facts=(told, *outcome.facts))


def _is_part(approved: ProductApproved) -> bool:
    """Whether it says of the child what its owners approved or less, and whom to ring."""
    if approved.identity is None or approved.about is None:
        return approved.identity is None and approved.about is None
    said = approved.about.model_copy(update={"ring": None})
    told = approved.identity.block.leaving_out(approved.untold)
    return said == told.model_copy(update={"ring": None})


def _held_back(
    sent: Released, approved: ProductApproved, *, reason: str | None, policy: Policy
) -> Outcome[State]:
    """Nothing leaves for who has no agreement, or no longer (R50), nor what owners let leave no
    more; the lead agency is told.
    """
    why = reason or NO_AGREEMENT
    fact = ProductHeldBack(reason=why, **approved.shared(ProductHeldBack))
    notice = HeldBackNotice(reason=why, **approved.shared(HeldBackNotice))
    letter = Letter("held-back", agency=policy.lead_agency, notice=notice)
    after = HeldBack(sent=sent.model_copy(update={"letter": None, "holds": None}))
    not_taken: NotTaken = "not_approved" if reason else "no_agreement"
    return receipts.not_taken(Outcome(after, (fact,), (letter,)), approved, why=not_taken)


def _stopped(
    state: State | None, stopped: ProductStopped, *, cause: str, now: Now
) -> Outcome[State]:
    """It waited on its recipient's queue until the agreement had ended, or approvals of what is in
    it: then the rest goes in its place, and is due as it was.
    """
    if not isinstance(state, Released) or stopped.letter_id != state.letter or not state.holds:
        return Outcome()
    whole = state.holds
    stays = _held_back(state, whole, reason=stopped.reason, policy=now.policy)
    faults = gate.ended(whole, approved_at=now.at, now=now) if stopped.reason else ()
    if not faults:
        return stays
    told = lapsing.ended(whole, faults)
    less = lapsing.left(whole, told)
    if not lapsing.says_something(less):
        return _after(told, stays)
    after = state.model_copy(update={"letter": sending.letter_named(cause), "holds": less})
    facts = told, sending.released(less, state)
    return Outcome(after, facts, (sending.letter(less, state),))


def _voided_before(void: Void, approved: ProductApproved) -> Outcome[State]:
    if void.told:
        return Outcome()
    refused = ProductRefused(**approved.shared(ProductRefused), voided=True, reason=void.reason)
    return Outcome(void.model_copy(update={"told": True}), (refused,))


def _receipt(state: State | None, received: DeliveryReceived) -> Outcome[State]:
    receipt = received.receipt
    if state is None or isinstance(state, Void | HeldBack):
        return refuse("refused.unknown-subject", "product_id")
    sent = sent_of(state)
    if received.agency != sent.recipient:
        return refuse("refused.not-yours", "product_id")
    if receipt.case_id != sent.case_id:
        return refuse("refused.unknown-subject", "case_id")
    arrived = receipt.status == "received"
    if receipt.done is not None and not arrived:
        return refuse("invalid.value", "done")
    has = receipts.had(sent)
    less = has.model_copy(update={"may_give_back": None})
    after = Delivered(sent=has) if arrived else Returned(sent=less)
    if isinstance(state, Delivered) and not arrived and sent.may_give_back and not sent.recalled:
        return receipts.given_back(state, receipt)
    if not isinstance(state, Released):
        same = type(state) is type(after)
        return receipts.acted_on(Outcome(state), receipt) if same else _CLOSED
    kind = ProductDelivered if arrived else ProductReturned
    outcome: Outcome[State] = Outcome(after, (kind(**receipt.shared(kind) | sent.shared(kind)),))
    if arrived:
        return receipts.acted_on(outcome, receipt)
    return receipts.not_taken(outcome, sent.holds, why="refused")


_CLOSED: Final[Outcome[State]] = refuse("refused.closed", "status")


def _key(message: Message) -> str:
    """The product; of one that takes the place of an earlier one, that. What is kept back of other
    letters is remembered nowhere.
    """
    data = message.data
    if isinstance(data, LetterHeld | SafetySettled):
        return data.product_id or message.id
    earlier = data.supersedes if isinstance(data, ProductReleased) else None
    return earlier or product_of(message)


STEP: Step[State] = Step(
    name=sending.STEP_NAME,
    hears=(
        ProductApproved,
        ApprovalWithdrawn,
        ProductVoided,
        ProductEnded,
        DeliveryReceived,
        RecallReceived,
        ProductFetched,
        ProductStopped,
        ProductUnsent,
        ProductReleased,
        LetterHeld,
        SafetySettled,
        TimerElapsed,
    ),
    state=State,
    key=_key,
    mostly_by="product",
    decide=decide,
)
