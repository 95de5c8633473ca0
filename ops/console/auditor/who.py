"""Who saw or decided what about a child, case, referral or product; or what a person did."""

from __future__ import annotations

from collections import Counter

from ops.console.auditor.asking import asker, faults, page
from ops.console.screen import Page, Visit
from ops.look import owned
from ops.look import who as asking

_MOST = 500


def who(visit: Visit) -> Page:
    """The question."""
    return page(visit, "who")


def tell_who(visit: Visit) -> Page:
    """The answer; that somebody asked is recorded first."""
    if errors := faults(visit, "wanted", say="Write an id, or somebody's name"):
        return page(visit, "who", errors=errors)
    wanted, before = visit.form.one("wanted"), owned.position(visit.form.one("before"))
    part = asking.newest(visit.hub, wanted, asker=asker(visit), before=before)
    deeds = part.deeds
    told = {
        "older": part.older,
        "before": before,
        "deeds": deeds[-_MOST:],
        "count": len(deeds),
        "kinds": Counter(one.kind for one in deeds).most_common(),
        "answered": True,
    }
    return page(visit, "who", told=told)
