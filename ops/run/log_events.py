"""Everything that the log may say, each thing in one way: its level, and what it means.

The table *What the log says* of ``ops/RUNBOOK.md`` is made of it, and every call that logs is held
against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Event:
    """At which level an event is said, and what it means to who reads it."""

    level: str
    means: str


EVENTS: Mapping[str, Event] = MappingProxyType(
    {
        "arrival.undecidable": Event("error", "the hub itself failed over reading what came"),
        "broker.unavailable": Event("warning", "an agency's queue cannot be reached; tried again"),
        "configuration.ended": Event("error", "a key, rule or agreement has ended or soon will"),
        "console.failed": Event("error", "a page of a desk failed; whoever asked was told so"),
        "file.taken": Event("info", "a dropped file is recorded; `count` of its records are new"),
        "file.unreadable": Event("error", "a dropped file cannot be had, or its receipts written"),
        "gap.filled": Event("warning", "a worker read offsets anew that Kafka had not given it"),
        "letter.altered": Event("warning", "a letter opens no more where it lies; it stays there"),
        "letter.foreign": Event("warning", "at an agency: a letter that is not as the hub sent it"),
        "letter.unproven": Event("warning", "the record does not let a letter leave; it waits"),
        "letter.unsent": Event("warning", "an agency's system did not take a letter; tried again"),
        "message.undecidable": Event("error", "a pass failed on a message, which was set apart"),
        "part.failed": Event("error", "a part failed; it is started again in `again_in` seconds"),
        "part.overdue": Event("error", "a part did not stop in time when it was told to"),
        "peer.refused": Event("warning", "an address that is not the agency's came by MLLP"),
        "process.crashed": Event("critical", "an error that nobody caught ended a thread"),
        "process.ended": Event("error", "a process of the hub ended by itself with `code`"),
        "process.silent": Event("critical", "a process stands still: it is ended and started anew"),
        "process.started": Event("info", "a process of the hub was started"),
        "received": Event("info", "so many messages were recorded and receipted"),
        "referrals.failed": Event("error", "the referral form failed; whoever used it was told so"),
        "relay.unavailable": Event("warning", "the relay cannot reach store or Kafka; tried again"),
        "step.undecidable": Event("error", "a step failed on a message: it has a dead letter now"),
        "store.unavailable": Event("warning", "the store cannot be reached; tried again"),
        "subfolder.ignored": Event("warning", "there is a folder in a drop folder; it is left"),
        "token.wrong": Event("warning", "somebody showed a token that is none"),
        "topic.rewound": Event("error", "a topic was emptied or cut; it is heard from its start"),
        "topics.lost": Event("error", "a broker lost topics; what nobody has had is sent again"),
        "traces.missing": Event("warning", "traces are wanted, and `mash-hub[traces]` is not here"),
        "witness.differs": Event("warning", "this witness was shown another past; it refused"),
        "worker.fails": Event("error", "a worker fails on what nobody thought of; tried again"),
        "worker.overdue": Event("warning", "a worker's consumer group did not let it go in time"),
        "worker.stuck": Event("critical", "a worker has messages and no progress; it ends itself"),
        "worker.waits": Event("warning", "a worker waits for store or Kafka; tried again"),
    }
)
"""What the hub's own code says."""

FOREIGN: Mapping[str, str] = MappingProxyType(
    {
        "code.warned": "Python or a library warned of how it is used",
        "kafka.client": "Kafka's client, or Faust above it, said anything else",
        "kafka.group": "a consumer group was left, joined, or lost its coordinator; tried again",
        "kafka.topic": "a topic is not there, or not this account's to read",
        "kafka.unreachable": "Kafka's brokers cannot be reached; tried again",
        "library.other": "a library of which the hub expects nothing said something",
        "rabbitmq.client": "RabbitMQ's client said something",
        "store.client": "the database's driver or SQLAlchemy said something",
        "threads.client": "Python's event loop or thread pools said something",
        "traces.client": "the exporter of traces could not hand them on, or said something else",
        "web.client": "a client for HTTP said something",
        "web.server": "the web server said something",
    }
)
"""What libraries say: by which of them it is, for Kafka's also by what it begins with. What it
says is never repeated, as that may name anything.
"""

_BY_LOGGER = {
    "aiokafka": "kafka.client",
    "alembic": "store.client",
    "amqp": "rabbitmq.client",
    "asyncio": "threads.client",
    "concurrent": "threads.client",
    "faust": "kafka.client",
    "httpcore": "web.client",
    "httpx": "web.client",
    "kombu": "rabbitmq.client",
    "mode": "kafka.client",
    "opentelemetry": "traces.client",
    "psycopg": "store.client",
    "py": "code.warned",
    "sqlalchemy": "store.client",
    "urllib3": "web.client",
    "uvicorn": "web.server",
}
_OF_KAFKA = {
    "kafka.unreachable": re.compile(
        r"Unable (to )?(connect|update metadata)|Failed fetch|Error fetching metadata"
    ),
    "kafka.group": re.compile(
        r"Heartbeat|(Group|Find) ?Coordinator|Marking the coordinator|LeaveGroup|OffsetCommit"
        r"|Unexpected error from SyncGroup|Attempt to join group|Auto offset commit"
    ),
    "kafka.topic": re.compile(r"(Topic|Not authorized to read from topic|No partition metadata) "),
}


def of_library(logger: str, template: object) -> str:
    """The event of what a library says, by its logger and the template of its message."""
    event = _BY_LOGGER.get(logger.partition(".")[0], "library.other")
    if event == "kafka.client" and isinstance(template, str):
        return next((one for one, begins in _OF_KAFKA.items() if begins.match(template)), event)
    return event
