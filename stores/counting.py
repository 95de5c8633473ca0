"""What a run's summary counts in the journal: facts by kind, and those of chosen kinds."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, func, select

from schemas.message import Message
from stores import journal as entries
from stores.database import Database, View
from stores.tables import journal, letters

_PAGE = 2000


def by_type(connection: Connection, *, after: int = 0, until: int | None = None) -> dict[str, int]:
    """How many facts of each type stand behind a position, up to ``until`` where that is given."""
    query = select(journal.c.type, func.count()).where(journal.c.position > after)
    if until is not None:
        query = query.where(journal.c.position <= until)
    return {row[0]: row[1] for row in connection.execute(query.group_by(journal.c.type))}


def letters_waiting(connection: Connection) -> int:
    """How many letters nobody has acknowledged."""
    return int(connection.execute(select(func.count()).select_from(letters)).scalar_one())


def came_from(
    connection: Connection, sources: Collection[str], *, type_: str, after: int, until: int
) -> list[tuple[str, str]]:
    """The id and subject of each fact of a type from these sources behind a position, up to
    ``until``.
    """
    query = select(journal.c.message_id, journal.c.subject).where(
        journal.c.type == type_,
        journal.c.position > after,
        journal.c.position <= until,
        journal.c.source.in_(sources),
    )
    return [(row.message_id, row.subject) for row in connection.execute(query)]


def newest_of(view: View, type_: str, *, since: int, limit: int) -> list[tuple[Message, int]]:
    """The newest facts of a type since a moment that can be read, newest first, with when each was
    recorded (microseconds).
    """
    query = select(journal).where(journal.c.type == type_).order_by(journal.c.position.desc())
    rows = [row for row in view.connection.execute(query.limit(limit)) if row.recorded_at >= since]
    keys = view.vault.keys(view.connection, {row.key_id for row in rows}, create=False)
    return [(entries.opened(row, keys), row.recorded_at) for row in rows]


def causes(database: Database, type_: str) -> dict[str, str | None]:
    """The id of each fact of a type, with that of its cause; nothing is unsealed."""
    query = select(journal.c.message_id, journal.c.causation_id).where(journal.c.type == type_)
    with database.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def facts_of(database: Database, types: Collection[str], *, after: int = 0) -> Iterator[Message]:
    """Every fact of these types behind a position, in order."""
    with database.reading() as connection:
        last = int(connection.execute(select(func.max(journal.c.position))).scalar() or 0)
    for start in range(after + 1, last + 1, _PAGE):
        yield from _page(database, types, start=start)


def _page(database: Database, types: Collection[str], *, start: int) -> list[Message]:
    on_page = journal.c.position.between(start, start + _PAGE - 1)
    query = select(journal).where(on_page, journal.c.type.in_(types)).order_by(journal.c.position)
    with database.reading() as connection:
        rows = connection.execute(query).all()
        keys = database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        return [entries.opened(row, keys) for row in rows]
