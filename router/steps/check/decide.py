"""Systems of partners are asked whether they know the child, as soon as it is linked (R7, R8).

Every referral is checked, also one for an allocated worker, who wants to know as well. Each system
has a clock of its own, and nothing waits for any of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from router.step import Outcome, Step, referral_of, refuse
from router.steps.asking import WHY
from router.steps.cases import Cases
from router.steps.check import outcomes
from router.steps.check.asking import ask, asking_of, awaited, not_checked, terms_with
from router.steps.check.chasing import chase, clocks_of, stopped, with_letters
from router.steps.check.registers import look_up
from router.steps.check.state import STEP_NAME, Asking, Checking, Registered
from router.steps.clocks.ticking import timers
from router.steps.now import Now
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    ConcernFollowed,
    LinkCorrected,
    LinkOutcome,
    RegistersChanged,
)
from schemas.checks import (
    CheckAnswered,
    CheckReplyReceived,
    CheckRequest,
    CheckResult,
    ChecksRequested,
    ChecksRevised,
    EarlierConcluded,
    NotChecked,
)
from schemas.gathering import RuledOut
from schemas.letter import Letter
from schemas.message import Message
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.policy import Policy, SystemCheck
from schemas.rating import TimerElapsed
from schemas.registers import Involvement
from schemas.safety import SafetySettled

Found = CheckRequest | CheckResult | NotChecked


def decide(state: Checking | None, message: Message, policy: Policy) -> Outcome[Checking]:
    """Ask systems, take an answer however late it is, or tell that one is late.

    Refuses answers that were not asked of the sender.
    """
    return with_letters(_decided(state, message, policy), cause=message.id)


def _decided(state: Checking | None, message: Message, policy: Policy) -> Outcome[Checking]:
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _begin(state, linked, now=now)
        case LinkCorrected() as correction:
            return _follow(state, correction, now=now)
        case RegistersChanged() as registers:
            return _look_again(state, registers, now=now)
        case CheckReplyReceived() as received:
            return _take(state, received, now=now)
        case TimerElapsed() as elapsed:
            return chase(state, elapsed, now=now)
        case SafetySettled() as settled:
            return stopped(state, settled)
        case other if outcomes.keeps_outcomes(policy):
            return _conclude(state, other, now=now)
    return Outcome()


def _conclude(state: Checking | None, heard: Fact, *, now: Now) -> Outcome[Checking]:
    """Outcomes of this referral and of earlier ones: what is below threshold is on record."""
    if isinstance(heard, EarlierConcluded):
        return _heard(state or Checking(cases=Cases(now=heard.case_id)), heard, now=now)
    match heard:
        case _ if state is None:
            return Outcome()
        case ConcernFollowed() as came:
            return outcomes.follow(state, came, now=now)
        case ReferralClosed() as closed:
            return outcomes.end(state, closed.referral_id, closed=closed, now=now)
        case ReferralReopened() as reopened:
            return outcomes.end(state, reopened.referral_id, closed=None, now=now)
    return Outcome()


def _heard(state: Checking, told: EarlierConcluded, *, now: Now) -> Outcome[Checking]:
    after = outcomes.heard(state, told)
    if not state.linked or after.concluded == state.concluded:
        return Outcome(after)
    return _look(after, told.referral_id, now=now)


def _begin(state: Checking | None, linked: ChildLinked, *, now: Now) -> Outcome[Checking]:
    if not now.policy.checks:
        return Outcome()
    cases = Cases.linked(state.cases if state else None, linked.case_id)
    before = state or Checking(cases=cases)
    corrected = cases.since is not None
    registered = before.registered if corrected else Registered.of(linked)
    after = before.model_copy(
        update={
            "cases": cases,
            "registered": registered,
            "asking": before.asking if before.linked else _asking(linked, now),
            "in_review": linked.outcome is LinkOutcome.REVIEW,
            "linked": True,
        }
    )
    if before.linked and not before.in_doubt and registered == before.registered:
        return Outcome() if after == before else Outcome(state=after)
    return _look(after, linked.referral_id, now=now)


def _asking(linked: ChildLinked, now: Now) -> Asking:
    return asking_of(linked.notification, by=linked.agency, now=now)


def _follow(state: Checking | None, correction: LinkCorrected, *, now: Now) -> Outcome[Checking]:
    """What was asked of systems is about the person described and stays good; what the hub's own
    registers say is about whose child it is held to be.
    """
    if not now.policy.checks:
        return Outcome()
    cases = Cases.corrected(state.cases if state else None, correction, at=now.at)
    before = state or Checking(cases=cases)
    if cases == before.cases and state is not None:
        return Outcome()
    latest = cases.now == correction.case_id and cases.revision == correction.revision
    changes: dict[str, object] = {"cases": cases}
    if latest:
        said = Registered.of(correction)
        changes |= {"registered": said, "settled": not correction.in_doubt}
    after = before.model_copy(update=changes)
    told = tuple(outcomes.told_anew(after, correction.referral_id, was=None))
    if not before.linked or _bears(after) == _bears(before):
        return Outcome(after, told)
    looked = _look(after, correction.referral_id, now=now)
    return replace(looked, facts=(*looked.facts, *told))


def _bears(state: Checking) -> tuple[object, ...]:
    """What is looked at anew where it changes."""
    return state.registered, state.concluded, state.in_doubt


def _look_again(
    state: Checking | None, registers: RegistersChanged, *, now: Now
) -> Outcome[Checking]:
    if state is None or not state.linked or state.cases.now != registers.case_id:
        return Outcome()
    registered = Registered.of(registers)
    if registered == state.registered:
        return Outcome()
    after = state.model_copy(update={"registered": registered})
    return _look(after, registers.referral_id, now=now)


def _look(state: Checking, referral_id: str, *, now: Now) -> Outcome[Checking]:
    """Look into the hub's own registers, and put the question to whom it was not put yet."""
    found = [*_own(state, referral_id, now=now), *_others(state, referral_id, now=now)]
    requests = [one for one in found if isinstance(one, CheckRequest)]
    results = [one for one in found if isinstance(one, CheckResult)]
    left = [one for one in found if isinstance(one, NotChecked)]
    after = state.with_more([*results, *(awaited(one, now) for one in requests)], left)
    clocks = (*after.clocks, *clocks_of(now.policy.checks, requests, now=now))
    after = after.model_copy(update={"clocks": clocks})
    asking = state.asking if state.in_doubt else None
    later = state.looked_at is not None and state.looked_at < now.at
    fact = (ChecksRevised if later else ChecksRequested)(
        referral_id=referral_id,
        case_id=state.cases.now,
        requests=tuple(requests),
        results=tuple(results),
        not_asked=tuple(left),
    )
    return Outcome(
        after.model_copy(update={"asking": asking, "looked_at": state.looked_at or now.at}),
        (fact,),
        tuple(Letter(f"check/{one.system}", agency=one.agency, notice=one) for one in requests),
        timers(after.next_at, referral_id, before=state.next_at),
    )


def _own(state: Checking, referral_id: str, *, now: Now) -> Iterator[Found]:
    checks = [one for one in now.policy.checks if one.answered_by == "register"]
    return look_up(state, checks, referral_id=referral_id, now=now)


def _others(state: Checking, referral_id: str, *, now: Now) -> Iterator[Found]:
    checks = [one for one in now.policy.checks if one.answered_by == "agency"]
    if state.asking is None:
        return iter(())
    if state.in_doubt:
        return (_held(one, now) for one in checks)
    return ask(state.asking, checks, referral_id=referral_id, now=now)


def _held(check: SystemCheck, now: Now) -> NotChecked:
    terms = terms_with(check, now)
    in_review = WHY[RuledOut.LINK_IN_REVIEW]
    return terms if isinstance(terms, NotChecked) else not_checked(check, in_review)


def _take(state: Checking | None, received: CheckReplyReceived, *, now: Now) -> Outcome[Checking]:
    reply = received.reply
    asked = state.asked(reply.check_id) if state else None
    if state is None or asked is None or asked.due_at is None:
        return refuse("refused.unknown-subject", "check_id")
    if received.agency != asked.agency:
        return refuse("refused.not-yours", "check_id")
    if reply.decision == "review":
        return Outcome()
    denied = reply.decision == "deny"
    if reply.known is None and not denied:
        return refuse("missing.field", "known")
    known = None if denied else reply.known
    said = {**reply.shared(Involvement), "known": known, "denied": denied}
    if asked.answered_at is not None and asked == asked.model_copy(update=said):
        return Outcome()
    late = asked.late or now.at > asked.due_at
    result = asked.model_copy(update={**said, "answered_at": now.at, "late": late})
    after = state.with_changed(result).with_clock(result.check_id, None)
    whose = {"referral_id": reply.referral_id, "case_id": state.cases.now}
    fact = CheckAnswered(**whose, agency=result.agency, result=result)
    return Outcome(
        after, (fact,), timers=timers(after.next_at, reply.referral_id, before=state.next_at)
    )


STEP: Step[Checking] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        LinkCorrected,
        RegistersChanged,
        CheckReplyReceived,
        TimerElapsed,
        ConcernFollowed,
        ReferralClosed,
        ReferralReopened,
        EarlierConcluded,
        SafetySettled,
    ),
    state=Checking,
    key=referral_of,
    decide=decide,
)
