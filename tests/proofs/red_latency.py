"""F17c: how long a Red takes while one agency sends a hundred times what it usually does, and while
it does not: by turns in one run, so that the machine is the same for both.
"""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from math import ceil
from statistics import median
from typing import Any

from connectors.clients.http_client import HubClient
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from tests.proofs.evidence import Reading
from tests.proofs.place import Place
from tests.proofs.plan import APART
from tests.proofs.processes import (
    await_serving,
    edge_parts,
    kept,
    terminated,
    worker_parts,
)
from tests.proofs.quiet import await_heard
from tests.proofs.stream import red_events

FLOODING = "police"
LEAD = "childrens_social_care"
ALLOWED = 1.1
"""Times the 99th percentile of quiet rounds."""
_LOOK_SECONDS = 0.003
_AT_ONCE = 20
"""Events in a body of the flood."""
_ENDING_SECONDS = 10.0
_HANDS = 4
"""Connections on which Reds are sent, and the flood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """How often and how long; ``usual``: what the flooding agency sends otherwise, a second."""

    rounds: int = 5
    seconds: float = 30.0
    reds: float = 8.0
    """A second, from all agencies but that one."""
    usual: float = 1.5
    fold: int = 100
    workers: tuple[str, ...] = APART
    without: str = ""
    patience: float = 600.0


@dataclass(slots=True)
class Measured:
    """Seconds from when each Red was due to be sent until its first letter could be taken."""

    quiet: list[list[float]] = field(default_factory=list)
    flood: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """What the flooding agency sent a second, in each of its rounds."""
    unseen: int = 0


def prove(place: Place, burst: Burst) -> dict[str, Any]:
    """Quiet and flooded by turns; the figures of F17c. Raises ``TooLate``."""
    parts = [*edge_parts(place), *worker_parts(place, burst.workers)]
    with kept(parts):
        for part in parts:
            part.start(HUB_WITHOUT=burst.without)
        await_serving(place)
        with _Watching(place) as watching, _usual(place, burst), _reds(place) as send:
            measured = _rounds(place, burst, send=send, watching=watching)
        terminated(parts)
    return _figures(place, burst, measured)


def _rounds(
    place: Place, burst: Burst, *, send: Callable[[float], _Sent], watching: _Watching
) -> Measured:
    measured = Measured()
    _timed(burst, send, watching=watching, seconds=min(5.0, burst.seconds))  # warm
    for _ in range(burst.rounds):
        measured.quiet.append(_timed(burst, send, watching=watching, measured=measured))
        with _flood(place, burst) as sent:
            before, began = sent.value, time.monotonic()
            measured.flood.append(_timed(burst, send, watching=watching, measured=measured))
            measured.rates.append((sent.value - before) / (time.monotonic() - began))
        await_heard(place, seconds=burst.patience)
    return measured


def _timed(
    burst: Burst,
    send: Callable[[float], _Sent],
    *,
    watching: _Watching,
    seconds: float | None = None,
    measured: Measured | None = None,
) -> list[float]:
    """Send Reds at their times, whether the ones before have been answered or not."""
    start, due = time.monotonic() + 0.2, list[_Sent]()
    number = ceil((seconds or burst.seconds) * burst.reds)
    for n in range(number):
        due.append(send(start + n / burst.reds))
    took = [watching.seconds_until_seen(one) for one in due]
    if measured is not None:
        measured.unseen += took.count(None)
    return [one for one in took if one is not None]


# --- what is sent


@dataclass(slots=True)
class _Sent:
    """A Red on its way."""

    due: float
    done: threading.Event = field(default_factory=threading.Event)
    referral: str = ""


@contextmanager
def _reds(place: Place) -> Iterator[Callable[[float], _Sent]]:
    """What sends a Red at a time."""
    events, tokens = red_events(place, besides=FLOODING), _tokens(place)
    with ExitStack() as stack:
        clients = {
            agency: stack.enter_context(HubClient(place.url, token, timeout=120.0))
            for agency, token in tokens.items()
        }
        hands = ThreadPoolExecutor(_HANDS)
        stack.callback(hands.shutdown, wait=False, cancel_futures=True)

        def put(sent: _Sent, agency: str, event: Mapping[str, object]) -> None:
            time.sleep(max(0.0, sent.due - time.monotonic()))
            sent.referral = clients[agency].send([event])[0].id
            sent.done.set()

        def send(due: float) -> _Sent:
            sent = _Sent(due)
            time.sleep(max(0.0, due - time.monotonic() - 0.5))
            hands.submit(put, sent, *next(events))
            return sent

        yield send


def _tokens(place: Place) -> dict[str, str]:
    told: dict[str, str] = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    return told


def _usual_bodies(tag: str, size: int) -> Iterator[list[dict[str, Any]]]:
    """The flooding agency's own notifications, each under a reference of its own."""
    records = [json.loads(line) for line in sample_lines()]
    own = cycle([one for one in records if one["source_agency"] == FLOODING])
    numbers = count()
    while True:
        yield [_again(next(own), f"{tag}-{next(numbers)}") for _ in range(size)]


def _again(record: dict[str, Any], name: str) -> dict[str, Any]:
    return notification_event(record | {"notification_id": name, "source_reference": name})


def _send_steadily(
    url: str, token: str, *, tag: str, size: int, rate: float, stop: Any, sent: Any
) -> None:
    """Bodies of so many events, so many events a second or as many as the hub takes."""
    bodies, start = _usual_bodies(tag, size), time.monotonic()
    with HubClient(url, token, timeout=120.0) as client:
        for number in count():
            if stop.wait(max(0.0, start + number * size / rate - time.monotonic())):
                return
            client.send(next(bodies))
            with sent.get_lock():
                sent.value += size


@contextmanager
def _sending(place: Place, *, tag: str, size: int, rate: float, hands: int) -> Iterator[Any]:
    """The agency sends, in processes of its own; what is given counts what was answered."""
    context = multiprocessing.get_context("spawn")
    stop, sent = context.Event(), context.Value("q", 0)
    told = {"size": size, "rate": rate / hands, "stop": stop, "sent": sent}
    given = (place.url, _tokens(place)[FLOODING])
    senders = [
        context.Process(
            target=_send_steadily, args=given, kwargs=told | {"tag": f"{tag}-{n}"}, daemon=True
        )
        for n in range(hands)
    ]
    for one in senders:
        one.start()
    try:
        yield sent
    finally:
        stop.set()
        for one in senders:
            one.join(_ENDING_SECONDS)
            one.kill()
            one.join()


@contextmanager
def _usual(place: Place, burst: Burst) -> Iterator[None]:
    with _sending(place, tag="usual", size=1, rate=burst.usual, hands=1):
        yield


@contextmanager
def _flood(place: Place, burst: Burst) -> Iterator[Any]:
    tag, rate = f"flood-{time.monotonic_ns()}", burst.usual * burst.fold
    with _sending(place, tag=tag, size=_AT_ONCE, rate=rate, hands=2) as sent:
        while not sent.value:
            time.sleep(0.05)
        time.sleep(2.0)  # until what it sends waits
        yield sent


# --- what came of it


class _Watching:
    """Looks again and again whether letters for the lead agency can be taken; itself takes none."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._seen: dict[str, float] = {}
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> _Watching:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def seconds_until_seen(self, sent: _Sent, *, patience: float = 120.0) -> float | None:
        """From when it was due; None where no letter about it came in time."""
        if not sent.done.wait(patience):
            return None
        with self._changed:
            self._changed.wait_for(lambda: sent.referral in self._seen, patience)
        seen = self._seen.get(sent.referral)
        return None if seen is None else seen - sent.due

    def _look(self) -> None:
        with closing(Reading(self._place.store, self._place.key)) as reading:
            last = 0
            while not self._stop.wait(_LOOK_SECONDS):
                letters = reading.letters(LEAD, after=last)
                now = time.monotonic()
                with self._changed:
                    for position, about in letters:
                        last = max(last, position)
                        self._seen.setdefault(about, now)
                    self._changed.notify_all()


def p99(seconds: Sequence[float]) -> float:
    """The smallest that 99 in a hundred do not exceed."""
    return sorted(seconds)[ceil(0.99 * len(seconds)) - 1]


def _figures(place: Place, burst: Burst, measured: Measured) -> dict[str, Any]:
    ratios = [
        p99(flood) / p99(quiet)
        for quiet, flood in zip(measured.quiet, measured.flood, strict=True)
        if quiet and flood
    ]
    quiet, flood = (
        [one for round_ in rounds for one in round_] for rounds in (measured.quiet, measured.flood)
    )
    in_millis = partial(map, lambda seconds: round(seconds * 1000, 1))
    return {
        "id": "F17c",
        "runtime": "production" if place.production else "embedded",
        "workers": burst.workers if place.production else None,
        "without": burst.without or None,
        "n": len(quiet) + len(flood),
        "rounds": burst.rounds,
        "unseen": measured.unseen,
        "fold": round(median(measured.rates) / burst.usual, 1),
        "p50_quiet_ms": round(median(quiet) * 1000, 1),
        "p50_flood_ms": round(median(flood) * 1000, 1),
        "p99_quiet_ms": list(in_millis(map(p99, measured.quiet))),
        "p99_flood_ms": list(in_millis(map(p99, measured.flood))),
        "p99_ratios": [round(one, 3) for one in ratios],
        "p99_ratio": round(median(ratios), 3),
    }
