"""A process of a replay: every message that its steps heard goes through them again."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ops.look.replay_found import Found
from ops.look.replay_heard import Handed, Heard, content_of
from ops.look.replay_journal import Journal
from ops.look.replay_memory import Kept, KeptPeople
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
from stores.replaying import Claim, JournalPosition, Recorded

Page = Sequence[tuple[Claim, Sequence[Handed]]]
"""What units had, in its order, each with what the steps before made of it in the same pass."""


class Again:
    """Decides for the steps of a share, in the order in which they heard what they heard."""

    def __init__(
        self, view: View, share: Share, *, found: Found, journal: Journal, memories: Kept
    ) -> None:
        self._share, self._found = share, found
        self._policies: Mapping[int, Policy] = policies.all_adopted(view.connection)
        self._undecidable = replaying.undecidable(view.connection)
        self._memories, self._journal = memories, journal

    def decide(self, page: Page) -> Page:
        """Put each claimed message through its unit's steps, with what a process before made of it;
        answers with what a process behind needs to know.
        """
        answer = [(claim, self._decided(claim, handed)) for claim, handed in page]
        for memory in self._memories.values():
            memory.flush()
        return answer

    def finish(self) -> Found:
        """What was found, once everything is decided."""
        self._journal.close()
        return self._found

    def _decided(self, claim: Claim, handed: Sequence[Handed]) -> list[Handed]:
        before: defaultdict[str, list[Heard]] = defaultdict(list)
        for one in handed:
            heard = one.heard()
            before[one.cause].append(heard)
            self._keep_for_later(heard)
        if not claim.policy or not self._share.has_steps_of(claim.unit):
            return []
        first = self._journal.heard(claim.message_id, claim.unit)
        return [] if first is None else list(self._hear(claim, first, before=before))

    def _hear(
        self, claim: Claim, first: Heard, *, before: dict[str, list[Heard]]
    ) -> Iterator[Handed]:
        """A message through the steps of its unit, and what it causes, as one pass did it."""
        policy = self._policies[claim.policy]
        waiting, steps = deque([first]), self._hearing(claim, first)
        while waiting:
            heard = waiting.popleft()
            if heard is not first:
                steps = self._share.hearing(claim.unit, heard.type)
            waiting.extend(before.get(heard.id, ()))
            for caused in self._caused(heard, steps, policy=policy):
                waiting.append(caused)
                self._keep_for_later(caused)
                if self._share.is_handed_on(caused.type):
                    yield self._handed_on(caused, heard)

    def _hearing(self, claim: Claim, first: Heard) -> Sequence[Step[Any]]:
        steps = self._share.hearing(claim.unit, first.type, had_by=(*claim.had_by, first.unit))
        if first.type != TimerElapsed.type or (message := first.opened()) is None:
            return steps
        return [step for step in steps if step.concerns(message)]

    def _caused(
        self, heard: Heard, steps: Sequence[Step[Any]], *, policy: Policy
    ) -> Iterator[Heard]:
        """What these steps make of a message, as the steps behind heard it."""
        if not steps:
            return
        message = heard.opened()
        if message is None:
            self._found.erased.add(heard.id)
            return
        for step in steps:
            for caused in self._decide(step, message, policy=policy):
                kept = self._compared(caused, heard.place)
                if kept is not None:
                    yield kept

    def _decide(self, step: Step[Any], message: Message, *, policy: Policy) -> list[Message]:
        outcome: Outcome[Any]
        if (step.name, message.id) in self._undecidable:
            outcome = Outcome(refusal=Refusal("undecidable"))
        else:
            memory = self._memories[step.name]
            if isinstance(memory, KeptPeople):
                memory.rules = policy.linkage_rules
            outcome = decide_safely(step, message, state=memory.recall(message), policy=policy)
            if outcome.state is not None:
                memory.remember(message, outcome.state)
        return messages_of(outcome, step=step.name, cause=message, policy=policy)

    def _compared(self, caused: Message, cause: JournalPosition) -> Heard | None:
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

    def _keep_for_later(self, heard: Heard) -> None:
        if self._share.is_heard_later(heard.unit, heard.type):
            self._journal.keep(heard)

    def _handed_on(self, caused: Heard, cause: Heard) -> Handed:
        message = caused.opened() if self._share.is_heard_behind(caused.type) else None
        content = None if message is None else content_of(message)
        return Handed(cause.id, caused.id, caused.type, caused.unit, caused.place, content)


def _verdict(caused: Message, recorded: Recorded) -> str:
    if not recorded.same_envelope(caused):
        return "different"
    if recorded.key is None:
        return "erased"
    digest = recorded.key.digest(codec.encode(caused.data))
    return "equal" if digest == recorded.row.digest else "different"
