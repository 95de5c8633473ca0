"""One pass: messages, and all that they cause, decided in memory by the steps of a unit."""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from router import possible
from router.memory.documents import Documents, Memory, foresee
from router.refuse import dead_message, refused, rejected_later
from router.step import Outcome, Step
from router.unit import Unit
from schemas.letter import Letter, letter_id
from schemas.message import Message, caused_by, derived_id
from schemas.notification import MessageRefused
from schemas.policy import Policy
from schemas.refusals import Refusal
from stores import codec
from stores.context import Context
from stores.dead_letters import DeadLetter
from stores.timers import StoredTimer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """A message at its offset in a topic, or at its position where the journal is the topic.

    With ``refusal`` it becomes a dead letter of each step that hears it: it cannot be read, or the
    steps failed on it. ``original`` is then kept, where the message does not say what came.
    """

    offset: int
    message: Message
    refusal: Refusal | None = None
    original: bytes | None = None
    hearers: tuple[Step[Any], ...] | None = None
    """Who hears it, where its own type does not tell."""
    carried: Context | None = None
    """The span that its topic names beside it."""


def never() -> bool:
    """Go on to the end."""
    return False


def goes_on() -> None:
    """Give way to nobody."""


class PutOff(Exception):
    """What was to be decided gives way to something else; nothing came of it, and it is still to be
    decided.
    """


Given = tuple[str, str]
"""A step, and the id of a message that it is given."""


@dataclass(slots=True)
class Attempt:
    """What a pass is told and tells beside its deliveries.

    ``refused``: what steps are not to be given again, caused messages too. ``heard``: what they
    were given, in order. ``step``: whose turn it was last, None for what the whole pass records;
    ``hearing``: that was to hear what it was given last, not to write what it remembers.
    """

    refused: Collection[Given] = ()
    heard: list[Given] = field(default_factory=list)
    step: str | None = None
    hearing: bool = False

    def hears(self, given: Given) -> None:
        """A step is given a message."""
        self.heard.append(given)
        self.step, self.hearing = given[0], True

    def writes(self, step: str | None) -> None:
        """A step's memory is written, or what the whole pass records."""
        self.step, self.hearing = step, False

    def suspects(self) -> list[Given]:
        """On what the pass may have failed, the deepest first: as little as possible is to be lost
        with it.
        """
        if self.hearing:
            return self.heard[-1:]
        return [one for one in reversed(self.heard) if self.step in (None, one[0])]


@dataclass(slots=True)
class Effects:
    """What a pass will write."""

    facts: list[Message] = field(default_factory=list)
    letters: dict[str, Letter] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    """With whose key each letter is sealed, by its id."""
    taken_back: list[str] = field(default_factory=list)
    let_go: list[str] = field(default_factory=list)
    timers: list[StoredTimer] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)

    def add(self, outcome: Outcome[Any], *, step: str, cause: Message) -> Sequence[Message]:
        """What a step decided on a message, and did not refuse; answers with the facts."""
        facts = messages_of(outcome, step=step, cause=cause)
        self.facts += facts
        for letter in outcome.letters:
            id_ = letter_id(cause.id, step, key=letter.key)
            self.letters[id_], self.about[id_] = letter, cause.correlation_id
        self.taken_back += outcome.takes_back
        self.let_go += outcome.lets_go
        for timer in outcome.timers:
            stored = StoredTimer(
                step=step,
                key=timer.key,
                due_at=codec.to_micros(timer.due_at),
                correlation_id=cause.correlation_id,
                message_key=cause.data.of_case or cause.key,
            )
            self.timers.append(stored)
        return facts

    def refuse(
        self,
        message: Message,
        refusal: Refusal,
        *,
        step: str,
        policy: Policy,
        original: bytes | None = None,
    ) -> Message:
        """The message becomes a dead letter of the step, and its sender is told; answers with the
        fact. What cannot be opened fails each step that hears it, and is a possible Red once.
        """
        dead = dead_message(message, refusal, step=step, original=original)
        red = possible.in_fact(message.data, policy)
        if isinstance(message.data, codec.Unopened):
            red = red and all(one.message_id != message.id for one in self.dead)
        fact = refused(dead, may_be_red=red, message_id=message.id)
        told = caused_by(message, step, fact=fact, ordinal=0)
        self.facts.append(told)
        self.dead.append(replace(dead, may_be_red=int(red)))
        if message.data.of_agency is not None:
            letter = Letter("receipt", agency=dead.agency, notice=rejected_later(dead, message))
            id_ = derived_id(dead.id, "receipt")
            self.letters[id_], self.about[id_] = letter, dead.key_id
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePass:
    """Decides messages and what they cause; what one leaves, the next one finds."""

    unit: Unit
    memories: Mapping[str, Memory[Any]]
    effects: Effects
    policy: Policy
    attempt: Attempt
    gives_way: Callable[[], None] = goes_on
    """Asked before each step; may wait, or raise :class:`PutOff`."""

    def decide(self, fresh: Sequence[Delivery], enough: Callable[[], bool] = never) -> int:
        """Decide everything, or the first until there is ``enough``; answers how many.

        Effects and memories hold what comes of it.
        """
        self._foresee([delivery.message for delivery in fresh if delivery.refusal is None])
        for number, delivery in enumerate(fresh):
            if number and enough():
                return number
            self._hear(delivery)
        return len(fresh)

    def _foresee(self, messages: Sequence[Message]) -> None:
        """Before they are decided, ask at once for what they will need."""
        kept = [one for one in self.memories.values() if isinstance(one, Documents)]
        foresee(kept, messages)
        if len(messages) > 1:  # what fails on one by itself is known by its recall
            for memory in self.memories.values():
                if memory not in kept:
                    memory.foresee(messages)

    def _hear(self, delivery: Delivery) -> None:
        """The message through its hearers, then what it caused, in the order in which it arose."""
        waiting = deque([delivery])
        while waiting:
            heard = waiting.popleft()
            for step in heard.hearers or ():
                self.gives_way()
                for fact in self._heard_by(step, heard):
                    hearers = self.unit.hearing(type(fact.data))
                    if hearers:
                        waiting.append(Delivery(0, fact, hearers=hearers))

    def _heard_by(self, step: Step[Any], heard: Delivery) -> Sequence[Message]:
        """One message through one step; answers with the facts that this causes."""
        message, refusal, given = heard.message, heard.refusal, (step.name, heard.message.id)
        self.attempt.hears(given)
        if given in self.attempt.refused:
            refusal = Refusal("undecidable")
        if refusal is not None:
            return self._refused(heard, refusal, step=step.name)
        memory = self.memories[step.name]
        outcome = decide_safely(step, message, state=memory.recall(message), policy=self.policy)
        if outcome.refusal is not None:
            return self._refused(Delivery(0, message), outcome.refusal, step=step.name)
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        return self.effects.add(outcome, step=step.name, cause=message)

    def _refused(self, heard: Delivery, refusal: Refusal, *, step: str) -> Sequence[Message]:
        """Answers with the fact; none where it is about such a fact itself, or a step that fails on
        them would hear of that for ever.
        """
        told = self.effects.refuse(
            heard.message, refusal, step=step, policy=self.policy, original=heard.original
        )
        return () if isinstance(heard.message.data, MessageRefused) else (told,)


def decide_safely(step: Step[Any], message: Message, *, state: Any, policy: Policy) -> Outcome[Any]:
    """The step's outcome; what the step cannot decide is refused, and never holds up the others."""
    try:
        return step.decide(state, message, policy)
    except Exception as error:  # noqa: BLE001 - whatever one does, the ones behind it must pass
        _log.error(
            "step.undecidable",
            step=step.name,
            message=message,
            error=type(error).__name__,
            line=traceback.extract_tb(error.__traceback__)[-1].lineno,
        )
        return Outcome(refusal=Refusal("undecidable"))


def messages_of(
    outcome: Outcome[Any], *, step: str, cause: Message, policy: Policy | None = None
) -> list[Message]:
    """The facts of an outcome as messages: also what a replay compares with what is recorded."""
    if outcome.refusal is not None:
        dead = dead_message(cause, outcome.refusal, step=step)
        red = possible.in_fact(cause.data, policy)
        fact = refused(dead, may_be_red=red, message_id=cause.id)
        return [caused_by(cause, step, fact=fact, ordinal=0)]
    return [
        caused_by(cause, step, fact=fact, ordinal=ordinal)
        for ordinal, fact in enumerate(outcome.facts)
    ]
