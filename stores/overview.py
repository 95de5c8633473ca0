"""What `hub status` counts: reads only, each answered by an index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, text

from stores.dead_letters import DeadLetterState
from stores.tables import cursors, dead_letters, journal, letters, outbox, timers

Reading = Connection
"""What :meth:`stores.database.Database.reading` gives."""

_WAITING = (DeadLetterState.OPEN, DeadLetterState.MENDED)
_HELD_AMONG = 1000
_LOOKED_BACK = 20_000
_NEVER = 2**62
_LAST = select(func.max(journal.c.position))
_ENTRIES = select(func.count()).select_from(journal)
_FIRST_FROM = text(
    "SELECT position, recorded_at FROM journal WHERE position >= :position "
    "ORDER BY position LIMIT 1"
)
_BEHIND = """
WITH asked(type, position) AS (VALUES {values})
SELECT asked.type AS type, asked.position AS position,
  (SELECT count(*) FROM journal
   WHERE journal.type = asked.type AND journal.position > asked.position
   AND journal.chain <> :besides) AS total,
  (SELECT journal.recorded_at FROM journal
   WHERE journal.type = asked.type AND journal.position > asked.position
   AND journal.chain <> :besides ORDER BY journal.position LIMIT 1) AS first_at
FROM asked"""
_NEWEST = """
WITH asked(type) AS (VALUES {values})
SELECT asked.type AS type, (SELECT journal.recorded_at FROM journal WHERE journal.type = asked.type
  ORDER BY journal.position DESC LIMIT 1) AS newest_at
FROM asked"""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A cursor: who, the next offset, and when it last moved (microseconds)."""

    name: str
    next_offset: int
    progressed_at: int


@dataclass(frozen=True, slots=True)
class Behind:
    """How many facts stand behind a position, and when the first was recorded (microseconds)."""

    count: int
    first_at: int | None


@dataclass(frozen=True, slots=True)
class Queue:
    """An agency's letters.

    How many, since when the oldest waits, and how many of its oldest thousand are held.
    """

    agency: str
    depth: int
    oldest_at: int
    held: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Dead letters that wait for a human, for one reason."""

    reason: str
    state: str
    count: int
    oldest_at: int


@dataclass(frozen=True, slots=True)
class Alarms:
    """Timers.

    How many wait, when the next is due (microseconds; None without any), how many are overdue.
    """

    waiting: int
    next_at: int | None
    overdue: int


def consumers(connection: Reading) -> list[Consumer]:
    """Every cursor, by name."""
    query = select(cursors.c.name, cursors.c.next_offset, cursors.c.progressed_at).order_by(
        cursors.c.name
    )
    return [Consumer(*row) for row in connection.execute(query)]


def last_position(connection: Reading) -> int:
    """The position of the newest entry, 0 in an empty journal."""
    return int(connection.execute(_LAST).scalar() or 0)


def newest_at(connection: Reading) -> int | None:
    """When the newest entry was recorded (microseconds); None in an empty journal."""
    newest = select(journal.c.recorded_at).where(journal.c.position == _LAST.scalar_subquery())
    found = connection.execute(newest).scalar()
    return None if found is None else int(found)


def entries(connection: Reading) -> int:
    """How many entries there are: positions may have gaps."""
    return int(connection.execute(_ENTRIES).scalar_one())


def position_before(connection: Reading, moment: int) -> int:
    """The last position recorded before ``moment`` (microseconds).

    Found by halving: times grow with positions.
    """
    low, high = 0, last_position(connection)
    if _first_from(connection, 1) >= (1, moment):
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        position, recorded_at = _first_from(connection, middle)
        low, high = (low, middle - 1) if recorded_at >= moment else (max(middle, position), high)
    return low


def _first_from(connection: Reading, position: int) -> tuple[int, int]:
    row = connection.execute(_FIRST_FROM, {"position": position}).one_or_none()
    return (position, _NEVER) if row is None else (row.position, row.recorded_at)


def behind(
    connection: Reading, asked: Iterable[tuple[str, int]], *, besides: str = ""
) -> dict[tuple[str, int], Behind]:
    """How many facts of each (type, position) stand behind it, and when the first was recorded.

    All that is asked in one query; those in the chain ``besides`` are not counted.
    """
    pairs = sorted(set(asked))
    if not pairs:
        return {}
    values = ", ".join(
        f"(CAST(:type_{n} AS TEXT), CAST(:position_{n} AS BIGINT))" for n in range(len(pairs))
    )
    bound: dict[str, str | int] = {f"type_{n}": type_ for n, (type_, _) in enumerate(pairs)}
    bound["besides"] = besides
    bound |= {f"position_{n}": position for n, (_, position) in enumerate(pairs)}
    rows = connection.execute(text(_BEHIND.format(values=values)), bound)
    return {(row.type, row.position): Behind(row.total, row.first_at) for row in rows}


def newest(connection: Reading, types: Iterable[str]) -> dict[str, int]:
    """When the last fact of each type was recorded (microseconds), where there is any."""
    wanted = sorted(set(types))
    values = ", ".join(f"(CAST(:type_{n} AS TEXT))" for n in range(len(wanted)))
    bound = {f"type_{n}": type_ for n, type_ in enumerate(wanted)}
    rows = connection.execute(text(_NEWEST.format(values=values)), bound)
    return {row.type: row.newest_at for row in rows if row.newest_at is not None}


def sources_of(connection: Reading, types: Iterable[str], *, each: int) -> list[tuple[str, int]]:
    """Where the newest facts of each type came from, and when (microseconds), so many of each."""
    found: list[tuple[str, int]] = []
    for type_ in types:
        query = select(journal.c.source, journal.c.recorded_at).where(journal.c.type == type_)
        rows = connection.execute(query.order_by(journal.c.position.desc()).limit(each))
        found += [(row.source, row.recorded_at) for row in rows]
    return found


def oldest_unclaimed(connection: Reading, step: str, *, type_: str, depth: int) -> int | None:
    """When the oldest fact was recorded that a step has not had.

    Among the newest 20,000 and ``depth``.
    """
    query = text(
        "SELECT position, recorded_at FROM "
        "(SELECT position, recorded_at, message_id FROM journal WHERE type = :type "
        "ORDER BY position DESC LIMIT :most) AS late WHERE NOT EXISTS "
        "(SELECT 1 FROM inbox WHERE step = :step AND inbox.message_id = late.message_id) "
        "ORDER BY position LIMIT 1"
    )
    asked = {"type": type_, "step": step, "most": _LOOKED_BACK + depth}
    row = connection.execute(query, asked).one_or_none()
    return None if row is None else int(row.recorded_at)


def queues(connection: Reading, now: int) -> list[Queue]:
    """Edge queues with something in them, by agency."""
    per = select(letters.c.agency, func.count(), func.min(letters.c.position)).group_by(
        letters.c.agency
    )
    found = connection.execute(per.order_by(letters.c.agency)).all()
    return [
        Queue(agency, depth, *_head(connection, agency, first=first, now=now))
        for agency, depth, first in found
    ]


def _head(connection: Reading, agency: str, *, first: int, now: int) -> tuple[int, int]:
    """When the oldest was put there, and how many of the oldest thousand are held.

    Leases are taken oldest first.
    """
    oldest = (
        connection.execute(select(letters.c.created_at).where(letters.c.position == first)).scalar()
        or now
    )
    head = (
        select(letters.c.leased_until)
        .where(letters.c.agency == agency)
        .order_by(letters.c.position)
    )
    held = head.limit(_HELD_AMONG).subquery()
    count = select(func.count()).select_from(held).where(held.c.leased_until > now)
    return oldest, connection.execute(count).scalar_one()


def waiting_dead_letters(connection: Reading) -> list[Waiting]:
    """What waits for a human, by reason and state."""
    kept = dead_letters.c
    query = (
        select(kept.reason, kept.state, func.count(), func.min(kept.created_at))
        .where(kept.state.in_([state.value for state in _WAITING]))
        .group_by(kept.reason, kept.state)
        .order_by(kept.reason, kept.state)
    )
    return [Waiting(*row) for row in connection.execute(query)]


def dead_letters_of(connection: Reading) -> dict[tuple[str, str], int]:
    """How many wait for a human, by the step that refused them (or the intake) and reason."""
    kept = dead_letters.c
    query = (
        select(kept.step, kept.reason, func.count())
        .where(kept.state.in_([state.value for state in _WAITING]))
        .group_by(kept.step, kept.reason)
    )
    return {(step, reason): count for step, reason, count in connection.execute(query)}


def refused(connection: Reading) -> dict[tuple[str, str], int]:
    """How many arrivals were refused on arrival, by connector and agency, settled ones included."""
    query = (
        select(dead_letters.c.connector, dead_letters.c.agency, func.count())
        .where(dead_letters.c.step == "intake")
        .group_by(dead_letters.c.connector, dead_letters.c.agency)
    )
    return {(connector, agency): count for connector, agency, count in connection.execute(query)}


def alarms(connection: Reading, now: int) -> Alarms:
    """What the clock has before it."""
    waiting, next_at = connection.execute(select(func.count(), func.min(timers.c.due_at))).one()
    overdue = select(func.count()).select_from(timers).where(timers.c.due_at <= now)
    return Alarms(waiting, next_at, connection.execute(overdue).scalar_one())


def time_left(connection: Reading, now: int, *, bounds: Sequence[int]) -> dict[str, list[int]]:
    """By step, how many of its timers have no more left than each of these seconds, and all."""
    columns = [
        func.sum(case((timers.c.due_at <= now + bound * 1_000_000, 1), else_=0)) for bound in bounds
    ]
    query = select(timers.c.step, *columns, func.count()).group_by(timers.c.step)
    return {row[0]: [int(count) for count in row[1:]] for row in connection.execute(query)}


def unsent(connection: Reading) -> tuple[int, int | None]:
    """How many entries the relay has to send, and since when the oldest waits (microseconds)."""
    depth, first = connection.execute(select(func.count(), func.min(outbox.c.position))).one()
    recorded = select(journal.c.recorded_at).where(journal.c.position == first)
    return depth, connection.execute(recorded).scalar() if depth else None


def oldest_unsent(connection: Reading) -> int | None:
    """Since when the oldest entry waits that the relay has to send (microseconds)."""
    first = select(func.min(outbox.c.position)).scalar_subquery()
    asked = select(journal.c.recorded_at).where(journal.c.position == first)
    return connection.execute(asked).scalar()


def size(connection: Reading) -> int:
    """Bytes that the store takes on disk."""
    if connection.dialect.name == "postgresql":
        return int(
            connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        )
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
