"""Hop 4a: suggest a rating, let a social worker confirm or change it, and watch its due times (R17
to R22, L3).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.step import Outcome, Step, Timer
from router.steps import cases as referral_cases
from router.steps import deadlines, thresholds
from router.steps.cases import Cases
from router.steps.deadlines import Ticking
from schemas.base import Code, Fact, Identity, Instant, Line, Shape
from schemas.case import ChildLinked, LinkCorrected
from schemas.decisions import RatingDecided, RatingDecision
from schemas.letter import Letter
from schemas.message import Message
from schemas.notices import DueTimeWarning, RatingRequest
from schemas.policy import BoroughProfile, Policy
from schemas.product import ProductRefused, ProductReleased
from schemas.rating import (
    Clock,
    Colour,
    DueTimeApproaching,
    DueTimeBreached,
    RatingAssigned,
    RatingSuggested,
    TimerElapsed,
)
from schemas.refusals import Refusal


class Rated(Shape):
    """One entry of a rating's history (R20)."""

    colour: Colour
    decided_by: Line
    rationale: Line
    at: Instant


class Early(Shape):
    """A correction of the link was heard before the link itself."""

    kind: Literal["early"] = "early"
    cases: Cases


class HandedOver(Shape):
    """The child's own social worker has it: nothing is rated here (R9), unless the link proves
    wrong.
    """

    kind: Literal["handed_over"] = "handed_over"
    cases: Cases


class Suggested(Shape):
    """The profile's rating stands until a social worker decides; both clocks may run."""

    kind: Literal["suggested"] = "suggested"
    cases: Cases
    colour: Colour
    reasons: tuple[Line, ...]
    received_at: Instant
    decision_due_at: Instant
    product_due_at: Instant
    decision: Ticking | None
    product: Ticking | None


class Settled(Shape):
    """The most severe colour of which a recipient was sent a product for a case, or nothing where
    nothing may leave.
    """

    case_id: Identity
    recipient: Code
    colour: Colour


class Assigned(Shape):
    """A social worker has decided at least once."""

    kind: Literal["assigned"] = "assigned"
    cases: Cases
    colour: Colour
    received_at: Instant
    product_due_at: Instant
    product: Ticking | None
    settled: tuple[Settled, ...] = ()
    history: Annotated[tuple[Rated, ...], Field(min_length=1)]


Standing: TypeAlias = Suggested | Assigned
State: TypeAlias = Annotated[Early | HandedOver | Suggested | Assigned, Field(discriminator="kind")]


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Suggest, assign, move, warn or stop a clock. Refuses ratings that are not the lead agency's
    to give, or whose referral and case do not belong together; a rating given before its request
    went out can be redriven.
    """
    match message.data:
        case ChildLinked() as linked:
            return _suggest(state, linked, message.time, policy)
        case RatingDecided() as decided:
            return _assign(state, decided, message.time, policy)
        case LinkCorrected() as correction:
            return _move(state, message, correction, policy)
        case ProductReleased() | ProductRefused() as settled:
            return _settle(state, settled, policy)
        case TimerElapsed() as elapsed:
            return _warn(state, elapsed, policy)
    return Outcome()


def _suggest(
    state: State | None, linked: ChildLinked, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    if not (state is None or isinstance(state, Early | HandedOver)):
        return Outcome()
    cases = referral_cases.linked(state.cases if state else None, linked.case_id)
    if linked.allocated_to is not None:
        return Outcome(state=HandedOver(cases=cases))
    profile = policy.profile
    suggestion = thresholds.suggest(linked.notification, linked.earlier_referrals, profile)
    decision_due = deadlines.due(profile.decision_allowed, at, profile.calendar)
    product_due = _due(suggestion.colour, at, profile)
    suggested = Suggested(
        cases=cases,
        colour=suggestion.colour,
        reasons=suggestion.reasons,
        received_at=at,
        decision_due_at=decision_due,
        product_due_at=product_due,
        decision=deadlines.started(at, decision_due, profile.warn_at),
        product=deadlines.started(at, product_due, profile.warn_at),
    )
    fact = RatingSuggested(
        referral_id=linked.referral_id,
        case_id=cases.now,
        colour=suggestion.colour,
        reasons=suggestion.reasons,
        profile=profile.title,
        decision_due_at=decision_due,
        product_due_at=product_due,
    )
    request = _request(linked.referral_id, suggested, policy)
    return Outcome(suggested, (fact,), (request,), _timers(None, suggested, linked.referral_id))


def _request(referral_id: str, suggested: Suggested, policy: Policy) -> Letter:
    notice = RatingRequest(
        referral_id=referral_id,
        case_id=suggested.cases.now,
        suggested=suggested.colour,
        reasons=suggested.reasons,
        profile=policy.profile.title,
        due_at=suggested.decision_due_at,
    )
    return Letter("rating-request", agency=policy.lead_agency, notice=notice)


def _assign(
    state: State | None, decided: RatingDecided, at: dt.datetime, policy: Policy
) -> Outcome[State]:
    decision = decided.decision
    if decided.agency != policy.lead_agency:
        return Outcome(refusal=Refusal("refused.role"))
    match state:
        case None | Early():
            return Outcome(refusal=Refusal("refused.unknown-subject", "referral_id"))
        case HandedOver(cases=cases):
            return Outcome(
                refusal=Refusal("refused.closed") if cases.known(decision.case_id) else _OTHER_CASE
            )
        case Suggested() | Assigned():
            if not state.cases.known(decision.case_id):
                return Outcome(refusal=_OTHER_CASE)
            if isinstance(state, Assigned) and _repeats(decision, state.history[-1]):
                return Outcome()
            return _assigned(state, decision, at, policy.profile)


_OTHER_CASE = Refusal("refused.unknown-subject", "case_id")


def _repeats(decision: RatingDecision, last: Rated) -> bool:
    return (decision.colour, decision.decided_by, decision.rationale) == (
        last.colour,
        last.decided_by,
        last.rationale,
    )


def _assigned(
    state: Standing, decision: RatingDecision, at: dt.datetime, profile: BoroughProfile
) -> Outcome[State]:
    earlier = state if isinstance(state, Assigned) else None
    product_due = _product_due(state, decision.colour, at, profile)
    rated = Rated(
        colour=decision.colour, decided_by=decision.decided_by, rationale=decision.rationale, at=at
    )
    assigned = Assigned(
        cases=state.cases,
        colour=decision.colour,
        received_at=state.received_at,
        product_due_at=product_due,
        product=_product_clock(state, decision.colour, product_due, at, profile),
        settled=earlier.settled if earlier else (),
        history=(*(earlier.history if earlier else ()), rated),
    )
    fact = RatingAssigned(
        referral_id=decision.referral_id,
        case_id=state.cases.now,
        colour=decision.colour,
        previous=state.colour,
        confirmed=decision.colour is state.colour,
        decided_by=decision.decided_by,
        rationale=decision.rationale,
        profile=profile.title,
        product_due_at=product_due,
    )
    return Outcome(assigned, (fact,), timers=_timers(state, assigned, decision.referral_id))


def _product_due(
    state: Standing, colour: Colour, at: dt.datetime, profile: BoroughProfile
) -> dt.datetime:
    """A raised rating has its own time from now on, but no more than was left; a lower one never
    shortens it.
    """
    if colour is state.colour:
        return state.product_due_at
    if colour.severity < state.colour.severity:
        return max(state.product_due_at, _due(colour, state.received_at, profile))
    raised = _due(colour, at, profile)
    return min(raised, state.product_due_at) if state.product_due_at > at else raised


def _product_clock(
    state: Standing, colour: Colour, due_at: dt.datetime, at: dt.datetime, profile: BoroughProfile
) -> Ticking | None:
    """Runs while a product of this colour is to go to somebody; a due time that passed already is
    told only once.
    """
    if not profile.colours[colour].recipients or (
        isinstance(state, Assigned) and _is_out(state, colour, profile)
    ):
        return None
    if colour is state.colour or due_at <= at:
        return state.product
    return deadlines.started(at, due_at, profile.warn_at)


def _move(
    state: State | None, message: Message, correction: LinkCorrected, policy: Policy
) -> Outcome[State]:
    cases = referral_cases.corrected(state.cases if state else None, message, correction)
    if state is None or isinstance(state, Early):
        return Outcome(state=Early(cases=cases))
    if cases == state.cases:
        return Outcome()
    if isinstance(state, HandedOver):
        return Outcome(state=state.model_copy(update={"cases": cases}))
    if isinstance(state, Assigned):
        after = _watched_anew(
            state.model_copy(update={"cases": cases}), message.time, policy.profile
        )
        return Outcome(state=after, timers=_timers(state, after, correction.referral_id))
    moved = state.model_copy(update={"cases": cases})
    requests = (
        () if cases.now == state.cases.now else (_request(correction.referral_id, moved, policy),)
    )
    return Outcome(state=moved, letters=requests)


def _watched_anew(state: Assigned, at: dt.datetime, profile: BoroughProfile) -> Assigned:
    """What went out went out for another case: the products for this one have the time that is
    left, or time anew.
    """
    colour = state.colour
    if (
        state.product is not None
        or not profile.colours[colour].recipients
        or _is_out(state, colour, profile)
    ):
        return state
    due_at = state.product_due_at if state.product_due_at > at else _due(colour, at, profile)
    clock = deadlines.started(at, due_at, profile.warn_at)
    return state.model_copy(update={"product_due_at": due_at, "product": clock})


def _settle(
    state: State | None, settled: ProductReleased | ProductRefused, policy: Policy
) -> Outcome[State]:
    """The product clock stops once each recipient has an ordinary product of at least the colour
    that stands.
    """
    voided = isinstance(settled, ProductRefused) and settled.voided
    if not isinstance(state, Assigned) or settled.urgent or voided:
        return Outcome()
    new = Settled(case_id=settled.case_id, recipient=settled.recipient, colour=settled.colour)
    after = state.model_copy(update={"settled": _with(state.settled, new)})
    if after == state:
        return Outcome()
    if _is_out(after, state.colour, policy.profile):
        after = after.model_copy(update={"product": None})
    return Outcome(state=after, timers=_timers(state, after, settled.referral_id))


def _with(settled: tuple[Settled, ...], new: Settled) -> tuple[Settled, ...]:
    same = [one for one in settled if (one.case_id, one.recipient) == (new.case_id, new.recipient)]
    if any(one.colour.severity >= new.colour.severity for one in same):
        return settled
    return (*(one for one in settled if one not in same), new)


def _is_out(state: Assigned, colour: Colour, profile: BoroughProfile) -> bool:
    """Whether all recipients of this colour, or of one more severe, have the products for the case
    as it is now.
    """
    return any(
        rule.recipients
        and all(_has(state, recipient.agency, worse) for recipient in rule.recipients)
        for worse, rule in profile.colours.items()
        if worse.severity >= colour.severity
    )


def _has(state: Assigned, recipient: str, colour: Colour) -> bool:
    return any(
        (one.case_id, one.recipient) == (state.cases.now, recipient)
        and one.colour.severity >= colour.severity
        for one in state.settled
    )


def _warn(state: State | None, elapsed: TimerElapsed, policy: Policy) -> Outcome[State]:
    """Tell what is due or past at this moment; a timer that no clock waits for any more is
    stale.
    """
    if not isinstance(state, Suggested | Assigned):
        return Outcome()
    rung = [
        (clock, ticking) for clock, ticking in _clocks(state) if ticking.next_at <= elapsed.due_at
    ]
    if not rung:
        return Outcome()
    warnings = tuple(_warning(state, clock, ticking, elapsed.key) for clock, ticking in rung)
    after = state.model_copy(update={clock: ticking.told() for clock, ticking in rung})
    return Outcome(
        after,
        tuple(_fact(warning) for warning in warnings),
        tuple(
            Letter(f"warning/{warning.clock}", agency=policy.lead_agency, notice=warning)
            for warning in warnings
        ),
        _timers(state, after, elapsed.key),
    )


def _warning(state: Standing, clock: Clock, ticking: Ticking, referral_id: str) -> DueTimeWarning:
    return DueTimeWarning(
        referral_id=referral_id,
        case_id=state.cases.now,
        clock=clock,
        colour=state.colour,
        due_at=ticking.due_at,
        breached=ticking.breached_next,
    )


def _fact(warning: DueTimeWarning) -> Fact:
    kind = DueTimeBreached if warning.breached else DueTimeApproaching
    return kind(
        referral_id=warning.referral_id,
        case_id=warning.case_id,
        clock=warning.clock,
        colour=warning.colour,
        due_at=warning.due_at,
    )


def _clocks(state: Standing) -> Iterator[tuple[Clock, Ticking]]:
    """The clocks that run; each is the state's field of its name."""
    if isinstance(state, Suggested) and state.decision is not None:
        yield "decision", state.decision
    if state.product is not None:
        yield "product", state.product


def _timers(before: Standing | None, after: Standing, key: str) -> tuple[Timer, ...]:
    """One timer at a time: for what is to tell next, unless it is set already."""
    next_at = _next_at(after)
    if next_at is None or (before is not None and next_at == _next_at(before)):
        return ()
    return (Timer(next_at, key),)


def _next_at(state: Standing) -> dt.datetime | None:
    return min((ticking.next_at for _, ticking in _clocks(state)), default=None)


def _due(colour: Colour, from_: dt.datetime, profile: BoroughProfile) -> dt.datetime:
    return deadlines.due(profile.colours[colour].time_allowed, from_, profile.calendar)


def _key(message: Message) -> str:
    match message.data:
        case TimerElapsed(key=key):
            return key
        case RatingDecided(decision=decision):
            return decision.referral_id
        case ChildLinked() | LinkCorrected() | ProductReleased() | ProductRefused() as about:
            return about.referral_id
    raise TypeError(f"rate does not hear {message.type}")


STEP: Step[State] = Step(
    name="rate",
    hears=(
        ChildLinked,
        RatingDecided,
        ProductReleased,
        ProductRefused,
        TimerElapsed,
        LinkCorrected,
    ),
    state=State,
    key=_key,
    decide=decide,
    by_referral=True,
)
