"""How the hub is and how it was: whoever looks again is told whether what waits grows."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal

from connectors.queues import BrokerQueue
from ops.look.reading import Guarded
from ops.look.status import Row, Status, collect
from stores.ports import Unavailable

_EVERY: Final = 30.0
"""Seconds between two looks that are kept."""
_KEPT: Final = 120
_ENOUGH: Final = 3
"""Looks before it is said whether something grows."""

Trend = Literal["growing", "falling", "steady"]
Depths = dict[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Looked:
    """What waited at each (step, topic) at a moment, in seconds of a clock that never goes back."""

    at: float
    depths: Depths


@dataclass(slots=True)
class Health:
    """Looks at one hub, for as long as its process runs; an hour of looks is kept in memory."""

    hub: Guarded
    queues: Sequence[BrokerQueue] = ()
    connections: Callable[[], Row] = dict
    """What the web server itself counts."""
    _looks: deque[Looked] = field(default_factory=lambda: deque(maxlen=_KEPT))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Status:
        """How it is now. Raises ``Unavailable``."""
        status = collect(self.hub, self.queues)
        self._keep(status, time.monotonic())
        return status

    def run(self, stop: threading.Event) -> None:
        """Look now and then, until told to stop: what waited before somebody opened a page."""
        while not stop.wait(_EVERY):
            self.hub.database.try_room()
            with suppress(Unavailable):  # who asks is told; here one look is missing
                self.look()

    def depths(self, step: str, topic: str) -> tuple[int, ...]:
        """What waited at the looks that are kept, the oldest first."""
        return tuple(one.depths.get((step, topic), 0) for one in self._kept())

    def trend(self, step: str, topic: str) -> Trend | None:
        """Whether that grows; None: it is not known yet."""
        return trend(self.depths(step, topic))

    def _keep(self, status: Status, at: float) -> None:
        with self._lock:
            if self._looks and at - self._looks[-1].at < _EVERY / 2:
                return
            depths = {(one["step"], one["topic"]): one["depth"] or 0 for one in status.steps}
            self._looks.append(
                Looked(at, {place: count for place, count in depths.items() if count})
            )

    def _kept(self) -> Sequence[Looked]:
        with self._lock:
            return tuple(self._looks)


def trend(depths: Sequence[int]) -> Trend | None:
    """Whether what waits grows: the mean of the newer half of the looks against the older's. None
    of too few. A tenth more or less is steady.
    """
    if len(depths) < _ENOUGH:
        return None
    middle = len(depths) // 2
    older, newer = depths[:middle], depths[middle:]
    before, after = sum(older) / len(older), sum(newer) / len(newer)
    if abs(after - before) <= 0.1 * max(before, after):
        return "steady"
    return "growing" if after > before else "falling"
