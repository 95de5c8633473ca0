"""Messages through one step, in one transaction: the only place where what a step decides becomes
lasting.

In order (design, section 3): lock the consumer's cursor, skip what was done, never jump a gap,
claim in the inbox, decide, record facts or a dead letter, queue what leaves, set timers, advance
the cursor; commit; only then acknowledge.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from router.memory.documents import Memory
from router.step import Outcome, Refusal, Step, letter_id
from schemas.message import Message, caused_by, derived_id
from schemas.notification import MessageRefused, Receipt, ReceiptStatus
from schemas.policy import Policy
from schemas.refusals import REASONS
from stores import codec, cursors, dead_letters, inbox, journal, queues, timers
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetter
from stores.queues import Outgoing
from stores.timers import StoredTimer

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy in force, with the number under which the store keeps it."""

    number: int
    value: Policy


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A step with the memory that serves it. ``serial``: its batches wait for each other across
    partitions.
    """

    step: Step[Any]
    memory: Callable[[Step[Any], Transaction], Memory[Any]]
    serial: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """A message at its offset in a topic; the journal's position where the journal is the topic.

    With ``refusal`` it becomes a dead letter, whatever the step hears: it cannot be read, or was
    the step's undoing. ``original`` is then kept, where the message itself does not say what came.
    """

    offset: int
    message: Message
    refusal: Refusal | None = None
    original: bytes | None = None


class Gap(Exception):
    """An offset is missing between what was done and what came; nothing was recorded. Read the
    hole, then this.
    """

    def __init__(self, expected: int) -> None:
        super().__init__(f"offset {expected} is missing")
        self.expected = expected


@dataclass(slots=True)
class _Effects:
    """What a batch will write."""

    facts: list[Message] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    taken_back: list[str] = field(default_factory=list)
    timers: list[StoredTimer] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def handle(
    bound: BoundStep,
    deliveries: Sequence[Delivery],
    *,
    consumer: str,
    database: Database,
    policy: Adopted,
    dense: bool = False,
) -> int:
    """Put a batch through a step; answers how many messages were new to it.

    ``dense``: offsets count without holes, so a hole is a loss and raises :class:`Gap`. Raises
    ``Unavailable`` when the store cannot be written; then nothing was done, and the same batch can
    be handled again.
    """
    if not deliveries:
        return 0
    with database.transaction() as transaction:
        if bound.serial:
            transaction.serialise(bound.step.name)
        cursor = cursors.lock(transaction, consumer)
        due = [delivery for delivery in deliveries if delivery.offset >= cursor.next_offset]
        if dense:
            _refuse_gaps(due, cursor.next_offset)
        fresh = _fresh(transaction, bound.step, due, policy)
        effects = _decide_all(bound, fresh, transaction, policy)
        _record(transaction, cursor, effects)
        if due:
            cursor.next_offset = due[-1].offset + 1
        cursors.store(transaction, cursor)
    return len(fresh)


def _refuse_gaps(due: Sequence[Delivery], expected: int) -> None:
    for delivery in due:
        if delivery.offset != expected:
            raise Gap(expected)
        expected += 1


def _fresh(
    transaction: Transaction, step: Step[Any], due: Sequence[Delivery], policy: Adopted
) -> Sequence[Delivery]:
    concerned = {
        one.message.id: one for one in due if one.refusal is not None or step.concerns(one.message)
    }
    new = inbox.claim(transaction, step.name, list(concerned), policy=policy.number)
    return [delivery for id_, delivery in concerned.items() if id_ in new]


def _decide_all(
    bound: BoundStep, fresh: Sequence[Delivery], transaction: Transaction, policy: Adopted
) -> _Effects:
    effects = _Effects()
    memory = bound.memory(bound.step, transaction)
    memory.prefetch([delivery.message for delivery in fresh if delivery.refusal is None])
    for delivery in fresh:
        message = delivery.message
        if delivery.refusal is not None:
            _refuse(effects, bound.step, message, delivery.refusal, original=delivery.original)
            continue
        outcome = decide_safely(bound.step, memory.recall(message), message, policy.value)
        if outcome.state is not None:
            memory.remember(message, outcome.state)
        _collect(effects, bound.step, message, outcome)
    memory.flush()
    return effects


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


def _collect(effects: _Effects, step: Step[Any], message: Message, outcome: Outcome[Any]) -> None:
    if outcome.refusal is not None:
        _refuse(effects, step, message, outcome.refusal)
        return
    effects.facts += messages_of(step, message, outcome)
    for ordinal, dispatch in enumerate(outcome.dispatches):
        id_ = letter_id(message.id, step.name, ordinal)
        effects.outgoing.append(Outgoing(id_, dispatch.agency, dispatch.notice))
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


def messages_of(step: Step[Any], cause: Message, outcome: Outcome[Any]) -> list[Message]:
    """The facts of an outcome as messages: also what a replay compares with what is recorded."""
    if outcome.refusal is not None:
        return [caused_by(cause, step.name, _refused(step, cause, outcome.refusal), 0)]
    return [
        caused_by(cause, step.name, fact, ordinal) for ordinal, fact in enumerate(outcome.facts)
    ]


def _refused(step: Step[Any], message: Message, refusal: Refusal) -> MessageRefused:
    return MessageRefused(
        dead_letter_id=derived_id(message.id, step.name, "dead"),
        agency=message.data.of_agency or "mash-hub",
        reason=refusal.reason,
        field=refusal.field,
        step=step.name,
    )


def _refuse(
    effects: _Effects,
    step: Step[Any],
    message: Message,
    refusal: Refusal,
    *,
    original: bytes | None = None,
) -> None:
    fact = _refused(step, message, refusal)
    event = "application/cloudevents+json"
    effects.facts.append(caused_by(message, step.name, fact, 0))
    effects.dead.append(
        DeadLetter(
            id=fact.dead_letter_id,
            agency=fact.agency,
            connector=message.source,
            step=step.name,
            message_id=message.id,
            reason=fact.reason,
            field=fact.field,
            content_type=event
            if original is not None
            else f"application/vnd.mash.fact+json;type={message.type}",
            original=codec.encode(message.data) if original is None else original,
            # What cannot be read may be so because its key was destroyed: it is sealed with one of
            # its own.
            key_id=codec.key_id_of(message) if original is None else fact.dead_letter_id,
        )
    )
    if message.data.of_agency is not None:
        receipt = _receipt(fact, message)
        effects.outgoing.append(
            Outgoing(derived_id(fact.dead_letter_id, "receipt"), fact.agency, receipt)
        )


def _receipt(fact: MessageRefused, message: Message) -> Receipt:
    reason = REASONS[fact.reason]
    return Receipt(
        status=ReceiptStatus.REJECTED,
        id=fact.dead_letter_id,
        message_id=message.id,
        reason=fact.reason,
        field=fact.field,
        explanation=reason.cause,
        cure=reason.cure,
    )


def _record(transaction: Transaction, cursor: cursors.Cursor, effects: _Effects) -> None:
    journal.append(transaction, cursor, effects.facts)
    queues.post(transaction, effects.outgoing)
    queues.take_back(transaction, effects.taken_back)
    timers.start(transaction, effects.timers)
    dead_letters.bury(transaction, effects.dead)
