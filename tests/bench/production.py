"""The hub in production on this machine: private Kafka and PostgreSQL, a process for each step, and
the relay.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select, text

from ops.run.parts import STEPS
from ops.run.wiring import Hub, open_hub
from router.intake import message_id
from schemas.information import InformationRequested
from schemas.notification import NotificationAccepted, NotificationDuplicated
from schemas.rating import RatingSuggested
from stores.database import Database
from stores.tables import METADATA, journal
from stores.topics import create_topics
from tests.bench.latency import quantiles
from tests.bench.stream import arrivals
from tests.services.folder import temporary_folder
from tests.services.kafka import private_kafka
from tests.services.postgres import private_postgres

_BATCH = 200
_POLL_SECONDS = 0.01
_LATE = 200
_LONGEST_SECONDS = 300.0
_SETTLED = (NotificationAccepted.type, NotificationDuplicated.type)
_DONE = (RatingSuggested.type, InformationRequested.type)


def production(sample: Path, *, number: int, seconds: float) -> dict[str, Any]:
    """End-to-end rate and latency at a steady 100 a second, beside the bare limit of the same
    rows.
    """
    with (
        temporary_folder() as folder,
        private_kafka(folder / "kafka") as kafka,
        private_postgres(folder / "postgres") as postgres,
        _workers(folder, sample, kafka.url, postgres.url) as hub,
    ):
        before = _commits(hub.database)
        rate = _end_to_end(hub, number)
        commits = _commits(hub.database) - before
        bare = _bare_seconds(hub.database, postgres.url, commits)
        latency = _steady(hub, number, per_second=100, seconds=seconds)
    limit = {
        "transactions": commits,
        "bare_limit_notifications_per_second": round(number / bare, 1),
        "share_of_bare_limit": round(bare / rate["seconds"], 3),
    }
    return {"end_to_end": rate | limit, "steady": latency}


@contextmanager
def _workers(folder: Path, sample: Path, topics: str, store: str) -> Iterator[Hub]:
    config = folder / "hub.toml"
    # Nothing here goes to the edge queues, so no broker listens where the setting must say one
    # does.
    runtime = f'\ntopics = "{topics}"\nqueues = "amqp://127.0.0.1:1//"\npartitions = 1\n'
    text_ = sample.read_text(encoding="utf-8").replace(
        'store = "sqlite:///hub.db"', f'store = "{store}"{runtime}'
    )
    config.write_text(text_, encoding="utf-8")
    hub = open_hub(config, os.environ)
    create_topics(topics, hub.settings.runtime.partitions)
    command = [sys.executable, "-m", "ops.cli", "run"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = [
        subprocess.Popen([*command, name, "--config", str(config)], **quiet)  # type: ignore[call-overload]
        for name in (*STEPS, "relay")
    ]
    try:
        yield hub
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(30)
        hub.database.close()


def _end_to_end(hub: Hub, number: int) -> dict[str, Any]:
    """The first hundred wake the workers up and are not counted."""
    came = arrivals(hub.settings, number + 100)
    _take(hub, came[:100])
    _await_done(hub, since=0)
    position = _last(hub)
    started = time.perf_counter()
    _take(hub, came[100:])
    _await_done(hub, since=position)
    spent = time.perf_counter() - started
    return {
        "notifications": number,
        "seconds": round(spent, 3),
        "notifications_per_second": round(number / spent, 1),
    }


def _take(hub: Hub, came: Sequence[Any]) -> None:
    for start in range(0, len(came), _BATCH):
        hub.intake.take(came[start : start + _BATCH])


def _await_done(hub: Hub, *, since: int) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < deadline:
        counts = _counts(hub, since)
        accepted, duplicated = (counts.get(name, 0) for name in _SETTLED)
        received = counts.get("mash.notification.received.v1", 0)
        if accepted + duplicated == received and all(
            counts.get(name, 0) >= accepted for name in _DONE
        ):
            return
        time.sleep(_POLL_SECONDS * 5)
    raise TimeoutError("the workers did not finish")


def _counts(hub: Hub, since: int) -> dict[str, int]:
    query = (
        select(journal.c.type, func.count().label("number"))
        .where(journal.c.position > since)
        .group_by(journal.c.type)
    )
    with hub.database.reading() as connection:
        return {row.type: row.number for row in connection.execute(query)}


def _last(hub: Hub) -> int:
    with hub.database.reading() as connection:
        return int(connection.execute(select(func.max(journal.c.position))).scalar_one() or 0)


def _commits(database: Database) -> int:
    with database.reading() as connection:
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        return int(
            connection.execute(text("SELECT sum(xact_commit) FROM pg_stat_database")).scalar_one()
        )


def _bare_seconds(full: Database, url: str, commits: int) -> float:
    """The rows that are there now, written to an empty database in as many transactions, with
    nothing decided.
    """
    with full.reading() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
            "CREATE DATABASE bare"
        )
    empty = Database(url.rpartition("/")[0] + "/bare", full.vault)
    empty.create_tables()
    parts = [part for table in METADATA.sorted_tables for part in _parts(full, table, commits)]
    started = time.perf_counter()
    for table, rows in parts:
        with empty.transaction() as transaction:
            transaction.insert(table, rows)
    spent = time.perf_counter() - started
    empty.close()
    return spent


def _parts(
    full: Database, table: Table, commits: int
) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
    """A table's rows in its share of the transactions."""
    with full.reading() as connection:
        rows = [dict(row._mapping) for row in connection.execute(select(table))]
    share = max(1, len(rows) * len(METADATA.tables) // max(commits, 1))
    yield from ((table, rows[start : start + share]) for start in range(0, len(rows), share))


def _steady(hub: Hub, skip: int, *, per_second: float, seconds: float) -> dict[str, Any]:
    """Milliseconds until a look at the store, from another thread, finds both rating and
    request.
    """
    count = int(per_second * seconds)
    came = arrivals(hub.settings, skip + 100 + count)[-count:]
    sent: dict[str, float] = {}
    done: dict[str, dict[str, float]] = {}
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(hub, _last(hub), done, over))
    watch.start()
    started = time.perf_counter()
    for number, arrival in enumerate(came):
        time.sleep(max(0.0, started + number / per_second - time.perf_counter()))
        sent[message_id(arrival)] = time.perf_counter()
        hub.intake.take([arrival])
    spent = time.perf_counter() - started
    _await_done(hub, since=0)
    over.set()
    watch.join()
    both = [(max(times.values()) - sent[id_]) * 1000 for id_, times in done.items() if id_ in sent]
    return {"per_second": round(count / spent, 1), "seconds": round(spent, 1), **quantiles(both)}


def _watch(
    hub: Hub, position: int, done: dict[str, dict[str, float]], over: threading.Event
) -> None:
    """Note when each fact is first seen committed, at most a look late. Positions may commit out of
    order.
    """
    query = select(journal.c.position, journal.c.type, journal.c.correlation_id).where(
        journal.c.type.in_(_DONE)
    )
    while not over.wait(_POLL_SECONDS):
        with hub.database.reading() as connection:
            rows = connection.execute(query.where(journal.c.position > position - _LATE)).all()
        now = time.perf_counter()
        for row in rows:
            done.setdefault(row.correlation_id, {}).setdefault(row.type, now)
            position = max(position, row.position)
