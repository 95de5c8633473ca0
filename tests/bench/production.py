"""The hub in production on this machine: private Kafka and PostgreSQL, the workers of a shape, and
the relay.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg

from ops.run.parts import WORKERS
from ops.run.wiring import Hub, open_hub
from stores.topics import create_topics
from tests.bench.facts import Facts
from tests.bench.latency import steady
from tests.bench.layout import part
from tests.bench.limit import postgres_limit
from tests.bench.once import BATCH
from tests.bench.stream import arrivals
from tests.bench.usage import Usage, memory_mb, used
from tests.services.folder import temporary_folder
from tests.services.kafka import private_kafka
from tests.services.postgres import PostgresService, private_postgres

SHAPES: Mapping[str, Sequence[str]] = {"apart": WORKERS, "fused": ("all",)}
"""How the steps are shared out among workers: each by itself, or all of them in one."""
PER_SECOND = 100.0
_WARMING = 100


def production(*, number: int, seconds: float, told: Callable[[str], None]) -> dict[str, Any]:
    """The figures of each shape, and again those of the faster one by themselves."""
    part("collect_seldom")()
    shapes = {}
    for name, workers in SHAPES.items():
        told(f"production, {name}: {number} notifications, then {seconds:.0f} s at a steady rate")
        shapes[name] = _shape(workers, number=number, seconds=seconds)
    fastest = max(shapes, key=lambda name: shapes[name]["notifications_per_second"])
    return shapes[fastest] | {"shape": fastest} | shapes


def _shape(workers: Sequence[str], *, number: int, seconds: float) -> dict[str, Any]:
    with (
        temporary_folder() as folder,
        private_kafka(folder / "kafka") as kafka,
        private_postgres(folder / "postgres") as postgres,
    ):
        bare = _bare(postgres, number)
        with _running(folder, workers, topics=kafka.url, store=postgres.url) as running:
            rate = _rate(running, postgres, number=number)
            skip = number + _WARMING
            came = arrivals(running.hub.settings, skip + int(PER_SECOND * seconds))[skip:]
            latency = steady(running.hub, came, url=postgres.url, per_second=PER_SECOND)
    share = {
        "bare_limit_notifications_per_second": round(bare, 1),
        "share_of_bare_limit": round(rate["notifications_per_second"] / bare, 3),
    }
    return {**rate, **share, **latency}


@dataclass(frozen=True, slots=True)
class _Running:
    """A hub in production: this process takes in, the others work."""

    hub: Hub
    facts: Facts
    pids: Sequence[int]

    def used(self) -> Usage:
        """By the hub's processes, of which this is one."""
        return used(*self.pids, os.getpid())


@contextmanager
def _running(
    folder: Path, workers: Sequence[str], *, topics: str, store: str
) -> Iterator[_Running]:
    config = folder / "hub.toml"
    config.write_text(_configured(topics, store), encoding="utf-8")
    hub = open_hub(config, os.environ)
    create_topics(topics, hub.settings.runtime.partitions)
    command = [sys.executable, "-m", "ops.cli", "run"]
    with (folder / "workers.log").open("wb") as log:
        processes = [
            subprocess.Popen(
                [*command, name, "--config", str(config)], stdout=log, stderr=subprocess.STDOUT
            )
            for name in (*workers, "relay")
        ]
    facts = Facts(store)
    try:
        yield _Running(hub, facts, [process.pid for process in processes])
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(30)
        facts.close()
        hub.database.close()


def _configured(topics: str, store: str) -> str:
    """The sample's configuration with these servers."""
    sample = (files("ops.sample") / "hub.toml").read_text(encoding="utf-8")
    # Nothing here goes to the edge queues, so no broker listens where the setting must say one
    # does.
    runtime = f'topics = "{topics}"\nqueues = "amqp://127.0.0.1:1//"\npartitions = 1\n'
    return sample.replace('store = "sqlite:///hub.db"', f'store = "{store}"\n{runtime}')


def _rate(running: _Running, postgres: PostgresService, *, number: int) -> dict[str, float]:
    """From intake until all are rated and requested. The first hundred wake the workers up and are
    not counted.
    """
    came = arrivals(running.hub.settings, _WARMING + number)
    _take(running.hub, came[:_WARMING])
    running.facts.await_done()
    position, disk = running.facts.last(), _on_disk(postgres)
    before, started = running.used(), time.monotonic()
    _take(running.hub, came[_WARMING:])
    running.facts.await_done(position)
    seconds, spent = time.monotonic() - started, running.used() - before
    written = (_on_disk(postgres) - disk).each(number)["written_kb_per_notification"]
    return {
        "notifications_per_second": round(number / seconds, 1),
        **spent.each(number),
        "written_kb_per_notification": written,
        "memory_mb": memory_mb(*running.pids),
    }


def _take(hub: Hub, came: Sequence[Any]) -> None:
    for start in range(0, len(came), BATCH):
        hub.intake.take(came[start : start + BATCH])


def _on_disk(postgres: PostgresService) -> Usage:
    """What PostgreSQL's processes have used so far, with all that it still held written: its log
    and its tables.
    """
    with psycopg.connect(_driven(postgres.url), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    assert postgres.server.pid is not None
    return used(postgres.server.pid)


def _bare(postgres: PostgresService, number: int) -> float:
    with psycopg.connect(_driven(postgres.url), autocommit=True) as connection:
        connection.execute("CREATE DATABASE bare")
    limit = postgres_limit(_driven(postgres.url.rpartition("/")[0] + "/bare"), number)
    with psycopg.connect(_driven(postgres.url), autocommit=True) as connection:
        connection.execute("DROP DATABASE bare")
    return limit


def _driven(url: str) -> str:
    """The address as the driver takes it."""
    return url.replace("+psycopg", "")
