"""Dead letters in the browser: which wait and why, one mended, sent again or given up, and many by
two people.
"""

from __future__ import annotations

from ops.console.dead_letters.asked import asked, one_asked, settle
from ops.console.dead_letters.letter import act, letter
from ops.console.dead_letters.waiting import choose, waiting
from ops.console.screen import Desk, Screen
from schemas.access import Role

DESK = Desk(
    code="dead-letters",
    name="Dead letters",
    says="What could not be acted on: why, what to do, and what became of it.",
    roles=frozenset({Role.OPERATIONS, Role.OBSERVER}),
    lead=True,
    screens=(
        Screen("", waiting, choose),
        Screen("asked", asked),
        Screen("asked/{asked_id}", one_asked, settle),
        Screen("letters/{dead_letter_id}", letter, act),
    ),
    says_what_waits=True,
    done={
        "mended": "It is mended, and its sender is told how. Send it again now.",
        "sent": "It was sent again. Below stands what became of it.",
        "discarded": "It is given up. What it held is kept.",
        "asked": "It is asked for. Another operator has to agree within a day.",
        "refused": "It is not done.",
        "agreed": "You agreed, and it was done. Below stands what became of each.",
    },
)
