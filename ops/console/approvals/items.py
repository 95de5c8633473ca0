"""An agency's own items, whatever product they are in: withheld, asked back, let go again, or told
in other words.
"""

from __future__ import annotations

from typing import Any, Final

from ops.console import sending
from ops.console.approvals.deciding import Written, withholding
from ops.console.screen import Go, NotThere, Page, Visit
from ops.look import asked
from ops.look.asked import Item
from schemas.decisions import Ruling

RULING = "mash.item-decision.v1"
_DAYS: Final = 30
_RULINGS: Final = (Ruling.WITHHOLD, Ruling.RECALL, Ruling.LIFT, Ruling.AMEND)
_WITHHOLDS: Final = (Ruling.WITHHOLD, Ruling.RECALL)
_SAME: Final = "Change the words: they are as they were"


def listed(visit: Visit) -> Page:
    """What the agency decided about of late."""
    found = asked.items(visit.hub, visit.asker, days=_DAYS, page=visit.page)
    return Page("approvals/items.html", {"told": found, "days": _DAYS, "names": visit.names})


def one(visit: Visit, errors: dict[str, str] | None = None) -> Page:
    """An item: what it says, where it went, and what can be done about that."""
    found = _wanted(visit)
    values = _shown(visit, found) | {"errors": errors}
    return Page("approvals/item.html", values, 422 if errors else 200)


def chosen(visit: Visit) -> Page | Go:
    """What is to be done about it."""
    found, ruling = _wanted(visit), visit.form.one("ruling")
    if ruling not in _may_be(found):
        return one(visit, {"ruling": "Select what is to become of it"})
    return Go(f"{_address(found)}/{ruling}")


def asks(visit: Visit) -> Page:
    """What is to be said with a ruling."""
    found, ruling = _ruled(visit)
    return _form(visit, found, Written(ruling, text=found.text or ""))


def taken(visit: Visit) -> Page | Go:
    """Show all of it again, go back to change it, or send it."""
    found, ruling = _ruled(visit)
    written, stage = Written.of(visit.form, ruling), visit.form.one("stage")
    if stage == "change":
        return _form(visit, found, written)
    if errors := _errors(found, written):
        return _form(visit, found, written, errors)
    if stage != "send":
        values = _shown(visit, found) | {"written": written, "who": visit.who}
        return Page("approvals/item_check.html", values)
    sent = sending.send(visit, RULING, _data(visit, found, written), about=found.referral_id)
    if sent.refused is not None:
        return one(visit, {"ruling": f"The hub did not take this. {sent.refused}"})
    return Go(_address(found), "sent" if sent.settled else "taken")


def _wanted(visit: Visit) -> Item:
    """The item; that it was read is recorded, as every screen shows some of it."""
    referral_id, name = visit.place["referral_id"], visit.place["name"]
    found = asked.item(visit.hub, visit.asker, referral_id=referral_id, name=name)
    if found is None:
        raise NotThere
    asked.opened(visit.hub, visit.asker, item_id=found.item_id, referral_id=found.referral_id)
    return found


def _ruled(visit: Visit) -> tuple[Item, str]:
    found, ruling = _wanted(visit), visit.place["ruling"]
    if ruling not in _may_be(found):
        raise NotThere
    return found, ruling


def _may_be(found: Item) -> list[str]:
    """What can be done about an item as it stands."""
    held = found.withheld is not None
    out = any(not one.recalled for one in found.products)
    told = found.text is not None
    each = {Ruling.WITHHOLD: not held, Ruling.RECALL: out, Ruling.LIFT: held, Ruling.AMEND: told}
    return [one.value for one in _RULINGS if each[one]]


def _address(found: Item) -> str:
    return f"approvals/item/{found.referral_id}/{found.name}"


def _shown(visit: Visit, found: Item) -> dict[str, Any]:
    may_be = _may_be(found)
    return {"item": found, "names": visit.names, "here": _address(found), "may_be": may_be}


def _form(
    visit: Visit, found: Item, written: Written, errors: dict[str, str] | None = None
) -> Page:
    values = _shown(visit, found) | {
        "written": written,
        "errors": errors,
        "recipients": sorted(visit.names.items(), key=lambda one: one[1]),
    }
    return Page("approvals/ruling.html", values, 422 if errors else 200)


def _errors(item: Item, written: Written) -> dict[str, str]:
    found = written.faults()
    if written.choice in _WITHHOLDS:
        return found
    errors = {name: said for name, said in found.items() if "fewer" in said}
    if written.choice == Ruling.AMEND:
        errors |= written.word_faults()
        if written.text == item.text:
            errors["text"] = _SAME
    return errors


def _data(visit: Visit, found: Item, written: Written) -> dict[str, Any]:
    """The ruling as the agency's own system would send it."""
    told: dict[str, Any] = {
        "referral_id": found.referral_id,
        "case_id": found.case_id,
        "item_id": found.item_id,
        "ruling": written.choice,
        "decided_by": visit.who,
    }
    if written.choice in _WITHHOLDS:
        return told | withholding(written)
    if written.choice == Ruling.AMEND:
        told["text"] = written.text
    return told | ({"reason": written.reason} if written.reason else {})
