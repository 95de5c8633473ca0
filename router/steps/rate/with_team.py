"""A referral that is with the team of its child's worker: a possible Red is looked at all the same,
a human of the hub may rate any, and the team hears what was decided (R9, R19).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from router.step import Outcome
from router.steps.cases import NOBODY, Cases
from router.steps.now import Now
from router.steps.rate.beginning import begin, taken_up
from router.steps.rate.referring import hand_over, watched_again
from router.steps.rate.state import Assigned, Early, HandedOver, Kept, Since, State, Suggested
from schemas.case import Worker
from schemas.handover import HandoverMade, HandoverNews, HandoverTakenBack
from schemas.letter import Letter
from schemas.product import Disposal

_TO_THE_LEAD = (
    "The child has an allocated social worker, and that worker's team was handed this. Nothing is "
    "asked of you. Where it is to be rated here too, send a rating decision; where it is not that "
    "team's, take it back by a handover decision."
)
_CLOSED_AS = {
    Disposal.NO_FURTHER_ACTION: "with no further action by the hub",
    Disposal.EARLY_HELP: "with early help",
    Disposal.FRONT_LINE_TEAM: "with the front line team",
    Disposal.SIGNPOSTED: "with a pointer to another service",
    Disposal.TRANSFERRED: "and passed it on to the hub of the area where the child lives now",
}


def left_to_team(
    state: HandedOver, referral_id: str, *, had: Worker | None = None, now: Now
) -> Outcome[State]:
    """Its worker's team has it: no clock of the hub's runs, the lead agency may see it, and whoever
    brought it is told, unless they were of another team (``had``) in the same words.
    """
    worker, kept = state.allocated.has_it, state.kept
    if worker is None or kept is None:
        return Outcome(state=state)
    notice = HandoverMade(
        referral_id=referral_id,
        case_id=state.cases.now,
        worker=worker,
        suggested=kept.colour,
        explanation=_TO_THE_LEAD,
    )
    letter = Letter("handed-over", agency=now.policy.lead_agency, notice=notice)
    told = hand_over(state, referral_id, referrer=None if had else kept.referrer, now=now)
    return replace(told, letters=(letter, *told.letters))


def handed(state: Suggested) -> HandedOver:
    """What nobody has rated, with the team of the worker of the child that it is about now."""
    kept = Kept(**state.shared(Kept))
    told = {"allocated": state.allocated, "revision": state.revision}
    told |= state.shared(Since)
    return HandedOver(cases=state.cases, kept=kept, **told)


def moved_on(
    state: HandedOver, referral_id: str, *, had: Worker | None, now: Now
) -> Outcome[State]:
    """Who has it once its link was corrected, or it was taken back; where no team has, the hub.

    ``had``: the worker whose team had it before.
    """
    holder, kept = state.allocated.has_it, state.kept
    if holder is None and kept is not None:
        return begin(watched_again(taken_up(state, kept, now=now), now=now), referral_id, now=now)
    if holder == had:
        return Outcome(state=state)
    return left_to_team(state, referral_id, had=had, now=now)


def take_back(state: State | None, fact: HandoverTakenBack, *, now: Now) -> Outcome[State]:
    """A human takes a handover back, or its link was corrected: no team is told anything more."""
    allocated = (state.allocated if state else NOBODY).taken_back(fact)
    if state is None:
        return Outcome(state=Early(cases=Cases(now=fact.case_id), allocated=allocated))
    if allocated == state.allocated:
        return Outcome()
    after: Any = state.model_copy(update={"allocated": allocated})
    if isinstance(after, HandedOver):
        return moved_on(after, fact.referral_id, had=state.allocated.has_it, now=now)
    return Outcome(state=after)


def told_team(
    state: Assigned, referral_id: str, *, again: bool = False, now: Now
) -> tuple[Letter, ...]:
    """The team that has it beside the hub hears how it is rated, or with what it was closed;
    ``again``: that it was, and is open again.
    """
    worker = state.allocated.has_it
    if worker is None:
        return ()
    notice = HandoverNews(
        referral_id=referral_id,
        case_id=state.cases.now,
        worker=worker,
        says=_said(state, again=again),
        colour=state.colour,
        outcome=state.closed.outcome if state.closed else None,
        decided_at=state.closed.at if state.closed else state.history[-1].at,
        contact=now.contact_of(now.policy.lead_agency),
    )
    desk = now.policy.desk_of(worker.team)
    return (Letter("handover-news", agency=desk, notice=notice),)


_STILL: Final = "It does not change who the child's workers are."


def _said(state: Assigned, *, again: bool) -> str:
    if state.closed:
        how = _CLOSED_AS[state.closed.outcome]
        return f"The hub has closed this referral {how}. {_STILL}"
    if again:
        return (
            "The hub has opened this referral again: what it was closed with stands no more. It is "
            f"rated {state.colour.title()}, and the hub acts on that. {_STILL}"
        )
    return (
        f"A social worker of the hub has rated this referral {state.colour.title()}, and the hub "
        f"acts on that. {_STILL}"
    )
