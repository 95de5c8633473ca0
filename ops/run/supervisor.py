"""The processes of a hub in production on one server; a part fails when its process ends."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import structlog

from ops.run import alive
from ops.run.serve import Ended, NamedPart

_log = structlog.get_logger()
_LOOK_SECONDS = 0.2
GRACE_SECONDS = 30.0
"""How long a process may take to stop before it is killed."""
SILENT_SECONDS = 15.0
"""How long a process may say nothing: what is stuck is started anew within half a minute."""
FIRST_SECONDS = 180.0
"""How long it may take until it says something: many start at once."""


def process_parts(config: Path, names: Sequence[str]) -> Iterator[NamedPart]:
    """Every named part in a process of its own: ``hub run NAME``, or several names for one."""
    for shared in names:
        own = shared.split()
        command = [sys.executable, "-m", "ops.cli", "run", *own, "--config", str(config)]
        name = "+".join(own)
        yield NamedPart(f"process:{name}", partial(_run, name=name, command=command))


def _run(stop: threading.Event, *, name: str, command: Sequence[str]) -> None:
    with alive.hearing(patience=SILENT_SECONDS, first=FIRST_SECONDS) as heard:
        process = subprocess.Popen(command, env=alive.told_where(heard))  # noqa: S603 - our own
        _log.info("process.started", part=name, pid=process.pid)
        try:
            while process.poll() is None and not stop.wait(_LOOK_SECONDS):
                if heard.is_silent():
                    _log.critical("process.silent", part=name, pid=process.pid)
                    process.kill()  # it would not hear that it is to stop
                    process.wait()
        finally:
            _end(process)
    if not stop.is_set():
        _log.error("process.ended", part=name, code=process.returncode)
        raise Ended


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, the batch in hand finished; one that does not is killed."""
    process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
