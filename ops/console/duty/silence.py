"""Who is silent: what nobody has opened or said that they have, and ways in that bring nothing."""

from __future__ import annotations

import datetime as dt

from ops.console.duty.clocks import KINDS, is_late
from ops.console.screen import Page, Visit
from ops.look import clocks, status, worklist
from stores import codec

_UNOPENED = ("possible_red", "decision")
_MOST = 100


def silence(visit: Visit) -> Page:
    """People first, then feeds: those that fail before those that are only silent."""
    at = codec.from_micros(visit.hub.database.clock())
    running = clocks.running(visit.hub, at=at)
    how = status.collect(visit.hub)
    unrated = worklist.unrated(visit.hub)
    pages = max(1, -(-len(unrated) // _MOST))
    page = min(max(visit.page, 1), pages)
    owed = [one for one in running if one.kind not in (*_UNOPENED, "alarm") and is_late(one)]
    values = {
        "unrated": unrated[(page - 1) * _MOST : page * _MOST],
        "page": page,
        "pages": pages,
        "now": at,
        "owed": owed[:_MOST],
        "counts": {"unrated": len(unrated), "owed": len(owed)},
        "queues": sorted(how.queues, key=lambda one: -(one["oldest_seconds"] or 0)),
        "ways": sorted((_way(one, at) for one in how.connectors), key=_quiet, reverse=True),
        "untold": [one for one in how.manifests if one["sent"] is None],
        "missing": [one for one in how.manifests if one["how"] == "missing"],
        "parts": how.parts,
        "trouble": how.trouble,
        "dead": sum(one["count"] for one in how.dead_letters),
        "words": KINDS,
        "names": visit.names,
    }
    return Page("duty/silence.html", values)


def _way(one: status.Row, at: dt.datetime) -> status.Row:
    seen = one["last_seen"]
    return {**one, "silent_for": (at - seen).total_seconds() if seen else None}


def _quiet(way: status.Row) -> tuple[bool, float]:
    """Those that are silent for longer than ever come first; those that have never sent anything
    last: they may not be meant to.
    """
    return way["silent"], -1.0 if way["silent_for"] is None else way["silent_for"]
