"""How long a notification takes at a steady rate, counted from the time at which it was due.

A sender that waits for one answer before it sends the next slows down with the hub, and leaves out
just the messages that would have waited longest (coordinated omission). So times are fixed
beforehand, several senders keep to them, and the rate that was reached is told beside the wanted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.bench.facts import Facts, watching

_SENDERS = 32
_LEAD_SECONDS = 0.1


@dataclass(slots=True)
class Timetable:
    """When each message is due: ``per_second`` of them, evenly, from ``start`` on."""

    per_second: float
    start: float
    accepted: list[float] = field(default_factory=list)
    """When each was taken in, in no order."""

    def due(self, number: int) -> float:
        """When the message of this number is to be sent."""
        return self.start + number / self.per_second

    def achieved(self) -> float:
        """Messages a second that were taken in, from the first one due to the last answer."""
        took = max(self.accepted) - self.start
        return len(self.accepted) / max(took, len(self.accepted) / self.per_second)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent by a timetable, and when it was done."""

    timetable: Timetable
    numbers: Mapping[str, int]
    """By referral, which of the messages it was."""
    done: Mapping[str, float]

    def waited(self, among: Container[int]) -> list[float]:
        """Milliseconds from due to done, of the messages of these numbers."""
        sent = {id_: number for id_, number in self.numbers.items() if number in among}
        return waited(self.timetable, sent, done=self.done)


def steady(hub: Any, came: Sequence[Any], *, url: str, per_second: float) -> dict[str, float]:
    """Quantiles from due until durably rated and requested; what was a duplicate is left out."""
    sent = sent_steadily(hub, came, url=url, per_second=per_second)
    return {
        "wanted_per_second": per_second,
        "achieved_per_second": round(sent.timetable.achieved(), 1),
        **quantiles(sent.waited(range(len(came)))),
    }


def sent_steadily(hub: Any, came: Sequence[Any], *, url: str, per_second: float) -> Sent:
    """Send each when it is due, and wait until all are rated and requested."""
    facts = Facts(url)
    with watching(url) as watch:
        timetable = Timetable(per_second, time.monotonic() + _LEAD_SECONDS)
        numbers = send(timetable, came, take=lambda one: str(hub.intake.take([one])[0].id))
        facts.await_done()
        done = watch.done_at()
    facts.close()
    return Sent(timetable, numbers, done)


def send(
    timetable: Timetable, came: Sequence[Any], *, take: Callable[[Any], str]
) -> Mapping[str, int]:
    """Send each when it is due, however long others take; answers the number of each referral."""
    sent: dict[str, int] = {}
    numbers, one_at_a_time = count(), threading.Lock()

    def sender() -> None:
        while True:
            with one_at_a_time:
                number = next(numbers)
            if number >= len(came):
                return
            time.sleep(max(0.0, timetable.due(number) - time.monotonic()))
            id_ = take(came[number])
            with one_at_a_time:
                # The same message sent again has the id of the first, and waits since then.
                sent[id_] = min(number, sent.get(id_, number))
            timetable.accepted.append(time.monotonic())

    with ThreadPoolExecutor(_SENDERS) as pool:
        for working in [pool.submit(sender) for _ in range(_SENDERS)]:
            working.result()
    return sent


def waited(
    timetable: Timetable, sent: Mapping[str, int], *, done: Mapping[str, float]
) -> list[float]:
    """Milliseconds from due to done, of those that were sent and done."""
    return [
        (done[id_] - timetable.due(number)) * 1000 for id_, number in sent.items() if id_ in done
    ]


def quantiles(milliseconds: Iterable[float]) -> dict[str, float]:
    """Median, 99th percentile and worst."""
    ordered = sorted(milliseconds)
    of = {"p50_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
    return {
        name: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 2)
        for name, share in of.items()
    }
