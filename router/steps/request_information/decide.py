"""Hop 4b: prepare what is asked of whom, have it leave once a human has rated, take the answers
(R23 to R26, L5, L6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from router.step import Outcome, Step, referral_of
from router.steps.asking import prepared
from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from router.steps.request_information.answers import chase, take, volunteer
from router.steps.request_information.consent import consented
from router.steps.request_information.further import close, decide_further, stopped
from router.steps.request_information.leaving import (
    Left,
    asked_under_others,
    asking_of,
    begin,
    by_last_word,
    in_order,
    leave,
    prepare,
    tell,
)
from router.steps.request_information.rerated import moved, rerated
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
from schemas.consent import ConsentReceived
from schemas.decisions import RequestDecided
from schemas.handover import HandoverGiven, HandoverTakenBack
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
        case ConsentReceived() as received:
            return consented(state, received, cause=message.id, now=now)
        case RequestDecided() as decided:
            return decide_further(state, decided, cause=message.id, now=now)
        case ReferralClosed() | ReferralReopened() | SafetySettled() as came:
            return _end(state, came, now=now)
        case LinkCorrected() | HandoverGiven() | HandoverTakenBack() as came:
            return _follow_link(state, came, cause=message.id, now=now)
        case TimerElapsed() as elapsed:
            return chase(state, elapsed, now=now)
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


def versions_of(message: Message) -> tuple[str, ...]:
    """The other versions of the notification, where it bears on who is asked."""
    data = message.data
    return data.versions if isinstance(data, ChildLinked | RatingAssigned) else ()


def with_versions(own: State | None, others: Mapping[str, State]) -> State:
    """The state that knows whom other versions had asked (R15), and what was said of consent since
    they came (R10).
    """
    states = [other for other in others.values() if isinstance(other, Asking)]
    asked = (one for other in states for one in other.asked)
    agencies = tuple(sorted({one.agency for one in asked if not one.cancelled}))
    said = in_order(one for other in states for one in other.consents)
    state = own or Early()
    after = state.model_copy(update={"asked_before": agencies, "consents_before": said})
    if not isinstance(after, Asking) or after.concern is None:
        return after
    concern = by_last_word(after.concern, (*said, *after.consents)) if said else after.concern
    return after.model_copy(update={"concern": asked_under_others(concern, agencies)})


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
    left = leave(after, cause=cause, now=now)
    return _rerated(left, before, came=assigned, now=now)


def _follow_link(
    state: State | None,
    came: LinkCorrected | HandoverGiven | HandoverTakenBack,
    *,
    cause: str,
    now: Now,
) -> Outcome[State]:
    if isinstance(came, LinkCorrected):
        return _move(state, came, cause=cause, now=now)
    if isinstance(state, Asking):
        return Outcome()
    before = state or Early()
    if isinstance(came, HandoverGiven):
        return _handed_on(before, before.allocated.given(came), cause=cause, now=now)
    return _handed_on(before, before.allocated.taken_back(came), cause=cause, now=now)


def _move(
    state: State | None, correction: LinkCorrected, *, cause: str, now: Now
) -> Outcome[State]:
    """Answers to requests that are out are about the person described in them and stay good; who is
    asked is told that what was known beside was of another child.

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
        left = _settled(after.ruled(ruling), cause=cause, now=now)
        done = _rerated(left, before, came=correction, now=now)
        return moved(done, before, correction=correction)
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


def _rerated(
    left: Left, before: Asking, *, came: RatingAssigned | LinkCorrected, now: Now
) -> Outcome[State]:
    """What leaves by a rating, and what becomes of what left by the one before."""
    done = rerated(
        Outcome(left.state, left.facts, left.letters), before, decided_by=came.decided_by, now=now
    )
    assert isinstance(done.state, Asking)
    due = timers(done.state.next_at, came.referral_id, before=before.next_at)
    return replace(done, timers=due)


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
        ConsentReceived,
        ReferralClosed,
        ReferralReopened,
        InformationReceived,
        InformationOffered,
        SafetySettled,
        LinkCorrected,
        HandoverGiven,
        HandoverTakenBack,
        TimerElapsed,
    ),
    state=State,
    key=referral_of,
    decide=decide,
    beside=versions_of,
    join=with_versions,
)
