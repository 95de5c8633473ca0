"""Messages through a unit of steps, and what they cause, made lasting.

In order: lock the consumer's cursor, skip what was done, never jump a gap, decide in one pass, note
what was heard, record facts or a dead letter, queue what leaves, set timers, advance the cursor.
The caller's transaction makes all of it last or none; it commits, and acknowledges only then. The
embedded hub decides a page before it opens the transaction, and comes here to record it
(:func:`record`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from router.lane import Lane
from router.one_pass import Attempt, Delivery, Effects, OnePass, goes_on, never
from router.unit import ALL, Unit, serves, unit_of_chain
from schemas.changes import ProductChange
from schemas.policy import Policy
from stores import cursors, dead_letters, inbox, journal, queues, timers
from stores.database import Transaction, View
from stores.traces import Heard


@dataclass(frozen=True, slots=True)
class Adopted:
    """A policy in force, with the number under which the store keeps it."""

    number: int
    value: Policy


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What a unit decided and has still to be recorded, all or none of it."""

    one_pass: OnePass
    """Has the unit, what comes of it, and what its steps remember from now on."""
    cursor: cursors.Cursor
    """Where the consumer stood when this was decided."""
    fresh: Sequence[Delivery]
    due: Sequence[Delivery]
    offsets: Offsets
    policy: Adopted
    began: int
    """When deciding it began, in nanoseconds since 1970."""


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
    enough: Callable[[], bool] = never,
    gives_way: Callable[[], None] = goes_on,
) -> Decided:
    """Decide messages and all that they cause, by what the view shows; nothing is written.

    As soon as there is ``enough``, those that are left stay for the next time. ``gives_way`` is
    asked before each step, and may raise ``PutOff``.
    """
    began = time.time_ns()
    due = _due(deliveries, offsets, expected=cursor.next_offset)
    fresh = _fresh(unit, due, view=view, offsets=offsets)
    attempt = attempt or Attempt()
    one_pass = _pass_of(unit, view, policy=policy.value, attempt=attempt, gives_way=gives_way)
    count = one_pass.decide(fresh, enough)
    if count < len(fresh):
        due = [delivery for delivery in due if delivery.offset < fresh[count].offset]
    return Decided(
        one_pass=one_pass,
        cursor=cursor,
        fresh=fresh[:count],
        due=due,
        offsets=offsets,
        policy=policy,
        began=began,
    )


def _pass_of(
    unit: Unit,
    view: View,
    *,
    policy: Policy,
    attempt: Attempt,
    gives_way: Callable[[], None],
) -> OnePass:
    return OnePass(
        unit=unit,
        memories={bound.step.name: bound.memory(bound.step, view) for bound in unit.steps},
        effects=Effects(),
        policy=policy,
        attempt=attempt,
        gives_way=gives_way,
    )


def record(decided: Decided, transaction: Transaction) -> None:
    """Write what was decided, once; the cursor must stand where it stood then."""
    cursor, one_pass = decided.cursor, decided.one_pass
    effects, attempt = one_pass.effects, one_pass.attempt
    _note(decided, transaction)
    for step, memory in one_pass.memories.items():
        attempt.writes(step)
        memory.flush(transaction)
    attempt.writes(None)
    lane = Lane.of(decided.policy.value.profile)
    ahead = _ahead(effects, transaction, lane=lane)
    journal.append(transaction, cursor, messages=effects.facts, ahead=ahead)
    _send(effects, transaction, lane=lane)
    queues.let_go(transaction, effects.let_go)
    timers.start(transaction, effects.timers)
    dead_letters.bury(transaction, effects.dead)
    if decided.due and decided.offsets is not Offsets.LEFT:
        cursor.next_offset = decided.due[-1].offset + 1
    cursors.store(transaction, cursor)
    if transaction.noted is not None:
        transaction.noted.began = min(transaction.noted.began, decided.began)
        unit = one_pass.unit.name
        heard = (Heard(one.message, unit, one.carried) for one in decided.fresh)
        transaction.noted.heard += heard


def _ahead(effects: Effects, transaction: Transaction, *, lane: Lane) -> Collection[str]:
    """The facts that others are to hear before all else; where there are no others, none."""
    if transaction.keeps_outbox:
        return lane.ahead(transaction, effects.facts)
    lane.note(transaction, effects.facts)
    return ()


def _send(effects: Effects, transaction: Transaction, *, lane: Lane) -> None:
    """Queue what leaves, and take back what is not to; who never had a letter in hand that is taken
    back is not told so.
    """
    letters = effects.letters.items()
    red = {id_ for id_, letter in letters if lane.takes(letter.notice)}
    at_once = {id_: one for id_, one in letters if one.after is None}
    queues.post(transaction, at_once, about=effects.about, red=red)
    unseen = queues.take_back(transaction, effects.taken_back)
    after = {id_: one for id_, one in letters if one.after and one.after not in unseen}
    queues.post(transaction, after, about=effects.about, red=red)
    changes = {id_: one for id_, one in letters if isinstance(one.notice, ProductChange)}
    if ahead := {id_: one for id_, one in changes.items() if id_ in red}:
        queues.take_along(transaction, ahead, about=effects.about)


def _due(deliveries: Sequence[Delivery], offsets: Offsets, *, expected: int) -> Sequence[Delivery]:
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


def _fresh(unit: Unit, due: Sequence[Delivery], *, view: View, offsets: Offsets) -> list[Delivery]:
    """Each message once, with those of the unit's steps that have not had it yet."""
    once = {delivery.message.id: delivery for delivery in due}
    had = inbox.had(view, list(once))
    caused = [id_ for id_, one in once.items() if one.message.causation_id is not None]
    for id_, chain in journal.chains_of(view, caused).items():
        had[id_].add(unit_of_chain(chain))
    # Before it had topics, this hub may have been one process that reads the journal.
    alone = 0 if offsets is Offsets.JOURNAL else cursors.read(view, ALL).next_offset
    for id_ in journal.known_before(view, alone, message_ids=list(once)):
        had[id_].add(ALL)
    found = (_unheard(unit, one, had=had[id_]) for id_, one in once.items())
    return [delivery for delivery in found if delivery.hearers]


def _unheard(unit: Unit, delivery: Delivery, *, had: Collection[str]) -> Delivery:
    hearers = delivery.hearers
    if hearers is None:
        message = delivery.message
        hearers = tuple(s for s in unit.hearing(type(message.data)) if s.concerns(message))
    if had:
        hearers = tuple(s for s in hearers if not any(serves(one, s.name) for one in had))
    return replace(delivery, hearers=hearers)


def _note(decided: Decided, transaction: Transaction) -> None:
    """Note what was heard: message by message, or as a range where the journal is the topic."""
    unit, policy = decided.one_pass.unit.name, decided.policy.number
    if decided.offsets is not Offsets.JOURNAL:
        ids = [delivery.message.id for delivery in decided.fresh]
        inbox.note(transaction, unit, message_ids=ids, policy=policy)
    elif decided.fresh:
        after, upto = decided.cursor.next_offset - 1, decided.fresh[-1].offset
        inbox.note_range(transaction, unit, after=after, upto=upto, policy=policy)
