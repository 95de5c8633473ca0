"""The journal as the topic on PostgreSQL, where many connections write at the same time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.run.wiring import Hub
from router.intake import take_in
from schemas.notification import Receipt
from stores.ports import Arrival
from tests.support.production import DEADLINE, arrival, fresh_database, wait_until
from tests.support.units import embedded_hub, facts, replayed, rows

AREA = ("e99999999",)
_WAITING = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'advisory'"


@pytest.fixture
def hub(tmp_path: Path, postgres_url: str) -> Iterator[Hub]:
    with fresh_database(postgres_url) as store, embedded_hub(tmp_path / "hub", store=store) as made:
        # The first arrival of a store makes its secret, and others wait for that.
        with made.database.transaction() as transaction:
            transaction.vault.secret(transaction.connection, create=True)
        yield made


def arrivals(first: int, last: int) -> Sequence[Arrival]:
    return [arrival(number, AREA) for number in range(first, last)]


def test_what_commits_late_at_an_earlier_position_is_heard(hub: Hub) -> None:
    has_its_positions, may_commit = threading.Event(), threading.Event()

    def late() -> Sequence[Receipt]:
        with hub.database.transaction() as transaction:
            receipts = take_in(transaction, arrivals(0, 2))
            has_its_positions.set()
            assert may_commit.wait(DEADLINE)
        return receipts

    with ThreadPoolExecutor(2) as executor:
        slow = executor.submit(late)
        assert has_its_positions.wait(DEADLINE)
        quick = executor.submit(hub.intake.take, [arrival(2, AREA, connector="other")])
        wait_until(lambda: quick.done() or bool(rows(hub, _WAITING)))
        embedded = hub.embedded()
        embedded.drain()
        may_commit.set()
        for one in (slow, quick):
            one.result(DEADLINE)
    embedded.drain()
    assert facts(hub, "notification.received") == facts(hub, "notification.accepted") == 3


def test_many_connections_that_write_while_steps_decide_are_all_heard(hub: Hub) -> None:
    stop = threading.Event()

    def sender(number: int) -> None:
        for start in range(number * 100, number * 100 + 20, 2):
            one, other = (arrival(n, AREA, connector=f"c{number}") for n in (start, start + 1))
            hub.intake.take([one, other])

    with ThreadPoolExecutor(7) as executor:
        working: Future[None] = executor.submit(hub.embedded().run, stop)
        for sent in [executor.submit(sender, number) for number in range(6)]:
            sent.result(DEADLINE)
        stop.set()
        working.result(DEADLINE)
    hub.embedded().drain()
    assert facts(hub, "notification.received") == facts(hub, "notification.accepted") == 120
    assert replayed(hub).well
