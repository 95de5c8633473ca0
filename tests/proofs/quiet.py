"""When a hub under proof has nothing left to do. Only for waiting: what came of it is for the check
to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ops.look.reading import Reader, open_reader
from ops.look.status import Status, collect
from stores.ports import Unavailable
from tests.proofs.place import Place, queue_depths
from tests.proofs.processes import TooLate, wait_until

_LOOKS = 3
"""Looks one after the other that find nothing to do, and no new fact between them."""


def await_quiet(
    place: Place, idle: Callable[[], bool], *, seconds: float, letters: bool = True
) -> None:
    """Wait until ``idle`` says that agencies are, every step had every fact, and no queue holds
    anything; without ``letters``, letters may lie there.
    """
    reader = open_reader(place.folder.config, place.environment)
    seen: list[int] = []
    left: list[str] = []

    def reached() -> bool:
        rests = idle()  # asked first, as it starts again what has ended
        facts, left[:] = _look(place, reader, letters=letters)
        if left or not rests:
            seen.clear()
        elif seen and seen[-1] != facts:
            seen[:] = [facts]
        else:
            seen.append(facts)
        return len(seen) >= _LOOKS

    try:
        wait_until(reached, seconds=seconds, what="nothing is left to do", poll=0.2)
    except TooLate as error:
        raise TooLate(f"{error}; left: {', '.join(left) or 'agencies are at work'}") from None
    finally:
        reader.database.close()


@contextmanager
def unheard(place: Place) -> Iterator[Callable[[], int]]:
    """What tells how many facts wait for steps, whoever still sends."""
    reader = open_reader(place.folder.config, place.environment)

    def waiting() -> int:
        status = collect(reader)
        unsent = status.relay["unsent"] if status.relay else 0
        return unsent + sum(step["depth"] or 0 for step in status.steps)

    try:
        yield waiting
    finally:
        reader.database.close()


def _look(place: Place, reader: Reader, *, letters: bool) -> tuple[int, list[str]]:
    """How many facts there are, and what is left to do."""
    try:
        status = collect(reader)
    except Unavailable as error:
        return 0, [str(error)]
    return status.facts, list(_left(place, status, letters=letters))


def _left(place: Place, status: Status, *, letters: bool) -> Iterator[str]:
    yield from status.trouble
    if status.relay is not None and status.relay["unsent"]:
        yield f"{status.relay['unsent']} unsent"
    yield from (
        "{step} {topic} {depth}".format_map(step) for step in status.steps if step["depth"] != 0
    )
    if letters:
        yield from (
            f"letters of {queue['agency']} {queue['depth']}"
            for queue in status.queues
            if queue["depth"]
        )
        yield from (f"{name} {depth}" for name, depth in queue_depths(place).items() if depth != 0)
