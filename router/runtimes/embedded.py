"""The hub in one process: the journal itself is the topic, and every step reads it behind a cursor
of its own.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from router.handle import Adopted, BoundStep, Delivery, handle
from router.runtimes import clock
from router.runtimes.isolate import isolating, unsealable
from router.step import Step
from schemas.base import Fact
from schemas.topics import FACTS
from stores import cursors, journal
from stores.codec import Unopened
from stores.database import Database, Unstorable
from stores.ports import Unavailable
from stores.recent import Placed

_log = structlog.get_logger()
_IDLE_SECONDS = 0.2
_CLOCK_SECONDS = 0.2
"""Due times count in hours; looking more often would take a tenth of the work on a small page."""
_LONGEST_BACK_OFF = 5.0


@dataclass(slots=True)
class Embedded:
    """Runs every step over one database. Only one such process may serve a database at a time."""

    database: Database
    steps: Sequence[BoundStep]
    policy: Adopted
    batch: int = 200
    _position: int | None = None
    _heard: dict[type[Fact], Sequence[Step[Any]]] = field(default_factory=dict)

    @property
    def position(self) -> int:
        """The journal position up to which every step has done its work."""
        return self._position or 0

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop. Trouble with the store is retried for ever, with growing
        pauses.
        """
        back_off, next_look = 0.05, 0.0
        while not stop.is_set():
            try:
                looks = time.monotonic() >= next_look
                next_look = time.monotonic() + _CLOCK_SECONDS if looks else next_look
                worked = self.once(looks_at_clock=looks)
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

    def once(self, *, looks_at_clock: bool = True) -> bool:
        """Publish what the clock has reached, and put the next page of the journal through every
        step that hears it.

        One page serves all steps in one transaction: a message is unsealed once however many hear
        it, and the disk is waited for once. A step that is ahead of the page skips what it had.
        """
        elapsed = clock.publish_due(self.database, limit=self.batch) if looks_at_clock else 0
        page = journal.messages_after(self.database, self._start(), self.batch)
        if page:
            self._pass(self._due(page))
            self._position = page[-1][0]
        return bool(page or elapsed)

    def _due(self, page: Sequence[Placed]) -> dict[str, list[Delivery]]:
        """What each step has to handle, by its name."""
        due: dict[str, list[Delivery]] = defaultdict(list)
        for position, message in page:
            if isinstance(message.data, Unopened):
                for step in self._hearing(FACTS.get(message.data.was or "", Unopened)):
                    due[step.name].append(unsealable(position, message))
                continue
            for step in self._hearing(type(message.data)):
                if step.concerns(message):
                    due[step.name].append(Delivery(position, message))
        return due

    def _pass(self, due: Mapping[str, Sequence[Delivery]]) -> None:
        """All steps in one transaction; where some message makes that impossible, each step by
        itself without it.
        """
        try:
            with self.database.transaction():
                for bound in self.steps:
                    self._handle(bound, due.get(bound.step.name, ()))
        except Unavailable as error:
            if not isinstance(error, Unstorable):
                raise
            self._isolate(due)
        except Exception:  # noqa: BLE001 - whatever one message does, the ones behind it must pass
            self._isolate(due)

    def _isolate(self, due: Mapping[str, Sequence[Delivery]]) -> None:
        for bound in self.steps:
            isolating(bound.step.name, due.get(bound.step.name, ()), partial(self._handle, bound))

    def _handle(self, bound: BoundStep, deliveries: Sequence[Delivery]) -> None:
        handle(
            bound, deliveries, consumer=bound.step.name, database=self.database, policy=self.policy
        )

    def _hearing(self, fact: type[Fact]) -> Sequence[Step[Any]]:
        if fact not in self._heard:
            self._heard[fact] = [bound.step for bound in self.steps if fact in bound.step.hears]
        return self._heard[fact]

    def _start(self) -> int:
        """The position behind which nothing is left to do: at first, what the step furthest behind
        has stored.
        """
        if self._position is None:
            stored = cursors.next_offsets(self.database)
            self._position = min(stored.get(bound.step.name, 1) for bound in self.steps) - 1
        return self._position

    def _rest(self, stop: threading.Event) -> None:
        with self.database.changed:
            if not stop.is_set():
                self.database.changed.wait(_IDLE_SECONDS)
