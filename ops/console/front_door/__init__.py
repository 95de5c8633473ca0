"""The front door: where screening social workers rate, gather, decide and close."""

from __future__ import annotations

from ops.console.front_door.deciding import decider, shower
from ops.console.front_door.decisions import DECISIONS
from ops.console.front_door.kept_back import listed as kept_back
from ops.console.front_door.referral import referral, why
from ops.console.front_door.worklist import worklist
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Role

DESK = Desk(
    code="front-door",
    name="Referrals",
    says="What came to the hub, by the time that is left: rate, gather, decide and close.",
    roles=frozenset({Role.SCREENING, Role.DUTY_MANAGER}),
    lead=True,
    screens=(
        Screen("", worklist, hears=Hears.ANYTHING),
        Screen("kept-back", kept_back, hears=Hears.ANYTHING),
        Screen("{referral_id}", referral, why, hears=Hears.REFERRAL),
        *(
            Screen(f"{{referral_id}}/{one.code}", shower(one), decider(one), hears=Hears.WRITING)
            for one in DECISIONS
        ),
    ),
    done={one.code: one.done for one in DECISIONS},
)
