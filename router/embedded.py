"""The hub in one process: the journal itself is the topic, and every step reads it behind a cursor of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select

from router.handle import Adopted, BoundStep, Delivery, handle
from stores import clock, journal
from stores.database import Database
from stores.ports import Unavailable
from stores.tables import cursors

_log = structlog.get_logger()
_IDLE_SECONDS = 0.2
_LONGEST_BACK_OFF = 5.0


@dataclass(slots=True)
class Embedded:
    """Runs every step over one database. Only one such process may serve a database at a time."""

    database: Database
    steps: Sequence[BoundStep]
    policy: Adopted
    batch: int = 200
    _positions: dict[str, int] = field(default_factory=dict)

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Trouble with the store is retried for ever, with growing pauses."""
        back_off = 0.05
        while not stop.is_set():
            try:
                worked = self.once()
                back_off = 0.05
            except Unavailable as error:
                _log.warning("store.unavailable", error=type(error).__name__)
                stop.wait(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)
                continue
            if not worked:
                self._rest(stop)

    def drain(self) -> None:
        """Work until nothing is left to do now."""
        while self.once():
            pass

    def once(self) -> bool:
        """Put the next batch through every step, and publish what the clock has reached; whether there was any."""
        elapsed = clock.publish_due(self.database, limit=self.batch)
        return any([elapsed > 0, *(self._advance(bound) for bound in self.steps)])

    def _advance(self, bound: BoundStep) -> bool:
        name = bound.step.name
        if name not in self._positions:
            self._positions[name] = self._stored_position(name)
        placed = journal.messages_after(self.database, self._positions[name], self.batch)
        if not placed:
            return False
        deliveries = [Delivery(position, message) for position, message in placed if bound.step.concerns(message)]
        handle(bound, deliveries, consumer=name, database=self.database, policy=self.policy)
        self._positions[name] = placed[-1][0]
        return True

    def _stored_position(self, consumer: str) -> int:
        with self.database.reading() as connection:
            query = select(cursors.c.next_offset).where(cursors.c.name == consumer)
            return (connection.execute(query).scalar() or 1) - 1

    def _rest(self, stop: threading.Event) -> None:
        with self.database.changed:
            if not stop.is_set():
                self.database.changed.wait(_IDLE_SECONDS)
