"""Everything the journal has about one case, referral, product or agency's reference."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from schemas.base import Fact
from schemas.message import Message
from stores import codec, journal, products
from stores.rows import look_up
from stores.tables import journal as table
from stores.vault import Vault

_PART = 500


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """A journal entry: its place, when it was recorded (microseconds), and its message."""

    position: int
    recorded_at: int
    chain: str
    message: Message


def about(connection: Connection, vault: Vault, *, wanted: str) -> list[Entry]:
    """The trail of a case, referral or product, or of ``agency/reference``; may be empty."""
    found = rows(connection, wanted=wanted)
    keys = vault.keys(connection, {row.key_id for row in found}, create=False)
    return [
        Entry(row.position, row.recorded_at, row.chain, journal.opened(row, keys)) for row in found
    ]


def rows(
    connection: Connection, *, wanted: str, types: Collection[type[Fact]] = ()
) -> list[Row[Any]]:
    """The same still sealed, in order; ``types``: of these facts alone."""
    subjects = {wanted, products.case_of(connection, wanted) or wanted}
    query = select(table)
    if types:
        # Not the column itself: SQLite would go through all there ever was of these types.
        query = query.where(table.c.type.concat("").in_([type_.type for type_ in types]))
    found: dict[int, Row[Any]] = {}
    for part in _parts({wanted, *_referrals(connection, subjects)}):
        hits = or_(table.c.correlation_id.in_(part), table.c.subject.in_(subjects))
        found |= {row.position: row for row in connection.execute(query.where(hits))}
    return [found[position] for position in sorted(found)]


def latest(connection: Connection, type_: str, *, limit: int) -> list[str]:
    """The referrals of the latest entries of a type, the latest first, each once."""
    query = select(table.c.correlation_id).where(table.c.type == type_)
    rows = connection.execute(query.order_by(table.c.position.desc()).limit(limit))
    return list(dict.fromkeys(rows.scalars()))


def referrals_with(connection: Connection, types: Collection[str], *, after: int) -> set[str]:
    """The referrals of which there is an entry of one of these types behind a position."""
    query = select(table.c.correlation_id).where(table.c.type.in_(types), table.c.position > after)
    return set(connection.execute(query.distinct()).scalars())


def envelope(connection: Connection, message_id: str) -> codec.Sealed | None:
    """The journal's entry of a message, still sealed."""
    row = connection.execute(select(table).where(table.c.message_id == message_id)).one_or_none()
    return None if row is None else journal.sealed(row)


def _referrals(connection: Connection, subjects: Collection[str]) -> Iterable[str]:
    for part in _parts(subjects):
        about = select(table.c.correlation_id).where(table.c.subject.in_(part))
        yield from connection.execute(about.distinct()).scalars()


def _parts(values: Iterable[str]) -> Iterable[list[str]]:
    ordered = sorted(values)
    return (ordered[start : start + _PART] for start in range(0, len(ordered), _PART))


def caused(connection: Connection, *, about: Collection[str], by: str) -> set[str]:
    """The types of what a message has caused so far that is about one of these."""
    query = select(table.c.type).where(
        table.c.correlation_id.in_(about), table.c.causation_id == by
    )
    return set(connection.execute(query).scalars())


def causes(connection: Connection, about: Collection[str]) -> dict[str, str | None]:
    """What caused each message that is about one of these."""
    found: dict[str, str | None] = {}
    for part in _parts(about):
        query = select(table.c.message_id, table.c.causation_id)
        rows = connection.execute(query.where(table.c.correlation_id.in_(part)))
        found |= {row.message_id: row.causation_id for row in rows}
    return found


def correlations(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """What each of these messages is about, as far as the journal has them."""
    columns = (table.c.message_id, table.c.correlation_id)
    found = look_up(connection, columns, by=table.c.message_id, values=list(ids))
    return {row.message_id: row.correlation_id for row in found}
