"""What has changed since a product was sent: a person says that they know of it."""

from __future__ import annotations

from typing import Final

from ops.console import sending
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import changes
from ops.look.changes import Changed

RECEIPT: Final = "mash.change-receipt.v1"


def one(visit: Visit, errors: dict[str, str] | None = None) -> Page:
    """What stands now, and what to do."""
    values = {"change": _wanted(visit), "errors": errors}
    return Page("receiving/change.html", values, 422 if errors else 200)


def taken(visit: Visit) -> Page | Go:
    """Say that a person knows of it."""
    found = _wanted(visit)
    told = {
        "referral_id": found.referral_id,
        "case_id": found.case_id,
        "change_id": found.change_id,
        "received_by": visit.who,
    }
    sent = sending.send(visit, RECEIPT, told, about=found.referral_id)
    if sent.refused is not None:
        return one(visit, {"known": f"The hub did not take this. {sent.refused}"})
    return Go("received", "sent" if sent.settled else "taken")


def _wanted(visit: Visit) -> Changed:
    found = changes.one(visit.hub, visit.asker, visit.place["change_id"])
    if found is None:
        raise NotThere
    return found
