"""A hub's door in small, and edges before it: processes of their own, as an agency runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.edge import configured, making, opening
from connectors.edge import keys as edge_keys
from connectors.edge.configured import Edge
from connectors.edge.hub import Hub
from connectors.edge.keys import Keys
from connectors.edge.running import Working
from connectors.edge.store import Store
from schemas.sealed import in_event, seal
from tests.support.agencies import serving
from tests.support.given import NOON
from tests.support.products import RECIPIENT

_LEASE_SECONDS = 0.3
AGENCY = RECIPIENT


@dataclass
class Door:
    """The hub's two doors: letters that come again until they are acknowledged, and events that are
    recorded once by their id, as the hub does.
    """

    letters: dict[str, bytes] = field(default_factory=dict)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What came in, by its id."""
    came: list[str] = field(default_factory=list)
    """The ids of all that came in, however often."""
    acknowledged: list[str] = field(default_factory=list)
    status: int = 200
    """What it answers; another than 200: it does nothing else."""
    on_the_way: Callable[[bytes], bytes] = lambda letter: letter
    """What somebody makes of a letter on its way."""
    _leased: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Starlette:
        """The web application; its functions run in threads."""
        return Starlette(
            routes=[
                Route("/v1/inbox", self._inbox),
                Route("/v1/inbox/acknowledge", self._acknowledge, methods=["POST"]),
                Route("/v1/events", self._events, methods=["POST"]),
            ]
        )

    async def _inbox(self, _: Request) -> Response:
        if self.status != 200:
            return Response(status_code=self.status)
        with self._lock:
            now = time.monotonic()
            free = [one for one in self.letters if self._leased.get(one, 0) <= now][:20]
            self._leased |= dict.fromkeys(free, now + _LEASE_SECONDS)
            body = b",".join(self.on_the_way(self.letters[one]) for one in free)
        return Response(b"[" + body + b"]")

    async def _acknowledge(self, request: Request) -> Response:
        ids = json.loads(await request.body())["ids"]
        with self._lock:
            gone = [one for one in ids if self.letters.pop(one, None) is not None]
            self.acknowledged += gone
        return JSONResponse({"acknowledged": len(gone)})

    async def _events(self, request: Request) -> Response:
        if self.status != 200:
            return Response(status_code=self.status)
        event = json.loads(await request.body())
        with self._lock:
            known = event["id"] in self.taken
            self.taken.setdefault(event["id"], event)
            self.came.append(event["id"])
        told = {"status": "duplicate" if known else "accepted", "id": event["id"]}
        return JSONResponse(told, 200 if known else 202)


def letter(letter_id: str, *, kind: str = "mash.recall.v1", **data: Any) -> bytes:
    """A letter for the agency, as the hub sends it."""
    head = {"specversion": "1.0", "id": letter_id, "source": "mash-hub", "type": kind}
    return json.dumps(head | {"subject": AGENCY, "data": data}).encode()


def made(folder: Path, url: str, *, owners: Keys | None = None) -> Edge:
    """An edge of the agency's, with these owners' keys."""
    making.make(folder, making.Wanted(AGENCY, url))
    (folder / configured.OWNERS).write_text(edge_keys.written(owners or {}), "utf-8")
    return configured.read(folder)


def sealed(edge: Edge, body: bytes, *, letter_id: str) -> bytes:
    """A letter sealed to the edge's newest key, as it comes over HTTP."""
    key = opening.public(opening.read(edge.folder)[0])
    return in_event(seal(body, key), letter_id=letter_id)


@contextmanager
def working(edge: Edge) -> Iterator[Working]:
    """An edge whose parts are called one by one."""
    hub = Hub(edge)
    try:
        yield Working(edge, Store(edge.folder), hub, clock=lambda: NOON)
    finally:
        hub.close()


@contextmanager
def open_door(**tls: Any) -> Iterator[tuple[Door, str]]:
    """A door, and where it is."""
    door = Door()
    with serving(door.app(), **tls) as url:
        yield door, url


@contextmanager
def running(edge: Edge, *, environment: Mapping[str, str] | None = None) -> Iterator[Any]:
    """`hub edge run` in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.cli", "edge", "run", str(edge.folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
