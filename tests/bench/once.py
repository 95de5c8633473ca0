"""One measured run of the embedded hub, in a process that does nothing else.

``python -m tests.bench.once NUMBER FOLDER`` prints its figures as JSON. It runs over this checkout
or, by way of :mod:`tests.bench.against`, over another one.
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.layout import part, sqlite_hub
from tests.bench.stream import arrivals
from tests.bench.usage import used

BATCH = 200


def once(number: int, folder: Path) -> dict[str, Any]:
    """Seconds, CPU seconds and bytes from intake until all are rated and requested, and everything
    they cause is done; on an empty store.
    """
    file = folder / "run.db"
    hub = sqlite_hub(file)
    came = arrivals(hub.settings, number)
    steps = hub.embedded()
    before, started = used(os.getpid()), time.perf_counter()
    feed(hub, came, steps=steps)
    seconds, spent = time.perf_counter() - started, used(os.getpid()) - before
    hub.database.close()
    checkpoint(file)
    written = (used(os.getpid()) - before).written_bytes
    return {
        "notifications": number,
        "seconds": seconds,
        "cpu_seconds": spent.cpu_seconds,
        "written_bytes": written,
    }


def feed(hub: Any, came: Sequence[Any], *, steps: Any) -> None:
    """Take all in, a batch at a time, and work until nothing is left to do."""
    for start in range(0, len(came), BATCH):
        hub.intake.take(came[start : start + BATCH])
        steps.drain()


def checkpoint(file: Path) -> None:
    """Move what the write-ahead log holds into the database file, so that its writing counts."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


if __name__ == "__main__":
    part("collect_seldom")()
    sys.stdout.write(json.dumps(once(int(sys.argv[1]), Path(sys.argv[2]))))
