"""A replay by several processes at a time, each deciding for some of the steps.

A step's decisions stand on what it heard, and that is recorded: so steps can be decided apart. Each process opens the
store for itself, for reading alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from queue import Empty
from typing import Any

from ops.reading import Readable
from ops.replay import Report, Wanted, replay
from router.steps import link

_LINKING = 8
"""Decisions of other steps that take as long as one of linking, measured."""
_LISTEN_SECONDS = 0.2

_told: Any = None
"""In a process of its own: where it says how far it is."""


def replay_apart(
    open_hub: Callable[[], Readable],
    wanted: Wanted,
    shares: Sequence[Collection[str]],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> Report:
    """As :func:`ops.replay.replay`, with a process for each share of the steps. ``open_hub`` must be picklable."""
    started, context = time.monotonic(), get_context("spawn")
    told = context.Queue()
    with ProcessPoolExecutor(len(shares), mp_context=context, initializer=_tell, initargs=(told,)) as pool:
        parts = [pool.submit(_part, open_hub, wanted, share, number == 0) for number, share in enumerate(shares)]
        _listen(told, parts, advance)
        report = Report()
        for part in parts:
            report.include(part.result())
    report.seconds = time.monotonic() - started
    return report


def shares_of(claims: Mapping[str, int], processes: int) -> list[list[str]]:
    """Steps, with how many messages each had, dealt out so that all processes have about as much to do."""
    work = {step: count * (_LINKING if step == link.STEP.name else 1) for step, count in claims.items()}
    shares: list[list[str]] = [[] for _ in range(min(processes, len(work)) or 1)]
    for step in sorted(work, key=lambda step: (-work[step], step)):
        min(shares, key=lambda share: sum(work[name] for name in share)).append(step)
    return shares


def _listen(told: Any, parts: Sequence[Future[Report]], advance: Callable[[int], None]) -> None:
    while not all(part.done() for part in parts):
        with suppress(Empty):
            advance(told.get(timeout=_LISTEN_SECONDS))


def _tell(told: Any) -> None:
    global _told
    _told = told


def _part(open_hub: Callable[[], Readable], wanted: Wanted, steps: Collection[str], gives: bool) -> Report:
    hub = open_hub()
    try:
        return replay(hub, wanted, only=steps, gives=gives, advance=_told.put)
    finally:
        hub.database.close()
