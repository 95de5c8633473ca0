"""What is wanted back: a person says what was done about it."""

from __future__ import annotations

from typing import Any, Final

from ops.console import sending
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import received
from schemas.product import RecallAnswer

RECEIPT: Final = "mash.recall-receipt.v1"
_MOST: Final = 500


def one(visit: Visit, errors: dict[str, str] | None = None) -> Page:
    """What is wanted back, and why."""
    found = received.recalled(visit.hub, visit.asker, visit.place["recall_id"])
    if found is None:
        raise NotThere
    recall, told = found
    written = {name: visit.form.one(name) for name in ("status", "reason")}
    values = {"recall": recall, "told": told, "errors": errors, "written": written}
    return Page("receiving/recall.html", values, 422 if errors else 200)


def taken(visit: Visit) -> Page | Go:
    """Say that it was read, that it is destroyed, or why it cannot be undone."""
    found = received.recalled(visit.hub, visit.asker, visit.place["recall_id"])
    if found is None:
        raise NotThere
    recall, status = found[0], visit.form.one("status")
    reason = " ".join(visit.form.one("reason").split())
    if visit.form.one("stage") == "change":
        return one(visit)
    errors = {}
    if status not in set(RecallAnswer):
        errors["status"] = "Select what you did"
    if status == RecallAnswer.CANNOT and not reason:
        errors["reason"] = "Say what was done with it, and who has it now"
    if len(reason) > _MOST:
        errors["reason"] = f"It must be {_MOST} characters or fewer"
    if errors:
        return one(visit, errors)
    told: dict[str, Any] = {
        "product_id": recall.product_id,
        "case_id": recall.case_id,
        "recall_id": recall.recall_id,
        "status": status,
        "answered_by": visit.who,
    }
    told |= {"reason": reason} if reason else {}
    sent = sending.send(visit, RECEIPT, told, about=recall.case_id)
    if sent.refused is not None:
        return one(visit, {"status": f"The hub did not take this. {sent.refused}"})
    return Go("received", "sent" if sent.settled else "taken")
