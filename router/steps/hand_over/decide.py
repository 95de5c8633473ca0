"""Beside the hops: a referral about a child with an allocated worker is with that worker's team,
and a person there says that they have it, or it goes up (R9).

Linking sends it; here its receipt is awaited, and a wrong handover is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from router.step import Outcome, Step, referral_of, refuse
from router.steps.asking import reads_as_red
from router.steps.cases import NOBODY, Cases, letter_of
from router.steps.clocks.ticking import Ticking, timers
from router.steps.hand_over.receipts import receive
from router.steps.hand_over.state import STEP_NAME, Handing, Handings
from router.steps.hand_over.taking_back import recall, take_back
from router.steps.hand_over.watching import TAKEN_BACK, amend, awaited_again, closed, ended, warn
from router.steps.now import Now
from schemas.base import Fact
from schemas.case import ChildLinked, LinkCorrected, NotificationAmended, VersionMoved, Worker
from schemas.handover import (
    HandoverDecided,
    HandoverFetched,
    HandoverGiven,
    HandoverReceived,
    HandoverTakenBack,
)
from schemas.letter import Letter
from schemas.message import Message
from schemas.outcome import ReferralClosed
from schemas.policy import Policy
from schemas.rating import Colour, RatingAssigned, TimerElapsed

MOVED = "A human found that the referral is about another child."
HANDED_ON = "A social worker of the hub handed it to another team."


def decide(state: Handings | None, message: Message, policy: Policy) -> Outcome[Handings]:
    """Await a receipt, take it, warn and chase, or take back what was handed over wrongly.

    Refuses receipts that are not the sender's to give, and decisions that are not its to make.
    """
    now = Now(message.time, policy)
    match message.data:
        case ChildLinked() as linked:
            return _hand(state, linked, now=now)
        case LinkCorrected() | HandoverGiven() as came:
            return _with_another(state, came, now=now)
        case NotificationAmended() as amended:
            return amend(state, amended, now=now)
        case VersionMoved() as moved:
            return awaited_again(state, moved, now=now)
        case HandoverFetched() as fetched:
            return _fetched(state, fetched, now=now)
        case HandoverReceived() as received:
            return receive(state, received, now=now)
        case HandoverDecided() as decided:
            return _decided(state, decided, now=now)
        case RatingAssigned() | ReferralClosed() as came:
            return closed(state, came, now=now)
        case TimerElapsed() as elapsed:
            return warn(state, elapsed, now=now)
    return Outcome()


def _hand(state: Handings | None, linked: ChildLinked, *, now: Now) -> Outcome[Handings]:
    worker, red = linked.allocated_to, reads_as_red(linked, now=now) is not False
    if worker is None and not red:
        return Outcome()
    before = state or Handings(cases=Cases(now=linked.case_id))
    cases = Cases.linked(before.cases if state else None, linked.case_id)
    after = before.model_copy(update={"cases": cases})
    if red and not before.may_be_red:
        after = _found_red(after, now=now)
    if worker is None:
        due = timers(after.next_at, linked.referral_id, before=before.next_at)
        return Outcome(after, timers=due)
    after = after.model_copy(update={"allocated": before.allocated.linked(linked)})
    if after.of(letter_of(linked)) is None:
        # What was linked before that noted its letter was handed over when no receipt was owed.
        clock = _clock(worker, after, now=now) if linked.letter_id else None
        after = _handed(after, letter_of(linked), worker=worker, clock=clock, now=now)
    return _said_before(_settled(after, linked.referral_id, before=state, now=now), now=now)


def _with_another(
    state: Handings | None, came: LinkCorrected | HandoverGiven, *, now: Now
) -> Outcome[Handings]:
    """Another team has it, as its link was corrected or a human handed it to them."""
    if isinstance(came, HandoverGiven):
        return _given(state, came, now=now)
    return _move(state, came, now=now)


def _given(state: Handings | None, given: HandoverGiven, *, now: Now) -> Outcome[Handings]:
    """A human handed it to a team: its receipt is awaited, and another team has it no longer."""
    known = state or Handings(cases=Cases(now=given.case_id))
    if known.of(given.letter_id) is not None:
        return Outcome()
    allocated = known.allocated.given(given)
    changes = {"allocated": allocated, "moved_by": given.decided_by}
    after = known.model_copy(update=changes)
    clock = _clock(given.worker, after, now=now)
    after = _handed(after, given.letter_id, worker=given.worker, clock=clock, now=now)
    one = after.of(given.letter_id)
    assert one is not None
    said = {"handed_by": given.decided_by, "rationale": given.rationale}
    after = after.with_one(one.model_copy(update=said))
    done = _settled(after, given.referral_id, before=state, why=HANDED_ON, now=now)
    return _said_before(done, now=now)


def _found_red(state: Handings, *, now: Now) -> Handings:
    """It may be a Red, and a correction of its link was heard before that was: whoever it was
    handed to by that has no longer to say so than of any Red.
    """
    after = state.model_copy(update={"may_be_red": True})
    for one in state.each:
        if after.is_red and one.clock and one.refused is None and not one.taken_back:
            clock = _clock(one.worker, after, now=Now(one.since, now.policy))
            after = after.with_one(one.model_copy(update={"clock": clock}))
    return after


def _said_before(outcome: Outcome[Handings], *, now: Now) -> Outcome[Handings]:
    """With what the team said before it was heard that the referral was handed to it."""
    state = outcome.state
    for said in state.early if state else ():
        assert outcome.state is not None
        known = outcome.state.model_copy(update={"early": ()})
        taken = receive(known, said, now=now)
        after = taken.state or known
        outcome = replace(
            outcome,
            state=after,
            facts=(*outcome.facts, *taken.facts),
            letters=(*outcome.letters, *taken.letters),
            timers=timers(after.next_at, said.receipt.referral_id),
        )
    return outcome


def _move(state: Handings | None, correction: LinkCorrected, *, now: Now) -> Outcome[Handings]:
    cases = Cases.corrected(state.cases if state else None, correction, at=now.at)
    allocated = (state.allocated if state else NOBODY).corrected(correction)
    before = state or Handings(cases=cases)
    changes = {"cases": cases, "allocated": allocated, "moved_by": correction.decided_by}
    after = before.model_copy(update=changes)
    worker = correction.allocated_to
    latest = worker is not None and allocated.letter == letter_of(correction)
    if worker is not None and latest and after.of(letter_of(correction)) is None:
        clock = _clock(worker, after, now=now)
        after = _handed(after, letter_of(correction), worker=worker, clock=clock, now=now)
    return _settled(after, correction.referral_id, before=state, now=now)


def _clock(worker: Worker, state: Handings, *, now: Now) -> Ticking | None:
    """Its team owes a receipt from now on; of what is or may be a Red, in the time that one has."""
    colour = Colour.RED if state.is_red else None
    return now.owing("receipt", by=now.policy.desk_of(worker.team), colour=colour)


def _handed(
    state: Handings, letter: str, *, worker: Worker, clock: Ticking | None, now: Now
) -> Handings:
    handing = Handing(
        letter=letter,
        worker=worker,
        desk=now.policy.desk_of(worker.team),
        since=now.at,
        clock=clock,
        fetched=letter in state.fetched,
    )
    return state.with_one(handing)


def _settled(
    state: Handings, referral_id: str, *, before: Handings | None, why: str = MOVED, now: Now
) -> Outcome[Handings]:
    """What was handed over and is not that team's any more is taken back."""
    after, facts, letters = state, list[Fact](), list[Letter]()
    takes_back = [one.letter for one in state.wrong()]
    for one in list(state.wrong()):
        fact = HandoverTakenBack(
            referral_id=referral_id,
            case_id=state.cases.now,
            agency=one.desk,
            letter_id=one.letter,
            decided_by=state.moved_by or now.policy.lead_agency,
            rationale=why,
        )
        done, sent = take_back(one, fact, reason=why, now=now)
        after = after.with_one(done)
        facts += [fact, *ended(one, fact, reason=TAKEN_BACK, now=now)]
        letters += sent
    due = timers(after.next_at, referral_id, before=before.next_at if before else None)
    return Outcome(after, tuple(facts), tuple(letters), due, tuple(takes_back))


def _fetched(state: Handings | None, fetched: HandoverFetched, *, now: Now) -> Outcome[Handings]:
    """From now on the team has to be told that it is taken back; what was so in that very moment
    is told at once.
    """
    known = state or Handings(cases=Cases(now=fetched.case_id))
    handing = known.of(fetched.letter_id)
    if handing is None:
        letters = tuple(dict.fromkeys((*known.fetched, fetched.letter_id)))
        agencies = tuple(dict.fromkeys((*known.fetched_by, fetched.agency)))
        early = {"fetched": letters, "fetched_by": agencies}
        return Outcome(state=known.model_copy(update=early))
    if handing.fetched:
        return Outcome()
    handing = handing.model_copy(update={"fetched": True})
    recalled: Iterable[Letter] = ()
    if handing.taken_back:
        head = {"referral_id": fetched.referral_id, "case_id": known.cases.now}
        handing, recalled = recall(handing, handing.taken_back, head=head, now=now)
    after = known.with_one(handing)
    due = timers(after.next_at, fetched.referral_id, before=known.next_at)
    return Outcome(after, (), tuple(recalled), due)


def _decided(state: Handings | None, decided: HandoverDecided, *, now: Now) -> Outcome[Handings]:
    decision = decided.decision
    if decision.action != "take_back":
        return Outcome()  # which the step that rates decides
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or not state.each:
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    picture = decided.picture_of(decision.referral_id)
    if picture is None:
        return refuse("refused.not-shown", "saw")
    handing = state.now
    if handing is None:
        return refuse("refused.closed")
    told: dict[str, Any] = decision.shared(HandoverTakenBack)
    told |= {"case_id": state.cases.now, "picture_id": picture.id}
    fact = HandoverTakenBack(**told, agency=handing.desk, letter_id=handing.letter)
    return _taken_back(state, handing, fact, now=now)


def _taken_back(
    state: Handings, handing: Handing, fact: HandoverTakenBack, *, now: Now
) -> Outcome[Handings]:
    """What its team is told, and what ends with it."""
    done, letters = take_back(handing, fact, reason=WRONG_TEAM, now=now)
    allocated = state.allocated.taken_back(fact)
    after = state.with_one(done).model_copy(update={"allocated": allocated})
    due = timers(after.next_at, fact.referral_id, before=state.next_at)
    facts = (fact, *ended(handing, fact, reason=TAKEN_BACK, now=now))
    return Outcome(after, facts, tuple(letters), due, (handing.letter,))


WRONG_TEAM = "A social worker of the hub found that it was handed to the wrong team."


STEP: Step[Handings] = Step(
    name=STEP_NAME,
    hears=(
        ChildLinked,
        LinkCorrected,
        NotificationAmended,
        VersionMoved,
        HandoverGiven,
        HandoverFetched,
        HandoverReceived,
        HandoverDecided,
        RatingAssigned,
        ReferralClosed,
        TimerElapsed,
    ),
    state=Handings,
    key=referral_of,
    decide=decide,
)
