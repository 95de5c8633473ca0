"""Whoever brought a concern hears what was decided, in the words that they may be told (L3)."""

from __future__ import annotations

from router.step import Outcome
from router.steps.clocks.owing import Told, told
from router.steps.now import Now
from router.steps.rate.state import Assigned, HandedOver, Referrer, State, Suggested
from schemas.base import Line
from schemas.case import ChildLinked
from schemas.decisions import RatingDecision
from schemas.letter import Letter
from schemas.owed import ClockClosed, Owed
from schemas.referrer import MadeBy, ReferralDecision, words_for

_OWED = (
    "Whoever brought the concern is to be told what was decided: who rates it says in which words."
)
_ANONYMOUS = "Who brought it gave no name: there is nobody to tell."
HANDED_OVER = "The child's own team has it: who brought it was told so."
_ADULT = "It is an adult matter: who brought it was told so."


def referrer_of(linked: ChildLinked) -> Referrer:
    """Who brought the concern."""
    notification = linked.notification
    return Referrer(
        agency=linked.agency, reference=notification.reference, made_by=notification.referrer
    )


def watched(suggested: Suggested, linked: ChildLinked, *, adult: bool, now: Now) -> Outcome[State]:
    """A suggestion with the clock of who brought the concern, or why there is none."""
    clock = now.owing("referrer")
    nobody = _ADULT if adult else None
    if suggested.referrer and suggested.referrer.made_by is MadeBy.ANONYMOUS:
        nobody = _ANONYMOUS
    if clock is None or nobody is None:
        return Outcome(suggested.model_copy(update={"telling": clock}))
    closed = _closed(linked.referral_id, suggested.cases.now, reason=nobody, now=now)
    return Outcome(suggested, (closed,))


def watched_again(suggested: Suggested, *, now: Now) -> Suggested:
    """The same, of what a worker's team had before: whoever brought it was told so."""
    referrer = suggested.referrer
    if referrer is None or referrer.made_by is MadeBy.ANONYMOUS or suggested.amended_by:
        return suggested
    return suggested.model_copy(update={"telling": now.owing("referrer")})


def hand_over(
    state: HandedOver, referral_id: str, *, referrer: Referrer | None, now: Now
) -> Outcome[State]:
    """Who brought it is told at once that the child's own team has it (R9)."""
    if referrer is None:
        return Outcome(state)
    words = now.profile.referrers.handed_over_for(referrer.made_by)
    reason = HANDED_OVER if words else _ANONYMOUS
    facts = (_closed(referral_id, state.cases.now, reason=reason, now=now),)
    letters = _letter(referrer, referral_id, case_id=state.cases.now, words=words, now=now)
    return Outcome(state, facts if now.owing("referrer") else (), letters)


def left_off(
    state: Suggested, referral_id: str, *, reason: Line, now: Now
) -> tuple[ClockClosed, ...]:
    """The clock that ran until nobody was to be told any more, closed; none where none ran."""
    telling = state.telling
    if telling is None:
        return ()
    closed = _closed(referral_id, state.cases.now, reason=reason, now=now)
    times = {"since": telling.started_at or closed.since, "due_at": telling.due_at}
    return (closed.model_copy(update=times),)


def words_of(state: Suggested | Assigned, decision: RatingDecision, *, now: Now) -> str | None:
    """What whoever brought it is told of a rating: what its decider says; of the first one, where
    they say nothing, what the profile does. None: nothing.
    """
    if state.referrer is None or state.referrer.made_by is MadeBy.ANONYMOUS:
        return None
    made_by = state.referrer.made_by
    said = words_for(made_by, decision.may_be_told)
    if said is not None or isinstance(state, Assigned):
        return said
    return now.profile.referrers.decided_for(made_by)


def letter_of(
    state: Suggested | Assigned, referral_id: str, *, words: str | None, now: Now
) -> tuple[Letter, ...]:
    """The letter with these words."""
    if state.referrer is None:
        return ()
    return _letter(state.referrer, referral_id, case_id=state.cases.now, words=words, now=now)


def remind(state: Suggested, referral_id: str, *, now: Now) -> Told:
    """Who is to tell whoever brought it is warned and chased, and then the chain is told."""
    assert state.telling is not None
    assert state.telling.started_at is not None
    owed = Owed(
        referral_id=referral_id,
        case_id=state.cases.now,
        clock="referrer",
        agency=now.policy.lead_agency,
        owed=_OWED,
        since=state.telling.started_at,
        due_at=state.telling.due_at,
    )
    return told(owed, state.telling, key=referral_id, now=now)


def _letter(
    referrer: Referrer, referral_id: str, *, case_id: str, words: str | None, now: Now
) -> tuple[Letter, ...]:
    if words is None:
        return ()
    notice = ReferralDecision(
        referral_id=referral_id,
        case_id=case_id,
        reference=referrer.reference,
        made_by=referrer.made_by,
        explanation=explanation_for(referrer.made_by, now=now),
        may_be_told=words,
        decided_at=now.at,
        contact=now.contact_of(now.policy.lead_agency),
        disagree=now.profile.referrers.disagree,
    )
    return (Letter("referral-decision", agency=referrer.agency, notice=notice),)


def explanation_for(made_by: MadeBy, *, now: Now) -> Line | None:
    """To whom the agency is to pass the words on; None: they are its own."""
    return now.profile.referrers.for_public if made_by is MadeBy.PUBLIC else None


def _closed(referral_id: str, case_id: str, *, reason: Line, now: Now) -> ClockClosed:
    clock = now.owing("referrer")
    return ClockClosed(
        referral_id=referral_id,
        case_id=case_id,
        clock="referrer",
        agency=now.policy.lead_agency,
        owed=_OWED,
        since=now.at,
        due_at=clock.due_at if clock else now.at,
        reason=reason,
    )
