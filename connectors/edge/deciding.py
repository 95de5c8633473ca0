"""What the hub asks an owner, and its answer: signed here, by a key that never leaves it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from connectors.edge.approving import Decision, NotAsShown, countersign, decide, request_of
from connectors.edge.configured import NoEdge
from connectors.edge.hub import STRUCTURED
from connectors.edge.keys import SigningKey
from connectors.edge.store import ASKED, HALF, LAPSED, SIGNED, Kept, Says, Store
from schemas.envelope import Envelope
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.notification import Receipt, ReceiptStatus
from schemas.product import Choice

_SHAPE: Final = "urn:mash-hub:"
"""How ``dataschema`` begins where the hub's own shape is sent, whatever else the agency sends."""
DECISION: Final = "mash.release-decision.v1"
_UNSIGNED_KEPT: Final = dt.timedelta(days=30)
"""How long a request is kept that was answered and has no statement, so no end of its own."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A request to approve that is open."""

    kept: Kept
    request: ApprovalRequest

    @property
    def id(self) -> str:
        """By what people name it here."""
        return self.kept.id

    @property
    def signed_by_one(self) -> bool:
        """Whether one of two people has signed."""
        return self.kept.step == HALF


def _asked(kept: Kept) -> Asked:
    return Asked(kept, request_of(kept.body))


def open_requests(store: Store) -> list[Asked]:
    """Those that wait for somebody's decision: what has to be decided first comes first."""
    asked = [_asked(one) for one in store.letters(ASKED, HALF)]
    return sorted(asked, key=lambda one: (one.request.due_at is None, one.request.due_at or 0))


def let_lapse(store: Store, now: dt.datetime) -> None:
    """Requests are no longer open once no approval of what they ask would count: the hub asks anew
    where it has to know.
    """
    for one in open_requests(store):
        if (end := _end(one)) is not None and end <= now:
            store.at_step(one.id, LAPSED)
    for kept in store.answered():
        if (_end(_asked(kept)) or dt.datetime.fromisoformat(kept.came_at) + _UNSIGNED_KEPT) <= now:
            store.forget(kept.id)


def _end(asked: Asked) -> dt.datetime | None:
    """From when on no approval of it counts; None: nothing of it can be approved."""
    return max((one.expires for one in asked.request.statements), default=None)


def said_of_requests(store: Store, kind: str, *, letter: bytes) -> Says | None:
    """What a letter says of requests that are here: that an answer was refused after the hub had
    taken it, or that they are asked no more.
    """
    if kind not in (Receipt.type, ApprovalCancellation.type):
        return None
    data = json.loads(letter).get("data")
    if not isinstance(data, dict):
        return None
    if kind == Receipt.type:
        rejected = data.get("status") == ReceiptStatus.REJECTED and data.get("follows")
        return Says(rejects=str(rejected)) if rejected else None
    every = (_asked(one) for one in (*store.letters(ASKED, HALF, SIGNED), *store.answered()))
    return Says(cancels=tuple(one.id for one in every if _is_of(one.request, data)))


def _is_of(asked: ApprovalRequest, cancelled: Mapping[str, Any]) -> bool:
    """Whether it is of what is cancelled: a product, or where it names an item that one alone."""
    item = cancelled.get("item_id")
    return asked.product_id == cancelled.get("product_id") and item in (None, asked.item.item_id)


def request(store: Store, named: str) -> Asked:
    """The open request whose id begins so; raises :class:`NoEdge`."""
    found = [one for one in open_requests(store) if one.id.startswith(named)]
    if len(found) == 1:
        return found[0]
    what = "several open requests begin so" if found else "no open request begins so"
    raise NoEdge(f"{named}: {what}; `hub edge requests` lists them")


def answered(store: Store, asked: Asked, *, decision: Decision, key: SigningKey) -> bool:
    """Sign a decision and have it sent; False where it waits for the second of two people.

    Raises :class:`NotAsShown`: nothing is signed that is not what the request shows; and
    :class:`NoEdge` where somebody else was faster.
    """
    told = _signed(asked, decision, key=key)
    if _wants_more(asked.request, told):
        _require(store.half_signed(asked.id, json.dumps(told)))
        return False
    # Signed again after the hub rejected it, the same words are another decision: it has to go.
    event_id = str(uuid4())
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"urn:mash-edge:{key.agency}",
        "type": DECISION,
        "dataschema": f"{_SHAPE}{DECISION}",
        "data": told,
    }
    body = json.dumps(event).encode()
    _require(store.answer(asked.kept, body, event_id=event_id, media=STRUCTURED))
    return True


def _require(done: bool) -> None:
    if not done:
        raise NoEdge("somebody else decided it in this moment: look again")


def _signed(asked: Asked, decision: Decision, *, key: SigningKey) -> dict[str, Any]:
    if not asked.signed_by_one or decision.choice is Choice.WITHHOLD:
        return decide(asked.request, decision, key=key)  # to withhold takes one person alone
    first: dict[str, Any] = json.loads(asked.kept.decision or "{}")
    if first.get("choice") != decision.choice:
        raise NotAsShown(f"the first of two people decided otherwise ({first.get('choice')})")
    if decision.choice is Choice.RELEASE_REWORDED and first.get("text") != decision.text:
        raise NotAsShown("the first of two people signed other words")
    return countersign(first, asked.request, key=key)


def _wants_more(request_: ApprovalRequest, told: dict[str, Any]) -> bool:
    if told["choice"] == Choice.WITHHOLD:
        return False
    people = request_.statements[0].people if request_.statements else 1
    return len(Envelope.model_validate(told["envelope"]).signatures) < people
