"""Whether the hub is ready for messages, and how each thing is that it stands on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from functools import partial

from connectors.queues import BrokerQueue, depths
from ops.look import room
from ops.look.reading import Guarded
from stores import failures, overview, schema, timers, topics
from stores.ports import Unavailable

SECONDS = 3.0
"""For what is asked to answer: give a probe more."""
_BROKER_SECONDS = 2.0
_LATE = 60_000_000
"""Microseconds by which a clock, or the relay, may be late."""
_NEEDED = {"store", "writing", "disk"}
_SILENT = "does not answer"


@dataclass(frozen=True, slots=True)
class Dependency:
    """One thing that the hub stands on. Without one that is ``needed`` nothing can be taken;
    without another one what is taken waits in the store.
    """

    name: str
    ok: bool
    says: str = ""
    needed: bool = False


def dependencies(
    hub: Guarded,
    queues: Sequence[BrokerQueue] = (),
    *,
    seconds: float = SECONDS,
    only: Collection[str] = (),
) -> list[Dependency]:
    """Each of them, or ``only`` these, as it is now. They are asked at once, and what has not
    answered in so many seconds does not.
    """
    looks = _looks(hub, queues).items()
    asked = {name: _asked(name, look) for name, look in looks if not only or name in only}
    wait(asked.values(), seconds)
    return [
        look.result() if look.done() else Dependency(name, False, _SILENT, name in _NEEDED)
        for name, look in asked.items()
    ]


def _looks(hub: Guarded, queues: Sequence[BrokerQueue]) -> dict[str, Callable[[], Dependency]]:
    looks: dict[str, Callable[[], Dependency]] = {
        "store": partial(_store, hub),
        "writing": partial(_writing, hub),
    }
    if room.folder(hub):
        looks["disk"] = partial(_disk, hub)
    looks |= {"parts": partial(_parts, hub), "clock": partial(_clock, hub)}
    if topics_url := hub.settings.runtime.topics:
        looks |= {"relay": partial(_relay, hub), "topics": partial(_topics, topics_url)}
    if queues:
        looks["queues"] = partial(_queues, queues)
    return looks


def _asked(name: str, look: Callable[[], Dependency]) -> Future[Dependency]:
    """Its answer, in a thread that nobody waits for: what hangs must not hold up who asks."""
    answer: Future[Dependency] = Future()

    def ask() -> None:
        try:
            answer.set_result(look())
        except Unavailable:
            answer.set_result(Dependency(name, False, "the store cannot tell", name in _NEEDED))
        except Exception as error:  # noqa: BLE001 - raised where it is asked for
            answer.set_exception(error)

    threading.Thread(target=ask, name=f"ready:{name}", daemon=True).start()
    return answer


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


def _writing(hub: Guarded) -> Dependency:
    """Whether the store takes what it is given, as far as this process was told of late."""
    why = hub.database.refuses
    return Dependency("writing", not why, f"the store takes nothing: {why}" if why else "", True)


def _disk(hub: Guarded) -> Dependency:
    """Of a store that is a file of this machine."""
    free = room.left(hub) or 0
    says = "" if free >= room.LEAST else f"{free // 1_000_000} MB left beside the store"
    return Dependency("disk", free >= room.LEAST, says, needed=True)


def _parts(hub: Guarded) -> Dependency:
    """Those that were given up: one that fails is tried again by itself."""
    with hub.database.reading() as connection:
        failing = failures.current(connection, hub.database.clock())
    over = sorted(one.part for one in failing if one.again_at is None)
    return Dependency("parts", not over, f"given up: {', '.join(over)}" if over else "")


def _clock(hub: Guarded) -> Dependency:
    """Whether what runs the clocks has told them the time lately."""
    first = timers.earliest(hub.database)
    late = first is not None and first < hub.database.clock() - _LATE
    return Dependency("clock", not late, "nothing tells the clocks the time" if late else "")


def _relay(hub: Guarded) -> Dependency:
    """Whether what was recorded reaches its topics."""
    with hub.database.reading() as connection:
        first = overview.oldest_unsent(connection)
    late = first is not None and first < hub.database.clock() - _LATE
    return Dependency("relay", not late, "what is recorded waits for the relay" if late else "")


def _queues(queues: Sequence[BrokerQueue]) -> Dependency:
    silent = sorted({queue.agency for queue, depth in depths(queues).items() if depth is None})
    says = f"no answer for the queues of {', '.join(silent)}" if silent else ""
    return Dependency("queues", not silent, says)


def _topics(url: str) -> Dependency:
    answers = topics.answer(url, seconds=_BROKER_SECONDS)
    return Dependency("topics", answers, "" if answers else "Kafka does not answer")
