"""Whose turn it is to write: one at a time, and who may not wait before all others."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock for a store with one writer. Not to be taken twice by one thread."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._taken = False
        self._waiting_first = 0

    @contextmanager
    def turn(self, *, first: bool) -> Iterator[None]:
        """Hold it; those who are ``first`` go before all who wait."""
        with self._free:
            self._waiting_first += first
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
                self._free.notify_all()

    def _is_mine(self, *, first: bool) -> bool:
        return not self._taken and (first or not self._waiting_first)
