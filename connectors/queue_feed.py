# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""The queue feed: an agency's messages from a queue of its own, at the hub's broker or at one of
theirs, over kombu.

Order matters: the intake records a batch, the receipts are confirmed by the broker, and only then
is it acknowledged. A crash in between brings the batch again, which the intake answers as
duplicates. What cannot be read is taken too: a refusal is recorded and receipted, so one bad body
never blocks the queue.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Event
from typing import Any

import structlog
from kombu.connection import Connection
from kombu.message import Message

from connectors.clients.broker import (
    acknowledge,
    broker_errors,
    connected,
    consumer,
    ensure_queue,
    publish,
)
from connectors.events.envelope import id_told, parse
from connectors.formats.media import BATCH
from connectors.port import AgencyRoute
from schemas.message import derived_id
from schemas.notification import Receipt
from stores.keep_trying import Pauses, Stopped, keep_trying, keep_working, logged
from stores.ports import Arrival, Intake

MOST_AT_ONCE = 200
"""Messages of the broker that are unacknowledged at a time."""
MOST_RECORDED = 500
"""Events, of which a message may hold many, in one transaction."""
GATHER_SECONDS = 0.05
"""How long the first message of a batch waits for others."""
IDLE_SECONDS = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between attempts while store or broker are away; below the broker's heartbeat, so that it
is kept up.
"""

log = structlog.get_logger()


@dataclass(slots=True)
class QueueFeed:
    """One agency's queue. ``queue`` brings messages; ``receipts`` is where their receipts go."""

    route: AgencyRoute
    intake: Intake
    url: str = field(repr=False)
    queue: str
    receipts: str
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)

    @property
    def name(self) -> str:
        """For the log and ``hub status``."""
        return f"queue:{self.route.code}"

    def run(self, stop: Event) -> None:
        """Take messages until ``stop`` is set; a broker that is away is tried again, ever less
        often.
        """
        keep_working(
            lambda: self._connected(stop),
            stop,
            failed=logged("broker.unavailable", connector="queue", agency=self.route.code),
            errors=broker_errors(self.url),
            pauses=Pauses(FIRST_PAUSE, LONGEST_PAUSE, steady=LONGEST_PAUSE),
        )

    def _connected(self, stop: Event) -> None:
        # Told to stop while it waits for the store, it leaves what is in hand with the broker.
        with connected(self.url) as connection, suppress(Stopped):
            self._work(connection, stop)

    def _work(self, connection: Connection, stop: Event) -> None:
        ensure_queue(connection, self.queue)
        ensure_queue(connection, self.receipts)
        hand, back = _Hand(connection), connection.channel()
        consumer(connection.channel(), self.queue, hand.put, at_once=MOST_AT_ONCE).consume()
        while not stop.is_set():
            if batch := hand.gather():
                self._take(batch, hand, back, stop)

    def _take(self, batch: Sequence[Message], hand: _Hand, back: Any, stop: Event) -> None:
        now = self.clock()
        arrivals = (arrival for message in batch for arrival in self._arrivals(message, now))
        count = 0
        # In parts: what many batches hold is too much for one transaction, and its receipts for one
        # message.
        while part := list(islice(arrivals, MOST_RECORDED)):
            answers = self._recorded(part, hand, stop)
            body = json.dumps([_event(receipt) for receipt in answers]).encode()
            first = derived_id("receipts", *(receipt.id for receipt in answers))
            publish(back, self.receipts, body, content_type=BATCH, message_id=first)
            count += len(part)
        acknowledge(batch)
        log.info("received", agency=self.route.code, connector="queue", count=count)

    def _arrivals(self, message: Message, now: dt.datetime) -> list[Arrival]:
        content_type, headers, body = _raw(message)
        found = parse(self.route, content_type, headers, body, connector="queue", now=now)
        return _named(found, id_told(message.properties.get("message_id")))

    def _recorded(self, arrivals: Sequence[Arrival], hand: _Hand, stop: Event) -> list[Receipt]:
        """Their receipts, however long the store is away; nothing is acknowledged meanwhile."""
        return keep_trying(
            lambda: self.intake.take(arrivals),
            stop,
            failed=logged("store.unavailable", connector="queue", agency=self.route.code),
            pauses=Pauses(FIRST_PAUSE, LONGEST_PAUSE),
            wait=hand.keep_up,
        )


class _Hand:
    """The messages that came and are not yet dealt with."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._came: list[Message] = []

    def put(self, message: Message) -> None:
        """A message came."""
        self._came.append(message)

    def gather(self) -> list[Message]:
        """What comes within a moment of the first, or nothing when nothing comes."""
        self._drain(IDLE_SECONDS, until=1)
        if self._came:
            self._drain(GATHER_SECONDS, until=MOST_AT_ONCE)
        batch, self._came[:] = self._came[:MOST_AT_ONCE], self._came[MOST_AT_ONCE:]
        return batch

    def keep_up(self, seconds: float) -> None:
        """Pass the time in touch with the broker."""
        self._drain(seconds, until=None)

    def _drain(self, seconds: float, until: int | None) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and (
            until is None or len(self._came) < until
        ):
            with suppress(TimeoutError):
                self._connection.drain_events(timeout=left)
        if self._connection.supports_heartbeats:
            self._connection.heartbeat_check()


def _named(arrivals: list[Arrival], message_id: str | None) -> list[Arrival]:
    """Each by its own id; what has none by that of the broker's message, ``id#2`` in a batch."""
    if message_id is None:
        return arrivals
    places = [f"#{n}" for n in range(1, len(arrivals) + 1)] if len(arrivals) > 1 else [""]
    return [
        arrival if arrival.event_id else replace(arrival, event_id=message_id + place)
        for arrival, place in zip(arrivals, places, strict=True)
    ]


def _raw(message: Message) -> tuple[str, Mapping[str, str], bytes]:
    """Content type, CloudEvents attributes as ``ce-…`` (AMQP binding: ``cloudEvents:`` or
    ``cloudEvents_``), body.
    """
    headers = {
        name: value for key, value in message.headers.items() if (name := _attribute(str(key)))
    }
    body = (
        message.body
        if isinstance(message.body, bytes)
        else str(message.body).encode("utf-8", "surrogatepass")
    )
    return (
        message.content_type or "",
        {name: _written(value) for name, value in headers.items()},
        body,
    )


def _attribute(header: str) -> str | None:
    for prefix in ("cloudevents:", "cloudevents_", "ce-", "ce_"):
        if header.lower().startswith(prefix):
            return "ce-" + header[len(prefix) :].lower()
    return None


def _written(value: object) -> str:
    if isinstance(value, dt.datetime):  # AMQP's timestamps have no zone and mean UTC
        return value.replace(tzinfo=value.tzinfo or dt.UTC).isoformat()
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _event(receipt: Receipt) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": derived_id("receipt", receipt.id, receipt.status),
        "source": "mash-hub",
        "type": receipt.type,
        "data": receipt.model_dump(mode="json", exclude_none=True),
    }
