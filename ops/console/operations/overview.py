"""How the hub is: what needs a hand first, then what waits where and how fast it moves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup, escape

from ops.console.operations import drawing
from ops.console.screen import Page, Visit
from ops.look import runbook as book
from ops.look.flow import Flow, flow
from ops.look.health import Health
from ops.look.needs import STEP_SECONDS, Need, needs
from ops.look.status import Row, Status

SCRIPT: Final = "health.js"
_CODE: Final = re.compile(r"`([^`]*)`")
_EMPHASIS: Final = re.compile(r"\*([^*]+)\*")
_LINK: Final = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def overview(visit: Visit) -> Page:
    """Everything at one moment."""
    assert visit.health is not None
    status = visit.health.look()
    rates = flow(visit.hub.database, visit.hub.database.clock())
    steps = [_step(one, visit.health, rates) for one in status.steps]
    values = {
        "status": status,
        "needs": list(map(_need, needs(status))),
        "busy": [one for one in steps if not one["quiet"]],
        "quiet": [one for one in steps if one["quiet"]],
        "step_seconds": STEP_SECONDS,
        "whole": _whole(rates),
        "began": rates.began,
        "topics": [_topic(one, rates) for one in status.topics if rates.topics[one["topic"]]],
        "connections": visit.health.connections(),
        "names": visit.names,
        "letters": _letters(status),
    }
    return Page("operations/overview.html", values, script=SCRIPT)


def runbook(_: Visit) -> Page:
    """What the runbook says about what is wrong."""
    lines = [
        {"number": one.number, **{name: in_marks(getattr(one, name)) for name in _CELLS}}
        for one in book.lines()
    ]
    return Page("operations/runbook.html", {"lines": lines})


_CELLS: Final = ("symptom", "means", "do")


def in_marks(text: str) -> Markup:
    """A cell of the runbook as a page shows it: code and emphasis, and links by their words."""
    said = _LINK.sub(r"\1", text.replace("\\|", "|"))
    said = _CODE.sub(r"<code>\1</code>", str(escape(said)))
    return Markup(_EMPHASIS.sub(r"<em>\1</em>", said))  # noqa: S704 - escaped above


def _need(one: Need) -> Mapping[str, Any]:
    return {"it": one, "do": in_marks(one.do), "line": book.line_of(one.symptom).number}


def _step(one: Row, health: Health, rates: Flow) -> dict[str, Any]:
    depths = health.depths(one["step"], one["topic"])
    came, made = rates.topics[one["topic"]], rates.out_of(one["step"])
    late = (one["oldest_seconds"] or 0) > STEP_SECONDS
    return {
        **one,
        "quiet": not one["depth"] and not sum(came),
        "late": late,
        "trend": health.trend(one["step"], one["topic"]),
        "depths": drawing.line(depths) if len(depths) > 1 else None,
        "came": sum(came),
        "made": sum(made),
        "id": f"{one['step']}-{one['topic']}".replace(".", "-"),
        "bars": drawing.bars(came),
        "out": drawing.bars(made),
    }


def _topic(one: Row, rates: Flow) -> dict[str, Any]:
    return {**one, "slots": rates.topics[one["topic"]]}


def _whole(rates: Flow) -> Mapping[str, Any]:
    """What came to all topics together, five minutes at a time."""
    slots = [sum(each) for each in zip(*rates.topics.values(), strict=True)]
    return {"slots": slots, "bars": drawing.bars(slots), "most": max(slots), "sum": sum(slots)}


def _letters(status: Status) -> Sequence[Row]:
    """Of each agency what lies for it in the store and at the broker."""
    here = {one["agency"]: one for one in status.queues}
    there = [one for one in status.broker_queues if one["holds"] == "letters"]
    agencies = sorted({*here, *(one["agency"] for one in there)})
    at = {one["agency"]: one for one in there}
    nothing = {"depth": 0, "oldest_seconds": None, "leased": 0}
    return [
        {"agency": one, **(here.get(one) or nothing), "broker": at.get(one)} for one in agencies
    ]
