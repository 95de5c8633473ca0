"""Latency counts from the time a message was due, and no sender waits for another."""

from __future__ import annotations

import threading
import time

import pytest

from tests.bench.facts import is_done
from tests.bench.latency import Timetable, quantiles, send, waited

FAST = 10_000.0
RECEIVED, ACCEPTED, DUPLICATED = (
    f"mash.notification.{what}.v1" for what in ("received", "accepted", "duplicated")
)
RATED, REQUESTED = "mash.rating.suggested.v1", "mash.information.prepared.v1"


def test_what_waits_for_its_sender_is_late_from_the_time_it_was_due() -> None:
    timetable = Timetable(per_second=100, start=50.0)
    sent = {"first": 0, "second": 1, "never": 2}
    done = {"first": 50.5, "second": 50.5, "of another run": 1.0}
    assert waited(timetable, sent, done=done) == pytest.approx([500.0, 490.0])


def test_a_message_that_takes_long_does_not_hold_up_the_next() -> None:
    timetable, others = Timetable(FAST, time.monotonic()), threading.Semaphore(0)

    def take(name: str) -> str:
        if name == "slow":
            for _ in range(9):
                assert others.acquire(timeout=30), "the others wait for the slow one"
        else:
            others.release()
        return name

    sent = send(timetable, ["slow", *map(str, range(9))], take=take)
    assert sent == {"slow": 0} | {str(number): number + 1 for number in range(9)}


def test_what_is_sent_twice_waits_since_the_first() -> None:
    timetable = Timetable(FAST, time.monotonic())
    assert send(timetable, ["a", "a", "b"], take=str) == {"a": 0, "b": 2}


def test_a_message_that_cannot_be_sent_ends_the_measurement() -> None:
    def take(name: str) -> str:
        raise LookupError(name)

    with pytest.raises(LookupError):
        send(Timetable(FAST, time.monotonic()), ["a"], take=take)


@pytest.mark.parametrize(("accepted", "achieved"), [([10.01, 10.02], 100), ([10.5, 11.0], 2)])
def test_the_achieved_rate_counts_until_the_last_answer(
    accepted: list[float], achieved: float
) -> None:
    assert Timetable(100, 10.0, accepted).achieved() == pytest.approx(achieved)


def test_quantiles_are_of_all_that_was_waited_for() -> None:
    assert quantiles(map(float, range(1000, 0, -1))) == {
        "p50_ms": 501.0,
        "p99_ms": 991.0,
        "worst_ms": 1000.0,
    }


@pytest.mark.parametrize(
    ("counts", "done"),
    [
        ({}, True),
        ({RECEIVED: 3, ACCEPTED: 2, DUPLICATED: 1, RATED: 2, REQUESTED: 2}, True),
        ({RECEIVED: 3, ACCEPTED: 2, RATED: 2, REQUESTED: 2}, False),
        ({RECEIVED: 2, ACCEPTED: 2, RATED: 2, REQUESTED: 1}, False),
    ],
)
def test_all_is_done_when_each_accepted_is_rated_and_requested(
    counts: dict[str, int], done: bool
) -> None:
    assert is_done(counts) is done
