"""Hop 4b: decide how much to gather, ask everybody at once, take their answers (R23 to R26, L6)."""

from __future__ import annotations

from hashlib import sha256

from router.step import Outcome, Step, referral_of, refuse
from router.steps import thresholds
from router.steps.cases import Cases, HandedOver
from router.steps.deadlines import timers
from router.steps.now import Now
from router.steps.request_information.requests import concern_of, requests_to
from router.steps.request_information.state import (
    Asked,
    Asking,
    Early,
    Raise,
    State,
)
from schemas.case import ChildLinked, LinkCorrected
from schemas.decisions import RatingDecided
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationReceived,
    InformationRequested,
    Level,
)
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.policy import Policy
from schemas.rating import Colour, TimerElapsed
from schemas.refusals import Refusal


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Ask, ask more, take an answer, or tell that one is missing.

    Refuses answers that were not asked of the sender.
    """
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _begin(state, linked, now=now)
        case RatingDecided() as decided if decided.agency == policy.lead_agency:
            return _deepen(state, decided, now=now)
        case InformationReceived() as received:
            return _take(state, received, now=now)
        case LinkCorrected() as correction:
            return _move(state, correction, now=now)
        case TimerElapsed() as elapsed:
            return _miss(state, elapsed)
    return Outcome()


def _begin(state: State | None, linked: ChildLinked, *, now: Now) -> Outcome[State]:
    if isinstance(state, Asking):
        return Outcome()
    cases = Cases.linked(state.cases if state else None, linked.case_id)
    if linked.allocated_to is not None:
        return Outcome(state=HandedOver(cases=cases))
    suggestion = thresholds.suggest(
        linked.notification, earlier_referrals=linked.earlier_referrals, profile=now.profile
    )
    colour = suggestion.colour
    for raised in state.raises if isinstance(state, Early) else ():
        if cases.known(raised.case_id) and thresholds.deeper(
            now.rule(raised.colour).level, now.rule(colour).level
        ):
            colour = raised.colour
    concern = concern_of(linked, suggestion.reasons)
    nothing = Asking(cases=cases, level=Level.NONE, asked=(), concern=concern)
    return _ask(nothing, colour, reasons=suggestion.reasons, now=now)


def _deepen(state: State | None, decided: RatingDecided, *, now: Now) -> Outcome[State]:
    """A rating asks for more, never for less; requests that are out keep their due times."""
    decision = decided.decision
    if state is None or isinstance(state, Early):
        early, raised = state or Early(), Raise(**decision.shared(Raise))
        if raised in early.raises:
            return Outcome()
        return Outcome(state=early.model_copy(update={"raises": (*early.raises, raised)}))
    if isinstance(state, HandedOver) or not state.cases.known(decision.case_id):
        return Outcome()
    if not thresholds.deeper(now.rule(decision.colour).level, state.level):
        return Outcome()
    reasons = ("A social worker changed the rating.",)
    return _ask(state, decision.colour, reasons=reasons, now=now)


def _ask(state: Asking, colour: Colour, *, reasons: tuple[str, ...], now: Now) -> Outcome[State]:
    """Ask every agency of the colour's level that was not asked before."""
    concern, level = state.concern, now.rule(colour).level
    if concern is None:
        return Outcome()
    before = {asked.agency for asked in state.asked}
    agencies = (agency for agency in now.profile.levels.get(level, ()) if agency not in before)
    requests, not_asked = requests_to(
        agencies, concern, colour=colour, case_id=state.cases.now, now=now
    )
    fact = InformationRequested(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        level=level,
        reasons=(f"A rating of {colour} gathers at level {level}.", *reasons),
        profile=now.profile.title,
        requests=tuple(requests),
        not_asked=tuple(not_asked),
    )
    after = state.with_more(fact.requests, level=level)
    due = timers(after.next_at, fact.referral_id, before=state.next_at)
    letters = (
        Letter(f"request/{one.agency}", agency=one.agency, notice=one) for one in fact.requests
    )
    return Outcome(after, (fact,), tuple(letters), due)


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
    """Answers to requests that are out are about the person described in them and stay good."""
    before = state or Early()
    cases = Cases.corrected(before.cases, correction, at=now.at)
    if cases == before.cases:
        return Outcome()
    return Outcome(state=before.model_copy(update={"cases": cases}))


STEP: Step[State] = Step(
    name="request_information",
    hears=(ChildLinked, InformationReceived, RatingDecided, LinkCorrected, TimerElapsed),
    state=State,
    key=referral_of,
    decide=decide,
)
