"""Products: who the child is, what the risk is, what to do; and that a person has it."""

from __future__ import annotations

from typing import Any, Final

from ops.console import sending
from ops.console.filters import moment
from ops.console.receiving import having
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import changes, received, waiting
from ops.look.changes import Changed
from ops.look.waiting import Waiting
from schemas.product import CaseProduct, Product
from schemas.school import SchoolNotice

RECEIPT: Final = "mash.delivery-receipt.v1"


def listed(visit: Visit) -> Page:
    """What waits for a person, what people have, and what is wanted back."""
    values = {"had": received.had(visit.hub, visit.asker, page=visit.page)}
    return Page("receiving/products.html", values | _waits(waiting.of(visit.hub, visit.asker)))


def _change(visit: Visit, found: Product | SchoolNotice) -> Changed | None:
    """What has changed since it was sent."""
    if found.referral_id is None:
        return None
    change = changes.last(visit.hub, visit.asker, found.referral_id)
    return change if change and found.product_id in change.product_ids else None


def _waits(found: Waiting) -> dict[str, Any]:
    return {
        "rows": found.products,
        "back": found.back,
        "changed": found.changed,
        "handed": found.handed,
        "wait": found.count,
    }


def one(visit: Visit) -> Page:
    """One product; who opens it first has fetched it for the agency."""
    return _page(visit, _wanted(visit))


def taken(visit: Visit) -> Page | Go:
    """Say that a person has it, or that it is not theirs and why; later, what was done with it."""
    found, status = _wanted(visit), visit.form.one("status")
    said = received.said(visit.hub, visit.asker, found.product_id)
    if said is not None and said.has_it and "done" in visit.form.fields:
        return _acted(visit, found)
    if said is not None and not said.may_give_back:
        raise NotThere(f"{said.by} said on {moment(said.at)} that they have it.")
    reason = " ".join(visit.form.one("reason").split())
    written = {"status": status, "reason": reason}
    if visit.form.one("stage") == "change":
        return _page(visit, found, written=written)
    if errors := having.faults(status, reason):
        return _page(visit, found, errors, written)
    told: dict[str, Any] = {
        "product_id": found.product_id,
        "case_id": found.case_id,
        "status": status,
        "received_by": visit.who,
    }
    told |= {"reason": reason} if reason else {}
    sent = sending.send(visit, RECEIPT, told, about=found.case_id)
    if sent.refused is not None:
        refused = {"status": f"The hub did not take this. {sent.refused}"}
        return _page(visit, found, refused, written)
    return Go("received", "sent" if sent.settled else "taken")


def _acted(visit: Visit, found: Product | SchoolNotice) -> Page | Go:
    done = visit.form.one("done")
    written = {"done": done}
    if visit.form.one("stage") == "change":
        return _page(visit, found, written=written)
    if errors := having.undone(done):
        return _page(visit, found, errors, written)
    told = {**found.shared(CaseProduct), "status": "received"}
    told |= {"received_by": visit.who, "done": done}
    sent = sending.send(
        visit, RECEIPT, told, about=found.case_id, done=lambda: _said(visit, found) == done
    )
    if sent.refused is not None:
        return _page(visit, found, {"done": f"The hub did not take this. {sent.refused}"}, written)
    return Go(f"received/product/{found.product_id}", "acted" if sent.settled else "taken")


def _said(visit: Visit, found: Product | SchoolNotice) -> str | None:
    said = received.said(visit.hub, visit.asker, found.product_id)
    return said.done if said else None


def _wanted(visit: Visit) -> Product | SchoolNotice:
    found = received.opened(visit.hub, visit.asker, visit.place["product_id"])
    if found is None:
        raise NotThere
    return found


def _page(
    visit: Visit,
    found: Product | SchoolNotice,
    errors: dict[str, str] | None = None,
    written: dict[str, str] | None = None,
) -> Page:
    values = {
        "product": found,
        "notice": found if isinstance(found, SchoolNotice) else None,
        "change": _change(visit, found),
        "row": received.of(visit.hub, visit.asker, found.product_id),
        "said": received.said(visit.hub, visit.asker, found.product_id),
        "names": visit.names,
        "errors": errors,
        "written": {"status": "", "reason": "", "done": ""} | (written or {}),
    }
    return Page("receiving/product.html", values, 422 if errors else 200)
