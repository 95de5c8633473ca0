"""A hub on Kafka and PostgreSQL in small: a database and a topic prefix of its own, and one step to
run on them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from sqlalchemy import func, select

from router.handle import Adopted
from router.intake import StoredIntake
from router.memory.references import References
from router.runtimes.relay import Relay
from router.steps.deduplicate import decide as deduplicate
from router.unit import BoundStep, Unit
from schemas.notification import NotificationReceived, Receipt
from stores import dead_letters, journal, overview, tables
from stores.database import Database
from stores.dead_letters import DeadLetterState
from stores.overview import Reading
from stores.ports import Arrival, Unavailable
from stores.topics import TopicProducer, cluster_of, create_topics, watermarks
from stores.vault import Vault
from tests.proofs.place import delete_topics
from tests.support import given

KEY = bytes(range(32))
HEARD = "notifications.received"
DECIDED = "notifications.accepted"
AREAS = tuple(f"e0900000{number}" for number in range(1, 9))
"""Several, so that their notifications are spread over the partitions."""
DEADLINE = 120.0


def deduplication() -> BoundStep:
    """The step that these tests run: real, and its effects are easily counted."""
    return BoundStep(deduplicate.STEP, lambda _, transaction: References(transaction))


def alone(bound: BoundStep) -> Unit:
    """A unit of one step."""
    return Unit(bound.step.name, (bound,))


def buried(connection: Reading, *, state: DeadLetterState | None = None) -> Sequence[Any]:
    """Dead letters of any state, or of one, without what they hold."""
    states = (state,) if state else tuple(DeadLetterState)
    return dead_letters.some(connection, dead_letters.Chosen(states))


def adopted() -> Adopted:
    """A policy in force."""
    return Adopted(1, given.policy())


def wait_until(reached: Callable[[], bool], *, seconds: float = DEADLINE) -> None:
    """Return as soon as it is so; fail when it is not in time."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.02)


@contextmanager
def fresh_database(
    postgres_url: str, *, like: Callable[[str], None] | None = None
) -> Iterator[str]:
    """The URL of a database on the server, dropped afterwards: empty, or as ``like`` fills one."""
    name = f"hub_{uuid4().hex}"
    template = _template(postgres_url, like) if like else "template1"
    with _server(postgres_url) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield _on_server(postgres_url, name)
    finally:
        with _server(postgres_url) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@cache
def _template(postgres_url: str, fill: Callable[[str], None]) -> str:
    """The name of a database that was filled: copying it takes a tenth of filling another one."""
    name = f"like_{uuid4().hex}"
    with _server(postgres_url) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    fill(_on_server(postgres_url, name))
    return name


def _server(postgres_url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True)


def _on_server(postgres_url: str, name: str) -> str:
    return f"{postgres_url.rpartition('/')[0]}/{name}"


def with_tables(url: str) -> None:
    """As an empty hub's, for ``fresh_database``."""
    database = Database(url, Vault(KEY))
    database.create_tables()
    database.close()


@dataclass(repr=False)
class Production:
    """Topics and store of one test."""

    topics_url: str
    database_url: str
    database: Database
    partitions: int
    """Of each topic."""

    def received(self, numbers: Sequence[int], *, areas: Sequence[str] = AREAS) -> list[Receipt]:
        """Take in one notification per number, spread over the areas; the relay has still to send
        them.
        """
        return StoredIntake(self.database).take([arrival(number, areas) for number in numbers])

    def relay(self) -> Relay:
        """A relay of this database, not running."""
        return Relay(self.database, TopicProducer(self.topics_url))

    def relayed(self) -> None:
        """Send everything that is unsent."""
        relay = self.relay()
        while self.unsent():
            relay.once()
        relay.producer.close()

    def unsent(self) -> int:
        """How many entries wait for the relay."""
        with self.database.reading() as connection:
            return overview.unsent(connection)[0]

    def put(self, value: bytes | None, *, partition: int, topic: str = HEARD) -> None:
        """Put raw bytes into a partition, past the relay."""
        producer = Producer({"bootstrap.servers": self._servers})
        producer.produce(cluster_of(self.topics_url).wire_name(topic), value, b"key", partition)
        assert producer.flush(DEADLINE) == 0

    def commit(self, offsets: dict[int, int], *, step: str = "deduplicate") -> None:
        """Let Kafka believe that the group stands here."""
        cluster = cluster_of(self.topics_url)
        consumer = Consumer(
            {"bootstrap.servers": self._servers, "group.id": cluster.wire_name(f"mash-hub.{step}")}
        )
        name = cluster.wire_name(HEARD)
        # Explicit offsets of a group without members are taken as they are.
        consumer.commit(
            offsets=[
                TopicPartition(name, partition, offset) for partition, offset in offsets.items()
            ],
            asynchronous=False,
        )
        consumer.close()

    def ends(self, topic: str = HEARD) -> dict[int, int]:
        """The offset behind the last message, by partition."""
        name = cluster_of(self.topics_url).wire_name(topic)
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        marks = [TopicPartition(name, partition) for partition in range(self.partitions)]
        asked = self._admin.list_offsets(dict.fromkeys(marks, latest))
        return {mark.partition: asked[mark].result(DEADLINE).offset for mark in marks}

    def count(self, topic: str = DECIDED) -> int:
        """How many facts of a topic are recorded."""
        query = (
            select(func.count()).select_from(tables.journal).where(tables.journal.c.topic == topic)
        )
        with self.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def decided(self) -> list[str]:
        """The causes of what the step recorded, one for each effect, in the order of the
        journal.
        """
        query = select(tables.journal.c.causation_id).where(tables.journal.c.topic == DECIDED)
        with self.database.reading() as connection:
            return list(connection.execute(query.order_by(tables.journal.c.position)).scalars())

    def dead(self) -> list[Any]:
        """Dead letters without their originals."""
        with self.database.reading() as connection:
            return list(connection.execute(select(tables.dead_letters)).all())

    def offsets(self) -> dict[str, int]:
        """Where the step stands, by cursor."""
        query = select(tables.cursors.c.name, tables.cursors.c.next_offset)
        with self.database.reading() as connection:
            rows = connection.execute(query.where(tables.cursors.c.name.like("deduplicate/%")))
            return {row.name: row.next_offset for row in rows}

    def flaws(self) -> list[object]:
        """What the journal's verification finds."""
        with self.database.reading() as connection:
            return [found for found in journal.verify(connection) if not isinstance(found, int)]

    def settled(self) -> bool:
        """Whether the step has done everything that is in its topic."""
        stand = self.offsets()
        return all(
            stand.get(f"deduplicate/{HEARD}/{partition}", 0) == end
            for partition, end in self.ends().items()
        )

    @cached_property
    def _admin(self) -> AdminClient:
        """Stays connected: tests look again and again how far a topic is."""
        return AdminClient({"bootstrap.servers": self._servers, "log_level": 0})

    @property
    def _servers(self) -> str:
        return cluster_of(self.topics_url).servers


@contextmanager
def production(kafka_url: str, postgres_url: str, *, partitions: int = 2) -> Iterator[Production]:
    """A small hub with topics and tables of its own."""
    topics_url = f"{kafka_url}/t{uuid4().hex[:12]}"
    create_topics(topics_url, partitions)
    wait_until(lambda: _led(topics_url))
    with fresh_database(postgres_url, like=with_tables) as database_url, ExitStack() as stack:
        stack.callback(delete_topics, topics_url)
        database = Database(database_url, Vault(KEY), keeps_outbox=True)
        stack.callback(database.close)
        database.create_tables()
        yield Production(topics_url, database_url, database, partitions)


def _led(topics_url: str) -> bool:
    """Whether the topics that are heard have leaders: a broker has made them before it says who
    leads.
    """
    try:
        return bool(watermarks(topics_url, (HEARD, "notifications.accepted")))
    except Unavailable:
        return False


class Process:
    """A worker or relay as a process, to be killed at any moment."""

    def __init__(self, what: str, hub: Production | None, folder: Path, **settings: Any) -> None:
        self.log = folder / f"{what}-{uuid4().hex[:6]}.log"
        where = {"topics": hub.topics_url, "database": hub.database_url} if hub else {}
        told = json.dumps(where | settings)
        # The configuration goes through the environment: a command line is readable by everybody.
        environment = os.environ | {"HUB_TEST_PROCESS": told}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.production_process", what],
                env=environment,
                cwd=Path(__file__).parents[2],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(DEADLINE)

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()
        self._process.wait(DEADLINE)

    def freeze(self) -> None:
        """Stop its clock; it holds on to everything."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def terminate(self) -> int:
        """Ask it to stop, and answer its exit code."""
        self._process.terminate()
        return self.ended()

    def ended(self, *, seconds: float = DEADLINE) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(seconds)

    def said(self, words: str) -> bool:
        """Whether its log has these words."""
        return words in self.log.read_text()


def arrival(number: int, areas: Sequence[str], *, connector: str = "test") -> Arrival:
    """The notification of this number as a connector takes it in."""
    notification = given.notification(reference=f"R-{number}")
    content = sha256(notification.model_dump_json().encode()).hexdigest()
    area = areas[number % len(areas)]
    fact = NotificationReceived(
        agency="police", area=area, content_digest=content, notification=notification
    )
    return Arrival(
        "police",
        connector,
        f"event-{number}",
        b"",
        "application/json",
        fact,
        notification.reference,
    )
