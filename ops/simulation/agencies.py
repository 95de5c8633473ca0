"""Simulated agencies at work: they send the sample stream, fetch what the hub asks of them, and answer it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from connectors.client import HubClient, HubUnavailable
from ops.simulation.answers import Event, answer
from ops.simulation.stream import batches

_FETCHED = 100
_PAUSE_SECONDS = 0.05
T = TypeVar("T")


def persistently(call: Callable[[], T], stop: threading.Event) -> T | None:
    """Try until the hub answers, as an agency that loses nothing does; None once told to stop."""
    while not stop.is_set():
        try:
            return call()
        except HubUnavailable:
            stop.wait(_PAUSE_SECONDS)
    return None


@dataclass(slots=True)
class Sender:
    """Streams notifications, at most ``per_second`` of them, and notes what was sent and receipted in a ledger."""

    clients: Mapping[str, HubClient]
    ledger: Path
    batch: int = 50
    per_second: float | None = None
    sent: int = 0

    def send(self, lines: Iterable[str], stop: threading.Event) -> None:
        """Send every line, in order. The ledger has a line of JSON for each, written after the hub's receipt."""
        started = time.monotonic()
        with self.ledger.open("w", encoding="utf-8") as ledger:
            for agency, events in batches(lines, self.batch):
                self._send(agency, events, ledger.write, stop)
                if stop.is_set():
                    return
                self._keep_pace(started, stop)

    def _send(self, agency: str, events: list[Event], note: Callable[[str], int], stop: threading.Event) -> None:
        receipts = persistently(lambda: self.clients[agency].send(events), stop)
        for event, receipt in zip(events, receipts or [], strict=False):
            line = {"agency": agency, "event": event["id"], "status": receipt.status, "id": receipt.id}
            note(json.dumps(line) + "\n")
            self.sent += 1

    def _keep_pace(self, started: float, stop: threading.Event) -> None:
        if self.per_second:
            stop.wait(max(0.0, started + self.sent / self.per_second - time.monotonic()))


@dataclass(slots=True)
class Answerers:
    """Every agency's desk: fetches its letters, answers them, and only then acknowledges them."""

    clients: Mapping[str, HubClient]
    answered: Counter[str] = field(default_factory=Counter)

    def work(self, stop: threading.Event) -> None:
        """Look into every inbox again and again until told to stop."""
        while not stop.is_set():
            letters = [persistently(partial(self.clear, client), stop) for client in self.clients.values()]
            if not any(letters):
                stop.wait(_PAUSE_SECONDS)

    def clear(self, client: HubClient) -> int:
        """Answer what is in one inbox; how many letters there were."""
        letters: list[Event] = client.fetch(_FETCHED)
        answers = [made for letter in letters if (made := answer(letter)) is not None]
        if answers:
            client.send(answers)
        if letters:
            client.acknowledge([str(letter["id"]) for letter in letters])
        self.answered.update(str(letter["type"]) for letter in letters)
        return len(letters)
