"""Clocks of a referral that nobody can answer any more, each closed with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from router.steps.now import Now
from router.steps.rate.state import Assigned, Suggested
from schemas.base import Line
from schemas.owed import ClockClosed
from schemas.rating import Clock

WITH_TEAM: Final = "The child's own team has it."
CLOSED: Final = "The referral was closed."
NOBODY_GETS_ONE: Final = "Nobody is to get a product at this rating."
AMENDED: Final = "Its agency has amended it: the amended version stands in its place."

_OWED: Mapping[Clock, Line] = {
    "possible_red": "A social worker opens what may be a Red.",
    "decision": "A social worker rates the referral.",
    "product": "Whoever is to act on the rating has what is to be sent to them.",
}


def ended(
    before: Suggested | Assigned,
    after: object,
    *,
    referral_id: str,
    reason: Line,
    now: Now,
) -> tuple[ClockClosed, ...]:
    """The facts that clocks which ran before, and do not any more, can be answered no longer."""
    left = after.clocks if isinstance(after, Suggested | Assigned) else {}
    return tuple(
        ClockClosed(
            referral_id=referral_id,
            case_id=before.cases.now,
            clock=kind,
            agency=now.policy.lead_agency,
            owed=_OWED[kind],
            since=ticking.started_at or before.received_at,
            due_at=ticking.due_at,
            reason=reason,
        )
        for kind, ticking in before.clocks.items()
        if kind not in left
    )
