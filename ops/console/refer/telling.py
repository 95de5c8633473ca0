"""What was written is sent as notifications: one for each child, with its brothers and sisters."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.events.envelope import HUB_SCHEMA, parse
from connectors.events.facts import BRITAIN, NOTIFICATION, Door
from connectors.formats.media import BATCH
from connectors.port import AgencyRoute
from ops.console.refer.drafts import FAMILY, Draft, Told, reference_of
from ops.console.refer.questions import age_of, asked_alone, date_of
from schemas.notification import Receipt, ReceiptStatus
from schemas.referrer import MadeBy
from stores.ports import Intake

CONNECTOR: Final = "form"
"""By which way in the record says that it came."""
_NOON: Final = dt.time(12)
_HIDDEN: Final = {
    "protected": True,
    "protected_reason": "Whoever reported it says that it must not become known.",
}
_NOT_PASSED_ON: Final = "Who reported it is told to nobody outside the hub."


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """What became of a report: all that was taken by now, and of whom it was not, and why."""

    taken: tuple[Told, ...]
    refused: Mapping[int, str]
    """By the number of the child: what can be done, in words."""


def tell(intake: Intake, route: AgencyRoute, draft: Draft, *, at: dt.datetime) -> Sending:
    """Send what was written of each child who was not taken yet. Sent twice it is taken once:
    ``at`` is the same each time, as an event under the same id has to say the same.
    """
    numbers = [one for one in range(len(draft.children)) if one not in draft.taken]
    asked = asked_alone(draft)
    events = [_event(route, asked, number=number, at=at) for number in numbers]
    door = Door(route, CONNECTOR, at)
    receipts = intake.take(parse(door, json.dumps(events).encode(), content_type=BATCH))
    taken, refused = {one.number: one for one in draft.sent}, dict[int, str]()
    for number, receipt in zip(numbers, receipts, strict=True):
        if receipt.status is ReceiptStatus.REJECTED:
            refused[number] = f"{receipt.explanation or ''} {receipt.cure or ''}".strip()
        else:
            reference, warnings = reference_of(draft.code, number), tuple(_warned(receipt))
            taken[number] = Told(number=number, reference=reference, warnings=warnings)
    return Sending(tuple(taken[number] for number in sorted(taken)), refused)


def _event(route: AgencyRoute, draft: Draft, *, number: int, at: dt.datetime) -> dict[str, Any]:
    reference = reference_of(draft.code, number)
    return {
        "specversion": "1.0",
        "id": reference,
        "source": f"urn:mash-hub:{CONNECTOR}:{route.code}",
        "type": NOTIFICATION,
        "datacontenttype": "application/json",
        "dataschema": f"{HUB_SCHEMA}v1",
        "data": _notification(draft, number, reference=reference, at=at),
    }


def _notification(draft: Draft, number: int, *, reference: str, at: dt.datetime) -> dict[str, Any]:
    answers = draft.answers
    said: dict[str, Any] = {
        "reference": reference,
        "observed_at": _observed(answers, at).isoformat(),
        "subject": _child(draft, number, at=at),
        "narrative": _narrative(answers),
        "made_by": answers.get("who", MadeBy.ANONYMOUS),
    }
    if answers.get("danger") == "yes":
        said["urgent"] = True
    if answers.get("informed"):
        said["parents_informed"] = {
            "informed": answers["informed"] == "yes",
            "consent": answers.get("consent") or "not_sought",
            "reason": answers.get("consent_reason") or None,
        }
    if reporter := _reporter(answers):
        said["parts"] = [reporter]
    return said


def _observed(answers: Mapping[str, str], at: dt.datetime) -> dt.datetime:
    found = date_of(answers, "when")
    if found is None or found[0] >= at.astimezone(BRITAIN).date():
        return at
    return dt.datetime.combine(found[0], _NOON, BRITAIN)


def _narrative(answers: Mapping[str, str]) -> str:
    others = answers.get("others", "")
    told = answers.get("happened", "")
    return (
        f"{told}\n\nWho else lives with the child, or is part of this: {others}" if others else told
    )


def _reporter(answers: Mapping[str, str]) -> dict[str, Any] | None:
    """Whoever reports it, as a part of its own that leaves the hub by nobody's word but a human's,
    and of which no recipient is told.
    """
    names = ("your_name", "your_work", "your_telephone", "your_email")
    given = ", ".join(filter(None, (answers.get(name, "") for name in names)))
    if not given:
        return None
    return {
        "text": f"Reported by: {given}",
        "sensitivity": "restricted",
        "may_leave": False,
        "signpost": False,
        "reason": _NOT_PASSED_ON,
    }


def _child(draft: Draft, number: int, *, at: dt.datetime) -> dict[str, Any]:
    answers = draft.children[number]
    person: dict[str, Any] = {"name": _names(answers), "sex_code": answers.get("sex") or "unknown"}
    if born := _born(answers, at):
        person["date_of_birth"] = born
    address: dict[str, Any] = {
        name: answers[name] for name in ("line1", "city", "postcode") if answers.get(name)
    }
    hidden = _HIDDEN if answers.get("hidden") == "yes" else {}
    if address:
        person["address"] = [address | hidden]
    if answers.get("school"):
        person["school"] = {"name": answers["school"]} | hidden
    if draft.answers.get(FAMILY) == "yes":
        others = (one for at_, one in enumerate(draft.children) if at_ != number)
        person["related_person"] = [
            {"name": called[0], "relationship": "sibling"}
            for one in others
            if (called := _names(one))
        ]
    return person


def _names(answers: Mapping[str, str]) -> list[dict[str, Any]]:
    usual = {
        "given_name": answers.get("given", "").split(),
        "family_name": [answers["family"]] if answers.get("family") else [],
    }
    also = answers.get("also")
    found = [usual] if any(usual.values()) else []
    return [*found, {"given_name": [also], "use": "alias"}] if also else found


def _born(answers: Mapping[str, str], at: dt.datetime) -> dict[str, str] | None:
    found = date_of(answers, "born")
    today = at.astimezone(BRITAIN).date()
    if found is not None:
        date, sure = found
        indicator = "XXX" if date > today else sure
        return {"date": date.isoformat(), "accuracy_indicator": indicator}
    age = age_of(answers.get("age", ""))
    if age is None:
        return None
    return {"date": f"{today.year - age}-01-01", "accuracy_indicator": "UUE"}


def _warned(receipt: Receipt) -> Iterator[str]:
    for warning in receipt.warnings:
        yield f"{warning.explanation} {warning.done}"
