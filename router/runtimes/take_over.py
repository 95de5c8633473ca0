"""How a unit of steps takes over from units that serve or served its steps.

What its own steps write does not come to it over a topic. So what another unit of them has written,
and nobody has heard for one of them, is read from the journal.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Any

from router.handle import Adopted, Offsets, handle
from router.one_pass import Attempt, Delivery
from router.runtimes.isolate import delivery_of, isolating
from router.step import Step
from router.topology import WRITTEN_BY
from router.unit import ALL, Unit, serves, unit_of_chain
from stores import cursors, inbox, journal
from stores.cursors import Cursor
from stores.database import Database


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Puts through a unit what other units left of it; told to stop, the rest waits for its next
    worker.
    """

    unit: Unit
    database: Database
    policy: Adopted
    stop: threading.Event
    batch: int = 200

    def once(self) -> None:
        """Take over what there is. Raises ``Unavailable``; then do it again.

        Nothing is looked for where no other unit of these steps has written since the last time.
        """
        stand = cursors.every(self.database)
        others = self._others(stand)
        written = sum(one.sequence for name, one in stand.items() if unit_of_chain(name) in others)
        if written == self._taken(stand):
            return
        left = self._left(stand, by=[*others, self.unit.name])
        while rows := list(islice(left, self.batch)):
            if self.stop.is_set():
                return
            isolating(self._opened(rows), self._handle)
        with self.database.transaction() as transaction:
            marker = cursors.lock(transaction, self._marker)
            marker.next_offset = written
            cursors.store(transaction, marker)

    @property
    def _marker(self) -> str:
        return f"{self.unit.name}/taken-over"

    def _taken(self, stand: Mapping[str, Cursor]) -> int:
        """How many facts the others had written when everything was taken over the last time.

        Counted and not timed: what commits late is counted late.
        """
        marker = stand.get(self._marker)
        return marker.next_offset if marker else 0

    def _others(self, stand: Mapping[str, Cursor]) -> set[str]:
        """The units that have served a step of this one."""
        units = set(map(unit_of_chain, stand)) - {self.unit.name}
        return {one for one in units if any(serves(one, step) for step in self.unit.names)}

    def _left(self, stand: Mapping[str, Cursor], *, by: Sequence[str]) -> Iterator[Any]:
        """Rows of what the unit's steps write and one of them has not heard, in the journal's
        order.

        Whatever came before, one process has heard for all of them while the hub had no topics.
        """
        alone = stand[ALL].next_offset - 1 if ALL in stand else 0
        streams = (self._unheard(bound.step, by=by, after=alone) for bound in self.unit.steps)
        return heapq.merge(*streams, key=attrgetter("position"))

    def _unheard(self, step: Step[Any], *, by: Sequence[str], after: int) -> Iterator[Any]:
        own = {name for name, by in WRITTEN_BY.items() if not self.unit.names.isdisjoint(by)}
        types = [fact.type for fact in step.hears if fact.topic in own]
        serving = [unit for unit in by if serves(unit, step.name)]
        while types:
            with self.database.reading() as connection:
                rows = inbox.unheard(connection, types, by=serving, after=after)
            yield from rows
            if not rows:
                return
            after = rows[-1].position

    def _opened(self, rows: Sequence[Any]) -> list[Delivery]:
        vault = self.database.vault
        with self.database.reading() as connection:
            keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
        opened = ((row.position, journal.opened(row, keys)) for row in rows)
        return [delivery_of(position, message, unit=self.unit) for position, message in opened]

    def _handle(self, deliveries: Sequence[Delivery], attempt: Attempt) -> None:
        with self.database.transaction() as transaction:
            handle(
                self.unit,
                deliveries,
                consumer=self._marker,
                transaction=transaction,
                policy=self.policy,
                offsets=Offsets.LEFT,
                attempt=attempt,
            )
