"""Replays in the browser: planned, started on the server, watched, cancelled, and taken away."""

from __future__ import annotations

from ops.console.replays.jobs import act, job, plan, replays, report
from ops.console.screen import Desk, Screen
from schemas.access import Act, Role

DESK = Desk(
    code="replays",
    name="Replays",
    says="Decide again what was decided and compare; or send again what a recipient lost.",
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
        "cancelled": "It ends within a second.",
        "asked": "It is planned. Another person has to agree before anything goes.",
        "agreed": "You agreed, and it runs on the server. You can leave this page.",
        "refused": "It is not done.",
    },
)
