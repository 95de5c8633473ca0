"""The front door: where screening social workers rate, gather, decide and close."""

from __future__ import annotations

from ops.console.front_door.worklist import worklist
from ops.console.screen import Desk, Screen
from schemas.access import Role

DESK = Desk(
    code="front-door",
    name="Referrals",
    says="What came to the hub, by the time that is left: rate, gather, decide and close.",
    roles=frozenset({Role.SCREENING, Role.DUTY_MANAGER}),
    screens=(Screen("", worklist),),
)
