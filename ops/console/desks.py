"""All desks, in the order in which the navigation has them: who signs in comes to their first."""

from __future__ import annotations

from ops.console.approvals import DESK as APPROVALS
from ops.console.auditor import DESK as AUDIT
from ops.console.dead_letters import DESK as DEAD_LETTERS
from ops.console.duty import DESK as DUTY
from ops.console.finding import DESK as FIND
from ops.console.front_door import DESK as FRONT_DOOR
from ops.console.linker import DESK as LINKS
from ops.console.operations import DESK as OPERATIONS
from ops.console.receiving import DESK as RECEIVING
from ops.console.replays import DESK as REPLAYS
from ops.console.researching import DESK as RESEARCHING
from ops.console.screen import Desk

DESKS: tuple[Desk, ...] = (
    DUTY,
    FRONT_DOOR,
    LINKS,
    APPROVALS,
    RESEARCHING,
    RECEIVING,
    OPERATIONS,
    DEAD_LETTERS,
    AUDIT,
    FIND,
    REPLAYS,
)
