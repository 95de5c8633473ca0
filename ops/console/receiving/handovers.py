"""A referral that is with a worker's own team: a person there has it, or it is not theirs; and what
was taken back is given up.
"""

from __future__ import annotations

from typing import Any, Final

from ops.console import sending
from ops.console.receiving import having
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import handed
from ops.look.handed import Handed

RECEIPT: Final = "mash.handover-receipt.v1"


def one(visit: Visit, errors: dict[str, str] | None = None) -> Page:
    """Who the child is, what was told, and what to do; who opens it first has fetched it."""
    found = handed.one(visit.hub, visit.asker, visit.place["referral_id"])
    if found is None:
        raise NotThere
    handing, letter = found
    written = {name: visit.form.one(name) for name in ("status", "reason")}
    values = {"handing": handing, "letter": letter, "errors": errors, "written": written}
    return Page("receiving/handover.html", values | {"names": visit.names}, 422 if errors else 200)


def taken(visit: Visit) -> Page | Go:
    """Say that a person has it, that it is not theirs and why, or that nothing of it is kept."""
    found = handed.one(visit.hub, visit.asker, visit.place["referral_id"])
    if found is None:
        raise NotThere
    if visit.form.one("stage") == "change":
        return one(visit)
    if errors := _faults(visit, found[0]):
        return one(visit, errors)
    told = _told(visit, found[0])
    sent = sending.send(visit, RECEIPT, told, about=found[0].referral_id)
    if sent.refused is not None:
        return one(visit, {"status": f"The hub did not take this. {sent.refused}"})
    return Go("received", "sent" if sent.settled else "taken")


def _faults(visit: Visit, handing: Handed) -> dict[str, str]:
    status, reason = visit.form.one("status"), visit.form.one("reason")
    if handing.taken_back is not None:
        return {} if status == "given_up" else {"status": "Say that you keep nothing of it"}
    return having.faults(status, reason)


def _told(visit: Visit, handing: Handed) -> dict[str, Any]:
    reason = " ".join(visit.form.one("reason").split())
    told = {
        "referral_id": handing.referral_id,
        "case_id": handing.case_id,
        "status": visit.form.one("status"),
        "received_by": visit.who,
    }
    return told | ({"reason": reason} if reason and told["status"] == "refused" else {})
