"""A store for one process alone: nobody may work on it while its schema changes.

What runs on an older store is an older hub, which knows nothing of upgrades. So it is recognised by
what every version does: it keeps connections open.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, event, text

from stores.database import Database
from stores.vault import Vault


class InUse(Exception):
    """Somebody else is connected to the store; the message says who."""


@contextmanager
def alone(url: str, vault: Vault) -> Iterator[Database]:
    """The database, with nobody else in it; raises :class:`InUse`, or ``Unavailable``."""
    database = Database(url, vault)
    try:
        if database.engine.dialect.name == "sqlite":
            _lock_file(database)
        else:
            _look_for_sessions(database)
        yield database
    finally:
        database.close()


def _lock_file(database: Database) -> None:
    """SQLite keeps everybody else out of the file until it is closed.

    It refuses to while any other process has it open, be it idle.
    """
    event.listen(database.engine, "connect", _exclusive, insert=True)
    with database.reading():
        pass


def _exclusive(connection: sqlite3.Connection, _record: Any) -> None:
    for statement in ("PRAGMA busy_timeout=0", "PRAGMA locking_mode=EXCLUSIVE"):
        connection.execute(statement)
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise InUse("another program has the file open") from None
        raise
    connection.execute("COMMIT")


def _look_for_sessions(database: Database) -> None:
    """Of two that begin at once each sees the other: they connect first, and then look."""
    with database.reading() as connection:
        if others := _others(connection):
            raise InUse(f"{others} other sessions of the hub's account are connected")


def _others(connection: Connection) -> int:
    """How many stay; PostgreSQL takes a moment to end the sessions of programs that have ended."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while others := int(connection.execute(_OTHERS).scalar_one()):
        if time.monotonic() > until:
            break
        time.sleep(_LOOK_SECONDS)
        connection.rollback()
    return others


_PATIENCE_SECONDS, _LOOK_SECONDS = 3.0, 0.1
_OTHERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)
