"""Runs each peer over the same stream: how fast, at what CPU time, and what it loses or does twice
when its worker is killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from tests.bench.peers.checker import check, effects, references
from tests.bench.peers.work import TABLES, Place, Record
from tests.bench.stream import records
from tests.bench.usage import used
from tests.services.folder import temporary_folder
from tests.services.kafka import private_kafka
from tests.services.postgres import private_postgres
from tests.services.rabbitmq import private_rabbitmq

PEERS: Mapping[str, str] = {
    "faust": "faust-streaming",
    "faststream": "faststream",
    "celery": "celery",
    "dbos": "dbos",
}
"""Each has a module ``on_...`` here, and needs this distribution."""
_WARMING = 50
_LONGEST_SECONDS = 300.0
_POLL_SECONDS = 0.05
_PATIENCE_SECONDS = 30.0
"""Longer than any of them takes to notice that its worker was killed."""
_QUIET_SECONDS = 3.0


def peers(*, number: int, killed_number: int, told: Callable[[str], None]) -> dict[str, Any]:
    """The figures of each that is installed."""
    figures: dict[str, Any] = {
        name: {"missing": "not installed: `make install-peers`"}
        for name, distribution in PEERS.items()
        if not installed(distribution)
    }
    with (
        temporary_folder() as folder,
        private_kafka(folder / "kafka") as kafka,
        private_rabbitmq(folder / "rabbitmq") as rabbitmq,
        private_postgres(folder / "postgres") as postgres,
    ):
        server = Place(kafka.url, rabbitmq.url, postgres.url, "")
        for name in (name for name in PEERS if name not in figures):
            told(f"peers: {name}, {number} notifications")
            figures[name] = _rate(_Peer(name, server, folder), number)
            told(f"peers: {name}, {killed_number} notifications and two kills")
            figures[name] |= _killed(_Peer(name, server, folder), killed_number)
    return figures


def installed(distribution: str) -> bool:
    """Whether it is there; importing the module to see would be dear, and Faust hides its own."""
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


@dataclass(slots=True)
class _Peer:
    """A peer in a new place, and its one worker."""

    name: str
    server: Place
    folder: Path
    _process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def ready(self) -> Iterator[Place]:
        """Its database, queues and topics; its worker, whichever runs then, ends with it."""
        name = f"{self.name}_{time.monotonic_ns()}"
        with psycopg.connect(self.server.postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        store = self.server.store.rpartition("/")[0] + f"/{name}"
        place = Place(self.server.topics, self.server.queues, store, name)
        with psycopg.connect(place.postgres) as connection:
            connection.execute(TABLES)
        self.module.prepare(place)
        try:
            yield place
        finally:
            self.kill()

    @property
    def module(self) -> Any:
        return import_module(f"tests.bench.peers.on_{self.name}")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self, place: Place) -> None:
        with (self.folder / f"{place.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.bench.peers.worker", self.name],
                env=os.environ | place.as_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a kill reaches all of its processes
            )

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _rate(peer: _Peer, number: int) -> dict[str, float]:
    """From hand-over until all are rated and requested; the first fifty wake the worker up and are
    not counted.
    """
    stream = list(islice(records(), _WARMING + number))
    with peer.ready() as place:
        peer.start(place)
        peer.module.feed(place, stream[:_WARMING])
        _await(place, _wanted(stream[:_WARMING]))
        before, started = used(peer.pid), time.monotonic()
        peer.module.feed(place, stream[_WARMING:])
        _await(place, _wanted(stream))
        seconds, spent = time.monotonic() - started, used(peer.pid) - before
    return {
        "notifications_per_second": round(number / seconds, 1),
        "cpu_ms_per_notification": round(spent.cpu_seconds * 1000 / number, 3),
    }


def _killed(peer: _Peer, number: int) -> dict[str, int]:
    """The worker is killed when a third is done, and again at two thirds; then it has all the time
    it wants.
    """
    stream = list(islice(records(), number))
    with peer.ready() as place:
        peer.module.feed(place, stream)
        peer.start(place)
        for third in (1, 2):
            _await(place, _wanted(stream) * third // 3)
            peer.kill()
            peer.start(place)
        _settle(place, _wanted(stream))
        verdict = check(place.postgres, stream)
    return {"lost": verdict.lost, "doubled": verdict.doubled}


def _wanted(stream: Iterable[Record]) -> int:
    """How many ratings, and how many requests, there are to be."""
    return len(set(references(stream).values()))


def _await(place: Place, number: int) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while min(effects(place.postgres)) < number:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{place.name} did not finish")
        time.sleep(_POLL_SECONDS)


def _settle(place: Place, wanted: int) -> None:
    """Wait until nothing happens any more: a while where all is done, a long one where not."""
    seen, since = effects(place.postgres), time.monotonic()
    while time.monotonic() - since < (_QUIET_SECONDS if min(seen) >= wanted else _PATIENCE_SECONDS):
        time.sleep(_POLL_SECONDS)
        now = effects(place.postgres)
        if now != seen:
            seen, since = now, time.monotonic()
