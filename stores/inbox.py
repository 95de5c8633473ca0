"""Which messages a step has had, in the order in which it had them, and under which policy."""

from __future__ import annotations

from collections.abc import Sequence

from stores.database import Conflict, Transaction
from stores.rows import Clash, look_up
from stores.tables import inbox


def claim(
    transaction: Transaction, step: str, message_ids: Sequence[str], *, policy: int
) -> set[str]:
    """Note the messages as had by ``step``; answers those that it had not had before (the rest are
    duplicates).
    """
    if not message_ids:
        return set()
    of_step = (inbox.c.step, step)
    had = look_up(
        transaction.connection,
        (inbox.c.message_id,),
        inbox.c.message_id,
        message_ids,
        within=of_step,
    )
    fresh = set(message_ids) - {row.message_id for row in had}
    rows = [
        {"step": step, "message_id": id_, "policy": policy}
        for id_ in dict.fromkeys(message_ids)
        if id_ in fresh
    ]
    if transaction.insert(inbox, rows, Clash.KEEP) != len(rows):
        raise Conflict("another worker claimed the same message")
    return fresh
