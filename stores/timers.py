"""Times that steps asked to be told of. They are rows, so they survive every restart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select

from schemas.message import derived_id
from schemas.rating import TimerElapsed
from stores.database import Database, Transaction, View
from stores.rows import Clash
from stores.tables import journal, timers

_SOURCE = "mash-hub/clock"
_EARLIEST = select(func.min(timers.c.due_at))


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer with what its message needs: times in microseconds, and the key that keeps order."""

    step: str
    key: str
    due_at: int
    correlation_id: str
    message_key: str

    @property
    def id(self) -> str:
        """The same for the same step, key and time: asking twice is asking once."""
        return _id(self.step, self.key, self.due_at)

    @property
    def source(self) -> str:
        """Whence its message comes, which says whose it is: what is in it is sealed."""
        return f"{_SOURCE}/{self.step}"


def start(transaction: Transaction, wanted: Sequence[StoredTimer]) -> None:
    """Keep timers; those kept already stay as they are."""
    rows = [
        {
            "id": timer.id,
            "due_at": timer.due_at,
            "step": timer.step,
            "key": timer.key,
            "correlation_id": timer.correlation_id,
            "message_key": timer.message_key,
        }
        for timer in wanted
    ]
    transaction.insert(timers, rows, clash=Clash.KEEP)


def earliest(database: Database) -> int | None:
    """When the first timer is due, in microseconds; asks without taking the write lock."""
    with database.reading() as connection:
        found: int | None = connection.execute(_EARLIEST).scalar()
    return found


def any_due(database: Database) -> bool:
    """Whether a timer's time has come."""
    first = earliest(database)
    return first is not None and first <= database.clock()


def take_due(transaction: Transaction, *, limit: int) -> list[StoredTimer]:
    """Remove and answer the timers whose time has come, earliest first."""
    query = (
        select(timers)
        .where(timers.c.due_at <= transaction.now)
        .order_by(timers.c.due_at, timers.c.id)
    )
    rows = transaction.connection.execute(
        query.limit(limit).with_for_update(skip_locked=True)
    ).all()
    transaction.connection.execute(delete(timers).where(timers.c.id.in_([row.id for row in rows])))
    transaction.changes.gone(timers, [row._mapping for row in rows])
    return [
        StoredTimer(row.step, row.key, row.due_at, row.correlation_id, row.message_key)
        for row in rows
    ]


def waited_for(view: View, step: str) -> list[str]:
    """The keys for which a step waits for a time to come, in order."""
    query = select(timers.c.key).where(timers.c.step == step).distinct().order_by(timers.c.key)
    return list(view.connection.execute(query).scalars())


def of_steps(view: View, steps: Sequence[str], *, after: int, limit: int) -> dict[str, set[str]]:
    """By step, the keys for which it waits for a time to come, and those that it was told of behind
    this position of the journal: the ``limit`` that were told first, of all.
    """
    found: dict[str, set[str]] = {step: set() for step in steps}
    waiting = select(timers.c.step, timers.c.key).distinct()
    for step, key in view.connection.execute(waiting):
        if step in found:
            found[step].add(key)
    query = (
        select(journal.c.message_id, journal.c.source, journal.c.subject, journal.c.time)
        .where(journal.c.type == TimerElapsed.type, journal.c.position > after)
        .order_by(journal.c.position)
        .limit(limit)
    )
    for row in view.connection.execute(query):
        for step in _told_to(row, steps):
            found[step].add(row.subject)
    return found


def _told_to(row: Any, steps: Sequence[str]) -> Iterable[str]:
    _, _, step = row.source.partition(f"{_SOURCE}/")
    if step:
        return [step] if step in steps else []
    return [one for one in steps if row.message_id == _id(one, row.subject, row.time)]


def _id(step: str, key: str, due_at: int) -> str:
    return derived_id("timer", step, key, str(due_at))


def told(connection: Connection, step: str, *, after: int, limit: int) -> list[tuple[str, int]]:
    """Key and time of what a step was told has come, behind this position of the journal, in order;
    the ``limit`` that it was told first.

    What was told before sources named steps is known by its id: it follows from step, key and time.
    """
    query = (
        select(journal.c.message_id, journal.c.source, journal.c.subject, journal.c.time)
        .where(journal.c.type == TimerElapsed.type, journal.c.position > after)
        .where(journal.c.source.in_([f"{_SOURCE}/{step}", _SOURCE]))
        .order_by(journal.c.position)
        .limit(limit)
    )
    return [
        (row.subject, row.time)
        for row in connection.execute(query)
        if row.source == f"{_SOURCE}/{step}" or row.message_id == _id(step, row.subject, row.time)
    ]
