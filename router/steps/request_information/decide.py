"""Hop 4b: prepare what is asked of whom, have it leave once a human has rated, take the answers
(R23 to R26, L5, L6).
"""

from __future__ import annotations

from hashlib import sha256

from router.step import Outcome, Step, referral_of, refuse
from router.steps import thresholds
from router.steps.asking import concern_of
from router.steps.cases import Cases
from router.steps.deadlines import timers
from router.steps.now import Now
from router.steps.request_information.leaving import Left, adult_matter, leave, prepare, tell
from router.steps.request_information.state import (
    Asked,
    Asking,
    Early,
    HandedOver,
    Rating,
    Ruling,
    State,
    Waiting,
)
from schemas.case import ChildLinked, LinkCorrected
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationReceived,
    RequestsPrepared,
)
from schemas.message import Message, derived_id
from schemas.policy import Policy
from schemas.rating import RatingAssigned, TimerElapsed
from schemas.refusals import Refusal


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Prepare, ask, ask more, take an answer, or tell that one is missing.

    Refuses answers that were not asked of the sender.
    """
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _prepare(state, linked, now=now)
        case RatingAssigned() as assigned:
            return _gather(state, assigned, now=now)
        case InformationReceived() as received:
            return _take(state, received, now=now)
        case LinkCorrected() as correction:
            return _move(state, correction, now=now)
        case TimerElapsed() as elapsed:
            return _miss(state, elapsed)
    return Outcome()


def _prepare(state: State | None, linked: ChildLinked, *, now: Now) -> Outcome[State]:
    """Nothing leaves yet, but by a rating that was heard already, or where for the profile the
    suggestion is enough.
    """
    if isinstance(state, Asking):
        return Outcome()
    before = state or Early()
    cases = Cases.linked(before.cases, linked.case_id)
    if linked.allocated_to is not None:
        return Outcome(state=HandedOver(cases=cases, **before.shared(Waiting)))
    prepared = prepare(_asking(before, linked, cases=cases, now=now), now=now)
    left = leave(prepared.state, now=now)
    letters = (*adult_matter(prepared.state, now=now), *left.letters)
    return _outcome(Left(left.state, (*prepared.facts, *left.facts), letters), linked.referral_id)


def _asking(before: Waiting, linked: ChildLinked, *, cases: Cases, now: Now) -> Asking:
    suggestion = thresholds.suggest(
        linked.notification, earlier_referrals=linked.earlier_referrals, profile=now.profile
    )
    enough = now.rule(suggestion.colour).gather_on == "suggestion"
    suggested = (Rating(colour=suggestion.colour, suggested=True),) if enough else ()
    made = Asking(
        cases=cases,
        asked=(),
        concern=concern_of(linked, suggestion.reasons, now=now),
        suggested=suggestion.colour,
        ratings=(*suggested, *before.ratings),
    )
    return made.ruled(before.ruling)


def _outcome(left: Left, referral_id: str, *, before: Asking | None = None) -> Outcome[State]:
    since = before.next_at if before else None
    due = timers(left.state.next_at, referral_id, before=since)
    return Outcome(left.state, left.facts, left.letters, due)


def _gather(state: State | None, assigned: RatingAssigned, *, now: Now) -> Outcome[State]:
    """A rating that is heard before the link waits for it."""
    rating = Rating(**assigned.shared(Rating) | {"case_id": None})
    before = state or Early()
    after = before.model_copy(update={"ratings": (*before.ratings, rating)})
    if not isinstance(after, Asking) or not isinstance(before, Asking):
        return Outcome(state=after)
    return _outcome(leave(after, now=now), assigned.referral_id, before=before)


def _take(state: State | None, received: InformationReceived, *, now: Now) -> Outcome[State]:
    response = received.response
    if not isinstance(state, Asking):
        return refuse("refused.unknown-subject", "referral_id")
    asked = next((asked for asked in state.asked if asked.request_id == response.request_id), None)
    if asked is None:
        return refuse("refused.unknown-subject", "request_id")
    if refusal := _refusal(state, received, asked=asked, policy=now.policy):
        return Outcome(refusal=refusal)
    digest = sha256(response.model_dump_json().encode()).hexdigest()
    if asked.answer is not None:
        again = asked.answer == digest
        return Outcome() if again else refuse("refused.closed", "request_id")
    after = state.with_changed(asked.model_copy(update={"answer": digest}))
    items = tuple(_of_the_hub(item, response.request_id) for item in response.items)
    fact = InformationAnswered(
        **response.shared(InformationAnswered) | {"case_id": state.cases.now, "items": items},
        agency=asked.agency,
        late=asked.missing or now.at > asked.due_at,
    )
    return Outcome(
        after, (fact,), timers=timers(after.next_at, response.referral_id, before=state.next_at)
    )


def _refusal(
    state: Asking, received: InformationReceived, *, asked: Asked, policy: Policy
) -> Refusal | None:
    response = received.response
    if received.agency != asked.agency:
        return Refusal("refused.not-yours", "request_id")
    if not state.cases.known(response.case_id):
        return Refusal("refused.unknown-subject", "case_id")
    seen: set[str] = set()
    for number, item in enumerate(response.items):
        if item.owner not in policy.partners:
            return Refusal("invalid.code", f"items[{number}].owner")
        if item.item_id in seen:
            return Refusal("invalid.value", f"items[{number}].item_id")
        seen.add(item.item_id)
    return None


def _of_the_hub(item: InformationItem, request_id: str) -> InformationItem:
    """The item under an id that no other agency's item has: they may all begin with 1."""
    return item.model_copy(update={"item_id": derived_id("item", request_id, item.item_id)})


def _miss(state: State | None, elapsed: TimerElapsed) -> Outcome[State]:
    if not isinstance(state, Asking):
        return Outcome()
    passed = [asked for asked in state.asked if asked.open and asked.due_at <= elapsed.due_at]
    if not passed:
        return Outcome()
    after = state.with_changed(*(one.model_copy(update={"missing": True}) for one in passed))
    facts = tuple(
        InformationMissing(
            referral_id=elapsed.key, case_id=state.cases.now, **one.shared(InformationMissing)
        )
        for one in passed
    )
    return Outcome(after, facts, timers=timers(after.next_at, elapsed.key, before=state.next_at))


def _move(state: State | None, correction: LinkCorrected, *, now: Now) -> Outcome[State]:
    """Answers to requests that are out are about the person described in them and stay good.

    Once it is settled whose child it is, what waited for that leaves.
    """
    before = state or Early()
    cases = Cases.corrected(before.cases, correction, at=now.at)
    ruling = Ruling.of(correction, before.ruling)
    if (cases, ruling) == (before.cases, before.ruling):
        return Outcome()
    after = before.model_copy(update={"cases": cases, "ruling": ruling})
    if not isinstance(after, Asking) or not isinstance(before, Asking):
        return Outcome(state=after)
    return _outcome(_settled(after.ruled(ruling), now), correction.referral_id, before=before)


def _settled(state: Asking, now: Now) -> Left:
    """What waited leaves; where nobody has rated, what would leave is told anew if it changed."""
    left = leave(state, now=now)
    if left.state.level is not None:
        return left
    again = prepare(left.state, now=now)
    if again.state.not_asked == state.not_asked:
        return left
    plans = (fact.plan for fact in again.facts if isinstance(fact, RequestsPrepared))
    letters = tuple(tell(again.state, plan, now=now) for plan in plans)
    return Left(again.state, again.facts, letters)


STEP: Step[State] = Step(
    name="request_information",
    hears=(ChildLinked, InformationReceived, RatingAssigned, LinkCorrected, TimerElapsed),
    state=State,
    key=referral_of,
    decide=decide,
)
