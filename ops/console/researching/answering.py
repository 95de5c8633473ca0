"""An agency answers: with items, that it knows nothing, or that it tells nothing and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from ops.console import sending
from ops.console.researching.requests import CHOICES, address, page, seen, shown, wanted
from ops.console.researching.told import MOST, Told, faults_of, items_of
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look.requested import Requested

ANSWER: Final = "mash.information-response.v1"
DECLINED: Final = "Its agency holds something about the child, and does not tell the hub what."


def asks(visit: Visit) -> Page:
    """What is still to be said of an answer."""
    found, choice = _asked_for(visit)
    if choice == "unknown":
        return _checked(visit, found, [])
    return _form(visit, found, [Told(1)])


def taken(visit: Visit) -> Page | Go:
    """Add an item, show all of it again, go back to change it, or send it."""
    found, choice = _asked_for(visit)
    stage, items = visit.form.one("stage"), _items(visit, choice)
    if visit.form.one("seen") not in ("", seen(found)):
        return _changed(visit, found, items)
    if stage == "add" and 0 < len(items) < MOST:
        return _form(visit, found, [*items, Told(items[-1].number + 1)])
    if stage == "change":
        return _form(visit, found, items)
    if errors := faults_of(items):
        return _form(visit, found, items, errors)
    if stage != "send":
        return _checked(visit, found, items)
    about = found.request.referral_id
    sent = sending.send(visit, ANSWER, _data(visit, found, items), about=about)
    if sent.refused is not None:
        return page(visit, found, {"choice": f"The hub did not take this. {sent.refused}"})
    return Go("requests", "sent" if sent.settled else "taken")


def _changed(visit: Visit, found: Requested, items: Sequence[Told]) -> Page:
    """Nothing is sent that answers another question; what was written is kept."""
    said = f"The question has changed since you opened it: {found.request.question or 'none'}"
    if not items:
        return replace(page(visit, found, {"choice": said}), status=409)
    field = "text-1" if visit.place["choice"] == "known" else "reason-1"
    return replace(_form(visit, found, items, {field: said}), status=409)


def _asked_for(visit: Visit) -> tuple[Requested, str]:
    if visit.place["choice"] not in CHOICES:
        raise NotThere
    return wanted(visit), visit.place["choice"]


def _items(visit: Visit, choice: str) -> Sequence[Told]:
    if choice == "unknown":
        return []
    if choice == "known":
        return items_of(visit.form)
    said = Told.of(visit.form, 1)
    kept = {"text": DECLINED, "sensitivity": "restricted", "shared": "none"}
    return [Told(1, **kept, signpost=said.signpost, reason=said.reason)]


def _form(
    visit: Visit, found: Requested, items: Sequence[Told], errors: dict[str, str] | None = None
) -> Page:
    values = shown(visit, found) | {"items": items, "errors": errors, "most": MOST}
    name = "declined" if visit.place["choice"] == "declined" else "answer"
    at = f"{address(found)}/{visit.place['choice']}"
    return Page(f"researching/{name}.html", values | {"action": at}, 422 if errors else 200)


def _checked(visit: Visit, found: Requested, items: Sequence[Told]) -> Page:
    choice = visit.place["choice"]
    values = shown(visit, found) | {"items": items, "choice": choice, "who": visit.who}
    return Page("researching/check.html", values | {"action": f"{address(found)}/{choice}"})


def _data(visit: Visit, found: Requested, items: Sequence[Told]) -> dict[str, Any]:
    """The answer as the agency's own system would send it."""
    request = found.request
    return {
        "request_id": request.identifier,
        "referral_id": request.referral_id,
        "case_id": request.case_id,
        "known": bool(items),
        "items": [one.item(visit, request.referral_id) for one in items],
        "answered_by": visit.who,
    }
