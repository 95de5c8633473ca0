"""What the journal has about links: decisions on a referral, and by humans. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select

from schemas.base import Fact
from stores import journal
from stores.database import View
from stores.tables import journal as table
from stores.trail import Entry
from stores.vault import Vault

_PAGE = 1000


def referrals_of(connection: Connection, wanted: str) -> list[str]:
    """The referrals to which an id or an ``agency/reference`` leads.

    The id of a referral, or of any message about it.
    """
    known = or_(
        table.c.correlation_id == wanted, table.c.subject == wanted, table.c.message_id == wanted
    )
    query = (
        select(table.c.correlation_id, func.min(table.c.position))
        .where(known)
        .group_by(table.c.correlation_id)
    )
    return [
        row.correlation_id for row in connection.execute(query.order_by(func.min(table.c.position)))
    ]


def about(
    connection: Connection, vault: Vault, *, ids: Collection[str], types: Iterable[type[Fact]]
) -> list[Entry]:
    """Facts of these types about these referrals or cases, in order."""
    return _opened(connection, vault, rows=_about(connection, ids, types))


def made_of(
    view: View,
    *,
    ids: Collection[str],
    types: Iterable[type[Fact]],
    make: Callable[[Entry], M],
) -> list[M]:
    """What is made of each of the same, for pages, which show the same again and again: a fact
    whose bytes are unchanged is not opened again, as long as its key is there.
    """
    rows = _about(view.connection, ids, types)
    keys = view.vault.keys(view.connection, {row.key_id for row in rows}, create=False)
    known = view.decoded.of((made_of, make), most=_MADE)

    def made(row: Row[Any], _payload: bytes = b"") -> M:
        message = journal.opened(row, keys)
        return make(Entry(row.position, row.recorded_at, row.chain, message))

    return [
        known.get(row.message_id, row.payload, decode=partial(made, row))
        if row.key_id in keys
        else made(row)
        for row in rows
    ]


M = TypeVar("M")
_MADE = 5000


def _about(
    connection: Connection, ids: Collection[str], types: Iterable[type[Fact]]
) -> list[Row[Any]]:
    # Not the column itself: SQLite would go through all there ever was of these types.
    of_types = table.c.type.concat("").in_([type_.type for type_ in types])
    rows: dict[int, Row[Any]] = {}
    for part in _parts(ids):
        hits = or_(table.c.correlation_id.in_(part), table.c.subject.in_(part))
        found = connection.execute(select(table).where(hits, of_types))
        rows |= {row.position: row for row in found}
    return [rows[position] for position in sorted(rows)]


def last_of(
    connection: Connection, ids: Collection[str], *, types: Iterable[type[Fact]]
) -> dict[str, int]:
    """The position of the last fact of one of these types about each referral that has one."""
    of_types = table.c.type.concat("").in_([type_.type for type_ in types])
    found: dict[str, int] = {}
    for part in _parts(ids):
        query = select(table.c.correlation_id, func.max(table.c.position))
        hits = query.where(table.c.correlation_id.in_(part), of_types)
        rows = connection.execute(hits.group_by(table.c.correlation_id))
        found |= {row[0]: row[1] for row in rows}
    return found


def every(
    connection: Connection, vault: Vault, *, type_: type[Fact], since: int | None = None
) -> Iterator[Entry]:
    """Every fact of a type in order; ``since`` when it was recorded (microseconds)."""
    position = 0
    while True:
        behind = select(table).where(table.c.type == type_.type, table.c.position > position)
        rows = connection.execute(behind.order_by(table.c.position).limit(_PAGE)).all()
        if not rows:
            return
        position = rows[-1].position
        yield from _opened(
            connection,
            vault,
            rows=[row for row in rows if since is None or row.recorded_at >= since],
        )


def from_outside(view: View, *, type_: type[Fact]) -> Iterator[Entry]:
    """Every fact of a type that no step made of another, in order."""
    return _pages(view, table.c.type == type_.type, table.c.causation_id.is_(None))


def within(
    view: View, *, type_: type[Fact], period: tuple[int, int], but: Container[int] = ()
) -> Iterator[Entry]:
    """Every fact of a type behind one position and up to another, in order; ``but``: positions of
    those that are not asked for, which are not opened.
    """
    after, upto = period
    wanted = table.c.type == type_.type, table.c.position <= upto
    return _pages(view, *wanted, after=after, but=but)


def newest_first(
    view: View,
    *,
    types: Iterable[type[Fact]],
    period: tuple[int, int],
    from_outside: bool = False,
) -> Iterator[tuple[int, int, str]]:
    """Position, when recorded, and referral of the facts of these types behind one position and up
    to another; ``from_outside``: that no step made of another.
    """
    after, upto = period
    # Not the column itself: SQLite would sort all there ever was of these types.
    of_types = table.c.type.concat("").in_([type_.type for type_ in types])
    query = select(table.c.position, table.c.recorded_at, table.c.correlation_id)
    query = query.where(of_types, table.c.position > after)
    query = query.where(table.c.causation_id.is_(None)) if from_outside else query
    query = query.order_by(table.c.position.desc()).limit(_PAGE)
    while rows := view.connection.execute(query.where(table.c.position <= upto)).all():
        yield from ((row.position, row.recorded_at, row.correlation_id) for row in rows)
        upto = rows[-1].position - 1


def _pages(
    view: View, *wanted: ColumnElement[bool], after: int = 0, but: Container[int] = ()
) -> Iterator[Entry]:
    """Those that can be opened, and of the others that they are there."""
    position = after
    while True:
        behind = select(table).where(*wanted, table.c.position > position)
        rows = view.connection.execute(behind.order_by(table.c.position).limit(_PAGE)).all()
        if not rows:
            return
        position = rows[-1].position
        keys = view.vault.readable(view.connection, {row.key_id for row in rows})
        yield from (
            Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys))
            for row in rows
            if row.position not in but
        )


def at(view: View, positions: Collection[int]) -> list[Entry]:
    """The facts at these positions, in order: also those that cannot be opened."""
    rows = sorted(journal.rows_at(view.connection, positions), key=lambda row: row.position)
    keys = view.vault.readable(view.connection, {row.key_id for row in rows})
    return [
        Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys)) for row in rows
    ]


def count(connection: Connection, type_: type[Fact]) -> int:
    """How many facts of a type there are."""
    return connection.execute(select(func.count()).where(table.c.type == type_.type)).scalar_one()


def _opened(connection: Connection, vault: Vault, *, rows: Sequence[Row[Any]]) -> list[Entry]:
    keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
    return [
        Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys)) for row in rows
    ]


def _parts(values: Iterable[str], size: int = 500) -> Iterator[list[str]]:
    ordered = sorted(values)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
