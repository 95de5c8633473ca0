"""The bare limit: how fast this machine writes what commit b698ed7 wrote, with nothing decided.

``bare_limit.json`` has its rows and bytes by transaction, as they were recorded once. They are
written by plain SQL to an empty store of that commit's tables, equally durable. Whoever writes
fewer rows since then comes nearer to it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.old_shape import FILE, OldTable, Rows, shapes

BATCH = 200
"""Notifications in a recorded batch."""
_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=8000", "cache_size=-65536")


Entry = tuple[str, str, int, int]
"""Verb, table, rows and bytes."""


@dataclass(frozen=True, slots=True)
class Write:
    """Rows for one table, new ones or ones in place of others."""

    verb: str
    table: OldTable
    rows: list[tuple[Any, ...]]


def recorded_batches() -> list[list[list[Entry]]]:
    """Verb, table, rows and bytes, by transaction, by batch of the stream."""
    batches: list[list[list[Entry]]]
    batches = json.loads(FILE.read_text(encoding="utf-8"))["batches"]
    return batches


def transactions(number: int) -> Iterator[list[Write]]:
    """What that commit wrote for so many notifications; more than were recorded begin anew."""
    rows, recorded = Rows(), recorded_batches()
    whole = (recorded[turn % len(recorded)] for turn in range(number // BATCH))
    for batch in whole:
        for entries in batch:
            yield [_write(rows, entry) for entry in entries]


def sqlite_limit(folder: Path, number: int) -> float:
    """Notifications per second, of at least 200, into an empty SQLite file."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    for table in shapes().values():
        for statement in table.ddl(postgres=False):
            connection.execute(statement)
    written, seconds = transactions(number), 0.0
    while some := list(islice(written, 50)):  # made before the clock runs
        started = time.perf_counter()
        for transaction in some:
            _commit(connection, transaction)
        seconds += time.perf_counter() - started
    connection.close()
    return number // BATCH * BATCH / seconds


def _commit(connection: sqlite3.Connection, transaction: list[Write]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for write in transaction:
        marks = f"VALUES ({', '.join('?' * len(write.table.columns))})"
        connection.executemany(write.table.insert(write.verb, marks), write.rows)
    connection.execute("COMMIT")


def _write(rows: Rows, entry: Entry) -> Write:
    verb, name, number, size = entry
    table = shapes()[name]
    make = rows.new if verb == "insert" else rows.again
    return Write(verb, table, make(table, number=number, size=size))
