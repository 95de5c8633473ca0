"""What an agency disagrees with, and did; it says so no longer where it wants to (R51)."""

from __future__ import annotations

from typing import Final

from ops.console import sending
from ops.console.filters import moment
from ops.console.opening import changes, read_back
from ops.console.questions import Ask
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look.differences import Own, raised_by

WITHDRAWAL: Final = "mash.disagreement-withdrawal.v1"
_REASON: Final = Ask(
    "reason",
    "Why do you disagree no longer?",
    hint="Whoever was to decide about it reads this.",
    required="Say why you disagree no longer",
)


def listed(visit: Visit) -> Page:
    """All of them, open ones first."""
    found = raised_by(visit.hub, visit.asker)
    return Page("researching/differences.html", {"rows": found, "names": visit.names})


def asks(visit: Visit) -> Page:
    """Why it is taken back."""
    return _form(visit, _wanted(visit))


def taken(visit: Visit) -> Page | Go:
    """Read it back, and send it."""
    found, reason = _wanted(visit), str(_REASON.read(visit.form))
    errors = {"reason": said} if (said := _REASON.fault(reason)) else {}
    if errors or changes(visit):
        return _form(visit, found, reason, errors)
    if check := read_back(visit, {"You disagree no longer with": found.over, "Why": reason}):
        return check
    told = {
        "disagreement_id": found.dispute.disagreement_id,
        "referral_id": found.referral_id,
        "withdrawn_by": visit.who,
        "reason": " ".join(reason.split()),
    }
    sent = sending.send(visit, WITHDRAWAL, told, about=found.referral_id)
    if sent.refused is not None:
        said = f"The hub did not take this. {sent.refused}"
        return _form(visit, found, reason, {"reason": said})
    return Go("requests/differences", "agreed" if sent.settled else "taken")


def _wanted(visit: Visit) -> Own:
    """One that is open; raises :class:`NotThere`, also for another agency's."""
    id_ = visit.place["disagreement_id"]
    every = raised_by(visit.hub, visit.asker)
    found = next((one for one in every if one.dispute.disagreement_id == id_), None)
    if found is None:
        raise NotThere
    if over := found.dispute.ended:
        who = f"{over.by} ended it" if over.by else "It ended"
        raise NotThere(f"{who} on {moment(over.at)}.")
    return found


def _form(visit: Visit, found: Own, reason: str = "", errors: dict[str, str] | None = None) -> Page:
    values = {"one": found, "names": visit.names, "asks": (_REASON,)}
    values |= {"answers": {"reason": reason}, "errors": errors or {}}
    return Page("researching/agree.html", values, 422 if errors else 200)
