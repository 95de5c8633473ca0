"""What arrivals are known again by, and the message that each became.

A message's id begins with the time at which it came, which a resend does not tell. What a resend
does tell, the sender's own id or the content, is kept here as a key, with that time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.message import dated_id
from stores.database import Transaction, View
from stores.rows import look_up
from stores.tables import arrivals


def load(view: View, keys: Collection[str]) -> dict[str, str]:
    """The messages that arrivals of these keys became, by key."""
    rows = look_up(
        view.connection, (arrivals.c.key, arrivals.c.millis), by=arrivals.c.key, values=keys
    )
    return {row.key: _id(row.key, row.millis) for row in rows}


def note(transaction: Transaction, keys: Sequence[str]) -> None:
    """Keep the keys of arrivals that became messages in this transaction.

    Raises ``Conflict`` where another transaction has kept one of them before.
    """
    millis = transaction.now // 1000
    transaction.insert(arrivals, [{"key": key, "millis": millis} for key in sorted(keys)])


def _id(key: str, millis: int | None) -> str:
    """Messages of older stores have the key itself as their id: they are kept without a time."""
    return key if millis is None else dated_id(key, millis)
