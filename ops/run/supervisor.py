"""Runs the processes of a hub in production on one server, and starts again what ends without being
asked to.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

_log = structlog.get_logger()
_LOOK_SECONDS = 0.2
_GRACE_SECONDS = 30.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    again_at: float = 0.0

    def start(self) -> None:
        self.process = subprocess.Popen(self.command)  # noqa: S603 - our own command
        self.started = time.monotonic()
        _log.info("process.started", part=self.name, pid=self.process.pid)

    def look(self) -> None:
        """Start again what has ended, after a pause that grows while it keeps ending soon."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.again_at:
                self.start()
            return
        code = self.process.poll()
        if code is None:
            return
        self.pause = (
            _FIRST_PAUSE
            if now - self.started > _STEADY_SECONDS
            else min(self.pause * 2, _LONGEST_PAUSE)
        )
        self.again_at, self.process = now + self.pause, None
        _log.error("process.ended", part=self.name, code=code, again_in=self.pause)


@dataclass(slots=True)
class Supervisor:
    """Every named part in a process of its own: ``hub run NAME``, or several names for one."""

    config: Path
    names: Sequence[str]
    children: list[_Child] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Keep every part running until told to stop; then stop them all, the batch in hand
        finished.
        """
        self.children = [_Child(name, self._command(name)) for name in self.names]
        try:
            while not stop.is_set():
                for child in self.children:
                    child.look()
                stop.wait(_LOOK_SECONDS)
        finally:
            self._end()

    def _command(self, name: str) -> Sequence[str]:
        return [sys.executable, "-m", "ops.cli", "run", *name.split(), "--config", str(self.config)]

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
