# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""An agency's end of its queues, with the verbs of :class:`HubClient`: for agencies in Python.

It sends on ``feeds.<agency>`` with confirms, waits for the receipts that the hub puts on
``feeds.<agency>.receipts``, and takes its letters from ``deliveries.<agency>``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from kombu.connection import Connection
from kombu.entity import Queue
from kombu.message import Message

from connectors.clients.broker import broker_errors, connect, consumer, ensure_queue, publish
from connectors.clients.http_client import HubUnavailable
from connectors.formats.media import BATCH
from schemas.message import derived_id
from schemas.notification import Receipt

_AT_ONCE = 200
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class QueueNames:
    """An agency's three queues; ``prefix`` lets several hubs share a broker."""

    feed: str
    receipts: str
    letters: str

    @classmethod
    def of(cls, agency: str, prefix: str = "") -> QueueNames:
        """The names by the hub's own convention."""
        feed = f"{prefix}feeds.{agency}"
        return cls(feed, f"{feed}.receipts", f"{prefix}deliveries.{agency}")


class BrokerClient:
    """One agency's connection to the hub over a broker. May be shared by threads. Times are in
    seconds.
    """

    def __init__(self, url: str, names: QueueNames, *, timeout: float = 30.0) -> None:
        """``url`` is the agency's own account at the broker; nothing is connected before it is
        used.
        """
        self._sending, self._fetching = _Sending(url, names, timeout), _Fetching(url, names)
        self._send_lock, self._fetch_lock = threading.Lock(), threading.Lock()

    def __enter__(self) -> BrokerClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; letters that were not acknowledged come again."""
        with self._send_lock, self._fetch_lock:
            self._sending.line.close()
            self._fetching.line.close()

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Send structured CloudEvents; a receipt for each, in order. Sending the same again is
        harmless.

        Raises ``HubUnavailable`` when the broker is away, or no receipt came in time.
        """
        with self._send_lock:
            return self._sending.send(events) if events else []

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:
        """The agency's letters as CloudEvents, held until acknowledged; with ``wait``, waits for
        one to come.
        """
        with self._fetch_lock:
            return self._fetching.fetch(limit, wait)

    def acknowledge(self, ids: Collection[str]) -> int:
        """Tell the broker that these letters are safe; answers how many of them it held for this
        client.
        """
        with self._fetch_lock:
            return self._fetching.acknowledge(ids)


class _Line:
    """A connection with what is open on it; any trouble closes it, and the next use opens
    another.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._parts = ExitStack()
        self.errors = broker_errors(url)
        self.connection: Connection | None = None

    @contextmanager
    def used(self) -> Iterator[Connection]:
        """The connection; raises ``HubUnavailable`` where the broker is away or becomes so."""
        try:
            if self.connection is None:
                # Nobody drains it while the agency is busy: without a heartbeat the broker keeps it
                # all the same.
                self.connection = connect(self._url, heartbeat=0)
            yield self.connection
        except self.errors:
            self.close()
            raise HubUnavailable from None

    def keep(self, part: Any) -> Any:
        """Enter ``part`` and leave it when the line is closed."""
        return self._parts.enter_context(part)

    def close(self) -> None:
        """Let go of everything, dead or alive; what is unacknowledged comes again."""
        connection, self.connection = self.connection, None
        parts, self._parts = self._parts, ExitStack()
        if connection is not None:
            with suppress(*self.errors):
                parts.close()
            connection.collect()


class _Sending:
    """The way in: events on one queue, receipts from another."""

    def __init__(self, url: str, names: QueueNames, timeout: float) -> None:
        self.line = _Line(url)
        self._names, self._timeout = names, timeout
        self._channel: Any = None
        self._opened_on: Connection | None = None
        self._came: dict[str, Receipt] = {}

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        ids = [str(event["id"]) for event in events]
        body = json.dumps(events).encode()
        with self.line.used() as connection:
            self._open(connection)
            # Receipts of an earlier try count as well: the hub answers the same, or that it had
            # the message before.
            self._came = {id_: receipt for id_, receipt in self._came.items() if id_ in ids}
            sent = derived_id("sent", *ids)
            publish(self._channel, self._names.feed, body, content_type=BATCH, message_id=sent)
            return self._await(connection, ids, sent=sent)

    def _open(self, connection: Connection) -> None:
        if self._opened_on is connection:
            return
        for name in (self._names.feed, self._names.receipts):
            ensure_queue(connection, name)
        self._channel = self.line.keep(connection.channel())
        receipts = self.line.keep(connection.channel())
        self.line.keep(consumer(receipts, self._names.receipts, self._take, at_once=_AT_ONCE))
        self._opened_on = connection

    def _take(self, message: Message) -> None:
        for event in json.loads(message.body):
            receipt = Receipt.model_validate(event["data"])
            if receipt.message_id is not None:
                self._came.setdefault(receipt.message_id, receipt)
        message.ack()

    def _await(self, connection: Connection, ids: Sequence[str], *, sent: str) -> list[Receipt]:
        deadline = time.monotonic() + self._timeout
        while not all(found := self._answers(ids, sent=sent)):
            if time.monotonic() > deadline:
                raise TimeoutError
            with suppress(TimeoutError):
                connection.drain_events(timeout=1.0)
        return [receipt for receipt in found if receipt]

    def _answers(self, ids: Sequence[str], *, sent: str) -> list[Receipt | None]:
        """The receipt for each event so far: by its id, its place in the batch, or the batch's."""
        came = self._came
        return [
            came.get(id_) or came.get(f"{sent}#{place}") or came.get(sent)
            for place, id_ in enumerate(ids, start=1)
        ]


class _Fetching:
    """The way out: letters, each held until it is acknowledged."""

    def __init__(self, url: str, names: QueueNames) -> None:
        self.line = _Line(url)
        self._names = names
        self._queue: Any = None
        self._opened_on: Connection | None = None
        self._held: dict[str, Message] = {}

    def fetch(self, limit: int, wait: float) -> list[dict[str, object]]:
        until = time.monotonic() + wait
        with self.line.used() as connection:
            self._open(connection)
            letters = self._get(limit)
            while not letters and time.monotonic() < until:
                time.sleep(_POLL_SECONDS)
                letters = self._get(limit)
            return letters

    def acknowledge(self, ids: Collection[str]) -> int:
        """Letters that were held on a connection that broke come again, and are not acknowledged
        here.
        """
        with self.line.used() as connection:
            self._open(connection)
            held = [self._held.pop(id_) for id_ in ids if id_ in self._held]
            for message in held:
                message.ack()
            return len(held)

    def _open(self, connection: Connection) -> None:
        if self._opened_on is connection:
            return
        ensure_queue(connection, self._names.letters)
        channel = self.line.keep(connection.channel())
        channel.auto_decode = False
        self._held.clear()
        self._queue = Queue(self._names.letters, channel=channel, no_declare=True)
        self._opened_on = connection

    def _get(self, limit: int) -> list[dict[str, object]]:
        letters: list[dict[str, object]] = []
        while len(letters) < limit and (message := self._queue.get(no_ack=False)) is not None:
            letter = json.loads(message.body)
            self._held[str(letter["id"])] = message
            letters.append(letter)
        return letters
