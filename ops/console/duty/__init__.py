"""The duty manager's: every clock, what nobody has, who is silent, and what went wrong between
people.
"""

from __future__ import annotations

from ops.console.duty.alarms import alarms, take
from ops.console.duty.clocks import clocks
from ops.console.duty.differences import differences
from ops.console.duty.handovers import handovers
from ops.console.duty.silence import silence
from ops.console.screen import Desk, Hears, Screen
from schemas.access import Role

DESK = Desk(
    code="duty",
    name="Duty",
    says="Alarms that nobody has taken, every clock, who is silent, handovers and differences.",
    roles=frozenset({Role.DUTY_MANAGER}),
    lead=True,
    screens=(
        Screen("", alarms, take, hears=Hears.ANYTHING),
        Screen("clocks", clocks, hears=Hears.ANYTHING),
        Screen("silence", silence, hears=Hears.ANYTHING),
        Screen("handovers", handovers, hears=Hears.ANYTHING),
        Screen("differences", differences, hears=Hears.ANYTHING),
    ),
    says_what_waits=True,
    done={
        "taken": "The alarm is yours: nobody else is told again. See to it now.",
        "over": "Somebody else had taken it, or it had ended: nobody is told of it any more.",
        "sent": "It is sent. The hub has not acted on it yet: look again in a moment.",
    },
)
