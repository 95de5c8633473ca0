"""The lane of Reds on Kafka: a topic of its own, which every worker hears before all else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ops.run.wiring import Hub
from router.runtimes.partition import Partition
from schemas.topics import RED
from tests.support.faults import Heard, listening
from tests.support.notifying import URGENT, arrival, asked, flood, told, took
from tests.support.units import (
    ALL,
    APART,
    MIXED,
    Started,
    Workers,
    facts,
    grouped,
    replayed,
    rows,
)


def reds_alone(workers: Workers) -> None:
    """Everybody does what lies on the lane, until nothing does; all the rest waits."""
    busy = True
    while busy:
        workers.relay()
        ends, busy = workers.topics.ends(), False
        for name, part in workers.parts.items():
            for place, first in workers.waiting(name, ends):
                if place.topic == RED:
                    assert part.work(place, workers.topics.read(place, first, ends[place]))
                    busy = True


@pytest.mark.parametrize("units", [ALL, MIXED, APART])
def test_a_red_passes_every_worker_while_all_else_waits(
    hub: Hub, started: Started, units: tuple[str, ...]
) -> None:
    workers = started(*units)
    flood(hub)
    (red,) = took(hub, arrival("R-1", **URGENT))
    reds_alone(workers)
    assert list(asked(hub)) == [red]
    assert facts(hub, "notification.accepted") == 1
    workers.drain()
    assert facts(hub, "notification.accepted") == facts(hub, "rating.suggested") == 10
    assert replayed(hub).well


def test_a_red_does_not_overtake_the_notification_that_it_amends(
    hub: Hub, started: Started
) -> None:
    workers = started(*APART)
    flood(hub)
    (red,) = took(hub, arrival("F-3", **URGENT))
    reds_alone(workers)
    kept = rows(hub, "SELECT referral_id FROM reference_versions WHERE number = 2")
    assert kept == [(red,)]
    assert facts(hub, "notification.accepted") == 2, "the others wait still"
    workers.drain()
    assert facts(hub, "notification.accepted") == facts(hub, "rating.suggested") == 10
    assert replayed(hub).well


def test_the_relay_sends_reds_first(hub: Hub, started: Started) -> None:
    workers = started(*ALL)
    flood(hub)
    took(hub, arrival("R-1", **URGENT))
    assert workers.relay_once() == 1
    assert workers.topics.ends()[Partition(RED, 0)] == 1


def test_a_worker_gives_way_to_a_red_between_parts_of_what_it_has_in_hand(
    hub: Hub, started: Started
) -> None:
    heard: Heard = []
    (unit,) = grouped("deduplicate")
    workers = started(listening(unit, heard), batch=2)
    (part,) = workers.parts.values()
    flood(hub)
    workers.relay()
    (red,) = took(hub, arrival("R-1", **URGENT))
    workers.relay()
    ends = workers.topics.ends()
    waits = Partition("notifications.received", 0), Partition(RED, 0)
    flooded, reds = (workers.topics.read(place, 0, ends[place]) for place in waits)
    done = part.ahead(waits[1], reds)
    assert part.work(waits[0], flooded)
    assert done.result(0)
    assert told(heard, "deduplicate")[0] == red
    assert len(told(heard, "deduplicate")) == 10


def test_a_red_that_comes_meanwhile_waits_for_no_more_than_the_part_in_hand(
    hub: Hub, started: Started
) -> None:
    heard: Heard = []
    (unit,) = grouped("deduplicate")
    workers = started(listening(unit, heard), batch=2)
    (part,) = workers.parts.values()
    flood(hub)
    (red,) = took(hub, arrival("R-1", **URGENT))
    workers.relay()
    ends = workers.topics.ends()
    waits = Partition("notifications.received", 0), Partition(RED, 0)
    flooded, reds = (workers.topics.read(place, 0, ends[place]) for place in waits)
    came = threading.Event()

    def arriving() -> None:
        if not came.is_set():
            came.set()
            part.ahead(waits[1], reds)

    heard_first = Watched(heard, arriving)
    part.unit = listening(unit, heard_first)
    with ThreadPoolExecutor(1) as executor:
        assert executor.submit(part.work, waits[0], flooded).result()
    assert told(heard_first, "deduplicate").index(red) == 2


class Watched(list[tuple[str, str]]):
    """Notes what is heard, and tells of each."""

    def __init__(self, heard: Heard, tells: object) -> None:
        super().__init__(heard)
        self._tells = tells

    def append(self, one: tuple[str, str]) -> None:
        """Note it."""
        super().append(one)
        self._tells()  # type: ignore[operator]
