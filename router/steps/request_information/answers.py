"""What agencies answer, too late, not at all, or without having been asked (R25)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from router.step import Outcome, refuse
from router.steps.clocks import owing
from router.steps.clocks.ticking import Paused, timers
from router.steps.now import Now
from router.steps.request_information.state import Asked, Asking, HandedOver, State
from schemas.base import Fact, ReferralHead
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationOffered,
    InformationReceived,
    InformationVolunteered,
    RequestStillPaused,
)
from schemas.letter import Letter
from schemas.message import derived_id
from schemas.notices import PauseReminder
from schemas.owed import Owed
from schemas.policy import Policy
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal

AN_ANSWER: Final = "An answer to a request for information about the child."


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
    items = _of_the_hub(response.items, response.referral_id, agency=asked.agency)
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
        items=_of_the_hub(offered.offered.items, offered.referral_id, agency=offered.agency),
        volunteered_by=offered.offered.volunteered_by,
    )
    return Outcome(facts=(fact,))


def chase(state: State | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[State]:
    """Who owes an answer is warned and chased, then it goes up along the chain; whoever had a
    request stand still is reminded of it.
    """
    if not isinstance(state, Asking):
        return Outcome()
    passed = [one for one in state.asked if one.next_at and one.next_at <= elapsed.due_at]
    if not passed:
        return Outcome()
    head = ReferralHead(referral_id=elapsed.key, case_id=state.cases.now)
    told = [
        _reminded(one, one.paused, head=head, now=now)
        if one.paused
        else _told(one, elapsed, head=head, now=now)
        for one in passed
    ]
    after = state.with_changed(*(one.asked for one in told))
    due = timers(after.next_at, elapsed.key, before=state.next_at)
    facts = tuple(fact for one in told for fact in one.facts)
    return Outcome(after, facts, tuple(one.letter for one in told), due)


@dataclass(frozen=True, slots=True)
class _Told:
    """What was told of a request, and the request after it."""

    asked: Asked
    facts: tuple[Fact, ...]
    letter: Letter


def _told(asked: Asked, elapsed: TimerElapsed, *, head: ReferralHead, now: Now) -> _Told:
    """Nobody is warned any more of what is due already."""
    is_due = not asked.missing and asked.due_at <= elapsed.due_at
    clock = asked.model_copy(update={"approaching_at": None}).ticking if is_due else asked.ticking
    owed = Owed(
        **head.shared(Owed),
        clock="answer",
        agency=asked.agency,
        owed=AN_ANSWER,
        subject_id=asked.request_id,
        since=asked.started_at or asked.due_at,
        due_at=asked.due_at,
    )
    chain = now.answer_chain(asked.agency, asked)
    told = owing.told(owed, clock, key=asked.request_id, chain=chain, now=now)
    missing = (
        InformationMissing(**head.shared(InformationMissing) | asked.shared(InformationMissing)),
    )
    return _Told(asked.ticked(told.clock), (*(missing if is_due else ()), told.fact), told.letter)


def _reminded(asked: Asked, paused: Paused, *, head: ReferralHead, now: Now) -> _Told:
    """And again after as long, until it runs on or is cancelled."""
    since = {"since": paused.since, "paused_by": paused.by}
    fact = RequestStillPaused(**head.shared(RequestStillPaused), **_of(asked), **since)
    again = paused.model_copy(update={"remind_at": now.remind_at()})
    notice = PauseReminder(
        **fact.shared(PauseReminder),
        reason=paused.reason,
        next=_until_resumed(again, now),
        next_at=again.remind_at,
    )
    letter = Letter(f"paused/{asked.request_id}", agency=now.policy.lead_agency, notice=notice)
    return _Told(asked.model_copy(update={"paused": again}), (fact,), letter)


def _of(asked: Asked) -> dict[str, str]:
    return {"request_id": asked.request_id, "agency": asked.agency}


def _until_resumed(paused: Paused, now: Now) -> str:
    still = "No answer is chased until you have it run on, or cancel it."
    if paused.remind_at is None:
        return still
    return f"{still} You are reminded again at {now.in_words(paused.remind_at)}."


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
    items: Iterable[InformationItem], referral_id: str, *, agency: str
) -> tuple[InformationItem, ...]:
    """The items under ids that no other agency's items have: they may all begin with 1.

    What an agency tells again of a referral under an id of its own is the same item, whatever it
    was asked: what it says of it lasts, and other words are an amendment.
    """
    return tuple(
        item.model_copy(
            update={
                "item_id": derived_id("item", referral_id, agency, item.item_id),
                "reference": item.reference or item.item_id,
            }
        )
        for item in items
    )
