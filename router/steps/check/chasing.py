"""An agency whose system has not answered is warned before it is due, and chased then; a check that
a human had not be sent is awaited no longer (R7, R8, L7).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from router.step import Outcome
from router.steps.check.state import STEP_NAME, CheckClock, Checking
from router.steps.clocks import owing
from router.steps.clocks.own_time import allowed_time
from router.steps.clocks.ticking import started, timers
from router.steps.now import Now
from schemas.base import Fact, ReferralHead
from schemas.checks import (
    CheckLate,
    CheckRequest,
    CheckResult,
    ChecksRevised,
    NotChecked,
    System,
)
from schemas.letter import Letter, letter_id
from schemas.owed import ClockClosed, Owed
from schemas.policy import SystemCheck
from schemas.rating import TimerElapsed
from schemas.safety import SafetyChoice, SafetySettled

NOT_WAITED_FOR: Final = "It is waited for no longer; an answer that comes late is taken."
STOPPED: Final = "A human had the question not be sent: it would have put somebody at risk."


def clocks_of(
    checks: Iterable[SystemCheck], requests: Iterable[CheckRequest], *, now: Now
) -> Iterator[CheckClock]:
    """The clocks of these requests, each in its agency's own time."""
    by_system = {one.system: one for one in checks}
    for request in requests:
        calendar = now.policy.calendar_of(request.agency)
        allowed = by_system[request.system].time_allowed
        clock = started(
            allowed_time(allowed, now.at, calendar=calendar), warn_at=now.profile.warn_at
        )
        yield CheckClock(check_id=request.check_id, **clock.shared(CheckClock))


def with_letters(outcome: Outcome[Checking], *, cause: str) -> Outcome[Checking]:
    """Each question with the letter that it goes out in, by which it may be stopped at the door."""
    state = outcome.state
    if state is None or not outcome.letters:
        return outcome
    named = {
        one.notice.check_id: letter_id(cause, STEP_NAME, key=one.key)
        for one in outcome.letters
        if isinstance(one.notice, CheckRequest)
    }
    clocks = tuple(
        one.model_copy(update={"letter": named.get(one.check_id, one.letter)})
        for one in state.clocks
    )
    return replace(outcome, state=state.model_copy(update={"clocks": clocks}))


def chase(state: Checking | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[Checking]:
    """Who has not answered is warned, and chased once it is due; nothing waits for it."""
    if state is None:
        return Outcome()
    head = ReferralHead(referral_id=elapsed.key, case_id=state.cases.now)
    after, facts, letters = state, list[Fact](), list[Letter]()
    for clock in state.clocks:
        if clock.next_at <= elapsed.due_at:
            after, new, letter = _told(after, clock, elapsed=elapsed, head=head, now=now)
            facts += new
            letters.append(letter)
    clocked = {one.check_id for one in state.clocks}
    for one in state.results:  # in documents that were written before
        is_due = one.state == "awaited" and one.due_at and one.due_at <= elapsed.due_at
        if is_due and one.check_id not in clocked:
            after, late = _late(after, one, head=head)
            facts.append(late)
    due = timers(after.next_at, elapsed.key, before=state.next_at)
    return Outcome(after, tuple(facts), tuple(letters), due) if facts else Outcome()


def _told(
    state: Checking, clock: CheckClock, *, elapsed: TimerElapsed, head: ReferralHead, now: Now
) -> tuple[Checking, list[Fact], Letter]:
    """Nobody is warned any more of what is due already."""
    result = state.asked(clock.check_id)
    assert result is not None
    is_due = not clock.breached and clock.due_at <= elapsed.due_at
    if is_due:
        clock = clock.model_copy(update={"approaching_at": None})
    told = owing.told(
        _owed(result, clock, head=head), clock, key=clock.check_id, ends=NOT_WAITED_FOR, now=now
    )
    after, facts = state.with_clock(clock.check_id, told.clock), [told.fact]
    if not is_due:
        return after, facts, told.letter
    after, late = _late(after, result, head=head)
    return after, [late, *facts], told.letter


def _owed(result: CheckResult, clock: CheckClock, *, head: ReferralHead) -> Owed:
    return Owed(
        **head.shared(Owed),
        clock="check",
        agency=result.agency,
        owed=f"An answer whether the system {result.system} knows the child.",
        subject_id=result.check_id,
        since=result.asked_at,
        due_at=clock.due_at,
    )


def _late(state: Checking, result: CheckResult, *, head: ReferralHead) -> tuple[Checking, Fact]:
    late = result.model_copy(update={"late": True})
    fact = CheckLate(**head.shared(CheckLate), agency=late.agency, result=late)
    return state.with_changed(late), fact


def stopped(state: Checking | None, settled: SafetySettled) -> Outcome[Checking]:
    """A human had a question not be sent: nobody awaits an answer, and whoever decides about the
    child is told that the system was not asked.
    """
    if state is None or settled.choice is not SafetyChoice.DO_NOT_SEND:
        return Outcome()
    clock = next((one for one in state.clocks if one.letter == settled.letter_id), None)
    result = state.asked(clock.check_id) if clock and clock.letter else None
    if clock is None or result is None:
        return Outcome()
    left = NotChecked(**result.shared(System), reason=STOPPED)
    after = state.with_clock(clock.check_id, None).with_more((), (left,))
    fact = ChecksRevised(
        referral_id=settled.referral_id, case_id=state.cases.now, not_asked=(left,)
    )
    head = ReferralHead(referral_id=settled.referral_id, case_id=state.cases.now)
    ended = ClockClosed(**_owed(result, clock, head=head).shared(Owed), reason=STOPPED)
    due = timers(after.next_at, settled.referral_id, before=state.next_at)
    return Outcome(after, (fact, ended), timers=due)
