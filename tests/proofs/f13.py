"""F2, F13 and F16, in the middle of a stream: each process is stopped and started anew, Kafka loses
all that it kept, or a worker stands still; nobody does anything else about it, and the check of F1
looks at what came of it.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.proofs.check import check
from tests.proofs.evidence import gather, noted
from tests.proofs.place import Place
from tests.proofs.processes import (
    Agencies,
    Part,
    agencies,
    edge_parts,
    hub_part,
    kept,
    serves,
    terminated,
    wait_until,
    worker_parts,
)
from tests.proofs.progress import doing
from tests.proofs.quiet import await_quiet
from tests.proofs.reaper import Reaper
from tests.proofs.stream import write_stream
from tests.services.kafka import KafkaService, wipe

WORKERS = (
    "deduplicate link answer check",
    "rate request_information compose approve hold release",
    "alarm inform hand_over hand_off disagreement school",
)
"""Of a hub in production: three, so that most of what happens goes over topics."""
_STUCK = WORKERS[0].replace(" ", "+")
_PER_SECOND = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How big, how long it may take, and the rule that a control drops."""

    notifications: int
    seconds: float
    without: str = ""


Up = Callable[[], bool]
"""Whether everything runs; who asks starts what ended."""
Fault = Callable[[], dict[str, Any]]
"""What goes wrong; answers figures."""


def wiped(place: Place, kafka: KafkaService, folder: Path, wanted: Wanted) -> dict[str, Any]:
    """Kafka is killed, loses everything, and comes back empty; the figures of F13. Raises
    ``TooLate``.
    """
    parts = [*edge_parts(place), *worker_parts(place, WORKERS)]
    chance = random.Random(1)  # noqa: S311 - nothing is left to it
    reaper = Reaper(place=place, parts=parts, chance=chance, without=wanted.without)

    def fault() -> dict[str, Any]:
        wipe(kafka, folder)
        return {}

    figures = _proved(place, wanted, parts, up=reaper.all_up, fault=fault)
    again = [line["count"] for line in _said(place, "relay") if line["event"] == "topics.lost"]
    return {"id": "F13"} | figures | {"sent_again": sum(again)}


def rolled(place: Place, wanted: Wanted) -> dict[str, Any]:
    """Each process is told to stop and started anew, one after the other, as for a new program on
    the same revision of the store; the figures of F2. Raises ``TooLate``.
    """
    parts = [*edge_parts(place), *worker_parts(place, WORKERS)]
    chance = random.Random(1)  # noqa: S311 - nothing is left to it
    reaper = Reaper(place=place, parts=parts, chance=chance, without=wanted.without)

    def fault() -> dict[str, Any]:
        codes, longest = [], 0.0
        for part in parts:
            began = time.monotonic()
            codes.append(part.terminate())
            wait_until(
                lambda: reaper.all_up() and serves(place.url),
                seconds=wanted.seconds,
                what=f"{part.name} is started anew",
            )
            longest = max(longest, time.monotonic() - began)
        in_order = sum(code == 0 for code in codes)
        return {
            "restarts": len(codes),
            "ended_in_order": in_order,
            "longest_seconds": round(longest, 1),
        }

    return {"id": "F2"} | _proved(place, wanted, parts, up=reaper.all_up, fault=fault)


def stopped(place: Place, wanted: Wanted) -> dict[str, Any]:
    """A worker of `hub run` gets SIGSTOP; the figures of F16. Raises ``TooLate``."""
    text = place.folder.config.read_text(encoding="utf-8")
    told = f"[runtime]\nworkers = {json.dumps(WORKERS)}\n"
    place.folder.config.write_text(text.replace("[runtime]\n", told), encoding="utf-8")
    hub = hub_part(place, module="tests.proofs.part")
    hub.start(HUB_WITHOUT=wanted.without)

    def fault() -> dict[str, Any]:
        began = time.monotonic()
        os.kill(_pids(place)[-1], signal.SIGSTOP)
        count = len(_pids(place))
        wait_until(lambda: len(_pids(place)) > count, seconds=60, what="the worker is started anew")
        return {"found_seconds": round(time.monotonic() - began, 1)}

    return {"id": "F16"} | _proved(place, wanted, [hub], up=lambda: hub.running, fault=fault)


def _proved(
    place: Place, wanted: Wanted, parts: Sequence[Part], *, up: Up, fault: Fault
) -> dict[str, Any]:
    began = time.monotonic()
    with doing() as says, kept(parts):
        says("until the hub serves")
        wait_until(lambda: up() and serves(place.url), seconds=wanted.seconds, what="it serves")
        with _stream(place, wanted) as running:
            half = wanted.notifications // 2
            says("until half of the stream is sent")
            wait_until(
                lambda: up() and running.said["sent"] >= half,
                seconds=wanted.seconds,
                what="half of the stream",
            )
            found = fault()
            says("until nothing is left to do")
            left = wanted.seconds - (time.monotonic() - began)
            await_quiet(place, lambda: up() and running.idle, seconds=left)
        terminated(parts)
    return _judged(place, wanted) | found | {"seconds": round(time.monotonic() - began, 1)}


@contextmanager
def _stream(place: Place, wanted: Wanted) -> Iterator[Agencies]:
    stream = write_stream(place, wanted.notifications)
    options = ("--per-second", f"{_PER_SECOND:.3f}", "--batch", "5")
    with agencies(place, stream, *options) as running:
        yield running


def _judged(place: Place, wanted: Wanted) -> dict[str, Any]:
    evidence = gather(place.store, place.key, folder=place.path)
    verdict = check(evidence)
    sent = len(noted(place.file("notifications.jsonl")))
    return {
        "n": sent,
        "without": wanted.without or None,
        "facts": len(evidence.journal),
        "lost": len(verdict.lost) + sent - sum("sent" in note for note in evidence.sent),
        "duplicated": len(verdict.duplicated),
        "wrong": len(verdict.wrong),
        "findings": (verdict.lost + verdict.duplicated + verdict.wrong)[:20],
    }


def _pids(place: Place) -> list[int]:
    """Of the worker that is to stand still: each that `hub run` has started, the newest last."""
    started = (line for line in _said(place, "hub") if line["event"] == "process.started")
    return [line["pid"] for line in started if line.get("part") == _STUCK]


def _said(place: Place, name: str) -> Iterable[dict[str, Any]]:
    """The lines of a process's log."""
    text = (place.path / "logs" / f"{name}.log").read_text(encoding="utf-8", errors="replace")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
