"""F14: a hub is backed up, loses its store and key, is restored and goes on.

A case is erased after the backup, and agencies send more. What came between is gone with the store:
a checkpoint that was kept elsewhere and the senders' own lists tell how much, and they send it
again. What was erased is searched for as F37 does; who is told twice and what is lost is read from
the rows as they lie, without the hub's own code.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.backup import keys
from ops.demo.simulation.stream import batches, sample_lines
from ops.run.wiring import open_hub
from tests.proofs.f37 import (
    BY_TWO,
    Says,
    Worked,
    invoked,
    read_of,
    recoverable,
    told,
    verified,
    work,
)
from tests.support.filled import answer_letters, grown, send

CONTROLS = ("list", "sending-again")
_RECEIVED = "mash.notification.received.v1"
_SETTLED = ("mash.notification.accepted.v1", "mash.notification.duplicated.v1")
_LINKED = "mash.case.child-linked.v1"


def _nobody(_: str) -> None:
    pass


@dataclass(slots=True)
class _Sent:
    """By agency, the events that it sent since the backup, and what the hub called each last."""

    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    known_as: dict[str, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(map(len, self.events.values()))


def prove(
    path: Path, *, before: int, since: int, without: str | None = None, says: Says = _nobody
) -> dict[str, Any]:
    """The figures. ``before`` and ``since``: notifications, beside those of two children."""
    says("what comes before the backup")
    worked = work(path / "hub", others=before)
    _put(worked, _Sent())
    kept = path / "kept-elsewhere"
    kept.mkdir()
    key = kept / "backup.key"
    keys.make(key)
    file = told(worked.folder, "backup", str(kept), "--to", f"{key}.pub")["file"]
    erased = told(worked.folder, "erase", worked.case_id, *BY_TWO)
    says("what comes since")
    sent = _Sent()
    _send(worked, sent, sample_lines(before + since)[before:])
    checkpoint = kept / "checkpoint"
    checkpoint.write_text(told(worked.folder, "audit", "checkpoint")["note"], "utf-8")
    says("restoring")
    _lose(worked, listed=without != "list")
    restored = told(
        worked.folder, "restore", file, "--key", str(key), "--checkpoint", str(checkpoint)
    )
    counted = _missing(worked, sent, kept)
    if without != "sending-again":
        _send_again(worked, sent)
    says("looking at what came of it")
    return _judged(worked, sent) | {
        "counted": counted,
        "leaves_lost": restored["leaves_lost"],
        "erased": erased["entries"],
        "erased_again": restored["erased_again"],
        "flaws": len(restored["flaws"]) + verified(worked.folder)["flaws"],
        "restore_seconds": restored["seconds"],
        "of_who_is_kept": len(read_of(worked.folder, worked.kept.aviary)),
    }


def well(figures: Mapping[str, Any]) -> bool:
    """Whether all went on as it was, and nothing that was erased came back."""
    amiss = ("lost", "duplicated", "wrong", "recovered", "flaws")
    counted = figures["counted"] == figures["since"] > 0 and figures["leaves_lost"] > 0
    searched = figures["of_who_is_kept"] > 0 and figures["erased"] > 0
    return bool(counted and searched and not any(figures[one] for one in amiss))


def _send(worked: Worked, sent: _Sent, lines: Sequence[str]) -> None:
    for agency, events in batches(lines, 10):
        sent.events.setdefault(agency, []).extend(map(dict, events))
    _put(worked, sent)


def _put(worked: Worked, sent: _Sent) -> None:
    """Everything of it is sent, worked through and signed; letters are answered."""
    hub = open_hub(worked.folder.config, {})
    for agency, events in sent.events.items():
        receipts = send(hub, agency, events)
        for event, receipt in zip(events, receipts, strict=True):
            sent.known_as[f"{agency} {event['id']}"] = str(receipt.id)
    hub.embedded().drain()
    while answer_letters(hub):
        hub.embedded().drain()
    grown(hub)
    hub.database.close()


def _send_again(worked: Worked, sent: _Sent) -> None:
    """As senders do who hear nothing for sure: twice."""
    for _ in range(2):
        _put(worked, sent)


def _lose(worked: Worked, *, listed: bool) -> None:
    """The store and its key, and without ``listed`` the list of what was erased too."""
    folder = worked.folder.path
    for path in (*folder.glob("hub.db*"), folder / "hub.key"):
        path.unlink()
    if not listed:
        (folder / "erased.jsonl").unlink()


def _missing(worked: Worked, sent: _Sent, kept: Path) -> int:
    """How many of the senders' own lists the restored store has not, as the hub tells."""
    count = 0
    for agency, events in sent.events.items():
        listed = kept / f"sent-by-{agency}.jsonl"
        rows = ({"id": event["id"], "source": event["source"]} for event in events)
        listed.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
        done = invoked(worked.folder, "reconcile", "--sent", agency, str(listed), "--json")
        count += sum(len(one["ids"]) for one in json.loads(done.stdout)["missing"])
    return count


def _judged(worked: Worked, sent: _Sent) -> dict[str, Any]:
    """From the rows as they lie: each that was sent is there once, and led to what it leads to."""
    with closing(sqlite3.connect(worked.folder.path / "hub.db")) as rows:
        journal = rows.execute("SELECT message_id, type, causation_id FROM journal").fetchall()
    received = Counter(id_ for id_, type_, _ in journal if type_ == _RECEIVED)
    settled = Counter(cause for _, type_, cause in journal if type_ in _SETTLED)
    accepted = [id_ for id_, type_, _ in journal if type_ == _SETTLED[0]]
    linked = Counter(cause for _, type_, cause in journal if type_ == _LINKED)
    ids = list(dict.fromkeys(sent.known_as.values()))
    found = recoverable(worked)
    return {
        "n": len(received),
        "since": sent.count,
        "lost": sum(not received[id_] for id_ in ids) + sum(not settled[id_] for id_ in received),
        "duplicated": sum(count > 1 for many in (received, settled) for count in many.values()),
        "wrong": sum(linked[id_] != 1 for id_ in accepted),
        "recovered": len(found),
        "for_example": found[:3],
    }
