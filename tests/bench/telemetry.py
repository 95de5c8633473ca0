"""What telling traces costs the embedded hub: CPU time of the same run without and with it.

``python -m tests.bench.telemetry NUMBER FOLDER`` is one such run, by OpenTelemetry's settings of
its environment; its figures as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from ops.run.garbage import collect_seldom
from ops.watch.tracing import begin, wanted
from stores.traces import Span
from tests.bench.layout import sqlite_hub
from tests.bench.once import feed
from tests.bench.stream import arrivals
from tests.bench.usage import used

_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


AIM = 0.03
"""The share of the CPU that telling traces may take."""
_SECONDS = 150.0
"""After so long no further turn begins, however slow the machine is."""


def telemetry(*, number: int, turns: int, told: Callable[[str], None]) -> dict[str, Any]:
    """CPU a notification (ms), off and on, and by which share of it more, the median turn's; so
    many spans went out for each notification. ``turns``: at most.
    """
    pairs: list[tuple[dict[str, float], dict[str, float]]] = []
    began = time.monotonic()
    with _collector() as url:
        for turn in range(turns):
            if turn and time.monotonic() - began > _SECONDS * turn / (turn + 1):
                break
            told(f"telemetry: {number} notifications each, {turn + 1} of {turns}")
            # Whoever runs second finds a warmer machine: they take it in turns.
            order = ({}, {_ENDPOINT: url}) if turn % 2 else ({_ENDPOINT: url}, {})
            ran = {bool(added): _ran(number, added) for added in order}
            pairs.append((ran[False], ran[True]))
    return {
        "off": round(median(off["cpu_ms"] for off, _ in pairs), 3),
        "on": round(median(on["cpu_ms"] for _, on in pairs), 3),
        "share": round(median(on["cpu_ms"] / off["cpu_ms"] - 1 for off, on in pairs), 4),
        "aim": AIM,
        "spans": round(median(on["spans"] for _, on in pairs), 2),
        "turns": len(pairs),
    }


def _ran(number: int, added: Mapping[str, str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.telemetry", str(number), folder],
            env={**os.environ, **added},
            stdout=subprocess.PIPE,
            check=True,
        )
    ran: dict[str, float] = json.loads(done.stdout)
    return ran


class _Collector(BaseHTTPRequestHandler):
    """Takes whatever is posted, and keeps none of it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take it."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _collector() -> Iterator[str]:
    """The URL of one that takes all spans, in the process that measures nothing of itself."""
    server = HTTPServer(("127.0.0.1", 0), _Collector)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _once(number: int, folder: Path) -> dict[str, float]:
    """One run on an empty store; what is left to be told at its end counts."""
    hub = sqlite_hub(folder / "run.db")
    came, steps = arrivals(hub.settings, number), hub.embedded()
    before, spans = used(os.getpid()), 0
    if end := begin(hub.database.traces, process="hub") if wanted(os.environ) else None:
        tell = hub.database.traces.tell

        def counted(told: Sequence[Span]) -> None:
            nonlocal spans
            spans += len(told)
            tell(told)

        hub.database.traces.tell = counted
    feed(hub, came, steps=steps)
    if end:
        end()
    spent = used(os.getpid()) - before
    hub.database.close()
    return {"cpu_ms": spent.cpu_seconds * 1000 / number, "spans": spans / number}


if __name__ == "__main__":
    collect_seldom()
    sys.stdout.write(json.dumps(_once(int(sys.argv[1]), Path(sys.argv[2]))))
