"""How much is taken in hand at a time: so little that a Red never waits long behind it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_FIRST = 10
_LEAST = 8
"""However slow it goes: fewer at a time would be slower still, as each time has a price."""
SECONDS = 0.05
"""That what is in hand should take; more at a time saves little of what each time costs."""


@dataclass(slots=True)
class Pace:
    """Follows how long the last ones took. ``most``: at a time, however fast it goes; ``least``:
    however slow; ``seconds``: that they should take.
    """

    most: int
    least: int = _LEAST
    seconds: float = SECONDS
    _size: int = _FIRST

    @property
    def size(self) -> int:
        """How many to take now."""
        return min(self._size, self.most)

    @contextmanager
    def taking(self, count: int) -> Iterator[None]:
        """While so many are in hand."""
        began = time.monotonic()
        yield
        self.took(count, seconds=time.monotonic() - began)

    def took(self, count: int, *, seconds: float) -> None:
        """So many took so long: at most twice as many next time."""
        fitting = round(count * self.seconds / max(seconds, 0.001))
        self._size = max(self.least, min(fitting, 2 * self.size))
