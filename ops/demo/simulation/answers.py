"""What simulated people answer to a letter from the hub: pure, and the same for the same letter."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

Event = dict[str, Any]
"""A structured CloudEvent."""

SOCIAL_WORKER = "SIMULATED social worker"
DECISION_MAKER = "SIMULATED decision maker"

_SILENT_AGENCIES = 3
_UNDECIDED_ITEMS = 4
_WITHHELD_ITEMS = 14
_ORIGINAL_ITEMS = 34
_CHANGED_RATINGS = 15
_DIFFERENT_PERSONS = 20


def answer(letter: Event) -> Event | None:
    """The event that answers a letter; None where it needs no answer, or where the simulated person
    is silent.
    """
    answerer = _ANSWERERS.get(letter["type"])
    made = answerer(letter["data"], letter["subject"]) if answerer else None
    if made is None:
        return None
    type_, data = made
    return event(f"{letter['id']}/answer", letter["subject"], type_, data)


def event(id_: str, agency: str, type_: str, data: Any) -> Event:
    """An event in the hub's own shape, from a simulated agency."""
    return {
        "specversion": "1.0",
        "id": id_,
        "source": f"urn:simulated:{agency}",
        "type": type_,
        "dataschema": "urn:mash-hub:v1",
        "data": data,
    }


def draw(*parts: str) -> int:
    """A number from 0 to 99 that follows from the parts."""
    return int.from_bytes(sha256("/".join(parts).encode()).digest()[:8], "big") % 100


def _information(request: dict[str, Any], agency: str) -> tuple[str, Any] | None:
    luck = draw(request["identifier"], "answer")
    if luck < _SILENT_AGENCIES:
        return None
    known = luck >= 20
    return "mash.information-response.v1", {
        "request_id": request["identifier"],
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "known": known,
        "items": [_item(request["identifier"], agency, number) for number in range(1 + luck % 2)]
        if known
        else [],
        "answered_by": f"SIMULATED professional of {agency}",
    }


_TEXTS = (
    "Known since last year. Attendance has fallen to 81 percent. "
    "Telephone of the home: 01632 960555.",
    "Two appointments were missed this spring; the family was visited "
    "and a plan agreed with Ms Jane Sample.",
    "Neighbour at 12 Example Street, LS99 9ZZ reported shouting. "
    "No injuries were seen. Nobody was arrested.",
    "The child spoke to a trusted adult about worries at home. A follow-up talk is planned.",
)
_SENSITIVITIES = ("routine", "routine", "sensitive", "sensitive", "restricted")


def _item(request_id: str, agency: str, number: int) -> dict[str, Any]:
    luck = draw(request_id, "item", str(number))
    return {
        "item_id": f"{request_id}/{number}",
        "owner": agency,
        "text": _TEXTS[luck % len(_TEXTS)],
        "sensitivity": _SENSITIVITIES[luck % len(_SENSITIVITIES)],
        "may_be_revealed": True,
        "may_leave": luck % 10 != 0,
        "signpost": luck % 7 != 0,
    }


def _rating(request: dict[str, Any], _agency: str) -> tuple[str, Any]:
    luck = draw(request["referral_id"], "rating")
    colours = ("blue", "green", "amber", "red")
    changed = colours[luck % 4] if luck < _CHANGED_RATINGS else request["suggested"]
    return "mash.rating-decision.v1", {
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "colour": changed,
        "decided_by": SOCIAL_WORKER,
        "rationale": "Simulated: as suggested"
        if changed == request["suggested"]
        else "Simulated: read otherwise",
    }


def _link(review: dict[str, Any], _agency: str) -> tuple[str, Any]:
    best = review["candidates"][0] if review["candidates"] else None
    chosen = best["person_id"] if best and best["score"] > 0 else None
    return "mash.link-decision.v1", {
        "referral_id": review["referral_id"],
        "person_id": chosen,
        "decided_by": SOCIAL_WORKER,
        "rationale": "Simulated: the best candidate"
        if chosen
        else "Simulated: none of the candidates",
    }


def _merge(review: dict[str, Any], _agency: str) -> tuple[str, Any]:
    luck = draw(review["person_id"], review["other_person_id"], "merge")
    return "mash.persons-decision.v1", {
        "person_id": review["person_id"],
        "other_person_id": review["other_person_id"],
        "same": luck >= _DIFFERENT_PERSONS,
        "decided_by": SOCIAL_WORKER,
        "rationale": "Simulated: one child"
        if luck >= _DIFFERENT_PERSONS
        else "Simulated: two children",
    }


def _split(review: dict[str, Any], _agency: str) -> tuple[str, Any]:
    return "mash.split-decision.v1", {
        "person_id": review["person_id"],
        "referral_ids": review["referral_ids"],
        "to_person_id": None,
        "decided_by": SOCIAL_WORKER,
        "rationale": "Simulated: two children",
    }


def _release(request: dict[str, Any], _agency: str) -> tuple[str, Any] | None:
    item = request["item"]
    luck = draw(request["product_id"], item["item_id"])
    if luck < _UNDECIDED_ITEMS:
        return None
    choice, digest = _choice(luck, item)
    return "mash.release-decision.v1", {
        "product_id": request["product_id"],
        "case_id": request["case_id"],
        "item_id": item["item_id"],
        "choice": choice,
        "digest": digest,
        "recipient": request["recipient"],
        "purpose": request["purpose"],
        "decided_by": DECISION_MAKER,
        "reason": "Simulated: sharing would put a source at risk" if digest is None else None,
        "signpost": luck % 2 == 0,
    }


def _choice(luck: int, item: dict[str, Any]) -> tuple[str, str | None]:
    if luck < _WITHHELD_ITEMS:
        return "withhold", None
    if luck < _ORIGINAL_ITEMS:
        return "release_original", item["original_digest"]
    return "release_sanitised", item["sanitised_digest"]


def _received(product: dict[str, Any], agency: str) -> tuple[str, Any]:
    return "mash.delivery-receipt.v1", {
        "product_id": product["product_id"],
        "case_id": product["case_id"],
        "status": "received",
        "received_by": f"SIMULATED desk of {agency}",
    }


_ANSWERERS: dict[str, Callable[[dict[str, Any], str], tuple[str, Any] | None]] = {
    "mash.information-request.v1": _information,
    "mash.rating-request.v1": _rating,
    "mash.link-review.v1": _link,
    "mash.merge-review.v1": _merge,
    "mash.split-review.v1": _split,
    "mash.approval-request.v1": _release,
    "mash.product.v1": _received,
}
