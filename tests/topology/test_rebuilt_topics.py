"""Topics that a broker lost are built from the store, and those of a store that was put back are
built anew: nothing lost, nothing twice.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from ops.mend import reconciling
from router.runtimes.partition import Partition, UnitPartitions
from router.runtimes.rebuilding import rebuild
from router.runtimes.relay import Relay
from schemas.message import arrived
from stores import cursors, journal, topics
from stores.database import Database
from stores.ports import Unavailable
from stores.topics import TopicProducer, delete_topics
from stores.vault import Vault
from tests.support.production import (
    AREAS,
    DEADLINE,
    DECIDED,
    HEARD,
    KEY,
    Production,
    adopted,
    alone,
    arrival,
    deduplication,
    production,
    wait_until,
)


@pytest.fixture
def hub(kafka_url: str, postgres_url: str) -> Iterator[Production]:
    with production(kafka_url, postgres_url) as made:
        yield made


def work(hub: Production, *, most: int | None = None) -> None:
    """What a worker does from where the store says that it stands, without Faust."""
    stop = threading.Event()
    timer = threading.Timer(DEADLINE, stop.set)
    timer.daemon = True
    timer.start()
    unit = alone(deduplication())
    working = UnitPartitions(unit, hub.topics_url, hub.database, adopted(), stop, batch=50)
    for partition, end in hub.ends().items():
        assert working.catch_up(HEARD, [partition])
        first = hub.offsets().get(f"deduplicate/{HEARD}/{partition}", 0)
        last = (end if most is None else min(end, first + most)) - 1
        told = partial(topics.read_range, hub.topics_url, HEARD, partition=partition)
        if last >= first:
            assert working.work(Partition(HEARD, partition), told(first=first, last=last))
    timer.cancel()


def built(hub: Production, **more: Any) -> Any:
    return rebuild(hub.database, hub.topics_url, partitions=hub.partitions, **more)


def once_each(hub: Production, receipts: list[Any]) -> bool:
    return sorted(hub.decided()) == sorted(receipt.id for receipt in receipts)


def worked_and_lost(hub: Production) -> list[Any]:
    """Some were had, some were not, and then the broker has nothing of any of them."""
    receipts = hub.received(range(40))
    hub.relayed()
    work(hub, most=6)
    assert 0 < hub.count() < 40
    hub.relayed()  # what was decided, which nobody has heard when it is lost
    delete_topics(hub.topics_url)
    return receipts


def test_what_was_not_had_is_sent_again_and_had_once(hub: Production) -> None:
    receipts = worked_and_lost(hub)
    receipts += hub.received(range(40, 60))
    told = built(hub)
    assert HEARD in told.lost
    hub.relayed()
    work(hub)
    assert once_each(hub, receipts)
    assert hub.settled()
    hub.relayed()
    assert sum(hub.ends(DECIDED).values()) == hub.count()
    assert hub.flaws() == []


def test_a_crash_before_anybody_begins_anew_leaves_it_to_be_found_again(
    hub: Production, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipts = worked_and_lost(hub)
    with monkeypatch.context() as patched:
        patched.setattr(cursors, "rewind", _killed)
        with pytest.raises(KeyboardInterrupt):
            built(hub)
    assert HEARD in built(hub).lost
    hub.relayed()
    work(hub)
    assert once_each(hub, receipts)


def _killed(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


def test_who_only_asks_is_told_and_changes_nothing(hub: Production) -> None:
    worked_and_lost(hub)
    stand = hub.offsets()
    told = built(hub, dry=True)
    # what this step has not had, and, as nobody else is at work here, all that it decided
    assert told.again == 40 - hub.count() + hub.count()
    assert (hub.offsets(), hub.unsent()) == (stand, 0)
    assert topics.missing_topics(hub.topics_url)


def test_where_nothing_is_lost_nothing_is_sent_again(hub: Production) -> None:
    hub.received(range(20))
    hub.relayed()
    work(hub)
    hub.relayed()
    before = hub.ends(), hub.ends(DECIDED), hub.offsets()
    assert built(hub).lost == ()
    assert (hub.unsent(), (hub.ends(), hub.ends(DECIDED), hub.offsets())) == (0, before)


def test_a_relay_at_work_makes_the_topics_again_and_sends_what_is_missing(hub: Production) -> None:
    stop = threading.Event()
    producer = TopicProducer(hub.topics_url, seconds=2.0)
    relay = Relay(hub.database, producer, partial(built, hub))
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        receipts = hub.received(range(10))
        wait_until(lambda: not hub.unsent())
        work(hub, most=2)
        delete_topics(hub.topics_url)
        receipts += hub.received(range(10, 20))
        wait_until(lambda: _is_made(hub) and not hub.unsent())
        work(hub)
    finally:
        stop.set()
        thread.join(DEADLINE)
    assert once_each(hub, receipts)


def _is_made(hub: Production) -> bool:
    try:
        return bool(topics.watermarks(hub.topics_url, [HEARD]))
    except Unavailable:
        return False


@contextmanager
def copy_of(hub: Production) -> Iterator[Production]:
    """The same hub on its store as it is now, which is what a backup is put back as."""
    hub.database.engine.dispose()
    server, _, name = hub.database_url.rpartition("/")
    copy = f"copy_{uuid4().hex}"
    plain = f"{server}/postgres".replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {copy} TEMPLATE {name}".encode())
    database = Database(f"{server}/{copy}", Vault(KEY), keeps_outbox=True)
    try:
        yield replace(hub, database=database, database_url=f"{server}/{copy}")
    finally:
        database.close()
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {copy} WITH (FORCE)".encode())


def test_of_an_older_store_is_fetched_what_can_be_and_the_rest_is_counted(hub: Production) -> None:
    receipts = hub.received(range(10))
    hub.relayed()
    work(hub)
    hub.relayed()
    with copy_of(hub) as older:
        _more_about(hub, receipts[0].id)
        gone = hub.received(range(10, 15))
        hub.relayed()
        work(hub)
        hub.relayed()
        settings: Any = SimpleNamespace(
            agencies={"police": None},
            runtime=SimpleNamespace(topics=hub.topics_url, partitions=hub.partitions),
        )
        found = reconciling.ahead(older.database, settings, since=0, advance=lambda _: None)
        assert found.by_agency() == {"police": 5}
        assert {one.id for one in found.lost} == {receipt.id for receipt in gone}
        assert [message.id for message in found.fetched] == ["late-word"]
        assert found.others == 6  # what was decided of them
        reconciling.fetch(older.database, found)
        reconciling.fetch(older.database, found)
        assert HEARD in reconciling.anew(older.database, settings).lost
        older.relayed()
        work(older)
        assert sorted(older.decided()) == sorted([*(one.id for one in receipts), "late-word"])
        assert older.flaws() == []
        assert sum(older.ends().values()) == 1


def _more_about(hub: Production, referral: str) -> None:
    """A message of an agency about what the older store knows, and has the key of."""
    fact: Any = arrival(99, AREAS).body
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "intake/test/police")
        message = arrived(fact, id_="late-word", source="mash-hub/test/police", time=_now())
        journal.append(transaction, cursor, messages=[replace(message, correlation_id=referral)])
        cursors.store(transaction, cursor)


def _now() -> Any:
    return dt.datetime.now(dt.UTC)
