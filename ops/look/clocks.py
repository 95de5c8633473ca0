"""The clocks that run: what is due from whom, by time left; no personal data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ops.look.reading import Readable
from router.step import Step
from router.steps.alarm import decide as alarm
from router.steps.alarm.state import Alarm, Alarms
from router.steps.approve import decide as approve
from router.steps.approve.state import Approvals, Draft
from router.steps.check import decide as check
from router.steps.check.state import Checking
from router.steps.clocks.ticking import Ticking
from router.steps.disagreement import decide as disagreement
from router.steps.disagreement.state import Disputes
from router.steps.hand_over import decide as hand_over
from router.steps.hand_over.state import Handings
from router.steps.inform import decide as inform
from router.steps.inform.state import Holders
from router.steps.rate import decide as rate
from router.steps.rate.state import Assigned, Suggested
from router.steps.release import decide as release
from router.steps.release.state import Released
from router.steps.request_information import decide as request_information
from router.steps.request_information.state import Asked, Asking
from router.steps.school import decide as school
from router.steps.school.state import Telling
from schemas.message import derived_id
from schemas.rating import ClockKind, TimerElapsed
from stores import codec, overview, states, timers
from stores.database import View

_STEPS: tuple[Step[Any], ...] = (
    rate.STEP,
    request_information.STEP,
    check.STEP,
    hand_over.STEP,
    disagreement.STEP,
    release.STEP,
    alarm.STEP,
    inform.STEP,
    approve.STEP,
    school.STEP,
)
_LATELY = dt.timedelta(days=7)
_MOST = 50_000


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock, whom it binds, and what it tells next."""

    due_at: dt.datetime
    left_seconds: int
    """Until it is due, by the clock on the wall; less than 0 once that has passed."""
    agency: str
    kind: ClockKind
    referral_id: str
    next: str
    """``warning``, ``due``, who of its chain is told next, or that it is paused."""
    next_at: dt.datetime | None
    started_at: dt.datetime | None


def running(hub: Readable, *, at: dt.datetime) -> list[Clock]:
    """Every clock that runs, the most pressing first."""
    lead = hub.settings.lead_agency
    found: list[Clock] = []
    with hub.database.view() as view:
        for step in _STEPS:
            read = TypeAdapter(step.state).validate_json
            documents = states.load(view, step.name, keys=_keys(view, step.name, at=at))
            for key, (_, body) in documents.items():
                found += _clocks(read(body), key, lead=lead, at=at)
    return sorted(found, key=lambda one: (one.due_at, one.referral_id, one.kind, one.agency))


def _keys(view: View, step: str, *, at: dt.datetime) -> Collection[str]:
    """Those that wait for a time, and those that were told of one lately and may not have heard."""
    since = overview.position_before(view.connection, codec.to_micros(at - _LATELY))
    told = overview.envelopes_after(view.connection, TimerElapsed.type, position=since, limit=_MOST)
    lately = {key for id_, key, time in told if id_ == derived_id("timer", step, key, str(time))}
    return lately.union(timers.waited_for(view, step))


def _clocks(state: object, referral_id: str, *, lead: str, at: dt.datetime) -> Iterator[Clock]:
    match state:
        case Suggested() | Assigned():
            for kind, ticking in _of_rating(state):
                yield _clock(referral_id, lead, kind, ticking, at=at)
        case Asking():
            yield from _of_requests(state, referral_id, at=at)
        case Disputes():
            yield from _of_disputes(state, referral_id, at=at)
        case Released() | Alarms() | Handings():
            yield from _of_what_left(state, referral_id, lead=lead, at=at)
        case Holders():
            yield from _of_holders(state, referral_id, at=at)
        case Telling(clock=clock) if clock:
            yield _clock(referral_id, lead, "school", clock, at=at)
        case Approvals():
            yield from _of_owners(state, at=at)
        case Checking():
            yield from _of_checks(state, referral_id, at=at)


def _of_requests(state: Asking, referral_id: str, *, at: dt.datetime) -> Iterator[Clock]:
    for one in state.asked:
        if one.next_at or (one.awaited and one.paused):
            yield _clock(referral_id, one.agency, "answer", one, at=at)


def _of_disputes(state: Disputes, referral_id: str, *, at: dt.datetime) -> Iterator[Clock]:
    for owed_by, clock in state.clocks:
        yield _clock(referral_id, owed_by, "disagreement", clock, at=at)


def _of_holders(state: Holders, referral_id: str, *, at: dt.datetime) -> Iterator[Clock]:
    for owes in state.owed:
        if owes.clock:
            yield _clock(referral_id, owes.agency, "receipt", owes.clock, at=at)


def _of_owners(state: Approvals, *, at: dt.datetime) -> Iterator[Clock]:
    for _, draft in state.in_stage(Draft):
        for agency, ticking in draft.clocks.items():
            yield _clock(draft.referral_id, agency, "approval", ticking, at=at)


def _receipts(state: Handings, referral_id: str, *, lead: str, at: dt.datetime) -> Iterator[Clock]:
    """Of what was handed over, and of what was taken back; what was refused is the hub's to take
    up.
    """
    for one in state.each:
        if one.clock is not None:
            agency = lead if one.refused and not one.taken_back else one.desk
            yield _clock(referral_id, agency, "receipt", one.clock, at=at)


def _of_checks(state: Checking, referral_id: str, *, at: dt.datetime) -> Iterator[Clock]:
    agencies = {one.check_id: one.agency for one in state.results if one.due_at}
    for clock in state.clocks:
        yield _clock(referral_id, agencies[clock.check_id], "check", clock, at=at)
    clocked = {one.check_id for one in state.clocks}
    for result in state.results:  # in documents that were written before
        if result.due_at and result.state == "awaited" and result.check_id not in clocked:
            yield Clock(
                due_at=result.due_at,
                left_seconds=_left(result.due_at, at),
                agency=result.agency,
                kind="check",
                referral_id=referral_id,
                next="due",
                next_at=result.due_at,
                started_at=result.asked_at,
            )


def _of_rating(state: Suggested | Assigned) -> Iterator[tuple[ClockKind, Ticking]]:
    yield from state.clocks.items()
    if isinstance(state, Suggested) and state.telling:
        yield "referrer", state.telling


def _clock(
    referral_id: str, agency: str, kind: ClockKind, clock: Ticking | Asked, *, at: dt.datetime
) -> Clock:
    return Clock(
        due_at=clock.due_at,
        left_seconds=_left(clock.due_at, at),
        agency=agency,
        kind=kind,
        referral_id=referral_id,
        next=_next(clock),
        next_at=clock.next_at,
        started_at=clock.started_at,
    )


def _of_what_left(
    state: Released | Alarms | Handings, key: str, *, lead: str, at: dt.datetime
) -> Iterator[Clock]:
    if isinstance(state, Handings):
        yield from _receipts(state, key, lead=lead, at=at)
        return
    if isinstance(state, Alarms):
        yield from (_alarm(one, key, lead=lead, at=at) for one in state.running)
    elif state.receipt is not None:
        yield _clock(state.referral_id, state.recipient, "receipt", state.receipt, at=at)


def _alarm(alarm: Alarm, subject_id: str, *, lead: str, at: dt.datetime) -> Clock:
    told = alarm.told[-1]
    return Clock(
        due_at=alarm.next_at,
        left_seconds=_left(alarm.next_at, at),
        agency=told.agency or lead,
        kind="alarm",
        referral_id=subject_id,
        next=f"told again, after {told.role}",
        next_at=alarm.next_at,
        started_at=alarm.since,
    )


def _next(clock: Ticking | Asked) -> str:
    if clock.paused:
        return "paused"
    passed = clock.breached if isinstance(clock, Ticking) else clock.missing
    if passed:
        return clock.chain[0].contact.role
    return "warning" if clock.approaching_at else "due"


def _left(due_at: dt.datetime, at: dt.datetime) -> int:
    return int((due_at - at).total_seconds())
