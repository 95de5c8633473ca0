"""Which rows every transaction left changed: what `hub audit verify` holds the tables against.

The journal is append-only and has its chains and its tree. All other tables change in the course of
work, and whoever may write the database could change them too. So every transaction records of each
row that it wrote what that is from now on, or that it is gone: in one further row, sealed, which
gets its leaf in the tree like an entry of the journal. Without the hub's key nobody can make one,
alter one, or use one again in another place.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, repeat
from types import NoneType
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Integer, Row, RowMapping, Table, func, select, text

from stores.rows import Clash, insert, look_up
from stores.tables import METADATA, bound
from stores.vault import DataKey, Vault

KEY_ID: Final = "rows"
"""The key that seals them: the hub's own, which is wrapped like all others."""
RECORD: Final = frozenset({"journal", "leaves", "subtrees", "checkpoints", "bound"})
"""Tables that only grow, and are compared with each other and with what was signed."""

_AT_ONCE: Final = 5_000
"""Changes in one row, so that what is opened at once stays small."""
_DIGEST: Final = 16
_THERE: Final = bytes(_DIGEST)
_HEAD: Final = struct.Struct(">BBH")
_EMPTIED, _GONE, _IS = range(3)
_PLAIN: Final = frozenset({str, int, bytes, NoneType})
"""What databases give back; a text of a narrower type comes back as a text."""
_BETWEEN: Final = "\t"
_LAST: Final = select(func.coalesce(func.max(bound.c.number), 0))
_TAKEN: Final = text("SELECT nextval('bound_number_seq') FROM generate_series(1, :count)")


Values = Mapping[str, Any] | RowMapping
"""A row by its columns, as it is to be written or as it was read."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How the rows of a table are bound. ``number`` says which it is, and is never given again.

    ``by``: the columns that say which row it is. ``besides``: what may change without being
    recorded, as it only says whose turn it is, or is checked otherwise. ``apart``: rows that are
    not bound.
    """

    number: int
    by: tuple[str, ...]
    besides: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()


ROWS_CONSUMER: Final = "tree/rows"
"""Whose cursor says up to which number all that there will ever be here has its leaf."""
TABLES: Final[Mapping[str, Kept]] = {
    "keys": Kept(1, ("key_id",)),
    "states": Kept(2, ("step", "key")),
    "people": Kept(3, ("number",)),
    "person_keys": Kept(4, ("number", "key")),
    "reference_versions": Kept(5, ("key", "number")),
    "products": Kept(6, ("product_id",)),
    "pictures": Kept(7, ("id",)),
    "policies": Kept(8, ("number",)),
    # Who holds a letter, and until when: leases come and go many times a second.
    "letters": Kept(9, ("id",), frozenset({"position", "attempts", "leased_until"})),
    "dead_letters": Kept(10, ("id",), frozenset({"position"})),
    "timers": Kept(11, ("id",)),
    "inbox": Kept(12, ("step", "message_id", "after"), frozenset({"position"})),
    "arrivals": Kept(13, ("key",)),
    "reds": Kept(14, ("referral_id",)),
    # Heads of chains are compared with the journal, and the tree looks anew wherever it stands.
    "cursors": Kept(
        15,
        ("name",),
        besides=frozenset({"sequence", "hash", "progressed_at"}),
        apart=frozenset({"tree", ROWS_CONSUMER}),
    ),
    "outbox": Kept(16, ("position",)),
    "failures": Kept(17, ("part",)),
    "pauses": Kept(18, ("what", "name")),
    "reference_parts": Kept(19, ("part", "subject")),
}
"""Every table whose rows change, and how they are bound."""


class Change(NamedTuple):
    """A row of a table from now on: its digest, or None where it is gone; of ``row`` None, all rows
    of the table are gone.
    """

    table: int
    row: str | None
    digest: bytes | None


@cache
def columns_of(table: Table) -> tuple[str, ...]:
    """The columns of a table that are bound, in its order."""
    besides = TABLES[table.name].besides
    return tuple(column.name for column in table.c if column.name not in besides)


@cache
def _is_all_key(table: Table) -> bool:
    """Whether a row is nothing but numbers that say which it is: then its name says all of it."""
    by = TABLES[table.name].by
    return {*by} == {*columns_of(table)} and all(isinstance(table.c[n].type, Integer) for n in by)


def rows_called(table: str, rows: Iterable[Values]) -> list[str]:
    """What each of these rows is called: its key, in words that the database has too."""
    by, *more = TABLES[table].by
    if not more:
        return [str(row.get(by)) for row in rows]
    names = (by, *more)
    return [_BETWEEN.join([str(row.get(name)) for name in names]) for row in rows]


def digests_of(key: DataKey, table: Table, *, rows: Iterable[Values]) -> list[bytes]:
    """A keyed digest of what is bound of each row: of its values as Python writes them down, which
    tells any two apart, NULL and 'None' too, and behind them of what is sealed, of which they say
    the length.

    Every row that is written passes here, so what is the same for all of them is looked up once,
    and what is long is not written down anew.
    """
    if _is_all_key(table):
        return [_THERE for _ in rows]
    number, names, digest = TABLES[table.name].number, columns_of(table), key.digest
    digests = []
    for row in rows:
        written = [row.get(name) for name in names]
        kinds = {*map(type, written)}
        if not _PLAIN.issuperset(kinds):
            written = [str.__str__(one) if isinstance(one, str) else one for one in written]
        sealed = [one for one in written if type(one) is bytes] if bytes in kinds else ()
        if sealed:
            written = [(len(one),) if type(one) is bytes else one for one in written]
        digests.append(digest(b"".join((f"{number}{written}".encode(), *sealed))))
    return digests


@dataclass(slots=True)
class Changes:
    """What a transaction has written so far; of each row only the last counts."""

    rows: dict[str, dict[str, Values | None]] = field(default_factory=dict)
    """By table, and by what a row of it is called; None where it is gone."""
    is_upgrade: bool = False
    """Whether tables themselves change, so that all of them are recorded anew behind it."""

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """These rows are as they are given, with all of their columns that are not empty."""
        apart, written = TABLES[table.name].apart, self.rows.setdefault(table.name, {})
        written |= zip(rows_called(table.name, rows), rows, strict=True)
        for place in apart:
            written.pop(place, None)

    def gone(self, table: Table, rows: Iterable[Values]) -> None:
        """These rows, of which the keys are given, are there no more."""
        gone = dict.fromkeys(rows_called(table.name, rows))
        self.rows.setdefault(table.name, {}).update(gone)

    def write(self, connection: Connection, vault: Vault) -> None:
        """Record all of it, as the last that the transaction does: a row that two transactions
        change is held by the first until it ends, so their numbers tell which was first.
        """
        if self.is_upgrade or not (any(self.rows.values()) or vault.made(connection)):
            return
        key = vault.keys(connection, [KEY_ID], create=True)[KEY_ID]
        self.put(METADATA.tables["keys"], vault.made(connection))
        _record(connection, key, changes=self._changes(key))

    def _changes(self, key: DataKey) -> Iterator[Change]:
        for name, rows in self.rows.items():
            number, table = TABLES[name].number, METADATA.tables[name]
            here = {place: row for place, row in rows.items() if row is not None}
            yield from _written(number, here, digests_of(key, table, rows=here.values()))
            yield from (Change(number, place, None) for place, row in rows.items() if row is None)


def _written(number: int, called: Iterable[str], digests: Iterable[bytes]) -> Iterator[Change]:
    return map(Change, repeat(number), called, digests)


def ours(connection: Connection, table: Table, *, rows: Sequence[Values]) -> list[Values]:
    """Those of these rows that are there as they are given, where others may have been first."""
    by, *more = TABLES[table.name].by
    if more:  # their keys say all of them, or whoever was first is a conflict
        return [*rows]
    names = columns_of(table)
    wanted = [row[by] for row in rows]
    columns = tuple(table.c[name] for name in names)
    found = {
        row._mapping[by]: [row._mapping[name] for name in names]
        for row in look_up(connection, columns, by=table.c[by], values=wanted)
    }
    return [row for row in rows if found.get(row[by]) == [row.get(name) for name in names]]


def anew(connection: Connection, vault: Vault, *, names: Iterable[str] = TABLES) -> None:
    """Record every row of these tables as it is now: after an upgrade, which changes rows as it
    likes, or where a whole table was made again.
    """
    key = vault.keys(connection, [KEY_ID], create=True)[KEY_ID]
    _record(connection, key, changes=_as_they_are(connection, key, names=names))


def _as_they_are(connection: Connection, key: DataKey, *, names: Iterable[str]) -> Iterator[Change]:
    for name in names:
        kept, table = TABLES[name], METADATA.tables[name]
        yield Change(kept.number, None, None)
        every = (row._mapping for row in rows_of(connection, table))
        while page := list(islice(every, _AT_ONCE)):
            digests = digests_of(key, table, rows=page)
            yield from _written(kept.number, rows_called(name, page), digests)


def rows_of(connection: Connection, table: Table) -> Iterator[Row[Any]]:
    """Every row of a table that is bound, with those columns, a page in memory."""
    kept = TABLES[table.name]
    query = select(*(table.c[name] for name in columns_of(table)))
    if kept.apart:
        query = query.where(table.c[kept.by[0]].not_in(kept.apart))
    yield from connection.execute(query, execution_options={"yield_per": 2000})


def last_number(connection: Connection) -> int:
    """The number of what was recorded last; 0 where nothing was."""
    return int(connection.execute(_LAST).scalar_one())


def _record(connection: Connection, key: DataKey, *, changes: Iterator[Change]) -> None:
    while part := list(islice(changes, _AT_ONCE)):
        (number,) = _numbers(connection, 1)
        body = key.seal(_packed(part), bound_to=str(number))
        insert(connection, bound, rows=[{"number": number, "body": body}], clash=Clash.FAIL)


def _numbers(connection: Connection, count: int) -> Sequence[int]:
    if connection.dialect.name == "postgresql":
        return connection.execute(_TAKEN, {"count": count}).scalars().all()
    last = last_number(connection)
    return range(last + 1, last + 1 + count)


def _packed(changes: Iterable[Change]) -> bytes:
    return zlib.compress(b"".join(map(_one_packed, changes)), 1)


def _one_packed(change: Change) -> bytes:
    if change.row is None:
        return _HEAD.pack(change.table, _EMPTIED, 0)
    row = change.row.encode()
    kind = _GONE if change.digest is None else _IS
    return _HEAD.pack(change.table, kind, len(row)) + row + (change.digest or b"")


def opened(key: DataKey, number: int, *, body: bytes) -> Iterator[Change]:
    """What a transaction recorded; raises ``Unreadable`` where that is not what it was."""
    packed, at = zlib.decompress(key.open(body, bound_to=str(number))), 0
    while at < len(packed):
        table, kind, length = _HEAD.unpack_from(packed, at)
        at += _HEAD.size
        row = packed[at : at + length].decode() if kind != _EMPTIED else None
        at += length
        yield Change(table, row, packed[at : at + _DIGEST] if kind == _IS else None)
        at += _DIGEST if kind == _IS else 0
