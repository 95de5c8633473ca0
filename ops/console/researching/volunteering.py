"""An agency tells what nobody asked for, about a child of whom it has notified the hub (R26)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ops.console import sending
from ops.console.researching.told import MOST, Told, faults_of, items_of
from ops.console.screen import Go, Page, Visit

VOLUNTEERED: Final = "mash.information-volunteered.v1"
_MOST: Final = 200
_OF_THE_HUB: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the hub calls a referral; all else is what the agency calls its own notification."""


def asks(_: Visit) -> Page:
    """About whom, and what."""
    return _form("", [Told(1)])


def taken(visit: Visit) -> Page | Go:
    """Add an item, show all of it again, go back to change it, or send it."""
    stage, items, about = visit.form.one("stage"), items_of(visit.form), visit.form.one("about")
    if stage == "add" and len(items) < MOST:
        return _form(about, [*items, Told(items[-1].number + 1)])
    if stage == "change":
        return _form(about, items)
    missing = {"about": "Write the reference of the referral or of your own notification"}
    errors = {} if about and len(about) <= _MOST else missing
    if errors := errors | faults_of(items):
        return _form(about, items, errors)
    if stage != "send":
        values = {"items": items, "about": about, "choice": "volunteered", "who": visit.who}
        return Page("researching/check.html", values | {"action": "requests/tell"})
    said = {"items": [one.item(visit, about) for one in items], "volunteered_by": visit.who}
    sent = sending.send(visit, VOLUNTEERED, said | named(about), about=about)
    if sent.refused is not None:
        return _form(about, items, {"about": f"The hub did not take this. {sent.refused}"})
    return Go("requests", "sent" if sent.settled else "taken")


def named(about: str) -> dict[str, str]:
    """The referral by the hub's number of it, or by what the agency calls its own notification."""
    return {"referral_id" if _OF_THE_HUB.fullmatch(about) else "reference": about}


def _form(about: str, items: Sequence[Told], errors: dict[str, str] | None = None) -> Page:
    values = {"about": about, "items": items, "errors": errors, "most": MOST}
    more = {"action": "requests/tell"}
    return Page("researching/tell.html", values | more, 422 if errors else 200)
