"""The auditor: who saw or decided what, decisions as they were, what an owner has, and proofs.

Who audits or answers for another agency than the lead asks about their own, and about nothing else.
"""

from __future__ import annotations

from ops.console.auditor.decision import decision, reopen
from ops.console.auditor.exporting import export, take
from ops.console.auditor.owner import owner, tell_owner
from ops.console.auditor.record import record, verify_now
from ops.console.auditor.who import tell_who, who
from ops.console.screen import Desk, Screen
from schemas.access import Resource, Role

DESK = Desk(
    code="audit",
    name="Audit",
    says="Who saw or decided what, decisions as they were made, an owner's year, and proofs.",
    roles=frozenset({Role.AUDITOR, Role.RISK_OWNER}),
    resource=Resource.ACCESSES,
    lead=True,
    others="owner",
    screens=(
        Screen("", who, tell_who),
        Screen("decision", decision, reopen),
        Screen("owner", owner, tell_owner),
        Screen("export", export, take),
        Screen("record", record, verify_now),
    ),
)
