"""Whichever steps share a worker, they decide the same, once, and record what follows together."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from sqlalchemy import event

from ops.run.wiring import Hub
from router.runtimes.partition import Partition
from router.topology import whole_hub
from stores import journal
from stores.topics import TopicRecord, cluster_of
from tests.support.production import DEADLINE, Process, wait_until
from tests.support.units import (
    ALL,
    APART,
    MIXED,
    Started,
    Workers,
    answer_everything,
    complete,
    embedded_hub,
    notify,
    rows,
    story,
    working,
)

RECEIVED = Partition("notifications.received", 0)


@contextmanager
def commits(hub: Hub) -> Iterator[list[object]]:
    """Transactions that are committed inside."""
    seen: list[object] = []

    def note(connection: object) -> None:
        seen.append(connection)

    event.listen(hub.database.engine, "commit", note)
    yield seen
    event.remove(hub.database.engine, "commit", note)


def received(workers: Workers) -> list[TopicRecord]:
    """What lies in the topic of notifications."""
    return workers.topics.read(RECEIVED, 0, workers.topics.ends()[RECEIVED])


def flaws(hub: Hub) -> list[object]:
    with hub.database.reading() as connection:
        return [found for found in journal.verify(connection) if not isinstance(found, int)]


def test_what_a_notification_causes_is_recorded_in_one_transaction(tmp_path: Path) -> None:
    with embedded_hub(tmp_path / "hub") as hub:
        notify(hub, 0, 1)
        with commits(hub) as made:
            assert hub.embedded().once()
        assert len(made) == 1
        chains = rows(hub, "SELECT chain FROM journal ORDER BY position")
        assert len(chains) > 4
        assert set(chains[1:]) == {("all",)}
        assert rows(hub, "SELECT step, after, upto FROM inbox") == [("all", -1, 1)]


def test_what_a_worker_of_all_steps_causes_is_recorded_in_one_transaction(
    hub: Hub, started: Started
) -> None:
    notify(hub, 0, 1)
    workers = started("all")
    workers.relay()
    with commits(hub) as made:
        assert workers.round()
    assert len(made) == 1
    workers.drain()
    assert complete(hub, 1)


@pytest.mark.parametrize("units", [ALL, APART, MIXED])
@pytest.mark.usefixtures("frozen")
def test_a_hub_on_topics_records_what_an_embedded_one_records(
    hub: Hub, started: Started, tmp_path: Path, units: tuple[str, ...]
) -> None:
    notify(hub, 0, 12)
    answer_everything(hub, started(*units).drain)
    with embedded_hub(tmp_path / "embedded") as alone:
        notify(alone, 0, 12)
        answer_everything(alone, alone.embedded().drain)
        assert story(hub) == story(alone)
        assert {one.type for one in story(alone)} > {"mash.product.delivered.v1"}


@pytest.mark.usefixtures("frozen")
def test_an_embedded_hub_on_postgresql_records_what_one_on_sqlite_records(
    tmp_path: Path, postgres_store: str
) -> None:
    told = []
    for name, store in (("sqlite", None), ("postgres", postgres_store)):
        with embedded_hub(tmp_path / name, store=store) as hub:
            notify(hub, 0, 12)
            answer_everything(hub, hub.embedded().drain)
            told.append(story(hub))
    assert told[0] == told[1]


def test_a_message_at_two_offsets_is_heard_once_by_a_worker_of_all_steps(
    hub: Hub, started: Started
) -> None:
    notify(hub, 0, 6)
    workers = started("all")
    workers.relay()
    cluster = cluster_of(workers.url)
    producer = Producer({"bootstrap.servers": cluster.servers})
    for record in received(workers)[:4]:
        producer.produce(cluster.wire_name(RECEIVED.topic), record.value, b"key", 0)
    assert producer.flush(DEADLINE) == 0
    assert len(received(workers)) == 10
    workers.drain()
    assert complete(hub, 6)


def test_a_hole_in_what_comes_to_a_worker_of_all_steps_is_filled_first(
    hub: Hub, started: Started
) -> None:
    notify(hub, 0, 8)
    workers = started("all")
    workers.relay()
    come = received(workers)
    assert workers.parts["all"].work(RECEIVED, come[2:4] + come[7:])
    assert workers.parts["all"].work(RECEIVED, come[:5])
    workers.drain()
    heard = "SELECT message_id FROM inbox WHERE step = 'all' ORDER BY position"
    sent = "SELECT message_id FROM journal WHERE topic = 'notifications.received' ORDER BY position"
    assert rows(hub, heard) == rows(hub, sent)
    assert complete(hub, 8)


def test_a_zombie_of_all_steps_finds_everything_done(hub: Hub, started: Started) -> None:
    notify(hub, 0, 8)
    zombie, heir = started("all", batch=2), started("all", batch=3)
    zombie.relay()
    come = received(zombie)
    with ThreadPoolExecutor(2) as executor:
        both = [
            executor.submit(workers.parts["all"].work, RECEIVED, come) for workers in (zombie, heir)
        ]
        assert [one.result(DEADLINE) for one in both] == [True, True]
    assert zombie.parts["all"].work(RECEIVED, come[:3])
    heir.drain()
    assert complete(hub, 8)
    assert flaws(hub) == []


def test_a_frozen_worker_of_all_steps_writes_nothing_once_another_has_its_partition(
    hub: Hub, started: Started, tmp_path: Path
) -> None:
    notify(hub, 0, 8)
    workers = started()
    workers.relay()
    # A shorter patience than the hub's 30 seconds, said where an operator would say it.
    store = f"{hub.settings.runtime.store}?options=-cidle_in_transaction_session_timeout%3D2000"
    named = {"HUB_STORE": store, "HUB_TOPICS": workers.url, "HUB_QUEUES": "amqp://127.0.0.1:1/"}
    config = str(tmp_path / "hub" / "hub.toml")
    with Process("unit", None, tmp_path, config=config, named=named, pause=0.3, batch=4) as frozen:
        wait_until(lambda: frozen.said("deciding"))
        frozen.freeze()
        with working(hub, whole_hub()):
            wait_until(lambda: len(rows(hub, "SELECT 1 FROM inbox WHERE step = 'all'")) == 8)
            frozen.thaw()
            notify(hub, 8, 10)
            workers.relay()
            wait_until(lambda: len(rows(hub, "SELECT 1 FROM inbox WHERE step = 'all'")) == 10)
    assert complete(hub, 10)
    assert flaws(hub) == []
