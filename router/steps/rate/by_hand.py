"""A human of the lead agency hands a referral to a team of the authority, or gives it to another
social worker. The hub's clocks run on until it is closed: nothing is handed over into silence.
"""

from __future__ import annotations

from typing import Any

from router.step import Outcome, refuse
from router.steps.now import Now
from router.steps.rate.state import (
    STEP_NAME,
    Assigned,
    Early,
    HandedOver,
    Holder,
    State,
    Suggested,
)
from router.steps.rate.with_team import told_team
from router.steps.sharing import NOT_TOLD, TO_DO
from schemas.case import Worker
from schemas.handover import HandoverDecided, HandoverDecision, HandoverGiven, ReferralGiven
from schemas.letter import Letter, letter_id
from schemas.notices import Handover
from schemas.notification import Notification
from schemas.person import Person

_Known = HandedOver | Suggested | Assigned


def decide(
    state: State | None, decided: HandoverDecided, *, cause: str, now: Now
) -> Outcome[State]:
    """Hand it over, or give it; what is taken back is the step's that awaits the receipt.

    Refuses who may not rate, and teams and people that it is not for.
    """
    decision = decided.decision
    if decision.action == "take_back":
        return Outcome()
    if why := now.why_not_rate(decided.agency, decision.decided_by):
        return Outcome(refusal=why)
    if state is None or isinstance(state, Early):
        return refuse("refused.unknown-subject", "referral_id")
    if not state.cases.known(decision.case_id):
        return refuse("refused.unknown-subject", "case_id")
    if decision.action == "give":
        return _give(state, decision, now=now)
    return _hand_over(state, decided, cause=cause, now=now)


def _give(state: _Known, decision: HandoverDecision, *, now: Now) -> Outcome[State]:
    person = (decision.person or "").strip()
    if not person:
        return refuse("missing.field", "person")
    if not now.may_rate(person):
        return refuse("refused.decision-maker", "person")
    before = state.holder.person if state.holder else None
    if person == before:
        return Outcome()
    said = {"person": person, "decided_by": decision.decided_by, "rationale": decision.rationale}
    holder = Holder(**said, at=now.at)
    head = {"referral_id": decision.referral_id, "case_id": state.cases.now}
    fact = ReferralGiven(**head, **said, before=before)
    return Outcome(state.model_copy(update={"holder": holder}), (fact,))


def _hand_over(state: _Known, decided: HandoverDecided, *, cause: str, now: Now) -> Outcome[State]:
    decision = decided.decision
    picture = decided.picture_of(decision.referral_id)
    if picture is None:
        return refuse("refused.not-shown", "saw")
    if decision.to is None:
        return refuse("missing.field", "to")
    if isinstance(state, Assigned) and state.closed:
        return refuse("refused.closed")
    if not _may_have_it(state, decision.to, now=now):
        return refuse("refused.no-team", "to")
    worker = _worker(state, decision, now=now)
    letter = _letter(state, decision.referral_id, worker=worker, now=now)
    fact = HandoverGiven(
        referral_id=decision.referral_id,
        case_id=state.cases.now,
        agency=letter.agency,
        letter_id=letter_id(cause, STEP_NAME, key=letter.key),
        worker=worker,
        revision=state.allocated.revision,
        decided_by=decision.decided_by,
        rationale=decision.rationale,
        picture_id=picture.id,
    )
    return _with(state, fact, letter=letter, now=now)


def _with(state: _Known, fact: HandoverGiven, *, letter: Letter, now: Now) -> Outcome[State]:
    """With that team, which hears how it is rated, where it is."""
    after: Any = state.model_copy(update={"allocated": state.allocated.given(fact)})
    rated = isinstance(after, Assigned)
    told = told_team(after, fact.referral_id, now=now) if rated else ()
    return Outcome(after, (fact,), (letter, *told))


def _may_have_it(state: _Known, team: str, *, now: Now) -> bool:
    """Whether it is a team of the authority, or of the child's worker, that has it not yet."""
    has, worker = state.allocated.has_it, state.allocated.worker
    known = {*now.profile.teams, *((worker.team,) if worker else ())}
    agreed = now.agreement_with(team) is not None
    return team in known and agreed and not (has and has.team == team)


def _worker(state: _Known, decision: HandoverDecision, *, now: Now) -> Worker:
    """The child's own, where it is that one's team; else who is named, or the team itself."""
    own, team = state.allocated.worker, decision.to or ""
    if own is not None and own.team == team and not decision.worker:
        return own
    name = decision.worker or now.policy.name_of(team)
    return Worker(name=name, team=team, case_reference=decision.referral_id)


def _letter(state: _Known, referral_id: str, *, worker: Worker, now: Now) -> Letter:
    """The referral for that team: what its agency agreed is put in as it is handed out."""
    kept = state.kept if isinstance(state, HandedOver) else state
    referrer = kept.referrer if kept else None
    lead = now.policy.lead_agency
    notice = Handover(
        referral_id=referral_id,
        case_id=state.cases.now,
        agency=referrer.agency if referrer else lead,
        worker=worker,
        notification=Notification(
            reference=referrer.reference if referrer else referral_id,
            observed_at=now.at,
            subject=Person(),
            narrative=NOT_TOLD,
        ),
        to_do=TO_DO,
        contact=now.contact_of(lead),
        outlined=True,
    )
    desk = now.policy.desk_of(worker.team)
    return Letter(f"handover/{referral_id}", agency=desk, notice=notice)
