"""One pass: messages through the steps that a worker serves, and all that follows from them, once.

A message is decided by every step of the unit that hears it, so are the facts that this causes, and
so on until nothing is left to hear; then comes the next message. Everything is written at the end,
in the transaction of whoever called: the only place where what a step decides becomes lasting.

In order (design, section 3): lock the consumer's cursor, skip what was done, never jump a gap, note
what was heard, decide, record facts or a dead letter, queue what leaves, set timers, advance the
cursor. The caller commits, and acknowledges only then.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property
from typing import Any

import structlog

from router.memory.documents import Memory
from router.refuse import dead_message, refused, rejected
from router.step import Outcome, Step
from schemas.base import Fact
from schemas.letter import Letter, letter_id
from schemas.message import Message, caused_by, derived_id
from schemas.policy import Policy
from schemas.refusals import Refusal
from stores import codec, cursors, dead_letters, inbox, journal, queues, timers
from stores.database import Transaction, View
from stores.dead_letters import DeadLetter
from stores.timers import StoredTimer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy in force, with the number under which the store keeps it."""

    number: int
    value: Policy


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A step with the memory that serves it.

    ``serial``: its passes wait for each other across partitions.
    """

    step: Step[Any]
    memory: Callable[[Step[Any], View], Memory[Any]]
    serial: bool = False


@dataclass(frozen=True)
class Unit:
    """The steps that one worker serves, in the order of the flow.

    ``name`` begins the names of its cursors and chains: whoever reads the journal can tell from a
    fact's chain which steps have heard it already.
    """

    name: str
    steps: tuple[BoundStep, ...]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of its steps."""
        return frozenset(bound.step.name for bound in self.steps)

    @cached_property
    def heard(self) -> frozenset[str]:
        """The types of fact that any of its steps hears."""
        return frozenset(fact.type for bound in self.steps for fact in bound.step.hears)

    @cached_property
    def _hearers(self) -> dict[type[Fact], tuple[Step[Any], ...]]:
        return {}

    def hearing(self, fact: type[Fact]) -> tuple[Step[Any], ...]:
        """The steps that hear facts of this type."""
        known = self._hearers.get(fact)
        if known is None:
            known = self.hearing_any(lambda heard: heard is fact)
            self._hearers[fact] = known
        return known

    def hearing_any(self, wanted: Callable[[type[Fact]], bool]) -> tuple[Step[Any], ...]:
        """The steps that hear a type of fact that is wanted."""
        return tuple(bound.step for bound in self.steps if any(map(wanted, bound.step.hears)))


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


class Offsets(Enum):
    """What the offsets of deliveries are."""

    JOURNAL = "journal"
    """Positions of the journal, which is the topic: all that others wrote comes in order."""
    TOPIC = "topic"
    """Of a partition of Kafka: without holes, so a hole is a loss; but a message may come twice."""
    LEFT = "left"
    """Positions of single messages that other units had not heard when this one took over."""


class Gap(Exception):
    """An offset is missing between what was done and what came; nothing was recorded.

    Read the hole, then this.
    """

    def __init__(self, expected: int) -> None:
        super().__init__(f"offset {expected} is missing")
        self.expected = expected


@dataclass(slots=True)
class Attempt:
    """What a pass is told and tells beside its deliveries: steps with the ids of messages.

    ``refused``: what a step is not to be given again, caused messages too. ``heard``: what steps
    were given, in order; where the pass fails, the last ones are to be suspected.
    """

    refused: Collection[tuple[str, str]] = ()
    heard: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class _Effects:
    """What a pass will write."""

    facts: list[Message] = field(default_factory=list)
    letters: dict[str, Letter] = field(default_factory=dict)
    taken_back: list[str] = field(default_factory=list)
    timers: list[StoredTimer] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


@dataclass(slots=True)
class Decided:
    """What a unit decided and has still to be recorded, all or none of it."""

    unit: Unit
    cursor: cursors.Cursor
    """Where the consumer stood when this was decided."""
    fresh: Sequence[Delivery]
    due: Sequence[Delivery]
    offsets: Offsets
    policy: Adopted
    effects: _Effects
    memories: Sequence[Memory[Any]]


def handle(
    unit: Unit,
    deliveries: Sequence[Delivery],
    *,
    consumer: str,
    transaction: Transaction,
    policy: Adopted,
    offsets: Offsets = Offsets.JOURNAL,
    attempt: Attempt | None = None,
) -> int:
    """Put messages through the unit's steps; answers how many were new to it.

    Raises :class:`Gap`, and ``Unavailable`` when the store cannot be written; then the caller's
    transaction is lost, and the same messages can be handled again.
    """
    for bound in unit.steps:
        if bound.serial:
            transaction.serialise(bound.step.name)
    cursor = cursors.lock(transaction, consumer)
    decided = decide(
        unit,
        deliveries,
        cursor=cursor,
        view=transaction,
        policy=policy,
        offsets=offsets,
        attempt=attempt,
    )
    record(decided, transaction)
    return len(decided.fresh)


def decide(
    unit: Unit,
    deliveries: Sequence[Delivery],
    *,
    cursor: cursors.Cursor,
    view: View,
    policy: Adopted,
    offsets: Offsets = Offsets.JOURNAL,
    attempt: Attempt | None = None,
) -> Decided:
    """Decide messages and all that they cause, by what the view shows; nothing is written."""
    due = _due(deliveries, cursor.next_offset, offsets)
    fresh = _fresh(unit, due, view)
    effects = _Effects()
    memories = {bound.step.name: bound.memory(bound.step, view) for bound in unit.steps}
    _Pass(unit, memories, effects, policy.value, attempt or Attempt()).decide(fresh)
    return Decided(unit, cursor, fresh, due, offsets, policy, effects, list(memories.values()))


def record(decided: Decided, transaction: Transaction) -> None:
    """Write what was decided, once; the cursor must stand where it stood then."""
    cursor = decided.cursor
    _note(decided, transaction)
    for memory in decided.memories:
        memory.flush(transaction)
    _write(decided.effects, transaction, cursor)
    if decided.due and decided.offsets is not Offsets.LEFT:
        cursor.next_offset = decided.due[-1].offset + 1
    cursors.store(transaction, cursor)


def _due(deliveries: Sequence[Delivery], expected: int, offsets: Offsets) -> Sequence[Delivery]:
    if offsets is Offsets.LEFT:
        return deliveries
    due = [delivery for delivery in deliveries if delivery.offset >= expected]
    if offsets is Offsets.TOPIC:
        _refuse_gaps(due, expected)
    return due


def _refuse_gaps(due: Sequence[Delivery], expected: int) -> None:
    for delivery in due:
        if delivery.offset != expected:
            raise Gap(expected)
        expected += 1


# --- what of it is new


def _fresh(unit: Unit, due: Sequence[Delivery], view: View) -> list[Delivery]:
    """Each message once, with those of the unit's steps that have not had it yet."""
    once = {delivery.message.id: delivery for delivery in due}
    had = inbox.had(view, list(once))
    caused = [id_ for id_, one in once.items() if one.message.causation_id is not None]
    for id_, chain in journal.chains_of(view, caused).items():
        had.setdefault(id_, set()).add(chain.partition("/")[0])
    found = (_unheard(unit, one, had.get(id_, ())) for id_, one in once.items())
    return [delivery for delivery in found if delivery.hearers]


def _unheard(unit: Unit, delivery: Delivery, had: Collection[str]) -> Delivery:
    hearers = delivery.hearers
    if hearers is None:
        message = delivery.message
        concerned = (step for step in unit.hearing(type(message.data)) if step.concerns(message))
        hearers = tuple(concerned)
    if had:
        hearers = tuple(step for step in hearers if not any(serves(one, step.name) for one in had))
    return replace(delivery, hearers=hearers)


def alone(bound: BoundStep) -> Unit:
    """A unit of one step."""
    return Unit(bound.step.name, (bound,))


ALL = "all"
"""The unit of every step."""


def unit_name(steps: Collection[str], *, of: int) -> str:
    """What the unit of these steps is called, out of so many."""
    return ALL if len(steps) == of else "+".join(steps)


def serves(unit: str, step: str) -> bool:
    """Whether the unit of this name serves the step."""
    return unit == ALL or step in unit.split("+")


def _note(decided: Decided, transaction: Transaction) -> None:
    """Note what was heard: message by message, or as a range where the journal is the topic."""
    unit, policy = decided.unit.name, decided.policy.number
    if decided.offsets is not Offsets.JOURNAL:
        ids = [delivery.message.id for delivery in decided.fresh]
        inbox.note(transaction, unit, ids, policy=policy)
    elif decided.fresh:
        after, upto = decided.cursor.next_offset - 1, decided.fresh[-1].offset
        inbox.note_range(transaction, unit, after=after, upto=upto, policy=policy)


# --- deciding


@dataclass(frozen=True, slots=True)
class _Pass:
    """Decides messages and what they cause, in memory; what one leaves, the next one finds."""

    unit: Unit
    memories: Mapping[str, Memory[Any]]
    effects: _Effects
    policy: Policy
    attempt: Attempt

    def decide(self, fresh: Sequence[Delivery]) -> None:
        """Decide everything; the effects and memories hold what comes of it."""
        messages = [delivery.message for delivery in fresh if delivery.refusal is None]
        for memory in self.memories.values():
            memory.foresee(messages)
        for delivery in fresh:
            self._hear(delivery)

    def _hear(self, delivery: Delivery) -> None:
        """The message through its hearers, then what it caused, in the order in which it arose."""
        waiting = deque([delivery])
        while waiting:
            heard = waiting.popleft()
            for step in heard.hearers or ():
                waiting += self._heard_by(step, heard)

    def _heard_by(self, step: Step[Any], heard: Delivery) -> list[Delivery]:
        """One message through one step; what the unit's steps hear of what this causes."""
        message, refusal, given = heard.message, heard.refusal, (step.name, heard.message.id)
        self.attempt.heard.append(given)
        if given in self.attempt.refused:
            refusal = Refusal("undecidable")
        if refusal is not None:
            _refuse(self.effects, step, message, refusal, original=heard.original)
            return []
        memory = self.memories[step.name]
        outcome = decide_safely(step, memory.recall(message), message, self.policy)
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        return [self._caused(fact) for fact in _collect(self.effects, step, message, outcome)]

    def _caused(self, fact: Message) -> Delivery:
        return Delivery(0, fact, hearers=self.unit.hearing(type(fact.data)))


def decide_safely(step: Step[Any], state: Any, message: Message, policy: Policy) -> Outcome[Any]:
    """The step's outcome; a message that the step cannot decide is refused, so that it never holds
    up the others.
    """
    try:
        return step.decide(state, message, policy)
    except Exception as error:  # noqa: BLE001 - whatever one message does to a step, the ones behind it must pass
        where = traceback.extract_tb(error.__traceback__)[-1]
        _log.error(
            "step.undecidable",
            step=step.name,
            message_id=message.id,
            error=type(error).__name__,
            line=where.lineno,
        )
        return Outcome(refusal=Refusal("undecidable"))


def _collect(
    effects: _Effects, step: Step[Any], message: Message, outcome: Outcome[Any]
) -> Sequence[Message]:
    """Add what was decided to the effects; answers with the facts."""
    if outcome.refusal is not None:
        _refuse(effects, step, message, outcome.refusal)
        return ()
    facts = messages_of(step, message, outcome)
    effects.facts += facts
    for letter in outcome.letters:
        effects.letters[letter_id(message.id, step.name, key=letter.key)] = letter
    effects.taken_back += outcome.takes_back
    for timer in outcome.timers:
        effects.timers.append(
            StoredTimer(
                step=step.name,
                key=timer.key,
                due_at=codec.to_micros(timer.due_at),
                correlation_id=message.correlation_id,
                message_key=message.data.of_case or message.key,
            )
        )
    return facts


def messages_of(step: Step[Any], cause: Message, outcome: Outcome[Any]) -> list[Message]:
    """The facts of an outcome as messages: also what a replay compares with what is recorded."""
    if outcome.refusal is not None:
        fact = refused(dead_message(cause, outcome.refusal, step=step.name))
        return [caused_by(cause, step.name, fact, 0)]
    return [
        caused_by(cause, step.name, fact, ordinal) for ordinal, fact in enumerate(outcome.facts)
    ]


def _refuse(
    effects: _Effects,
    step: Step[Any],
    message: Message,
    refusal: Refusal,
    *,
    original: bytes | None = None,
) -> None:
    dead = dead_message(message, refusal, step=step.name, original=original)
    effects.facts.append(caused_by(message, step.name, refused(dead), 0))
    effects.dead.append(dead)
    if message.data.of_agency is not None:
        receipt_id = derived_id(dead.id, "receipt")
        letter = Letter("receipt", agency=dead.agency, notice=rejected(dead))
        effects.letters[receipt_id] = letter


def _write(effects: _Effects, transaction: Transaction, cursor: cursors.Cursor) -> None:
    journal.append(transaction, cursor, effects.facts)
    queues.post(transaction, effects.letters)
    queues.take_back(transaction, effects.taken_back)
    timers.start(transaction, effects.timers)
    dead_letters.bury(transaction, effects.dead)
