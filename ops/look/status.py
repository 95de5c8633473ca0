"""How the hub is: what waits where, since when, and how fast it moves. Numbers and codes only, no
personal data.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from connectors.queues import BrokerQueue, depths
from ops.look.reading import Readable
from router.step import Step
from router.topology import WRITTEN_BY, bound_steps, topics_of
from router.unit import ALL, serves, unit_of_chain
from schemas.message import derived_id
from schemas.rating import DueTimeApproaching, DueTimeBreached, TimerElapsed
from schemas.settings import AgencySettings, HubSettings
from schemas.topics import FACTS, REDRIVEN, TOPICS, Topic
from stores import codec, failures, overview
from stores.overview import Behind, Consumer, Reading
from stores.ports import Unavailable
from stores.topics import watermarks

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_DAY = 24 * 60 * _MINUTE
_TIMERS_LOOKED_AT = 5000
_REDRIVEN = next(topic for topic in TOPICS if topic.name == REDRIVEN)


@dataclass(frozen=True, slots=True)
class TopicStatus:
    """A topic: how many facts came to it in the last minute, hour and day."""

    topic: str
    last_minute: int
    last_hour: int
    last_day: int
    newest_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step at a topic that it hears.

    ``depth``: messages that it has to handle yet; None where the topics cannot be asked. ``lag``:
    messages between its place and the topic's end, others' included. ``lag_minutes``: from the
    oldest unhandled message to the topic's newest; ``oldest_seconds``: from it to now.
    """

    step: str
    topic: str
    depth: int | None
    lag: int | None
    lag_minutes: float
    oldest_seconds: float | None
    progressed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ConnectorStatus:
    """A way in of one agency: when it was last heard, how many messages came, how many were refused
    on arrival.
    """

    agency: str
    connector: str
    last_seen: dt.datetime | None
    received: int
    refused: int


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """An agency's edge queue. ``leased``: letters in somebody's hand, or waiting to be tried
    again.
    """

    agency: str
    depth: int
    oldest_seconds: float
    leased: int


@dataclass(frozen=True, slots=True)
class BrokerQueueStatus:
    """A queue at a broker: messages that lie ready, those in somebody's hand not counted, and
    consumers; None where the broker cannot be asked.
    """

    agency: str
    queue: str
    holds: str
    ready: int | None
    consumers: int | None


@dataclass(frozen=True, slots=True)
class DeadLetterStatus:
    """Dead letters that wait for somebody, by reason code."""

    reason: str
    state: str
    count: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class TimerStatus:
    """What the clock has before it; ``overdue`` grows when nothing runs the clock."""

    waiting: int
    next_at: dt.datetime | None
    overdue: int


@dataclass(frozen=True, slots=True)
class DueTimeStatus:
    """How many due times came near, and how many passed, in the last 24 hours."""

    approaching: int
    breached: int


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part of the hub that fails, and by which error; ``again_seconds``: until it is started
    again, None where it was given up.
    """

    part: str
    error: str
    times: int
    since_seconds: float
    again_seconds: float | None


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """What is recorded and has not reached the topics."""

    unsent: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class Status:
    """All of it, at one moment."""

    at: dt.datetime
    runtime: str
    facts: int
    store_bytes: int
    topics: tuple[TopicStatus, ...]
    steps: tuple[StepStatus, ...]
    connectors: tuple[ConnectorStatus, ...]
    queues: tuple[QueueStatus, ...]
    dead_letters: tuple[DeadLetterStatus, ...]
    timers: TimerStatus
    due_times: DueTimeStatus
    relay: RelayStatus | None
    """None in the embedded runtime, which has no topics to send to."""
    parts: tuple[PartStatus, ...]
    """Those that fail; none where everything works."""
    broker_queues: tuple[BrokerQueueStatus, ...]
    trouble: tuple[str, ...]
    """What could not be asked."""


def as_json(status: Status) -> dict[str, Any]:
    """The same as plain values; moments as RFC 3339."""
    return {key: _plain(value) for key, value in asdict(status).items()}


def _plain(value: Any) -> Any:
    match value:
        case dt.datetime():
            return value.isoformat()
        case dict():
            return {key: _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case float():
            return round(value, 3)
        case _:
            return value


def collect(hub: Readable, queues: Sequence[BrokerQueue] = ()) -> Status:
    """Look at everything, in one consistent view of the store, and at these queues of brokers.
    Raises ``Unavailable``.
    """
    now = time.time_ns() // 1000
    production = hub.settings.runtime.topics is not None
    ends, trouble = _ends(hub.settings)
    at_brokers = tuple(_broker_queues(queues))
    if any(queue.ready is None for queue in at_brokers):
        trouble += ("a broker does not answer: what lies on its queues is unknown",)
    with hub.database.reading() as connection:
        look = _look(connection, now, ends)
        return Status(
            at=codec.from_micros(now),
            runtime="production" if production else "embedded",
            facts=overview.last_position(connection),
            store_bytes=overview.size(connection),
            topics=tuple(_topics(look)),
            steps=tuple(_steps(look, production=production)),
            connectors=tuple(_connectors(look, hub.settings)),
            queues=tuple(_queues(look)),
            dead_letters=tuple(_dead_letters(look)),
            timers=_timers(look),
            due_times=_due_times(look),
            relay=_relay(look) if production else None,
            parts=tuple(_parts(look)),
            broker_queues=at_brokers,
            trouble=trouble,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """What was asked of the journal in few queries. ``ends``: Kafka's next offsets, by topic and
    partition.
    """

    connection: Reading
    now: int
    minute: int
    hour: int
    day: int
    """The last positions before the last minute, hour and day."""
    consumers: Mapping[str, Consumer]
    newest: Mapping[str, int]
    behind: Mapping[tuple[str, int], Behind]
    ends: Mapping[str, Mapping[int, int]]
    unheard: Mapping[tuple[str, int], Behind]
    """The same where the embedded hub stands, without what its own steps have heard as they wrote
    it.
    """

    def count(self, types: Iterable[str], position: int) -> int:
        """How many facts of these types stand behind a position."""
        return sum(self.behind[type_, position].count for type_ in types)

    def first_at(self, types: Iterable[str], position: int) -> int | None:
        """When the first of them was recorded."""
        found = (self.behind[type_, position].first_at for type_ in types)
        return min((moment for moment in found if moment is not None), default=None)

    def newest_at(self, topic: Topic) -> int | None:
        """When the topic's last fact was recorded."""
        return max(
            (self.newest[type_] for type_ in _types(topic) if type_ in self.newest), default=None
        )

    def unit_of(self, step: str) -> str:
        """The unit that serves the step now: that whose cursors moved last."""
        units = {unit_of_chain(name): one.progressed_at for name, one in self._oldest_first()}
        serving = {unit: moved for unit, moved in units.items() if serves(unit, step)}
        return max(serving, key=serving.__getitem__, default=step)

    def _oldest_first(self) -> list[tuple[str, Consumer]]:
        return sorted(self.consumers.items(), key=lambda item: item[1].progressed_at)


def _done(consumers: Mapping[str, Consumer], step: str) -> int:
    """The position that the embedded hub has come to, or the step while it served it alone."""
    one = consumers.get(ALL) or consumers.get(step)
    return one.next_offset - 1 if one else 0


def _look(connection: Reading, now: int, ends: Mapping[str, Mapping[int, int]]) -> _Look:
    minute, hour, day = (
        overview.position_before(connection, now - ago) for ago in (_MINUTE, 60 * _MINUTE, _DAY)
    )
    consumers = {one.name: one for one in overview.consumers(connection)}
    newest = overview.newest(connection, FACTS)
    asked = {(type_, position) for type_ in FACTS for position in (minute, hour, day)}
    behind = overview.behind(connection, asked)
    stands = {_done(consumers, bound.step.name) for bound in bound_steps()} if not ends else ()
    here = {(type_, position) for type_ in FACTS for position in stands}
    unheard = overview.behind(connection, here, besides=ALL)
    return _Look(connection, now, minute, hour, day, consumers, newest, behind, ends, unheard)


def _types(topic: Topic) -> list[str]:
    return [fact.type for fact in topic.facts]


def _since(now: int, then: int | None) -> float | None:
    return None if then is None else max(0.0, (now - then) / _SECOND)


def _moment(micros: int | None) -> dt.datetime | None:
    return None if micros is None else codec.from_micros(micros)


# --- topics and steps


def _topics(look: _Look) -> Iterator[TopicStatus]:
    for topic in TOPICS:
        yield TopicStatus(
            topic=topic.name,
            last_minute=look.count(_types(topic), look.minute),
            last_hour=look.count(_types(topic), look.hour),
            last_day=look.count(_types(topic), look.day),
            newest_at=_moment(look.newest_at(topic)),
        )


def _steps(look: _Look, *, production: bool) -> Iterator[StepStatus]:
    for bound in bound_steps():
        for topic in topics_of(bound.step):
            yield _step(look, bound.step, topic=topic, production=production)
        if production:
            again = _step(look, bound.step, topic=_REDRIVEN, production=True)
            if again.depth:
                yield again


def _step(look: _Look, step: Step[Any], *, topic: Topic, production: bool) -> StepStatus:
    depth, oldest, progressed = (_partitioned if production else _embedded)(look, step, topic)
    behind = (look.newest_at(topic) or 0) - oldest if oldest else 0
    return StepStatus(
        step=step.name,
        topic=topic.name,
        depth=depth,
        lag=_lag(look, topic, step=step.name) if depth and not production else depth,
        lag_minutes=max(0, behind) / _MINUTE,
        oldest_seconds=_since(look.now, oldest),
        progressed_at=_moment(progressed),
    )


_Place = tuple[int | None, int | None, int | None]
"""Depth, when the oldest unhandled message was recorded, and when the step last moved
(microseconds).
"""


def _embedded(look: _Look, step: Step[Any], topic: Topic) -> _Place:
    """The journal is the topic, and one cursor stands at a position of it."""
    done = _done(look.consumers, step.name)
    consumer = look.consumers.get(ALL) or look.consumers.get(step.name)
    progressed = consumer.progressed_at if consumer else None
    if TimerElapsed in topic.facts:
        return *_own_timers(look, step.name, done), progressed
    left = [look.unheard[fact.type, done] for fact in topic.facts if fact in step.hears]
    first = min((one.first_at for one in left if one.first_at is not None), default=None)
    return sum(one.count for one in left), first, progressed


def _lag(look: _Look, topic: Topic, *, step: str) -> int:
    done = _done(look.consumers, step)
    return sum(look.unheard[type_, done].count for type_ in _types(topic))


def _own_timers(look: _Look, step: str, done: int) -> tuple[int, int | None]:
    """Elapsed timers of this step alone: their ids follow from step, key and time, though what they
    say is sealed.
    """
    if not look.unheard[TimerElapsed.type, done].count:
        return 0, None
    after = overview.envelopes_after(
        look.connection, TimerElapsed.type, done, limit=_TIMERS_LOOKED_AT
    )
    own = [time for id_, key, time in after if id_ == derived_id("timer", step, key, str(time))]
    return len(own), min(own, default=None)


def _partitioned(look: _Look, step: Step[Any], topic: Topic) -> _Place:
    """The topic is on Kafka, and a cursor stands at an offset of each partition."""
    unit, writer = look.unit_of(step.name), WRITTEN_BY.get(topic.name)
    if writer is not None and serves(unit, writer):
        own = [one for name, one in look.consumers.items() if name.startswith(f"{unit}/")]
        return 0, None, max((one.progressed_at for one in own), default=None)
    prefix = f"{unit}/{topic.name}/"
    places = {
        name.removeprefix(prefix): one
        for name, one in look.consumers.items()
        if name.startswith(prefix)
    }
    progressed = max((one.progressed_at for one in places.values()), default=None)
    ends = look.ends.get(topic.name)
    if ends is None:
        return None, None, progressed
    left = [
        end - (places[str(part)].next_offset if str(part) in places else 0)
        for part, end in ends.items()
    ]
    lag = sum(max(0, count) for count in left)
    heard = [fact.type for fact in topic.facts if fact in step.hears] if lag else []
    late = [overview.oldest_unclaimed(look.connection, unit, type_, depth=lag) for type_ in heard]
    return lag, min((moment for moment in late if moment is not None), default=None), progressed


def _ends(settings: HubSettings) -> tuple[dict[str, dict[int, int]], tuple[str, ...]]:
    """The next offset of each partition of each topic that a step hears; what could not be
    asked.
    """
    url = settings.runtime.topics
    if url is None:
        return {}, ()
    heard = {topic.name for bound in bound_steps() for topic in topics_of(bound.step)} | {REDRIVEN}
    try:
        return {
            name: {part: last for part, (_, last) in watermarks(url, name).items()}
            for name in sorted(heard)
        }, ()
    except Unavailable:
        return {}, ("the topics cannot be reached: depths are not known",)


# --- edges


def _connectors(look: _Look, settings: HubSettings) -> Iterator[ConnectorStatus]:
    """Every way in that is configured or was ever used."""
    refused = overview.refused(look.connection)
    seen = {_way(name): one for name, one in look.consumers.items() if name.startswith("intake/")}
    for connector, agency in sorted(
        {*seen, *_configured(settings.agencies)}, key=lambda way: (way[1], way[0])
    ):
        one = seen.get((connector, agency))
        yield ConnectorStatus(
            agency=agency,
            connector=connector,
            last_seen=_moment(one.progressed_at if one else None),
            received=one.next_offset if one else 0,
            refused=refused.get((connector, agency), 0),
        )


def _way(cursor: str) -> tuple[str, str]:
    _, connector, agency = cursor.split("/", 2)
    return connector, agency


def _configured(agencies: Mapping[str, AgencySettings]) -> Iterable[tuple[str, str]]:
    for code, agency in agencies.items():
        for connector in ("http", "folder", "queue"):
            if getattr(agency, connector) is not None:
                yield connector, code


def _queues(look: _Look) -> Iterator[QueueStatus]:
    for queue in overview.queues(look.connection, look.now):
        yield QueueStatus(
            queue.agency, queue.depth, _since(look.now, queue.oldest_at) or 0.0, queue.held
        )


def _broker_queues(queues: Sequence[BrokerQueue]) -> Iterator[BrokerQueueStatus]:
    for queue, depth in depths(queues).items():
        ready, consumers = (depth.ready, depth.consumers) if depth else (None, None)
        yield BrokerQueueStatus(queue.agency, queue.name, queue.holds, ready, consumers)


def _dead_letters(look: _Look) -> Iterator[DeadLetterStatus]:
    for waiting in overview.waiting_dead_letters(look.connection):
        age = _since(look.now, waiting.oldest_at) or 0.0
        yield DeadLetterStatus(waiting.reason, waiting.state, waiting.count, age)


# --- time


def _timers(look: _Look) -> TimerStatus:
    alarms = overview.alarms(look.connection, look.now)
    return TimerStatus(alarms.waiting, _moment(alarms.next_at), alarms.overdue)


def _due_times(look: _Look) -> DueTimeStatus:
    return DueTimeStatus(
        approaching=look.count([DueTimeApproaching.type], look.day),
        breached=look.count([DueTimeBreached.type], look.day),
    )


def _relay(look: _Look) -> RelayStatus:
    depth, oldest = overview.unsent(look.connection)
    return RelayStatus(depth, _since(look.now, oldest))


# --- parts


def _parts(look: _Look) -> Iterator[PartStatus]:
    for failing in failures.current(look.connection, look.now):
        again = failing.again_at
        yield PartStatus(
            part=failing.part,
            error=failing.error,
            times=failing.times,
            since_seconds=_since(look.now, failing.since) or 0.0,
            again_seconds=None if again is None else max(0.0, (again - look.now) / _SECOND),
        )
