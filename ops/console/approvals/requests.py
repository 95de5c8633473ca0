"""What an agency is asked to let leave: the list, and one request with all that is to be seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.console.filters import moment
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import asked
from ops.look.asked import Asked
from schemas.product import DraftItem, Redaction

DECISION = "mash.release-decision.v1"
CHOICES = ("sanitised", "original", "chosen", "reworded", "withhold")
"""``chosen``: as sanitised, but for what somebody keeps in of what would be taken out."""


def listed(visit: Visit) -> Page:
    """Every request that waits, by due time."""
    found, kept = asked.open_requests(visit.hub, visit.asker, page=visit.page)
    two = (one for one in found.shown if people(one) > 1)
    begun = {one.name: asked.begun(visit.hub, visit.asker, one) for one in two}
    values = {"told": found, "kept": kept, "names": visit.names, "begun": begun, "who": visit.who}
    return Page("approvals/requests.html", values)


def one(visit: Visit) -> Page:
    """One request: the original beside the proposal."""
    return page(visit, wanted(visit))


def chosen(visit: Visit) -> Page | Go:
    """How somebody decides, which the next screen asks more about."""
    found, choice = wanted(visit), visit.form.one("choice")
    if choice not in may_choose(found):
        said = {"choice": "Select what may happen with these words"}
        return page(visit, found, errors=said)
    return Go(f"{address(found)}/{choice}")


def wanted(visit: Visit) -> Asked:
    """The request that the address names; raises :class:`NotThere`, also for another agency's.

    That it was read is recorded here, as whatever is done with it shows some of it.
    """
    found = unread(visit)
    item_id = found.request.item.item_id
    asked.opened(visit.hub, visit.asker, item_id=item_id, referral_id=found.referral_id)
    return found


def unread(visit: Visit) -> Asked:
    """As :func:`wanted`, for what shows nothing of it."""
    referral_id, name = visit.place["referral_id"], visit.place["name"]
    found = asked.request(visit.hub, visit.asker, referral_id=referral_id, name=name)
    if found is None:
        done = asked.decided(visit.hub, visit.asker, referral_id=referral_id, name=name)
        raise NotThere(done and f"{done[0]} decided about it on {moment(done[1])}.")
    return found


def may_choose(found: Asked) -> list[str]:
    """What can be decided: where nothing would be taken out, nothing of that can be kept in."""
    return [one for one in CHOICES if one != "chosen" or found.request.item.redactions]


def people(found: Asked) -> int:
    """How many people have to sign it."""
    return max((one.people for one in found.request.statements), default=1)


def address(found: Asked) -> str:
    """Where a request is."""
    return f"approvals/request/{found.referral_id}/{found.name}"


def page(visit: Visit, found: Asked, *, errors: dict[str, str] | None = None) -> Page:
    """The screen of a request."""
    values = shown(visit, found) | {"errors": errors}
    return Page("approvals/request.html", values, 422 if errors else 200)


def shown(visit: Visit, found: Asked) -> dict[str, Any]:
    """What every screen about a request says of it."""
    return {
        "asked": found,
        "request": found.request,
        "item": found.request.item,
        "names": visit.names,
        "here": address(found),
        "original": pieces(found.request.item),
        "proposed": pieces(found.request.item, proposed=True),
        "choices": may_choose(found),
        "begun": asked.begun(visit.hub, visit.asker, found) if people(found) > 1 else None,
        "who": visit.who,
    }


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """A stretch of a text; with a number where something was taken out of it."""

    text: str
    number: int | None = None


def pieces(item: DraftItem, *, proposed: bool = False) -> Sequence[Piece]:
    """The original with what goes, or the proposal with what stands instead, in numbered pieces."""
    taken_out = dict(enumerate(item.redactions, 1))
    return tuple(_pieces(item.original, taken_out, proposed=proposed))


def with_out(item: DraftItem, out: Collection[int]) -> Sequence[Piece]:
    """The words as they would leave with these of the redactions alone, by their numbers."""
    taken_out = {n: one for n, one in enumerate(item.redactions, 1) if n in out}
    return tuple(_pieces(item.original, taken_out, proposed=True))


def _pieces(text: str, taken_out: Mapping[int, Redaction], *, proposed: bool) -> Iterator[Piece]:
    at = 0
    for number, one in taken_out.items():
        if one.start > at:
            yield Piece(text[at : one.start])
        yield Piece(one.replacement if proposed else text[one.start : one.end], number)
        at = one.end
    if at < len(text):
        yield Piece(text[at:])
