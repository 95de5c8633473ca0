"""A process of a replay: every message that its steps heard goes through them again."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.look.replay_found import Found
from ops.look.replay_heard import Handed, Heard, content_of
from ops.look.replay_journal import Journal
from ops.look.replay_memory import memories
from ops.look.replay_report import Wanted
from ops.look.replay_steps import Share
from router.one_pass import decide_safely, messages_of
from router.step import Outcome, Step
from router.unit import unit_of_chain
from schemas.message import Message
from schemas.policy import Policy
from schemas.rating import TimerElapsed
from schemas.refusals import Refusal
from stores import codec, policies, replaying
from stores.database import View
from stores.replaying import Claim, Place, Recorded


class Again:
    """Decides for the steps of a share, in the order in which they heard what they heard."""

    def __init__(self, view: View, share: Share, wanted: Wanted, *, last: int) -> None:
        self._share, self._found = share, Found(wanted)
        self._policies: Mapping[int, Policy] = policies.all_adopted(view.connection)
        self._undecidable = replaying.undecidable(view.connection)
        self._memories = memories(share.steps)
        self._journal = Journal(view, share, self._found, last=last)
        self._before: defaultdict[str, list[Heard]] = defaultdict(list)
        """What the processes before made of each message."""
        self._handed_on: list[Handed] = []

    def decide(self, claims: Sequence[Claim], handed: Sequence[Handed]) -> list[Handed]:
        """Put each claimed message through its unit's steps, with what the processes before made of
        it; answers what the processes behind need to know.
        """
        self._handed_on = []
        for one in handed:
            self._take(one)
        for claim in claims:
            if claim.policy and self._share.has_steps_of(claim.unit):
                self._hear(claim)
        self._before.clear()
        for memory in self._memories.values():
            memory.flush()
        return self._handed_on

    def finish(self) -> Found:
        """What was found, once everything is decided."""
        self._journal.close()
        return self._found

    def _take(self, one: Handed) -> None:
        heard = one.heard()
        self._before[one.cause].append(heard)
        if self._share.is_heard_later(one.unit, one.type):
            self._journal.keep(heard)

    def _hear(self, claim: Claim) -> None:
        """A message through the steps of its unit, and what it causes, as one pass did it."""
        first = self._journal.heard(claim.message_id, claim.unit)
        if first is None:
            return
        unit, policy = claim.unit, self._policies[claim.policy]
        waiting, steps = deque([first]), self._hearing(claim, first)
        while waiting:
            heard = waiting.popleft()
            if heard is not first:
                steps = self._share.hearing(unit, heard.type)
            waiting.extend(self._before.pop(heard.id, ()))
            for caused in self._caused(heard, steps, policy):
                waiting.append(caused)
                self._pass_on(caused, heard)

    def _hearing(self, claim: Claim, first: Heard) -> Sequence[Step[Any]]:
        steps = self._share.hearing(claim.unit, first.type, (*claim.had_by, first.unit))
        if first.type != TimerElapsed.type or (message := first.opened()) is None:
            return steps
        return [step for step in steps if step.concerns(message)]

    def _caused(
        self, heard: Heard, steps: Sequence[Step[Any]], policy: Policy
    ) -> Iterator[Heard]:
        """What these steps make of a message, as the steps behind heard it."""
        if not steps:
            return
        message = heard.opened()
        if message is None:
            self._found.erased.add(heard.id)
            return
        for step in steps:
            for caused in self._decide(step, message, policy):
                kept = self._compared(caused, heard.place)
                if kept is not None:
                    yield kept

    def _decide(self, step: Step[Any], message: Message, policy: Policy) -> list[Message]:
        outcome: Outcome[Any]
        if (step.name, message.id) in self._undecidable:
            outcome = Outcome(refusal=Refusal("undecidable"))
        else:
            memory = self._memories[step.name]
            outcome = decide_safely(step, message, state=memory.recall(message), policy=policy)
            if outcome.state is not None:
                memory.remember(message, outcome.state)
        return messages_of(outcome, step=step.name, cause=message)

    def _compared(self, caused: Message, cause: Place) -> Heard | None:
        """Compare with what is recorded; answers what the steps behind heard.

        Where they differ, that is what is recorded: one difference is not to look like many.
        """
        recorded = self._journal.partner(caused.id)
        if recorded is None:
            self._found.note_missing(caused, cause)
            return None
        verdict = _verdict(caused, recorded)
        self._found.note(verdict, recorded)
        if verdict == "erased":
            self._found.erased.add(caused.id)
        kept = caused if verdict == "equal" else recorded.open()
        if kept is None:
            return None
        unit = unit_of_chain(recorded.row.chain)
        return Heard(kept.id, kept.data.type, unit, recorded.place, lambda: kept, kept)

    def _pass_on(self, caused: Heard, cause: Heard) -> None:
        share, type_ = self._share, caused.type
        if share.is_handed_on(type_):
            message = caused.opened() if share.is_heard_behind(type_) else None
            content = content_of(message) if message is not None else None
            handed = Handed(caused.unit, cause.id, caused.id, type_, caused.place, content)
            self._handed_on.append(handed)
        if share.is_heard_later(caused.unit, type_):
            self._journal.keep(caused)


def _verdict(caused: Message, recorded: Recorded) -> str:
    if not recorded.same_envelope(caused):
        return "different"
    if recorded.key is None:
        return "erased"
    digest = recorded.key.digest(codec.encode(caused.data))
    return "equal" if digest == recorded.row.digest else "different"
