"""What people do about dead letters: look, mend, send again, give up. Who and why is recorded with
each (R47).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from connectors.events.envelope import reread
from connectors.events.facts import Door
from connectors.formats.media import media_type
from connectors.formats.readers import Reading
from connectors.port import AgencyRoute, Routes
from ops.look.reading import Readable
from ops.look.trail import OPERATIONS, operation
from ops.mend import mending
from ops.run.wiring import Hub
from router import intake
from router.topology import bound_steps
from schemas.base import Fact
from schemas.decisions import ReleaseDecided
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.operations import (
    DeadLetterDiscarded,
    DeadLetterMended,
    DeadLetterRedriven,
    DeadLetterRevealed,
)
from schemas.refusals import Refusal
from schemas.topics import REDRIVEN
from stores import codec, cursors, dead_letters, inbox, journal, queues, trail
from stores.database import Transaction
from stores.dead_letters import DeadLetter, DeadLetterState
from stores.ports import Arrival
from stores.vault import Unreadable

WAITING = (DeadLetterState.OPEN, DeadLetterState.MENDED)
PASSED_OVER = 0
"""In the inbox in a policy's place (they count from 1): the step was kept from a message meant for
another.
"""


class Refused(Exception):
    """This cannot be done with this dead letter; the message says why, and what can be done."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts, and why: both are recorded."""

    who: str
    why: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A dead letter without what it held. Times in microseconds."""

    id: str
    agency: str
    connector: str
    step: str
    reason: str
    field: str | None
    state: str
    content_type: str
    created_at: int
    decided_by: str | None
    why: str | None


def listed(
    hub: Readable, *, state: str | None = None, reason: str | None = None, agency: str | None = None
) -> list[Listed]:
    """Dead letters, oldest first; ``state`` None: those that wait for somebody."""
    with hub.database.reading() as connection:
        rows = dead_letters.find(connection, state=state, reason=reason)
    wanted = (
        row for row in rows if (state or row.state in WAITING) and agency in (None, row.agency)
    )
    return [Listed(*(getattr(row, name) for name in Listed.__slots__)) for row in wanted]


def one(hub: Readable, id_: str) -> Listed | None:
    """One dead letter, whatever its state, without what it held."""
    with hub.database.reading() as connection:
        row = next((row for row in dead_letters.find(connection) if row.id == id_), None)
    return row and Listed(*(getattr(row, name) for name in Listed.__slots__))


def reveal(hub: Hub, id_: str, person: Person) -> DeadLetter:
    """The dead letter with its original; that it was looked at is recorded first. Raises
    :class:`Refused`.
    """
    with _opened(hub, id_) as (_, dead, record):
        shown = {
            "dead_letter_id": dead.id,
            "agency": dead.agency,
            "seen_by": person.who,
            "why": person.why,
        }
        record(DeadLetterRevealed.model_validate(shown))
    return dead


def mend(hub: Hub, routes: Routes, id_: str, *, field: str, value: str, person: Person) -> None:
    """Correct the faulty field and no other; the original stays. Raises :class:`Refused` or
    ``CannotMend``.

    What leaves only its owner decides (R30): such a decision is not mended, nor is anything else
    into one.
    """
    with _opened(hub, id_) as (transaction, dead, record):
        _only_waiting(dead)
        mending.check(dead.reason, dead.field, field)
        reading = _reading(routes.by_code.get(dead.agency), dead.content_type)
        text = mending.mended(
            dead.mended or dead.original,
            dead.content_type,
            field=field,
            value=value,
            reading=reading,
        )
        if any(_decides_release(dead.content_type, body) for body in (dead.original, text)):
            raise Refused(
                "it decides about what leaves, and only the item's owner may: "
                "ask it to decide again"
            )
        dead_letters.settle(
            transaction, _settled(dead, DeadLetterState.MENDED, person, mended=text)
        )
        record(
            DeadLetterMended(
                dead_letter_id=dead.id,
                agency=dead.agency,
                field=dead.field or field,
                decided_by=person.who,
                why=person.why,
            )
        )


def _decides_release(content_type: str, body: bytes) -> bool:
    """Whether this is an owner's decision, as it came or as the fact that it made; in doubt it is
    one.
    """
    told = content_type.encode() + body
    return any(name.encode() in told for name in ("mash.release-decision.", ReleaseDecided.type))


def discard(hub: Hub, id_: str, person: Person) -> None:
    """Give a dead letter up; its original stays. Raises :class:`Refused`."""
    with _opened(hub, id_) as (transaction, dead, record):
        _only_waiting(dead)
        dead_letters.settle(transaction, _settled(dead, DeadLetterState.DISCARDED, person))
        record(
            DeadLetterDiscarded(
                dead_letter_id=dead.id, agency=dead.agency, decided_by=person.who, why=person.why
            )
        )


def redrive(hub: Hub, routes: Routes, id_: str, person: Person) -> int:
    """Send a dead letter again, once; answers how many of its messages were refused again. Raises
    :class:`Refused`.

    What came by a connector is read and taken as if it came now; what a step refused goes to that
    step alone, as the same fact under an id that follows from the dead letter's.
    """
    with _opened(hub, id_) as (transaction, dead, record):
        _only_waiting(dead)
        again = _arrive_again if dead.step == intake.STEP else _decide_again
        ids, refused, after = again(transaction, routes.by_code.get(dead.agency), dead)
        dead_letters.settle(transaction, _settled(after, after.state, person, mended=dead.mended))
        record(
            DeadLetterRedriven(
                dead_letter_id=dead.id,
                agency=dead.agency,
                message_ids=ids,
                refused=refused,
                decided_by=person.who,
                why=person.why,
            )
        )
    return refused


class _Record:
    """Writes a fact to the chain of operations, in the transaction of what it tells of."""

    def __init__(
        self, transaction: Transaction, cursor: cursors.Cursor, correlation_id: str
    ) -> None:
        self._transaction, self._cursor, self._correlation_id = transaction, cursor, correlation_id

    def __call__(self, fact: Fact) -> None:
        message = operation(fact, self._transaction.now, self._correlation_id)
        journal.append(self._transaction, self._cursor, messages=[message])
        cursors.store(self._transaction, self._cursor)


@contextmanager
def _opened(hub: Hub, id_: str) -> Iterator[tuple[Transaction, DeadLetter, _Record]]:
    """A transaction with the dead letter; the lock on the chain keeps two people from settling one
    letter at once.
    """
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, OPERATIONS)
        dead = dead_letters.load(transaction, id_)
        if dead is None:
            raise Refused(f"there is no dead letter {id_}; see `hub dead-letters list`")
        cause = trail.envelope(transaction.connection, dead.message_id or "")
        yield (
            transaction,
            dead,
            _Record(transaction, cursor, cause.correlation_id if cause else dead.id),
        )


def _only_waiting(dead: DeadLetter) -> None:
    if dead.state not in WAITING:
        raise Refused(
            f"{dead.id} was {dead.state} already, by {dead.decided_by}; see `hub dead-letters show`"
        )


def _settled(
    dead: DeadLetter, state: DeadLetterState, person: Person, *, mended: bytes | None = None
) -> DeadLetter:
    return replace(
        dead, state=state, decided_by=person.who, why=person.why, mended=mended or dead.mended
    )


def _reading(route: AgencyRoute | None, content_type: str) -> Reading:
    """How the agency's mapping reads such content; the hub's own shapes need none."""
    form = route.format_of_kept(media_type(content_type)) if route else None
    return form.reading if form else Reading()


# --- sending again

_Again = tuple[tuple[str, ...], int, DeadLetter]
"""New ids, how many were refused again, and the dead letter as it stands then."""


def _arrive_again(transaction: Transaction, route: AgencyRoute | None, dead: DeadLetter) -> _Again:
    if route is None:
        raise Refused(f"{dead.agency} is not configured any more; add it, or discard the letter")
    arrivals = _arrivals(transaction, route, dead)
    receipts = intake.take_in(transaction, arrivals)
    queues.post(transaction, dict(_told(dead, receipt) for receipt in receipts))
    still = next((a.body for a, r in zip(arrivals, receipts, strict=True) if r.id == dead.id), None)
    refused = sum(receipt.status is ReceiptStatus.REJECTED for receipt in receipts)
    return tuple(receipt.id for receipt in receipts), refused, _after(dead, still)


def _arrivals(transaction: Transaction, route: AgencyRoute, dead: DeadLetter) -> Sequence[Arrival]:
    door = Door(route, dead.connector, codec.from_micros(transaction.now))
    original = dead.mended or dead.original
    found = reread(door, original, content_type=dead.content_type, event_id=dead.message_id)
    if dead.reason != "refused.same-id":
        return found
    # The sender used its id for something else before; under that id this would be refused for
    # ever.
    return [
        replace(arrival, event_id=f"redriven:{dead.id}#{n}")
        for n, arrival in enumerate(found, start=1)
    ]


def _after(dead: DeadLetter, still: object) -> DeadLetter:
    """Sent, or still waiting under the same id with what is amiss now."""
    if isinstance(still, Refusal):
        return replace(dead, reason=still.reason, field=still.field)
    return dead if still is not None else replace(dead, state=DeadLetterState.REDRIVEN)


def _told(dead: DeadLetter, receipt: Receipt) -> tuple[str, Letter]:
    """The sender hears what became of it after all; with the letter's id."""
    id_ = derived_id(dead.id, "receipt", receipt.id, str(receipt.status))
    return id_, Letter("receipt", agency=dead.agency, notice=receipt)


def _decide_again(transaction: Transaction, _route: AgencyRoute | None, dead: DeadLetter) -> _Again:
    before = trail.envelope(transaction.connection, dead.message_id or "")
    if before is None:
        raise Refused("the message that was refused is not in the journal; see `hub audit verify`")
    fact = _fact(transaction, dead, before)
    message = Message(
        id=derived_id(dead.id, "redriven"),
        source=before.source,
        time=codec.from_micros(before.time),
        key=fact.of_case or before.key,
        correlation_id=before.correlation_id,
        causation_id=before.id,
        data=fact,
    )
    _append_for(transaction, dead.step, message)
    return (message.id,), 0, replace(dead, state=DeadLetterState.REDRIVEN)


def _fact(transaction: Transaction, dead: DeadLetter, before: codec.Sealed) -> Fact:
    """What was refused, mended or not; where it could not be unsealed then, what it is now."""
    if dead.reason != "unreadable.sealed":
        return codec.decode(
            media_type(dead.content_type).parameters.get("type", ""), dead.mended or dead.original
        )
    keys = transaction.vault.keys(transaction.connection, [before.key_id], create=False)
    try:
        return before.open(keys[before.key_id]).data
    except (KeyError, Unreadable):
        raise Refused(
            "it cannot be unsealed still: check the hub's key, or whether its key was destroyed"
        ) from None


def _append_for(transaction: Transaction, step: str, message: Message) -> None:
    """Record the message for one step: the others had the original, and must not do again what they
    did.
    """
    cursor = cursors.lock(transaction, f"{OPERATIONS}/redrive")
    journal.append(transaction, cursor, messages=[message], on=REDRIVEN)
    cursors.store(transaction, cursor)
    for bound in bound_steps():
        if bound.step.name != step and bound.step.concerns(message):
            inbox.note(transaction, bound.step.name, message_ids=[message.id], policy=PASSED_OVER)
