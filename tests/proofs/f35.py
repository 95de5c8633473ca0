"""F35: how long it takes to verify so many leaves, and how much memory; F36: how long after it was
recorded an entry is under a checkpoint that a witness has cosigned.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

from sqlalchemy import delete

from connectors.witness.asking import Asking
from connectors.witness.folder import Folder
from ops.demo.running import DemoFolder
from ops.look.record import last_checkpoint
from ops.run.wiring import Hub
from router.runtimes.tree import keep_growing
from schemas.message import Message
from schemas.rating import TimerElapsed
from stores import codec, cursors, journal
from stores.keep_trying import Stopped, keep_trying
from stores.tables import journal as entries
from stores.tree import kept
from stores.tree.checkpoints import Checkpoint
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from tests.proofs.processes import TooLate, wait_until
from tests.support.filled import empty_hub
from tests.support.witnesses import Running, running

CONTROLS = ("entry",), ("witness",)
"""What may be dropped of F35, an entry of the store; and of F36, the witness that lasts."""
SECONDS, MEGABYTES, LATEST = 30.0, 500.0, 5.0
"""The aims: for a million leaves, and for the 99th percentile."""
_AT_ONCE = 5000
_NEVER = 20.0
"""Seconds after the last entry, after which what is not cosigned never is."""


def verify_many(
    leaves: int, *, without: str | None = None, advance: Callable[[int], None]
) -> dict[str, Any]:
    """Fill a store, and have `hub audit verify` look at all of it in a process of its own.
    ``without``: as a control, what is taken out of the store before.
    """
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path:
        folder, hub = empty_hub(Path(path) / "hub")
        _fill(hub, leaves, advance=advance)
        growing, began = Growing(hub.database, origin_of(hub.settings.area)), time.monotonic()
        while growing.once():
            pass
        grown = time.monotonic() - began
        if without == "entry":
            _take_out(hub, leaves // 2)
        hub.database.close()
        return _verified(folder) | {"leaves_taken_in_per_second": round(leaves / grown)}


def _take_out(hub: Hub, position: int) -> None:
    with hub.database.transaction() as transaction:
        gone = delete(entries).where(entries.c.position == position)
        assert transaction.connection.execute(gone).rowcount == 1


def _fill(hub: Hub, leaves: int, *, advance: Callable[[int], None]) -> None:
    for start in range(0, leaves, _AT_ONCE):
        count = min(_AT_ONCE, leaves - start)
        record(hub, [_message(number) for number in range(start, start + count)])
        advance(count)


def _verified(folder: DemoFolder) -> dict[str, Any]:
    command = [sys.executable, "-m", "ops.cli", "audit", "verify", "--json"]
    began = time.monotonic()
    done = subprocess.run(
        [*command, "--config", str(folder.config)], stdout=subprocess.PIPE, text=True, check=False
    )
    seconds = time.monotonic() - began
    told = json.loads(done.stdout)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "leaves": told["leaves"],
        "flaws": len(told["flaws"]),
        "seconds": round(seconds, 1),
        "leaves_per_second": round(told["leaves"] / seconds),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "megabytes": round(used.ru_maxrss / 1000),
    }


def record(hub: Hub, messages: list[Message]) -> None:
    """Entries at the end of a chain."""
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "proof")
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)


def _message(number: int) -> Message:
    """Something small; of each case a few."""
    case, now = f"case-{number // 50}", codec.from_micros(time.time_ns() // 1000)
    elapsed = TimerElapsed(step="rate", key=case, due_at=now)
    return Message(
        id=f"{number:032x}",
        source="proof",
        time=now,
        key=case,
        correlation_id=case,
        causation_id=None,
        data=elapsed,
    )


@dataclass(slots=True)
class Stream:
    """Entries at a steady pace, and when each was under a cosigned checkpoint."""

    hub: Hub
    recorded: list[float] = field(default_factory=list)
    cosigned: list[float] = field(default_factory=list)

    def write(self, *, count: int, pause: float) -> None:
        """Record so many."""
        for _ in range(count):
            record(self.hub, [_message(len(self.recorded))])
            self.recorded.append(time.monotonic())
            time.sleep(pause)

    def watch(self, witness: Folder, stop: threading.Event) -> None:
        """Note what is cosigned as soon as it shows."""
        key = witness.public()
        while not stop.wait(0.02):
            with self.hub.database.reading() as connection:
                last = kept.newest(connection)
            if last is None or not any(key.name in line for line in last.note.lines):
                continue
            now = time.monotonic()
            size = Checkpoint.parse(last.note.text).size
            self.cosigned += [now] * (size - 1 - len(self.cosigned))


def cosign_many(count: int, *, pause: float, without: str | None = None) -> dict[str, Any]:
    """Entries one after the other beside two witnesses, of which one is killed half-way; as a
    control both.
    """
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hub-proof-")))
        _, hub = empty_hub(path / "hub")
        stack.callback(hub.database.close)
        record(hub, [_message(10**6)])
        stream, stop, origin = Stream(hub), threading.Event(), origin_of(hub.settings.area)
        Growing(hub.database, origin).once()
        lasting, dying = (_witness(hub, path / name, stack) for name in ("lasting", "dying"))
        works = (
            partial(keep_growing, hub.database, stop, origin=origin),
            partial(stream.watch, lasting.folder, stop),
            *(partial(_ask, one.asking, stop) for one in (lasting, dying)),
        )
        threads = [threading.Thread(target=work, daemon=True) for work in works]
        for thread in threads:
            thread.start()
        stream.write(count=count // 2, pause=pause)
        for witness in (dying, lasting) if without == "witness" else (dying,):
            witness.running.kill()
        stream.write(count=count - count // 2, pause=pause)
        with suppress(TooLate):
            wait_until(lambda: len(stream.cosigned) >= count, seconds=_NEVER, what="all cosigned")
        stop.set()
        for thread in threads:
            thread.join()
    return _told(stream, count)


@dataclass(frozen=True, slots=True)
class Asked:
    """A witness in a process of its own, and the part of the hub that asks it."""

    folder: Folder
    running: Running
    asking: Asking


def _witness(hub: Hub, path: Path, stack: ExitStack) -> Asked:
    folder = Folder(path)
    key = folder.make(f"{path.name}.example", [last_checkpoint(hub)[0]])
    at_work = stack.enter_context(running(folder))
    return Asked(folder, at_work, Asking(hub.database, at_work.url, key))


def _ask(asking: Asking, stop: threading.Event) -> None:
    """As the hub runs it: tried again when it fails."""
    with suppress(Stopped):
        keep_trying(partial(asking.run, stop), stop, failed=str, errors=(Exception,))


def _told(stream: Stream, count: int) -> dict[str, Any]:
    latencies = sorted(
        cosigned - recorded
        for recorded, cosigned in zip(stream.recorded, stream.cosigned, strict=False)
    )
    cuts = quantiles(latencies, n=100, method="inclusive") if len(latencies) > 1 else [0.0] * 99
    return {
        "entries": count,
        "never_cosigned": count - len(latencies),
        "p50_seconds": round(cuts[49], 3),
        "p99_seconds": round(cuts[98], 3),
        "longest_seconds": round(latencies[-1], 3) if latencies else None,
    }
