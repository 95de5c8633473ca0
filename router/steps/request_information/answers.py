"""What agencies answer, too late, not at all, or without having been asked (R25)."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from router.step import Outcome, refuse
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.request_information.state import Asked, Asking, HandedOver, State
from schemas.information import (
    InformationAnswered,
    InformationEscalated,
    InformationItem,
    InformationMissing,
    InformationOffered,
    InformationReceived,
    InformationVolunteered,
)
from schemas.letter import Letter
from schemas.message import derived_id
from schemas.notices import AnswerOverdue, RequestHead
from schemas.policy import Policy
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal


def take(
    state: State | None, received: InformationReceived, *, cause: str, now: Now
) -> Outcome[State]:
    """An answer to what the sender was asked, which counts as volunteered once it is cancelled."""
    response = received.response
    if not isinstance(state, Asking):
        return refuse("refused.unknown-subject", "referral_id")
    asked = state.request(response.request_id)
    if asked is None:
        return refuse("refused.unknown-subject", "request_id")
    if refusal := _refusal(state, received, asked=asked, policy=now.policy):
        return Outcome(refusal=refusal)
    digest = sha256(response.model_dump_json().encode()).hexdigest()
    if asked.answer is not None:
        again = asked.answer == digest
        return Outcome() if again else refuse("refused.closed", "request_id")
    after = state.with_changed(asked.model_copy(update={"answer": digest}))
    items = _of_the_hub(response.items, response.referral_id, asked.agency)
    told = {"case_id": state.cases.now, "agency": asked.agency, "items": items}
    if asked.cancelled:
        said = {"volunteered_id": cause, "volunteered_by": response.answered_by}
        shared = response.shared(InformationVolunteered)
        return Outcome(after, (InformationVolunteered(**shared | told, **said),))
    late = asked.missing or (not asked.paused and now.at > asked.due_at)
    answered = InformationAnswered(**response.shared(InformationAnswered) | told, late=late)
    due = timers(after.next_at, response.referral_id, before=state.next_at)
    return Outcome(after, (answered,), timers=due)


def volunteer(
    state: State | None, offered: InformationOffered, *, cause: str, now: Now
) -> Outcome[State]:
    """What nobody asked for, of any agency that knows of the referral."""
    if offered.referral_id is None or not isinstance(state, Asking | HandedOver):
        return refuse("refused.unknown-subject", "referral_id")
    if refusal := _not_items(offered.offered.items, now.policy):
        return Outcome(refusal=refusal)
    fact = InformationVolunteered(
        referral_id=offered.referral_id,
        case_id=state.cases.now,
        volunteered_id=cause,
        agency=offered.agency,
        items=_of_the_hub(offered.offered.items, offered.referral_id, offered.agency),
        volunteered_by=offered.offered.volunteered_by,
    )
    return Outcome(facts=(fact,))


def miss(state: State | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[State]:
    """Due times passed without an answer, or that goes up to who is next in the chain."""
    if not isinstance(state, Asking):
        return Outcome()
    passed = [one for one in state.asked if one.next_at and one.next_at <= elapsed.due_at]
    if not passed:
        return Outcome()
    head = {"referral_id": elapsed.key, "case_id": state.cases.now}
    overdue = [AnswerOverdue(**head, **_overdue(one)) for one in passed if one.missing]
    facts = (
        *(
            InformationMissing(**head, **one.shared(InformationMissing))
            for one in passed
            if not one.missing
        ),
        *(
            InformationEscalated(**one.shared(InformationEscalated), told=one.escalated_to)
            for one in overdue
        ),
    )
    letters = tuple(
        Letter(f"overdue/{one.request_id}", agency=_to(one, now=now), notice=one) for one in overdue
    )
    after = state.with_changed(*(_told(one, now=now) for one in passed))
    due = timers(after.next_at, elapsed.key, before=state.next_at)
    return Outcome(after, facts, letters, due)


def _overdue(asked: Asked) -> dict[str, Any]:
    contact = asked.chain[0].contact
    return {**asked.shared(RequestHead), "due_at": asked.due_at, "escalated_to": contact}


def _to(overdue: AnswerOverdue, *, now: Now) -> str:
    return overdue.escalated_to.agency or now.policy.lead_agency


def _told(asked: Asked, *, now: Now) -> Asked:
    chain = asked.chain[1:] if asked.missing else now.answer_chain(asked.agency, asked)
    return asked.model_copy(update={"missing": True, "chain": chain})


def _refusal(
    state: Asking, received: InformationReceived, *, asked: Asked, policy: Policy
) -> Refusal | None:
    if received.agency != asked.agency:
        return Refusal("refused.not-yours", "request_id")
    if not state.cases.known(received.response.case_id):
        return Refusal("refused.unknown-subject", "case_id")
    return _not_items(received.response.items, policy)


def _not_items(items: Iterable[InformationItem], policy: Policy) -> Refusal | None:
    """What is wrong with items: an owner that nobody knows, or an id that two of them have."""
    seen: set[str] = set()
    for number, item in enumerate(items):
        if item.owner not in policy.partners:
            return Refusal("invalid.code", f"items[{number}].owner")
        if item.item_id in seen:
            return Refusal("invalid.value", f"items[{number}].item_id")
        seen.add(item.item_id)
    return None


def _of_the_hub(
    items: Iterable[InformationItem], referral_id: str, agency: str
) -> tuple[InformationItem, ...]:
    """The items under ids that no other agency's items have: they may all begin with 1.

    What an agency tells again of a referral under an id of its own is the same item, whatever it
    was asked: what it says of it lasts, and other words are an amendment.
    """
    return tuple(
        item.model_copy(update={"item_id": derived_id("item", referral_id, agency, item.item_id)})
        for item in items
    )
