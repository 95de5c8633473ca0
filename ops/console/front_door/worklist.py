"""What waits for a social worker, the most pressing first."""

from __future__ import annotations

from typing import Final

from ops.console.screen import Page, Visit
from ops.look.worklist import worklist as found

_WHICH: Final = ("team", "mine", "all")


def worklist(visit: Visit) -> Page:
    """The referrals that somebody chose to see."""
    which = visit.query.get("show", "team")
    which = which if which in _WHICH else "team"
    told = found(visit.hub, visit.who, which=which, page=visit.page)
    values = {"told": told, "which": which, "names": visit.names}
    return Page("front_door/worklist.html", values)
