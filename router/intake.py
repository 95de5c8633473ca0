"""Where what connectors took in is recorded: once, in one transaction, and only then receipted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from router.refuse import dead_arrival, refused, rejected, taken
from schemas.base import Fact
from schemas.message import Message, arrived, derived_id
from schemas.notification import NotificationReceived, Receipt
from schemas.refusals import Refusal
from schemas.versions import ReferenceVersions, reference_key
from stores import codec, cursors, dead_letters, journal, states
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetter
from stores.ports import Arrival
from stores.rows import look_up
from stores.tables import dead_letters as dead_letter_table
from stores.tables import journal as journal_table
from stores.vault import Unreadable

STEP = "intake"


@dataclass(slots=True)
class _Batch:
    """What one transaction will write, and what is known already of what came."""

    known: dict[str, bytes | Message]
    """Digests of what came before, and the messages of this batch."""
    buried: set[str]
    versions: dict[str, ReferenceVersions]
    messages: list[Message] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


class StoredIntake:
    """The intake of one database (:class:`stores.ports.Intake`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        """Record each arrival once and return its receipt, in the same order. Raises only
        ``Unavailable``.
        """
        if not arrivals:
            return []
        with self._database.transaction() as transaction:
            return take_in(transaction, arrivals)


def take_in(transaction: Transaction, arrivals: Sequence[Arrival]) -> list[Receipt]:
    """Record arrivals of one agency's connector, at least one, in a transaction that does more than
    that.
    """
    cursor = cursors.lock(transaction, f"{STEP}/{arrivals[0].connector}/{arrivals[0].agency}")
    batch = _look_up(transaction, arrivals)
    receipts = [_take_one(transaction, arrival, batch) for arrival in arrivals]
    journal.append(transaction, cursor, batch.messages)
    dead_letters.bury(transaction, batch.dead)
    cursor.next_offset += len(arrivals)
    cursors.store(transaction, cursor)
    return receipts


def message_id(arrival: Arrival) -> str:
    """The hub's id of an arrival: the same whenever the sender's own id, or without one the
    content, is the same.
    """
    if arrival.event_id is not None:
        return derived_id("arrival", arrival.agency, arrival.event_id)
    return derived_id(
        "content", arrival.agency, arrival.content_type, sha256(arrival.original).hexdigest()
    )


def _look_up(transaction: Transaction, arrivals: Sequence[Arrival]) -> _Batch:
    ids = [message_id(arrival) for arrival in arrivals]
    connection = transaction.connection
    known = look_up(
        connection,
        (journal_table.c.message_id, journal_table.c.digest),
        journal_table.c.message_id,
        ids,
    )
    dead_ids = [_dead_id(id_) for id_ in ids]
    buried = look_up(connection, (dead_letter_table.c.id,), dead_letter_table.c.id, dead_ids)
    references = {
        reference_key(arrival.agency, arrival.body.notification.reference)
        for arrival in arrivals
        if isinstance(arrival.body, NotificationReceived)
    }
    return _Batch(
        known={row.message_id: row.digest for row in known},
        buried={row.id for row in buried},
        versions={
            key: ReferenceVersions.model_validate_json(body)
            for key, (_, body) in states.load(transaction, "deduplicate", references).items()
        },
    )


def _message(transaction: Transaction, arrival: Arrival, fact: Fact, id_: str) -> Message:
    source = f"mash-hub/{arrival.connector}/{arrival.agency}"
    return arrived(fact, id_=id_, source=source, time=codec.from_micros(transaction.now))


def _take_one(transaction: Transaction, arrival: Arrival, batch: _Batch) -> Receipt:
    id_ = message_id(arrival)
    if isinstance(arrival.body, Refusal):
        return _reject(transaction, arrival, arrival.body, batch)
    message = _message(transaction, arrival, arrival.body, id_)
    if (known := batch.known.get(id_)) is not None:
        same = _digest(transaction, known) == _digest(transaction, message)
        return _repeated(transaction, arrival, batch, same=same)
    batch.known[id_] = message
    batch.messages.append(message)
    return taken(arrival, id_, duplicate_of=_earlier(arrival, batch))


def _digest(transaction: Transaction, known: bytes | Message) -> bytes:
    if isinstance(known, bytes):
        return known
    key_id = codec.key_id_of(known)
    key = transaction.vault.keys(transaction.connection, [key_id], create=True)[key_id]
    return key.digest(codec.encode(known.data))


def _earlier(arrival: Arrival, batch: _Batch) -> str | None:
    """The referral that this notification repeats, as far as is known now; deduplication has the
    last word.
    """
    fact = arrival.body
    if not isinstance(fact, NotificationReceived):
        return None
    versions = batch.versions.get(reference_key(arrival.agency, fact.notification.reference))
    return versions.referral_with(fact.content_digest) if versions else None


def _repeated(transaction: Transaction, arrival: Arrival, batch: _Batch, *, same: bool) -> Receipt:
    if not same:
        return _reject(transaction, arrival, Refusal("refused.same-id", "id"), batch)
    id_ = message_id(arrival)
    return taken(arrival, id_, duplicate_of=id_)


def _dead_id(id_: str) -> str:
    return derived_id(id_, "dead")


def _reject(transaction: Transaction, arrival: Arrival, why: Refusal, batch: _Batch) -> Receipt:
    dead_id, kept = _place_of(transaction, arrival, batch)
    dead = dead_arrival(arrival, why, step=STEP, dead_id=dead_id)
    if not kept:
        batch.buried.add(dead_id)
        batch.dead.append(dead)
        id_ = derived_id(dead_id, "refused")
        batch.messages.append(_message(transaction, arrival, refused(dead), id_))
    return rejected(dead, reference=arrival.reference)


def _place_of(transaction: Transaction, arrival: Arrival, batch: _Batch) -> tuple[str, bool]:
    """The id of its dead letter, and whether that is kept already.

    Other bytes under an id that was refused before are another dead letter: a sender that corrects
    one fault and makes another is to hear of that one, and what it sent is to be kept.
    """
    first = _dead_id(message_id(arrival))
    if first not in batch.buried:
        return first, False
    if arrival.original in _kept(transaction, first, batch):
        return first, True
    other = derived_id(first, sha256(arrival.original).hexdigest())
    return other, bool(_kept(transaction, other, batch))


def _kept(transaction: Transaction, dead_id: str, batch: _Batch) -> tuple[bytes | None, ...]:
    """What is kept under the id: as it came, and as somebody mended it."""
    for letter in batch.dead:
        if letter.id == dead_id:
            return (letter.original,)
    try:
        found = dead_letters.load(transaction, dead_id)
    except Unreadable:
        return (None,)
    return (found.original, found.mended) if found else ()
