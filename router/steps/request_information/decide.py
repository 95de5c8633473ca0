"""Hop 4b: prepare what is asked of whom, have it leave once a human has rated, take the answers
(R23 to R26, L5, L6).
"""

from __future__ import annotations

from router.step import Outcome, Step, referral_of
from router.steps.asking import Prepared, prepared
from router.steps.cases import Cases
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.request_information.answers import chase, take, volunteer
from router.steps.request_information.further import close, decide_further, stopped
from router.steps.request_information.leaving import Left, adult_matter, leave, prepare, tell
from router.steps.request_information.state import (
    STEP_NAME,
    Asking,
    Early,
    HandedOver,
    Rating,
    Ruling,
    State,
    Waiting,
)
from schemas.case import ChildLinked, LinkCorrected
from schemas.decisions import RequestDecided
from schemas.information import InformationOffered, InformationReceived, RequestsPrepared
from schemas.message import Message
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.policy import Policy
from schemas.rating import RatingAssigned, TimerElapsed
from schemas.safety import SafetySettled


def decide(state: State | None, message: Message, policy: Policy) -> Outcome[State]:
    """Prepare, ask, ask more, take an answer, or tell that one is missing.

    Refuses answers that were not asked of the sender, and decisions that are not its to make.
    """
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _prepare(state, linked, cause=message.id, now=now)
        case RatingAssigned() as assigned:
            return _gather(state, assigned, cause=message.id, now=now)
        case InformationReceived() as received:
            return take(state, received, cause=message.id, now=now)
        case InformationOffered() as offered:
            return volunteer(state, offered, cause=message.id, now=now)
        case RequestDecided() as decided:
            return decide_further(state, decided, cause=message.id, now=now)
        case ReferralClosed() | ReferralReopened() | SafetySettled() as came:
            return _end(state, came, now=now)
        case LinkCorrected() as correction:
            return _move(state, correction, cause=message.id, now=now)
        case TimerElapsed() as elapsed:
            return chase(state, elapsed, now=now)
    return Outcome()


def _prepare(state: State | None, linked: ChildLinked, *, cause: str, now: Now) -> Outcome[State]:
    """Nothing leaves yet, but by a rating that was heard already, or where for the profile the
    suggestion is enough.
    """
    if isinstance(state, Asking):
        return Outcome()
    before = state or Early()
    cases = Cases.linked(before.cases, linked.case_id)
    if linked.allocated_to is not None:
        return Outcome(state=HandedOver(cases=cases, **before.shared(Waiting)))
    ready = prepared(linked, now=now)
    asking = _asking(before, ready, cases=cases, now=now)
    # A ruling that was heard first may say otherwise whose child it is.
    plan = ready.plan if asking.concern is ready.concern else None
    made = prepare(asking, plan=plan, now=now)
    left = leave(made.state, cause=cause, now=now)
    letters = (*adult_matter(made.state, now=now), *left.letters)
    return _outcome(Left(left.state, (*made.facts, *left.facts), letters), linked.referral_id)


def _asking(before: Waiting, ready: Prepared, *, cases: Cases, now: Now) -> Asking:
    suggestion = ready.suggestion
    enough = now.rule(suggestion.colour).gather_on == "suggestion"
    suggested = (Rating(colour=suggestion.colour, suggested=True),) if enough else ()
    made = Asking(
        cases=cases,
        asked=(),
        concern=ready.concern,
        suggested=suggestion.colour,
        ratings=(*suggested, *before.ratings) if before.closed_at is None else (),
        closed_at=before.closed_at,
    )
    return made.ruled(before.ruling)


def _outcome(left: Left, referral_id: str, *, before: Asking | None = None) -> Outcome[State]:
    since = before.next_at if before else None
    due = timers(left.state.next_at, referral_id, before=since)
    return Outcome(left.state, left.facts, left.letters, due)


def _gather(
    state: State | None, assigned: RatingAssigned, *, cause: str, now: Now
) -> Outcome[State]:
    """A rating that is heard before the link waits for it."""
    rating = Rating(**assigned.shared(Rating) | {"case_id": None})
    before = state or Early()
    if before.closed_at is not None and now.at <= before.closed_at:
        return Outcome()
    after = before.model_copy(update={"ratings": (*before.ratings, rating)})
    if not isinstance(after, Asking) or not isinstance(before, Asking):
        return Outcome(state=after)
    return _outcome(leave(after, cause=cause, now=now), assigned.referral_id, before=before)


def _move(
    state: State | None, correction: LinkCorrected, *, cause: str, now: Now
) -> Outcome[State]:
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
    return _outcome(
        _settled(after.ruled(ruling), cause=cause, now=now), correction.referral_id, before=before
    )


def _settled(state: Asking, *, cause: str, now: Now) -> Left:
    """What waited leaves; where nobody has rated, what would leave is told anew if it changed."""
    left = leave(state, cause=cause, now=now)
    if left.state.level is not None:
        return left
    again = prepare(left.state, now=now)
    if again.state.not_asked == state.not_asked:
        return left
    plans = (fact.plan for fact in again.facts if isinstance(fact, RequestsPrepared))
    letters = tuple(tell(again.state, plan, now=now) for plan in plans)
    return Left(again.state, again.facts, letters)


def _end(
    state: State | None, came: ReferralClosed | ReferralReopened | SafetySettled, *, now: Now
) -> Outcome[State]:
    """What ends requests, and what lets a referral have further ones."""
    match came:
        case ReferralClosed():
            return close(state, came, now=now)
        case SafetySettled():
            return stopped(state, came)
    return Outcome(state=state.model_copy(update={"closed_at": None}) if state else None)


STEP: Step[State] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        RatingAssigned,
        RequestDecided,
        ReferralClosed,
        ReferralReopened,
        InformationReceived,
        InformationOffered,
        SafetySettled,
        LinkCorrected,
        TimerElapsed,
    ),
    state=State,
    key=referral_of,
    decide=decide,
)
