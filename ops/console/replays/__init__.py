"""Replays in the browser: planned, started on the server, watched, cancelled, and taken away."""

from __future__ import annotations

from ops.console.replays.jobs import act, job, plan, replays, report
from ops.console.screen import Desk, Screen
from schemas.access import Act, Role

DESK = Desk(
    code="replays",
    name="Replays",
    says="Decide again what was decided, beside the hub, and compare with what is recorded.",
    roles=frozenset({Role.OPERATIONS, Role.AUDITOR}),
    act=Act.REPLAY,
    lead=True,
    screens=(
        Screen("", replays, plan),
        Screen("{job_id}", job, act),
        Screen("{job_id}/report", report),
    ),
    done={
        "planned": "It is planned. Nothing runs before you start it.",
        "started": "It runs on the server, beside the hub. You can leave this page.",
        "cancelled": "It ends within a second. It has changed nothing.",
    },
)
