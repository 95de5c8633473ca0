"""Every clock that runs, by the time that is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from ops.console.screen import Page, Visit
from ops.look import clocks as look
from ops.look.clocks import Clock
from ops.look.paging import page_of
from schemas.rating import ClockKind
from stores import codec

KINDS: Final[Mapping[ClockKind, str]] = {
    "possible_red": "Possible Red to be opened",
    "alarm": "Alarm to be taken",
    "decision": "Rating to be decided",
    "product": "Time allowed by its colour",
    "answer": "Answer from an agency",
    "check": "System to be checked",
    "approval": "Owner to decide what may leave",
    "safety": "Whether it is safe to send",
    "receipt": "Somebody to say that they have it",
    "referrer": "Referrer to be told",
    "school": "School to be told",
    "disagreement": "Difference to be settled",
}
_MOST: Final = 50
"""On a page."""


def clocks(visit: Visit) -> Page:
    """All of them, or those of an agency or kind."""
    at = codec.from_micros(visit.hub.database.clock())
    running = look.running(visit.hub, at=at)
    kind, agency = visit.query.get("kind", ""), visit.query.get("owed_by", "")
    found = [one for one in running if kind in ("", one.kind) and agency in ("", one.agency)]
    part = page_of(found, page=visit.page, most=_MOST)
    values = {
        "rows": part.shown,
        "page": part.page,
        "pages": part.pages,
        "found": part.found,
        "running": len(running),
        "late": sum(map(is_late, found)),
        "kinds": [{"value": value, "text": text} for value, text in KINDS.items()],
        "by_kind": Counter(one.kind for one in running),
        "agencies": sorted({one.agency for one in running}, key=visit.names.__getitem__),
        "kind": kind,
        "owed_by": agency,
        "words": KINDS,
        "names": visit.names,
    }
    return Page("duty/clocks.html", values)


def is_late(one: Clock) -> bool:
    """Whether it has passed."""
    return one.left_seconds < 0
