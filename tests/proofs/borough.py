"""The hub's own steps and agencies' queues in memory, and people at random; no store, no network.

``apart``: facts of different topics overtake each other, as between workers of Kafka. ``late``:
products overtaken by other letters, as one that is kept back while a human looks at it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from router.step import Outcome, Step
from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from router.steps.inform import decide as inform
from router.steps.rate import decide as rate
from router.steps.release import decide as release
from router.steps.request_information import decide as request_information
from schemas.base import Fact, Notice
from schemas.changes import ChangeFetched, ProductChange
from schemas.decisions import ProductFetched
from schemas.letter import letter_id
from schemas.message import Message, arrived, caused_by
from schemas.policy import Policy
from schemas.product import Product, SentProduct

STEPS: tuple[Step[Any], ...] = (
    rate.STEP,
    request_information.STEP,
    compose.STEP,
    approve.STEP,
    release.STEP,
    inform.STEP,
)
_KEPT = 0.2
"""Of products, each time that their recipient asks."""
START = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)


@dataclass(slots=True, repr=False)
class Posted:
    """A letter on an agency's queue, or in its hands."""

    agency: str
    notice: Notice
    handed: bool = False


@dataclass(repr=False)
class Hub:
    """Six steps of the hub, each with what it remembers, and what lies in agencies' queues."""

    policy: Policy
    chance: Random
    apart: bool
    late: Random | None = None
    dropped: Collection[type[Fact]] = ()
    """A control: facts that nobody hears."""
    now: dt.datetime = START
    letters: dict[str, Posted] = field(default_factory=dict)
    facts: list[Message] = field(default_factory=list)
    refused: list[tuple[Message, str]] = field(default_factory=list)
    due: list[tuple[dt.datetime, str, str]] = field(default_factory=list)
    _states: dict[tuple[str, str], Any] = field(default_factory=dict)
    _waiting: dict[tuple[str, str], deque[tuple[Step[Any], Message]]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    _number: int = 0

    def tell(self, fact: Fact) -> None:
        """Something comes from outside."""
        self._number += 1
        self._publish(
            arrived(fact, id_=f"from-outside-{self._number}", source="f52", time=self.now)
        )

    def _publish(self, message: Message) -> None:
        self.facts.append(message)
        for step in STEPS:
            if step.concerns(message) and not isinstance(message.data, tuple(self.dropped)):
                place = (step.name, message.topic) if self.apart else ("", "")
                self._waiting[place].append((step, message))

    def work(self, times: int | None = None) -> None:
        """Let so many facts be heard, or all that there are."""
        while times is None or times > 0:
            places = [place for place, waiting in self._waiting.items() if waiting]
            if not places:
                return
            self._hear(*self._waiting[self.chance.choice(places)].popleft())
            times = None if times is None else times - 1

    def _hear(self, step: Step[Any], message: Message) -> None:
        key, beside = step.key(message), step.beside(message)
        state = self._states.get((step.name, key))
        if beside:
            found = ((name, self._states.get((step.name, name))) for name in beside)
            state = step.join(state, {name: one for name, one in found if one is not None})
        outcome = step.decide(state, message, self.policy)
        if outcome.refusal is not None:
            self.refused.append((message, outcome.refusal.reason))
        if outcome.state is not None:
            self._states[step.name, key] = outcome.state
        self._leave(step, message, outcome)
        for number, fact in enumerate(outcome.facts):
            self._publish(caused_by(message, step.name, fact=fact, ordinal=number))
        self.due += [(timer.due_at, step.name, timer.key) for timer in outcome.timers]

    def _leave(self, step: Step[Any], cause: Message, outcome: Outcome[Any]) -> None:
        """As the store does: who never had what is taken back in hand is not told so."""
        letters = [(letter_id(cause.id, step.name, key=one.key), one) for one in outcome.letters]
        for id_, letter in letters:
            if letter.after is None:
                self.letters.setdefault(id_, Posted(letter.agency, letter.notice))
        unseen = {
            id_
            for id_ in outcome.takes_back
            if id_ in self.letters and not self.letters[id_].handed
        }
        for id_ in unseen:
            del self.letters[id_]
        for id_, letter in letters:
            if letter.after is not None and letter.after not in unseen:
                self.letters.setdefault(id_, Posted(letter.agency, letter.notice))

    def waits_for(self, agency: str) -> bool:
        """Whether something lies on an agency's queue."""
        return any(one.agency == agency and not one.handed for one in self.letters.values())

    def hand(self, agency: str) -> Iterator[Notice]:
        """The agency gets all that lies on its queue; of products and of changes that is a fact."""
        for id_, one in list(self.letters.items()):
            if one.agency != agency or one.handed or self._is_kept(one.notice):
                continue
            one.handed = True
            if isinstance(one.notice, ProductChange):
                self.tell(ChangeFetched(letter_id=id_, **one.notice.shared(ChangeFetched)))
            if isinstance(one.notice, Product):
                told = one.notice.shared(SentProduct) | {"referral_id": one.notice.referral_id}
                self.tell(ProductFetched(letter_id=id_, **told))
            yield one.notice

    def _is_kept(self, notice: Notice) -> bool:
        return isinstance(notice, Product) and bool(self.late and self.late.random() < _KEPT)

    def heard(self, *kinds: type[Fact]) -> Iterable[Message]:
        """The facts of these kinds so far."""
        return (one for one in self.facts if isinstance(one.data, kinds))
