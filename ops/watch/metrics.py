"""The hub's figures for Prometheus, by the names that dashboards know. No label holds a case, a
person, a name or a number of somebody's: agencies, steps, topics, types and reasons alone.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from connectors.queues import BrokerQueue
from ops.look import reds
from ops.look.reading import Guarded
from ops.look.status import Row, Status, collect
from ops.watch.readiness import Dependency, dependencies
from schemas.information import InformationEscalated
from schemas.owed import ClockChased, ClockEscalated, ClockWarned
from schemas.product import ProductRefused, ProductVoided
from schemas.rating import DueTimeApproaching, DueTimeBreached, DueTimeEscalated
from stores import codec, counting, overview
from stores.overview import Reading
from stores.ports import Unavailable

_BOUNDS = (0, 60, 300, 900, 3600, 4 * 3600, 86400, 3 * 86400, 7 * 86400)
"""Seconds left, at which clocks are counted."""
_MOMENTS = {
    "warned": (DueTimeApproaching.type, ClockWarned.type),
    "breached": (DueTimeBreached.type, ClockChased.type),
    "escalated": (DueTimeEscalated.type, InformationEscalated.type, ClockEscalated.type),
}
_DAYS_OF_REDS = 7
"""As `hub reds` counts them unless it is told otherwise."""
_REDS_LAST = 30.0
"""Seconds for which their count is told again: each look reads what is known of every one."""
_BLOCKED = {"refused": ProductRefused.type, "voided": ProductVoided.type}


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told at one moment; without ``status`` the store cannot be reached."""

    dependencies: tuple[Dependency, ...]
    status: Status | None = None
    facts: dict[str, int] = field(default_factory=dict)
    timers: dict[str, list[int]] = field(default_factory=dict)
    """By step, how many of its clocks have no more left than each of :data:`_BOUNDS`, and all."""
    dead_letters: dict[tuple[str, str], int] = field(default_factory=dict)
    """By the step that refused them, or the intake, and reason."""
    nobody_has: int = 0
    """Reds and possible Reds of late that nobody has."""


@dataclass(slots=True)
class Metrics:
    """What ``/metrics`` answers. Facts are counted once: only what came since the last look."""

    hub: Guarded
    queues: Sequence[BrokerQueue] = ()
    _position: int = 0
    _reds: tuple[float, int] | None = None
    """Until when it counts, and how many nobody has."""
    _by_type: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format; without the store, that it is not there."""
        registry = CollectorRegistry()
        registry.register(_Told(self._figures()))
        return generate_latest(registry)

    def _figures(self) -> Figures:
        try:
            status = collect(self.hub, self.queues)
            with self._lock, self.hub.database.reading() as connection:
                return Figures(
                    dependencies=tuple(dependencies(self.hub, self.queues)),
                    status=status,
                    facts=self._counted(connection),
                    timers=overview.time_left(
                        connection, codec.to_micros(status.at), bounds=_BOUNDS
                    ),
                    dead_letters=overview.dead_letters_of(connection),
                    nobody_has=self._nobody_has(status.at),
                )
        except Unavailable:
            return Figures(dependencies=tuple(dependencies(self.hub, self.queues)))

    def _nobody_has(self, at: dt.datetime) -> int:
        """Of how many Reds `hub reds` says so."""
        now = time.monotonic()
        if self._reds is None or self._reds[0] <= now:
            found = reds.lately(self.hub, days=_DAYS_OF_REDS, at=at)
            self._reds = now + _REDS_LAST, sum(one.nobody_has_it for one in found)
        return self._reds[1]

    def _counted(self, connection: Reading) -> dict[str, int]:
        newest = overview.last_position(connection)
        self._by_type.update(counting.by_type(connection, after=self._position, until=newest))
        self._position = newest
        return dict(self._by_type)


class _Told(Collector):
    """Figures that are there already, as a collector of Prometheus' client wants them."""

    def __init__(self, told: Figures) -> None:
        self._told = told

    def collect(self) -> Iterable[Metric]:
        """Each of the families."""
        yield _gauge(
            "mash_dependency_up",
            "1 while what the hub stands on answers",
            ("dependency",),
            [((one.name,), float(one.ok)) for one in self._told.dependencies],
        )
        if status := self._told.status:
            yield from _of_facts(self._told.facts)
            yield from _of_flow(status)
            yield from _of_partitions(status.partitions)
            yield from _of_edges(status)
            yield from _of_clocks(status, self._told.timers)
            yield from _of_hub(status)
            if status.relay:
                yield from _of_relay(status.relay)
            yield _gauge(
                "mash_reds_nobody_has",
                "Reds and possible Reds of seven days that nobody has",
                (),
                [((), self._told.nobody_has)],
            )
            yield _gauge(
                "mash_dead_letters",
                "What waits for a human",
                ("origin", "reason"),
                self._told.dead_letters.items(),
            )


_Values = Iterable[tuple[tuple[str, ...], float]]


def _gauge(name: str, says: str, labels: tuple[str, ...], values: _Values) -> Metric:
    family = GaugeMetricFamily(name, says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _counter(name: str, says: str, labels: tuple[str, ...], values: _Values) -> Metric:
    family = CounterMetricFamily(name, says, labels=labels)
    for of, value in values:
        family.add_metric(of, value)
    return family


def _rows(rows: Iterable[Row], key: str, *labels: str) -> _Values:
    """Of each row that has such a value; what is not known is left out and not told as 0."""
    for row in rows:
        if (value := row[key]) is not None:
            yield tuple(str(row[label]) for label in labels), float(value)


def _of_facts(facts: dict[str, int]) -> Iterator[Metric]:
    yield _counter(
        "mash_facts", "Facts recorded", ("type",), [((type_,), n) for type_, n in facts.items()]
    )
    yield _counter(
        "mash_clock_breached",
        "Due times that came near, passed, or went up a chain",
        ("kind",),
        [((kind,), sum(facts.get(one, 0) for one in of)) for kind, of in _MOMENTS.items()],
    )
    yield _counter(
        "mash_release_blocked",
        "Products that did not leave",
        ("reason",),
        [((reason,), facts.get(type_, 0)) for reason, type_ in _BLOCKED.items()],
    )


def _of_flow(status: Status) -> Iterator[Metric]:
    of = ("topic", "group")
    steps = [{**one, "group": one["step"]} for one in status.steps]
    oldest = [{**one, "oldest_seconds": one["oldest_seconds"] or 0} for one in steps]
    yield _gauge("mash_step_depth", "Facts not handled yet", of, _rows(steps, "depth", *of))
    yield _gauge("mash_step_lag", "Facts up to the topic's end", of, _rows(steps, "lag", *of))
    yield _gauge(
        "mash_oldest_unprocessed_age_seconds",
        "Since when the oldest fact waits",
        of,
        _rows(oldest, "oldest_seconds", *of),
    )


def _of_partitions(rows: tuple[Row, ...]) -> Iterator[Metric]:
    of = ("consumergroup", "topic", "partition")
    yield _gauge(
        "kafka_consumergroup_lag",
        "Messages behind the partition's end",
        of,
        _rows(rows, "lag", *of),
    )
    yield _gauge(
        "kafka_consumergroup_current_offset",
        "The offset that is next; what was never begun is left out",
        of,
        _rows(rows, "next_offset", *of),
    )


def _of_edges(status: Status) -> Iterator[Metric]:
    way = ("agency", "connector")
    seen = [
        {**one, "at": one["last_seen"] and one["last_seen"].timestamp()}
        for one in status.connectors
    ]
    yield _counter("mash_received", "Messages taken", way, _rows(seen, "received", *way))
    yield _counter("mash_refused", "Arrivals refused", way, _rows(seen, "refused", *way))
    yield _gauge(
        "mash_last_seen_timestamp_seconds", "When something last came", way, _rows(seen, "at", *way)
    )
    silent = [{**one, "now": int(one["silent"])} for one in status.connectors]
    yield _gauge(
        "mash_way_in_silent",
        "1 while nothing comes for longer than it ever did of late",
        way,
        _rows(silent, "now", *way),
    )
    yield from _of_queues(status)


def _of_queues(status: Status) -> Iterator[Metric]:
    queue, broker = ("agency",), ("agency", "queue", "holds")
    yield _gauge(
        "mash_queue_depth",
        "Letters that lie for an agency",
        queue,
        _rows(status.queues, "depth", *queue),
    )
    yield _gauge(
        "mash_queue_oldest_age_seconds",
        "Since when the oldest of them lies",
        queue,
        _rows(status.queues, "oldest_seconds", *queue),
    )
    yield _gauge(
        "mash_broker_queue_ready",
        "Messages that lie at the broker",
        broker,
        _rows(status.broker_queues, "ready", *broker),
    )
    yield _gauge(
        "mash_broker_queue_consumers",
        "Who takes from it",
        broker,
        _rows(status.broker_queues, "consumers", *broker),
    )


def _of_clocks(status: Status, timers: dict[str, list[int]]) -> Iterator[Metric]:
    left = HistogramMetricFamily(
        "mash_clock_remaining_seconds", "Time left until a clock's next moment", labels=("step",)
    )
    for step, counts in timers.items():
        names = [*(str(float(bound)) for bound in _BOUNDS), "+Inf"]
        left.add_metric((step,), list(zip(names, counts, strict=True)), sum_value=None)
    yield left
    yield _gauge(
        "mash_timers_overdue",
        "Clocks that nobody told the time",
        (),
        [((), status.timers["overdue"])],
    )
    yield _gauge(
        "mash_alarms_untaken", "Alarms that nobody has taken", (), [((), status.alarms["untaken"])]
    )
    since = status.alarms["since"]
    age = (status.at - since).total_seconds() if since else 0.0
    yield _gauge("mash_alarm_oldest_age_seconds", "For how long the oldest runs", (), [((), age)])


def _of_hub(status: Status) -> Iterator[Metric]:
    yield _gauge(
        "mash_part_failing", "Failures in a row", ("part",), _rows(status.parts, "times", "part")
    )
    yield _gauge(
        "mash_paused_until_timestamp_seconds",
        "What somebody lets wait, and until when",
        ("what", "name", "reds"),
        [
            ((one["what"], one["name"], str(one["reds"]).lower()), one["until"].timestamp())
            for one in status.pauses
        ],
    )
    yield _gauge("mash_store_bytes", "What the store takes", (), [((), status.store_bytes)])
    yield _gauge(
        "mash_without_leaf",
        "Entries not in the signed tree yet",
        (),
        [((), status.tree["without_leaf"])],
    )
    yield _gauge(
        "mash_to_renew",
        "Keys, rules and agreements that have ended or are about to",
        (),
        [((), len(status.trouble))],
    )


def _of_relay(relay: Row) -> Iterator[Metric]:
    yield _gauge("mash_relay_unsent", "Facts not on their topics yet", (), [((), relay["unsent"])])
    yield _gauge(
        "mash_relay_oldest_age_seconds",
        "Since when the oldest waits",
        (),
        [((), relay["oldest_seconds"] or 0)],
    )
