"""A store in which a borough has worked for as long as its notifications last: all but those of the
last days were rated, asked about, approved and received.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from ops.demo.running import DemoFolder, prepare
from ops.demo.simulation.answers import answer
from ops.demo.simulation.stream import batches
from ops.run.wiring import Hub, open_hub
from router.runtimes.clock import publish_due
from tests.bench.growth import streamed
from tests.proofs.place import Place
from tests.proofs.repeated import Past, repeat
from tests.services.process import free_port
from tests.support.filled import grown, send

_AT_ONCE = 100
_DAY = 86_400_000_000
_LEASED = 500
_TOLD_EVERY = 1_000
_PAST = 1_000
"""Notifications that are lived through to be repeated."""
BEHIND = ("police", "gp", "early_help")
"""Agencies whose people have not yet answered what came in the last days."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much has happened."""

    notifications: int
    waiting: int
    """So many of the last nobody has rated, and of as many before them not everybody has
    answered.
    """
    a_day: int
    """How many come in a day."""


def lived_place(
    path: Path, amount: Amount, *, told: Callable[[str], None], repeated: int = 0
) -> Place:
    """A hub of one process in this folder that has: the one that is there, or a new one.
    ``repeated``: how many notifications came before those, all settled.
    """
    port, done = free_port(), path / "lived"
    folder = DemoFolder(path) if done.exists() else prepare(path, port=port)
    if not done.exists():
        if repeated:
            _repeated(folder, repeated, before=amount, told=told)
        live(folder, amount, told=told)
        done.touch()
    return Place(
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        environment={**os.environ, "HUB_PORT": str(port)},
        store=f"sqlite:///{path.resolve() / 'hub.db'}",
    )


def _repeated(
    folder: DemoFolder, number: int, *, before: Amount, told: Callable[[str], None]
) -> None:
    """A past in which what a thousand lead to happens again and again."""
    small = Amount(min(_PAST, number), waiting=0, a_day=before.a_day)
    with tempfile.TemporaryDirectory() as path:
        lived_place(Path(path) / "past", small, told=told)
        past = Past.of(Path(path) / "past" / "hub.toml")
    until = time.time_ns() // 1000 - int(before.notifications / before.a_day * _DAY)
    repeat(folder.config, past, times=number // small.notifications, until=until, told=told)


def live(folder: DemoFolder, amount: Amount, *, told: Callable[[str], None]) -> None:
    """Fill the empty store of a folder."""
    hub = open_hub(folder.config, {})
    stream = streamed(folder.path / "stream", amount.notifications, told=told)
    begun, days = time.time_ns() // 1000, amount.notifications / amount.a_day
    with stream.open(encoding="utf-8") as lines:
        for number in range(0, amount.notifications, _AT_ONCE):
            at = begun - int((days - number / amount.a_day) * _DAY)
            hub.database.clock = partial(int, at)
            left = amount.notifications - number
            _live(hub, list(islice(lines, _AT_ONCE)), left=left, waiting=amount.waiting)
            if number % _TOLD_EVERY == 0:
                told(f"{number} of {amount.notifications} lived")
    hub.database.close()


def _live(hub: Hub, lines: list[str], *, left: int, waiting: int) -> None:
    """What happens until the next come: what is due, what comes, and what people answer."""
    while publish_due(hub.database, limit=500):
        hub.embedded().drain()
    for agency, events in batches(lines, len(lines)):
        send(hub, agency, events)
    hub.embedded().drain()
    if left > waiting:
        silent = BEHIND if left <= 2 * waiting else ()
        while _answered(hub, silent=silent):
            hub.embedded().drain()
    grown(hub)


def _answered(hub: Hub, *, silent: Collection[str]) -> int:
    """How many letters all agencies but these answered, up to 500 each."""
    count = 0
    for agency in hub.settings.agencies:
        if agency in silent:
            continue
        letters = hub.queues.lease(agency, limit=_LEASED, seconds=60)
        said = (answer(json.loads(letter.body)) for letter in letters)
        send(hub, agency, [one for one in said if one is not None])
        hub.queues.acknowledge(agency, [letter.id for letter in letters])
        count += len(letters)
    return count
