"""Linking against registers of any size: time for each notification, size on disk, memory, and what
was found.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import Connection, event

from ops.run.garbage import collect_seldom
from ops.run.wiring import Hub, assemble
from router.handle import handle
from router.memory.register import file_everybody
from router.one_pass import Delivery
from router.steps.link.register import Register
from router.topology import unit_of
from schemas.case import ChildLinked, LinkOutcome
from schemas.settings import HubSettings
from stores import people
from stores.database import Database
from tests.bench.latency import quantiles
from tests.bench.splink import splink
from tests.bench.tellings import Told, records, strangers, tellings
from tests.bench.usage import peak_mb
from tests.services.postgres import private_postgres

_T = TypeVar("_T")
_PART: Final = 10_000
_WARM_UP: Final = 200
"""Notifications that fill the caches and are not counted."""
_FOR_SPLINK: Final = 20
AIMS: Final = {"p99_ms": 5.0, "mb_peak": 500.0, "times_as_long": 2.0}


@dataclass(frozen=True, slots=True)
class Place:
    """A store for one register, and how large it is on disk."""

    store: str
    url: str
    persons: int


def linkage(
    settings: HubSettings,
    folder: Path,
    *,
    persons: Sequence[int],
    stores: Sequence[str],
    notifications: int,
) -> list[dict[str, Any]]:
    """The figures for each store and number of persons. Registers that are in ``folder`` already
    are used again.
    """
    figures = []
    with ExitStack() as stack:
        for store in stores:
            at = stack.enter_context(_PLACES[store](folder))
            for number in sorted(persons):
                place = Place(store, at(number), number)
                built = _apart(build, settings, folder, place)
                figures.append(
                    {"store": store, "persons": number, "build": built}
                    | _apart(stream, settings, folder, place, notifications)
                )
    return figures


def beside(persons: Sequence[int]) -> list[dict[str, Any]]:
    """What Splink takes against registers of these sizes, or why it was not asked."""
    return [
        {"persons": number} | _apart(partial(splink, number, notifications=_FOR_SPLINK))
        for number in persons
    ]


def compared(figures: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each store, how many times as long the largest register takes as the smallest, and
    whether aims are met.
    """
    found = []
    for store in dict.fromkeys(one["store"] for one in figures):
        own = [one for one in figures if one["store"] == store]
        first, last = own[0]["candidates_and_decision"], own[-1]["candidates_and_decision"]
        times = {
            f"times_{name}": round(last[name] / first[name], 2)
            for name in ("mean_ms", "p50_ms", "p99_ms")
        }
        met = {
            "p99_met": all(
                one["candidates_and_decision"]["p99_ms"] <= AIMS["p99_ms"] for one in own
            ),
            "memory_met": all(one["memory"]["mb_peak"] < AIMS["mb_peak"] for one in own),
            "flat_met": times["times_p99_ms"] <= AIMS["times_as_long"],
        }
        found.append(
            {"store": store, "from": own[0]["persons"], "to": own[-1]["persons"]} | times | met
        )
    return found


def tables(figures: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The figures as rows for a person, a row for each register."""
    named = [{"store": one["store"], "persons": one["persons"]} for one in figures]
    times = []
    for one in figures:
        decided, bare, step = (
            one[part]
            for part in ("candidates_and_decision", "bare_queries", "whole_step_with_commit")
        )
        times.append(
            {name: decided[f"{name}_ms"] for name in ("mean", "p50", "p99", "worst")}
            | {
                "cpu p99": decided["own_cpu_p99_ms"],
                "bare p50": bare["p50_ms"],
                "bare p99": bare["p99_ms"],
            }
            | {"step p50": step["p50_ms"], "step p99": step["p99_ms"]}
        )
    return {
        "milliseconds for each notification": [a | b for a, b in zip(named, times, strict=True)],
        "what was found": [a | one["found"] for a, one in zip(named, figures, strict=True)],
        "registers": [
            a | one["memory"] | one["build"] for a, one in zip(named, figures, strict=True)
        ],
    }


def _apart(work: Callable[..., _T], *arguments: Any) -> _T:
    """In a process of its own, so that its memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:
        return apart.submit(work, *arguments).result()


@contextmanager
def _sqlite(folder: Path) -> Iterator[Callable[[int], str]]:
    yield lambda persons: f"sqlite:///{(folder / f'register-{persons}.db').resolve()}"


@contextmanager
def _postgresql(folder: Path) -> Iterator[Callable[[int], str]]:
    folder.chmod(folder.stat().st_mode | 0o001)
    with private_postgres(folder / "postgres") as server:

        def at(persons: int) -> str:
            name = f"register_{persons}"
            with psycopg.connect(server.url.replace("+psycopg", ""), autocommit=True) as connection:
                if not connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", (name,)
                ).fetchone():
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            return server.url.rsplit("/", 1)[0] + f"/{name}"

        yield at


_PLACES: Final[dict[str, Callable[[Path], AbstractContextManager[Callable[[int], str]]]]] = {
    "sqlite": _sqlite,
    "postgresql": _postgresql,
}
STORES: Final = tuple(_PLACES)


def build(settings: HubSettings, folder: Path, place: Place) -> dict[str, Any]:
    """Write a register through the store's own code, and file it as ``hub linkage index`` does;
    what is there stays.
    """
    hub = _hub(settings, folder, place)
    figures: dict[str, Any] = {"persons_seconds": None, "index_seconds": None}
    if _count(hub.database, "people") < place.persons:
        figures["persons_seconds"] = _timed(lambda: _write(hub.database, place.persons))
    if not _count(hub.database, "person_keys"):
        figures["index_seconds"] = _timed(lambda: _file(hub.database))
    figures |= {
        "keys": _count(hub.database, "person_keys"),
        "mb_on_disk": _size(hub.database, place),
    }
    hub.database.close()
    return figures | {"build_mb_peak": peak_mb()}


def stream(settings: HubSettings, folder: Path, place: Place, number: int) -> dict[str, Any]:
    """Notifications one at a time against a register: first only decided, then through the whole
    step and written.

    Candidates and decision are what the link step does between reading a message and writing what
    it decided: describe the child, look its keys up, load and decode the best candidates, compare,
    and make the fact. The bare limit is what the database itself took for the same queries in that.
    """
    hub = _hub(settings, folder, place)
    asked = list(tellings(place.persons, number + _WARM_UP, seed=1))
    collect_seldom()
    decided = _Decided()
    with _queries(hub.database) as sent:
        for one in asked:
            sent.append([])
            decided.add(one, hub)
    bare = [_bare(hub.database, queries) for queries in sent if queries]
    memory = {"mb_peak": peak_mb()}
    # What this writes stays: so of children whom nothing above is about, and of others in every
    # run.
    whole = _whole_step(
        hub, list(strangers(place.persons, number + _WARM_UP, seed=_count(hub.database, "people")))
    )
    figures = {
        "candidates_and_decision": _spread(decided.seconds)
        | {"own_cpu_p99_ms": _spread(decided.cpu)["p99_ms"]},
        "bare_queries": _spread(bare),
        "whole_step_with_commit": _spread(whole),
        "found": decided.found(),
        "memory": memory,
    }
    hub.database.close()
    return figures


class _Decided:
    """What each notification took, and what was found."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.cpu: list[float] = []
        self._known = self._among = self._right = self._wrong = self._reviewed = self._passed = 0

    def add(self, one: Told, hub: Hub) -> None:
        """Decide about a notification, and write nothing."""
        (bound,) = unit_of("link").steps
        with hub.database.transaction() as transaction:
            started, cpu = time.perf_counter(), time.thread_time()
            memory = bound.memory(bound.step, transaction)
            memory.foresee([one.message])
            state = memory.recall(one.message)
            outcome = bound.step.decide(state, one.message, hub.policy.value)
            self.cpu.append(time.thread_time() - cpu)
            self.seconds.append(time.perf_counter() - started)
        fact, *_ = outcome.facts
        assert isinstance(fact, ChildLinked)
        assert state is not None
        self._judge(one, state, fact)

    def found(self) -> dict[str, Any]:
        """Counts: of those known how many were among the candidates; links right and wrong; for
        review; new.
        """
        return {
            "notifications": len(self.seconds),
            "known": self._known,
            "among_candidates": self._among,
            "linked_right": self._right,
            "linked_wrong": self._wrong,
            "review": self._reviewed,
            "with_keys_passed_over": self._passed,
        }

    def _judge(self, one: Told, state: Register, fact: ChildLinked) -> None:
        linked = fact.outcome is LinkOutcome.LINKED
        self._known += one.person_id is not None
        self._among += any(record.person_id == one.person_id for record in state.people)
        self._right += linked and fact.person_id == one.person_id
        self._wrong += linked and fact.person_id != one.person_id
        self._reviewed += fact.outcome is LinkOutcome.REVIEW
        self._passed += bool(state.oversized)


def _write(database: Database, persons: int) -> None:
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql("DELETE FROM people")
    made = islice(records(), persons)
    while part := list(islice(made, _PART)):
        with database.transaction() as transaction:
            people.save(
                transaction, {people.number_of(one.person_id): (1, one.encode()) for one in part}
            )


def _file(database: Database) -> None:
    with database.transaction() as transaction:
        file_everybody(transaction)


def _whole_step(hub: Hub, asked: Sequence[Told]) -> list[float]:
    """Seconds from each message to what was decided being durable."""
    unit = unit_of("link")
    consumer = asked[0].message.id
    seconds = []
    for offset, one in enumerate(asked, start=1):
        started = time.perf_counter()
        with hub.database.transaction() as transaction:
            handle(
                unit,
                [Delivery(offset, one.message)],
                consumer=consumer,
                transaction=transaction,
                policy=hub.policy,
            )
        seconds.append(time.perf_counter() - started)
    return seconds


@contextmanager
def _queries(database: Database) -> Iterator[list[list[tuple[str, Any]]]]:
    """Note what is asked of the database, under the last of the lists that are put in."""
    sent: list[list[tuple[str, Any]]] = []

    def note(
        _c: Connection, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> None:
        if statement.lstrip().startswith("SELECT"):
            sent[-1].append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _bare(database: Database, queries: Sequence[tuple[str, Any]]) -> float:
    """Seconds for the driver to ask them again, one after another, and to hand over every row."""
    with database.reading() as connection:
        cursor = connection.connection.cursor()
        started = time.perf_counter()
        for statement, parameters in queries:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        seconds = time.perf_counter() - started
        cursor.close()
    return seconds


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds of those after the warm-up."""
    counted = [one * 1000 for one in seconds[_WARM_UP:]]
    return {"mean_ms": round(mean(counted), 2)} | quantiles(counted)


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return round(time.perf_counter() - started, 1)


def _hub(settings: HubSettings, folder: Path, place: Place) -> Hub:
    runtime = settings.runtime.model_copy(update={"store": place.url})
    return assemble(settings.model_copy(update={"runtime": runtime}), {}, folder=folder)


def _count(database: Database, table: str) -> int:
    return int(_ask(database, f"SELECT count(*) FROM {table}"))  # noqa: S608 - two names of our own


def _size(database: Database, place: Place) -> float:
    """Megabytes of the register's rows and indexes."""
    if place.store == "sqlite":
        pages, of_bytes = _ask(database, "PRAGMA page_count"), _ask(database, "PRAGMA page_size")
        return round(int(pages) * int(of_bytes) / 1e6, 1)
    return round(int(_ask(database, "SELECT pg_database_size(current_database())")) / 1e6, 1)


def _ask(database: Database, statement: str) -> Any:
    with database.reading() as connection:
        return connection.exec_driver_sql(statement).scalar_one()
