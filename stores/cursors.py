"""Where each consumer stands; the lock of its row fences off a zombie.

The row is also the head of the consumer's chain.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update

from stores.database import Conflict, Database, Transaction, View
from stores.rows import Clash
from stores.tables import cursors

_GENESIS = bytes(32)
_READ = select(cursors).where(cursors.c.name == bindparam("consumer"))
_LOCK = _READ.with_for_update()
_STORE = update(cursors).where(cursors.c.name == bindparam("consumer"))


@dataclass(slots=True)
class Cursor:
    """A consumer's place in its topic, and the last entry of the chain of its facts."""

    name: str
    next_offset: int
    sequence: int
    hash: bytes


def lock(transaction: Transaction, name: str) -> Cursor:
    """The consumer's row, held until the transaction ends; made at offset 0 on first use."""
    row = transaction.connection.execute(_LOCK, {"consumer": name}).one_or_none()
    if row is None:
        fresh = {
            "name": name,
            "next_offset": 0,
            "sequence": 0,
            "hash": _GENESIS,
            "progressed_at": transaction.now,
        }
        transaction.insert(cursors, [fresh], clash=Clash.KEEP)
        row = transaction.connection.execute(_LOCK, {"consumer": name}).one()
    return _cursor(row)


def read(view: View, name: str) -> Cursor:
    """Where the consumer stands, without holding its row; at offset 0 where there is none yet."""
    row = view.connection.execute(_READ, {"consumer": name}).one_or_none()
    if row is None:
        return Cursor(name, 0, 0, _GENESIS)
    return _cursor(row)


def lock_unmoved(transaction: Transaction, read: Cursor) -> None:
    """Hold the consumer's row; raises ``Conflict`` where it has moved since it was read."""
    if lock(transaction, read.name) != read:
        raise Conflict("another worker moved the same consumer")


def store(transaction: Transaction, cursor: Cursor) -> None:
    """Write the cursor back, in the transaction of what its offset and chain count."""
    moved = {"next_offset": cursor.next_offset, "sequence": cursor.sequence, "hash": cursor.hash}
    progressed = {"consumer": cursor.name, "progressed_at": transaction.now}
    transaction.connection.execute(_STORE, moved | progressed)
    if cursor.next_offset:  # where it stood when it was made, that is recorded already
        transaction.changes.put(cursors, [{"name": cursor.name} | moved])


def next_offsets(database: Database) -> dict[str, int]:
    """Where every consumer stands, by its name."""
    with database.reading() as connection:
        return {
            row.name: row.next_offset
            for row in connection.execute(select(cursors.c.name, cursors.c.next_offset))
        }


def rewind(transaction: Transaction, name: str, *, offset: int) -> None:
    """Start over at ``offset``, after the topic was emptied or cut.

    What is heard again is absorbed by the inbox.
    """
    again = update(cursors).where(cursors.c.name == name).values(next_offset=offset)
    transaction.bind(cursors, transaction.connection.execute(again.returning(cursors)))


def every(database: Database) -> dict[str, Cursor]:
    """Every consumer's cursor, by its name."""
    with database.reading() as connection:
        return {row.name: _cursor(row) for row in connection.execute(select(cursors))}


def _cursor(row: Any) -> Cursor:
    return Cursor(row.name, row.next_offset, row.sequence, row.hash)
