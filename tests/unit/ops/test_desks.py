"""Simulated desks: each answers what it was sent, and it does not matter which of them is first."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import text

from connectors.clients.http_client import HubUnavailable
from ops.demo.running import same_ids
from ops.demo.simulation.agencies import Notes
from ops.demo.simulation.desks import SimulatedDesk
from ops.demo.simulation.stream import batches, sample_lines
from ops.demo.summary import reconciles, summarise
from ops.run.wiring import Hub
from schemas.notification import Receipt
from tests.support.filled import empty_hub, send

LEAD = "childrens_social_care"
"""Its social workers are asked first: nobody else is, before they have rated."""


@dataclass
class InProcess:
    """An agency's inbox of a hub in this process; what was asked of the hub, in order."""

    hub: Hub
    agency: str
    asked: list[str] = field(default_factory=list)
    away: set[str] = field(default_factory=set)
    """What the hub cannot do just now."""

    def fetch(self, limit: int = 20, wait: float = 0) -> list[dict[str, object]]:  # noqa: ARG002
        letters = self.hub.queues.lease(self.agency, limit=limit, seconds=60)
        return [json.loads(letter.body) for letter in letters]

    def send(self, events: Sequence[Mapping[str, object]]) -> list[Receipt]:
        self._ask("send")
        return send(self.hub, self.agency, [dict(event) for event in events])

    def acknowledge(self, ids: Collection[str]) -> int:
        self._ask("acknowledge")
        return self.hub.queues.acknowledge(self.agency, list(ids))

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.away:
            raise HubUnavailable


class ToldToStop(threading.Event):
    """Set as soon as somebody waits for it: nobody in a test waits."""

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        self.set()
        return True


def streamed(path: Path, count: int) -> Hub:
    _, hub = empty_hub(path)
    same_ids(hub)
    for agency, events in batches(sample_lines(count), 50):
        send(hub, agency, events)
    hub.embedded().drain()
    return hub


def answered(hub: Hub, *, agencies: Sequence[str]) -> dict[str, Any]:
    """The summary after every desk was visited again and again, in this order."""
    desks = [SimulatedDesk(agency, InProcess(hub, agency)) for agency in agencies]
    steps, stop = hub.embedded(), threading.Event()
    while sum([desk.clear(stop) for desk in desks]):
        steps.drain()
    summary = summarise(hub.database)
    hub.database.close()
    return summary


def test_a_desk_answers_its_letters_together_and_only_then_says_that_it_has_them(
    tmp_path: Path,
) -> None:
    hub = streamed(tmp_path, 20)
    inbox = InProcess(hub, LEAD)
    answers = Notes(tmp_path / "answers.jsonl")
    desk = SimulatedDesk(LEAD, inbox, answers=answers)
    came = desk.clear(threading.Event())
    assert came == desk.answered > 1
    assert inbox.asked == ["send", "acknowledge"]
    assert inbox.fetch() == []
    told = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert {note["status"] for note in told} == {"accepted"}
    assert len({note["event"] for note in told}) == len(told) > 1


def test_letters_whose_answers_the_hub_did_not_take_are_not_acknowledged(tmp_path: Path) -> None:
    hub = streamed(tmp_path, 20)
    inbox = InProcess(hub, LEAD, away={"send"})
    came = SimulatedDesk(LEAD, inbox).clear(ToldToStop())
    assert came > 0
    assert inbox.asked == ["send"]
    with hub.database.reading() as connection:
        waiting = text("SELECT count(*) FROM letters WHERE agency = :agency")
        held = connection.execute(waiting, {"agency": LEAD})
        assert held.scalar_one() >= came


def test_it_does_not_matter_when_a_run_is_and_which_desk_answers_first(tmp_path: Path) -> None:
    """But for signposts: a Red names the owners of what had come by the time it was made one. And
    of what had come depends too how many different pictures people were shown.
    """
    hub, later = streamed(tmp_path / "one", 30), streamed(tmp_path / "other", 30)
    agencies = list(hub.settings.agencies)
    summary, other = answered(hub, agencies=agencies), answered(later, agencies=agencies[::-1])
    but = {"signposts": 0, "journal_entries": 0}
    assert summary | but == other | but
    assert summary["released"] > 0
    whole = summary | {"lost": summary["unfinished"], "journal_verified": True}
    assert reconciles(whole) == []
