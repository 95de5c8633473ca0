"""From the store to the topics: what is recorded is sent, whoever is killed, commits late or does
not answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select

from router.runtimes.relay import Relay
from schemas.message import arrived
from schemas.notification import Receipt
from stores import codec, cursors, journal, outbox, tables, topics
from stores.codec import Sealed
from stores.database import Database
from stores.ports import Unavailable
from stores.topics import Hole, TopicProducer
from stores.vault import Vault
from tests.services.kafka import KafkaService
from tests.services.postgres import PostgresService
from tests.support import given
from tests.support.production import (
    DEADLINE,
    HEARD,
    KEY,
    Process,
    Production,
    production,
    wait_until,
)


@pytest.fixture
def hub(kafka_url: str, postgres_url: str) -> Iterator[Production]:
    with production(kafka_url, postgres_url) as made:
        yield made


def sent_ids(hub: Production, partition: int) -> list[str]:
    """The ids of what lies in a partition, in its order."""
    end = hub.ends()[partition]
    found = (
        topics.read_range(hub.topics_url, HEARD, partition=partition, first=0, last=end - 1)
        if end
        else []
    )
    return [codec.from_event(record.value or b"", topic=HEARD).id for record in found]


def all_sent(hub: Production) -> set[str]:
    return {id_ for partition in hub.ends() for id_ in sent_ids(hub, partition)}


def recorded(hub: Production) -> list[str]:
    query = select(tables.journal.c.message_id).order_by(tables.journal.c.position)
    with hub.database.reading() as connection:
        return list(connection.execute(query).scalars())


def sealed(number: int) -> Sealed:
    """An event of no store."""
    return Sealed(
        f"id-{number}",
        "type",
        HEARD,
        "source",
        "subject",
        0,
        "key",
        "correlation",
        None,
        "key",
        b"sealed",
    )


def test_the_relay_sends_what_is_recorded_in_order_and_forgets_it(hub: Production) -> None:
    hub.received(range(50), areas=("e09000001",))
    relay = hub.relay()
    assert sum(iter(relay.once, 0)) == 50
    assert hub.unsent() == 0
    ((partition, _),) = [(number, end) for number, end in hub.ends().items() if end]
    assert sent_ids(hub, partition) == recorded(hub)


def test_a_transaction_that_commits_late_is_sent_although_later_positions_went_before(
    hub: Production,
) -> None:
    took_its_position, may_commit = threading.Event(), threading.Event()

    def commit_late() -> str:
        fact = arrived(given.linked(), id_="late", source="test", time=given.NOON)
        with hub.database.transaction() as transaction:
            cursor = cursors.lock(transaction, "late")
            journal.append(transaction, cursor, messages=[fact])
            cursors.store(transaction, cursor)
            took_its_position.set()
            assert may_commit.wait(DEADLINE)
        return fact.topic

    with ThreadPoolExecutor(1) as executor:
        late = executor.submit(commit_late)
        assert took_its_position.wait(DEADLINE)
        hub.received(range(10))
        relay = hub.relay()
        assert relay.once() == 10
        may_commit.set()
        topic = late.result(DEADLINE)
    assert recorded(hub)[0] == "late", "its position is before those that were sent"
    assert relay.once() == 1
    assert sum(hub.ends(topic).values()) == 1


def test_many_writers_that_commit_in_any_order_are_all_sent(hub: Production) -> None:
    stop = threading.Event()
    with ThreadPoolExecutor(5) as executor:
        relaying = executor.submit(hub.relay().run, stop)
        writers = [
            executor.submit(hub.received, range(start, start + 10)) for start in range(0, 400, 10)
        ]
        for writer in writers:
            writer.result(DEADLINE)
        wait_until(lambda: hub.unsent() == 0)
        stop.set()
        relaying.result(DEADLINE)
    assert all_sent(hub) == set(recorded(hub))
    assert len(all_sent(hub)) == 400


def test_a_relay_killed_between_send_and_mark_repeats_and_every_effect_is_had_once(
    hub: Production, tmp_path: Path
) -> None:
    receipts = hub.received(range(10))
    with Process("relay", hub, tmp_path, pause=DEADLINE) as relay:
        wait_until(lambda: relay.said("sent"))
        relay.kill()
    with Process("relay", hub, tmp_path), Process("worker", hub, tmp_path) as worker:
        wait_until(lambda: hub.count() == 10 and hub.settled() and sum(hub.ends().values()) == 20)
        assert worker.terminate() == 0
    assert sum(hub.ends().values()) == 20, "everything lies in the topic twice"
    assert sorted(hub.decided()) == sorted(receipt.id for receipt in receipts)
    assert hub.flaws() == []


def test_one_relay_is_active_and_another_takes_over(hub: Production) -> None:
    hub.received(range(4))
    standing_by = hub.relay()
    with hub.database.transaction() as active, ThreadPoolExecutor(1) as other:
        assert outbox.claim(active)
        assert other.submit(standing_by.once).result(DEADLINE) == 0
    assert standing_by.once() == 4


def test_a_relay_told_to_stop_stops_at_once_and_sends_before(
    hub: Production, tmp_path: Path
) -> None:
    hub.received(range(4))
    with Process("relay", hub, tmp_path) as relay:
        wait_until(lambda: hub.unsent() == 0)
        assert relay.terminate() == 0
    assert sum(hub.ends().values()) == 4


def test_a_relay_that_starts_before_the_topics_can_be_reached_waits_for_them(
    hub: Production,
) -> None:
    hub.received(range(4))
    away = iter([Unavailable("no broker"), Unavailable("no broker")])

    def prepare() -> None:
        if (trouble := next(away, None)) is not None:
            raise trouble

    stop = threading.Event()
    relay = Relay(hub.database, TopicProducer(hub.topics_url), prepare)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        wait_until(lambda: hub.unsent() == 0)
    finally:
        stop.set()
        thread.join()
    assert next(away, None) is None


def test_what_is_not_acknowledged_is_not_forgotten(hub: Production) -> None:
    hub.received(range(4))
    nowhere = Relay(hub.database, TopicProducer("kafka://127.0.0.1:1", seconds=0.5))
    with pytest.raises(Unavailable):
        nowhere.once()
    assert hub.unsent() == 4
    assert hub.relay().once() == 4


def test_a_killed_broker_is_waited_for_and_nothing_is_lost(
    private_kafka_service: KafkaService, postgres_url: str
) -> None:
    stop = threading.Event()
    with (
        production(private_kafka_service.url, postgres_url) as hub,
        ThreadPoolExecutor(1) as executor,
    ):
        relay = Relay(hub.database, TopicProducer(hub.topics_url, seconds=2))
        relaying = executor.submit(relay.run, stop)
        hub.received(range(20))
        wait_until(lambda: hub.unsent() == 0)
        private_kafka_service.kill()
        hub.received(range(20, 40))
        private_kafka_service.start()
        wait_until(lambda: hub.unsent() == 0)
        stop.set()
        relaying.result(DEADLINE)
        assert all_sent(hub) == set(recorded(hub))


def test_a_killed_store_is_waited_for_and_nothing_is_lost(
    kafka_url: str, private_postgres_service: PostgresService, tmp_path: Path
) -> None:
    with (
        production(kafka_url, private_postgres_service.url) as hub,
        Process("relay", hub, tmp_path) as relay,
        Process("worker", hub, tmp_path) as worker,
    ):
        before = hub.received(range(20))
        wait_until(lambda: hub.count() == 20)
        private_postgres_service.kill()
        with pytest.raises(Unavailable):
            hub.received(range(20, 40))
        private_postgres_service.start()
        after = _when_it_answers(hub)
        wait_until(lambda: hub.count() == 40 and hub.settled())
        assert (relay.terminate(), worker.terminate()) == (0, 0)
        assert sorted(hub.decided()) == sorted(receipt.id for receipt in [*before, *after])
        assert hub.flaws() == []


def test_a_frozen_worker_gives_way_and_changes_nothing_when_it_wakes_up(
    hub: Production, tmp_path: Path
) -> None:
    receipts = hub.received(range(16))
    hub.relayed()
    # A shorter patience than the hub's 30 seconds, said where an operator would say it.
    patience = f"{hub.database_url}?options=-cidle_in_transaction_session_timeout%3D2000"
    with Process("worker", hub, tmp_path, pause=0.2, batch=4, database=patience) as frozen:
        wait_until(lambda: frozen.said("deciding") and hub.count() >= 4)
        frozen.freeze()
        with Process("worker", hub, tmp_path) as heir:
            wait_until(hub.settled)
            frozen.thaw()
            more = hub.received(range(16, 24))
            hub.relayed()
            wait_until(hub.settled)
            assert heir.terminate() == 0
    assert sorted(hub.decided()) == sorted(receipt.id for receipt in [*receipts, *more])
    assert hub.flaws() == []


def test_a_send_repeats_nothing_and_keeps_order(hub: Production) -> None:
    producer = TopicProducer(hub.topics_url)
    producer.send([sealed(number) for number in range(500)])
    producer.close()
    ((partition, end),) = [(number, end) for number, end in hub.ends().items() if end]
    assert end == 500
    assert sent_ids(hub, partition) == [f"id-{number}" for number in range(500)]


def test_a_reader_finds_any_range_and_says_what_is_not_there(hub: Production) -> None:
    producer = TopicProducer(hub.topics_url)
    producer.send([sealed(number) for number in range(10)])
    ((partition, _),) = [(number, end) for number, end in hub.ends().items() if end]
    assert [
        record.offset
        for record in topics.read_range(hub.topics_url, HEARD, partition=partition, first=3, last=6)
    ] == [3, 4, 5, 6]
    with pytest.raises(Hole):
        topics.read_range(hub.topics_url, HEARD, partition=partition, first=50, last=60)


@pytest.mark.parametrize("url", ["", "amqp://host:1", "kafka://", "host:9092"])
def test_a_url_of_something_else_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="kafka://"):
        topics.cluster_of(url)


def test_a_broker_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_SECONDS", 0.3)
    for ask in (
        lambda: topics.create_topics("kafka://127.0.0.1:1", 1),
        lambda: topics.watermarks("kafka://127.0.0.1:1", [HEARD]),
        lambda: topics.read_range("kafka://127.0.0.1:1", HEARD, partition=0, first=0, last=1),
        lambda: topics.committed("kafka://127.0.0.1:1", "group", topic=HEARD, partitions=[0]),
    ):
        with pytest.raises(Unavailable):
            ask()


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    database = Database("postgresql+psycopg://hub@127.0.0.1:1/hub", Vault(KEY))
    with pytest.raises(Unavailable), database.transaction():
        pass


def _when_it_answers(hub: Production) -> list[Receipt]:
    taken: list[Receipt] = []

    def answers() -> bool:
        try:
            taken[:] = hub.received(range(20, 40))
        except Unavailable:
            return False
        return True

    wait_until(answers)
    return taken
