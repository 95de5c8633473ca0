"""Time passes for a hub in this process: what steps asked to be told of is told, in its order."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import delete, select

from ops.run.wiring import Hub
from schemas.message import Message
from schemas.rating import TimerElapsed
from stores import codec, cursors, journal
from stores.tables import timers
from stores.timers import StoredTimer


def passes(hub: Hub, length: dt.timedelta, *, since: dt.datetime | None = None) -> dt.datetime:
    """So long passes from now on, or from a moment; answers with when that is over."""
    until = (since or dt.datetime.now(dt.UTC)) + length
    hub.embedded().drain()
    while _rings(hub, until):
        hub.embedded().drain()
    return until


def _rings(hub: Hub, until: dt.datetime) -> bool:
    """Whether there was a timer that was due by then; the earliest of them has gone off."""
    query = select(timers).where(timers.c.due_at <= codec.to_micros(until))
    with hub.database.transaction() as transaction:
        row = transaction.connection.execute(query.order_by(timers.c.due_at).limit(1)).one_or_none()
        if row is None:
            return False
        transaction.connection.execute(delete(timers).where(timers.c.id == row.id))
        timer = StoredTimer(row.step, row.key, row.due_at, row.correlation_id, row.message_key)
        cursor = cursors.lock(transaction, "clock")
        journal.append(transaction, cursor, messages=[_message(timer)])
        cursors.store(transaction, cursor)
    return True


def _message(timer: StoredTimer) -> Message:
    due_at = codec.from_micros(timer.due_at)
    return Message(
        id=timer.id,
        source=timer.source,
        time=due_at,
        key=timer.message_key,
        correlation_id=timer.correlation_id,
        causation_id=None,
        data=TimerElapsed(step=timer.step, key=timer.key, due_at=due_at),
    )
