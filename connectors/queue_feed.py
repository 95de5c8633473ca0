# mypy: allow-untyped-calls
# (kombu's functions have no types)
"""The queue feed: an agency's messages from a queue at the hub's broker or at one of theirs.

Order matters: the intake records a batch, the receipts are confirmed by the broker, and only then
is it acknowledged. A crash in between brings the batch again, which the intake answers as
duplicates. What cannot be read is taken too: a refusal is recorded and receipted, so one bad body
never blocks the queue.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from math import inf
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
from connectors.events.attributes import of_amqp
from connectors.events.envelope import id_told, named, parse
from connectors.events.facts import Door, Said
from connectors.formats.media import BATCH
from connectors.port import AgencyRoute
from schemas.message import derived_id
from schemas.notification import Receipt
from stores.keep_trying import (
    Failed,
    Failure,
    Pauses,
    Stopped,
    keep_trying,
    keep_working,
    logged,
)
from stores.ports import Arrival, Intake

MOST_AT_ONCE = 200
"""Messages of the broker that are unacknowledged at a time."""
MOST_RECORDED = 500
"""Events, of which a message may hold many, in one transaction."""
GATHER_SECONDS = 0.05
"""How long the first message of a batch waits for others."""
IDLE_SECONDS = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
"""Seconds between attempts; below the broker's heartbeat, so that it is kept up."""

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
    failing: Failed = lambda _: None
    """Hears of each failure to reach the broker, beside the log."""

    @property
    def name(self) -> str:
        """For the log and ``hub status``."""
        return f"queue:{self.route.code}"

    def run(self, stop: Event) -> None:
        """Take messages until ``stop`` is set, through every absence of the broker."""
        keep_working(
            lambda: self._work(stop),
            stop,
            failed=self._failed,
            errors=broker_errors(self.url),
            pauses=Pauses(FIRST_PAUSE, LONGEST_PAUSE, steady=LONGEST_PAUSE),
        )

    def _failed(self, failure: Failure) -> None:
        logged("broker.unavailable", connector="queue", agency=self.route.code)(failure)
        self.failing(failure)

    def _work(self, stop: Event) -> None:
        # Told to stop while it waits for the store, it leaves what is in hand with the broker.
        with connected(self.url) as connection, suppress(Stopped):
            ensure_queue(connection, self.queue)
            ensure_queue(connection, self.receipts)
            hand, came = _Hand(connection, connection.channel(), stop), connection.channel()
            put = hand.came.append
            consumer(came, self.queue, on_message=put, at_once=MOST_AT_ONCE).consume()
            while not stop.is_set():
                if batch := hand.gather():
                    self._take(batch, hand)

    def _take(self, batch: Sequence[Message], hand: _Hand) -> None:
        now = self.clock()
        arrivals = (arrival for message in batch for arrival in self._arrivals(message, now))
        count = 0
        # In parts: what many batches hold is too much for one transaction, or one receipt.
        while part := list(islice(arrivals, MOST_RECORDED)):
            answers = self._recorded(part, hand)
            body = json.dumps([_event(receipt) for receipt in answers]).encode()
            id_ = derived_id("receipts", *(receipt.id for receipt in answers))
            publish(hand.back, body, queue=self.receipts, content_type=BATCH, message_id=id_)
            count += len(part)
        acknowledge(batch)
        log.info("received", agency=self.route.code, connector="queue", count=count)

    def _arrivals(self, message: Message, now: dt.datetime) -> list[Arrival]:
        found = parse(
            Door(self.route, "queue", now),
            _body(message),
            content_type=message.content_type or "",
            attributes=of_amqp(message.headers),
        )
        arrivals = named(found, Said(_name_of(message)))
        traceparent = message.headers.get("traceparent")
        if not isinstance(traceparent, str):
            return arrivals
        return [replace(one, traceparent=traceparent) for one in arrivals]

    def _recorded(self, arrivals: Sequence[Arrival], hand: _Hand) -> list[Receipt]:
        """Their receipts, however long the store is away; nothing is acknowledged meanwhile."""
        return keep_trying(
            lambda: self.intake.take(arrivals),
            hand.stop,
            failed=logged("store.unavailable", connector="queue", agency=self.route.code),
            pauses=Pauses(FIRST_PAUSE, LONGEST_PAUSE),
            wait=hand.keep_up,
        )


@dataclass(slots=True)
class _Hand:
    """The messages that came on a connection and are not yet dealt with."""

    connection: Connection
    back: Any
    """The channel on which receipts go back."""
    stop: Event
    came: list[Message] = field(default_factory=list)

    def gather(self) -> list[Message]:
        """What comes within a moment of the first, or nothing when nothing comes."""
        self._drain(IDLE_SECONDS, until=1)
        if self.came:
            self._drain(GATHER_SECONDS, until=MOST_AT_ONCE)
        batch, self.came[:] = self.came[:MOST_AT_ONCE], self.came[MOST_AT_ONCE:]
        return batch

    def keep_up(self, seconds: float) -> None:
        """Pass the time in touch with the broker."""
        self._drain(seconds)

    def _drain(self, seconds: float, *, until: float = inf) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and len(self.came) < until:
            with suppress(TimeoutError):
                self.connection.drain_events(timeout=left)
        if self.connection.supports_heartbeats:
            self.connection.heartbeat_check()


def _body(message: Message) -> bytes:
    body: bytes | str = message.body
    return body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogatepass")


def _name_of(message: Message) -> str:
    """What the receipt calls a message of which nothing else says an id: its sender knows both."""
    told = id_told(message.properties.get("message_id"))
    return told or f"sha256:{sha256(_body(message)).hexdigest()}"


def _event(receipt: Receipt) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": derived_id("receipt", receipt.id, receipt.status),
        "source": "mash-hub",
        "type": receipt.type,
        "data": receipt.model_dump(mode="json", exclude_none=True),
    }
