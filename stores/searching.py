"""Entries of the journal found by what an id or reference begins with, or by all of it, from its
indexes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from stores import journal as entries
from stores.tables import journal, outbox
from stores.trail import Entry
from stores.vault import Vault

BY: Final = {
    "message": journal.c.message_id,
    "subject": journal.c.subject,
    "referral": journal.c.correlation_id,
}
"""All that is searched, each by an index of its own: ids, and what a message is about."""


def beginning(column: str, start: str, *, limit: int) -> Select[Any]:
    """The positions of entries whose column begins so, as a query."""
    found = BY[column]
    after = start[:-1] + chr(ord(start[-1]) + 1)
    asked = select(journal.c.position, found.label("found"))
    return asked.where(found >= start, found < after).order_by(found).limit(limit)


def positions(
    connection: Connection,
    asked: Iterable[tuple[str, str]],
    *,
    called: Collection[str] = (),
    limit: int,
) -> list[int]:
    """Of what begins so in these (column, beginning), so many of each, and so many of what is about
    one of these subjects; the newest first.
    """
    about = select(journal.c.position).where(journal.c.subject.in_(list(called))).limit(limit)
    found = set(connection.execute(about).scalars()) if called else set[int]()
    for column, start in asked:
        rows = connection.execute(beginning(column, start, limit=limit))
        # By its own rules a database may order what does not begin so between.
        found |= {row.position for row in rows if row.found.startswith(start)}
    return sorted(found, reverse=True)


def newest(types: Collection[str] | None, *, limit: int) -> Select[Any]:
    """The newest positions, of all types or of one after another, as a query."""
    asked = select(journal.c.position)
    if types is not None:
        asked = asked.where(journal.c.type.in_(list(types)))
    return asked.order_by(journal.c.position.desc()).limit(limit)


def tail(connection: Connection, types: Collection[str], *, limit: int) -> list[int]:
    """The positions of the newest entries of these types, the newest first; of none, of any."""
    if not types:
        return [row.position for row in connection.execute(newest(None, limit=limit))]
    each = (connection.execute(newest([one], limit=limit)) for one in types)
    return sorted((row.position for rows in each for row in rows), reverse=True)[:limit]


def opened(connection: Connection, vault: Vault, *, at: Collection[int]) -> list[Entry]:
    """The entries at these positions, in their order."""
    rows: list[Row[Any]] = [
        *connection.execute(select(journal).where(journal.c.position.in_(list(at))))
    ]
    keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
    return sorted(
        (Entry(r.position, r.recorded_at, r.chain, entries.opened(r, keys)) for r in rows),
        key=lambda one: one.position,
    )


def unsent(connection: Connection, at: Collection[int]) -> set[int]:
    """Those of these positions that have not reached their topics yet."""
    asked = select(outbox.c.position).where(outbox.c.position.in_(list(at)))
    return set(connection.execute(asked).scalars())
