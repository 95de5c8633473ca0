"""A process that stands still is found and started anew (F16), and one that works is let alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.run import alive, supervisor
from ops.run.serve import Ended

_SAYS = """
import os, sys, time
from ops.run.alive import say_alive
say_alive(os.environ)
open(sys.argv[1], "a").write(f"{os.getpid()}\\n")
time.sleep(60)
"""
_SAYS_NOTHING = (
    'import os, sys, time; open(sys.argv[1], "a").write(f"{os.getpid()}\\n"); time.sleep(60)'
)
DEADLINE = 30.0


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    found = threading.Event()
    yield found
    found.set()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "SILENT_SECONDS", 5.0)
    monkeypatch.setattr(supervisor, "FIRST_SECONDS", 20.0)


def supervised(
    executor: ThreadPoolExecutor, stop: threading.Event, program: str, pids: Path
) -> Future[None]:
    command = [sys.executable, "-c", program, str(pids)]
    return executor.submit(supervisor._run, stop, name="one", command=command)


def pid_in(pids: Path) -> int:
    deadline = time.monotonic() + DEADLINE
    while not (pids.exists() and pids.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(pids.read_text().split()[-1])


def test_one_that_is_stopped_is_ended_within_half_a_minute(
    pids: Path, stop: threading.Event
) -> None:
    with ThreadPoolExecutor(1) as executor:
        running = supervised(executor, stop, _SAYS, pids)
        pid, began = pid_in(pids), time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(Ended):
            running.result(DEADLINE)
        assert time.monotonic() - began < 30
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_one_that_works_is_let_alone_until_it_is_told_to_stop(
    pids: Path, stop: threading.Event
) -> None:
    with ThreadPoolExecutor(1) as executor:
        running = supervised(executor, stop, _SAYS, pids)
        pid = pid_in(pids)
        with pytest.raises(TimeoutError):
            running.result(8)  # longer than it may be silent
        os.kill(pid, 0)
        stop.set()
        running.result(DEADLINE)


def test_one_that_never_says_anything_is_ended_too(
    pids: Path, stop: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "FIRST_SECONDS", 1.0)
    with ThreadPoolExecutor(1) as executor, pytest.raises(Ended):
        supervised(executor, stop, _SAYS_NOTHING, pids).result(DEADLINE)


def test_a_supervisor_that_stood_still_itself_hears_first_what_was_said_meanwhile() -> None:
    with alive.hearing(patience=0.05, first=0.05) as heard:
        alive.say_alive({alive.VARIABLE: heard.address})
        time.sleep(0.3)
        assert not heard.is_silent()


def test_where_nobody_listens_nothing_is_said() -> None:
    before = threading.active_count()
    alive.say_alive({})
    assert threading.active_count() == before
