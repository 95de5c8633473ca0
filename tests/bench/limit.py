"""The bare limit: the very statements and rows that a run wrote, in the same transactions, with
nothing decided.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, event

from stores.database import Database

_WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(slots=True)
class Written:
    """Every write of a run, by transaction, as the driver was given it."""

    transactions: list[list[tuple[str, Any, bool]]] = field(default_factory=lambda: [[]])

    @property
    def rows(self) -> int:
        """Rows written."""
        return sum(len(rows) if many else 1 for part in self.transactions for _, rows, many in part)

    @property
    def commits(self) -> int:
        """Transactions that wrote anything."""
        return sum(bool(part) for part in self.transactions)


@contextmanager
def recorded(database: Database) -> Iterator[Written]:
    """Note what is written to a database, while inside."""
    written = Written()

    def note(
        _c: Connection, _cursor: Any, sql: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if sql.lstrip()[:6].upper() in _WRITES:
            written.transactions[-1].append((sql, parameters, many))

    def committed(_connection: Connection) -> None:
        written.transactions.append([])

    event.listen(database.engine, "before_cursor_execute", note)
    event.listen(database.engine, "commit", committed)
    try:
        yield written
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
        event.remove(database.engine, "commit", committed)


def bare_seconds(written: Written, empty: Database) -> float:
    """Seconds to write it all to an empty database of the same kind, equally durable."""
    started = time.perf_counter()
    for part in written.transactions:
        if part:
            with empty.transaction() as transaction:
                cursor = transaction.connection.connection.cursor()
                for sql, parameters, many in part:
                    (cursor.executemany if many else cursor.execute)(sql, parameters)
                cursor.close()
    return time.perf_counter() - started
