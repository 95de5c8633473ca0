"""All desks, in the order in which the navigation has them."""

from __future__ import annotations

from ops.console.approvals import DESK as APPROVALS
from ops.console.front_door import DESK as FRONT_DOOR
from ops.console.receiving import DESK as RECEIVING
from ops.console.researching import DESK as RESEARCHING
from ops.console.screen import Desk

DESKS: tuple[Desk, ...] = (FRONT_DOOR, APPROVALS, RESEARCHING, RECEIVING)
