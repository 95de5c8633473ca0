"""A decision about links, and taking it back."""

from __future__ import annotations

from ops.console.opening import changes, read_back
from ops.console.screen import Go, NotThere, Page, Visit
from ops.console.sending import send
from ops.look import links
from ops.look.links import Settled


def undo(visit: Visit) -> Page:
    """What was decided, by whom and about which referrals."""
    return _page(visit, {})


def take_back(visit: Visit) -> Page | Go:
    """Send that it is taken back."""
    one = _one(visit)
    if not visit.form.one("rationale"):
        return _page(visit, {"rationale": "Say why it was wrong"})
    said = {"Taken back": f"{one.what}, by {one.by}", "Why": visit.form.one("rationale")}
    if changes(visit):
        return _page(visit, {})
    if check := read_back(visit, said):
        return check
    sent = send(
        visit,
        "mash.undo-decision.v1",
        {
            "decision_id": one.decision_id,
            "decided_by": visit.who,
            "rationale": visit.form.one("rationale"),
        },
    )
    if sent.refused:
        return _page(visit, {"rationale": sent.refused})
    return Go("links", "undone" if sent.settled else "sent")


def _one(visit: Visit) -> Settled:
    found = links.decision(visit.hub, visit.place["decision_id"])
    if found is None:
        raise NotThere
    return found


def _page(visit: Visit, errors: dict[str, str]) -> Page:
    values = {"one": _one(visit), "errors": errors, "form": visit.form, "names": visit.names}
    return Page("linker/undo.html", values, 422 if errors else 200)
