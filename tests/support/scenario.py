"""The one acceptance scenario: a real hub as processes, agencies on every kind of connector, and
what came of it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import psycopg
from psycopg import sql

from connectors.clients.http_client import HubClient
from ops.demo.running import same_ids
from ops.demo.simulation.answers import event
from ops.demo.summary import final_summary
from ops.run.parts import WORKERS as WORKERS_APART
from ops.run.wiring import open_hub
from schemas.topics import TOPICS
from stores.tables import METADATA
from stores.topics import read_range, watermarks
from tests.proofs.evidence import Evidence, Recorded, gather
from tests.proofs.place import Place
from tests.proofs.processes import Part, agencies, await_serving, hub_part, kept, terminated
from tests.proofs.quiet import await_quiet
from tests.proofs.stream import send_first, write_stream
from tests.support.names import Names
from tests.support.size import FULL

NOTIFICATIONS = 120 if FULL else 60
SECONDS = 180.0
WORKERS = (
    WORKERS_APART
    if FULL
    else (
        "deduplicate link check answer",
        "rate request_information compose approve hold release",
        "alarm inform hand_over hand_off disagreement school",
    )
)
"""In production: each takes seconds to start, and proofs of kills run a worker for each step."""
LEAD = "childrens_social_care"
MANAGER = "SIMULATED manager"
"""Who decides in the scenario itself; simulated social workers answer what the hub asks."""


@dataclass(repr=False)
class Outcome:
    """What a run of the scenario left behind."""

    place: Place
    evidence: Evidence
    summary: dict[str, Any]
    codes: Mapping[str, int]
    """Exit code of each process after SIGTERM."""
    text: Mapping[str, str] = field(default_factory=dict)
    """What each process said."""

    @cached_property
    def names(self) -> Names:
        """Names for the ids of the run, the same in every run."""
        return Names(self.evidence.journal)

    def of(self, type_: str) -> list[Recorded]:
        """The facts of a type."""
        return self.evidence.of(type_)

    def letters(self, type_: str) -> list[dict[str, Any]]:
        """Letters of a type, such as ``product``, each once, with the agency that got it under
        ``agency``.
        """
        found = {
            note["letter"]["id"]: {**note["letter"], "agency": note["agency"]}
            for note in self.evidence.letters
            if note["letter"]["type"] == f"mash.{type_}.v1"
        }
        return list(found.values())


def embedded_parts(place: Place) -> list[Part]:
    """The whole hub in one process."""
    return [hub_part(place)]


def production_parts(place: Place) -> list[Part]:
    """The supervisor with every process, and a second worker of what links, and of what rates."""
    again = [one for one in WORKERS if {"link", "rate"} & {*one.split()}]
    return [hub_part(place), *(hub_part(place, one) for one in again)]


def run(place: Place, parts: Sequence[Part], *, count: int = NOTIFICATIONS) -> Outcome:
    """Send everything, let it come to rest, then let the simulated people answer until nothing is
    left to do.

    In this order every run links the same children: what people answer about one link bears on the
    next. At last the lead agency's staff merge, tell apart, split and take back; of one referral
    they ask further, are told more, and close it.
    """
    hub = open_hub(place.folder.config, place.environment)
    same_ids(hub)
    hub.database.close()
    with kept(parts):
        for part in parts:
            part.start()
        await_serving(place)
        started = time.monotonic()
        _send(place, count)
        _answer(place)
        _mend_links(place)
        _conclude(place)
        seconds = time.monotonic() - started
        codes = terminated(parts)
    return _outcome(place, parts, codes, seconds)


def _send(place: Place, count: int) -> None:
    send_first(place, threading.Event())
    await_quiet(place, lambda: True, seconds=SECONDS, letters=False)
    with agencies(place, write_stream(place, count), "--silent") as running:
        await_quiet(place, lambda: running.idle, seconds=SECONDS, letters=False)


def _answer(place: Place) -> None:
    with agencies(
        place, place.file("notifications.jsonl"), "--limit", "0", ledger="nothing.jsonl"
    ) as running:
        await_quiet(place, lambda: running.idle, seconds=SECONDS)


def _mend_links(place: Place) -> None:
    """Decisions about persons who follow from what was sent: the same in every run. What they move
    comes to rest.
    """
    linked = sorted(
        (e.data for e in gather(place.store, place.key, folder=place.path).of("case.child-linked")),
        key=lambda e: (e["agency"], e["notification"]["reference"]),
    )
    own = [e for e in linked if e["version"] == 1 and not e["allocated_to"]]
    founded = (e["person_id"] for e in own if e["outcome"] == "new")
    one, other, third = islice(founded, 3)
    taken = next(
        e for e in own if e["outcome"] == "linked" and e["person_id"] not in (one, other, third)
    )
    merge = {"person_id": one, "other_person_id": other, "same": True}
    split = {
        "person_id": taken["person_id"],
        "referral_ids": [taken["referral_id"]],
        "to_person_id": None,
    }
    token = json.loads(place.folder.tokens.read_text(encoding="utf-8"))[LEAD]
    apart = {"person_id": one, "other_person_id": third, "same": False}
    with HubClient(place.url, token) as staff:
        merged = _decided(staff, "merge", "persons-decision", merge)
        _decided(staff, "apart", "persons-decision", apart)
        _decided(staff, "split", "split-decision", split)
        _answer(place)
        _decided(staff, "undo", "undo-decision", {"decision_id": merged})
        _answer(place)


def _conclude(place: Place) -> None:
    """A referral that nobody moves is asked about further, volunteered for and closed."""
    evidence = gather(place.store, place.key, folder=place.path)
    linked = sorted(
        (e.data for e in evidence.of("case.child-linked")),
        key=lambda e: (e["agency"], e["notification"]["reference"]),
    )
    own = [e for e in linked if e["version"] == 1 and not e["allocated_to"]]
    about = next(islice((e for e in own if e["outcome"] == "new"), 3, None))
    head = {name: about[name] for name in ("referral_id", "case_id")}
    given = {
        letter["data"]["referral_id"]: letter["data"]["picture"]
        for letter in (note["letter"] for note in evidence.letters)
        if letter["type"] == "mash.rating-request.v1"
    }[about["referral_id"]]
    head["saw"] = [{"id": given["id"], "digest": given["digest"]}]
    item = {
        "item_id": "H-1",
        "owner": "housing",
        "text": "Simulated: two adults moved in.",
        "sensitivity": "routine",
        "may_be_revealed": True,
        "may_leave": True,
    }
    told = {"referral_id": about["referral_id"], "items": [item], "volunteered_by": "SIMULATED"}
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    with HubClient(place.url, tokens["housing"]) as housing:
        type_ = "mash.information-volunteered.v1"
        housing.send([event("volunteered", type_, agency="housing", data=told)])
    with HubClient(place.url, tokens[LEAD]) as staff:
        _decided(staff, "ask", "request-decision", head | {"action": "ask", "agency": "housing"})
        await_quiet(place, lambda: True, seconds=SECONDS, letters=False)
        closed = {"outcome": "early_help", "may_be_told": "Simulated: somebody will call."}
        why = {"without_product": "Simulated: nobody is waiting"}
        _decided(staff, "close", "outcome-decision", head | closed | why)
        _answer(place)


def _decided(staff: HubClient, id_: str, kind: str, data: dict[str, Any]) -> str:
    """The id of a decision that was sent."""
    who = {"decided_by": MANAGER, "rationale": "Simulated: looked into again"}
    (receipt,) = staff.send([event(id_, f"mash.{kind}.v1", agency=LEAD, data=data | who)])
    return receipt.id


def _outcome(
    place: Place, parts: Sequence[Part], codes: Mapping[str, int], seconds: float
) -> Outcome:
    evidence = gather(
        place.store, place.key, folder=place.path, ledgers=("sent.jsonl", "first.jsonl")
    )
    hub = open_hub(place.folder.config, place.environment)
    try:
        place.folder.ledger.write_text(
            "".join(f"{json.dumps(note)}\n" for note in _with_ids(evidence.sent))
        )
        summary = final_summary(hub.database, place.folder.ledger, seconds=seconds)
    finally:
        hub.database.close()
    text = {part.name: _read(part) for part in parts}
    return Outcome(place, evidence, summary, codes, text)


def _with_ids(sent: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Messages by whose own ids they can be looked up; what could not be read has none."""
    return [note for note in sent if note["event"] is not None]


def _read(part: Part) -> str:
    with suppress(FileNotFoundError):
        return part.log.read_text(encoding="utf-8", errors="replace")
    return ""


def lies_in(outcome: Outcome) -> dict[str, bytes]:
    """Where the run left bytes that are to be sealed, or to tell of nobody: logs, the store's rows,
    topics.
    """
    found = {f"log of {name}": text.encode() for name, text in outcome.text.items()}
    found |= {f"file {path.name}": path.read_bytes() for path in outcome.place.path.glob("hub.db*")}
    if outcome.place.production:
        found |= dict(_dumped(outcome.place.store)) | dict(
            _topics(outcome.place.environment["HUB_TOPICS"])
        )
    return found


def _dumped(store: str) -> Iterator[tuple[str, bytes]]:
    """Every row of every table as the server would write it to a file; binary columns as their
    bytes.
    """
    with psycopg.connect(store.replace("+psycopg", "")) as connection:
        for name in METADATA.tables:
            with connection.cursor(binary=True) as cursor:
                rows = cursor.execute(
                    sql.SQL("SELECT * FROM {}").format(sql.Identifier(name))
                ).fetchall()
            cells = (cell for row in rows for cell in row if cell is not None)
            yield (
                f"table {name}",
                b"\n".join(c if isinstance(c, bytes) else str(c).encode() for c in cells),
            )


def _topics(url: str) -> Iterator[tuple[str, bytes]]:
    """Every record of every topic, as it lies in the broker's files."""
    for topic, marks in watermarks(url, [topic.name for topic in TOPICS]).items():
        for partition, (first, end) in marks.items():
            records = (
                read_range(url, topic, partition=partition, first=first, last=end - 1)
                if end > first
                else []
            )
            yield (
                f"topic {topic}/{partition}",
                b"\n".join(record.value or b"" for record in records),
            )
