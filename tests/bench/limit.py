"""The bare limit: how fast this machine writes what commit b698ed7 wrote, with nothing decided.

``bare_limit.json`` has its rows and bytes, as they were recorded once. They are written by plain
SQL to an empty store of that commit's tables, equally durable, in as many transactions. Whoever
writes fewer rows since then comes nearer to it.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.array import ListBinaryDumper

from tests.bench.old_shape import FILE, OldTable, Rows, array_type, shapes

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


def recorded(part: str) -> Any:
    """A part of what was recorded."""
    return json.loads(FILE.read_text(encoding="utf-8"))[part]


def embedded_entries(number: int) -> Iterator[list[Entry]]:
    """What that commit wrote for so many notifications, by transaction; more than were recorded
    begin anew.
    """
    batches: list[list[list[Entry]]] = recorded("batches")
    for turn in range(number // BATCH):
        yield from batches[turn % len(batches)]


def production_entries(number: int) -> Iterator[list[Entry]]:
    """The same in production, where each transaction has its share of all rows."""
    production = recorded("production")
    recorded_for = production["notifications"]
    transactions = production["transactions"] * number // recorded_for
    for turn in range(transactions):
        yield [
            (verb, table, share, size * share // rows)
            for verb, table, rows, size in production["rows"]
            if (share := _share(rows * number // recorded_for, turn=turn, turns=transactions))
        ]


def _share(whole: int, *, turn: int, turns: int) -> int:
    return whole * (turn + 1) // turns - whole * turn // turns


def written(transactions: Iterable[list[Entry]]) -> Iterator[list[Write]]:
    """The rows of these transactions."""
    rows = Rows()
    for entries in transactions:
        yield [write for write in (_write(rows, entry) for entry in entries) if write.rows]


def sqlite_limit(folder: Path, number: int) -> float:
    """Notifications per second, of at least 200, into an empty SQLite file."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    for table in shapes().values():
        for statement in table.ddl(postgres=False):
            connection.execute(statement)
    seconds = _seconds(embedded_entries(number), lambda each: _to_sqlite(connection, each))
    connection.close()
    return number // BATCH * BATCH / seconds


def postgres_limit(url: str, number: int) -> float:
    """Notifications per second into an empty PostgreSQL database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.adapters.register_dumper(list, ListBinaryDumper)
        for table in shapes().values():
            for statement in table.ddl(postgres=True):
                connection.execute(statement.encode())
        seconds = _seconds(production_entries(number), lambda each: _to_postgres(connection, each))
    return number / seconds


def _seconds(transactions: Iterable[list[Entry]], commit: Callable[[list[Write]], None]) -> float:
    """To commit them all; the rows are made before the clock runs."""
    made, seconds = written(transactions), 0.0
    while some := list(islice(made, 50)):
        started = time.perf_counter()
        for transaction in some:
            commit(transaction)
        seconds += time.perf_counter() - started
    return seconds


def _to_sqlite(connection: sqlite3.Connection, transaction: list[Write]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for write in transaction:
        marks = f"VALUES ({', '.join('?' * len(write.table.columns))})"
        connection.executemany(write.table.insert(write.verb, marks), write.rows)
    connection.execute("COMMIT")


def _to_postgres(connection: psycopg.Connection[Any], transaction: list[Write]) -> None:
    with connection.transaction():
        for write in transaction:
            # One array for each column, as the hub gives its rows to PostgreSQL.
            kinds = write.table.columns.values()
            marks = ", ".join(f"unnest(%b::{array_type(kind)})" for kind in kinds)
            arrays = [list(values) for values in zip(*write.rows, strict=True)]
            statement = write.table.insert(write.verb, "SELECT " + marks)
            connection.execute(statement.encode(), arrays)


def _write(rows: Rows, entry: Entry) -> Write:
    verb, name, number, size = entry
    table = shapes()[name]
    make = rows.new if verb == "insert" else rows.again
    return Write(verb, table, make(table, number=number, size=size))
