"""Plain Faust: an agent for each step, a topic between them, a PostgreSQL transaction for each
event.

As its guide shows it: an event is acknowledged when its agent has finished with it, and offsets are
committed behind what was sent on. A short session, so that a worker which starts after a crash need
not wait a minute for its partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, Iterable
from typing import Any

import faust

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
    app = faust.App(
        place.name,
        broker=place.topics,
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=2.0,
        producer_acks=-1,
    )
    await _add_agents(app, place)
    await app.start()
    await app.wait_until_stopped()


async def _add_agents(app: faust.App, place: Place) -> None:
    received, accepted, linked = (
        app.topic(topics.wire(place, name), value_serializer="json")
        for name in (RECEIVED, ACCEPTED, LINKED)
    )
    connections = [await connected_async(place) for _ in range(4)]

    async def deduplicate(stream: AsyncIterable[Any]) -> None:
        async for record in stream:
            if await is_first_async(connections[0], record):
                await accepted.send(value=record)

    async def link(stream: AsyncIterable[Any]) -> None:
        async for record in stream:
            await do_async(connections[1], LINK, record=record)
            await linked.send(value=record)

    async def rate(stream: AsyncIterable[Any]) -> None:
        async for record in stream:
            await do_async(connections[2], RATE, record=record)

    async def request(stream: AsyncIterable[Any]) -> None:
        async for record in stream:
            await do_async(connections[3], REQUEST, record=record)

    app.agent(received, name="deduplicate")(deduplicate)
    app.agent(accepted, name="link")(link)
    app.agent(linked, name="rate")(rate)
    app.agent(linked, name="request")(request)
