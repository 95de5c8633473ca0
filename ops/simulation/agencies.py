"""Simulated agencies at work: they send the sample stream, fetch what the hub asks of them, and answer it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.client import HubClient
from ops.simulation.answers import answer
from ops.simulation.stream import batches

_FETCHED = 100
_PAUSE_SECONDS = 0.05


@dataclass(slots=True)
class Sender:
    """Streams notifications, at most ``per_second`` of them, and notes what was sent and receipted in a ledger."""

    clients: Mapping[str, HubClient]
    ledger: Path
    batch: int = 50
    per_second: float | None = None
    sent: int = 0
    receipts: Counter[str] = field(default_factory=Counter)

    def send(self, lines: Iterable[str], stop: threading.Event) -> None:
        """Send every line, in order. The ledger has a line of JSON for each, written after the hub's receipt."""
        started = time.monotonic()
        with self.ledger.open("w", encoding="utf-8") as ledger:
            for agency, events in batches(lines, self.batch):
                if stop.is_set():
                    return
                for event, receipt in zip(events, self.clients[agency].send(events), strict=True):
                    self.receipts[receipt.status] += 1
                    note = {"agency": agency, "event": event["id"], "status": receipt.status, "id": receipt.id}
                    ledger.write(json.dumps(note) + "\n")
                self.sent += len(events)
                self._keep_pace(started, stop)

    def _keep_pace(self, started: float, stop: threading.Event) -> None:
        if self.per_second:
            stop.wait(max(0.0, started + self.sent / self.per_second - time.monotonic()))


@dataclass(slots=True)
class Answerers:
    """Every agency's desk: fetches its letters, answers them, and only then acknowledges them."""

    clients: Mapping[str, HubClient]
    answered: Counter[str] = field(default_factory=Counter)

    def round(self) -> int:
        """One look into every agency's inbox; answers how many letters there were."""
        return sum(self._clear(client) for client in self.clients.values())

    def work(self, finished: Callable[[], bool], stop: threading.Event) -> None:
        """Look again and again until there was nothing to do and ``finished`` says that nothing more will come."""
        while not stop.is_set():
            if self.round() == 0:
                if finished():
                    return
                stop.wait(_PAUSE_SECONDS)

    def _clear(self, client: HubClient) -> int:
        letters: list[dict[str, Any]] = client.fetch(_FETCHED)
        answers = [made for letter in letters if (made := answer(letter)) is not None]
        if answers:
            client.send(answers)
        self.answered.update(letter["type"] for letter in letters)
        if letters:
            client.acknowledge([letter["id"] for letter in letters])
        return len(letters)
