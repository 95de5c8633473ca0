"""The processes of a hub under proof: started, killed at any moment, started again, and stopped by
their ids.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.proofs.place import BY_FOLDER, OVER_HTTP, Place

STOP_SECONDS = 60.0
"""A hub that is told to stop ends within 40, its processes within 25."""
_POLL_SECONDS = 0.05


class TooLate(Exception):
    """What a proof waits for did not happen in time; the message says what."""


def wait_until(
    reached: Callable[[], bool], *, seconds: float, what: str, poll: float = _POLL_SECONDS
) -> None:
    """Return as soon as it is so; raises ``TooLate``."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TooLate(f"{what}: not within {seconds:.0f} s")
        time.sleep(poll)


@dataclass(slots=True)
class Part:
    """One process of the hub: ``module arguments``, its output appended to ``log``."""

    name: str
    kind: str
    """The same of all that share their work, such as two workers of a step."""
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log: Path
    module: str = "ops.cli"
    process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self.process is not None and self.process.poll() is None

    def start(self, **extra: str) -> None:
        """Start it, with more in its environment."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                env={**self.environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own: a supervisor goes with its children
            )

    def kill(self) -> None:
        """End it as a power failure would, with the children that it has."""
        self._signal(signal.SIGKILL)

    def terminate(self) -> int:
        """Ask it to stop; its exit code."""
        self.tell_to_stop()
        return self.ended()

    def tell_to_stop(self) -> None:
        """Send it SIGTERM."""
        assert self.process is not None
        self.process.terminate()

    def ended(self) -> int:
        """Its exit code, once it has stopped as it was told to."""
        assert self.process is not None
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise TooLate(f"{self.name} does not stop") from None

    def gone(self) -> None:
        """Make sure that nothing of it is left."""
        if self.process is not None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait()


def terminated(parts: Sequence[Part]) -> dict[str, int]:
    """Ask all to stop, at once as whoever stops a server does; the exit code of each by name."""
    for part in parts:
        part.tell_to_stop()
    return {part.name: part.ended() for part in parts}


@contextmanager
def kept(parts: Sequence[Part]) -> Iterator[Sequence[Part]]:
    """Parts that are gone at the end, whatever happens, also when this process is told to stop
    (``timeout``).
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        stack.callback(signal.signal, signal.SIGTERM, before)
        for part in parts:
            stack.callback(part.gone)
        yield parts


def hub_part(place: Place, part: str = "", *, name: str = "", module: str = "ops.cli") -> Part:
    """``hub run`` or ``hub run PART`` of this place; ``name`` tells it from others of the part."""
    kind = part or "hub"
    arguments = ["run", *part.split(), "--config", str(place.folder.config)]
    (place.path / "logs").mkdir(exist_ok=True)
    log = place.path / "logs" / f"{name or kind}.log"
    return Part(name or kind, kind, arguments, place.environment, log, module)


_FAULTY = "tests.proofs.part"
"""The hub with faults let in."""


def edge_parts(place: Place) -> list[Part]:
    """The processes of a hub under proof that are no workers; an embedded one is all in one."""
    if not place.production:
        return [hub_part(place, module=_FAULTY)]
    edge = ("relay", "http", "connectors", "clock")
    return [hub_part(place, name, module=_FAULTY) for name in edge]


def worker_parts(place: Place, workers: Sequence[str], *, prefix: str = "") -> list[Part]:
    """A worker for each of these, which are steps as ``hub run`` is told them; none embedded."""
    if not place.production:
        return []
    names = (f"{steps.replace(' ', '+')}-{n}" for n, steps in enumerate(workers, start=1))
    return [
        hub_part(place, steps, name=prefix + name, module=_FAULTY)
        for steps, name in zip(workers, names, strict=True)
    ]


def await_serving(place: Place, *, seconds: float = 180.0) -> None:
    """Wait until the hub answers over HTTP: a dozen processes start slowly on a busy machine."""
    wait_until(lambda: serves(place.url), seconds=seconds, what="the hub serves")


def serves(url: str) -> bool:
    """Whether the hub answers over HTTP."""
    try:
        return httpx.get(f"{url}/healthz", timeout=2.0).is_success
    except httpx.TransportError:
        return False


@dataclass(slots=True)
class Agencies:
    """The process of the simulated agencies, and what it last said."""

    process: subprocess.Popen[str]
    said: dict[str, Any] = field(
        default_factory=lambda: {"sent": 0, "answered": 0, "in_hand": 0, "finished": False}
    )

    def listen(self) -> None:
        """Follow what the process says, until it ends."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said = json.loads(line)

    @property
    def sent(self) -> bool:
        """Whether the whole stream was."""
        return bool(self.said["finished"])

    @property
    def idle(self) -> bool:
        """Whether everything was sent and no letter is in anybody's hand."""
        if self.process.poll() is not None:
            raise TooLate("the simulated agencies ended early")
        return self.sent and not self.said["in_hand"]


_SIMULATE = (sys.executable, "-m", "ops.cli", "simulate")


@contextmanager
def agencies(
    place: Place,
    notifications: Path,
    *options: str,
    ledger: str = "sent.jsonl",
    all_http: bool = False,
) -> Iterator[Agencies]:
    """Simulated agencies in a process of their own, stopped at the end; all by HTTP if told so."""
    files = _ways(place, all_http=all_http) | {
        "--notifications": notifications,
        "--ledger": place.file(ledger),
        "--letters": place.file("letters.jsonl"),
        "--answers": place.file("answers.jsonl"),
    }
    told = [str(word) for pair in files.items() for word in pair]
    with (
        (place.path / "logs" / "agencies.log").open("ab") as log,
        subprocess.Popen(
            [*_SIMULATE, *told, *options], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        running = Agencies(process)
        listening = threading.Thread(target=running.listen, daemon=True)
        listening.start()
        try:
            yield running
        finally:
            process.terminate()
            listening.join()


def _ways(place: Place, *, all_http: bool) -> dict[str, Path | str]:
    """Where the hub is, and by which connector each agency sends."""
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    folders = {} if all_http else {one: str(place.path / "drop" / one) for one in BY_FOLDER}
    if not all_http and place.production:
        tokens = {agency: token for agency, token in tokens.items() if agency in OVER_HTTP}
    elif not all_http and place.queued:
        tokens = {agency: token for agency, token in tokens.items() if agency not in place.queued}
    brokers = dict.fromkeys(place.queued, place.broker)
    return {
        "--tokens": place.write("agencies-tokens.json", tokens),
        "--folders": place.write("agencies-folders.json", folders),
        "--broker-urls": place.write("agencies-brokers.json", brokers),
        "--queue-prefix": place.prefix,
        "--url": place.url,
    }
