"""What an agency is asked about children: the list, and one request."""

from __future__ import annotations

from typing import Any

from ops.console.filters import moment
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import requested, waiting
from ops.look.requested import Requested
from schemas.statement import text_digest

CHOICES = ("known", "unknown", "declined")


def listed(visit: Visit) -> Page:
    """Every request that waits, by due time."""
    found, kept = requested.open_requests(visit.hub, visit.asker, page=visit.page)
    received = waiting.something(visit.hub, visit.asker)
    values = {"told": found, "kept": kept, "received": received}
    return Page("researching/requests.html", values)


def one(visit: Visit) -> Page:
    """Who the child is, why it is asked and on which basis."""
    return page(visit, wanted(visit))


def chosen(visit: Visit) -> Page | Go:
    """How somebody answers, which the next screen asks more about."""
    found, choice = wanted(visit), visit.form.one("choice")
    if choice not in CHOICES:
        return page(visit, found, {"choice": "Select what your agency knows"})
    return Go(f"{address(found)}/{choice}")


def wanted(visit: Visit) -> Requested:
    """The request that the address names; raises :class:`NotThere`, also for another agency's.

    That it was read is recorded here, as whatever is done with it shows some of it.
    """
    referral_id, name = visit.place["referral_id"], visit.place["name"]
    found = requested.request(visit.hub, visit.asker, referral_id=referral_id, name=name)
    if found is None:
        done = requested.answered(visit.hub, visit.asker, referral_id=referral_id, name=name)
        raise NotThere(done and f"{done[0]} answered it on {moment(done[1])}.")
    requested.opened(visit.hub, visit.asker, found)
    return found


def address(found: Requested) -> str:
    """Where a request is."""
    return f"requests/request/{found.request.referral_id}/{found.name}"


def seen(found: Requested) -> str:
    """What somebody had before them: a social worker may change the question meanwhile."""
    return text_digest(found.request.question or "")


def page(visit: Visit, found: Requested, errors: dict[str, str] | None = None) -> Page:
    """The screen of a request."""
    values = shown(visit, found) | {"errors": errors}
    return Page("researching/request.html", values, 422 if errors else 200)


def shown(visit: Visit, found: Requested) -> dict[str, Any]:
    """What every screen about a request says of it."""
    return {
        "found": found,
        "request": found.request,
        "here": address(found),
        "names": visit.names,
        "seen": seen(found),
    }
