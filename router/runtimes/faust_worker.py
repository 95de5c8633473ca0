"""A worker: a unit of steps on Kafka, by Faust; the only module that imports it.

What may go wrong is in ``partition``.

The rules that keep Faust 0.15.3 from losing messages (design, section 5) are all here: raw bytes on
the wire, one agent at a time per topic, acknowledgement after the store's commit, no exception into
a stream, nothing produced, declared or kept by Faust.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import threading
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import faust
import structlog
from faust.types import TP, ChannelT, EventT, StreamT

from router.handle import Adopted
from router.runtimes.partition import Partition, UnitPartitions, group_of
from router.runtimes.watchdog import Watchdog
from router.topology import topics_from_outside
from router.unit import Unit
from schemas.topics import RED
from stores.database import Database
from stores.topics import Cluster, Security, TopicRecord, cluster_of, traceparent

_log = structlog.get_logger()
_LOOK_SECONDS = 0.1
_TAKE_OVER_SECONDS = 5.0
"""A worker that is to be replaced may still write when its successor has begun."""
_LEAVE_SECONDS = 10.0
_TAKEN_BATCHES = 4
"""Taken at a time: a transaction is of one partition, and what comes is of several."""
_REDS_TAKEN = 20
"""Behind so many of the lane everybody else has a turn: a flood of Reds stops nothing."""
_LIBRARIES = ("faust", "mode", "aiokafka", "asyncio")

T = TypeVar("T")
Work = Callable[[Partition, Sequence[TopicRecord]], Awaitable[bool]]


class Crashed(Exception):
    """Faust gave up by itself; nothing is lost, and starting the worker again is right. Says the
    error's class only.
    """


def run_worker(
    unit: Unit,
    *,
    url: str,
    database: Database,
    policy: Adopted,
    stop: threading.Event,
    batch: int = 200,
    patience: float = 20.0,
) -> None:
    """Put a unit's topics through it until told to stop; several workers of a unit share its
    partitions.

    ``url`` is where the topics are; ``patience`` is for how many seconds a partition may have
    messages and make no progress. Once told to stop, the batch in hand is finished; after it the
    worker ends within ten seconds, whatever its consumer group does. Raises :class:`Crashed` or
    :class:`router.runtimes.watchdog.Stuck`; either way a supervisor is right to start the worker
    anew.
    """
    _hush_libraries()
    work = UnitPartitions(unit, url, database, policy, threading.Event(), batch)
    heard = [topic.name for topic in topics_from_outside(unit)]
    with Watchdog(unit.name, heard, url, database, patience, waits=work.paused) as watchdog:
        crash = _worked(work, watchdog, stop=stop)
    if watchdog.stuck:
        raise watchdog.stuck
    if not stop.is_set():
        raise _crashed(crash)


def _worked(
    work: UnitPartitions, watchdog: Watchdog, *, stop: threading.Event
) -> BaseException | None:
    """Work until it is time to end; why Faust gave up, if it did."""
    # One thread for all topics of the unit: Faust's loop stays free, and nothing of a step happens
    # twice at a time.
    with ThreadPoolExecutor(1, thread_name_prefix=work.unit.name) as executor:
        hear = partial(_hear, work, watchdog, executor=executor, stop=stop)
        heard = _in_background(lambda: asyncio.run(hear()))
        left = _left(heard, work, executor=executor, stop=stop)
    return heard.result() if left else None


def _in_background(run: Callable[[], T]) -> Future[T]:
    """What ``run`` answers or raises in a thread that nobody has to wait for."""
    outcome: Future[T] = Future()

    def answer() -> None:
        try:
            outcome.set_result(run())
        except BaseException as error:  # noqa: BLE001 - raised where the outcome is asked for
            outcome.set_exception(error)

    threading.Thread(target=answer, name="faust", daemon=True).start()
    return outcome


def _left(
    heard: Future[Any], work: UnitPartitions, *, executor: Executor, stop: threading.Event
) -> bool:
    """Wait until Faust has ended, or was told to and does not; whether it has.

    A group that is being rebalanced may keep a member for minutes, and for ever where Faust was
    stopped in the middle of it (its callback closes the consumer from the wrong loop). What the
    store has is done, and the broker passes on the partitions of a member that it misses.
    """
    while not (heard.done() or stop.is_set() or work.stop.is_set()):
        wait([heard], _LOOK_SECONDS)
    work.stop.set()
    executor.submit(int).result()  # behind the batch in hand
    wait([heard], _LEAVE_SECONDS)
    if not heard.done():
        _log.warning("worker.overdue", step=work.unit.name)
    return heard.done()


async def _hear(
    work: UnitPartitions, watchdog: Watchdog, *, executor: Executor, stop: threading.Event
) -> BaseException | None:
    """Let Faust hear the unit's topics until it is time to end; why it gave up, if it did."""
    taking_over = await _taking_over(work, executor=executor, stop=stop)
    app, ended = assemble_app(work, executor, watch=watchdog.watch)
    await app.start()
    try:
        while not (stop.is_set() or ended.is_set() or watchdog.stuck or app.should_stop):
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        work.stop.set()
        taking_over.cancel()
        await asyncio.get_running_loop().run_in_executor(executor, int)  # behind the batch in hand
        # Faust would wait for ever for what an agent has not acknowledged.
        app.conf.stream_wait_empty = False
        await app.stop()
    return app.crash_reason


async def _taking_over(
    work: UnitPartitions, *, executor: Executor, stop: threading.Event
) -> asyncio.Task[None]:
    """Take over, before anything is heard from topics; then the task that does so now and then."""
    loop = asyncio.get_running_loop()

    async def now_and_then() -> None:
        while True:
            await asyncio.sleep(_TAKE_OVER_SECONDS)
            await loop.run_in_executor(executor, work.take_over)

    first = loop.run_in_executor(executor, work.take_over)
    while not (first.done() or stop.is_set()):
        await asyncio.sleep(_LOOK_SECONDS)
    return asyncio.create_task(now_and_then())


def _crashed(reason: BaseException | None) -> Crashed:
    frames = traceback.extract_tb(reason.__traceback__) if reason is not None else []
    where = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Crashed(f"{type(reason).__name__}{where}")


def assemble_app(
    work: UnitPartitions, executor: Executor, *, watch: Callable[[Collection[Partition]], None]
) -> tuple[faust.App, asyncio.Event]:
    """The app of a unit with an agent for each of its topics, and what is set when one of these has
    ended.

    ``watch`` is told which partitions are this worker's.
    """
    cluster = cluster_of(work.url)
    app, ended = build_app(work.unit.name, cluster), asyncio.Event()
    perform = partial(_perform, work, executor=executor)

    async def on_assigned(_app: object, assigned: Collection[TP], **_: object) -> None:
        places = [Partition(cluster.own_name(tp.topic), tp.partition) for tp in assigned]
        watch(places)
        _catch_up(work, places, executor=executor)

    signal: Any = app.on_partitions_assigned
    signal.connect(on_assigned)
    for topic in topics_from_outside(work.unit):
        most = _REDS_TAKEN if topic.name == RED else _TAKEN_BATCHES * work.batch
        add_agent(app, topic.name, cluster=cluster, work=perform, most=most, ended=ended)
    return app, ended


async def _perform(
    work: UnitPartitions, place: Partition, records: Sequence[TopicRecord], *, executor: Executor
) -> bool:
    """Put what a partition brought through the unit, Reds ahead of what is in hand; whether all of
    it is done.
    """
    if work.stop.is_set():
        return False
    if place.topic == RED:
        done = work.ahead(place, records)
        executor.submit(work.hear_reds)  # where nothing is in hand that gives way
        return await asyncio.wrap_future(done)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, work.work, place, records)


def _catch_up(work: UnitPartitions, places: Collection[Partition], *, executor: Executor) -> None:
    """Queued ahead of whatever comes from these partitions, and not waited for: a rebalance has no
    time.
    """
    for topic in sorted({place.topic for place in places}):
        partitions = sorted(place.partition for place in places if place.topic == topic)
        executor.submit(work.catch_up, topic, partitions)


def build_app(step: str, cluster: Cluster) -> faust.App:
    """A Faust app that only consumes, by the rules; :func:`add_agent` gives it work."""
    return faust.App(
        cluster.wire_name(group_of(step)),
        broker=[f"kafka://{server}" for server in cluster.servers.split(",")],
        broker_credentials=_credentials(cluster.security),
        key_serializer="raw",
        value_serializer="raw",
        store="memory://",
        datadir=tempfile.gettempdir(),  # made at start, though nothing is kept there
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=True,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        # A topic that is made only after its worker began is noticed this soon; five minutes if
        # nothing is said.
        consumer_metadata_max_age_ms=5_000,
        # A killed worker's partitions go to another one after this long.
        broker_session_timeout=10.0,
        broker_heartbeat_interval=2.0,
        # A partition that waits for the store must not be thrown out: the watchdog decides that, by
        # progress.
        broker_max_poll_interval=86_400.0,
    )


def _credentials(security: Security) -> faust.SASLCredentials | faust.SSLCredentials | None:
    context = security.context()
    if security.user is not None:
        return faust.SASLCredentials(
            username=security.user,
            password=security.password,
            ssl_context=context,
            mechanism=security.mechanism,
        )
    return None if context is None else faust.SSLCredentials(context)


def add_agent(
    app: faust.App, topic: str, *, cluster: Cluster, work: Work, most: int, ended: asyncio.Event
) -> None:
    """Let ``work`` have a topic's records, one at a time, and acknowledge what it has done.

    What ``work`` could not do stays unacknowledged, and ``ended`` says that the worker has to end.
    """
    channel = app.topic(
        cluster.wire_name(topic),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )
    consume = _consumer(topic, work, at_most=most, ended=ended)
    app.agent(channel, name=topic, concurrency=1)(consume)


def _consumer(
    topic: str, work: Work, *, at_most: int, ended: asyncio.Event
) -> Callable[[StreamT[Any]], Awaitable[None]]:
    """An agent's function.

    Not by ``Stream.take``: it waits for its time to run out though a message is there, and
    acknowledges what an interrupted agent never finished. Not by ``Stream.noack`` either, which
    invites acknowledging out of order.
    """

    async def consume(stream: StreamT[Any]) -> None:
        stream.enable_acks = False
        try:
            async for first in stream.events():
                events = [first, *_waiting(stream, at_most - 1)]
                for place, records in _by_partition(topic, events).items():
                    if not await work(place, records):
                        return
                for event in events:
                    event.ack()
        finally:
            ended.set()

    return consume


def _waiting(stream: StreamT[Any], limit: int) -> list[EventT[Any]]:
    """The events that have already come after the first; nothing is waited for."""
    queue = cast(ChannelT[Any], stream.channel).queue
    return [queue.get_nowait() for _ in range(min(limit, queue.qsize()))]


def _by_partition(topic: str, events: Sequence[EventT[Any]]) -> dict[Partition, list[TopicRecord]]:
    records: dict[Partition, list[TopicRecord]] = defaultdict(list)
    for event in events:
        message = event.message
        millis, parent = int((message.timestamp or 0) * 1000), traceparent(message.headers)
        record = TopicRecord(message.offset, message.value, millis, parent)
        records[Partition(topic, message.partition)].append(record)
    return records


def _hush_libraries() -> None:
    """What they say goes where all that libraries say goes, and nowhere where that is not set up:
    it may name anything (design, section 7).
    """
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], True
