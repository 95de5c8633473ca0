"""How entries come into the tree: behind those who write them, in the order in which they last.

Whoever appends to the journal knows nothing of it and waits for nothing. What is committed is read
here and given its number, and only then is a checkpoint signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from stores import cursors
from stores.cursors import Cursor
from stores.database import Conflict, Database, Transaction, View
from stores.overview import last_position
from stores.ports import Unavailable
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.kept import Damaged, Published
from stores.tree.keys import LogKey, log_key
from stores.tree.leaf import fresh_salt, hash_as_it_is
from stores.tree.merkle import CompactRange, Completed
from stores.tree.notes import NoNote, NotSigned

CONSUMER: Final = "tree"
"""Whose cursor says up to which position every entry that there will ever be has its leaf."""
_AT_ONCE: Final = 2000

_GIVEN_OUT = text("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM journal_position_seq")
_MINE = text("SELECT pg_current_xact_id()::text::bigint")
_OVER = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")


@dataclass(frozen=True, slots=True)
class _Read:
    """What a look at the store found."""

    cursor: Cursor
    rows: Sequence[Row[Any]]
    settled: int
    """No entry with a position up to this one is still to come."""
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
    _horizon: tuple[int, int] = (0, 0)
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
        self._tree, self._horizon = None, (0, 0)

    def _once(self) -> int:
        now = self.database.clock()
        with self.database.view() as view:
            read = self._read(view)
            tree = self._loaded(view)
        is_all = len(read.rows) < self.at_once
        grown = tree.copy()
        rows, completed = _leaves(read.rows, grown)
        unsigned = is_all and grown.size > read.signed
        if rows or unsigned or read.settled >= read.cursor.next_offset:
            self._write(read, rows, completed, grown=grown, signs=now if unsigned else None)
        self._tree = grown
        return len(rows)

    def _write(
        self,
        read: _Read,
        rows: Sequence[dict[str, Any]],
        completed: Sequence[Completed],
        *,
        grown: CompactRange,
        signs: int | None,
    ) -> None:
        with self.database.transaction() as transaction:
            cursors.lock_unmoved(transaction, read.cursor)
            if kept.size_of(transaction.connection) != grown.size - len(rows):
                raise Conflict("another has grown the tree")
            kept.add(transaction, rows, completed=completed)
            if signs is not None:
                self._sign(transaction, grown, now=signs)
            read.cursor.next_offset = read.settled + 1
            cursors.store(transaction, read.cursor)

    def _sign(self, transaction: Transaction, tree: CompactRange, *, now: int) -> None:
        key = log_key(transaction.vault, transaction.connection, self.origin, create=True)
        assert key is not None
        checkpoint = Checkpoint(self.origin, tree.size, tree.root())
        note = key.sign(checkpoint, time=now // 1_000_000)
        kept.publish(transaction, Published(tree.size, now, note))

    def _read(self, view: View) -> _Read:
        connection, cursor = view.connection, cursors.read(view, CONSUMER)
        settled = self._settled(connection)
        rows = kept.without_leaf(connection, after=cursor.next_offset - 1, most=self.at_once)
        if len(rows) == self.at_once:
            settled = min(settled, rows[-1].position)
        last = kept.newest(connection)
        settled = max(settled, cursor.next_offset - 1)
        return _Read(cursor, rows, settled, last.size if last else 0)

    def _settled(self, connection: Connection) -> int:
        """Up to which position everything that will ever be there is to be seen from now on.

        SQLite has one writer. PostgreSQL gives positions out before their entries are committed,
        to transactions that have a number by then, as they hold a cursor: once all that had begun
        when a position had been given out are over, its entry is there or never will be.
        """
        if connection.dialect.name != "postgresql":
            return last_position(connection)
        given_out, begun = self._horizon
        position = connection.execute(_GIVEN_OUT).scalar_one()
        if position < given_out:  # an older state of the database was put back
            self._forget()
            return 0
        if connection.execute(_OVER).scalar_one() < begun:
            return 0
        if position > given_out:
            # Taken after the position was read, so this transaction's number is above those of all
            # who were given one up to there. A snapshot's xmax is not: it is above those that have
            # ended.
            self._horizon = position, connection.execute(_MINE).scalar_one()
        return given_out

    def _loaded(self, view: View) -> CompactRange:
        """The tree so far. What is kept of it has to lead to the last checkpoint, and that has to
        be there once there is a key: the first is signed as the key is made.
        """
        connection, key = view.connection, self._key(view)
        last = kept.newest(connection)  # before the size: others may be growing it
        size = kept.size_of(connection)
        if self._tree is None or self._tree.size != size:
            if key or last:
                checkpoint = _signed(last, key or self._key(view))
                _require(connection, checkpoint, size=size)
            self._tree = kept.range_of(connection, size)
        return self._tree

    def _key(self, view: View) -> LogKey | None:
        return log_key(view.vault, view.connection, self.origin, create=False)


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


def _leaves(
    rows: Sequence[Row[Any]], tree: CompactRange
) -> tuple[list[dict[str, Any]], list[Completed]]:
    """The rows of the leaves of these entries, which the tree takes in."""
    made, completed = [], []
    for row in rows:
        salt = fresh_salt()
        found = hash_as_it_is(salt, row)
        leaf = {"leaf": tree.size, "position": row.position, "salt": salt, "hash": found}
        made.append(leaf)
        completed += tree.append(found)
    return made, completed
