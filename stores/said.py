"""What the journal has of some kinds about cases and referrals, in the order of the record."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Row, select

from schemas.message import Message
from stores import journal
from stores.database import Transaction, View
from stores.tables import journal as table


def load(
    view: View,
    *,
    subjects: Collection[str],
    referrals: Collection[str],
    types: Collection[str],
) -> list[tuple[int, Message]]:
    """Each with its position; what cannot be opened any more says just that."""
    rows = dict[int, Row[Any]]()
    for column, values in ((table.c.subject, subjects), (table.c.correlation_id, referrals)):
        query = select(table).where(column.in_(sorted(values)), table.c.type.in_(sorted(types)))
        rows |= {row.position: row for row in view.connection.execute(query)}
    keys = view.vault.keys(view.connection, {row.key_id for row in rows.values()}, create=False)
    return [(position, journal.opened(rows[position], keys)) for position in sorted(rows)]


def one_at_a_time(transaction: Transaction, case_ids: Collection[str]) -> None:
    """Wait for whoever records an owner's word about one of these cases, or hands out what is about
    it: the one of them that is later finds what the other did.
    """
    for case_id in sorted(case_ids):
        transaction.serialise(f"owners' words/{case_id}")
