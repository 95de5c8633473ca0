"""What was asked of agencies and what came, as far as its owners reveal it inside the hub."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

from router.steps.approve.state import Approvals, Draft
from router.steps.check.state import Checking
from router.steps.compose.gathering import Gathering
from router.steps.hand_over.state import Handings
from router.steps.request_information.state import Asked, Asking
from schemas.information import InformationItem
from schemas.picture import (
    AskedAgency,
    CheckedSystem,
    NotAskedAgency,
    OwedDecision,
    PicturedHandover,
    ShownItem,
)

_STATE = Literal["awaited", "answered", "late", "cancelled"]


def asked(state: object, gathering: Gathering | None) -> tuple[AskedAgency, ...]:
    """Every request with what came of it."""
    if not isinstance(state, Asking):
        return ()
    answers = {one.request_id: one.items for one in gathering.answers} if gathering else {}
    return tuple(_asked(one, answers.get(one.request_id, ())) for one in state.asked)


def not_asked(state: object) -> tuple[NotAskedAgency, ...]:
    """Who is not asked, or would not be, and why."""
    if not isinstance(state, Asking):
        return ()
    return tuple(NotAskedAgency(**one.shared(NotAskedAgency)) for one in state.not_asked)


def owed(approvals: object, referral_id: str) -> tuple[OwedDecision, ...]:
    """What owners have still to decide about products of the referral, those that are due first."""
    if not isinstance(approvals, Approvals):
        return ()
    drafts = (one for _, one in approvals.in_stage(Draft) if one.referral_id == referral_id)
    found = [one for draft in drafts for one in _owed(draft)]
    return tuple(sorted(found, key=lambda one: (not one.late, one.agency, one.recipient)))


def _owed(draft: Draft) -> Iterator[OwedDecision]:
    for agency in dict.fromkeys((*draft.clocks, *draft.late)):
        its = (id_ for id_, by in draft.deciders.items() if agency in by)
        number = sum(draft.decision(id_, agency) is None for id_ in its)
        clock = draft.clocks.get(agency)
        if number:
            yield OwedDecision(
                agency=agency,
                recipient=draft.recipient,
                items=number,
                due_at=clock.due_at if clock else None,
                late=agency in draft.late or bool(clock and clock.breached),
            )


def volunteered(state: object, gathering: Gathering | None) -> tuple[ShownItem, ...]:
    """What came without having been asked for, or no more."""
    asked = {one.request_id for one in state.asked} if isinstance(state, Asking) else set()
    answers = gathering.answers if gathering else ()
    return shown(item for one in answers if one.request_id not in asked for item in one.items)


def handed_over(state: Handings | None) -> PicturedHandover | None:
    """With which worker's team it is, and whether a person there has it."""
    handing = state.now if state else None
    if handing is None:
        return None
    return PicturedHandover(
        worker=handing.worker,
        agency=handing.desk,
        since=handing.since,
        state="refused" if handing.refused else "received" if handing.received_by else "awaited",
        by=handing.received_by,
        reason=handing.refused,
        handed_by=handing.handed_by,
        rationale=handing.rationale,
    )


def checked(state: Checking | None) -> dict[str, Any]:
    """Every system that was asked whether it knows the child, and those that are not asked."""
    if state is None:
        return {}
    results = (CheckedSystem(**one.shared(CheckedSystem), state=one.state) for one in state.results)
    return {"checked": tuple(results), "not_checked": state.not_asked}


def shown(items: Iterable[InformationItem]) -> tuple[ShownItem, ...]:
    """The items that their owners reveal; of the others there is no trace (R28)."""
    return tuple(ShownItem(**one.shared(ShownItem)) for one in items if one.may_be_revealed)


def _asked(one: Asked, items: Iterable[InformationItem]) -> AskedAgency:
    """An answer of which nothing is revealed looks like one that holds nothing."""
    revealed = shown(items)
    answered = one.answer is not None and not one.cancelled
    state: _STATE = "cancelled" if one.cancelled else "late" if one.missing else "awaited"
    return AskedAgency(
        agency=one.agency,
        request_id=one.request_id,
        due_at=one.due_at,
        state="answered" if answered else state,
        known=bool(revealed) if answered else None,
        items=revealed,
    )
