"""What waits for a social worker, the most pressing first."""

from __future__ import annotations

from ops.console.screen import Page, Visit
from ops.look import clocks
from schemas.rating import ClockKind
from stores import codec

_OURS: tuple[ClockKind, ...] = ("possible_red", "decision")


def worklist(visit: Visit) -> Page:
    """Every referral that nobody has rated, by the clock that ends first."""
    lead = visit.hub.settings.lead_agency
    at = codec.from_micros(visit.hub.database.clock())
    running = clocks.running(visit.hub, at=at)
    mine = [one for one in running if one.agency == lead and one.kind in _OURS]
    first = {one.referral_id: one for one in reversed(mine)}
    rows = sorted(first.values(), key=lambda one: one.due_at)
    return Page("front_door/worklist.html", {"rows": rows})
