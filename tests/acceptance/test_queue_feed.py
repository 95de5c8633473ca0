# mypy: allow-untyped-calls
"""The rules of design.md, section 6, against a real RabbitMQ: each test fails if its rule is
dropped.
"""

import datetime as dt
import json
import threading
import time
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar
from uuid import uuid4

import pytest
from kombu.entity import Queue

from connectors.clients import broker
from connectors.deliver import Deliverer, NotSent, QueueSender
from connectors.formats.media import STRUCTURED
from connectors.port import routes
from connectors.queue_feed import QueueFeed
from connectors.queues import BrokerQueue, Depth, depths
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.settings import HubSettings
from stores.ports import Arrival, Leased, Unavailable
from tests.services.rabbitmq import RabbitService
from tests.support.production import wait_until

Result = TypeVar("Result")
NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)


class Crash(BaseException):
    """The process ends here."""


def nothing() -> None:
    """What usually happens before and after the commit."""


@dataclass
class Recorder:
    """An intake in memory that counts how often each message came; ``before`` and ``after`` may
    fail.
    """

    came: list[str] = field(default_factory=list)
    originals: list[bytes] = field(default_factory=list)
    takes: int = 0
    before: Callable[[], None] = nothing
    after: Callable[[], None] = nothing

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        self.before()
        self.takes += 1
        receipts = [self._receipt(arrival) for arrival in arrivals]
        self.after()
        return receipts

    def _receipt(self, arrival: Arrival) -> Receipt:
        event_id = arrival.event_id or derived_id(arrival.original.hex())
        status = ReceiptStatus.DUPLICATE if event_id in self.came else ReceiptStatus.ACCEPTED
        if status is ReceiptStatus.ACCEPTED:
            self.came.append(event_id)
            self.originals.append(arrival.original)
        return Receipt(status=status, id=derived_id(event_id), message_id=event_id)


@dataclass
class Agency:
    """An agency's end of its two queues."""

    url: str
    queue: str
    receipts: str
    recorder: Recorder = field(default_factory=Recorder)

    def feed(self) -> QueueFeed:
        agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
        health = {"name": "Health", "signpost_contact": "01632 960001", "agreement": agreement}
        settings = HubSettings.model_validate(
            {"area": "e08000032", "lead_agency": "health", "agencies": {"health": health}}
        )
        route = routes(settings, {}).by_code["health"]
        return QueueFeed(
            route, self.recorder, self.url, self.queue, self.receipts, clock=lambda: NOW
        )

    def put(self, *ids: str) -> None:
        with broker.connect(self.url) as connection:
            broker.ensure_queue(connection, self.queue)
            with connection.channel() as channel:
                for event_id in ids:
                    broker.publish(
                        channel,
                        event(event_id),
                        queue=self.queue,
                        content_type=STRUCTURED,
                        message_id=event_id,
                    )

    def left(self, name: str | None = None) -> int:
        with broker.connect(self.url) as connection:
            return int(
                connection.default_channel.queue_declare(
                    name or self.queue, passive=True
                ).message_count
            )

    def answers(self, count: int) -> list[tuple[str, str]]:
        """The first receipts, as many different ones as asked for: status and message."""
        answers: dict[tuple[str, str], None] = {}
        for body in bodies(self.url, self.receipts):
            answers |= {
                (each["data"]["status"], each["data"]["message_id"]): None
                for each in json.loads(body)
            }
            if len(answers) >= count:
                break
        return list(answers)

    def running(self, until: Callable[[], Result]) -> Result:
        """Run the feed in a thread until ``until`` has what it waits for."""
        stop = threading.Event()
        thread = threading.Thread(target=self.feed().run, args=(stop,))
        thread.start()
        try:
            return until()
        finally:
            stop.set()
            thread.join()


@dataclass
class Letters:
    """Edge queues in memory, with one agency."""

    waiting: list[Leased] = field(default_factory=list)
    leased: dict[str, Leased] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def with_letters(self, agencies: Collection[str]) -> set[str]:
        return set(agencies) if self.waiting else set()

    def lease(self, agency: str, *, limit: int, seconds: float) -> list[Leased]:
        assert (agency, seconds > 0) == ("health", True)
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        self.leased |= {letter.id: letter for letter in taken}
        return taken

    def may_go(self, letter: Leased) -> bool:
        return letter.id in self.leased

    def acknowledge(self, agency: str, ids: Collection[str]) -> int:
        assert agency == "health"
        self.gone += [self.leased.pop(letter_id).id for letter_id in ids]
        return len(ids)

    def give_back(self, agency: str, ids: Collection[str], *, after_seconds: float) -> None:
        assert (agency, after_seconds > 0) == ("health", True)
        self.waiting += [self.leased.pop(letter_id) for letter_id in ids]


def event(event_id: str) -> bytes:
    receipt = {"product_id": "p", "case_id": "c", "status": "received", "received_by": "Duty desk"}
    envelope = {
        "specversion": "1.0",
        "id": event_id,
        "source": "urn:test",
        "type": "mash.delivery-receipt.v1",
    }
    return json.dumps(envelope | {"data": receipt}).encode()


def letters(count: int) -> list[Leased]:
    return [
        Leased(f"l{number}", "health", "mash.product.v1", event(f"l{number}"), 0)
        for number in range(count)
    ]


def bodies(url: str, queue: str) -> Iterator[bytes]:
    """Messages of a queue, acknowledged one by one."""
    with broker.connected(url) as connection:
        broker.ensure_queue(connection, queue)
        simple = connection.SimpleQueue(Queue(queue, no_declare=True))
        while True:
            message = simple.get(timeout=30)
            message.ack()
            yield message.body if isinstance(message.body, bytes) else str(message.body).encode()


def eventually(condition: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        threading.Event().wait(0.02)


@pytest.fixture
def agency(rabbitmq_url: str) -> Agency:
    """With a queue for receipts: RabbitMQ may answer 541 where feed and test make the same one at
    once.
    """
    made = Agency(rabbitmq_url, f"in-{uuid4()}", f"out-{uuid4()}")
    with broker.connected(rabbitmq_url) as connection:
        broker.ensure_queue(connection, made.receipts)
    return made


def test_messages_are_recorded_answered_and_then_gone(agency: Agency) -> None:
    ids = [f"e{number}" for number in range(200)]
    agency.put(*ids)
    found = agency.running(lambda: agency.answers(200))
    assert found == [("accepted", event_id) for event_id in ids]
    wait_until(lambda: agency.left() == 0)


@pytest.mark.parametrize(("moment", "status"), [("before", "accepted"), ("after", "duplicate")])
def test_a_crash_around_the_commit_brings_the_message_again(
    agency: Agency, moment: str, status: str
) -> None:
    def crash() -> None:
        raise Crash

    agency.put("e1")
    vars(agency.recorder)[moment] = crash
    with pytest.raises(Crash):
        agency.feed().run(threading.Event())
    wait_until(lambda: agency.left() == 1)
    vars(agency.recorder)[moment] = nothing
    found = agency.running(lambda: agency.answers(1))
    assert found == [(status, "e1")]
    assert agency.recorder.came == ["e1"]


def test_a_message_is_acknowledged_only_once_its_receipt_is_safe(
    agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise Crash

    agency.put("e1")
    with monkeypatch.context() as patch:
        patch.setattr("connectors.queue_feed.publish", crash)
        with pytest.raises(Crash):
            agency.feed().run(threading.Event())
    assert agency.recorder.came == ["e1"]
    wait_until(lambda: agency.left() == 1)


def test_a_receipt_that_no_queue_takes_is_an_error_and_not_lost(agency: Agency) -> None:
    def vanish() -> None:
        agency.recorder.after = nothing
        with broker.connected(agency.url) as connection:
            connection.default_channel.queue_delete(agency.receipts)

    agency.recorder.after = vanish
    agency.put("e1")
    agency.running(lambda: eventually(lambda: agency.recorder.takes == 2))
    assert agency.answers(1) == [("duplicate", "e1")]


def test_while_the_store_is_away_messages_stay_unacknowledged(agency: Agency) -> None:
    asked, back = threading.Event(), threading.Event()

    def away() -> None:
        asked.set()
        if not back.is_set():
            raise Unavailable

    vars(agency.recorder)["before"] = away
    agency.put("e1")
    assert agency.running(lambda: asked.wait(30))
    assert agency.recorder.came == []
    wait_until(lambda: agency.left() == 1)
    back.set()
    found = agency.running(lambda: agency.answers(1))
    assert found == [("accepted", "e1")]


@pytest.mark.parametrize(
    ("body", "encoding", "headers"),
    [
        (b"\xff\xfe\x00", "utf-8", {}),
        (b"\x80\x04K\x01.", "application/x-python-serialize", {}),
        (b"unknown codec", "no-such-codec", {}),
        (zlib.compress(b"0" * 1_000_000), "binary", {"compression": "application/x-gzip"}),
        (b"not compressed at all", "binary", {"compression": "application/x-gzip"}),
        (b"", "utf-16", {}),
    ],
)
def test_a_bad_body_is_recorded_as_it_came_and_blocks_nothing(
    agency: Agency, body: bytes, encoding: str, headers: dict[str, str]
) -> None:
    with broker.connect(agency.url) as connection:
        broker.ensure_queue(connection, agency.queue)
        with connection.channel() as channel:
            message = channel.prepare_message(
                body, content_type="text/plain", content_encoding=encoding, headers=headers
            )
            channel.basic_publish(message, exchange="", routing_key=agency.queue)
    agency.put("good")
    agency.running(lambda: agency.answers(2))
    assert agency.recorder.originals == [body, event("good")]
    wait_until(lambda: agency.left() == 0)


def test_queues_are_quorum_queues(agency: Agency) -> None:
    agency.put("e1")
    with broker.connect(agency.url) as connection:
        errors = broker.broker_errors(agency.url)
        classic = {"x-queue-type": "classic"}
        with pytest.raises(errors, match="x-queue-type"), connection.channel() as channel:
            Queue(agency.queue, channel=channel, queue_arguments=classic).queue_declare()
        with connection.channel() as channel:
            arguments = {"x-queue-type": "quorum"}
            Queue(agency.queue, channel=channel, queue_arguments=arguments).queue_declare()


def test_a_queue_says_what_lies_ready_and_who_consumes_but_not_what_is_in_hand(
    agency: Agency,
) -> None:
    at_broker = BrokerQueue("health", agency.queue, "messages", agency.url)
    agency.put("e1", "e2", "e3")
    wait_until(lambda: depths([at_broker]) == {at_broker: Depth(ready=3, consumers=0)})
    came: list[object] = []
    with broker.connect(agency.url) as connection:
        channel = connection.channel()
        broker.consumer(channel, agency.queue, on_message=came.append, at_once=2).consume()
        while len(came) < 2:
            connection.drain_events(timeout=30)
        wait_until(lambda: depths([at_broker]) == {at_broker: Depth(ready=1, consumers=1)})


def test_a_queue_of_a_broker_that_was_killed_is_unknown_until_it_is_back(
    private_rabbitmq_service: RabbitService,
) -> None:
    at_broker = BrokerQueue("health", f"q-{uuid4()}", "messages", private_rabbitmq_service.url)
    private_rabbitmq_service.kill()
    assert depths([at_broker]) == {at_broker: None}
    private_rabbitmq_service.start()
    wait_until(lambda: depths([at_broker]) == {at_broker: Depth(0, 0)})


def test_a_queue_that_is_there_already_is_taken_as_it_is(agency: Agency) -> None:
    with broker.connect(agency.url) as connection, connection.channel() as channel:
        Queue(agency.queue, channel=channel, durable=True).queue_declare()
    agency.put("e1")
    found = agency.running(lambda: agency.answers(1))
    assert found == [("accepted", "e1")]


def test_an_unroutable_letter_is_not_sent_and_the_next_try_makes_its_queue(agency: Agency) -> None:
    sender = QueueSender(agency.url, agency.queue)
    first, second = letters(2)
    sender.send(first)
    with broker.connect(agency.url) as connection:
        connection.default_channel.queue_delete(agency.queue)
    with pytest.raises(NotSent):
        sender.send(second)
    sender.send(second)
    sender.close()
    assert agency.left() == 1


def test_no_letter_is_lost_when_the_broker_is_killed_while_it_takes_them(
    private_rabbitmq_service: RabbitService,
) -> None:
    agency = lasting(private_rabbitmq_service)
    queues, stop = Letters(letters(1500)), threading.Event()
    deliverer = Deliverer("health", queues, QueueSender(agency.url, agency.queue))
    thread = threading.Thread(target=deliverer.run, args=(stop,))
    thread.start()
    try:
        for share in (200, 700):
            eventually(partial(reached, queues.gone, share))
            private_rabbitmq_service.kill()
            private_rabbitmq_service.start()
        eventually(partial(reached, queues.gone, 1500))
    finally:
        stop.set()
        thread.join()
    arrived: set[str] = set()
    for body in bodies(agency.url, agency.queue):
        arrived.add(json.loads(body)["id"])
        if len(arrived) == 1500:
            break


def test_no_message_is_lost_or_recorded_twice_when_the_broker_is_killed_while_it_gives_them(
    private_rabbitmq_service: RabbitService,
) -> None:
    agency = lasting(private_rabbitmq_service)
    agency.put(*(f"e{number}" for number in range(1000)))
    taken = threading.Semaphore(0)
    agency.recorder.after = taken.release

    def kill_twice() -> None:
        for _ in range(2):
            assert taken.acquire(timeout=60)
            private_rabbitmq_service.kill()
            private_rabbitmq_service.start()
        eventually(lambda: len(agency.recorder.came) == 1000 and empty(agency))

    agency.running(kill_twice)
    assert len(set(agency.recorder.came)) == 1000
    assert {message for _, message in agency.answers(1000)} <= set(agency.recorder.came)


def lasting(service: RabbitService) -> Agency:
    """An agency whose queues are recorded so that they survive a kill of the node."""
    agency = Agency(service.url, f"in-{uuid4()}", f"out-{uuid4()}")
    with broker.connected(service.url) as connection:
        for name in (agency.queue, agency.receipts):
            broker.ensure_queue(connection, name)
            service.await_recorded(name)
    return agency


def reached(done: list[str], count: int) -> bool:
    return len(done) >= count


def empty(agency: Agency) -> bool:
    with suppress(*broker.broker_errors(agency.url)):
        return agency.left() == 0
    return False
