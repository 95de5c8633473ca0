"""What simulated people answer to a letter from the hub: the same to the same question, whenever it
comes and whatever came before.

Each decision follows from a number from 0 to 99 that is drawn from what is asked, but never from
when: most ids tell the time at which an arrival came.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

Event = dict[str, Any]
"""A structured CloudEvent."""
_Data = dict[str, Any]
_Answer = tuple[str, _Data] | None
"""The type of the event that answers, and its data; None where nobody answers."""

_PEOPLE = "136"
"""Another word makes other people, who decide as often in each way, but about other cases. Of 150
that were tried, with this one the whole sample comes nearest to what it came to when decisions
were drawn from ids that did not tell the time.
"""
SOCIAL_WORKER = "SIMULATED social worker"
DECISION_MAKER = "SIMULATED decision maker"

# Of a hundred draws, those below these numbers:
_NEVER_ANSWERED = 3  # requests for information
_NOTHING_KNOWN = 20  # requests, those never answered included
_RATED_OTHERWISE = 15  # ratings that the social worker changes
_UNKNOWN_TO_SYSTEMS = 70  # checks of systems, those never answered included
_TWO_CHILDREN = 20  # pairs that are found not to be one child
_SENT_ALL_THE_SAME = 30  # letters that would put somebody at risk
_NEVER_DECIDED = 4  # items whose owner does not say
_WITHHELD = 14  # items, those never decided included
_RELEASED_AS_THEY_ARE = 23  # items that leave; the rest leaves sanitised


def answer(letter: Event) -> Event | None:
    """The event that answers a letter; None where it needs no answer, or where the simulated person
    is silent.
    """
    agency = letter["subject"]
    answerer = _ANSWERERS.get(letter["type"])
    made = answerer(letter["data"], agency) if answerer else None
    if made is None:
        return None
    type_, data = made
    return event(f"{letter['id']}/answer", type_, agency=agency, data=data)


def event(id_: str, type_: str, *, agency: str, data: Any) -> Event:
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
    return _digest(*parts) % 100


def _digest(*parts: str) -> int:
    return int.from_bytes(sha256("/".join((_PEOPLE, *parts)).encode()).digest()[:8], "big")


def _lasting(referral_id: str) -> str:
    """What in a referral's id follows from its sender and what that calls it, not from the time."""
    return referral_id[len("01234567-89ab-8") :]


def _information(request: _Data, agency: str) -> _Answer:
    request_id = request["identifier"]
    drawn = draw(_lasting(request["referral_id"]), agency, "answer")
    if drawn < _NEVER_ANSWERED:
        return None
    known = drawn >= _NOTHING_KNOWN
    items = [_item(request, agency, number=number) for number in range(1 + drawn % 2)]
    return "mash.information-response.v1", {
        "request_id": request_id,
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "known": known,
        "items": items if known else [],
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


def _item(request: _Data, agency: str, *, number: int) -> _Data:
    about = (_lasting(request["referral_id"]), agency, str(number))
    drawn = draw(*about, "item")
    return {
        "item_id": f"{request['identifier']}/{number}",
        "owner": agency,
        "text": f"{_TEXTS[drawn % len(_TEXTS)]} (Record {_digest(*about) % 100_000:05d}.)",
        "sensitivity": _SENSITIVITIES[drawn % len(_SENSITIVITIES)],
        "may_be_revealed": True,
        "may_leave": drawn % 10 != 0,
        "signpost": drawn % 7 != 0,
    }


_INVOLVEMENTS = ("child in need plan", "child protection plan", "closed case")


def _check(request: _Data, agency: str) -> _Answer:
    """A simulated system, which knows some children."""
    referral_id, _, system = request["check_id"].rpartition("/")
    drawn = draw(_lasting(referral_id), system, "check")
    if drawn < _NEVER_ANSWERED:
        return None
    reply: _Data = {"check_id": request["check_id"], "known": drawn >= _UNKNOWN_TO_SYSTEMS}
    if reply["known"]:
        reply |= {
            "involvement": _INVOLVEMENTS[drawn % len(_INVOLVEMENTS)],
            "since": f"2025-{1 + drawn % 12:02d}-01",
            "worker": f"SIMULATED worker of {agency}",
            "contact": f"SIMULATED desk of {agency}, 01632 960199",
            "reference": f"{system.upper()}-{_digest(referral_id, system) % 10_000:04d}",
        }
    return "mash.check-reply.v1", reply


def _enquiry(review: _Data, _agency: str) -> _Answer:
    best = review["matches"][0] if review["matches"] else None
    return "mash.enquiry-decision.v1", {
        "enquiry_id": review["enquiry_id"],
        "decision": "permit",
        "person_id": best["person_id"] if best and best["score"] > 0 else None,
        **_decided("as agreed"),
    }


_COLOURS = ("blue", "green", "amber", "red")


def _rating(request: _Data, _agency: str) -> _Answer:
    drawn, suggested = draw(_lasting(request["referral_id"]), "rating"), request["suggested"]
    colour = _COLOURS[drawn % 4] if drawn < _RATED_OTHERWISE else suggested
    return "mash.rating-decision.v1", {
        "referral_id": request["referral_id"],
        "case_id": request["case_id"],
        "colour": colour,
        "concern": "SIMULATED words of whoever rates it: the child may not be safe at home.",
        **_decided("as suggested" if colour == suggested else "read otherwise"),
        "saw": _saw(request),
    }


def _link(review: _Data, _agency: str) -> _Answer:
    """The best candidate, if anything speaks for it."""
    best = review["candidates"][0] if review["candidates"] else None
    chosen = best["person_id"] if best and best["score"] > 0 else None
    return "mash.link-decision.v1", {
        "referral_id": review["referral_id"],
        "person_id": chosen,
        **_decided("the best candidate" if chosen else "none of the candidates"),
        "saw": _saw(review),
    }


def _merge(review: _Data, _agency: str) -> _Answer:
    same = draw(str(review["score"]), *review["reasons"], "merge") >= _TWO_CHILDREN
    return "mash.persons-decision.v1", {
        "person_id": review["person_id"],
        "other_person_id": review["other_person_id"],
        "same": same,
        **_decided("one child" if same else "two children"),
    }


def _split(review: _Data, _agency: str) -> _Answer:
    return "mash.split-decision.v1", {
        "person_id": review["person_id"],
        "referral_ids": review["referral_ids"],
        "to_person_id": None,
        **_decided("two children"),
    }


def _safety(review: _Data, _agency: str) -> _Answer:
    """A field that would put somebody at risk is left out; all else goes, or does not."""
    fields = [hit["where"].removeprefix("identity.") for hit in review["hits"]]
    about_identity = all(hit["where"].startswith("identity.") for hit in review["hits"])
    drawn = draw(_lasting(review["referral_id"]), review["recipient"], "safety")
    # What another agency withholds no human of the hub may send.
    theirs = all(hit["danger"] != "withheld-words" for hit in review["hits"])
    choice = "send" if theirs and drawn < _SENT_ALL_THE_SAME else "do_not_send"
    return "mash.safety-decision.v1", {
        "referral_id": review["referral_id"],
        "case_id": review["case_id"],
        "hold_id": review["hold_id"],
        "choice": "leave_out" if about_identity else choice,
        "leaves_out": sorted(set(fields)) if about_identity else [],
        **_decided("rung whom it would put at risk"),
        "decided_by": DECISION_MAKER,
    }


def _decided(why: str) -> _Data:
    return {"decided_by": SOCIAL_WORKER, "rationale": f"Simulated: {why}"}


def _saw(letter: _Data) -> list[_Data]:
    """The picture that came with the letter."""
    picture = letter["picture"]
    return [{"id": picture["id"], "digest": picture["digest"]}]


def _release(request: _Data, _agency: str) -> _Answer:
    item = request["item"]
    drawn = draw(item["original"])
    if drawn < _NEVER_DECIDED:
        return None
    choice, digest = _choice(drawn, request)
    return "mash.release-decision.v1", {
        "referral_id": request["referral_id"],
        "product_id": request["product_id"],
        "case_id": request["case_id"],
        "item_id": item["item_id"],
        "choice": choice,
        "digest": digest,
        "recipient": request["recipient"],
        "purpose": request["purpose"],
        "decided_by": DECISION_MAKER,
        "reason": "Simulated: sharing would put a source at risk" if digest is None else None,
        "signpost": drawn % 2 == 0,
    }


def _choice(drawn: int, request: _Data) -> tuple[str, str | None]:
    """What the owner chooses, and the digest of the words that it lets leave.

    What is withheld is so from everybody.
    """
    item = request["item"]
    if drawn < _WITHHELD:
        return "withhold", None
    whom = (request["recipient"], request["purpose"], request["colour"])
    if draw(item["original"], *whom) < _RELEASED_AS_THEY_ARE:
        return "release_original", item["original_digest"]
    return "release_sanitised", item["sanitised_digest"]


def _received(product: _Data, agency: str) -> _Answer:
    return "mash.delivery-receipt.v1", {
        "product_id": product["product_id"],
        "case_id": product["case_id"],
        "status": "received",
        "received_by": f"SIMULATED desk of {agency}",
    }


def _handed(handover: _Data, agency: str) -> _Answer:
    return _of_handover(handover, "received", agency=agency)


def _given_up(recall: _Data, agency: str) -> _Answer:
    return _of_handover(recall, "given_up", agency=agency)


def _of_handover(letter: _Data, status: str, *, agency: str) -> _Answer:
    return "mash.handover-receipt.v1", {
        "referral_id": letter["referral_id"],
        "case_id": letter["case_id"],
        "status": status,
        "received_by": f"SIMULATED desk of {agency}",
    }


def _given_back(recall: _Data, agency: str) -> _Answer:
    return "mash.recall-receipt.v1", {
        "product_id": recall["product_id"],
        "case_id": recall["case_id"],
        "recall_id": recall["recall_id"],
        "status": "destroyed",
        "answered_by": f"SIMULATED desk of {agency}",
    }


def _alarm(alarm: _Data, agency: str) -> _Answer:
    named = ("alarm_id", "subject_id", "case_id")
    told = {name: alarm[name] for name in named if alarm.get(name)}
    return "mash.alarm-receipt.v1", told | {"taken_by": f"SIMULATED duty manager of {agency}"}


def _known(change: _Data, agency: str) -> _Answer:
    return "mash.change-receipt.v1", {
        "referral_id": change["referral_id"],
        "case_id": change["case_id"],
        "change_id": change["change_id"],
        "received_by": f"SIMULATED desk of {agency}",
    }


def _school(letter: _Data, _agency: str) -> _Answer:
    return "mash.school-decision.v1", {
        "referral_id": letter["referral_id"],
        "case_id": letter["case_id"],
        "action": "told",
        "decided_by": SOCIAL_WORKER,
        "rationale": "Simulated: the school was rung",
    }


_ANSWERERS: dict[str, Callable[[_Data, str], _Answer]] = {
    "mash.check-request.v1": _check,
    "mash.enquiry-review.v1": _enquiry,
    "mash.information-request.v1": _information,
    "mash.rating-request.v1": _rating,
    "mash.link-review.v1": _link,
    "mash.merge-review.v1": _merge,
    "mash.split-review.v1": _split,
    "mash.approval-request.v1": _release,
    "mash.safety-review.v1": _safety,
    "mash.handover.v1": _handed,
    "mash.handover-recall.v1": _given_up,
    "mash.product.v1": _received,
    "mash.school-notice.v1": _received,
    "mash.school-to-tell.v1": _school,
    "mash.product-recall.v1": _given_back,
    "mash.alarm.v1": _alarm,
    "mash.product-changed.v1": _known,
}
