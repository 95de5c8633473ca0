"""Whether this machine's clock jumped while the hub ran, or stands behind what is recorded.

By a clock that was set wrongly people are warned and chased too early, or not at all, and nothing
fails of it: so it is looked for, by comparing it with one that nobody sets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_JUMP: Final = 30.0
"""Seconds between two looks by which the clocks came apart, from which on it is a jump. What keeps
clocks right moves them by far less at a time.
"""
_SHOWN: Final = 600.0
"""Seconds for which a jump is told."""
_BEHIND: Final = 60.0
_SECOND: Final = 1_000_000

RIGHT: Final[Mapping[str, Any]] = {"off_seconds": 0.0, "how": None, "since_seconds": None}


@dataclass(slots=True)
class WallClock:
    """The clock of the machine, looked at now and then. Both are in seconds."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic
    _apart: float | None = None
    _jump: tuple[float, float] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def jumped(self) -> tuple[float, float] | None:
        """By how many seconds it was set forward (less than none: back) since the look before, or
        at most ten minutes ago, and how many seconds ago that was seen. None: it was not.
        """
        with self._lock:
            wall, steady = self.wall(), self.steady()
            apart, before = wall - steady, self._apart
            if before is not None and abs(apart - before) > _JUMP:
                self._jump = apart - before, steady
            self._apart = apart
            if self._jump is None or steady - self._jump[1] > _SHOWN:
                return None
            return self._jump[0], steady - self._jump[1]


MACHINE = WallClock()
"""That of this process: whoever looks at the hub looks at it too."""


def off(now: int, newest: int | None) -> Mapping[str, Any]:
    """How far the clock is off, as far as anybody here can tell.

    ``now`` and ``newest`` (when the newest entry was recorded) are in microseconds. ``how``:
    ``jumped`` by so many, ``since_seconds`` ago; ``behind`` the record by so many; or None.
    """
    if found := MACHINE.jumped():
        return {"off_seconds": found[0], "how": "jumped", "since_seconds": found[1]}
    behind = (newest - now) / _SECOND if newest else 0.0
    if behind > _BEHIND:
        return {"off_seconds": -behind, "how": "behind", "since_seconds": None}
    return RIGHT
