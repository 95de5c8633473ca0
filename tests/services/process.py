"""A server process of our own: started, awaited, stopped and killed by its process group."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 90.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.1
LOG_TAIL_LINES = 8


class ServiceUnavailable(RuntimeError):
    """A service cannot be had on this machine; the message gives the reason and a way out."""


@dataclass(frozen=True)
class Account:
    """Whom a process runs as; by default whoever we are."""

    user: int | None = None
    group: int | None = None
    groups: tuple[int, ...] | None = None


OURSELVES = Account()


@dataclass
class ServerProcess:
    """One server, its command and its state. Times are in seconds; output is appended to
    ``log``.
    """

    name: str
    command: Sequence[str]
    folder: Path
    log: Path
    environment: Mapping[str, str] = field(repr=False)  # may carry passwords
    ready: Callable[[], bool] = field(repr=False)
    account: Account = OURSELVES
    stop_signal: signal.Signals = signal.SIGTERM
    kill_signal: signal.Signals = signal.SIGKILL
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False, repr=False)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self.running else None

    def start(self) -> None:
        """Start and wait until it serves; ``ServiceUnavailable`` if it ends, or does not serve in
        time.
        """
        if self.running:
            return
        self._process = self._launch()
        try:
            self._await_ready(self._process)
        except BaseException:  # an interrupt too must not leave a server behind
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end in order; kill it when that takes over ``STOP_SECONDS``."""
        self._end(self.stop_signal)

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._end(self.kill_signal)

    def _launch(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            return subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own: Ctrl-C does not reach it, kill() reaches all of it.
                start_new_session=True,
                user=self.account.user,
                group=self.account.group,
                extra_groups=self.account.groups,
            )

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.ready():
            if _ended(process, within=POLL_SECONDS):
                raise ServiceUnavailable(f"{self.name} ended while starting: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ServiceUnavailable(
                    f"{self.name} did not serve in {START_SECONDS:.0f} s: {self._last_words()}"
                )

    def _end(self, by: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        _signal_group(process, by)
        if not _ended(process, within=STOP_SECONDS):
            _signal_group(process, signal.SIGKILL)
            process.wait()

    def _last_words(self) -> str:
        return (
            " | ".join(self.log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
            + f" ({self.log})"
        )


@dataclass(frozen=True)
class PrivateService:
    """A private server that serves at ``url`` and can be crashed and started again on the same data
    and port.
    """

    url: str = field(repr=False)  # may carry a password
    server: ServerProcess

    def kill(self) -> None:
        """Crash it: nothing is flushed, nobody is told."""
        self.server.kill()

    def start(self) -> None:
        """Start it again and wait until it serves; does nothing while it runs."""
        self.server.start()


def run_tool(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    seconds: float,
    account: Account = OURSELVES,
) -> None:
    """Run a command to its end; ``ServiceUnavailable`` with its last lines when it fails or exceeds
    ``seconds``.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
            user=account.user,
            group=account.group,
            extra_groups=account.groups,
        )
    except subprocess.TimeoutExpired:
        raise ServiceUnavailable(f"{command[0]} did not end within {seconds:.0f} s") from None
    if done.returncode:
        lines = done.stdout.decode(errors="replace").strip().splitlines()[-LOG_TAIL_LINES:]
        raise ServiceUnavailable(f"{command[0]} failed with {done.returncode}: {' | '.join(lines)}")


def await_condition(condition: Callable[[], bool], *, seconds: float, otherwise: str) -> None:
    """Return as soon as ``condition`` holds; ``ServiceUnavailable`` saying ``otherwise`` if it does
    not in time.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServiceUnavailable(otherwise)
        time.sleep(POLL_SECONDS)


def free_port() -> int:
    """A free TCP port of 127.0.0.1, below those the kernel hands out; processes that share a test
    run have ports of their own.

    A client that dials a killed server's port from the kernel's range can be connected to itself
    and so keep the port.
    """
    sharing = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    while True:
        port = random.randrange(15_000 + own, 32_000, sharing)  # noqa: S311 - not a secret
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _ended(process: subprocess.Popen[bytes], *, within: float) -> bool:
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        return False
    return True


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
