"""A decision about links, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.console.filters import moment
from ops.console.linker.sides import of_review, opened
from ops.console.opening import SAW, changes, read_back, said_why, saw
from ops.console.screen import Go, NotThere, Page, Visit
from ops.console.sending import send
from ops.look import links
from ops.look.changed import changed
from ops.look.links import Settled
from ops.look.pictures import Opened


def undo(visit: Visit) -> Page:
    """What was decided and by whom; whom it is about, once somebody has said why they look."""
    one = _one(visit)
    return Page("linker/undo.html", _values(visit, one) | {"asks_why": _shows(one)})


def take_back(visit: Visit) -> Page | Go:
    """Take why somebody looks, and send that it is taken back."""
    one = _one(visit)
    if one.undone:
        at = moment(one.undone_at) if one.undone_at else "an earlier day"
        raise NotThere(f"{one.undone_by or 'Somebody'} took this back on {at}.")
    if _shows(one) and (errors := said_why(visit)):
        values = _values(visit, one, errors=errors)
        return Page("linker/undo.html", values | {"asks_why": True}, 422)
    now = opened(visit, one.referral_ids[0], waits=False) if _shows(one) else None
    if changes(visit) or (now and not visit.form.one(SAW)):
        return _page(visit, one, now)
    if now and visit.form.one(SAW) != now.saw.id:
        return _page(visit, one, now, overtaken=True)
    if not visit.form.one("rationale"):
        return _page(visit, one, now, errors={"rationale": "Say why it was wrong"})
    said = {"Taken back": f"{one.what}, by {one.by}", "Why": visit.form.one("rationale")}
    if check := read_back(visit, said):
        return check
    sent = send(visit, "mash.undo-decision.v1", _data(visit, one, now))
    if sent.refused:
        return _page(visit, one, now, errors={"rationale": sent.refused})
    return Go("links", "undone" if sent.settled else "sent")


def _data(visit: Visit, one: Settled, now: Opened | None) -> dict[str, Any]:
    return {
        "decision_id": one.decision_id,
        "decided_by": visit.who,
        "rationale": visit.form.one("rationale"),
        "saw": saw(now) if now else [],
    }


def _one(visit: Visit) -> Settled:
    found = links.decision(visit.hub, visit.place["decision_id"])
    if found is None:
        raise NotThere
    return found


def _shows(one: Settled) -> bool:
    """Whether there is a picture to see before it is taken back."""
    return bool(one.referral_ids) and not one.undone


def _values(
    visit: Visit, one: Settled, *, errors: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return {"one": one, "errors": errors or {}, "form": visit.form, "names": visit.names}


def _page(
    visit: Visit,
    one: Settled,
    now: Opened | None,
    *,
    errors: Mapping[str, str] | None = None,
    overtaken: bool = False,
) -> Page:
    values = _values(visit, one, errors=errors) | {"opened": now, "overtaken": overtaken}
    if now is not None:
        values |= {
            "sides": of_review(visit, now),
            "news": changed(now.before, now.picture, visit.names),
        }
    return Page("linker/undo.html", values, 422 if errors else 409 if overtaken else 200)
