"""Wrapping every key anew, by another key-encryption key; what they seal stays as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update

from stores.database import Database
from stores.tables import keys
from stores.vault import Vault
from stores.wrapping import named, unwrapped, wrapped

_PAGE = 1000
_LIVING = keys.c.wrapped.is_not(None)
_NEXT = (
    select(keys)
    .where(_LIVING, keys.c.key_id > bindparam("after"))
    .order_by(keys.c.key_id)
    .limit(_PAGE)
)
_CHANGED = update(keys).where(keys.c.key_id == bindparam("at")).values(wrapped=bindparam("anew"))


def count(database: Database) -> int:
    """How many keys there are that were not destroyed."""
    with database.reading() as connection:
        living = select(func.count()).select_from(keys).where(_LIVING)
        return int(connection.execute(living).scalar_one())


def wrap_anew(database: Database, *, after: str) -> tuple[int, int, str | None]:
    """The next keys behind ``after``, wrapped by what wraps now, in a transaction of their own.

    Answers how many were looked at and how many of them were wrapped anew, and behind which the
    next come; None at the end. Raises ``Unreadable``; then those of this page are as they were.
    """
    with database.transaction() as transaction:
        rows = transaction.connection.execute(_NEXT, {"after": after}).all()
        due = [row for row in rows if named(row.wrapped)[0] != database.vault.wrapping.name]
        changed = [_anew(database.vault, row) for row in due]
        if changed:
            transaction.connection.execute(_CHANGED, changed)
            transaction.changes.put(keys, [*_as_written(due, changed)])
    return len(rows), len(changed), rows[-1].key_id if rows else None


def _as_written(
    rows: Sequence[Row[Any]], changed: Sequence[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    for row, one in zip(rows, changed, strict=True):
        yield {**row._mapping, "wrapped": one["anew"]}


def _anew(vault: Vault, row: Any) -> dict[str, Any]:
    raw = unwrapped(vault.wrapping, row.wrapped, bound_to=row.key_id)
    return {"at": row.key_id, "anew": wrapped(vault.wrapping, raw, bound_to=row.key_id)}
