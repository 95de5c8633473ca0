"""How often something comes from one neighbourhood: the form is for everybody, not for one."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from connectors.wrong_tokens import neighbourhood

_HOUR: Final = 3600.0
_MOST_ADDRESSES: Final = 1000


class TooOften(Exception):
    """More than anybody writes came from one neighbourhood within an hour."""


@dataclass(slots=True)
class Often:
    """Counts by neighbourhood: behind a proxy, or in one office, many people are one."""

    most: int
    """Within an hour."""
    clock: Callable[[], float] = time.monotonic
    _counts: OrderedDict[str, tuple[float, int]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, host: str) -> None:
        """One more from there. Raises :class:`TooOften`."""
        now, address = self.clock(), neighbourhood(host)
        with self._lock:
            since, count = self._counts.pop(address, (now, 0))
            if now - since >= _HOUR:
                since, count = now, 0
            self._counts[address] = since, count + 1
            while len(self._counts) > _MOST_ADDRESSES:
                self._counts.popitem(last=False)
        if count >= self.most:
            raise TooOften
