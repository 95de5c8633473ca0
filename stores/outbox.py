"""What was recorded and still has to reach the topics, a row per journal entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, select, text

from stores.codec import Sealed
from stores.database import Transaction
from stores.journal import sealed
from stores.rows import Clash
from stores.tables import journal, outbox

_IS_RED = text("outbox.topic = 'messages.red'")
"""In the words of its index."""
_ANY_RED = select(outbox.c.position).where(_IS_RED).limit(1)
_RELAY = "SELECT pg_try_advisory_xact_lock(hashtext('relay'))"


def claim(transaction: Transaction) -> bool:
    """Become the one relay until the transaction ends; False while another is.

    On PostgreSQL only.
    """
    return bool(transaction.connection.execute(text(_RELAY)).scalar())


def unsent(transaction: Transaction, *, limit: int, red: bool = False) -> list[tuple[int, Sealed]]:
    """The next entries to send, with their positions, in their order; ``red``: of the lane alone.

    Asked for by what is unsent and never by 'position greater than last': a transaction that takes
    its positions early and commits late would be skipped (design, section 3).
    """
    query = (
        select(journal, outbox.c.topic.label("published_on"))
        .join(outbox, outbox.c.position == journal.c.position)
        .order_by(outbox.c.position)
        .limit(limit)
        .with_for_update(of=outbox, skip_locked=True)
    )
    rows = transaction.connection.execute(query.where(_IS_RED) if red else query)
    return [(row.position, replace(sealed(row), topic=row.published_on)) for row in rows]


def any_red(connection: Connection) -> bool:
    """Whether anything waits on the lane of Reds."""
    return connection.execute(_ANY_RED).first() is not None


def reds(connection: Connection, *, limit: int) -> Sequence[Row[Any]]:
    """The journal's next rows that wait on the lane of Reds, in their order."""
    query = select(journal).join(outbox, outbox.c.position == journal.c.position).where(_IS_RED)
    return connection.execute(query.order_by(outbox.c.position).limit(limit)).all()


def again(transaction: Transaction, entries: Mapping[int, str]) -> int:
    """Send these entries, their topics by their positions, once more, unless they wait already;
    answers how many were put there.
    """
    rows = [{"position": position, "topic": topic} for position, topic in sorted(entries.items())]
    return transaction.insert(outbox, rows, clash=Clash.KEEP)


def sent(transaction: Transaction, positions: Sequence[int]) -> None:
    """The topics have these entries; the journal keeps them, so their rows here can go."""
    transaction.connection.execute(delete(outbox).where(outbox.c.position.in_(positions)))
    transaction.changes.gone(outbox, [{"position": position} for position in positions])
