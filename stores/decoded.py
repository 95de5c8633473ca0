"""Documents as last read or written in this process: one whose bytes are unchanged is not parsed
again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Decoded(Generic[K, V]):
    """A bounded memory of parsed documents, safe to share between threads. Asked with a document's
    bytes, so it can never answer with a stale one.
    """

    def __init__(self, most: int) -> None:
        self._known: OrderedDict[K, tuple[bytes, V]] = OrderedDict()
        self._most = most
        self._lock = threading.Lock()

    def get(self, key: K, plain: bytes, *, decode: Callable[[bytes], V]) -> V:
        """The parsed document, from memory if these very bytes were the last."""
        with self._lock:
            known = self._known.get(key)
            if known is not None and known[0] == plain:
                self._known.move_to_end(key)
                return known[1]
        value = decode(plain)
        self.put(key, plain, value=value)
        return value

    def put(self, key: K, plain: bytes, *, value: V) -> None:
        """Remember a document that is about to be written; the oldest gives way."""
        with self._lock:
            self._known[key] = (plain, value)
            if len(self._known) > self._most:
                self._known.popitem(last=False)


class DecodedByKind:
    """What was decoded of one database, whoever did: a bounded memory for each kind of document."""

    def __init__(self) -> None:
        self._kinds: dict[Hashable, Decoded[Any, Any]] = {}
        self.kept: dict[Hashable, Any] = {}
        """What :mod:`stores.noted` keeps, by who asks."""

    def of(self, kind: Hashable, *, most: int) -> Decoded[Any, Any]:
        """The memory of one kind; made the first time, for so many documents."""
        found = self._kinds.get(kind)
        return found or self._kinds.setdefault(kind, Decoded(most))
