"""What an agency releases beforehand: read with its scope and its end, and ended."""

from __future__ import annotations

from typing import Final

from ops.console import sending
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look.standing import Released, standing_of

WITHDRAWAL: Final = "mash.standing-withdrawal.v1"
_MOST_REASON: Final = 500


def listed(visit: Visit) -> Page:
    """All of it; what lets something leave today first."""
    found = sorted(standing_of(visit.hub, visit.asker), key=lambda one: not one.in_force)
    return Page("approvals/standing.html", {"rows": found, "names": visit.names})


def asks(visit: Visit) -> Page:
    """Why it is to end."""
    return _form(visit, _wanted(visit))


def taken(visit: Visit) -> Page | Go:
    """Show all of it again, go back to change it, or send it."""
    found, stage = _wanted(visit), visit.form.one("stage")
    reason = " ".join(visit.form.one("reason").split())
    if stage == "change":
        return _form(visit, found, reason=reason)
    if not reason or len(reason) > _MOST_REASON:
        said = f"Say why it is to end, in {_MOST_REASON} characters or fewer"
        return _form(visit, found, reason=reason, errors={"reason": said})
    if stage != "send":
        return Page("approvals/standing_check.html", _shown(visit, found) | {"reason": reason})
    told = {"standing_id": found.standing_id, "decided_by": visit.who, "reason": reason}
    sent = sending.send(visit, WITHDRAWAL, told, done=lambda: _find(visit) is None)
    if sent.refused is not None:
        said = f"The hub did not take this. {sent.refused}"
        return _form(visit, found, reason=reason, errors={"reason": said})
    return Go("approvals/standing", "ended" if sent.settled else "taken")


def _wanted(visit: Visit) -> Released:
    found = _find(visit)
    if found is None:
        raise NotThere
    return found


def _find(visit: Visit) -> Released | None:
    """The one that the address names, if it is one that a message of the agency's ends."""
    every = standing_of(visit.hub, visit.asker)
    return next((one for one in every if one.standing_id and one.name == visit.place["name"]), None)


def _form(
    visit: Visit, found: Released, *, reason: str = "", errors: dict[str, str] | None = None
) -> Page:
    values = _shown(visit, found) | {"reason": reason, "errors": errors}
    return Page("approvals/standing_end.html", values, 422 if errors else 200)


def _shown(visit: Visit, found: Released) -> dict[str, object]:
    here = f"approvals/standing/{found.name}"
    return {"one": found, "names": visit.names, "here": here, "who": visit.who}
