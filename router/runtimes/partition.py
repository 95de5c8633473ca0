"""What comes out of a topic's partition, through a step, whatever it takes: the part of a worker
without Faust.

A broker's committed offset is only a hint. The store's cursor decides what comes next: what was
done is skipped, and what is missing is read with a reader of its own before anything later (design,
section 3).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any

import structlog

from router.handle import Adopted, Gap, Offsets, handle
from router.lane import with_earlier
from router.one_pass import Attempt, Delivery
from router.runtimes.in_force import InForce
from router.runtimes.isolate import delivery_of, isolating, unsealable
from router.runtimes.take_over import TakeOver
from router.unit import Unit, serves, unit_of_chain
from schemas.message import Message, derived_id
from schemas.refusals import Refusal
from schemas.topics import FACTS, FOR_EVERYBODY, RED
from stores import codec, cursors, inbox, journal, topics
from stores.codec import Sealed, Unopened
from stores.context import of_header
from stores.database import Database, View
from stores.keep_trying import Failure, Stopped, keep_trying
from stores.pace import Pace
from stores.pauses import Pauses
from stores.ports import Unavailable
from stores.topics import Hole, TopicRecord
from stores.vault import DataKey, Unreadable

_log = structlog.get_logger()
_PAUSED_SECONDS = 0.2
_LONGEST_NAME = 600
"""Characters; PostgreSQL indexes at most some 2,700 bytes."""


def group_of(step: str) -> str:
    """The consumer group that the workers of a step share."""
    return f"mash-hub.{step}"


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition of one topic."""

    topic: str
    partition: int

    def consumer(self, step: str) -> str:
        """The name of the cursor that says how far a step is here."""
        return f"{step}/{self.topic}/{self.partition}"

    def done(self, unit: Unit, stored: Mapping[str, int]) -> int:
        """The offset before which everything here was heard by each of the unit's steps that hears
        the topic, whichever units served them. ``stored``: where every consumer stands.
        """
        hearing = {step.name for step in unit.hearing_any(lambda fact: fact.topic == self.topic)}
        steps = unit.names if self.topic in FOR_EVERYBODY else hearing
        return min((self._done_by(step, stored) for step in steps), default=0)

    def _done_by(self, step: str, stored: Mapping[str, int]) -> int:
        here = ((unit_of_chain(name), name) for name in stored)
        own = (name for unit, name in here if serves(unit, step) and name == self.consumer(unit))
        return max((stored[name] for name in own), default=0)


@dataclass(slots=True)
class UnitPartitions:
    """A unit of steps over partitions of Kafka.

    Not safe to share between threads; ``stop`` ends waiting for the store.
    """

    unit: Unit
    url: str
    database: Database
    policy: Adopted
    stop: threading.Event
    batch: int = 200
    _stand: dict[Partition, int] = field(default_factory=dict)
    """Where each partition stood when it was assigned: what lies before is not even unsealed."""
    _reds: SimpleQueue[Callable[[], None]] = field(default_factory=SimpleQueue)
    _pace: Pace = field(init=False)
    _in_force: InForce = field(init=False)
    _pauses: Pauses = field(init=False)
    waits: bool = False
    """Whether what is in hand waits, as somebody wants it."""

    def __post_init__(self) -> None:
        self._pace = Pace(self.batch)
        self._in_force = InForce(self.database, self.policy)
        self._pauses = Pauses(self.database)

    def work(self, place: Partition, records: Sequence[TopicRecord]) -> bool:
        """Handle records, after any that are missing before or between them; False only when told
        to stop first.

        Trouble with the store or the broker is retried for ever: the partition waits. What the step
        cannot be given becomes a dead letter. Nothing is raised, because Faust would take the
        records for done (design, section 5).
        """
        left = [
            record for _, record in sorted({record.offset: record for record in records}.items())
        ]
        while left:
            self.hear_reds()
            if place.topic != RED and not self._goes_on():
                return False
            part, left = left[: self._pace.size], left[self._pace.size :]
            with self._pace.taking(len(part)):
                if not self._until_done(partial(self._once, place, part)):
                    return False
        return True

    def paused(self) -> bool:
        """Whether somebody lets one of the steps wait. Raises ``Unavailable``."""
        return self._pauses.of("step", self.unit.names) is not None

    def _goes_on(self) -> bool:
        """Wait while somebody lets one of the steps wait, and hear Reds meanwhile; False only when
        told to stop first.
        """
        while self._until_done(self._look):
            if not self.waits:
                return True
            self.hear_reds()
            if self.stop.wait(_PAUSED_SECONDS):
                return False
        return False

    def _look(self) -> None:
        self.waits = self.paused()

    def ahead(self, place: Partition, records: Sequence[TopicRecord]) -> Future[bool]:
        """What :meth:`work` answers for records of the lane of Reds, which :meth:`hear_reds` gives
        it; from any thread.
        """
        done: Future[bool] = Future()
        self._reds.put(lambda: done.set_result(self.work(place, records)))
        return done

    def hear_reds(self) -> None:
        """Work at what waits on the lane of Reds; whatever else is in hand waits for it."""
        while not self._reds.empty():
            self._reds.get()()

    def catch_up(self, topic: str, partitions: Collection[int]) -> bool:
        """Do what Kafka believes is done and the store does not; start over where the topic was
        emptied or cut.
        """
        return self._until_done(partial(self._compare, topic, partitions))

    def take_over(self) -> bool:
        """Hear what the steps had not heard when other units served them, unless they wait."""
        if not self._until_done(self._look):
            return False
        if self.waits:
            return True
        left = TakeOver(self.unit, self.database, self._in_force.now(), self.stop, self.batch)
        return self._until_done(left.once)

    def _once(self, place: Partition, records: Sequence[TopicRecord]) -> None:
        stand = self._stand.get(place, 0)
        if left := [record for record in records if record.offset >= stand]:
            self._hear(place, left)

    def _hear(self, place: Partition, records: Sequence[TopicRecord]) -> None:
        deliveries = self._deliveries(place, records)
        if place.topic == RED:
            self._hear_earlier(deliveries, place)
        while True:
            try:
                return isolating(deliveries, partial(self._handle, place=place))
            except Gap as gap:
                last = next(record.offset for record in records if record.offset > gap.expected) - 1
                self._fill(place, first=gap.expected, last=last)

    def _hear_earlier(self, reds: Sequence[Delivery], place: Partition) -> None:
        """Hear what came before these about the same, and waits in other topics still."""
        with self.database.view() as view:
            rows = journal.rows_of(view.connection, [one.message.id for one in reds])
            if not rows:
                return
            found = with_earlier(
                view,
                rows,
                after=0,
                before=max(row.position for row in rows),
                unheard=partial(self._unheard, view),
            )
        ours = {row.position for row in rows}
        earlier = [delivery_of(*one, unit=self.unit) for one in found if one[0] not in ours]
        if earlier:
            isolating(earlier, partial(self._handle, place=place, offsets=Offsets.LEFT))

    def _unheard(self, view: View, rows: Sequence[Any]) -> list[Any]:
        name = self.unit.name
        came = [row for row in rows if row.type in self.unit.heard]
        others = [row for row in came if unit_of_chain(row.chain) != name]
        had = inbox.had(view, [row.message_id for row in others])
        return [row for row in others if name not in had[row.message_id]]

    def _fill(self, place: Partition, *, first: int, last: int) -> None:
        _log.warning(
            "gap.filled",
            step=self.unit.name,
            topic=place.topic,
            partition=place.partition,
            first=first,
            last=last,
        )
        for start in range(first, last + 1, self.batch):
            end = min(start + self.batch - 1, last)
            self._once(
                place,
                topics.read_range(
                    self.url, place.topic, partition=place.partition, first=start, last=end
                ),
            )

    def _handle(
        self,
        deliveries: Sequence[Delivery],
        attempt: Attempt,
        *,
        place: Partition,
        offsets: Offsets = Offsets.TOPIC,
    ) -> None:
        policy = self._in_force.now()
        with self.database.transaction() as transaction:
            handle(
                self.unit,
                deliveries,
                consumer=place.consumer(self.unit.name),
                transaction=transaction,
                policy=policy,
                offsets=offsets,
                attempt=attempt,
            )

    def _compare(self, topic: str, partitions: Collection[int]) -> None:
        stored = cursors.next_offsets(self.database)
        marks = topics.watermarks(self.url, [topic])[topic]
        hints = topics.committed(
            self.url, group_of(self.unit.name), topic=topic, partitions=partitions
        )
        for partition in partitions:
            place = Partition(topic, partition)
            expected = stored.get(place.consumer(self.unit.name), 0)
            first, end = marks[partition]
            if end < expected:
                expected = self._rewind(place, expected, first=first)
            elif expected < (done := place.done(self.unit, stored)) <= end:
                expected = self._skip(place, done)
            self._stand[place] = expected
            if expected < hints[partition]:
                self._fill(place, first=expected, last=hints[partition] - 1)

    def _rewind(self, place: Partition, expected: int, *, first: int) -> int:
        consumer = place.consumer(self.unit.name)
        _log.error("topic.rewound", consumer=consumer, expected=expected, first=first)
        with self.database.transaction() as transaction:
            cursors.rewind(transaction, consumer, offset=first)
        return first

    def _skip(self, place: Partition, done: int) -> int:
        """Begin where other units have brought all of this one's steps."""
        with self.database.transaction() as transaction:
            cursor = cursors.lock(transaction, place.consumer(self.unit.name))
            cursor.next_offset = max(cursor.next_offset, done)
            cursors.store(transaction, cursor)
        return done

    def _until_done(self, attempt: Callable[[], None]) -> bool:
        """Whatever fails is tried again: raising would lose what is in hand, and the watchdog sees
        the wait.
        """
        try:
            keep_trying(attempt, self.stop, failed=self._failed, errors=(Exception,))
        except Stopped:
            return False
        return True

    def _failed(self, failure: Failure) -> None:
        error = type(failure.error).__name__
        if isinstance(failure.error, Unavailable | Hole):
            _log.warning("worker.waits", step=self.unit.name, error=error)
        else:
            _log.error("worker.fails", step=self.unit.name, error=error)

    def _deliveries(self, place: Partition, records: Sequence[TopicRecord]) -> list[Delivery]:
        read = [(record, _sealed(record, place.topic)) for record in records]
        keys = self._keys(
            {
                sealed.key_id
                for _, sealed in read
                if sealed is not None and sealed.type in self.unit.heard
            }
        )
        return [
            self._unreadable(record, place)
            if sealed is None
            else self._delivery(record, sealed, keys=keys)
            for record, sealed in read
        ]

    def _delivery(
        self, record: TopicRecord, sealed: Sealed, *, keys: Mapping[str, DataKey]
    ) -> Delivery:
        if sealed.type not in self.unit.heard:
            return Delivery(record.offset, sealed.unreadable())
        try:
            carried = of_header(record.traceparent)
            return Delivery(record.offset, sealed.open(keys[sealed.key_id]), carried=carried)
        except (KeyError, Unreadable):
            hearers = self.unit.hearing(FACTS[sealed.type])
            message = sealed.unreadable()
            return unsealable(record.offset, message, hearers=hearers, original=record.value)

    def _unreadable(self, record: TopicRecord, place: Partition) -> Delivery:
        """What is no message at all: a dead letter of each step that hears its topic."""
        id_ = derived_id("unreadable", place.topic, str(place.partition), str(record.offset))
        message = Message(
            id=id_,
            source=f"mash-hub/{place.topic}",
            time=codec.from_micros(max(record.millis, 0) * 1000),
            key=id_,
            correlation_id=id_,
            causation_id=None,
            data=Unopened(entry=id_),
        )
        refusal = Refusal("unreadable.event")
        hearers = self.unit.hearing_any(lambda fact: fact.topic == place.topic)
        return Delivery(record.offset, message, refusal, record.value or b"", hearers)

    def _keys(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        if not key_ids:
            return {}
        with self.database.reading() as connection:
            return self.database.vault.keys(connection, key_ids, create=False)


def _sealed(record: TopicRecord, topic: str) -> Sealed | None:
    """The record as a sealed message; None where it is none, or names things as no database can
    keep them.
    """
    try:
        sealed = codec.from_event(record.value or b"", topic=topic)
    except (Unreadable, RecursionError):
        return None
    named = [
        sealed.id,
        sealed.type,
        sealed.source,
        sealed.subject,
        sealed.key,
        sealed.correlation_id,
        sealed.key_id,
    ]
    return sealed if all(map(_is_text, named)) and _is_text(sealed.causation_id or "-") else None


def _is_text(value: object) -> bool:
    if not isinstance(value, str) or "\0" in value or len(value) > _LONGEST_NAME:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
