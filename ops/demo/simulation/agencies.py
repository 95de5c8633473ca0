"""Simulated agencies at work: how they send, and the stream of notifications that they send."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from connectors.clients.http_client import HubUnavailable
from ops.demo.simulation.answers import Event
from ops.demo.simulation.stream import batches
from schemas.notification import Receipt
from stores.keep_trying import Failure, Pauses, Stopped, keep_trying

_PAUSES = Pauses(first=0.05, longest=0.5)
T = TypeVar("T")


class Sends(Protocol):
    """A way to send: by HTTP, over a broker or by files."""

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Send events; a receipt for each, in order. Raises ``HubUnavailable``."""
        ...


def persistently(call: Callable[[], T], stop: threading.Event) -> T | None:
    """Try until the hub answers, as an agency that loses nothing does; None once told to stop."""
    try:
        return keep_trying(call, stop, failed=_unsaid, errors=(HubUnavailable,), pauses=_PAUSES)
    except Stopped:
        return None


def _unsaid(_: Failure) -> None:
    """A hub that is away for a while is nothing to speak of."""


@dataclass(slots=True)
class Notes:
    """A file of JSON lines, each lasting as soon as it is written."""

    path: Path | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, **note: Any) -> None:
        """Add a line, if there is a file."""
        if self.path is not None:
            with self._lock, self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(note) + "\n")


@dataclass(slots=True)
class Sender:
    """Streams notifications, at most ``per_second`` of them, and notes what was sent and receipted
    in a ledger.
    """

    clients: Mapping[str, Sends]
    ledger: Path
    batch: int = 50
    per_second: float | None = None
    sent: int = 0

    def send(self, lines: Iterable[str], stop: threading.Event) -> None:
        """Send every line, in order. The ledger has a line of JSON for each, written after the
        hub's receipt.
        """
        started = time.monotonic()
        with self.ledger.open("w", encoding="utf-8") as ledger:
            for agency, events in batches(lines, self.batch):
                self._send(agency, events, note=ledger.write, stop=stop)
                if stop.is_set():
                    return
                self._keep_pace(started, stop)

    def _send(
        self,
        agency: str,
        events: list[Event],
        *,
        note: Callable[[str], int],
        stop: threading.Event,
    ) -> None:
        receipts = persistently(lambda: self.clients[agency].send(events), stop)
        for event, receipt in zip(events, receipts or [], strict=False):
            known_as = (
                receipt.message_id or event["id"]
            )  # a file's records have ids of the hub's making
            line = {"agency": agency, "event": known_as, "source": receipt.source}
            line |= {"status": receipt.status, "id": receipt.id, "sent": event["id"]}
            note(json.dumps(line) + "\n")
            self.sent += 1

    def _keep_pace(self, started: float, stop: threading.Event) -> None:
        if self.per_second:
            stop.wait(max(0.0, started + self.sent / self.per_second - time.monotonic()))
