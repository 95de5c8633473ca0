"""Simulated agencies at work: they send the sample stream, fetch what the hub asks of them, and
answer it.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from connectors.clients.http_client import HubUnavailable
from ops.demo.simulation.answers import Event, answer
from ops.demo.simulation.stream import batches
from schemas.notification import Receipt

_FETCHED = 100
_PAUSE_SECONDS = 0.05
T = TypeVar("T")


class Sends(Protocol):
    """A way to send: by HTTP, over a broker or by files."""

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        """Send events; a receipt for each, in order. Raises ``HubUnavailable``."""
        ...


class Desk(Sends, Protocol):
    """An agency's desk: it gets letters and sends what answers them."""

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:
        """Letters, held for this desk. Raises ``HubUnavailable``."""
        ...

    def acknowledge(self, ids: Collection[str]) -> int:
        """These letters are safe. Raises ``HubUnavailable``."""
        ...


def persistently(call: Callable[[], T], stop: threading.Event) -> T | None:
    """Try until the hub answers, as an agency that loses nothing does; None once told to stop."""
    while not stop.is_set():
        try:
            return call()
        except HubUnavailable:
            stop.wait(_PAUSE_SECONDS)
    return None


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
                self._send(agency, events, ledger.write, stop)
                if stop.is_set():
                    return
                self._keep_pace(started, stop)

    def _send(
        self, agency: str, events: list[Event], note: Callable[[str], int], stop: threading.Event
    ) -> None:
        receipts = persistently(lambda: self.clients[agency].send(events), stop)
        for event, receipt in zip(events, receipts or [], strict=False):
            known_as = (
                receipt.message_id or event["id"]
            )  # a file's records have ids of the hub's making
            line = {"agency": agency, "event": known_as, "status": receipt.status, "id": receipt.id}
            note(json.dumps(line | {"sent": event["id"]}) + "\n")
            self.sent += 1

    def _keep_pace(self, started: float, stop: threading.Event) -> None:
        if self.per_second:
            stop.wait(max(0.0, started + self.sent / self.per_second - time.monotonic()))


@dataclass(slots=True)
class Answerers:
    """Agencies' desks: each fetches its letters, answers them, and only then acknowledges them.

    ``letters`` keeps what came, and ``answers`` what was answered with which receipt, for whoever
    checks a run.
    """

    clients: Mapping[str, Desk]
    letters: Notes = field(default_factory=lambda: Notes(None))
    answers: Notes = field(default_factory=lambda: Notes(None))
    answered: Counter[str] = field(default_factory=Counter)
    in_hand: int = 0

    def work(self, stop: threading.Event) -> None:
        """Look into every inbox again and again until told to stop."""
        while not stop.is_set():
            if not sum(self.clear(agency, client, stop) for agency, client in self.clients.items()):
                stop.wait(_PAUSE_SECONDS)

    def clear(self, agency: str, client: Desk, stop: threading.Event) -> int:
        """Answer what is in one inbox; how many letters there were."""
        letters: list[Event] = persistently(partial(client.fetch, _FETCHED), stop) or []
        self.in_hand = len(letters)
        for letter in letters:
            self.letters.write(agency=agency, letter=letter)
        if letters and self._answer(agency, client, letters, stop):
            persistently(
                partial(client.acknowledge, [str(letter["id"]) for letter in letters]), stop
            )
        self.in_hand = 0
        self.answered.update(str(letter["type"]) for letter in letters)
        return len(letters)

    def _answer(
        self, agency: str, client: Desk, letters: Sequence[Event], stop: threading.Event
    ) -> bool:
        """Whether everything that needs an answer was answered and receipted."""
        answers = [made for letter in letters if (made := answer(letter)) is not None]
        receipts = persistently(partial(client.send, answers), stop) if answers else []
        for made, receipt in zip(answers, receipts or [], strict=False):
            self.answers.write(
                agency=agency,
                event=made["id"],
                type=made["type"],
                status=receipt.status,
                id=receipt.id,
            )
        return receipts is not None
