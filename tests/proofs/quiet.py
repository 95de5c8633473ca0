"""When a hub under proof has nothing left to do. Only for waiting: what came of it is for the check
to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ops.look.reading import Reader, open_reader
from ops.look.status import Status, collect
from stores.ports import Unavailable
from tests.proofs.place import Place, queue_depths
from tests.proofs.processes import TooLate, wait_until

_LOOKS = 3
"""Looks one after the other that find nothing to do, and no new fact between them."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """What has to be done. Without ``letters``, letters may lie on queues; without ``cursors``
    steps are not asked.
    """

    letters: bool = True
    cursors: bool = True

    @property
    def looks(self) -> int:
        """How often nothing must have changed: a hub whose cursors do not move is watched for
        longer.
        """
        return _LOOKS if self.cursors else 5 * _LOOKS


def await_quiet(
    place: Place, idle: Callable[[], bool], *, seconds: float, quiet: Quiet = Quiet()
) -> None:
    """Wait until ``idle`` says that agencies are, every step had every fact, and no queue holds
    anything.
    """
    reader = open_reader(place.folder.config, place.environment)
    seen: list[int] = []
    left: list[str] = []

    def reached() -> bool:
        facts, left[:] = _look(place, reader, quiet)
        if left or not idle():
            seen.clear()
        elif seen and seen[-1] != facts:
            seen[:] = [facts]
        else:
            seen.append(facts)
        return len(seen) >= quiet.looks

    try:
        wait_until(reached, seconds=seconds, what="nothing is left to do", poll=0.2)
    except TooLate as error:
        raise TooLate(f"{error}; left: {', '.join(left) or 'agencies are at work'}") from None
    finally:
        reader.database.close()


def _look(place: Place, reader: Reader, quiet: Quiet) -> tuple[int, list[str]]:
    """How many facts there are, and what is left to do."""
    try:
        status = collect(reader)
    except Unavailable as error:
        return 0, [str(error)]
    return status.facts, list(_left(place, status, quiet))


def _left(place: Place, status: Status, quiet: Quiet) -> Iterator[str]:
    yield from status.trouble
    if status.relay is not None and status.relay["unsent"]:
        yield f"{status.relay['unsent']} unsent"
    if quiet.cursors:
        yield from (
            "{step} {topic} {depth}".format_map(step) for step in status.steps if step["depth"] != 0
        )
    if quiet.letters:
        yield from (
            f"letters of {queue['agency']} {queue['depth']}"
            for queue in status.queues
            if queue["depth"]
        )
        yield from (f"{name} {depth}" for name, depth in queue_depths(place).items() if depth != 0)
