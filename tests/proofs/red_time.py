"""F45: every Red reaches those who act on it before its time, while processes are killed."""

from __future__ import annotations

import datetime as dt
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import islice
from typing import Any

from connectors.clients.http_client import HubClient
from ops.demo.simulation.agencies import Notes, persistently
from tests.proofs import kills
from tests.proofs.check import stopped
from tests.proofs.evidence import Evidence, Recorded, noted
from tests.proofs.place import Place
from tests.proofs.plan import Plan
from tests.proofs.stream import red_events

_LEDGER = "reds.jsonl"
_TOLD_SECONDS = 60.0
"""A clock that elapsed is told within these, kills included: its first warning has minutes left."""


def prove(place: Place, plan: Plan, *, reds: int) -> dict[str, Any]:
    """So many Reds beside the stream of F1 and its kills; the figures of F45. Raises
    ``TooLate``.
    """
    return kills.prove(place, plan, beside=partial(_reds, number=reds), judged=_judged)


@contextmanager
def _reds(place: Place, *, number: int) -> Iterator[Callable[[], bool]]:
    stop = threading.Event()
    thread = threading.Thread(target=_send, args=(place, number, stop), daemon=True)
    thread.start()
    try:
        yield lambda: not thread.is_alive()
    finally:
        stop.set()
        thread.join()


def _send(place: Place, number: int, stop: threading.Event) -> None:
    """One after the other, each until the hub has it; what it answers is noted."""
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    notes = Notes(place.file(_LEDGER))
    with ExitStack() as stack:
        clients = {
            agency: stack.enter_context(HubClient(place.url, token))
            for agency, token in tokens.items()
        }
        for agency, event in islice(red_events(place), number):
            receipts = persistently(partial(clients[agency].send, [event]), stop)
            for receipt in receipts or ():
                notes.write(event=event["id"], referral=receipt.id, status=receipt.status)


# --- what came of it


def _judged(place: Place, plan: Plan, evidence: Evidence) -> dict[str, Any]:
    sent = [note["referral"] for note in noted(place.file(_LEDGER))]
    told = _Told(evidence)
    unseen = [f"{what} {id_}" for id_ in sent for what in told.unseen(id_)]
    late = [f"{what} {id_}" for id_ in sent for what in told.late(id_)]
    waits = sorted(told.seconds(id_) for id_ in sent if id_ in told.suggested)
    return {
        "id": "F45",
        "n": len(sent),
        "others": len(evidence.sent),
        "late": len(late),
        "unseen": len(unseen),
        "products": sum(len(told.urgent[id_]) for id_ in sent),
        "seconds_median": round(waits[len(waits) // 2], 2) if waits else None,
        "seconds_worst": round(waits[-1], 2) if waits else None,
        "findings": (unseen + late)[:20],
    }


class _Told:
    """What was said about each referral, and when it could be taken."""

    def __init__(self, evidence: Evidence) -> None:
        self.suggested = {one.referral: one for one in evidence.of("rating.suggested")}
        self._received = {one.id: one for one in evidence.of("notification.received")}
        self._assigned = {one.referral: one for one in evidence.of("rating.assigned")}
        self._handed = {
            one.referral for one in evidence.of("case.child-linked") if one.data["allocated_to"]
        }
        self._released = {one.data["product_id"]: one for one in evidence.of("product.released")}
        gone = ("product.refused", "product.voided", "product.taken-back")
        self._gone = stopped(evidence) | {
            one.data["product_id"] for type_ in gone for one in evidence.of(type_)
        }
        self._refused = stopped(evidence) | {
            one.data["product_id"]
            for one in evidence.of("product.refused")
            if not one.data["voided"]
        }
        self._elapsed = _by_referral(evidence.of("timer.elapsed"))
        self.urgent = _by_referral(
            # What follows once its owner lets it leave waits for that one.
            [
                one
                for one in evidence.of("product.drafted")
                if one.data["urgent"] and not one.data.get("follows")
            ]
        )
        letters = [note["letter"] for note in evidence.letters]
        self._asked = {
            one["data"]["referral_id"]: one["data"]
            for one in letters
            if one["type"] == "mash.rating-request.v1"
        }
        self._came = {
            one["data"]["product_id"] for one in letters if one["type"] == "mash.product.v1"
        }

    def seconds(self, id_: str) -> float:
        """From its arrival until whoever rates it could take it."""
        return (self.suggested[id_].at - self._received[id_].at) / 1e6

    def unseen(self, id_: str) -> Iterator[str]:
        """What never came to those who act on it. One of a child with a worker goes to that one."""
        if id_ in self._handed:
            return
        if id_ not in self._asked:
            yield "rating request"
        rated = self._assigned.get(id_)
        if rated is not None and rated.data["colour"] == "red" and not self.urgent[id_]:
            yield "any product"
        drafted = {one.data["product_id"]: one.data["recipient"] for one in self.urgent[id_]}
        left = drafted.keys() - self._gone
        yield from ("product" for product in left - self._came)
        # What was moved to another case, or said anew, goes by another draft for the same one.
        served = {drafted[product] for product in left | (drafted.keys() & self._came)}
        refused = {drafted[product] for product in drafted.keys() & self._refused}
        yield from ("recipient" for _ in {*drafted.values()} - served - refused)

    def late(self, id_: str) -> Iterator[str]:
        """What could be taken only after its time, and clocks that were told too late."""
        asked, suggested = self._asked.get(id_), self.suggested.get(id_)
        if asked and suggested and suggested.at > _micros(asked["possible_red_due_at"]):
            yield "rating request"
        rated = self._assigned.get(id_)
        for draft in self.urgent[id_] if rated is not None else ():
            released = self._released.get(draft.data["product_id"])
            if rated and released and released.at > _micros(rated.data["product_due_at"]):
                yield "product"
        for one in self._elapsed[id_]:
            if one.at > _micros(one.data["due_at"]) + _TOLD_SECONDS * 1e6:
                yield "clock"


def _by_referral(entries: list[Recorded]) -> Mapping[str, list[Recorded]]:
    found: dict[str, list[Recorded]] = defaultdict(list)
    for entry in entries:
        found[entry.referral].append(entry)
    return found


def _micros(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp() * 1e6
