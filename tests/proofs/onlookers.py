"""A hub in memory with the sample's agencies at their desks, and all that they get to know there:
letters, receipts and refusals in the order of their coming, with the time; then what commands show.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.port import Routes, routes
from ops.access.acting import AT_THE_MACHINE, Asker, Denied, asker
from ops.demo.running import same_ids
from ops.demo.simulation.answers import answer, event
from ops.linkage.explained import explain
from ops.look import clocks, holding, pictures, reds, trail
from ops.look.needs import as_json
from ops.look.status import collect
from ops.run.wiring import Hub, assemble
from ops.watch.metrics import Metrics
from router.runtimes.embedded import Embedded
from schemas.access import Purpose
from schemas.base import Fact
from schemas.message import Message
from schemas.settings import HubSettings
from stores import codec, journal

START: Final = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
EVENT: Final = "application/cloudevents+json"
LOOKING: Final = (
    (None, None),
    ("D. Manager", Purpose.SAFEGUARDING),
    ("J. Auditor", Purpose.AUDIT),
)
"""Who looks, and what for; None: whoever may start commands."""
Event = dict[str, Any]
Reply = Callable[[Event], Event | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that an agency got: when, what it is, and its very bytes."""

    agency: str
    at: dt.datetime
    kind: str
    content: str


@dataclass(frozen=True, slots=True, repr=False)
class Site:
    """What hubs of one borough have in common; they are made again and again."""

    settings: HubSettings
    folder: Path
    routes: Routes

    @classmethod
    def of(cls, settings: HubSettings, *, folder: Path) -> Site:
        """Of a configuration, with stores in memory."""
        runtime = settings.runtime.model_copy(update={"store": "sqlite:///:memory:"})
        return cls(settings.model_copy(update={"runtime": runtime}), folder, routes(settings, {}))

    def hub(self) -> Hub:
        """A hub with nothing in it."""
        return assemble(self.settings, {}, folder=self.folder)


@dataclass(repr=False)
class Borough:
    """One hub, its clock, and what everybody has seen of it."""

    site: Site
    hub: Hub
    now: dt.datetime = START
    seen: list[Seen] = field(default_factory=list)
    sent: int = 0
    works: Embedded = field(init=False)

    def __post_init__(self) -> None:
        self.works = self.hub.embedded()

    @classmethod
    def at(cls, site: Site, *, with_secret: bool = True) -> Borough:
        """With a hub that goes by this borough's clock, and by the same secret as all."""
        made = cls(site, site.hub())
        made.hub.database.clock = lambda: codec.to_micros(made.now)
        if with_secret:
            same_ids(made.hub)
        return made

    def tells(self, agency: str, kind: str, data: Any, *, name: str = "") -> str:
        """An agency sends ``mash.<kind>.v1``; the id of its receipt. ``name``: its own of it."""
        self.sent += 0 if name else 1
        id_ = name or f"e-{self.sent}"
        return self.sends(agency, event(id_, f"mash.{kind}.v1", agency=agency, data=data))

    def sends(self, agency: str, told: Event) -> str:
        """The same of an event."""
        door = Door(self.site.routes.by_code[agency], "http", self.now)
        arrivals = parse(door, json.dumps(told).encode(), content_type=EVENT)
        (receipt,) = self.hub.intake.take(list(arrivals))
        self._note(agency, f"receipt of {told['type']}", receipt.model_dump_json())
        self.works.drain()
        return receipt.id

    def everybody_answers(self, reply: Reply = answer) -> int:
        """Each agency reads what it has and answers it; how many letters there were."""
        return sum(self.answers(agency, reply) for agency in sorted(self.hub.settings.agencies))

    def answers(self, agency: str, reply: Reply) -> int:
        """One agency does."""
        letters = self.hub.queues.lease(agency, limit=500, seconds=60)
        for one in letters:
            self._note(agency, f"letter {one.type}", f"{one.id} {one.body.decode()}")
        self.hub.queues.acknowledge(agency, [one.id for one in letters])
        self.works.drain()
        for one in letters:
            if (made := reply(json.loads(one.body))) is not None:
                self.sends(agency, made)
        return len(letters)

    def waits(self, **time: float) -> None:
        """So much time goes by, an hour at once: every clock is heard at its time."""
        until = self.now + dt.timedelta(**time)
        while self.now < until:
            self.now = min(until, self.now + dt.timedelta(hours=1))
            self.works.drain()

    def _note(self, agency: str, kind: str, content: str) -> None:
        self.seen.append(Seen(agency, self.now, kind, content))

    def messages(self, *kinds: type[Fact]) -> list[Message]:
        """What is recorded of these kinds, in order."""
        with self.hub.database.reading() as connection:
            rows = journal.rows_after(connection, 0, limit=50_000)
            vault = self.hub.database.vault
            keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
        opened = (journal.opened(row, keys) for row in rows)
        return [one for one in opened if isinstance(one.data, kinds)]

    def got(self, *besides: str) -> list[tuple[str, str, str]]:
        """What every agency got but these, in order: when, what to whom, and its bytes."""
        return [
            (one.at.isoformat(), f"{one.kind}, {one.agency}", one.content)
            for one in self.seen
            if one.agency not in besides
        ]

    # --- by commands

    def shown(self, referral_id: str) -> Iterator[tuple[str, Any]]:
        """What commands show of the hub and of a referral to people of the lead agency."""
        with _at(self.now):
            status = as_json(collect(self.hub))
            figures = Metrics(self.hub).exposition().decode()
        # How large the file is depends on what is in it, in pages; no one item can be told by it.
        # How much room the disk has left is of all that write to it.
        del status["store"]["room"]
        yield from ((f"status, {name}", part) for name, part in status.items() if name not in _OWN)
        yield "status, metrics", [one for one in figures.splitlines() if _FILE not in one]
        yield "clocks", [asdict(one) for one in clocks.running(self.hub, at=self.now)]
        yield "reds", [asdict(one) for one in reds.lately(self.hub, days=90, at=self.now)]
        yield "linkage explain", explain(self.hub, referral_id)
        yield "case --now", [asdict(one) for one in holding.of(self.hub, referral_id)]
        for who, what_for in LOOKING:
            numbered = (f"look-{who}-{number}" for number in count())
            with patch("ops.access.noting.uuid4", numbered.__next__):  # else drawn at random
                yield from self._looks(referral_id, who, what_for)

    def _looks(
        self, referral_id: str, who: str | None, what_for: Purpose | None
    ) -> Iterator[tuple[str, Any]]:
        by = asker(self.hub, who, why="to see", purpose=what_for) if who else AT_THE_MACHINE
        name = who or "whoever is at the machine"
        yield f"case, {name}", _told(lambda: trail.of(self.hub, referral_id, asker=by))
        yield f"case --reveal, {name}", _told(lambda: trail.reveal(self.hub, referral_id, asker=by))
        yield f"picture --reveal, {name}", _pictures(self.hub, referral_id, by)


_FILE: Final = "mash_store_bytes"
_OWN: Final = frozenset({"store_bytes"})


def _told(look: Callable[[], Iterable[trail.Event]]) -> Any:
    try:
        return [asdict(one) for one in look()]
    except Denied as denied:
        return str(denied)


def _pictures(hub: Hub, referral_id: str, by: Asker) -> Any:
    try:
        shown, now = pictures.reveal(hub, referral_id, asker=by)
    except Denied as denied:
        return str(denied)
    return [asdict(one) for one in shown], now and now.model_dump_json()


def _at(now: dt.datetime) -> AbstractContextManager[object]:
    return patch("ops.look.status.time.time_ns", lambda: codec.to_micros(now) * 1000)


def flat(value: Any) -> str:
    """What is shown, to be compared byte by byte."""
    return json.dumps(value, default=_plain, sort_keys=True)


def _plain(value: object) -> Any:
    dump = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else str(value)
