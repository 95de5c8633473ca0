"""FastStream on Kafka: a subscriber for each step that publishes to the next topic, a PostgreSQL
transaction for each event.

A message is acknowledged behind the work: by default it is before, and a crash would lose what is
in hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from faststream import AckPolicy, FastStream
from faststream.confluent import KafkaBroker

from tests.bench.peers import topics
from tests.bench.peers.doing import connected_async, do_async, is_first_async
from tests.bench.peers.topics import ACCEPTED, LINKED, RECEIVED
from tests.bench.peers.work import LINK, RATE, REQUEST, Place, Record


def prepare(place: Place) -> None:
    """Make the topics."""
    topics.create(place)


def feed(place: Place, records: Iterable[Record]) -> None:
    """Hand notifications over."""
    topics.feed(place, records)


def work(place: Place) -> None:
    """Serve until the process ends."""
    asyncio.run(_serve(place))


async def _serve(place: Place) -> None:
    broker = KafkaBroker(place.kafka, acks="all", logger=None)
    await _add_subscribers(broker, place)
    await FastStream(broker, logger=None).run()


async def _add_subscribers(broker: KafkaBroker, place: Place) -> None:
    connections = [await connected_async(place) for _ in range(4)]

    def hears(topic: str, step: str) -> Any:
        return broker.subscriber(
            topics.wire(place, topic),
            group_id=f"{place.name}.{step}",
            auto_offset_reset="earliest",
            ack_policy=AckPolicy.NACK_ON_ERROR,
            session_timeout_ms=6000,
            heartbeat_interval_ms=2000,
        )

    @hears(RECEIVED, "deduplicate")
    async def deduplicate(record: dict[str, Any]) -> None:
        if await is_first_async(connections[0], record):
            await broker.publish(record, topics.wire(place, ACCEPTED))

    @hears(ACCEPTED, "link")
    async def link(record: dict[str, Any]) -> None:
        await do_async(connections[1], LINK, record=record)
        await broker.publish(record, topics.wire(place, LINKED))

    @hears(LINKED, "rate")
    async def rate(record: dict[str, Any]) -> None:
        await do_async(connections[2], RATE, record=record)

    @hears(LINKED, "request")
    async def request(record: dict[str, Any]) -> None:
        await do_async(connections[3], REQUEST, record=record)
