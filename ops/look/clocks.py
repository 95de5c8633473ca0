"""The clocks that run: what is due from whom, by time left; no personal data."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ops.look import documents
from ops.look.reading import Readable
from router.step import Step
from router.steps import hand_off, hold
from router.steps.alarm import decide as alarm
from router.steps.alarm.state import Alarms
from router.steps.approve import decide as approve
from router.steps.approve.state import Approvals, Draft
from router.steps.check import decide as check
from router.steps.check.state import Checking
from router.steps.clocks.ticking import Ticking
from router.steps.disagreement import decide as disagreement
from router.steps.disagreement.state import Disputes
from router.steps.hand_off import Handing
from router.steps.hand_over import decide as hand_over
from router.steps.hand_over.state import Handings
from router.steps.hold import Holds
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
from schemas.rating import ClockKind
from stores import codec, noted, timers
from stores.database import View

STEPS: tuple[Step[Any], ...] = (
    rate.STEP,
    request_information.STEP,
    check.STEP,
    hand_over.STEP,
    hand_off.STEP,
    disagreement.STEP,
    release.STEP,
    alarm.STEP,
    inform.STEP,
    approve.STEP,
    hold.STEP,
    school.STEP,
)
"""All that have clocks: a document of each type is shown as :data:`_CLOCKS` says."""
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


@dataclass(frozen=True, slots=True)
class _Of:
    """A document of a step: under which key, and what is known besides."""

    key: str
    lead: str
    at: dt.datetime

    def clock(
        self, agency: str, kind: ClockKind, *, clock: Ticking | Asked, referral_id: str = ""
    ) -> Clock:
        """One of its clocks; of the referral that is its key where another is not given."""
        return Clock(
            due_at=clock.due_at,
            left_seconds=seconds_left(clock.due_at, self.at),
            agency=agency,
            kind=kind,
            referral_id=referral_id or self.key,
            next=_next(clock),
            next_at=clock.next_at,
            started_at=clock.started_at,
        )


def running(hub: Readable, *, at: dt.datetime) -> list[Clock]:
    """Every clock that runs, the most pressing first."""
    lead = hub.settings.lead_agency
    found: list[Clock] = []
    with hub.database.view() as view:
        keys = _keys(view, at=at)
        for step in STEPS:
            for key, state in documents.of(view, step, keys.get(step.name, ())).items():
                if clocks := _CLOCKS.get(type(state)):
                    found += clocks(state, _Of(key, lead, at))
    return sorted(found, key=lambda one: (one.due_at, one.referral_id, one.kind, one.agency))


def keys_of(view: View, step: str, *, at: dt.datetime) -> Collection[str]:
    """Those that wait for a time, and those that were told of one lately and may not have heard."""
    since = noted.position_of(view, codec.to_micros(at - _LATELY))
    lately = {key for key, _ in timers.told(view.connection, step, after=since, limit=_MOST)}
    return lately.union(timers.waited_for(view, step))


def _keys(view: View, *, at: dt.datetime) -> Mapping[str, Collection[str]]:
    """The same of all steps, asked at once."""
    since = noted.position_of(view, codec.to_micros(at - _LATELY))
    return timers.of_steps(view, [step.name for step in STEPS], after=since, limit=_MOST)


def _of_rating(state: Suggested | Assigned, of: _Of) -> Iterator[Clock]:
    for kind, ticking in state.clocks.items():
        yield of.clock(of.lead, kind, clock=ticking)
    if isinstance(state, Suggested) and state.telling:
        yield of.clock(of.lead, "referrer", clock=state.telling)


def _of_requests(state: Asking, of: _Of) -> Iterator[Clock]:
    for one in state.asked:
        if one.next_at or (one.awaited and one.paused):
            yield of.clock(one.agency, "answer", clock=one)


def _of_disputes(state: Disputes, of: _Of) -> Iterator[Clock]:
    for owed_by, clock in state.clocks:
        yield of.clock(owed_by, "disagreement", clock=clock)


def _of_holders(state: Holders, of: _Of) -> Iterator[Clock]:
    for owes in state.owed:
        if owes.clock:
            yield of.clock(owes.agency, "receipt", clock=owes.clock)


def _of_owners(state: Approvals, of: _Of) -> Iterator[Clock]:
    for _, draft in state.in_stage(Draft):
        for agency, ticking in draft.clocks.items():
            yield of.clock(agency, "approval", clock=ticking, referral_id=draft.referral_id)


def _of_reviews(state: Holds, of: _Of) -> Iterator[Clock]:
    for held in state.holds.values():
        if held.clock:
            yield of.clock(of.lead, "safety", clock=held.clock)


def _of_handovers(state: Handings, of: _Of) -> Iterator[Clock]:
    """Of what was handed over, and of what was taken back; what was refused is the hub's to take
    up.
    """
    for one in state.each:
        if one.clock is not None:
            agency = of.lead if one.refused and not one.taken_back else one.desk
            yield of.clock(agency, "receipt", clock=one.clock)


def _of_handoffs(state: Handing, of: _Of) -> Iterator[Clock]:
    if state.latest and state.latest.clock:
        yield of.clock(state.latest.to, "receipt", clock=state.latest.clock)


def _of_product(state: Released, of: _Of) -> Iterator[Clock]:
    if state.receipt is not None:
        yield of.clock(
            state.recipient, "receipt", clock=state.receipt, referral_id=state.referral_id
        )


def _of_school(state: Telling, of: _Of) -> Iterator[Clock]:
    if state.clock:
        yield of.clock(of.lead, "school", clock=state.clock)


def _of_checks(state: Checking, of: _Of) -> Iterator[Clock]:
    agencies = {one.check_id: one.agency for one in state.results if one.due_at}
    for clock in state.clocks:
        yield of.clock(agencies[clock.check_id], "check", clock=clock)
    clocked = {one.check_id for one in state.clocks}
    for result in state.results:  # in documents that were written before
        if result.due_at and result.state == "awaited" and result.check_id not in clocked:
            yield Clock(
                due_at=result.due_at,
                left_seconds=seconds_left(result.due_at, of.at),
                agency=result.agency,
                kind="check",
                referral_id=of.key,
                next="due",
                next_at=result.due_at,
                started_at=result.asked_at,
            )


def _of_alarms(state: Alarms, of: _Of) -> Iterator[Clock]:
    for one in state.running:
        told = one.told[-1]
        yield Clock(
            due_at=one.next_at,
            left_seconds=seconds_left(one.next_at, of.at),
            agency=told.agency or of.lead,
            kind="alarm",
            referral_id=of.key,
            next=f"told again, after {told.role}",
            next_at=one.next_at,
            started_at=one.since,
        )


_CLOCKS: Mapping[type, Callable[[Any, _Of], Iterator[Clock]]] = {
    Suggested: _of_rating,
    Assigned: _of_rating,
    Asking: _of_requests,
    Checking: _of_checks,
    Handings: _of_handovers,
    Handing: _of_handoffs,
    Disputes: _of_disputes,
    Released: _of_product,
    Alarms: _of_alarms,
    Holders: _of_holders,
    Approvals: _of_owners,
    Holds: _of_reviews,
    Telling: _of_school,
}
"""What shows the clocks of a document, by its type; one of another type has none."""


def _next(clock: Ticking | Asked) -> str:
    if clock.paused:
        return "paused"
    passed = clock.breached if isinstance(clock, Ticking) else clock.missing
    if passed:
        return clock.chain[0].contact.role
    return "warning" if clock.approaching_at else "due"


def seconds_left(due_at: dt.datetime, at: dt.datetime) -> int:
    """Seconds until something is due; below 0: since it was."""
    return int((due_at - at).total_seconds())
