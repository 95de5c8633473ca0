"""Whether the hub is ready for messages, and how each thing is that it stands on."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.queues import BrokerQueue, depths
from ops.look.reading import Guarded
from ops.run.wiring import placed
from stores import failures, schema, topics
from stores.ports import Unavailable

_ROOM = 100_000_000
"""Bytes that have to be free beside a store that is a file."""
_BROKER_SECONDS = 2.0
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that the hub stands on. Without one that is ``needed`` nothing can be taken;
    without another one what is taken waits in the store.
    """

    name: str
    ok: bool
    says: str = ""
    needed: bool = False


def dependencies(hub: Guarded, queues: Sequence[BrokerQueue] = ()) -> Iterator[Dependency]:
    """Each of them, as it is now. Brokers are given some two seconds."""
    yield _store(hub)
    yield from _disk(hub)
    yield _parts(hub)
    if url := hub.settings.runtime.topics:
        yield _topics(url)
    if queues:
        silent = sorted({queue.agency for queue, depth in depths(queues).items() if depth is None})
        says = f"no answer for the queues of {', '.join(silent)}" if silent else ""
        yield Dependency("queues", not silent, says)


def ready(found: Sequence[Dependency]) -> bool:
    """Whether a message would be taken now."""
    return all(one.ok for one in found if one.needed)


def _store(hub: Guarded) -> Dependency:
    try:
        with hub.database.reading() as connection:
            schema.is_there(connection)
    except Unavailable:
        return Dependency("store", ok=False, says="cannot be reached", needed=True)
    except schema.OtherRevision:
        return Dependency(
            "store", ok=False, says="is of another revision: hub upgrade", needed=True
        )
    return Dependency("store", ok=True, needed=True)


def _disk(hub: Guarded) -> Iterator[Dependency]:
    """Of a store that is a file of this machine."""
    url = placed(hub.settings.runtime.store, hub.folder)
    if url.startswith(_SQLITE):
        free = shutil.disk_usage(Path(url.removeprefix(_SQLITE)).parent).free
        says = "" if free >= _ROOM else f"{free // 1_000_000} MB left beside the store"
        yield Dependency("disk", free >= _ROOM, says, needed=True)


def _parts(hub: Guarded) -> Dependency:
    """Those that were given up: one that fails is tried again by itself."""
    try:
        with hub.database.reading() as connection:
            failing = failures.current(connection, time.time_ns() // 1000)
    except Unavailable:
        return Dependency("parts", ok=False, says="the store cannot tell")
    over = sorted(one.part for one in failing if one.again_at is None)
    return Dependency("parts", not over, f"given up: {', '.join(over)}" if over else "")


def _topics(url: str) -> Dependency:
    answers = topics.answer(url, seconds=_BROKER_SECONDS)
    return Dependency("topics", answers, "" if answers else "Kafka does not answer")
