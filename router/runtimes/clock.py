"""The due-time watcher: turns timers whose time has come into messages, once each, whatever
restarts.
"""

from __future__ import annotations

import threading

from router.lane import about_reds
from schemas.message import Message
from schemas.rating import TimerElapsed
from stores import codec, cursors, journal, timers
from stores.database import Database
from stores.keep_trying import keep_working, logged
from stores.timers import StoredTimer

_CHAIN = "clock"
_REST_SECONDS = 0.5
_LATE = 60_000_000
"""Microseconds. What was due longer ago, as the hub stood still, has the time at which it is said:
or whatever repeats would catch up on all the times that nobody could have heard.
"""


def keep_time(database: Database, stop: threading.Event, *, limit: int) -> None:
    """Publish timers as their time comes, until told to stop; several may do so, a timer is
    published once.
    """

    def work() -> float:
        return 0 if publish_due(database, limit=limit) else _REST_SECONDS

    keep_working(work, stop, failed=logged("store.unavailable", part="clock"))


def publish_due(database: Database, *, limit: int) -> int:
    """Publish up to ``limit`` timers whose time has come; answers how many. They go and are said in
    one transaction.
    """
    if not timers.any_due(database):
        return 0
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, _CHAIN)
        due = timers.take_due(transaction, limit=limit)
        # A step may ask for a time that has come already and was published: once is enough.
        said = journal.known_ids(transaction, [timer.id for timer in due])
        messages = [_message(timer, transaction.now) for timer in due if timer.id not in said]
        ahead = about_reds(transaction, messages)
        journal.append(transaction, cursor, messages=messages, ahead=ahead)
        cursor.next_offset += len(due)
        cursors.store(transaction, cursor)
    return len(due)


def _message(timer: StoredTimer, now: int) -> Message:
    due_at = codec.from_micros(timer.due_at)
    late = now - timer.due_at > _LATE
    return Message(
        id=timer.id,
        source=timer.source,
        time=codec.from_micros(now) if late else due_at,
        key=timer.message_key,
        correlation_id=timer.correlation_id,
        causation_id=None,
        data=TimerElapsed(step=timer.step, key=timer.key, due_at=due_at),
    )
