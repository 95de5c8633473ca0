"""What is kept of the tree: a row for each leaf, for each full subtree of 256 of what is below it,
and the checkpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, func, select, text, update

from stores.database import Transaction
from stores.tables import checkpoints, leaves, subtrees
from stores.tree.leaf import LEAF_COLUMNS
from stores.tree.merkle import CompactRange, Completed, node_hash, peaks_of
from stores.tree.notes import NoNote, Note, Signer
from stores.tree.proofs import Node

STEP: Final = 8
"""Levels from one that is kept to the next: as many rows less, and few hashes to read for each."""
SPACING: Final = 300
"""Seconds. Of checkpoints that are nearer to each other the newer takes the older one's place, once
all who have cosigned the older one have cosigned a newer.
"""
_LOOKED_AT: Final = 20
"""Newest checkpoints of which some may go: one for each witness, and what was signed since."""
_ALONE: Final = "checkpoints"

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
    "AND NOT EXISTS (SELECT 1 FROM leaves WHERE leaves.position = journal.position "
    "AND leaves.position > :after) "
)
"""That a leaf is behind the place too says nothing new, but PostgreSQL would read all leaves."""
_WITHOUT_LEAF = text(
    f"SELECT {', '.join(LEAF_COLUMNS)} {_HAS_NO_LEAF} ORDER BY position LIMIT :most"
)
_ROWS_WITHOUT_LEAF = text(
    "SELECT number, body FROM bound WHERE number > :after "
    "AND NOT EXISTS (SELECT 1 FROM leaves WHERE leaves.position = -number) "
    "ORDER BY number LIMIT :most"
)
"""Leaves of these have negative positions: those of the journal begin at 1."""
_LAG = text(f"SELECT count(*) AS entries, min(recorded_at) AS oldest {_HAS_NO_LEAF}")
_NEWEST = select(checkpoints).order_by(checkpoints.c.size.desc())


class Damaged(Exception):
    """The tree that is kept lacks a part, or does not lead to what was signed of it."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint as it is kept, with the size that its row says, and when it was signed."""

    size: int
    made_at: int
    note: Note


def size_of(connection: Connection) -> int:
    """How many leaves the tree has."""
    return int(connection.execute(_SIZE).scalar_one())


def without_leaf(connection: Connection, *, after: int, most: int) -> Sequence[Row[Any]]:
    """The next entries behind a position that have no leaf yet, by position."""
    return connection.execute(_WITHOUT_LEAF, {"after": after, "most": most}).all()


def rows_without_leaf(connection: Connection, *, after: int, most: int) -> Sequence[Row[Any]]:
    """What transactions recorded of tables behind a number and has no leaf yet, by number."""
    return connection.execute(_ROWS_WITHOUT_LEAF, {"after": after, "most": most}).all()


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


def publish(transaction: Transaction, new: Published) -> None:
    """Keep a checkpoint, and no more of those before it than have to be."""
    transaction.serialise(_ALONE)
    _insert(transaction, new)
    _thin(transaction)


def _insert(transaction: Transaction, new: Published) -> None:
    row = {"size": new.size, "made_at": new.made_at, "note": str(new.note)}
    transaction.insert(checkpoints, [row])


def _thin(transaction: Transaction) -> None:
    rows = transaction.connection.execute(_NEWEST.limit(_LOOKED_AT)).all()
    for size in _passed(rows):
        passed = delete(checkpoints).where(checkpoints.c.size == size)
        transaction.connection.execute(passed)


def _passed(rows: Sequence[Row[Any]]) -> Iterator[int]:
    """Which of these, the newest first, are near to the one before, and everybody whose line is
    under one has signed a newer one: the newest stays, and of each witness the newest that it has.
    """
    later: set[Signer] = set()
    for row, before in pairwise(rows):
        signers = _signers(row)
        if signers <= later and abs(row.made_at - before.made_at) < SPACING * 1_000_000:
            yield row.size
        later |= signers


def _signers(row: Row[Any]) -> set[Signer]:
    """Whose lines are under it; what is no note stays where it is, to be found."""
    try:
        return _note(row).signers
    except (Damaged, NoNote):
        return {(f"nobody {row.size}", b"")}


def newest(connection: Connection) -> Published | None:
    """The last checkpoint; raises :class:`Damaged`."""
    row = connection.execute(_NEWEST.limit(1)).first()
    return None if row is None else Published(row.size, row.made_at, _note(row))


def _note(row: Row[Any]) -> Note:
    try:
        return Note.parse(row.note)
    except (NoNote, AttributeError, TypeError):  # SQLite keeps whatever it is given
        raise Damaged from None


def every_checkpoint(connection: Connection) -> Iterator[Row[Any]]:
    """All that are kept, by size."""
    yield from connection.execute(select(checkpoints).order_by(checkpoints.c.size))


def add_line(transaction: Transaction, line: str, *, under: Published) -> None:
    """Keep a witness's line under a checkpoint, in place of one that it gave before. Where a newer
    one has taken its place meanwhile it is kept again, as the newest that has the line.

    Raises :class:`Damaged` where another of the same size is there.
    """
    transaction.serialise(_ALONE)
    mine = checkpoints.c.size == under.size
    row = transaction.connection.execute(select(checkpoints).where(mine)).first()
    if row is None:
        _insert(transaction, replace(under, note=under.note.with_line(line)))
    elif _note(row).text != under.note.text:
        raise Damaged
    else:
        note = str(_note(row).with_line(line))
        transaction.connection.execute(update(checkpoints).where(mine).values(note=note))
    _thin(transaction)
