"""A borough in one process whose clock is set by hand: hours of waiting pass in a moment."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from connectors.port import Routes, routes
from ops.demo.running import prepare
from ops.demo.simulation.answers import event
from ops.run.wiring import Hub, open_hub
from router.runtimes.embedded import Embedded
from schemas.message import derived_id
from schemas.notification import Receipt
from stores import codec, timers

Letter = dict[str, Any]
"""A structured CloudEvent from an agency's inbox."""

_MOST_LETTERS = 500


class NeverCame(Exception):
    """What was waited for did not come, though all clocks that run were let run for days."""


@dataclass(slots=True)
class Borough:
    """The sample borough with an empty store, its people at their inboxes, and its clock."""

    hub: Hub
    at: dt.datetime
    """Now, aware."""
    letters: list[Letter] = field(default_factory=list)
    """All that anybody got, in order; ``subject`` is whose it is."""
    _routes: Routes | None = None
    _embedded: Embedded | None = None
    _sent: int = 0

    @classmethod
    def opened(cls, path: Path, *, at: dt.datetime) -> Borough:
        """A fresh one in a folder of its own."""
        made = cls(open_hub(prepare(path, port=0).config, {}), at)
        made.hub.database.clock = lambda: codec.to_micros(made.at)
        made._routes = routes(made.hub.settings, {})
        made._embedded = made.hub.embedded()
        return made

    def send(self, agency: str, type_: str, *, data: dict[str, Any]) -> Receipt:
        """A message of an agency's, by the way that its system would send it, and all it causes."""
        assert self._routes is not None
        self._sent += 1
        body = event(derived_id("night", str(self._sent)), type_, agency=agency, data=data)
        door = Door(self._routes.by_code[agency], "http", self.at)
        arrivals = parse(door, json.dumps(body).encode(), content_type=STRUCTURED)
        (receipt,) = self.hub.intake.take(list(arrivals))
        self.work_off()
        return receipt

    def work_off(self) -> None:
        """Do what there is to do now, and have everybody read what they got."""
        assert self._embedded is not None
        self._embedded.drain()
        for agency in self.hub.settings.agencies:
            leased = self.hub.queues.lease(agency, limit=_MOST_LETTERS, seconds=60)
            self.letters += (json.loads(one.body) for one in leased)
            self.hub.queues.acknowledge(agency, [one.id for one in leased])
        self._embedded.drain()

    def got(self, whose: str, type_: str, /, **fields: object) -> Iterator[Letter]:
        """The letters of a type that an agency got, with these values in their data."""
        for one in self.letters:
            same = all(one["data"].get(name) == value for name, value in fields.items())
            if one["subject"] == whose and one["type"] == type_ and same:
                yield one

    def wait(self, found: Callable[[], Letter | None], *, days: int = 5) -> Letter:
        """Let the time pass from one clock's moment to the next until something has come.

        Raises ``NeverCame``.
        """
        until = self.at + dt.timedelta(days=days)
        while (came := found()) is None:
            next_at = timers.earliest(self.hub.database)
            moment = None if next_at is None else codec.from_micros(next_at)
            if moment is None or moment > until:
                raise NeverCame
            self.at = max(self.at, moment)
            self.work_off()
        return came

    def close(self) -> None:
        """Give the store back."""
        self.hub.database.close()
