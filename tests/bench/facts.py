"""What the bench asks of a hub's store: how far the work has come. All of its SQL is here."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text

from schemas.information import RequestsPrepared
from schemas.notification import NotificationAccepted, NotificationDuplicated, NotificationReceived
from schemas.rating import RatingSuggested

DONE = (RatingSuggested.type, RequestsPrepared.type)
"""A referral is rated and requested when a rating is suggested and its requests are prepared: all
that comes of a notification before a human looks. What leaves once they have is not measured here.
"""
_SETTLED = (NotificationAccepted.type, NotificationDuplicated.type)
_LATE = 200
"""Positions are given out before they are committed, so a look goes back by so many."""
_LOOK_SECONDS = {"sqlite": 0.002, "postgresql": 0.005}
"""Between two looks of a watch: each look is a query, and takes the store's time too."""
_POLL_SECONDS = 0.1
_LONGEST_SECONDS = 300.0


@dataclass(slots=True)
class Facts:
    """Reads a hub's journal, from wherever its store is."""

    url: str
    _engine: Engine = field(init=False)

    def __post_init__(self) -> None:
        self._engine = create_engine(self.url, isolation_level="AUTOCOMMIT")

    def last(self) -> int:
        """The last position; 0 of an empty journal."""
        return int(self._rows("SELECT max(position) FROM journal")[0][0] or 0)

    def counts(self, since: int = 0) -> Mapping[str, int]:
        """Facts behind a position, by type."""
        counted = "SELECT type, count(*) FROM journal WHERE position > :since GROUP BY type"
        return {row[0]: row[1] for row in self._rows(counted, since=since)}

    def stored(self) -> int:
        """Notifications that were ever received."""
        return self.counts().get(NotificationReceived.type, 0)

    def done_behind(self, position: int) -> list[tuple[int, str, str]]:
        """Position, type and referral of what was rated and requested behind a position."""
        found = (
            "SELECT position, type, correlation_id FROM journal WHERE position > :since "
            "AND type IN (:rated, :requested) ORDER BY position"
        )
        rated, requested = DONE
        rows = self._rows(found, since=position, rated=rated, requested=requested)
        return [(row[0], row[1], str(row[2])) for row in rows]

    def await_done(self, since: int = 0) -> None:
        """Wait until everything received behind a position is rated and requested, or was a
        duplicate.
        """
        deadline = time.monotonic() + _LONGEST_SECONDS
        while time.monotonic() < deadline:
            if is_done(self.counts(since)):
                return
            time.sleep(_POLL_SECONDS)
        raise TimeoutError("the hub did not finish")

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def _rows(self, query: str, **values: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(text(query), values).all())


def is_done(counts: Mapping[str, int]) -> bool:
    """Whether so many facts mean that nothing of what came is left to do."""
    accepted, duplicated = (counts.get(type_, 0) for type_ in _SETTLED)
    received = counts.get(NotificationReceived.type, 0)
    return accepted + duplicated >= received and all(
        counts.get(type_, 0) >= accepted for type_ in DONE
    )


@dataclass(frozen=True, slots=True)
class Watch:
    """A process that looks at a store again and again, apart from all that works on it."""

    _end: Connection

    def done_at(self) -> Mapping[str, float]:
        """When each referral was first seen rated and requested, on the monotonic clock; ends the
        watch.
        """
        self._end.send("enough")
        seen: dict[str, dict[str, float]] = self._end.recv()
        return {
            referral: max(times.values())
            for referral, times in seen.items()
            if len(times) == len(DONE)
        }


@contextmanager
def watching(url: str) -> Iterator[Watch]:
    """Watch a store from now on; a fact is seen at most a look after its commit."""
    apart = get_context("spawn")
    ours, theirs = apart.Pipe()
    process = apart.Process(target=_watch, args=(url, theirs), daemon=True)
    process.start()
    ours.recv()
    try:
        yield Watch(ours)
    finally:
        process.terminate()
        process.join()


def _watch(url: str, end: Connection) -> None:
    facts, seen = Facts(url), dict[str, dict[str, float]]()
    start = last = facts.last()
    kind = make_url(url).get_backend_name()
    late = 0 if kind == "sqlite" else _LATE
    end.send("ready")
    enough = False
    while not enough:
        enough = end.poll(_LOOK_SECONDS[kind])
        rows = facts.done_behind(max(start, last - late))
        now = time.monotonic()
        for position, type_, referral in rows:
            seen.setdefault(referral, {}).setdefault(type_, now)
            last = max(last, position)
    end.send(seen)
