"""Units whose steps fail where a test says, and units that tell what their steps were given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from router.memory.documents import Memory
from router.step import Outcome, Step, Timer
from router.unit import BoundStep, Unit
from schemas.case import ChildLinked
from schemas.message import Message
from schemas.policy import Policy
from stores.database import Transaction
from tests.support.given import NOON

Heard = list[tuple[str, str]]
"""Steps with the ids of the messages that they decided on."""

Wanted = Callable[[Message], bool]

PLACES = ("foresee", "recall", "remember", "flush", "record")
"""Where a step can fail outside its decision: ``flush`` and ``record`` give the database what it
refuses, of what is remembered and of what is recorded.
"""


class FaultInTest(Exception):
    """What goes wrong."""


def first_child() -> Wanted:
    """The first child that is linked, whenever the fact comes again."""
    seen: list[str] = []

    def wanted(message: Message) -> bool:
        if isinstance(message.data, ChildLinked):
            seen.append(message.id)
        return message.id in seen[:1]

    return wanted


def listening(unit: Unit, heard: Heard) -> Unit:
    """The same unit; what its steps decide on is noted in ``heard``."""

    def noting(step: Step[Any]) -> Step[Any]:
        def decide(state: Any, message: Message, policy: Policy) -> Outcome[Any]:
            heard.append((step.name, message.id))
            return step.decide(state, message, policy)

        return replace(step, decide=decide)

    return Unit(unit.name, tuple(replace(one, step=noting(one.step)) for one in unit.steps))


def failing(unit: Unit, name: str, *, at: str, on: Wanted) -> Unit:
    """The same unit; one step fails at a place on the messages that are wanted."""

    def changed(bound: BoundStep) -> BoundStep:
        if bound.step.name != name:
            return bound
        if at == "record":
            return replace(bound, step=_recording_nonsense(bound.step, on))
        return replace(bound, memory=lambda step, view: _Faulty(bound.memory(step, view), at, on))

    return Unit(unit.name, tuple(map(changed, unit.steps)))


def _recording_nonsense(step: Step[Any], on: Wanted) -> Step[Any]:
    """The step, asking for a time under a key that no database takes: half a character."""

    def decide(state: Any, message: Message, policy: Policy) -> Outcome[Any]:
        outcome = step.decide(state, message, policy)
        return replace(outcome, timers=(Timer(NOON, "\ud800"),)) if on(message) else outcome

    return replace(step, decide=decide)


class _Faulty:
    """A memory that fails at one place."""

    def __init__(self, memory: Memory[Any], at: str, on: Wanted) -> None:
        self._memory, self._at, self._on = memory, at, on
        self._spoilt = False

    def foresee(self, messages: Sequence[Message]) -> None:
        if self._at == "foresee" and any(map(self._on, messages)):
            raise FaultInTest
        self._memory.foresee(messages)

    def recall(self, message: Message) -> Any:
        if self._at in ("recall", "foresee") and self._on(message):
            raise FaultInTest
        return self._memory.recall(message)

    def remember(self, message: Message, state: Any) -> None:
        if self._at == "remember" and self._on(message):
            raise FaultInTest
        self._spoilt |= self._at == "flush" and self._on(message)
        self._memory.remember(message, state)

    def flush(self, transaction: Transaction) -> None:
        self._memory.flush(transaction)
        if self._spoilt:
            refused = "INSERT INTO states (step, key, version, body) VALUES ('', '', :version, '')"
            transaction.connection.execute(text(refused), {"version": 2**70})
