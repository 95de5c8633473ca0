# mypy: allow-untyped-calls
"""The queue feed over kombu's memory transport: recorded, receipted, then acknowledged, whatever
the body holds.
"""

import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from kombu.connection import Connection

from connectors import queue_feed
from connectors.clients import broker
from connectors.clients.broker_client import BrokerClient, QueueNames
from connectors.events.facts import Door
from connectors.formats.media import BATCH, STRUCTURED
from connectors.formats.strict_json import Json
from connectors.port import Routes
from connectors.queue_feed import QueueFeed
from schemas.base import Fact
from schemas.notification import Receipt
from schemas.refusals import Refusal
from stores.ports import Arrival, Intake

Answers = list[dict[str, object]]
Result = TypeVar("Result")
Make = Callable[..., dict[str, object]]
URL = "memory://"
TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Queues of this test's own: the memory transport is shared by the process."""
    monkeypatch.setattr(queue_feed, "FIRST_PAUSE", 0.001)
    return f"in-{uuid4()}", f"out-{uuid4()}"


@pytest.fixture
def feed(hub: Routes, intake: Intake, now: dt.datetime, names: tuple[str, str]) -> QueueFeed:
    return QueueFeed(hub.by_code["health"], intake, URL, *names, clock=lambda: now)


@pytest.fixture
def wire(names: tuple[str, str]) -> Iterator["Wire"]:
    connection = Connection(URL, transport_options={"polling_interval": 0.001})
    with connection:
        yield Wire(connection, *names)


class Wire:
    """The agency's end of its queues."""

    def __init__(self, connection: Connection, queue: str, receipts: str) -> None:
        self.connection = connection
        self.queue = queue
        self.receipts = receipts

    def put(
        self,
        body: bytes,
        content_type: str = STRUCTURED,
        *,
        message_id: object = None,
        **headers: object,
    ) -> None:
        broker.ensure_queue(self.connection, self.queue)
        producer = self.connection.Producer()
        producer.publish(
            body,
            routing_key=self.queue,
            content_type=content_type,
            content_encoding="binary",
            headers=headers,
            message_id=message_id,
        )

    def answers(self, count: int) -> Answers:
        """The first receipts, as many as asked for."""
        broker.ensure_queue(self.connection, self.receipts)
        queue, found = self.connection.SimpleQueue(self.receipts), Answers()
        while len(found) < count:
            message = queue.get(timeout=10)
            found += [event["data"] for event in json.loads(message.body)]
            message.ack()
        return found

    def left(self) -> int:
        return int(
            self.connection.default_channel.queue_declare(self.queue, passive=True).message_count
        )


def running(feed: QueueFeed, until: Callable[[], Result]) -> Result:
    """Run the feed in a thread until ``until`` has what it waits for."""
    stop = threading.Event()
    thread = threading.Thread(target=feed.run, args=(stop,))
    thread.start()
    try:
        return until()
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("told", [TRACEPARENT, 7, b"x", None])
def test_the_span_of_who_sent_a_message_comes_along(
    feed: QueueFeed,
    wire: Wire,
    intake: Intake,
    event: Make,
    own_notification: dict[str, object],
    told: object,
) -> None:
    wire.put(json.dumps(event(own_notification)).encode(), traceparent=told)
    running(feed, lambda: wire.answers(1))
    (arrival,) = vars(intake)["taken"]
    assert arrival.traceparent == (told if isinstance(told, str) else None)


def test_messages_are_recorded_and_answered_with_receipts(
    feed: QueueFeed, wire: Wire, intake: Intake, event: Make, own_notification: dict[str, object]
) -> None:
    for number in range(3):
        wire.put(json.dumps(event(own_notification, id=f"e{number}")).encode())
    received = running(feed, lambda: wire.answers(3))
    assert [receipt["message_id"] for receipt in received] == ["e0", "e1", "e2"]
    assert len(vars(intake)["taken"]) == 3
    assert wire.left() == 0


def test_more_than_a_transaction_holds_is_recorded_and_receipted_in_parts(
    feed: QueueFeed, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue_feed, "MOST_RECORDED", 4)
    taken: list[int] = []
    take = feed.intake.take

    def counting(arrivals: Sequence[Arrival]) -> list[Receipt]:
        taken.append(len(arrivals))
        return take(arrivals)

    monkeypatch.setattr(feed.intake, "take", counting)
    wire.put(json.dumps([{"id": f"e{number}"} for number in range(10)]).encode(), BATCH)
    received = running(feed, lambda: wire.answers(10))
    assert [receipt["message_id"] for receipt in received] == [f"e{number}" for number in range(10)]
    assert taken == [4, 4, 2]
    assert wire.left() == 0


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_", "ce_", "ce-"])
def test_binary_mode_takes_its_attributes_from_message_headers(
    feed: QueueFeed, wire: Wire, own_notification: dict[str, object], prefix: str
) -> None:
    attributes = {"specversion": "1.0", "id": "b1", "source": "s", "type": "mash.notification.v1"}
    headers = {prefix + name: value for name, value in attributes.items()}
    wire.put(json.dumps(own_notification).encode(), "application/json", **headers)
    received = running(feed, lambda: wire.answers(1))
    assert (received[0]["status"], received[0]["message_id"]) == ("accepted", "b1")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe\x00", STRUCTURED),
        (b"", STRUCTURED),
        (b"{", STRUCTURED),
        (b"\x80\x04.", "application/x-python-serialize"),
        (b"- a: !!python/object", "application/x-yaml"),
        (b"no type", "text/plain"),
    ],
)
def test_a_bad_body_is_recorded_and_receipted_and_never_blocks_the_next(
    feed: QueueFeed,
    wire: Wire,
    intake: Intake,
    event: Make,
    own_notification: dict[str, object],
    body: bytes,
    content_type: str,
) -> None:
    wire.put(body, content_type)
    wire.put(json.dumps(event(own_notification)).encode())
    received = running(feed, lambda: wire.answers(2))
    assert [receipt["status"] for receipt in received] == ["rejected", "accepted"]
    assert isinstance(vars(intake)["taken"][0].body, Refusal)
    assert vars(intake)["taken"][0].original == body


def test_a_message_that_the_hub_fails_over_is_kept_and_told_and_never_blocks_the_next(
    feed: QueueFeed,
    wire: Wire,
    event: Make,
    own_notification: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shape = Door.shape

    def failing(door: Door, data: Json, *about: Any, **more: Any) -> Fact:
        if b"FATAL" in data.text:
            raise ZeroDivisionError
        return shape(door, data, *about, **more)

    monkeypatch.setattr(Door, "shape", failing)
    fatal = own_notification | {"reference": "FATAL-1"}
    wire.put(json.dumps(event(fatal, id="e1")).encode())
    wire.put(json.dumps(event(own_notification, id="e2")).encode())
    refused, taken = running(feed, lambda: wire.answers(2))
    assert (refused["message_id"], refused["reason"]) == ("e1", "undecidable")
    assert taken["status"] == "accepted"


def test_the_receipt_of_what_does_not_say_its_id_names_the_brokers_message_or_its_bytes(
    feed: QueueFeed, wire: Wire, event: Make, own_notification: dict[str, object]
) -> None:
    wire.put(b"{", message_id="m-1")
    wire.put(json.dumps(event(own_notification)).encode(), message_id="m-2")
    wire.put(json.dumps([{"id": "e2"}, {}, 7]).encode(), BATCH, message_id="m-3")
    wire.put(b"{", message_id="x" * 181)
    received = running(feed, lambda: wire.answers(6))
    named = [receipt.get("message_id") for receipt in received]
    digest = f"sha256:{sha256(b'{').hexdigest()}"
    assert named == ["m-1", "e1", "e2", "m-3#2", "m-3#3", digest]


def test_an_agency_hears_what_is_amiss_with_each_event_that_it_sent(
    feed: QueueFeed, event: Make, own_notification: dict[str, object], names: tuple[str, str]
) -> None:
    good, nameless = event(own_notification), event(own_notification, id="x" * 181)
    with BrokerClient(URL, QueueNames(*names, letters="none"), timeout=10) as agency:
        one, other = running(feed, lambda: agency.send([nameless, good]))
    assert (one.status, one.field, other.status) == ("rejected", "id", "accepted")


def test_an_agency_hears_of_every_event_in_a_message_that_cannot_be_taken(
    feed: QueueFeed, event: Make, names: tuple[str, str]
) -> None:
    events = [event({}, id=f"e{n}", pad="x" * feed.route.largest) for n in range(2)]
    with BrokerClient(URL, QueueNames(*names, letters="none"), timeout=10) as agency:
        receipts = running(feed, lambda: agency.send(events))
    assert [receipt.reason for receipt in receipts] == ["unreadable.too-large"] * 2


def test_while_the_store_is_away_nothing_is_answered_and_then_everything(
    feed: QueueFeed, wire: Wire, intake: Intake, event: Make, own_notification: dict[str, object]
) -> None:
    vars(intake)["refusals_left"] = 3
    wire.put(json.dumps(event(own_notification)).encode())
    received = running(feed, lambda: wire.answers(1))
    assert received[0]["status"] == "accepted"
    assert len(vars(intake)["taken"]) == 1
