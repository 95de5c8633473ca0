"""F44: the disk under the store is full in the middle of a stream, and has room again a while
later; nobody does anything else about it, and the check of F1 looks at what came of it.

The store lies on a small file system of its own, which a file beside it fills: SQLite's files, or
the whole of a private PostgreSQL. Whoever sends meanwhile is to be refused by 503 with Retry-After.
"""

from __future__ import annotations

import errno
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from tests.proofs.check import check
from tests.proofs.evidence import gather, noted
from tests.proofs.place import OVER_HTTP, Place
from tests.proofs.processes import (
    agencies,
    await_serving,
    hub_part,
    kept,
    terminated,
    wait_until,
)
from tests.proofs.progress import doing
from tests.proofs.quiet import await_quiet
from tests.proofs.stream import write_stream
from tests.services.process import ServiceUnavailable

MEGABYTES = 192
"""Of the small file system: room for an empty PostgreSQL and what a proof writes, and more than the
hub warns of.
"""
_PER_SECOND = 4.0
_BLOCK = 1 << 20
_PROBES = "probes.jsonl"
_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How big; how long it is full and how long all may take, in seconds; the rule that a control
    drops.
    """

    notifications: int
    full: float
    seconds: float
    without: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """A small file system."""

    path: Path

    def fill(self) -> None:
        """Leave no room on it; what the hub frees meanwhile is taken by the next call."""
        with (self.path / "ballast").open("ab", buffering=0) as file:
            for size in (_BLOCK, 4096, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise

    def make_room(self) -> None:
        """As somebody does who deletes what is not needed."""
        (self.path / "ballast").unlink()


@contextmanager
def small_disk(path: Path, *, megabytes: int = MEGABYTES) -> Iterator[Disk]:
    """A file system in memory at this folder; ``ServiceUnavailable`` where nobody may mount one."""
    path.mkdir()
    told = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0711", "tmpfs", str(path)]
    try:
        done = subprocess.run(told, capture_output=True, check=False)
    except FileNotFoundError:
        raise ServiceUnavailable("there is no `mount` here") from None
    if done.returncode:
        raise ServiceUnavailable(
            "a small file system cannot be mounted: that takes root. What a full disk does to "
            "SQLite is looked at without it by tests/unit/ops/test_disk_full.py"
        )
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def prove(
    place: Place, disk: Disk, wanted: Wanted, *, revive: Callable[[], None] = lambda: None
) -> dict[str, Any]:
    """The figures. ``revive``: starts the database again if it ended, as whatever runs it does.
    Raises ``TooLate``.
    """
    began, hub = time.monotonic(), hub_part(place, module="tests.proofs.part")
    with doing() as says, kept([hub]):
        hub.start(HUB_WITHOUT=wanted.without)
        await_serving(place)
        write_stream(place, wanted.notifications)
        options = ("--per-second", f"{_PER_SECOND:.3f}", "--batch", "2")
        with agencies(place, place.file("notifications.jsonl"), *options) as running:
            says("until half of the stream is sent")
            half = wanted.notifications // 2
            wait_until(
                lambda: bool(running.said["sent"] >= half),
                seconds=wanted.seconds,
                what="half of the stream",
            )
            says("with the disk full")
            found = _full(place, disk, wanted)
            lived = hub.running
            disk.make_room()
            revive()
            resumed = _resumed(place, wanted)
            says("until nothing is left to do")
            left = wanted.seconds - (time.monotonic() - began)
            await_quiet(place, lambda: running.idle, seconds=left)
        terminated([hub])
    figures = _judged(place, wanted) | found | {"lived": lived, "resumed_seconds": resumed}
    return figures | {"seconds": round(time.monotonic() - began, 1)}


def well(figures: dict[str, Any]) -> bool:
    """Whether it failed closed, lost and repeated nothing, and went on by itself."""
    amiss = figures["lost"] or figures["duplicated"] or figures["wrong"] or figures["otherwise"]
    return bool(not amiss and figures["refused"] and figures["lived"])


def _full(place: Place, disk: Disk, wanted: Wanted) -> dict[str, Any]:
    """One notification after another meanwhile; what became of each, and what the hub says of
    itself. It lasts until some were refused, and then as long as is wanted; where nobody is, three
    times as long in all.
    """
    refused = otherwise = taken = 0
    says: set[str] = set()
    until = time.monotonic() + 3 * wanted.full
    while time.monotonic() < until:
        disk.fill()
        answer = _probe(place, f"full-{taken}")
        if answer is None or answer.status_code != 503 or "Retry-After" not in answer.headers:
            fine = answer is not None and answer.is_success
            taken, otherwise = taken + fine, otherwise + (not fine)
        else:
            until = until if refused else time.monotonic() + wanted.full
            refused += 1
            says |= _amiss(place)
        time.sleep(_PAUSE)
    told = {"refused": refused, "taken_while_full": taken, "otherwise": otherwise}
    return told | {"readyz_said": sorted(says)}


def _resumed(place: Place, wanted: Wanted) -> float:
    """Seconds until what was refused is taken."""
    began = time.monotonic()

    def taken() -> bool:
        answer = _probe(place, "afterwards")
        return answer is not None and answer.is_success

    wait_until(taken, seconds=wanted.seconds, what="it goes on", poll=_PAUSE)
    return round(time.monotonic() - began, 1)


def _probe(place: Place, number: str) -> httpx.Response | None:
    """Send a notification that nobody sent; noted like the stream where it is receipted. None
    where the hub does not answer.
    """
    lines = (json.loads(line) for line in sample_lines())
    record = next(one for one in lines if one["source_agency"] in OVER_HTTP)
    agency = record["source_agency"]
    names = ("notification_id", "source_reference")
    event = notification_event(record | {name: f"{record[name]}-{number}" for name in names})
    token = json.loads(place.folder.tokens.read_text("utf-8"))[agency]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/cloudevents+json"}
    body = json.dumps(event).encode()
    try:
        answer = httpx.post(f"{place.url}/v1/events", content=body, headers=headers, timeout=60)
    except httpx.TransportError:
        return None
    if answer.is_success:
        told = answer.json()
        told = told[0] if isinstance(told, list) else told
        note = {"agency": agency, "event": event["id"], "sent": event["id"]}
        with place.file(_PROBES).open("a", encoding="utf-8") as file:
            file.write(json.dumps(note | {name: told[name] for name in ("status", "id")}) + "\n")
    return answer


def _amiss(place: Place) -> set[str]:
    """What ``/readyz`` says is not as it should be."""
    try:
        told = httpx.get(f"{place.url}/readyz", timeout=10).json()
    except httpx.TransportError:
        return set()
    wrong = [one for one in told["dependencies"] if not one["ok"]]
    return {one["name"] for one in wrong}


def _judged(place: Place, wanted: Wanted) -> dict[str, Any]:
    evidence = gather(place.store, place.key, folder=place.path, ledgers=("sent.jsonl", _PROBES))
    verdict = check(evidence)
    sent = len(noted(place.file("notifications.jsonl")))
    receipted = len(noted(place.file("sent.jsonl")))
    return {
        "n": sent,
        "facts": len(evidence.journal),
        "lost": len(verdict.lost) + sent - receipted,
        "duplicated": len(verdict.duplicated),
        "wrong": len(verdict.wrong),
        "findings": (verdict.lost + verdict.duplicated + verdict.wrong)[:20],
    }
