"""All of an agency's own: what it told, let leave or took back, what left, who looked (R49)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

from ops.console.screen import Page, Visit
from ops.look import owned
from ops.look.owned import Kind, Owned, Period
from ops.look.signatures import Signed
from schemas.access import Purpose
from stores import codec

_SPANS: Final = {"7": "last 7 days", "30": "last 30 days", "365": "last 12 months"}
_WORDS: Final[dict[Kind, str]] = {
    "told": "Told to the hub",
    "approved": "Approved",
    "withheld": "Withheld",
    "lifted": "Withheld no longer",
    "amended": "Reworded",
    "withdrawn": "Taken back",
    "released": "Sent on its way",
    "handed over": "Handed over",
    "not sent": "Stopped on its way",
    "looked at": "Looked at",
}


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One line of it."""

    at: dt.datetime
    what: str
    who: str
    one: Owned
    signed: tuple[Signed, ...]
    """Each statement once."""


def ours(visit: Visit) -> Page:
    """Of a time what is read at once, the latest first; that somebody asked is recorded."""
    days = visit.query.get("days", "30")
    days = days if days in _SPANS else "30"
    now = codec.from_micros(visit.hub.database.clock())
    since = codec.to_micros(now - dt.timedelta(days=int(days)))
    asker = replace(visit.asker, why="Everything of ours, at the desk", purpose=Purpose.AUDIT)
    before = owned.position(visit.query.get("before", ""))
    part = owned.newest(visit.hub, visit.agency, asker=asker, period=Period(since), before=before)
    values = {
        "rows": [_row(visit, one) for one in reversed(part.found)],
        "counts": Counter(_WORDS[one.kind] for one in part.found),
        "days": days,
        "spans": _SPANS,
        "before": before,
        "older": part.older,
    }
    return Page("approvals/ours.html", values | {"names": visit.names})


def _row(visit: Visit, one: Owned) -> Row:
    agency = visit.names.get(one.agency, one.agency) if one.agency else None
    who = ", ".join(filter(None, (one.by, agency)))
    at, signed = dt.datetime.fromisoformat(one.at), tuple(dict.fromkeys(one.signed))
    return Row(at, _WORDS[one.kind], who or "The hub", one, signed)
