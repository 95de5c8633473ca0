"""Where a proof runs: a folder with the sample's configuration, and for production a corner of each
server.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from confluent_kafka.admin import AdminClient

from connectors.clients.broker import connected
from connectors.clients.broker_client import QueueNames
from connectors.queues import BrokerQueue, depths
from ops.access.sessions import Known, OwnFile, now, sessions_of
from ops.demo.running import DemoFolder, prepare
from ops.run.configuration import read_settings
from schemas.access import Proof
from schemas.topics import TOPICS
from stores.topics import cluster_of
from tests.services.process import free_port

BROKER_VARIABLE = "HUB_PROOF_BROKER_URL"
OVER_HTTP = ("childrens_social_care", "health_visiting", "midwifery", "nhs_emergency")
"""Agencies that send over HTTP in production too; the other ones send over the broker."""
BY_FOLDER = ("school",)
BY_QUEUE = ("police", "gp", "csc_duty_team")
"""Agencies that send over a broker of theirs to an embedded hub, if there is a broker."""
OTHER_FORMATS = {"police_cait": "merlin-xml", "early_help": "case-system-csv"}
"""Agencies that send nothing in the sample, given a format of their own to get wrong."""


@dataclass(frozen=True, slots=True, repr=False)
class Servers:
    """Addresses, with their passwords, of what a hub in production stands on."""

    kafka: str
    rabbitmq: str
    postgres: str


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A hub's folder with who speaks to it and how."""

    folder: DemoFolder
    url: str
    environment: Mapping[str, str]
    """Of every process of the hub."""
    store: str
    """URL of the database."""
    production: bool = False
    broker: str | None = None
    prefix: str = ""
    agencies: tuple[str, ...] = ()
    queued: tuple[str, ...] = field(default=())
    """Agencies whose letters go by a broker."""

    @property
    def path(self) -> Path:
        """The folder."""
        return self.folder.path

    @property
    def key(self) -> bytes:
        """The hub's key-encryption key."""
        return base64.b64decode((self.path / "hub.key").read_text(encoding="ascii"))

    def file(self, name: str) -> Path:
        """A file of the run."""
        return self.path / name

    def write(self, name: str, content: object) -> Path:
        """Write a file of JSON for a command to read, for its owner only: it may hold passwords."""
        path = self.file(name)
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    def queue_names(self) -> list[str]:
        """Every queue of this run."""
        names = (QueueNames.of(agency, self.prefix) for agency in self.queued)
        return [queue for name in names for queue in (name.feed, name.receipts, name.letters)]


@contextmanager
def embedded_place(path: Path, *, broker: str | None = None) -> Iterator[Place]:
    """An embedded hub; with a broker two agencies use it, as if it were theirs."""
    place = _place(path, broker=broker, queued=BY_QUEUE if broker else ())
    with ExitStack() as stack:
        if broker:
            stack.callback(_delete_queues, place)
        yield place


@contextmanager
def production_place(
    path: Path, servers: Servers, *, partitions: int = 2, workers: Sequence[str] = ()
) -> Iterator[Place]:
    """A hub in production with a database, topics and queues of its own on these servers, gone
    afterwards; ``hub run`` starts these workers of it, or those that it starts anyhow.
    """
    with ExitStack() as stack:
        store = stack.enter_context(_database(servers.postgres))
        topics = f"{servers.kafka}/proof-{uuid4().hex[:12]}"
        place = _place(
            path, broker=servers.rabbitmq, store=store, topics=topics, partitions=partitions
        )
        if workers:
            _tell(place.folder, f"workers = {json.dumps(workers)}")
        stack.callback(delete_topics, topics)
        stack.callback(_delete_queues, place)
        yield place


def _place(
    path: Path,
    *,
    broker: str | None,
    queued: tuple[str, ...] = (),
    store: str | None = None,
    topics: str | None = None,
    partitions: int = 2,
) -> Place:
    port = free_port()
    folder = prepare(path, port=port)
    agencies = tuple(json.loads(folder.tokens.read_text(encoding="utf-8")))
    queued = agencies if topics else queued
    prefix = f"proof-{uuid4().hex[:8]}." if queued else ""
    _configure(folder, partitions=partitions, queued=queued, prefix=prefix)
    urls = {"HUB_STORE": store, "HUB_TOPICS": topics, "HUB_QUEUES": broker if topics else None}
    if topics:
        urls["HUB_SESSIONS"] = str(everybody_signed_in(folder))
    given = {name: url for name, url in (urls | {BROKER_VARIABLE: broker}).items() if url}
    return Place(
        folder=folder,
        url=f"http://127.0.0.1:{port}",
        environment={**os.environ, **given},
        store=store or f"sqlite:///{path.resolve() / 'hub.db'}",
        production=topics is not None,
        broker=broker,
        prefix=prefix,
        agencies=agencies,
        queued=queued,
    )


def everybody_signed_in(folder: DemoFolder) -> Path:
    """The file of one terminal at which all people of the sample have signed in: in production the
    one account that they share proves none of them.
    """
    with folder.config.open("a", encoding="utf-8") as opened:
        opened.write("\n[identity]\nidle_minutes = 600\ndeciding_minutes = 600\n")
    settings = read_settings(folder.config, {})
    sessions = sessions_of(settings, folder.path)
    known = [
        Known(
            who=person.name,
            agency=person.agency,
            roles=person.roles,
            proven=Proof.PASSPHRASE,
            proven_at=now(),
        )
        for person in settings.people
    ]
    own = OwnFile(folder.path / "own-sessions")
    own.keep(sessions.begin(one)[0] for one in known)
    return own.path


def _configure(
    folder: DemoFolder, *, partitions: int, queued: tuple[str, ...], prefix: str
) -> None:
    _tell(folder, f"partitions = {partitions}")
    text = folder.config.read_text(encoding="utf-8")
    for agency, mapping in OTHER_FORMATS.items():
        text = text.replace(
            f"[agencies.{agency}]\n", f'[agencies.{agency}]\nmapping = "{mapping}"\n'
        )
    for agency in BY_FOLDER:
        (folder.path / "drop" / agency).mkdir(parents=True, mode=0o700)
        text += f'\n[agencies.{agency}.folder]\npath = "drop/{agency}"\n'
    for agency in queued:
        names = QueueNames.of(agency, prefix)
        text += f'\n[agencies.{agency}.queue]\nurl_variable = "{BROKER_VARIABLE}"\n'
        text += f'queue = "{names.feed}"\n'
        text += f'\n[agencies.{agency}.push]\nkind = "queue"\nurl_variable = "{BROKER_VARIABLE}"\n'
        text += f'queue = "{names.letters}"\n'
    folder.config.write_text(text, encoding="utf-8")


def _tell(folder: DemoFolder, runtime: str) -> None:
    """Put a line more under ``[runtime]`` of its settings."""
    text = folder.config.read_text(encoding="utf-8")
    folder.config.write_text(
        text.replace("[runtime]\n", f"[runtime]\n{runtime}\n"), encoding="utf-8"
    )


@contextmanager
def _database(server: str) -> Iterator[str]:
    """The URL of an empty database, dropped afterwards."""
    name, plain = f"hub_proof_{uuid4().hex[:12]}", server.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def delete_topics(url: str) -> None:
    """Delete the topics of a run from their cluster."""
    cluster = cluster_of(url)
    admin = AdminClient({"bootstrap.servers": cluster.servers, "log_level": 0})
    there = admin.list_topics(timeout=10).topics
    ours = [name for topic in TOPICS if (name := cluster.wire_name(topic.name)) in there]
    for outcome in (admin.delete_topics(ours) if ours else {}).values():
        outcome.result(10)


def _delete_queues(place: Place) -> None:
    assert place.broker is not None
    with connected(place.broker) as connection:
        for name in place.queue_names():
            with suppress(*connection.channel_errors):  # it is not there
                channel: Any = connection.channel()  # type: ignore[no-untyped-call]
                channel.queue_delete(name)
                channel.close()


def queue_depths(place: Place) -> dict[str, int | None]:
    """Messages that lie ready on each queue of the run; 0 for one that nobody has declared, None
    where the broker cannot be asked.
    """
    if place.broker is None or not place.queued:
        return {}
    queues = [BrokerQueue("", name, "", place.broker) for name in place.queue_names()]
    found = depths(queues).items()
    return {queue.name: None if depth is None else depth.ready for queue, depth in found}
