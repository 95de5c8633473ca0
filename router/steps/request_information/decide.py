"""Hop 4b: decide how much to gather, ask every agency of that level at once, take their answers
(R23 to R26, L6).
"""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step, Timer
from router.steps import cases as referral_cases
from router.steps import deadlines, thresholds
from router.steps.cases import Cases
from router.steps.request_information.requests import (
    Concern,
    agreement_with,
    answers_due,
    concern_of,
    requests_to,
)
from schemas.base import Code, Identity, Instant, Shape
from schemas.case import ChildLinked, LinkCorrected
from schemas.decisions import RatingDecided
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationReceived,
    InformationRequest,
    InformationRequested,
    InformationResponse,
    Level,
    NotAsked,
)
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notification import Digest
from schemas.policy import Agreement, Policy
from schemas.rating import Colour, TimerElapsed
from schemas.refusals import Refusal


class Raise(Shape):
    """A social worker's rating that was heard before the link; whether it is about this case shows
    later.
    """

    case_id: Identity
    colour: Colour


class Early(Shape):
    """News of a referral whose link is still to be heard."""

    kind: Literal["early"] = "early"
    cases: Cases | None = None
    raises: tuple[Raise, ...] = ()


class HandedOver(Shape):
    """The child's own social worker has it: nothing is gathered here (R9), unless the link proves
    wrong.
    """

    kind: Literal["handed_over"] = "handed_over"
    cases: Cases


class Asked(Shape):
    """One request: open, ``missing`` once its due time passed, and answered once ``answer`` holds a
    digest.
    """

    request_id: Identity
    agency: Code
    due_at: Instant
    missing: bool = False
    answer: Digest | None = None

    @property
    def open(self) -> bool:
        """Whether the answer is still awaited in time."""
        return not self.missing and self.answer is None


class Asking(Shape):
    """What was asked so far. ``concern`` is kept only while a deeper level could be asked for."""

    kind: Literal["asking"] = "asking"
    cases: Cases
    level: Level
    asked: tuple[Asked, ...]
    concern: Concern | None


State: TypeAlias = Annotated[Early | HandedOver | Asking, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Ask, ask more, take an answer, or tell that one is missing. Refuses answers that were not
    asked of the sender.
    """
    match message.data:
        case ChildLinked() as linked:
            return _begin(state, linked, message.time, policy)
        case RatingDecided() as decided if decided.agency == policy.lead_agency:
            return _deepen(state, decided, message.time, policy)
        case InformationReceived() as received:
            return _take(state, received, message.time, policy)
        case LinkCorrected() as correction:
            return _move(state, message, correction)
        case TimerElapsed() as elapsed:
            return _miss(state, elapsed)
    return Outcome()


def _begin(
    state: State | None, linked: ChildLinked, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    if not (state is None or isinstance(state, Early | HandedOver)):
        return Outcome()
    cases = referral_cases.linked(state.cases if state else None, linked.case_id)
    if linked.allocated_to is not None:
        return Outcome(state=HandedOver(cases=cases))
    raises = state.raises if isinstance(state, Early) else ()
    suggestion = thresholds.suggest(linked.notification, linked.earlier_referrals, policy.profile)
    colour = suggestion.colour
    for raised in raises:
        if cases.known(raised.case_id) and thresholds.deeper(
            _level(raised.colour, policy), _level(colour, policy)
        ):
            colour = raised.colour
    concern = concern_of(linked, suggestion.reasons)
    nothing = Asking(cases=cases, level=Level.NONE, asked=(), concern=concern)
    return _ask(nothing, colour, suggestion.reasons, at, policy)


def _deepen(
    state: State | None, decided: RatingDecided, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    """A social worker's rating asks for more, never for less; requests that are out keep their due
    times.
    """
    decision = decided.decision
    if state is None or isinstance(state, Early):
        early = state or Early()
        raised = Raise(case_id=decision.case_id, colour=decision.colour)
        return (
            Outcome()
            if raised in early.raises
            else Outcome(state=early.model_copy(update={"raises": (*early.raises, raised)}))
        )
    if isinstance(state, HandedOver) or not state.cases.known(decision.case_id):
        return Outcome()
    if not thresholds.deeper(_level(decision.colour, policy), state.level):
        return Outcome()
    return _ask(state, decision.colour, ("A social worker changed the rating.",), at, policy)


def _ask(
    state: Asking, colour: Colour, reasons: tuple[str, ...], at: dt.datetime, policy: Policy
) -> Outcome[State]:
    """Ask every agency of the colour's level that was not asked before."""
    concern = state.concern
    if concern is None:
        return Outcome()
    rule = policy.profile.colours[colour]
    level = rule.level
    before = {asked.agency for asked in state.asked}
    agencies = [agency for agency in policy.profile.levels.get(level, ()) if agency not in before]
    today = deadlines.local_day(at, policy.profile.calendar)
    sorted_out = {
        agency: agreement_with(agency, concern.notifier, today, policy) for agency in agencies
    }
    agreements = {
        agency: found for agency, found in sorted_out.items() if isinstance(found, Agreement)
    }
    requests = requests_to(
        agreements, rule, state.cases.now, concern, answers_due(colour, at, policy), policy
    )
    after = state.model_copy(
        update={
            "level": level,
            "asked": (*state.asked, *map(_open, requests)),
            "concern": None if level is Level.FULL else concern,
        }
    )
    fact = InformationRequested(
        referral_id=concern.referral_id,
        case_id=state.cases.now,
        level=level,
        reasons=(f"A rating of {colour} gathers at level {level}.", *reasons),
        profile=policy.profile.title,
        requests=requests,
        not_asked=tuple(found for found in sorted_out.values() if isinstance(found, NotAsked)),
    )
    letters = tuple(
        Letter(f"request/{request.agency}", agency=request.agency, notice=request)
        for request in requests
    )
    return Outcome(after, (fact,), letters, _timers(state, after, concern.referral_id))


def _level(colour: Colour, policy: Policy) -> Level:
    return policy.profile.colours[colour].level


def _open(request: InformationRequest) -> Asked:
    return Asked(request_id=request.identifier, agency=request.agency, due_at=request.due_at)


def _take(
    state: State | None, received: InformationReceived, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    response = received.response
    if not isinstance(state, Asking):
        return Outcome(refusal=Refusal("refused.unknown-subject", "referral_id"))
    asked = next((asked for asked in state.asked if asked.request_id == response.request_id), None)
    if asked is None:
        return Outcome(refusal=Refusal("refused.unknown-subject", "request_id"))
    if refusal := _refusal(state, asked, received, policy):
        return Outcome(refusal=refusal)
    digest = sha256(response.model_dump_json().encode()).hexdigest()
    if asked.answer is not None:
        return (
            Outcome()
            if asked.answer == digest
            else Outcome(refusal=Refusal("refused.closed", "request_id"))
        )
    after = _with(state, asked.model_copy(update={"answer": digest}))
    fact = _answered(response, asked, state.cases.now, at)
    return Outcome(after, (fact,), timers=_timers(state, after, response.referral_id))


def _refusal(
    state: Asking, asked: Asked, received: InformationReceived, policy: Policy
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


def _answered(
    response: InformationResponse, asked: Asked, case_id: str, at: dt.datetime
) -> InformationAnswered:
    return InformationAnswered(
        referral_id=response.referral_id,
        case_id=case_id,
        request_id=response.request_id,
        agency=asked.agency,
        known=response.known,
        items=tuple(_of_the_hub(item, response.request_id) for item in response.items),
        answered_by=response.answered_by,
        late=asked.missing or at > asked.due_at,
    )


def _of_the_hub(item: InformationItem, request_id: str) -> InformationItem:
    """The item under an id that no other agency's item has: they may all begin with 1."""
    return item.model_copy(update={"item_id": derived_id("item", request_id, item.item_id)})


def _miss(state: State | None, elapsed: TimerElapsed) -> Outcome[State]:
    if not isinstance(state, Asking):
        return Outcome()
    passed = [asked for asked in state.asked if asked.open and asked.due_at <= elapsed.due_at]
    if not passed:
        return Outcome()
    after = _with(state, *(asked.model_copy(update={"missing": True}) for asked in passed))
    facts = tuple(
        InformationMissing(
            referral_id=elapsed.key,
            case_id=state.cases.now,
            request_id=asked.request_id,
            agency=asked.agency,
            due_at=asked.due_at,
        )
        for asked in passed
    )
    return Outcome(after, facts, timers=_timers(state, after, elapsed.key))


def _with(state: Asking, *changed: Asked) -> Asking:
    by_id = {asked.request_id: asked for asked in changed}
    return state.model_copy(
        update={"asked": tuple(by_id.get(asked.request_id, asked) for asked in state.asked)}
    )


def _move(state: State | None, message: Message, correction: LinkCorrected) -> Outcome[State]:
    """Answers to requests that are out are about the person described in them and stay good."""
    before = state or Early()
    cases = referral_cases.corrected(before.cases, message, correction)
    return (
        Outcome()
        if cases == before.cases
        else Outcome(state=before.model_copy(update={"cases": cases}))
    )


def _timers(before: Asking, after: Asking, key: str) -> tuple[Timer, ...]:
    """One timer at a time: for the first answer that is due, unless it is set already."""
    first = _first_due(after)
    return () if first is None or first == _first_due(before) else (Timer(first, key),)


def _first_due(state: Asking) -> dt.datetime | None:
    return min((asked.due_at for asked in state.asked if asked.open), default=None)


def _key(message: Message) -> str:
    match message.data:
        case TimerElapsed(key=key):
            return key
        case RatingDecided(decision=decision):
            return decision.referral_id
        case InformationReceived(response=response):
            return response.referral_id
        case ChildLinked() | LinkCorrected() as about:
            return about.referral_id
    raise TypeError(f"request_information does not hear {message.type}")


STEP: Step[State] = Step(
    name="request_information",
    hears=(ChildLinked, InformationReceived, RatingDecided, LinkCorrected, TimerElapsed),
    state=State,
    key=_key,
    decide=decide,
    by_referral=True,
)
