"""Which messages a step has had, in the order in which it had them, and under which policy."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from stores.database import Conflict, Transaction
from stores.rows import Clash, among
from stores.tables import inbox


def claim(transaction: Transaction, step: str, message_ids: Sequence[str], *, policy: int) -> set[str]:
    """Note the messages as had by ``step``; answers those that it had not had before (the rest are duplicates)."""
    if not message_ids:
        return set()
    connection = transaction.connection
    had = select(inbox.c.message_id).where(inbox.c.step == step, among(connection, inbox.c.message_id, message_ids))
    fresh = set(message_ids) - set(connection.execute(had).scalars())
    rows = [{"step": step, "message_id": id_, "policy": policy} for id_ in dict.fromkeys(message_ids) if id_ in fresh]
    if transaction.insert(inbox, rows, Clash.KEEP) != len(rows):
        raise Conflict("another worker claimed the same message")
    return fresh
