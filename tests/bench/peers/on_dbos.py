"""DBOS on PostgreSQL: a queued workflow of four steps for each notification, a transaction for each
step.

DBOS remembers which steps of a workflow are done and goes on behind them after a crash; the step in
hand is done again, and its statement sees to that having no effect. (Its datasources record effect
and outcome in one transaction, and took twice the time.) The notification's id is the workflow's,
as the guide advises; twenty times a second a look at the queue, and no more workflows at a time
than the worker has connections for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import Any

from dbos import DBOS, DBOSClient, run_dbos_database_migrations
from sqlalchemy import create_engine

from tests.bench.peers.doing import connected, do, is_first
from tests.bench.peers.work import LINK, RATE, REQUEST, Place, Record

_QUEUE, _WORKFLOW, _VERSION = "notifications", "notification", "1"
_AT_A_TIME = 10


def prepare(place: Place) -> None:
    """Make DBOS's own tables beside those of the effects."""
    run_dbos_database_migrations(system_database_url=place.store)


def feed(place: Place, records: Iterable[Record]) -> None:
    """Hand notifications over, all in one transaction."""
    engine = create_engine(place.store)
    client = DBOSClient(system_database_url=place.store, application_name=place.name)
    with engine.begin() as connection:
        for record in records:
            options = {
                "queue_name": _QUEUE,
                "workflow_name": _WORKFLOW,
                "workflow_id": record["notification_id"],
                "app_version": _VERSION,
            }
            client.enqueue_in_transaction(connection, options, record)
    client.destroy()
    engine.dispose()


def work(place: Place) -> None:
    """Serve until the process ends."""
    DBOS(
        config={
            "name": place.name,
            "system_database_url": place.store,
            "application_version": _VERSION,
            "log_level": "ERROR",
        }
    )
    _add_workflow(place)
    DBOS.launch()
    DBOS.register_queue(_QUEUE, worker_concurrency=_AT_A_TIME, polling_interval_sec=0.05)
    threading.Event().wait()


def _add_workflow(place: Place) -> None:
    with_one = _Connections(place).with_one

    @DBOS.step(name="deduplicate")
    def deduplicate(record: dict[str, Any]) -> bool:
        return bool(with_one(lambda connection: is_first(connection, record)))

    @DBOS.step(name="link")
    def link(record: dict[str, Any]) -> None:
        with_one(lambda connection: do(connection, LINK, record=record))

    @DBOS.step(name="rate")
    def rate(record: dict[str, Any]) -> None:
        with_one(lambda connection: do(connection, RATE, record=record))

    @DBOS.step(name="request")
    def request(record: dict[str, Any]) -> None:
        with_one(lambda connection: do(connection, REQUEST, record=record))

    @DBOS.workflow(name=_WORKFLOW)
    def notification(record: dict[str, Any]) -> None:
        if deduplicate(record):
            link(record)
            rate(record)
            request(record)


class _Connections:
    """As many as there are workflows at a time."""

    def __init__(self, place: Place) -> None:
        self._idle: SimpleQueue[Any] = SimpleQueue()
        for _ in range(_AT_A_TIME):
            self._idle.put(connected(place))

    def with_one(self, act: Callable[[Any], Any]) -> Any:
        """What ``act`` answers, given one that nobody else has."""
        connection = self._idle.get()
        try:
            return act(connection)
        finally:
            self._idle.put(connection)
