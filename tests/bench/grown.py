"""One size of :mod:`tests.bench.growth`, in a process that does nothing else.

``python -m tests.bench.grown SIZE STORE STREAM`` builds the store up to that size, unless it is
there, and measures over the next notifications of the stream.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from connectors.port import routes
from tests.bench.facts import Facts
from tests.bench.growth import WINDOW
from tests.bench.layout import part, sqlite_hub
from tests.bench.once import BATCH, checkpoint, feed
from tests.bench.usage import memory_mb, used

_AT_ONCE = 5 * BATCH
_TOLD = 20_000


def grown(size: int, store: Path, *, stream: Path, window: int = WINDOW) -> dict[str, Any]:
    """CPU time and bytes for each notification, and the megabytes resident in the end."""
    hub = sqlite_hub(store)
    steps = hub.embedded()
    steps.drain()
    stored = Facts(f"sqlite:///{store}").stored()
    coming = _coming(hub, stream, skip=stored)
    while stored < size:
        some = list(islice(coming, min(size - stored, _AT_ONCE)))
        feed(hub, some, steps=steps)
        stored += len(some)
        if stored % _TOLD == 0:
            sys.stderr.write(f"          {stored} of {size} stored\n")
    came = list(islice(coming, window))
    assert len(came) == window, f"{store} has grown too large: begin a new folder"
    checkpoint(store)
    before = used(os.getpid())
    feed(hub, came, steps=steps)
    spent, memory = used(os.getpid()) - before, memory_mb(os.getpid())
    hub.database.close()
    checkpoint(store)
    written = used(os.getpid()) - before
    return {
        "cpu_ms_per_notification": spent.each(window)["cpu_ms_per_notification"],
        "written_kb_per_notification": written.each(window)["written_kb_per_notification"],
        "memory_mb": memory,
    }


def _coming(hub: Any, stream: Path, *, skip: int) -> Iterator[Any]:
    """What was not taken in yet: each line is one notification received."""
    found, arrival_of = routes(hub.settings, {}), part("arrival_of")
    with stream.open(encoding="utf-8") as lines:
        for line in islice(lines, skip, None):
            yield arrival_of(found, json.loads(line))


if __name__ == "__main__":
    part("collect_seldom")()
    _, size_, store_, stream_ = sys.argv
    sys.stdout.write(json.dumps(grown(int(size_), Path(store_), stream=Path(stream_))))
