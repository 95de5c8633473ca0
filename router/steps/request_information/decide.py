"""Hop 4b: prepare what is asked of whom, have it leave once a human has rated, take the answers
(R23 to R26, L5, L6).
"""

from __future__ import annotations

from router.step import Outcome, Step, referral_of
from router.steps.asking import prepared
from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.request_information.answers import miss, take, volunteer
from router.steps.request_information.further import close, decide_further, stopped
from router.steps.request_information.leaving import (
    Left,
    asking_of,
    begin,
    leave,
    prepare,
    tell,
)
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
from schemas.handover import HandoverTakenBack
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
        case HandoverTakenBack() as fact:
            return _take_back(state, fact, cause=message.id, now=now)
        case TimerElapsed() as elapsed:
            return miss(state, elapsed, now=now)
    return Outcome()


def _prepare(state: State | None, linked: ChildLinked, *, cause: str, now: Now) -> Outcome[State]:
    """Nothing leaves yet, but by a rating that was heard already, or where for the profile the
    suggestion is enough. What its worker's team has, and is no possible Red, is put aside.
    """
    if isinstance(state, Asking):
        return Outcome()
    before, ready = state or Early(), prepared(linked, now=now)
    handed = HandedOver(
        cases=Cases.linked(before.cases, linked.case_id),
        allocated=before.allocated.linked(linked),
        concern=ready.concern,
        suggested=ready.suggestion.colour,
        **before.shared(Waiting),
    )
    if handed.allocated.has_it is None or ready.may_be_red:
        return _outcome(begin(handed, ready.concern, plan=ready.plan, cause=cause, now=now))
    return _rated_beside(handed, cause=cause, now=now) or Outcome(state=handed)


def _rated_beside(handed: HandedOver, *, cause: str, now: Now) -> Outcome[State] | None:
    """A human of the hub has rated what its worker's team has: requests leave as for others."""
    if handed.concern is None or not handed.ratings:
        return None
    return _outcome(leave(asking_of(handed, handed.concern), cause=cause, now=now))


def _outcome(left: Left, *, before: Asking | None = None) -> Outcome[State]:
    since, concern = before.next_at if before else None, left.state.concern
    due = timers(left.state.next_at, concern.referral_id, before=since) if concern else ()
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
    if isinstance(after, HandedOver):
        return _rated_beside(after, cause=cause, now=now) or Outcome(state=after)
    if not isinstance(after, Asking) or not isinstance(before, Asking):
        return Outcome(state=after)
    return _outcome(leave(after, cause=cause, now=now), before=before)


def _move(
    state: State | None, correction: LinkCorrected, *, cause: str, now: Now
) -> Outcome[State]:
    """Answers to requests that are out are about the person described in them and stay good.

    Once it is settled whose child it is, what waited for that leaves; where the child that it is
    about now has no worker, it is prepared like any other.
    """
    before = state or Early()
    cases = Cases.corrected(before.cases, correction, at=now.at)
    ruling = Ruling.of(correction, before.ruling)
    if (cases, ruling) == (before.cases, before.ruling):
        return Outcome()
    after = before.model_copy(update={"cases": cases, "ruling": ruling})
    if isinstance(after, Asking) and isinstance(before, Asking):
        settled = _settled(after.ruled(ruling), cause=cause, now=now)
        return _outcome(settled, before=before)
    allocated = _allocated(after).corrected(correction)
    return _handed_on(after, allocated, cause=cause, now=now)


def _allocated(state: State) -> Allocated:
    return NOBODY if isinstance(state, Asking) else state.allocated


def _handed_on(state: State, allocated: Allocated, *, cause: str, now: Now) -> Outcome[State]:
    """What no worker's team has any longer is the hub's, and who rates is told who would be
    asked.
    """
    after = state.model_copy(update={"allocated": allocated})
    if not isinstance(after, HandedOver) or allocated.has_it or after.concern is None:
        return Outcome(state=after)
    return _outcome(begin(after, after.concern, cause=cause, now=now))


def _take_back(
    state: State | None, fact: HandoverTakenBack, *, cause: str, now: Now
) -> Outcome[State]:
    if isinstance(state, Asking):
        return Outcome()
    before = state or Early()
    return _handed_on(before, before.allocated.taken_back(fact), cause=cause, now=now)


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
        HandoverTakenBack,
        TimerElapsed,
    ),
    state=State,
    key=referral_of,
    decide=decide,
)
