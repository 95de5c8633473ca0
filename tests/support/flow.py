"""Several steps that hear each other's facts, with a clock: what a run of the hub decides."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Sequence
from typing import Any, TypeVar

from router.one_pass import messages_of
from router.step import Outcome, Step
from schemas.base import Fact, Notice
from schemas.letter import Letter
from schemas.message import Message
from schemas.policy import Policy
from schemas.rating import TimerElapsed
from tests.support import given
from tests.support.given import NOON, Given

N = TypeVar("N", bound=Notice)
F = TypeVar("F", bound=Fact)


class Flow:
    """Steps of one referral. What one publishes the others hear at once, in order."""

    def __init__(self, *steps: Step[Any], policy: Policy | None = None) -> None:
        self._steps = {step.name: step for step in steps}
        self._policy = policy
        self._given: dict[tuple[str, str], Given] = {}
        self._timers: list[tuple[dt.datetime, str, str]] = []
        self.at = NOON
        self.facts: list[Fact] = []
        self.letters: list[tuple[dt.datetime, Letter]] = []
        self.refused: list[str] = []

    def send(self, *facts: Fact | Message) -> Flow:
        """What comes from outside, or from steps that are not here."""
        for fact in facts:
            self._hear(fact if isinstance(fact, Message) else given.message(fact, at=self.at))
        return self

    def until(self, at: dt.datetime) -> Flow:
        """Let this time come, with all that runs out before it."""
        while self._timers and min(self._timers)[0] <= at:
            due_at, step, key = min(self._timers)
            self._timers.remove((due_at, step, key))
            self.at = max(self.at, due_at)
            elapsed = TimerElapsed(step=step, key=key, due_at=due_at)
            self._hear(given.message(elapsed, at=self.at))
        self.at = at
        return self

    def told(self, kind: type[N], *, to: str | None = None) -> list[N]:
        """The notices of a kind so far."""
        letters = [one for _, one in self.letters if to in (None, one.agency)]
        return given.of(kind, [one.notice for one in letters])

    def of(self, kind: type[F]) -> list[F]:
        """The facts of a kind so far."""
        return given.of(kind, self.facts)

    def _hear(self, first: Message) -> None:
        waiting = deque([first])
        while waiting:
            message = waiting.popleft()
            for name, step in self._steps.items():
                if step.concerns(message):
                    waiting.extend(self._decide(name, message))

    def _decide(self, name: str, message: Message) -> Sequence[Message]:
        step = self._steps[name]
        key = (name, step.key(message))
        given_ = self._given.setdefault(key, Given(step, self._policy))
        outcome: Outcome[Any] = given_.when(message)
        self.facts += outcome.facts
        self.letters += [(self.at, letter) for letter in outcome.letters]
        self._timers += [(timer.due_at, name, timer.key) for timer in outcome.timers]
        if outcome.refusal is not None:
            self.refused.append(outcome.refusal.reason)
        return messages_of(outcome, step=name, cause=message)
