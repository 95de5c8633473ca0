"""How the hub is: what waits where, since when, and how fast it moves; no personal data."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from connectors.queues import BrokerQueue, depths
from ops.look import reds, room, wall_clock
from ops.look.manifests import Day, days
from ops.look.reading import Guarded
from ops.look.rhythm import Rhythm
from ops.look.rhythm import rhythms as rhythms_of
from ops.run.ended import ended
from router.manifests import in_words
from router.step import Step
from router.topology import WRITTEN_BY, bound_steps, topics_of
from router.unit import ALL, serves, unit_of_chain
from schemas.information import InformationEscalated
from schemas.owed import ClockChased, ClockEscalated, ClockWarned
from schemas.rating import DueTimeApproaching, DueTimeBreached, DueTimeEscalated, TimerElapsed
from schemas.settings import HubSettings
from schemas.topics import FACTS, FOR_EVERYBODY, TOPICS, Topic
from stores import codec, failures, overview, pauses, timers
from stores.database import View
from stores.overview import Behind, Consumer, Reading
from stores.ports import Unavailable
from stores.topics import TopicMissing, watermarks
from stores.tree import kept
from stores.tree.growing import CONSUMER

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_TIMERS_LOOKED_AT = 5000
_ANSWER_SECONDS = 5.0
"""For Kafka: whoever asks looks at a screen."""
_FOR_EVERYBODY = tuple(topic for topic in TOPICS if topic.name in FOR_EVERYBODY)


Row = Mapping[str, Any]
"""What is told of one thing, under the names that the JSON has. Ages are in seconds."""


@dataclass(frozen=True, slots=True)
class Status:
    """All of it, at one moment."""

    at: dt.datetime
    runtime: str
    facts: int
    store_bytes: int
    topics: tuple[Row, ...]
    steps: tuple[Row, ...]
    connectors: tuple[Row, ...]
    queues: tuple[Row, ...]
    dead_letters: tuple[Row, ...]
    timers: Row
    due_times: Row
    alarms: Row
    """Those that nobody has taken, and since when the oldest runs."""
    relay: Row | None
    """None in the embedded runtime, which has no topics to send to."""
    tree: Row
    """Entries that have no leaf yet in the tree that the hub signs."""
    parts: tuple[Row, ...]
    """Those that fail; none where everything works."""
    broker_queues: tuple[Row, ...]
    partitions: tuple[Row, ...]
    """Where each consumer group stands on Kafka; none in the embedded runtime."""
    pauses: tuple[Row, ...]
    """What somebody lets wait: what, until when, who and why."""
    store: Row
    """``room``: bytes left beside the store's file, None of a server; ``refuses``: why the store
    takes nothing, as far as whoever looks was told.
    """
    clock: Row
    """How far the machine's clock is off: see :func:`ops.look.wall_clock.off`."""
    trouble: tuple[str, ...] = ()
    """What could not be asked, and what has ended and is to be renewed."""
    topics_lost: tuple[str, ...] = ()
    """Topics that are gone from Kafka, or end before where somebody stands in them."""
    manifests: tuple[Row, ...] = ()
    """What agencies say that they sent on each day of late, beside what came."""


def collect(hub: Guarded, queues: Sequence[BrokerQueue] = ()) -> Status:
    """Look once at the store and at these queues of brokers. Raises ``Unavailable``."""
    now = time.time_ns() // 1000
    ends, gone, unasked = _ends(hub.settings)
    at_brokers, alarms = tuple(_broker_queues(queues)), reds.untaken(hub)
    with hub.database.view() as view:
        look = _look(view.connection, hub.settings, now=now, ends=ends)
        found = _status(hub, view, look, alarms=alarms, at_brokers=at_brokers)
    return replace(
        found,
        trouble=(*unasked, *_trouble(hub, at_brokers, at=found.at)),
        topics_lost=(*gone, *_cut(found.partitions)),
    )


def _status(
    hub: Guarded, view: View, look: _Look, *, alarms: Row, at_brokers: tuple[Row, ...]
) -> Status:
    """What the store says, beside what was asked already."""
    at, steps = codec.from_micros(look.now), tuple(_steps(look))
    return Status(
        at=at,
        runtime="production" if look.production else "embedded",
        facts=overview.last_position(view.connection),
        store_bytes=overview.size(view.connection),
        topics=tuple(map(look.topic, TOPICS)),
        steps=steps,
        connectors=tuple(_connectors(look, hub.settings)),
        queues=tuple(_queues(look)),
        dead_letters=tuple(_dead_letters(look)),
        timers=_timers(look),
        due_times=_due_times(look),
        alarms=alarms,
        relay=_relay(look),
        tree=_tree(look),
        parts=tuple(_parts(look)),
        broker_queues=at_brokers,
        partitions=tuple(_partitions(look, steps)),
        pauses=tuple(_pauses(view.connection, look.now)),
        store={"room": room.left(hub), "refuses": hub.database.refuses},
        clock=wall_clock.off(hub.database.clock(), overview.newest_at(view.connection)),
        manifests=tuple(map(_manifest, days(view, hub.settings, at=at))),
    )


def _trouble(hub: Guarded, at_brokers: Sequence[Row], *, at: dt.datetime) -> Iterator[str]:
    if any(queue["ready"] is None for queue in at_brokers):
        yield "a broker does not answer: what lies on its queues is unknown"
    yield from (one.says for one in ended(hub.settings, hub.access, at=at))


@dataclass(frozen=True, slots=True)
class _Look:
    """What was asked of the journal in a few queries."""

    connection: Reading
    production: bool
    now: int
    lately: Mapping[str, int]
    """The last positions before the last minute, hour and day."""
    consumers: Mapping[str, Consumer]
    newest: Mapping[str, int]
    behind: Mapping[tuple[str, int], Behind]
    ends: Mapping[str, Mapping[int, int]]
    """Kafka's next offsets, by topic and partition."""
    done: Mapping[str, int]
    """The position that each step has come to where the journal is the topic."""
    unheard: Mapping[tuple[str, int], Behind]
    """What stands behind that, without what the hub's own steps have heard as they wrote it."""

    def topic(self, topic: Topic) -> Row:
        """How many facts came to a topic lately, and when the newest did."""
        counts = {name: self.count(_types(topic), last) for name, last in self.lately.items()}
        newest = _moment(self.newest_at(topic))
        return {"topic": topic.name, **counts, "newest_at": newest}

    def count(self, types: Iterable[str], position: int) -> int:
        """How many facts of these types stand behind a position."""
        return sum(self.behind[type_, position].count for type_ in types)

    def left(self, step: str, type_: str) -> Behind:
        """The facts of a type that stand behind where the step has come to."""
        return self.unheard[type_, self.done[step]]

    def newest_at(self, topic: Topic) -> int | None:
        """When the topic's last fact was recorded."""
        return max((self.newest[t] for t in _types(topic) if t in self.newest), default=None)

    def unit_of(self, step: str) -> str:
        """The unit that serves the step now: that whose cursors moved last."""
        moves = sorted(self.consumers.values(), key=lambda one: one.progressed_at)
        units = {unit_of_chain(one.name): one.progressed_at for one in moves}
        serving = {unit: moved for unit, moved in units.items() if serves(unit, step)}
        return max(serving, key=serving.__getitem__, default=step)

    def cursors(self, prefix: str) -> dict[str, Consumer]:
        """The cursors whose names begin so, by what follows."""
        return {
            name.removeprefix(prefix): one
            for name, one in self.consumers.items()
            if name.startswith(prefix)
        }


def _look(
    connection: Reading, settings: HubSettings, *, now: int, ends: Mapping[str, Mapping[int, int]]
) -> _Look:
    lately = {
        name: overview.position_before(connection, now - ago)
        for name, ago in (("last_minute", _MINUTE), ("last_hour", _HOUR), ("last_day", _DAY))
    }
    consumers = {one.name: one for one in overview.consumers(connection)}
    done = {bound.step.name: _done(consumers, bound.step.name) for bound in bound_steps()}
    here = {(type_, one) for type_ in FACTS for one in done.values()} if not ends else set()
    asked = {(type_, position) for type_ in FACTS for position in lately.values()}
    unheard = overview.behind(connection, here, besides=ALL)
    return _Look(
        connection=connection,
        production=settings.runtime.topics is not None,
        now=now,
        lately=lately,
        consumers=consumers,
        newest=overview.newest(connection, FACTS),
        behind=overview.behind(connection, asked),
        ends=ends,
        done=done,
        unheard=unheard,
    )


def _done(consumers: Mapping[str, Consumer], step: str) -> int:
    """The position that the embedded hub has come to, or the step while it was served alone."""
    one = consumers.get(ALL) or consumers.get(step)
    return one.next_offset - 1 if one else 0


def _types(topic: Topic) -> list[str]:
    return [fact.type for fact in topic.facts]


def _since(now: int, then: int | None) -> float | None:
    return None if then is None else max(0.0, (now - then) / _SECOND)


def _moment(micros: int | None) -> dt.datetime | None:
    return None if micros is None else codec.from_micros(micros)


def _first(moments: Iterable[int | None]) -> int | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _last_move(consumers: Iterable[Consumer]) -> int | None:
    return max((one.progressed_at for one in consumers), default=None)


# --- steps


def _steps(look: _Look) -> Iterator[Row]:
    """Each step at each topic that it hears.

    ``depth``: messages that it has to handle yet; None where the topics cannot be asked. ``lag``:
    messages between its place and the topic's end, others' included. ``lag_minutes``: from the
    oldest unhandled message to the topic's newest; ``oldest_seconds``: from it to now.
    """
    for bound in bound_steps():
        for topic in topics_of(bound.step):
            yield _step(look, bound.step, topic=topic)
        for topic in _FOR_EVERYBODY if look.production else ():
            here = _step(look, bound.step, topic=topic)
            if here["depth"]:
                yield here


def _step(look: _Look, step: Step[Any], *, topic: Topic) -> Row:
    places = _partitioned if look.production else _embedded
    depth, oldest, progressed = places(look, step, topic=topic)
    behind = (look.newest_at(topic) or 0) - oldest if oldest else 0
    return {
        "step": step.name,
        "topic": topic.name,
        "depth": depth,
        "lag": _lag(look, topic, step=step.name) if depth and not look.production else depth,
        "lag_minutes": max(0, behind) / _MINUTE,
        "oldest_seconds": _since(look.now, oldest),
        "progressed_at": _moment(progressed),
    }


_Place = tuple[int | None, int | None, int | None]
"""Depth; when the oldest unhandled message was recorded, and the step last moved (microseconds)."""


def _embedded(look: _Look, step: Step[Any], *, topic: Topic) -> _Place:
    """The journal is the topic, and one cursor stands at a position of it."""
    consumer = look.consumers.get(ALL) or look.consumers.get(step.name)
    progressed = consumer.progressed_at if consumer else None
    if WRITTEN_BY.get(topic.name) == (step.name,):  # it heard that as it wrote it
        return 0, None, progressed
    if TimerElapsed in topic.facts:
        own = _own_timers(look, step.name)
        return len(own), min(own, default=None), progressed
    left = [look.left(step.name, fact.type) for fact in topic.facts if fact in step.hears]
    return sum(one.count for one in left), _first(one.first_at for one in left), progressed


def _lag(look: _Look, topic: Topic, *, step: str) -> int:
    return sum(look.left(step, type_).count for type_ in _types(topic))


def _own_timers(look: _Look, step: str) -> list[int]:
    """When what this step has not heard of its timers was said."""
    if not look.left(step, TimerElapsed.type).count:
        return []
    told = timers.told(look.connection, step, after=look.done[step], limit=_TIMERS_LOOKED_AT)
    return [time for _, time in told]


def _partitioned(look: _Look, step: Step[Any], *, topic: Topic) -> _Place:
    """The topic is on Kafka, and a cursor stands at an offset of each partition."""
    unit, writers = look.unit_of(step.name), WRITTEN_BY.get(topic.name, ())
    if writers and all(serves(unit, writer) for writer in writers):
        return 0, None, _last_move(look.cursors(f"{unit}/").values())
    places = look.cursors(f"{unit}/{topic.name}/")
    progressed = _last_move(places.values())
    ends = look.ends.get(topic.name)
    if ends is None:
        return None, None, progressed
    had = {part: places[str(part)].next_offset for part in ends if str(part) in places}
    lag = sum(max(0, end - had.get(part, 0)) for part, end in ends.items())
    heard = [fact.type for fact in topic.facts if fact in step.hears] if lag else []
    late = [
        overview.oldest_unclaimed(look.connection, unit, type_=type_, depth=lag) for type_ in heard
    ]
    return lag, _first(late), progressed


def _partitions(look: _Look, steps: Iterable[Row]) -> Iterator[Row]:
    """Each partition that a unit has begun, as Kafka's own tools tell of consumer groups.

    ``lag_seconds``: from the oldest message of the topic that it has to handle yet to the newest;
    None of a unit that serves no more. ``beyond``: by how many messages it stands behind the end.
    """
    seconds: dict[tuple[str, str], float] = {}
    for step in steps if look.ends else ():
        place = look.unit_of(step["step"]), step["topic"]
        seconds[place] = max(seconds.get(place, 0.0), step["lag_minutes"] * 60)
    for name, one in sorted(look.consumers.items()):
        match name.split("/"):
            case [unit, topic, number] if topic in look.ends and number.isdecimal():
                end = look.ends[topic].get(int(number), one.next_offset)
                yield {
                    "consumergroup": unit,
                    "topic": topic,
                    "partition": int(number),
                    "next_offset": one.next_offset,
                    "lag": max(0, end - one.next_offset),
                    "lag_seconds": seconds.get((unit, topic)),
                    "beyond": max(0, one.next_offset - end),
                }


def _cut(partitions: Iterable[Row]) -> list[str]:
    """Topics that end before where a unit that serves now stands in them: emptied, or put back."""
    serving = (one for one in partitions if one["lag_seconds"] is not None)
    return sorted({one["topic"] for one in serving if one["beyond"]})


_Ends = dict[str, dict[int, int]]


def _ends(settings: HubSettings) -> tuple[_Ends, tuple[str, ...], tuple[str, ...]]:
    """The next offset of each partition that a step hears; the topics that are not there; and what
    could not be asked.
    """
    url = settings.runtime.topics
    if url is None:
        return {}, (), ()
    heard = {topic.name for bound in bound_steps() for topic in topics_of(bound.step)}
    wanted = sorted(heard.union(FOR_EVERYBODY))
    try:
        marks = watermarks(url, wanted, seconds=_ANSWER_SECONDS)
    except TopicMissing as missing:
        return {}, missing.names, ()
    except Unavailable:
        return {}, (), ("the topics cannot be reached: depths are not known",)
    ends = {name: {part: end for part, (_, end) in of.items()} for name, of in marks.items()}
    return ends, (), ()


# --- edges


def _connectors(look: _Look, settings: HubSettings) -> Iterator[Row]:
    """Every way in that is configured or was ever used. ``silent``: nothing came for longer than
    it ever did of late; gaps are between two arrivals, None where too few came to tell.
    """
    refused = overview.refused(look.connection)
    rhythms = rhythms_of(look.connection, look.now, newest=look.newest)
    seen = {tuple(way.split("/", 1)): one for way, one in look.cursors("intake/").items()}
    configured = {
        (connector, code)
        for code, agency in settings.agencies.items()
        for connector in ("http", "folder", "queue", "mllp")
        if getattr(agency, connector) is not None
    }
    for connector, agency in sorted({*seen, *configured}, key=lambda way: way[::-1]):
        one = seen.get((connector, agency))
        since = _since(look.now, one.progressed_at if one else None)
        own = rhythms.get((connector, agency), Rhythm())
        yield {
            "agency": agency,
            "connector": connector,
            "received": one.next_offset if one else 0,
            "refused": refused.get((connector, agency), 0),
            "last_seen": _moment(one.progressed_at if one else None),
            "usual_gap_seconds": own.usual,
            "longest_gap_seconds": own.longest,
            "silent": own.silent(since),
        }


def _manifest(one: Day) -> Row:
    """``came``, ``refused`` and ``missing`` are counted now; ``numbers``: in which the ids of what
    never came end, in words. All of them None where the agency has not told.
    """
    told = one.told
    return {
        "agency": one.agency,
        "day": one.day.isoformat(),
        "how": one.how.value,
        "sent": told.manifest.sent if told else None,
        "came": told.came if told else None,
        "refused": told.refused if told else None,
        "missing": told.missing if told else None,
        "numbers": in_words(told.gaps) if told and told.gaps else None,
        "since": one.since,
    }


def _queues(look: _Look) -> Iterator[Row]:
    """Agencies' edge queues. ``leased``: letters in somebody's hand, or to be tried again."""
    for queue in overview.queues(look.connection, look.now):
        age = _since(look.now, queue.oldest_at)
        yield {
            "agency": queue.agency,
            "depth": queue.depth,
            "oldest_seconds": age,
            "leased": queue.held,
        }


def _broker_queues(queues: Sequence[BrokerQueue]) -> Iterator[Row]:
    """Messages that lie ready, and consumers; None where the broker cannot be asked."""
    for queue, depth in depths(queues).items():
        told = asdict(depth) if depth else {"ready": None, "consumers": None}
        yield {"agency": queue.agency, "queue": queue.name, "holds": queue.holds, **told}


def _dead_letters(look: _Look) -> Iterator[Row]:
    """Dead letters that wait for somebody, by reason code."""
    for waiting in overview.waiting_dead_letters(look.connection):
        told = asdict(waiting)
        yield told | {"oldest_seconds": _since(look.now, told.pop("oldest_at"))}


# --- time


def _timers(look: _Look) -> Row:
    """What the clock has before it; ``overdue`` grows when nothing runs the clock."""
    alarms = overview.alarms(look.connection, look.now)
    return asdict(alarms) | {"next_at": _moment(alarms.next_at)}


def _due_times(look: _Look) -> Row:
    """How many due times came near, passed, and went up a chain, in the last 24 hours."""
    counted = {
        "approaching": [DueTimeApproaching.type, ClockWarned.type],
        "breached": [DueTimeBreached.type, ClockChased.type],
        "escalated": [DueTimeEscalated.type, InformationEscalated.type, ClockEscalated.type],
    }
    last_day = look.lately["last_day"]
    return {name: look.count(types, last_day) for name, types in counted.items()}


def _relay(look: _Look) -> Row | None:
    """What is recorded and has not reached the topics; there are none in an embedded hub."""
    if not look.production:
        return None
    unsent, oldest = overview.unsent(look.connection)
    return {"unsent": unsent, "oldest_seconds": _since(look.now, oldest)}


def _tree(look: _Look) -> Row:
    """What is recorded and not in the tree yet; it grows when nothing grows the tree."""
    one = look.consumers.get(CONSUMER)
    entries, oldest = kept.lag(look.connection, after=one.next_offset - 1 if one else 0)
    return {"without_leaf": entries, "oldest_seconds": _since(look.now, oldest)}


def paused(hub: Guarded) -> tuple[Row, ...]:
    """What somebody lets wait, of :attr:`Status.pauses`. Raises ``Unavailable``."""
    with hub.database.reading() as connection:
        return tuple(_pauses(connection, hub.database.clock()))


def _pauses(connection: Reading, now: int) -> Iterator[Row]:
    """``left_seconds``: until it goes on by itself; ``reds``: whether Reds wait too."""
    for one in pauses.current(connection, now):
        yield {
            "what": one.what,
            "name": one.name,
            "reds": one.reds,
            "since": codec.from_micros(one.since),
            "until": codec.from_micros(one.until),
            "left_seconds": (one.until - now) / _SECOND,
            "decided_by": one.decided_by,
            "why": one.why,
        }


def _parts(look: _Look) -> Iterator[Row]:
    """Parts that fail, by which error; ``again_seconds``: until the next start, None: given up."""
    for failing in failures.current(look.connection, look.now):
        told = asdict(failing)
        again, since = told.pop("again_at"), told.pop("since")
        yield told | {
            "since_seconds": _since(look.now, since),
            "again_seconds": None if again is None else max(0.0, (again - look.now) / _SECOND),
        }
