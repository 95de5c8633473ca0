"""What is owed about a handover: warned, chased, and up along the chain of the profile."""

from __future__ import annotations

from router.step import Outcome
from router.steps.asking import reads_as_red
from router.steps.cases import Cases
from router.steps.clocks.owing import told
from router.steps.clocks.ticking import Ticking, timers
from router.steps.hand_over.state import Handing, Handings
from router.steps.now import Now
from schemas.base import Fact, ReferralHead
from schemas.case import NotificationAmended, VersionMoved
from schemas.letter import Letter
from schemas.outcome import ReferralClosed
from schemas.owed import ClockClosed, Owed
from schemas.rating import Colour, RatingAssigned, TimerElapsed

RECEIVED = "A person of the team says, by a handover receipt, that they have this referral."
GIVEN_UP = "A person of the team says, by a handover receipt, that they have given it up."
DECIDED = "A social worker takes up the referral that the worker's team has refused."


def owed_of(handing: Handing, clock: Ticking, *, referral_id: str, case_id: str, lead: str) -> Owed:
    """What is owed, and by whom."""
    owed, agency = RECEIVED, handing.desk
    if handing.taken_back:
        owed = GIVEN_UP
    elif handing.refused is not None:
        owed, agency = DECIDED, lead
    return Owed(
        referral_id=referral_id,
        case_id=case_id,
        clock="receipt",
        agency=agency,
        owed=owed,
        subject_id=handing.letter,
        since=clock.started_at or handing.since,
        due_at=clock.due_at,
    )


def warn(state: Handings | None, elapsed: TimerElapsed, *, now: Now) -> Outcome[Handings]:
    """Tell what is near or past; a timer that no clock waits for any more is stale."""
    after, facts, letters = state, list[Fact](), list[Letter]()
    for one in state.each if state else ():
        if one.clock is None or one.clock.next_at > elapsed.due_at or after is None:
            continue
        head = {"referral_id": elapsed.key, "case_id": after.cases.now}
        owed = owed_of(one, one.clock, **head, lead=now.policy.lead_agency)
        said = told(owed, one.clock, key=one.letter, now=now)
        after = after.with_one(one.model_copy(update={"clock": said.clock}))
        facts.append(said.fact)
        letters.append(said.letter)
    if after is None or not facts:
        return Outcome()
    before = state.next_at if state else None
    due = timers(after.next_at, elapsed.key, before=before)
    return Outcome(after, tuple(facts), tuple(letters), due)


TAKEN_BACK = "The handover was taken back."
AMENDED = "Its agency has amended it, and the team owes its word about the amended version."


def closed(
    state: Handings | None, came: RatingAssigned | ReferralClosed, *, now: Now
) -> Outcome[Handings]:
    """Once the hub has rated it, nobody need take up what a team has refused; once it is closed,
    nobody need confirm it either.
    """
    over, facts = isinstance(came, ReferralClosed), list[Fact]()
    why = "The referral was closed." if over else "A social worker of the hub has rated it."
    after = _rated(state, came)
    for one in state.each if state else ():
        if after is not None and one.clock and not one.taken_back and (over or one.refused):
            facts += ended(one, came, reason=why, now=now)
            after = after.with_one(one.model_copy(update={"clock": None}))
    return _without(state, after, facts=facts, referral_id=came.referral_id)


def _rated(state: Handings | None, came: RatingAssigned | ReferralClosed) -> Handings | None:
    """With its rating, in case that it moves to a team yet; of what never may have been a Red
    nothing is kept.
    """
    if not isinstance(came, RatingAssigned):
        return state
    if state is None and came.colour is not Colour.RED:
        return None
    known = state or Handings(cases=Cases(now=came.case_id))
    return known.model_copy(update={"rated": came.colour})


def amend(state: Handings | None, came: NotificationAmended, *, now: Now) -> Outcome[Handings]:
    """Of a version that its agency has amended since, no team that has the later one as well need
    say that it has it; of a Red it must, unless that later one is awaited as a Red's is.
    """
    team = came.allocated_to and now.policy.desk_of(came.allocated_to.team)
    awaited, head = reads_as_red(came, now=now), ReferralHead(**came.shared(ReferralHead))
    after, facts = state, list[Fact]()
    for one in state.each if state else ():
        if after is None or one.clock is None or one.desk != team:
            continue
        red = after.is_red and (one.clock.breached or not awaited)
        if one.refused is None and not one.taken_back and not red:
            facts += ended(one, head, reason=AMENDED, now=now)
            after = after.with_one(one.model_copy(update={"clock": None, "amended": True}))
    return _without(state, after, facts=facts, referral_id=came.referral_id)


def awaited_again(state: Handings | None, came: VersionMoved, *, now: Now) -> Outcome[Handings]:
    """The later version is about another child: the team owes its word about this one again."""
    after = state
    for one in state.each if state else ():
        said = one.clock or one.received_by or one.refused or one.taken_back
        if after is not None and one.amended and not said:
            colour = Colour.RED if after.is_red else None
            clock = now.owing("receipt", by=one.desk, colour=colour)
            changes = {"clock": clock, "amended": False}
            after = after.with_one(one.model_copy(update=changes))
    return _without(state, after, facts=[], referral_id=came.referral_id)


def _without(
    before: Handings | None, after: Handings | None, *, facts: list[Fact], referral_id: str
) -> Outcome[Handings]:
    """Clocks that run on are told of at their time, though the one that was next is gone."""
    if after is None or after == before:
        return Outcome()
    due = timers(after.next_at, referral_id, before=before.next_at if before else None)
    return Outcome(after, tuple(facts), timers=due)


def ended(
    handing: Handing, about: ReferralHead, *, reason: str, now: Now
) -> tuple[ClockClosed, ...]:
    """The fact that what is owed cannot be answered any more, where anything is."""
    if handing.clock is None:
        return ()
    head = {"referral_id": about.referral_id, "case_id": about.case_id}
    owed = owed_of(handing, handing.clock, **head, lead=now.policy.lead_agency)
    return (ClockClosed(**owed.shared(Owed), reason=reason),)
