"""What is kept of the tree: a row for each leaf, for each full subtree of 256 of what is below it,
and the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, text, update

from stores.database import Transaction
from stores.tables import checkpoints, leaves, subtrees
from stores.tree.leaf import LEAF_COLUMNS
from stores.tree.merkle import CompactRange, Completed, node_hash, peaks_of
from stores.tree.notes import NoNote, Note
from stores.tree.proofs import Node

STEP: Final = 8
"""Levels from one that is kept to the next: as many rows less, and few hashes to read for each."""
SPACING: Final = 300
"""Seconds. Of checkpoints that are nearer to each other the newer takes the older one's place."""

_SIZE = select(func.coalesce(func.max(leaves.c.leaf), -1) + 1)
_LEAVES = select(leaves.c.hash).where(
    leaves.c.leaf >= bindparam("first"), leaves.c.leaf < bindparam("end")
)
_SUBTREES = select(subtrees.c.hash).where(
    subtrees.c.level == bindparam("level"),
    subtrees.c.number >= bindparam("first"),
    subtrees.c.number < bindparam("end"),
)
_HAS_NO_LEAF = (
    "FROM journal WHERE position > :after "
    "AND NOT EXISTS (SELECT 1 FROM leaves WHERE leaves.position = journal.position) "
)
_WITHOUT_LEAF = text(
    f"SELECT {', '.join(LEAF_COLUMNS)} {_HAS_NO_LEAF} ORDER BY position LIMIT :most"
)
_LAG = text(f"SELECT count(*) AS entries, min(recorded_at) AS oldest {_HAS_NO_LEAF}")
_NEWEST = select(checkpoints).order_by(checkpoints.c.size.desc())


class Damaged(Exception):
    """The tree that is kept lacks a part, or does not lead to what was signed of it."""


def size_of(connection: Connection) -> int:
    """How many leaves the tree has."""
    return int(connection.execute(_SIZE).scalar_one())


def without_leaf(connection: Connection, *, after: int, most: int) -> Sequence[Row[Any]]:
    """The next entries behind a position that have no leaf yet, by position."""
    return connection.execute(_WITHOUT_LEAF, {"after": after, "most": most}).all()


def lag(connection: Connection, *, after: int) -> tuple[int, int | None]:
    """How many entries behind a position have no leaf yet, and when the oldest was recorded."""
    row = connection.execute(_LAG, {"after": after}).one()
    return row.entries, row.oldest


def nodes(connection: Connection) -> Node:
    """Reads full subtrees; raises :class:`Damaged` where what is kept lacks a part of one."""

    def node(level: int, number: int) -> bytes:
        kept, above = divmod(level, STEP)
        place = {"first": number << above, "end": number + 1 << above}
        if kept:
            query = _SUBTREES.order_by(subtrees.c.number)
            found = connection.execute(query, place | {"level": kept * STEP}).scalars().all()
        else:
            found = connection.execute(_LEAVES.order_by(leaves.c.leaf), place).scalars().all()
        if len(found) != 1 << above:
            raise Damaged
        while len(found) > 1:
            found = [*map(node_hash, found[::2], found[1::2])]
        return bytes(found[0])

    return node


def range_of(connection: Connection, size: int) -> CompactRange:
    """The tree as it was of this size."""
    node = nodes(connection)
    return CompactRange(size, [node(*place) for place in peaks_of(size)])


def add(
    transaction: Transaction, rows: Sequence[dict[str, Any]], *, completed: Sequence[Completed]
) -> None:
    """Keep new leaves, and those of the subtrees that they fill that are kept."""
    transaction.insert(leaves, rows)
    full = [
        {"level": level, "number": number, "hash": found}
        for level, number, found in completed
        if level % STEP == 0
    ]
    transaction.insert(subtrees, full)


def publish(transaction: Transaction, note: Note, *, size: int, made_at: int) -> None:
    """Keep a checkpoint, in place of the one before where they are near to each other in time."""
    last = transaction.connection.execute(_NEWEST.limit(2)).all()
    if len(last) == 2 and abs(last[0].made_at - last[1].made_at) < SPACING * 1_000_000:
        passed = checkpoints.c.size == last[0].size
        transaction.connection.execute(delete(checkpoints).where(passed))
    row = {"size": size, "made_at": made_at, "note": str(note)}
    transaction.insert(checkpoints, [row])


def newest(connection: Connection) -> tuple[int, Note] | None:
    """The last checkpoint, with the size that its row says; raises :class:`Damaged`."""
    row = connection.execute(_NEWEST.limit(1)).first()
    return None if row is None else (row.size, _note(row))


def _note(row: Row[Any]) -> Note:
    try:
        return Note.parse(row.note)
    except (NoNote, AttributeError, TypeError):  # SQLite keeps whatever it is given
        raise Damaged from None


def every_checkpoint(connection: Connection) -> Iterator[Row[Any]]:
    """All that are kept, by size."""
    yield from connection.execute(select(checkpoints).order_by(checkpoints.c.size))


def add_line(transaction: Transaction, line: str, *, size: int) -> bool:
    """Keep a witness's line under a checkpoint, in place of one that it gave before; False where
    another has taken its place.
    """
    mine = checkpoints.c.size == size
    row = transaction.connection.execute(select(checkpoints).where(mine).with_for_update()).first()
    if row is None:
        return False
    note = str(_note(row).with_line(line))
    transaction.connection.execute(update(checkpoints).where(mine).values(note=note))
    return True
