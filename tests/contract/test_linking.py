"""One stream of notifications and human decisions, the same links to the last fact, whatever
remembers them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.port import routes
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import arrival_of
from ops.look.replay_memory import KeptDocuments, KeptPeople
from ops.run.configuration import read_settings
from router.intake import arrival_key
from router.memory.register import PeopleMemory
from router.one_pass import messages_of
from router.steps.deduplicate import decide as deduplicate
from router.steps.link import decide as link
from schemas.base import Fact
from schemas.case import (
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    LinkOutcome,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
)
from schemas.decisions import (
    LinkDecided,
    LinkDecision,
    PersonsDecided,
    PersonsDecision,
    SplitDecided,
    SplitDecision,
    UndoDecided,
    UndoDecision,
)
from schemas.message import Message, arrived
from stores.database import Database
from stores.vault import Vault
from tests.support.given import NOON, on_picture
from tests.support.linking import AREA, LEAD, WHO, rules
from tests.support.production import fresh_database

NOTIFICATIONS = 400
EVERY = 20
"""Notifications after which a human decides something."""


def accepted() -> Iterator[Message]:
    """The sample's first notifications as deduplication accepts them."""
    path = Path(__file__).parents[2] / "ops" / "sample" / "hub.toml"
    found, documents = routes(read_settings(path, {}), {}), KeptDocuments(deduplicate.STEP)
    for line in sample_lines(NOTIFICATIONS):
        arrival = arrival_of(found, json.loads(line))
        assert isinstance(arrival.body, Fact)
        message = arrived(arrival.body, id_=arrival_key(arrival), source="test", time=NOON)
        outcome = deduplicate.STEP.decide(documents.recall(message), message, rules())
        if outcome.state is not None:
            documents.remember(message, outcome.state)
        accepted = messages_of(outcome, step=deduplicate.STEP.name, cause=message)
        yield from (fact for fact in accepted if link.STEP.concerns(fact))


@dataclass
class Human:
    """Settles reviews, and by turns merges, splits, tells apart, and takes back what was done
    last.
    """

    reviews: list[ChildLinked] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    linked: list[ChildLinked] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    turn: int = 0

    def hear(self, messages: Sequence[Message]) -> None:
        for message in messages:
            if isinstance(message.data, ChildLinked):
                {LinkOutcome.REVIEW: self.reviews, LinkOutcome.LINKED: self.linked}.get(
                    message.data.outcome, []
                ).append(message.data)
                if message.data.outcome is LinkOutcome.NEW:
                    self.fresh.append(message.data.person_id)

    def decide(self) -> Iterator[Message]:
        for review in self.reviews:
            best = review.candidates[0].person_id if review.candidates else None
            decision = LinkDecision(referral_id=review.referral_id, person_id=best, **WHO)
            yield self._message(on_picture(LinkDecided(agency=LEAD, area=AREA, decision=decision)))
        self.reviews.clear()
        self.turn += 1
        yield self._message((self._merge, self._split, self._undo, self._apart)[self.turn % 4]())

    def _merge(self) -> Fact:
        decision = PersonsDecision(
            person_id=self.fresh.pop(), other_person_id=self.fresh.pop(), same=True, **WHO
        )
        return PersonsDecided(agency=LEAD, area=AREA, decision=decision)

    def _apart(self) -> Fact:
        decision = PersonsDecision(
            person_id=self.fresh.pop(), other_person_id=self.fresh.pop(), same=False, **WHO
        )
        return PersonsDecided(agency=LEAD, area=AREA, decision=decision)

    def _split(self) -> Fact:
        one = self.linked.pop()
        decision = SplitDecision(
            person_id=one.person_id, referral_ids=(one.referral_id,), to_person_id=None, **WHO
        )
        return SplitDecided(agency=LEAD, area=AREA, decision=decision)

    def _undo(self) -> Fact:
        return UndoDecided(
            agency=LEAD, area=AREA, decision=UndoDecision(decision_id=self.done[-1], **WHO)
        )

    def _message(self, fact: Fact) -> Message:
        self.done.append(f"decision-{len(self.done)}")
        return arrived(fact, id_=self.done[-1], source="test", time=NOON)


def through(memory: PeopleMemory, batch: Sequence[Message]) -> list[Message]:
    """What follows from a batch, in order."""
    told = []
    memory.foresee(batch)
    for message in batch:
        outcome = link.STEP.decide(memory.recall(message), message, rules())
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        told += messages_of(outcome, step=link.STEP.name, cause=message)
    memory.flush(memory._view)  # type: ignore[arg-type]  # it was opened to be written to
    return told


@dataclass
class Scripted:
    """What linking heard, and what came of it in a replay's memory."""

    heard: list[Message]
    told: list[Message]


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    kept, human, heard, told = KeptPeople(link.STEP), Human(), [], []

    def hear(message: Message) -> None:
        heard.append(message)
        followed = through(kept, [message])
        human.hear(followed)
        told.extend(followed)

    for number, message in enumerate(accepted(), start=1):
        hear(message)
        if number % EVERY == 0:
            for decided in human.decide():
                hear(decided)
    return Scripted(heard, told)


def test_the_script_has_everything_that_humans_decide(scripted: Scripted) -> None:
    kinds = [type(message.data) for message in scripted.told]
    for kind in (LinkCorrected, PersonsMerged, PersonsKeptApart, PersonSplit, DecisionUndone):
        assert kinds.count(kind) >= 4
    assert MergeSuggested in kinds
    assert sum(not message.type.startswith("mash.case") for message in scripted.told) == 0, (
        "nothing was refused"
    )


@pytest.mark.parametrize("size", [5, 100])
@pytest.mark.parametrize("kind", ["sqlite file", "sqlite memory", "postgresql"])
def test_every_store_and_every_size_of_batch_comes_to_the_same(
    request: pytest.FixtureRequest, tmp_path: Path, scripted: Scripted, kind: str, size: int
) -> None:
    if kind == "postgresql":
        with fresh_database(request.getfixturevalue("postgres_url")) as url:
            assert _over(url, scripted.heard, size) == scripted.told
    else:
        url = f"sqlite:///{tmp_path}/hub.db" if kind == "sqlite file" else "sqlite://"
        assert _over(url, scripted.heard, size) == scripted.told


def _over(url: str, messages: Sequence[Message], size: int) -> list[Message]:
    database = Database(url, Vault(bytes(32)))
    database.create_tables()
    told = []
    for start in range(0, len(messages), size):
        with database.transaction() as transaction:
            told += through(PeopleMemory(link.STEP, transaction), messages[start : start + size])
    database.close()
    return told
