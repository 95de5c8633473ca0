"""F32: any single bit of any row, of any table of a store, is flipped; `hub audit verify` has to
name the row. The store is a file of SQLite, altered with SQL alone by whoever has no key.

Flips that leave the others to be found are made many to a copy, each in a row of its own, and each
has to be named by itself. Those that stop the looking where they are have a copy each.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from ops.look.verify import verify
from stores import cursors, journal
from stores.bound import RECORD, TABLES
from stores.database import Database
from stores.journal import Flaw
from stores.tables import METADATA
from stores.tree.looking import Looking
from stores.tree.rows import LookingAtRows
from stores.vault import Vault
from tests.support import given
from tests.support.full_store import fill_all, grow, place

CONTROLS: Final = ("rows", "tree")
_KEY: Final = bytes(32)
_SHOWN: Final = 5
_ENTRIES: Final = 300
"""Of the journal: more than one full subtree."""
_TOGETHER: Final = 60
_NEVER_TOLD: Final = {("cursors", "progressed_at"), ("letters", "leased_until")} | {
    ("letters", "attempts"),
    *((name, "position") for name in ("letters", "dead_letters", "inbox")),
}
"""Columns of which decision 41 says that they change in the course of work and are not recorded."""
_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "journal": ("position",),
    "leaves": ("leaf",),
    "subtrees": ("level", "number"),
    "checkpoints": ("size",),
    "bound": ("number",),
} | {name: kept.by for name, kept in TABLES.items()}
_ROW: Final = {"subtrees": ("level", "number"), "keys": ("key_id",)}


@dataclass(frozen=True, slots=True)
class Flip:
    """One bit, of a value in a row; ``rows``: what it is called before and after."""

    table: str
    column: str
    bit: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    place: tuple[str, Any]
    """What no other flip of the same copy may be in."""
    alone: bool

    def told(self) -> str:
        """Where it is, for whoever reads the figures."""
        return f"{self.table} {_name(self.table, self.before)} {self.column} bit {self.bit}"

    def is_named(self, flaw: Flaw) -> bool:
        """Whether the flaw says that it is here."""
        both = (self.before, self.after)
        match self.table:
            case "journal":
                ids = {row["message_id"] for row in both}
                return flaw.position in {row["position"] for row in both} or flaw.message_id in ids
            case "leaves":
                return any(_of_leaf(flaw, row) for row in both)
            case "subtrees":
                whole = self.before["number"] << self.before["level"]
                return flaw.what == "subtree altered" and flaw.leaf == whole
            case "checkpoints":
                ends = {row["size"] - 1 for row in both}
                return flaw.what == "checkpoint altered" and flaw.upto in ends
        chains = {row["name"] for row in both} if self.table == "cursors" else set()
        if flaw.chain in chains and flaw.message_id is None:  # the head, not an entry of it
            return True
        names = {_name(self.table, row) for row in both}
        return flaw.table == self.table and flaw.row in names


def prove(
    path: Path, *, flips: int, seed: int, without: str | None, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Flip so many bits, and count those whose row is not named."""
    store, chance = path / "store.db", Random(seed)  # noqa: S311
    _make(store)
    tables, found, unnamed, copies = _read(store), 0, list[str](), 0
    with _without(without):
        assert without or not _flaws(store), "the store has flaws before anything is done to it"
        waiting = list[Flip]()
        for flip in _flips(tables, chance, count=flips):
            together = [flip] if flip.alone else waiting
            if not flip.alone:
                if len(waiting) >= _TOGETHER or flip.place in {one.place for one in waiting}:
                    unnamed += _unnamed(store, waiting)
                    copies += 1
                    waiting.clear()
                waiting.append(flip)
                continue
            unnamed += _unnamed(store, together)
            copies += 1
            advance(1)
        unnamed += _unnamed(store, waiting)
    found = flips - len(unnamed)
    return {
        "id": "F32",
        "flips": flips,
        "seed": seed,
        "tables": len(tables),
        "copies": copies + 1,
        "without": without or "",
        "named": found,
        "not_named": len(unnamed),
        "examples": unnamed[:_SHOWN],
    }


def _make(path: Path) -> None:
    """Rows in every table, and a tree of more than one full subtree."""
    database = _open(path)
    database.create_tables()
    fill_all(database)
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "rate/one")
        more = [given.message(given.linked()) for _ in range(_ENTRIES)]
        journal.append(transaction, cursor, messages=more)
        cursors.store(transaction, cursor)
    grow(database)
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _open(path: Path) -> Database:
    return Database(f"sqlite:///{path}", Vault(_KEY))


def _read(path: Path) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return {
            name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]  # noqa: S608
            for name in sorted(METADATA.tables)
        }


def _flips(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], chance: Random, *, count: int
) -> Iterator[Flip]:
    """By chance: of any table, any row, any column that is bound, any bit."""
    made = 0
    while made < count:
        table = chance.choice(sorted(tables))
        row = chance.choice(tables[table])
        columns = [name for name, value in row.items() if _may(table, name, row) and _bits(value)]
        if not columns:
            continue
        column = chance.choice(columns)
        bit = chance.randrange(_bits(row[column]))
        value = _flipped(row[column], bit)
        same_second = column == "made_at" and value // 10**6 == row[column] // 10**6
        flip = _flip(table, column, bit=bit, row=row, value=value)
        if same_second or _is_there(tables[table], flip):  # what was signed has seconds
            continue
        made += 1
        yield flip


def _is_there(rows: Sequence[Mapping[str, Any]], flip: Flip) -> bool:
    """Whether the database would refuse it, as another row is called so."""
    alone = METADATA.tables[flip.table].c[flip.column].unique
    keys = (flip.column,) if alone else _KEYS[flip.table]
    others = (row for row in rows if row is not flip.before)
    return any(all(row[key] == flip.after[key] for key in keys) for row in others)


def _may(table: str, column: str, row: Mapping[str, Any]) -> bool:
    """Cursors of the tree only say where to look, and the tree looks anew wherever they stand."""
    of_tree = table == "cursors" and row["name"] in TABLES["cursors"].apart
    return (table, column) not in _NEVER_TOLD and not (of_tree and column != "name")


def _flip(table: str, column: str, *, bit: int, row: Mapping[str, Any], value: Any) -> Flip:
    place: tuple[str, Any] = (table, _name(table, row))
    if table == "leaves":  # beside what it is the leaf of
        at = row["position"]
        place = ("journal", str(at)) if at > 0 else ("bound", str(-at))
    stops = (
        table in ("checkpoints", "subtrees")
        or (table, column) in {("leaves", "leaf"), ("leaves", "position")}
        or (table == "keys" and row["key_id"] in ("rows", "checkpoints", "hub"))
        or (table == "journal" and column in ("position", "chain", "sequence", "message_id"))
        or (table == "cursors" and column in ("name", "sequence"))
    )
    return Flip(table, column, bit, row, {**row, column: _readable(value)}, place, stops)


def _bits(value: Any) -> int:
    if isinstance(value, int):
        return 63
    if isinstance(value, str):
        return 8 * len(value.encode())
    return 8 * len(value) if isinstance(value, bytes) else 0


def _flipped(value: Any, bit: int) -> Any:
    """The value with one bit otherwise; a text as the bytes that it is kept in."""
    if isinstance(value, int):
        return value ^ (1 << bit)
    raw = bytearray(value.encode() if isinstance(value, str) else value)
    raw[bit // 8] ^= 1 << bit % 8
    return _Text(raw) if isinstance(value, str) else bytes(raw)


class _Text(bytes):
    """Bytes that are kept as a text, whether or not they are one."""


def _readable(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, _Text) else value


def _unnamed(store: Path, flips: Sequence[Flip]) -> list[str]:
    """Those of these that a look at a copy in which they are made does not name."""
    if not flips:
        return []
    copy = store.with_name("copy.db")
    shutil.copy(store, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        for flip in flips:
            _write(connection, flip)
    flaws = _flaws(copy)
    for path in copy.parent.glob("copy.db*"):
        path.unlink()
    left, unnamed = [*flaws], []
    for flip in flips:
        mine = [flaw for flaw in left if flip.is_named(flaw)]
        if not mine:
            unnamed.append(flip.told())
        left = [flaw for flaw in left if flaw not in mine]
    return unnamed


def _write(connection: sqlite3.Connection, flip: Flip) -> None:
    value = _flipped(flip.before[flip.column], flip.bit)
    put = "CAST(? AS TEXT)" if isinstance(value, _Text) else "?"
    keys = _KEYS[flip.table]
    where = " AND ".join(f"{name} IS ?" for name in keys)
    changed = connection.execute(
        f"UPDATE {flip.table} SET {flip.column} = {put} WHERE {where}",  # noqa: S608 - ours
        (
            bytes(value) if isinstance(value, bytes) else value,
            *(flip.before[name] for name in keys),
        ),
    )
    assert changed.rowcount == 1


def _flaws(path: Path) -> list[Flaw]:
    database = _open(path)
    try:
        return verify(place(database), contents=False).flaws
    finally:
        database.close()


def _name(table: str, row: Mapping[str, Any]) -> str:
    return " ".join(str(row[name]) for name in _KEYS[table])


def _of_leaf(flaw: Flaw, row: Mapping[str, Any]) -> bool:
    if flaw.leaf is not None and flaw.leaf <= row["leaf"] <= (flaw.upto or flaw.leaf):
        return True
    at = row["position"]
    return flaw.position == at or (flaw.table == "bound" and flaw.row == str(-at))


@contextmanager
def _without(what: str | None) -> Iterator[None]:
    """A control: nobody looks there."""
    if what == "rows":
        with patch.object(LookingAtRows, "check", lambda *_: iter(())):
            yield
    elif what == "tree":
        with (
            patch.object(Looking, "check", lambda *_: iter(())),
            patch.object(Looking, "finish", lambda *_: iter(())),
        ):
            yield
    else:
        yield


assert {*_KEYS} == {*METADATA.tables} == {*TABLES, *RECORD}
