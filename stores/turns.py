"""Whose turn it is to write: one at a time, and who may not wait before all others."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock for a store with one writer. Not to be taken twice by one thread."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._taken = False
        self._waiting_first = 0
        self._asking = 0
        """Who has it or waits for it."""

    @contextmanager
    def turn(self, *, first: bool) -> Iterator[None]:
        """Hold it; those who are ``first`` go before all who wait."""
        with self._free:
            self._waiting_first += first
            self._asking += 1
            try:
                self._free.wait_for(lambda: self._is_mine(first=first))
            finally:
                self._waiting_first -= first
            self._taken = True
        try:
            yield
        finally:
            with self._free:
                self._taken = False
                self._asking -= 1
                self._free.notify_all()

    def give_way(self, seconds: float) -> float:
        """Wait until nobody has it or waits for it, at most so long; the seconds that it took."""
        if not self._asking:
            return 0.0
        began = time.monotonic()
        with self._free:
            self._free.wait_for(lambda: not self._asking, seconds)
        return time.monotonic() - began

    def _is_mine(self, *, first: bool) -> bool:
        return not self._taken and (first or not self._waiting_first)
