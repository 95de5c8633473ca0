# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""An agency's end of its queues, with the verbs of ``HubClient``: for agencies in Python.

It sends on ``feeds.<agency>`` with confirms, waits for the receipts that the hub puts on
``feeds.<agency>.receipts``, and takes its letters from ``deliveries.<agency>``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from kombu.connection import Connection
from kombu.entity import Queue
from kombu.message import Message

from connectors.clients.broker import consumer, ensure_queue, publish
from connectors.clients.http_client import HubUnavailable
from connectors.clients.line import Line, Opened
from connectors.formats.media import BATCH
from schemas.message import derived_id
from schemas.notification import Receipt

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


Opening = Callable[[bytes], bytes]
"""A letter's own bytes, from those that lay on the queue."""


def _in_clear(body: bytes) -> bytes:
    return body


@dataclass(frozen=True, slots=True)
class _Letters:
    """The agency's letters on one connection, and those that it holds."""

    queue: Any
    opening: Opening
    held: dict[str, Message] = field(default_factory=dict)

    def get(self, limit: int) -> list[dict[str, object]]:
        letters: list[dict[str, object]] = []
        while len(letters) < limit and (message := self.queue.get(no_ack=False)) is not None:
            letter = json.loads(self.opening(message.body))
            self.held[str(letter["id"])] = message
            letters.append(letter)
        return letters


class BrokerClient:
    """One agency's connection to the hub over a broker. May be shared by threads."""

    def __init__(
        self, url: str, names: QueueNames, *, timeout: float = 30.0, opening: Opening = _in_clear
    ) -> None:
        """``url`` is the agency's own account at the broker; ``timeout`` in seconds; ``opening``
        opens letters that are sealed to the agency's key (:func:`schemas.sealed.unseal`).
        """
        self._names, self._timeout, self._opening = names, timeout, opening
        self._sending = Line(url, self._open_sending)
        self._fetching = Line(url, self._open_fetching)
        self._came: dict[str, Receipt] = {}

    def __enter__(self) -> BrokerClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; letters that were not acknowledged come again."""
        self._sending.close()
        self._fetching.close()

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Send structured CloudEvents; a receipt for each, in order.

        Sending the same again is harmless. Raises ``HubUnavailable`` when the broker is away, or
        no receipt came in time.
        """
        if not events:
            return []
        ids = [str(event["id"]) for event in events]
        sent, body = derived_id("sent", *ids), json.dumps(events).encode()
        with _used(self._sending) as (connection, channel):
            # Receipts of an earlier try count as well: the hub answers the same, or that it had
            # the message before.
            self._came = {id_: receipt for id_, receipt in self._came.items() if id_ in ids}
            publish(channel, body, queue=self._names.feed, content_type=BATCH, message_id=sent)
            deadline = time.monotonic() + self._timeout
            while not all(found := self._answers(ids, sent=sent)):
                if time.monotonic() > deadline:
                    raise TimeoutError
                with suppress(TimeoutError):
                    connection.drain_events(timeout=1.0)
            return [receipt for receipt in found if receipt]

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:
        """The agency's letters as CloudEvents, held until acknowledged.

        With ``wait`` seconds, waits for one to come.
        """
        until = time.monotonic() + wait
        with _used(self._fetching) as letters:
            while not (found := letters.get(limit)) and time.monotonic() < until:
                time.sleep(_POLL_SECONDS)
            return found

    def acknowledge(self, ids: Collection[str]) -> int:
        """Tell the broker that these letters are safe; answers how many of them it held here.

        Those that were held on a connection that broke come again.
        """
        with _used(self._fetching) as letters:
            held = [letters.held.pop(id_) for id_ in ids if id_ in letters.held]
            for message in held:
                message.ack()
            return len(held)

    def _open_sending(self, connection: Connection) -> tuple[Connection, Any]:
        for name in (self._names.feed, self._names.receipts):
            ensure_queue(connection, name)
        receipts = connection.channel()
        consumer(receipts, self._names.receipts, on_message=self._take, at_once=200).consume()
        return connection, connection.channel()

    def _open_fetching(self, connection: Connection) -> _Letters:
        ensure_queue(connection, self._names.letters)
        channel = connection.channel()
        channel.auto_decode = False
        queue = Queue(self._names.letters, channel=channel, no_declare=True)
        return _Letters(queue, self._opening)

    def _take(self, message: Message) -> None:
        for event in json.loads(message.body):
            receipt = Receipt.model_validate(event["data"])
            if receipt.message_id is not None:
                self._came.setdefault(receipt.message_id, receipt)
        message.ack()

    def _answers(self, ids: Sequence[str], *, sent: str) -> list[Receipt | None]:
        """The receipt for each event so far: by its id, its place in the batch, or the batch's."""
        came = self._came
        return [
            came.get(id_) or came.get(f"{sent}#{place}") or came.get(sent)
            for place, id_ in enumerate(ids, start=1)
        ]


@contextmanager
def _used(line: Line[Opened]) -> Iterator[Opened]:
    try:
        with line.used() as opened:
            yield opened
    except line.errors:
        raise HubUnavailable from None
