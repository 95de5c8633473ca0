"""The embedded hub on SQLite in WAL mode with FULL sync: rate, CPU, bytes, and latency."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.against import HERE, medians, run_once
from tests.bench.latency import steady
from tests.bench.layout import part, sqlite_hub
from tests.bench.limit import sqlite_limit
from tests.bench.stream import arrivals

PER_SECOND = 100.0


def embedded(
    *, number: int, seconds: float, turns: int, told: Callable[[str], None]
) -> dict[str, Any]:
    """From intake until all are rated and requested, and everything they caused is done; then at a
    steady 100 a second.
    """
    runs, limits = [], []
    for turn in range(turns):
        told(f"embedded: {number} notifications, {turn + 1} of {turns}")
        with tempfile.TemporaryDirectory() as folder:
            limits.append(sqlite_limit(Path(folder), number))
        runs.append(run_once(HERE, number))
    told(f"embedded: a steady {PER_SECOND:.0f} a second for {seconds:.0f} s")
    return medians(runs) | {
        "bare_limit_notifications_per_second": round(median(limits), 1),
        "share_of_bare_limit": round(
            median(
                number / run["seconds"] / limit for run, limit in zip(runs, limits, strict=True)
            ),
            3,
        ),
        **_steady(int(PER_SECOND * seconds)),
    }


def _steady(number: int) -> dict[str, float]:
    part("collect_seldom")()
    with running() as (hub, url):
        return steady(hub, arrivals(hub.settings, number), url=url, per_second=PER_SECOND)


@contextmanager
def running() -> Iterator[tuple[Any, str]]:
    """A hub whose steps run in a thread beside, and the URL of its store."""
    with tempfile.TemporaryDirectory() as folder:
        file, stop = Path(folder) / "steady.db", threading.Event()
        hub = sqlite_hub(file)
        steps = threading.Thread(target=hub.embedded().run, args=(stop,))
        steps.start()
        try:
            yield hub, f"sqlite:///{file}"
        finally:
            stop.set()
            steps.join()
            hub.database.close()
