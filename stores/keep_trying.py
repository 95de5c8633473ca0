"""Trying again until it works or somebody says stop: how every loop of the hub pauses.

It stands here because connectors and the router both need it, and neither may import the other.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from stores.ports import Unavailable

_log = structlog.get_logger()
_MOST_DOUBLINGS = 40

T = TypeVar("T")
Errors = tuple[type[BaseException], ...]


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds between attempts: ``first``, then twice as long each time, up to ``longest``.

    An attempt that lasted ``steady`` seconds had worked until then: pauses begin anew after it.
    """

    first: float = 0.05
    longest: float = 5.0
    steady: float = 60.0

    def after(self, failures: int) -> float:
        """How long to pause after so many failures in a row."""
        return min(self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS), self.longest)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt failed, the last of ``count`` in a row; the next comes in ``again_in`` seconds."""

    error: BaseException
    count: int
    again_in: float


Failed = Callable[[Failure], object]
"""Hears of each failure before the pause; what it raises ends the trying."""


class Stopped(Exception):
    """Told to stop before an attempt had worked."""


def keep_trying(
    attempt: Callable[[], T],
    stop: threading.Event,
    *,
    failed: Failed,
    errors: Errors = (Unavailable,),
    pauses: Pauses = Pauses(),
    wait: Callable[[float], object] | None = None,
) -> T:
    """What ``attempt`` answers as soon as it raises none of ``errors``; it is made at least once.

    ``wait`` passes the time of a pause, by default until ``stop`` is set. Raises :class:`Stopped`,
    and every error that is not among ``errors``.
    """
    failures = 0
    while True:
        began = time.monotonic()
        try:
            return attempt()
        except errors as error:
            lasted = time.monotonic() - began
            failures = 1 if lasted >= pauses.steady else failures + 1
            pause = pauses.after(failures)
            failed(Failure(error, failures, pause))
        (wait or stop.wait)(pause)
        if stop.is_set():
            raise Stopped


def keep_working(
    work: Callable[[], float | None],
    stop: threading.Event,
    *,
    failed: Failed,
    errors: Errors = (Unavailable,),
    pauses: Pauses = Pauses(),
) -> None:
    """Do ``work`` over and over until told to stop, through every failure.

    ``work`` answers for how many seconds to rest before the next time, or None when it is over.
    """
    while not stop.is_set():
        try:
            rest = keep_trying(work, stop, failed=failed, errors=errors, pauses=pauses)
        except Stopped:
            return
        if rest is None:
            return
        if rest:
            stop.wait(rest)


def logged(event: str, **about: str) -> Failed:
    """A ``failed`` that writes a warning with the error's class and nothing that it says."""

    def log(failure: Failure) -> None:
        _log.warning(event, **about, error=type(failure.error).__name__, again_in=failure.again_in)

    return log
