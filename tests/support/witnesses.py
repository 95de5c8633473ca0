"""Witnesses in processes of their own, as a partner runs them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from connectors.witness.folder import Folder


@dataclass(slots=True)
class Running:
    """A witness at work."""

    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """End it at once, whatever it has in hand."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(folder: Folder, *, port: int = 0) -> Iterator[Running]:
    """The witness of a folder, on a free port unless one is named; gone at the end."""
    command = [sys.executable, "-m", "ops.cli", "witness", "run", str(folder.path)]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    with process, process.stdout:
        try:
            yield Running(process, process.stdout.readline().split()[-1])
        finally:
            process.terminate()
