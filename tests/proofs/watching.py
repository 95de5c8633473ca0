"""How soon many people's open pages are told that something happened elsewhere, and what it costs
the hub that they are open. Over HTTP, as browsers keep the stream of a page.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from typing import Any, Final
from urllib.parse import urlsplit

from connectors.clients.http_client import HubClient
from ops.console.rendering import AT
from ops.demo.simulation.answers import event
from tests.proofs.desks import Somebody, cpu_of, spread
from tests.proofs.place import Place

_STREAM: Final = re.compile(r'hx-sse:connect="([^"]+)"')
_PAGE: Final = f"{AT}/front-door"
_CHANGED: Final = b"event: changed"
_PATIENCE: Final = 30.0
AIM: Final = 2_000.0
"""Milliseconds that it may take until the last is told."""
Open = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Told:
    """What was measured."""

    streams: int
    millis: Sequence[float]
    """Until each was told, of what was told in time."""
    cores_at_rest: float

    def figures(self) -> dict[str, Any]:
        """As they are printed; ``late``: those that were told after more than two seconds."""
        late = self.streams - sum(one <= AIM for one in self.millis)
        return {
            "streams": self.streams,
            "late": late,
            "told": spread(self.millis),
            "last": round(max(self.millis, default=0.0), 1),
            "cores_at_rest": round(self.cores_at_rest, 3),
        }


@dataclass(frozen=True, slots=True)
class Onlookers:
    """How many pages are open, and how often something happens."""

    people: int
    changes: int
    rest: float
    """Seconds of quiet before each, over which it is measured what open pages cost."""


def watched(place: Place, person: Somebody, onlookers: Onlookers, *, process: int) -> Told:
    """So many pages of the front door are open, and so often somebody sends a concern."""
    return asyncio.run(_watched(place, person, onlookers, process=process))


async def _watched(place: Place, person: Somebody, onlookers: Onlookers, *, process: int) -> Told:
    shown = await asyncio.to_thread(person.asks, "GET", _PAGE, None)
    found = _STREAM.search(shown or "")
    assert found is not None, "the front door did not come"
    address = unescape(found[1])
    each = [await _opened(place, address, person.cookie) for _ in range(onlookers.people)]
    opened = [one for one in each if one is not None]
    try:
        before, begun = cpu_of(process), time.monotonic()
        await asyncio.sleep(onlookers.rest)
        cores = (cpu_of(process) - before) / (time.monotonic() - begun)
        millis: list[float] = []
        for _ in range(onlookers.changes):
            millis += await _told(place, opened, rest=onlookers.rest)
    finally:
        for _, writer in opened:
            writer.close()
    return Told(onlookers.people * onlookers.changes, millis, cores)


async def _opened(place: Place, address: str, cookie: str) -> Open | None:
    """A stream that has begun; None where it does not in time: whoever has it is told late."""
    with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
        return await _begun(place, address, cookie)
    return None


async def _begun(place: Place, address: str, cookie: str) -> Open:
    host = urlsplit(place.url)
    reader, writer = await asyncio.open_connection(host.hostname, host.port)
    writer.write(
        f"GET {address} HTTP/1.1\r\nHost: {host.netloc}\r\nCookie: {cookie}\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b": here\n\n"), _PATIENCE)
    assert b" 200 " in head.split(b"\r\n")[0], head.split(b"\r\n")[0]
    return reader, writer


async def _told(place: Place, opened: Sequence[Open], *, rest: float) -> list[float]:
    """Milliseconds until each was told of one more concern; of those that were."""
    if not opened:
        return []
    before = [asyncio.create_task(_changed(reader)) for reader, _ in opened]
    await asyncio.sleep(rest)  # who was told just now is told again after some seconds
    waiting = [
        asyncio.create_task(_changed(reader)) if task.done() else task
        for task, (reader, _) in zip(before, opened, strict=True)
    ]
    begun = time.perf_counter()
    await asyncio.to_thread(_notifies, place)
    done, late = await asyncio.wait(waiting, timeout=_PATIENCE)
    for task in late:
        task.cancel()
    return [(task.result() - begun) * 1000 for task in done]


async def _changed(reader: asyncio.StreamReader) -> float:
    await reader.readuntil(_CHANGED)
    return time.perf_counter()


def _notifies(place: Place) -> None:
    """An agency sends a concern."""
    told = {
        "reference": f"WATCHED-{time.time_ns()}",
        "observed_at": "2026-11-03T19:40:00Z",
        "subject": {"name": [{"given_name": ["Kim"], "family_name": ["Invented"]}]},
        "narrative": "Kim was alone in the street.",
    }
    sent = event(f"watched-{time.time_ns()}", "mash.notification.v1", agency="police", data=told)
    tokens = json.loads(place.folder.tokens.read_text(encoding="utf-8"))
    with HubClient(place.url, tokens["police"]) as client:
        (receipt,) = client.send([sent])
    assert receipt.reason is None, receipt.reason
