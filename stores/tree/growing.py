"""How entries come into the tree: behind those who write them, in the order in which they last.

Whoever appends to the journal knows nothing of it and waits for nothing. What is committed is read
here and given its number, and only then is a checkpoint signed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from stores import bound, cursors
from stores.bound import ROWS_CONSUMER
from stores.cursors import Cursor
from stores.database import Conflict, Database, Transaction, View
from stores.overview import last_position
from stores.ports import Unavailable
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.kept import Damaged, Published
from stores.tree.keys import LogKey, is_kept, log_key
from stores.tree.leaf import fresh_salt, hash_as_it_is, hash_of_rows
from stores.tree.merkle import CompactRange, Completed
from stores.tree.notes import NoNote, NotSigned

CONSUMER: Final = "tree"
"""Whose cursor says up to which position every entry that there will ever be has its leaf."""
_AT_ONCE: Final = 2000
_NOWHERE: Final = (0, 0), 0

_GIVEN_OUT = text(
    "SELECT CASE WHEN j.is_called THEN j.last_value ELSE 0 END, "
    "CASE WHEN b.is_called THEN b.last_value ELSE 0 END "
    "FROM journal_position_seq AS j, bound_number_seq AS b"
)
_MINE = text("SELECT pg_current_xact_id()::text::bigint")
_OVER = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a look at the store found."""

    cursors: tuple[Cursor, Cursor]
    """Of the journal, and of what is recorded of tables."""
    entries: Sequence[Row[Any]]
    changes: Sequence[Row[Any]]
    settled: tuple[int, int]
    """No entry with a position up to this one is still to come, nor what is recorded of tables up
    to that number.
    """
    signed: int
    """How many leaves the last checkpoint has."""


@dataclass(slots=True)
class Growing:
    """Gives committed entries their leaves and signs checkpoints. Several may run: what one has
    done the others find, and whoever comes second tries again.
    """

    database: Database
    origin: str
    at_once: int = _AT_ONCE
    _tree: CompactRange | None = None
    _horizon: tuple[tuple[int, int], int] = _NOWHERE
    """PostgreSQL: positions given out up to here belong to transactions of lower numbers."""

    def once(self) -> int:
        """Take in what is committed, up to a page; answers how many entries have a leaf now that
        had none. Raises ``Unavailable``, and :class:`Damaged` where the store's own tree does not
        lead to what was signed of it: over that nothing is signed.
        """
        try:
            return self._once()
        except Unavailable:  # what answers next may be another server, which has less
            self._forget()
            raise

    def _forget(self) -> None:
        self._tree, self._horizon = None, _NOWHERE

    def _once(self) -> int:
        now = self.database.clock()
        with self.database.view() as view:
            read = self._read(view)
            tree = self._loaded(view)
        is_all = max(len(read.entries), len(read.changes)) < self.at_once
        grown = tree.copy()
        rows, completed = _leaves(read, grown)
        unsigned = is_all and grown.size > read.signed
        stand = tuple(cursor.next_offset - 1 for cursor in read.cursors)
        if rows or unsigned or read.settled != stand:
            self._write(
                read, rows, completed=completed, grown=grown, signs=now if unsigned else None
            )
        self._tree = grown
        return len(rows)

    def _write(
        self,
        read: _Read,
        rows: Sequence[dict[str, Any]],
        *,
        completed: Sequence[Completed],
        grown: CompactRange,
        signs: int | None,
    ) -> None:
        with self.database.transaction() as transaction:
            for cursor in read.cursors:
                cursors.lock_unmoved(transaction, cursor)
            if kept.size_of(transaction.connection) != grown.size - len(rows):
                raise Conflict("another has grown the tree")
            kept.add(transaction, rows, completed=completed)
            if signs is not None:
                self._sign(transaction, grown, now=signs)
            for cursor, settled in zip(read.cursors, read.settled, strict=True):
                cursor.next_offset = settled + 1
                cursors.store(transaction, cursor)

    def _sign(self, transaction: Transaction, tree: CompactRange, *, now: int) -> None:
        key = log_key(transaction.vault, transaction.connection, origin=self.origin, create=True)
        assert key is not None
        checkpoint = Checkpoint(self.origin, tree.size, tree.root())
        note = key.sign(checkpoint, time=now // 1_000_000)
        kept.publish(transaction, Published(tree.size, now, note))

    def _read(self, view: View) -> _Read:
        connection, most = view.connection, self.at_once
        stand = cursors.read(view, CONSUMER), cursors.read(view, ROWS_CONSUMER)
        settled = self._settled(connection)
        before = [cursor.next_offset - 1 for cursor in stand]
        entries = kept.without_leaf(connection, after=before[0], most=most)
        changes = kept.rows_without_leaf(connection, after=before[1], most=most)
        upto = (
            max(before[0], _upto(settled[0], [row.position for row in entries], most=most)),
            max(before[1], _upto(settled[1], [row.number for row in changes], most=most)),
        )
        last = kept.newest(connection)
        return _Read(stand, entries, changes, upto, last.size if last else 0)

    def _settled(self, connection: Connection) -> tuple[int, int]:
        """Up to which position everything that will ever be there is to be seen from now on.

        SQLite has one writer. PostgreSQL gives positions out before their entries are committed,
        to transactions that have a number by then, as they hold a cursor: once all that had begun
        when a position had been given out are over, its entry is there or never will be.
        """
        if connection.dialect.name != "postgresql":
            return last_position(connection), bound.last_number(connection)
        given_out, begun = self._horizon
        position, number = connection.execute(_GIVEN_OUT).one()
        if position < given_out[0] or number < given_out[1]:  # an older state was put back
            self._forget()
            return 0, 0
        if connection.execute(_OVER).scalar_one() < begun:
            return 0, 0
        if (position, number) != given_out:
            # Taken after the position was read, so this transaction's number is above those of all
            # who were given one up to there. A snapshot's xmax is not: it is above those that have
            # ended.
            self._horizon = (position, number), connection.execute(_MINE).scalar_one()
        return given_out

    def _loaded(self, view: View) -> CompactRange:
        """The tree so far. What is kept of it has to lead to the last checkpoint, and that has to
        be there once there is a key: the first is signed as the key is made.
        """
        connection, key = view.connection, self._key(view)
        last = kept.newest(connection)  # before the size: others may be growing it
        size = kept.size_of(connection)
        if self._tree is None or self._tree.size != size:
            if last or (key and is_kept(connection)):
                checkpoint = _signed(last, key or self._key(view))
                _require(connection, checkpoint, size=size)
            self._tree = kept.range_of(connection, size)
        return self._tree

    def _key(self, view: View) -> LogKey | None:
        return log_key(view.vault, view.connection, origin=self.origin, create=False)


def _signed(last: Published | None, key: LogKey | None) -> Checkpoint:
    """What was signed last; raises :class:`Damaged` where it is gone, or is another's."""
    if last is None or key is None:
        raise Damaged
    try:
        last.note.signed_by([key.plain.verifier])
        return Checkpoint.parse(last.note.text)
    except (NoCheckpoint, NoNote, NotSigned):
        raise Damaged from None


def _require(connection: Connection, checkpoint: Checkpoint, *, size: int) -> None:
    if checkpoint.size > size:
        raise Damaged
    if kept.range_of(connection, checkpoint.size).root() != checkpoint.root:
        raise Damaged


def _upto(settled: int, numbers: Sequence[int], *, most: int) -> int:
    """How far all has its leaf with these, of which there may be more than were read at once."""
    return min(settled, numbers[-1]) if len(numbers) == most else settled


def _leaves(read: _Read, tree: CompactRange) -> tuple[list[dict[str, Any]], list[Completed]]:
    """The rows of the leaves of what was read, which the tree takes in."""
    made: list[dict[str, Any]] = []
    completed: list[Completed] = []
    for position, salt, found in _hashed(read):
        made.append({"leaf": tree.size, "position": position, "salt": salt, "hash": found})
        completed += tree.append(found)
    return made, completed


def _hashed(read: _Read) -> Iterator[tuple[int, bytes, bytes]]:
    for row in read.entries:
        salt = fresh_salt()
        yield row.position, salt, hash_as_it_is(salt, row)
    for row in read.changes:
        salt = fresh_salt()
        yield -row.number, salt, hash_of_rows(salt, row.number, body=row.body)
