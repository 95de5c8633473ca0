"""A process says every other second that it is alive, in the way of systemd (sd_notify(3)), which
`hub run` as a supervisor understands too: what is stopped or stands still as a whole says nothing.

Whether a worker makes progress is another question (router/runtimes/watchdog.py).
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

VARIABLE = "NOTIFY_SOCKET"
EVERY_SECONDS = 2.0
_ALIVE = b"READY=1\nWATCHDOG=1"
_LONGEST = 4096


def say_alive(environment: Mapping[str, str]) -> None:
    """Say so from now on, from a thread of its own; nothing where nobody listens."""
    address = environment.get(VARIABLE)
    if address:
        threading.Thread(target=_say, args=(address,), name="alive", daemon=True).start()


def _say(address: str) -> None:
    path = "\0" + address[1:] if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as saying:
        saying.setblocking(False)  # a listener that does not listen keeps nobody waiting
        while True:
            with suppress(OSError):
                saying.sendto(_ALIVE, path)
            time.sleep(EVERY_SECONDS)


@dataclass(slots=True)
class Hearing:
    """Hears whether a process is alive. Until it has said so once it may take ``first`` seconds, as
    a dozen that start at once are slow; after that ``patience``.
    """

    address: str
    listening: socket.socket
    patience: float
    first: float
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = time.monotonic() + self.first

    def is_silent(self) -> bool:
        """Whether it has said nothing for too long."""
        with suppress(BlockingIOError):
            while self.listening.recv(_LONGEST):
                self._until = time.monotonic() + self.patience
        return time.monotonic() > self._until


@contextmanager
def hearing(*, patience: float, first: float) -> Iterator[Hearing]:
    """Listen at an address of its own, for one process."""
    with (
        tempfile.TemporaryDirectory(prefix="hub-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening,
    ):
        address = str(Path(folder) / "alive")
        listening.bind(address)
        listening.setblocking(False)
        yield Hearing(address, listening, patience, first)


def told_where(hearing: Hearing) -> dict[str, str]:
    """The environment of a process that is to say that it is alive there."""
    return {**os.environ, VARIABLE: hearing.address}
