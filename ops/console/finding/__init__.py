"""Whoever decides or audits: which cases a child has, by what they know of the child."""

from __future__ import annotations

from ops.console.finding.children import found, search
from ops.console.screen import Desk, Screen
from schemas.access import Role

DESK = Desk(
    code="find",
    name="Find a child",
    says="Which cases a child has, by name, birth date or number.",
    roles=frozenset({Role.SCREENING, Role.DUTY_MANAGER, Role.AUDITOR}),
    lead=True,
    screens=(Screen("", search, found),),
)
