# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""A connection to a broker that is kept between uses, for who sends or fetches now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock
from typing import Generic, TypeVar

from kombu.connection import Connection

from connectors.clients.broker import BrokerErrors, broker_errors, connect

Opened = TypeVar("Opened")


class Line(Generic[Opened]):
    """Connected at its first use; trouble drops it, and the next use makes another."""

    def __init__(self, url: str, opening: Callable[[Connection], Opened]) -> None:
        """``opening`` opens on a new connection what every use needs, such as a channel."""
        self._url, self._opening, self._lock = url, opening, Lock()
        self._connection: Connection | None = None
        self._opened: Opened | None = None

    @property
    def errors(self) -> BrokerErrors:
        """What is raised when the broker is away or becomes so."""
        return broker_errors(self._url)

    @contextmanager
    def used(self) -> Iterator[Opened]:
        """What is open on the connection, for one thread at a time."""
        with self._lock:
            try:
                if self._opened is None:
                    # Nobody drains it meanwhile: with a heartbeat the broker would close it.
                    self._connection = connect(self._url, heartbeat=0)
                    self._opened = self._opening(self._connection)
                yield self._opened
            except self.errors:
                # A late confirmation must not be taken for that of the next message.
                if connection := self._let_go():
                    connection.collect()
                raise

    def close(self) -> None:
        """Let go of everything; what is unacknowledged comes again."""
        with self._lock, suppress(*self.errors):
            if connection := self._let_go():
                connection.release()

    def _let_go(self) -> Connection | None:
        connection, self._connection, self._opened = self._connection, None, None
        return connection
