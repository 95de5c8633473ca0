"""The desks of simulated agencies: each fetches its letters, answers them, and only then says that
it has them.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from connectors.edge.keys import SigningKey
from ops.demo.simulation.agencies import Notes, Sends, persistently
from ops.demo.simulation.answers import Event, answer
from ops.demo.simulation.signing import signed

_FETCHED = 100
_LOOK_SECONDS = 0.2
"""Between two looks into an empty inbox."""
_GATHER_SECONDS = 0.5
"""After letters came: the next are left to gather, to be answered together."""


class Inbox(Sends, Protocol):
    """An agency's way to get letters and to send what answers them."""

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:
        """Letters, held for this desk. Raises ``HubUnavailable``."""
        ...

    def acknowledge(self, ids: Collection[str]) -> int:
        """These letters are safe. Raises ``HubUnavailable``."""
        ...


@dataclass(slots=True)
class SimulatedDesk:
    """One agency's people at their inbox.

    ``letters`` keeps what came, and ``answers`` what was answered with which receipt, for whoever
    checks a run.
    """

    agency: str
    inbox: Inbox
    letters: Notes = field(default_factory=lambda: Notes(None))
    answers: Notes = field(default_factory=lambda: Notes(None))
    key: SigningKey | None = field(default=None, repr=False)
    """With which it signs what it lets leave."""
    answered: int = 0
    in_hand: int = 0

    def work(self, stop: threading.Event) -> None:
        """Clear the inbox again and again until told to stop."""
        while not stop.is_set():
            came = self.clear(stop)
            if came < _FETCHED:
                stop.wait(_GATHER_SECONDS if came else _LOOK_SECONDS)

    def clear(self, stop: threading.Event) -> int:
        """Answer up to a hundred letters together; how many there were."""
        letters: list[Event] = persistently(partial(self.inbox.fetch, _FETCHED), stop) or []
        self.in_hand = len(letters)
        for letter in letters:
            self.letters.write(agency=self.agency, letter=letter)
        if letters and self._answer(letters, stop):
            ids = [str(letter["id"]) for letter in letters]
            persistently(partial(self.inbox.acknowledge, ids), stop)
        self.in_hand = 0
        self.answered += len(letters)
        return len(letters)

    def _answer(self, letters: Sequence[Event], stop: threading.Event) -> bool:
        """Whether everything that needs an answer was answered and receipted."""
        made = ((letter, answer(letter)) for letter in letters)
        answers = [signed(letter, one, key=self.key) for letter, one in made if one is not None]
        receipts = persistently(partial(self.inbox.send, answers), stop) if answers else []
        for told, receipt in zip(answers, receipts or [], strict=False):
            self.answers.write(
                agency=self.agency,
                event=told["id"],
                type=told["type"],
                status=receipt.status,
                id=receipt.id,
            )
        return receipts is not None
