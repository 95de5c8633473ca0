"""One hub with its steps grouped as a test wants: embedded, or on Kafka with workers moved by hand.

The workers are the hub's own, without Faust around them, so that a test decides who works when.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from sqlalchemy import text

from connectors.port import routes
from ops.demo.running import DemoFolder, prepare
from ops.demo.simulation.answers import answer
from ops.demo.simulation.stream import batches, sample_lines
from ops.look.replay import Report, Wanted, replay
from ops.look.status import collect
from ops.mend import dead_letters as mending
from ops.mend.dead_letters import Person
from ops.run.parts import WORKERS
from ops.run.wiring import Hub, open_hub
from router.runtimes.faust_worker import Crashed, run_worker
from router.runtimes.partition import Partition, UnitPartitions
from router.runtimes.relay import Relay
from router.topology import topics_from_outside, unit_of, whole_hub
from router.unit import Unit
from schemas.topics import RED, TOPICS
from stores import cursors, journal
from stores.ports import Unavailable
from stores.topics import TopicProducer, TopicRecord, cluster_of, create_topics, watermarks
from tests.proofs.place import delete_topics
from tests.support.filled import send
from tests.support.production import DEADLINE, fresh_database, wait_until, with_tables

ALL = ("all",)
APART = WORKERS
MIXED = (
    "deduplicate link answer",
    "check hand_over rate request_information compose approve hold release",
    "alarm inform hand_off disagreement school",
)


def grouped(*workers: str) -> list[Unit]:
    """The units of workers, each named as ``hub run`` is told."""
    return [whole_hub() if steps == "all" else unit_of(*steps.split()) for steps in workers]


class Topics:
    """A reader of a cluster that stays connected: tests look into many topics again and again."""

    def __init__(self, url: str) -> None:
        self._cluster = cluster_of(url)
        servers = self._cluster.servers
        self._admin = AdminClient({"bootstrap.servers": servers})
        self._consumer = Consumer(
            {"bootstrap.servers": servers, "group.id": "tests", "enable.auto.commit": False}
        )
        self._marks: dict[Partition, TopicPartition] = {}
        wait_until(lambda: self._led(url))
        begin = [TopicPartition(one.topic, one.partition, 0) for one in self._marks.values()]
        self._consumer.assign(begin)
        self._came: defaultdict[Partition, list[TopicRecord]] = defaultdict(list)

    def _led(self, url: str) -> bool:
        """Whether all have leaders: a broker makes topics before it says who leads them."""
        try:
            marks = watermarks(url, [topic.name for topic in TOPICS])
        except Unavailable:
            return False
        self._marks = {
            Partition(topic, part): TopicPartition(self._cluster.wire_name(topic), part)
            for topic, partitions in marks.items()
            for part in partitions
        }
        return True

    def ends(self) -> dict[Partition, int]:
        """The offset behind the last message, by partition."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(dict.fromkeys(self._marks.values(), latest))
        return {place: asked[mark].result(DEADLINE).offset for place, mark in self._marks.items()}

    def read(self, place: Partition, first: int, end: int) -> list[TopicRecord]:
        """The records of a partition from ``first`` to before ``end``."""
        while len(self._came[place]) < end:
            message = self._consumer.poll(DEADLINE)
            assert message is not None
            assert message.error() is None
            topic = self._cluster.own_name(str(message.topic()))
            came = self._came[Partition(topic, message.partition() or 0)]
            assert message.offset() == len(came)
            came.append(TopicRecord(len(came), message.value(), message.timestamp()[1]))
        return self._came[place][first:end]

    def close(self) -> None:
        """Give the connection back."""
        self._consumer.close()


@contextmanager
def connected(hub: Hub) -> Iterator[Topics]:
    """A reader of the hub's topics."""
    assert hub.settings.runtime.topics is not None
    topics = Topics(hub.settings.runtime.topics)
    try:
        yield topics
    finally:
        topics.close()


class Workers:
    """The workers of a hub in production, each moved on when a test says so."""

    def __init__(self, hub: Hub, topics: Topics, *units: Unit, batch: int = 50) -> None:
        """Start them: they take over what others left."""
        assert hub.settings.runtime.topics is not None
        self.hub, self.url, self.topics = hub, hub.settings.runtime.topics, topics
        self._relay = Relay(hub.database, TopicProducer(self.url))
        self.parts = {unit.name: self._part(unit, batch) for unit in units}
        for part in self.parts.values():
            assert part.take_over()

    def _part(self, unit: Unit, batch: int) -> UnitPartitions:
        """One worker; told to stop when a test should have been over."""
        stop = threading.Event()
        timer = threading.Timer(DEADLINE, stop.set)
        timer.daemon = True
        timer.start()
        return UnitPartitions(unit, self.url, self.hub.database, self.hub.policy, stop, batch)

    def drain(self) -> None:
        """Relay and work until nothing is left."""
        while self.relay() or self.round():
            pass

    def relay(self) -> bool:
        """Send what is unsent; was there any?"""
        return sum(iter(self._relay.once, 0)) > 0

    def relay_once(self) -> int:
        """Send a batch of what is unsent; how many there were."""
        return self._relay.once()

    def round(self, *names: str) -> bool:
        """Every worker, or those of these names, does what lies in its topics; was there any?"""
        ends, busy = self.topics.ends(), False
        for name in names or self.parts:
            for place, first in self.waiting(name, ends):
                assert self.parts[name].work(place, self.topics.read(place, first, ends[place]))
                busy = True
        return busy

    def catch_up(self) -> None:
        """What a worker does when it gets its partitions."""
        ends = self.topics.ends()
        for part in self.parts.values():
            for topic in topics_from_outside(part.unit):
                own = [place.partition for place in ends if place.topic == topic.name]
                assert part.catch_up(topic.name, own)

    def left(self) -> list[tuple[Partition, int]]:
        """Where any worker has something to do, and from which offset on."""
        ends = self.topics.ends()
        return [place for name in self.parts for place in self.waiting(name, ends)]

    def waiting(self, name: str, ends: Mapping[Partition, int]) -> list[tuple[Partition, int]]:
        """Where a worker has something to do, and from which offset on; the lane of Reds first."""
        stand = cursors.next_offsets(self.hub.database)
        heard = {topic.name for topic in topics_from_outside(self.parts[name].unit)}
        own = {place: stand.get(place.consumer(name), 0) for place in ends if place.topic in heard}
        found = [(place, first) for place, first in own.items() if first < ends[place]]
        return sorted(found, key=lambda one: one[0].topic != RED)

    def close(self) -> None:
        """Give the connection back."""
        self._relay.producer.close()


@contextmanager
def working(hub: Hub, unit: Unit, **settings: Any) -> Iterator[None]:
    """A worker of the unit with Faust around it, in this process, until the block ends.

    Started anew, as a supervisor would, should Faust give up.
    """
    stop, url = threading.Event(), hub.settings.runtime.topics
    assert url is not None

    def run() -> None:
        while not stop.is_set():
            with suppress(Crashed):
                run_worker(
                    unit, url=url, database=hub.database, policy=hub.policy, stop=stop, **settings
                )

    with ThreadPoolExecutor(1) as executor:
        worker = executor.submit(run)
        try:
            yield
        finally:
            stop.set()
            worker.result(DEADLINE)


@contextmanager
def production_hub(
    path: Path, kafka_url: str, postgres_url: str, *, partitions: int = 1
) -> Iterator[Hub]:
    """The sample's hub on topics and tables of its own."""
    topics = f"{kafka_url}/u{uuid4().hex[:12]}"
    create_topics(topics, partitions)
    with fresh_database(postgres_url, like=with_tables) as store, ExitStack() as stack:
        stack.callback(delete_topics, topics)
        queues = "amqp://nobody@127.0.0.1:1/"  # letters stay in the store: nobody delivers them
        named = {"HUB_STORE": store, "HUB_TOPICS": topics, "HUB_QUEUES": queues}
        yield from _opened(prepare(path, port=0), named)


@contextmanager
def embedded_hub(path: Path, *, store: str | None = None) -> Iterator[Hub]:
    """The sample's hub in one process, on SQLite or on the PostgreSQL named."""
    yield from _opened(prepare(path, port=0), {"HUB_STORE": store} if store else {})


def _opened(folder: DemoFolder, environment: Mapping[str, str]) -> Iterator[Hub]:
    hub = open_hub(folder.config, environment)
    try:
        yield hub
    finally:
        hub.database.close()


Started = Callable[..., Workers]
"""Starts workers of a hub in production."""


# --- what people do


def notify(hub: Hub, first: int, last: int) -> None:
    """The sample's agencies send these lines of the sample, from 0 on, the last one left out."""
    for agency, events in batches(sample_lines(last)[first:], 10):
        send(hub, agency, events)


_RANKS = (
    "mash.link-review.v1",
    "mash.merge-review.v1",
    "mash.split-review.v1",
    "mash.check-request.v1",
    "mash.enquiry-review.v1",
    "mash.rating-request.v1",
    "mash.information-request.v1",
    "mash.approval-request.v1",
    "mash.product.v1",
    "mash.product-recall.v1",
    "mash.alarm.v1",
)
"""Kinds of letters in the order in which they are answered."""


def answer_everything(hub: Hub, drain: Callable[[], None]) -> None:
    """Everybody answers whatever they get, a kind at a time, until nothing comes any more.

    What is answered first bears on what follows, so this order is the same on every hub.
    """
    drain()
    while letters := _taken(hub):
        for rank in _RANKS:
            _answer(hub, [letter for letter in letters if letter["type"] == rank])
            drain()


def decided(hub: Hub, count: int) -> list[str]:
    """The lead agency rates as many referrals as suggested; the ids of its decisions."""
    lead = hub.settings.lead_agency
    letters = [json.loads(letter.body) for letter in hub.queues.lease(lead, limit=99, seconds=1)]
    requests = [letter for letter in letters if letter["type"] == "mash.rating-request.v1"]
    answers = [answer(letter) for letter in requests[:count]]
    return [receipt.id for receipt in send(hub, lead, [one for one in answers if one])]


def _answer(hub: Hub, letters: Sequence[dict[str, Any]]) -> None:
    by_agency = sorted(letters, key=lambda one: (one["subject"], one["id"]))
    for agency, theirs in groupby(by_agency, key=lambda one: str(one["subject"])):
        send(hub, agency, [made for letter in theirs if (made := answer(letter)) is not None])


def _taken(hub: Hub) -> list[dict[str, Any]]:
    found = []
    for agency in hub.settings.agencies:
        letters = hub.queues.lease(agency, limit=5000, seconds=60)
        hub.queues.acknowledge(agency, [letter.id for letter in letters])
        found += [json.loads(letter.body) for letter in letters]
    return found


_OPERATOR = Person("A. Operator", "looked into it")


def redrive(hub: Hub) -> str:
    """Send the only dead letter again; the id that it has then."""
    (id_,) = rows(hub, "SELECT id FROM dead_letters WHERE state = 'open'")[0]
    mending.redrive(hub, routes(hub.settings, {}), id_=id_, person=_OPERATOR)
    last = "SELECT message_id FROM journal WHERE chain = 'operations/redrive' ORDER BY position"
    return str(rows(hub, last)[-1][0])


# --- what became of it


@dataclass(frozen=True, slots=True)
class Told:
    """A fact of the journal but for where it stands there."""

    referral: str
    id: str
    type: str
    cause: str | None
    key: str
    says: str


def story(hub: Hub) -> list[Told]:
    """Every fact of the journal, by referral."""
    with hub.database.reading() as connection:
        rows = journal.rows_after(connection, 0, limit=1_000_000)
        keys = hub.database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        found = [journal.opened(row, keys) for row in rows]
    told = [
        Told(
            one.correlation_id,
            one.id,
            one.type,
            one.causation_id,
            one.key,
            one.data.model_dump_json(),
        )
        for one in found
    ]
    return sorted(told, key=lambda one: (one.referral, one.id))


def complete(hub: Hub, count: int) -> bool:
    """Whether so many referrals went all the way, each once, and can be told again."""
    again = rows(hub, "SELECT 1 FROM journal WHERE chain = 'operations/redrive'")
    assert facts(hub, "case.child-linked") == count + len(again)
    assert facts(hub, "notification.accepted") == count
    assert facts(hub, "notification.duplicated") == 0
    assert facts(hub, "rating.suggested") == facts(hub, "information.prepared") == count
    report = replayed(hub)
    return report.well and report.total("equal") > 3 * count


def replayed(hub: Hub) -> Report:
    """The hub decides everything again."""
    return replay(hub, Wanted())


def facts(hub: Hub, type_: str) -> int:
    """How many facts of a type, such as ``rating.suggested``, are recorded."""
    (found,) = rows(hub, "SELECT count(*) FROM journal WHERE type = :type", type=f"mash.{type_}.v1")
    return int(found[0])


def depths(hub: Hub) -> dict[tuple[str, str], int | None]:
    """Where ``hub status`` shows that something waits: step and topic."""
    return {
        (one["step"], one["topic"]): one["depth"] for one in collect(hub).steps if one["depth"] != 0
    }


def dead(hub: Hub) -> list[tuple[str, str]]:
    """Steps with the reasons of their dead letters."""
    return rows(hub, "SELECT step, reason FROM dead_letters ORDER BY step, position")


def rows(hub: Hub, query: str, **bound: Any) -> list[Any]:
    """What a query of the store answers, as tuples."""
    with hub.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query), bound)]
