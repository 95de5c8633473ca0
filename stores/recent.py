"""The newest messages of this process, which then need not be unsealed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from itertools import islice

from schemas.message import Message

Placed = tuple[int, str, Message]
"""A message with its journal position, and the chain that it is in."""

_KEPT = 4000


class Recent:
    """A tail of the journal in memory, bounded and without gaps."""

    def __init__(self) -> None:
        self._tail: deque[Placed] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def extend(self, appended: Sequence[Placed]) -> None:
        """Take what was just committed; start anew where another process wrote in between."""
        if not appended:
            return
        with self._lock:
            if self._tail and self._tail[-1][0] + 1 != appended[0][0]:
                self._tail.clear()
            self._tail.extend(appended)

    def after(self, position: int, *, besides: str, limit: int) -> list[tuple[int, Message]] | None:
        """Up to ``limit`` messages after ``position`` that are not in the chain ``besides``.

        None if the tail does not reach back that far, or has none.
        """
        with self._lock:
            if not self._tail or position + 1 < self._tail[0][0]:
                return None
            tail = islice(self._tail, position + 1 - self._tail[0][0], None)
            others = ((place, message) for place, chain, message in tail if chain != besides)
            return list(islice(others, limit)) or None
