"""Whoever keeps the hub running: what needs a hand, what waits where, and what is let wait."""

from __future__ import annotations

from ops.console.operations.finding import follow, found, search, tail
from ops.console.operations.overview import overview, runbook
from ops.console.operations.pauses import pauses, take
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Resource, Role

DESK = Desk(
    code="operations",
    name="Operations",
    says="What needs a hand, what waits where and since when, and what is let wait.",
    roles=frozenset({Role.OPERATIONS, Role.OBSERVER}),
    resource=Resource.HEALTH,
    screens=(
        Screen("", overview, hears=Hears.ANYTHING),
        Screen("pauses", pauses, take, hears=Hears.ANYTHING),
        Screen("search", search, found),
        Screen("newest", tail, hears=Hears.ANYTHING),
        Screen("follow/{message_id}", follow),
        Screen("runbook", runbook),
    ),
    says_what_waits=True,
    done={
        "paused": "It waits. Everybody who looks at the hub sees so, and until when.",
        "resumed": "It goes on.",
    },
)
