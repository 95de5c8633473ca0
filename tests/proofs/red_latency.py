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

from connectors.clients.broker_client import BrokerClient, QueueNames
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
    wait_until,
    worker_parts,
)
from tests.proofs.quiet import unheard
from tests.proofs.stream import red_events

FLOODING = "police"
LEAD = "childrens_social_care"
ALLOWED = 1.1
"""Times the 99th percentile of quiet rounds."""
_LOOK_SECONDS = 0.003
_TAKEN = 5
"""Letters from a broker between two looks at the time."""
_AT_ONCE = 20
"""Events in a body of the flood."""
_ENDING_SECONDS = 10.0
_BEGINS_SECONDS = 60.0
"""Until the first body of a flood is answered."""
_FEW = 20
"""Facts that may wait for steps when it counts as quiet again: its agency sends on as usual."""
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
    patience: float = 60.0
    """Seconds in which a Red is waited for once the last one of its round was sent."""
    limit: float = 420.0
    """Seconds of all rounds: what a flood left is not waited for beyond them, and no further round
    begins, as it would not be quiet.
    """


@dataclass(slots=True)
class Measured:
    """Seconds from when each Red was due to be sent until its first letter could be taken."""

    quiet: list[list[float]] = field(default_factory=list)
    flood: list[list[float]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    """What the flooding agency sent a second, in each of its rounds."""
    unseen: int = 0
    """Reds that were not seen in time: they count with so long as they were waited for."""
    left: int = 0
    """Facts that waited for steps still when no more was waited for."""


def prove(place: Place, burst: Burst) -> dict[str, Any]:
    """Quiet and flooded by turns; the figures of F17c. Judged are the Reds that were sent while it
    was flooded, not how long the flood takes to be heard. Raises ``TooLate``.
    """
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
    until, measured = time.monotonic() + burst.limit, Measured()
    _timed(burst, send, watching=watching, seconds=min(5.0, burst.seconds))  # warm
    while _goes_on(measured, burst, until=until):
        measured.quiet.append(_timed(burst, send, watching=watching, measured=measured))
        with _flood(place, burst) as sent:
            before, began = sent.value, time.monotonic()
            measured.flood.append(_timed(burst, send, watching=watching, measured=measured))
            measured.rates.append((sent.value - before) / (time.monotonic() - began))
        measured.left = _left(place, until if len(measured.flood) < burst.rounds else began)
    return measured


def _goes_on(measured: Measured, burst: Burst, *, until: float) -> bool:
    """Whether another round is asked for, begins in quiet and ends in time; one is in any case."""
    if not measured.flood:
        return True
    in_time = time.monotonic() + 2 * burst.seconds < until
    return in_time and len(measured.flood) < burst.rounds and not measured.left


def _left(place: Place, until: float) -> int:
    """Wait until the steps have heard what a flood left, but no longer than that; how many facts
    are left then, 0 for as few as always wait.
    """
    with unheard(place) as waits:
        left = waits()
        while left > _FEW and time.monotonic() < until:
            time.sleep(0.5)
            left = waits()
    return left if left > _FEW else 0


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
    until = time.monotonic() + burst.patience
    seen = [watching.seen_at(one, until) for one in due]
    if measured is not None:
        measured.unseen += seen.count(None)
    return [(at or until) - one.due for one, at in zip(due, seen, strict=True)]


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
        wait_until(lambda: sent.value, seconds=_BEGINS_SECONDS, what="the flood is taken")
        time.sleep(2.0)  # until what it sends waits
        yield sent


# --- what came of it


@contextmanager
def new_letters(place: Place) -> Iterator[Callable[[], Sequence[str]]]:
    """What tells, as often as it is asked, which referrals the next letters for the lead agency are
    about.

    They are taken from its broker where they go there: the hub keeps no letter that has left, and
    in the store one may come and go between two looks. Elsewhere they stay in the store, and none
    is taken.
    """
    if LEAD not in place.queued:
        with closing(Reading(place.store, place.key)) as reading:
            yield partial(_looked, reading, [0])
        return
    assert place.broker is not None
    with BrokerClient(place.broker, QueueNames.of(LEAD, place.prefix)) as lead:
        yield partial(_taken, lead)


def _looked(reading: Reading, last: list[int]) -> Sequence[str]:
    """``last``: behind which position, which moves on."""
    letters = reading.letters(LEAD, after=last[0])
    last[0] = max((position for position, _ in letters), default=last[0])
    return [about for _, about in letters]


def _taken(lead: BrokerClient) -> Sequence[str]:
    letters: list[dict[str, Any]] = lead.fetch(limit=_TAKEN)
    lead.acknowledge([str(one["id"]) for one in letters])
    return [str(one["data"].get("referral_id", "")) for one in letters]


class _Watching:
    """Looks again and again which letters the lead agency can take."""

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

    def seen_at(self, sent: _Sent, until: float) -> float | None:
        """When a letter about it was seen, waited for until then; None: not in time."""
        if not sent.done.wait(max(0.0, until - time.monotonic())):
            return None
        with self._changed:
            left = max(0.0, until - time.monotonic())
            self._changed.wait_for(lambda: sent.referral in self._seen, left)
            return self._seen.get(sent.referral)

    def _look(self) -> None:
        with new_letters(self._place) as new:
            while not self._stop.is_set():
                referrals, now = new(), time.monotonic()
                with self._changed:
                    for about in referrals:
                        self._seen.setdefault(about, now)
                    self._changed.notify_all()
                if not referrals:
                    self._stop.wait(_LOOK_SECONDS)


def p99(seconds: Sequence[float]) -> float:
    """The smallest that 99 in a hundred do not exceed."""
    return sorted(seconds)[ceil(0.99 * len(seconds)) - 1]


def _figures(place: Place, burst: Burst, measured: Measured) -> dict[str, Any]:
    ratios = [
        p99(flood) / p99(quiet) for quiet, flood in zip(measured.quiet, measured.flood, strict=True)
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
        "rounds": len(measured.flood),
        "unseen": measured.unseen,
        "left": measured.left,
        "fold": round(median(measured.rates) / burst.usual, 1),
        "p50_quiet_ms": round(median(quiet) * 1000, 1),
        "p50_flood_ms": round(median(flood) * 1000, 1),
        "p99_quiet_ms": list(in_millis(map(p99, measured.quiet))),
        "p99_flood_ms": list(in_millis(map(p99, measured.flood))),
        "p99_ratios": [round(one, 3) for one in ratios],
        "p99_ratio": round(median(ratios), 3),
    }
