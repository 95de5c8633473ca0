"""Answers that are kept: what a word sounds like is asked thousands of times and never changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Kept(dict[Any, Any]):
    def __init__(self, work: Callable[[Any], Any], most: int) -> None:
        super().__init__()
        self._work, self._most = work, most

    def __missing__(self, key: Any) -> Any:
        if len(self) >= self._most:
            self.clear()
        value = self[key] = self._work(key)
        return value


def kept(most: int) -> Callable[[Callable[[K], V]], Callable[[K], V]]:
    """Keep the answers of a function of one value, at most so many: then all are forgotten.

    In place of :func:`functools.lru_cache`, which also keeps in which order they were asked for:
    that takes longer than the look-up where there are many.
    """

    def keep(work: Callable[[K], V]) -> Callable[[K], V]:
        return _Kept(work, most).__getitem__

    return keep
