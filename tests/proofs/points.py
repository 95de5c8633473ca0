"""Named places at which a process can be made to kill itself, and rules that can be dropped, for
proofs only.

Nothing of this is in the hub: :mod:`tests.proofs.part` wraps the hub's own functions before it runs
them.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Point:
    """Just after ``function`` (``module:name`` or ``module:Class.name``) has done something, in
    these runtimes.
    """

    function: str
    embedded: bool = True
    production: bool = True
    parts: tuple[str, ...] = ()
    """The processes in production that reach it."""


WORKER = "worker"
"""Any worker of steps, in place of a process's name."""

POINTS: Mapping[str, Point] = {
    # Recorded but not committed; committed but not answered.
    "intake.before-commit": Point("router.intake:take_in", parts=("http", "connectors")),
    "intake.after-commit": Point("router.intake:StoredIntake.take", parts=("http", "connectors")),
    # A page decided and nothing of it recorded; recorded but not committed; committed, with the hub
    # still where it was; gone on.
    "page.decided": Point("router.runtimes.embedded:decide", production=False),
    "page.before-commit": Point("router.runtimes.embedded:record", production=False),
    "page.after-commit": Point("router.runtimes.embedded:Embedded._handle", production=False),
    "page.done": Point("router.runtimes.embedded:Embedded.once", production=False),
    # A batch of a partition the same, where committed is not yet acknowledged.
    "pass.decided": Point("router.handle:decide", embedded=False, parts=(WORKER,)),
    "pass.before-commit": Point("router.handle:record", embedded=False, parts=(WORKER,)),
    "pass.after-commit": Point(
        "router.runtimes.partition:UnitPartitions._handle", embedded=False, parts=(WORKER,)
    ),
    # Letters in somebody's hand; letters that are gone before anybody was told.
    "letters.leased": Point("router.queues:StoredQueues.lease", parts=("connectors",)),
    "letters.acknowledged": Point("router.queues:StoredQueues.acknowledge", parts=("connectors",)),
    # A file taken from its agency's folder and not read; its records without their receipts;
    # receipts beside a file that is not put away yet.
    "folder.claimed": Point("connectors.folder:WatchedFolder._claim", parts=("connectors",)),
    "folder.recorded": Point("connectors.folder:ScanReport.of", parts=("connectors",)),
    "folder.receipted": Point("connectors.folder:WatchedFolder._record", parts=("connectors",)),
    # Sent to the topic but not marked; marked.
    "relay.sent": Point("stores.topics:TopicProducer.send", embedded=False, parts=("relay",)),
    "relay.marked": Point("router.runtimes.relay:Relay.once", embedded=False, parts=("relay",)),
    # At the broker but not deleted here; taken from the queue but neither receipted nor
    # acknowledged; receipted.
    "deliver.sent": Point(
        "connectors.deliver:QueueSender.send", embedded=False, parts=("connectors",)
    ),
    "feed.recorded": Point(
        "connectors.queue_feed:QueueFeed._recorded", embedded=False, parts=("connectors",)
    ),
    "feed.receipted": Point("connectors.queue_feed:publish", embedded=False, parts=("connectors",)),
}

PASS_DONE = {False: "page.done", True: "pass.after-commit"}
"""Where a unit has had messages for good, embedded and (true) in production."""
TAKEN_OVER = "taken-over.after-commit"
"""Some of what other units left was taken over: reached only where steps are grouped anew."""
RECEIPT_FIRST = "receipt.first"
"""Receipts have gone out and nothing is recorded: reached only without the rule against it."""

_SOMETIMES: Mapping[str, Point] = {
    TAKEN_OVER: Point("router.runtimes.take_over:TakeOver._handle", parts=(WORKER,)),
    RECEIPT_FIRST: Point("tests.proofs.rules:receipts_went_first", parts=("http", "connectors")),
}


def point_of(name: str) -> Point:
    """The point of this name."""
    return _SOMETIMES.get(name) or POINTS[name]


def arm(wish: str, fired: Path) -> None:
    """Kill this process when a point is reached for the n-th time (``name:n``); ``fired`` then
    names the point.

    Calls that did nothing (they answer 0, an empty list or False) are not counted.
    """
    name, _, count = wish.partition(":")
    left, lock = [int(count)], threading.Lock()

    def reached(result: object) -> None:
        with lock:
            left[0] -= result is None or bool(result)
            if left[0] == 0:
                _note(fired, name)
                os.kill(os.getpid(), signal.SIGKILL)

    _wrap(point_of(name).function, reached)


def _note(fired: Path, name: str) -> None:
    handle = os.open(fired, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{name}\n".encode())
    os.close(handle)


def _wrap(function: str, reached: Callable[[object], None]) -> None:
    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            reached(result)
            return result

        return call

    replace(function, wrapped)


def replace(named: str, by: Callable[[Any], Any]) -> None:
    """Put something else in the place of what is named, wherever its module looks it up."""
    module, _, path = named.partition(":")
    owner: Any = import_module(module)
    *classes, name = path.split(".")
    for part in classes:
        owner = getattr(owner, part)
    setattr(owner, name, by(getattr(owner, name)))
