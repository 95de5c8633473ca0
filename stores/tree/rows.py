"""Whether every table holds what transactions recorded that they left there."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from sqlalchemy import text

from stores import bound, cursors, erasing
from stores.bound import KEY_ID, ROWS_CONSUMER, TABLES, Change
from stores.database import View
from stores.journal import Flaw
from stores.tables import METADATA
from stores.tree.leaf import SALT, hash_of_rows
from stores.vault import DataKey, Unreadable

_PAGE: Final = 1000
_RECORDED = text(
    "SELECT bound.number, bound.body, leaves.leaf, leaves.salt, leaves.hash FROM bound "
    "LEFT JOIN leaves ON leaves.position = -bound.number "
    "WHERE bound.number > :after ORDER BY bound.number LIMIT :most"
)
_GONE = text(
    "SELECT leaf, position FROM leaves WHERE position < 0 AND NOT EXISTS "
    "(SELECT 1 FROM bound WHERE bound.number = -leaves.position) ORDER BY leaf"
)
_NAMES: Final = {kept.number: name for name, kept in TABLES.items()}
_MAKE: Final = """
    PRAGMA journal_mode=OFF;
    PRAGMA synchronous=OFF;
    CREATE TABLE said (tab INTEGER, row TEXT, digest BLOB, PRIMARY KEY (tab, row)) WITHOUT ROWID;
    CREATE TABLE found (row TEXT PRIMARY KEY, digest BLOB) WITHOUT ROWID;
"""
_SAY: Final = "INSERT OR REPLACE INTO said VALUES (?, ?, ?)"
_UNSAY: Final = "DELETE FROM said WHERE tab = ? AND row = ?"
_UNSAY_ALL: Final = "DELETE FROM said WHERE tab = ?"
_FIND: Final = "INSERT OR REPLACE INTO found VALUES (?, ?)"
_DIFFERENT: Final = """
    SELECT row, CASE WHEN found.row IS NULL THEN 'deleted' ELSE 'altered' END
    FROM said LEFT JOIN found USING (row)
    WHERE said.tab = ? AND found.digest IS NOT said.digest
"""
_PUT_IN: Final = """
    SELECT row, 'inserted' FROM found
    WHERE NOT EXISTS (SELECT 1 FROM said WHERE said.tab = ? AND said.row = found.row)
"""
_DESTROYED: Final = "destroyed without a leaf that says so"


@dataclass(slots=True)
class LookingAtRows:
    """Follows what was recorded of every row, and then compares every table with it.

    What is said of so many rows is kept in a file of its own that is gone with this, so that it
    takes little memory.
    """

    view: View
    changes: int = 0
    """How many transactions recorded what they changed."""
    pending: int = 0

    def check(self, tables: Iterable[str] = tuple(TABLES)) -> Iterator[Flaw]:
        """What was altered, deleted, or put in, by table and row; and what is recorded of that."""
        key = self._key()
        with closing(sqlite3.connect("")) as said:
            said.executescript(_MAKE)
            yield from self._follow(said, key)
            for row in self.view.connection.execute(_GONE):
                yield Flaw("", 0, None, "deleted", leaf=row.leaf, table="bound", row=_gone(row))
            if key is None and self.changes:
                yield Flaw("", 0, None, "key of the rows missing", table="keys", row=KEY_ID)
            if key is not None:
                for name in tables:
                    yield from self._compare(said, key, name=name)

    def _key(self) -> DataKey | None:
        try:
            found = self.view.vault.keys(self.view.connection, [KEY_ID], create=False)
        except Unreadable:
            return None
        return found.get(KEY_ID)

    def _follow(self, said: sqlite3.Connection, key: DataKey | None) -> Iterator[Flaw]:
        """Every record in its order, beside its leaf."""
        after, through = -1, cursors.read(self.view, ROWS_CONSUMER).next_offset - 1
        while rows := self.view.connection.execute(
            _RECORDED, {"after": after, "most": _PAGE}
        ).all():
            after = rows[-1].number
            self.changes += len(rows)
            for row in rows:
                self.pending += row.leaf is None
                if what := self._amiss(row, through):
                    yield _of_record(row, what)
                elif key is not None and not _follow_one(said, key, row=row):
                    yield _of_record(row, "cannot be opened")

    def _amiss(self, row: Any, through: int) -> str | None:
        if row.leaf is None:
            return "not in the tree" if row.number <= through else None
        salt = row.salt if isinstance(row.salt, bytes) and len(row.salt) == SALT else bytes(SALT)
        return None if hash_of_rows(salt, row.number, body=row.body) == row.hash else "rewritten"

    def _compare(self, said: sqlite3.Connection, key: DataKey, *, name: str) -> Iterator[Flaw]:
        table, number = METADATA.tables[name], TABLES[name].number
        said.execute("DELETE FROM found")
        rows = bound.rows_of(self.view.connection, table)
        empty: set[str] = set()
        while page := [row._mapping for row in islice(rows, _PAGE)]:
            names = bound.rows_called(name, page)
            digests = bound.digests_of(key, table, rows=page)
            said.executemany(_FIND, zip(names, digests, strict=True))
            if name == "keys":
                empty |= {one["key_id"] for one in page if one["wrapped"] is None}
        by_hand = empty - erasing.erased(self.view).keys() if empty else empty
        for row in sorted(by_hand):
            yield Flaw("", 0, None, _DESTROYED, table=name, row=row)
        for query in (_DIFFERENT, _PUT_IN):
            for row, what in said.execute(query, (number,)):
                if row not in by_hand:
                    yield Flaw("", 0, None, what, table=name, row=row.replace("\t", " "))


def _follow_one(said: sqlite3.Connection, key: DataKey, *, row: Any) -> bool:
    """Take in what a transaction recorded; False where that cannot be read."""
    try:
        _take_in(said, bound.opened(key, row.number, body=row.body))
    except (Unreadable, TypeError, zlib.error):
        return False
    return True


def _take_in(said: sqlite3.Connection, changes: Iterable[Change]) -> None:
    for change in changes:
        if change.row is None:
            said.execute(_UNSAY_ALL, (change.table,))
        elif change.digest is None:
            said.execute(_UNSAY, (change.table, change.row))
        else:
            said.execute(_SAY, (change.table, change.row, change.digest))


def _of_record(row: Any, what: str) -> Flaw:
    return Flaw("", 0, None, what, leaf=row.leaf, table="bound", row=str(row.number))


def _gone(row: Any) -> str:
    return str(-row.position)
