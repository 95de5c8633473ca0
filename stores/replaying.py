"""What a replay reads: the order in which steps had messages, and the journal. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from schemas.message import Message
from stores import codec, journal
from stores.rows import look_up
from stores.tables import inbox
from stores.tables import journal as table
from stores.vault import DataKey, Unreadable, Vault

_PAGE = 2000
_CLAIMS = text(
    "SELECT position, step, message_id, policy, after, upto FROM inbox "
    "WHERE position > :after ORDER BY position LIMIT :limit"
)
_RANGE = text(
    "SELECT journal.message_id FROM journal WHERE journal.position > :after "
    "AND journal.position <= :upto AND journal.chain <> :unit ORDER BY journal.position"
)
_UNDECIDABLE = text("SELECT step, message_id FROM dead_letters WHERE reason = 'undecidable'")
_COLUMNS = (
    "position, message_id, topic, type, source, subject, key, correlation_id, causation_id, time, "
    "recorded_at, chain, key_id, digest, payload"
)
_ENTRIES = text(
    f"SELECT {_COLUMNS} FROM journal WHERE position > :after ORDER BY position LIMIT :limit"  # noqa: S608 - ours
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A unit of steps had a message, under a policy (its number).

    ``had_by``: units that had had it before, or were passed over; their steps did not hear it now.
    Nor did those of the unit that wrote it, if any did.
    """

    unit: str
    message_id: str
    policy: int
    had_by: tuple[str, ...] = ()


class Envelope(NamedTuple):
    """What a replay needs of a message besides its content; ``time`` in microseconds."""

    type: str
    subject: str
    key: str
    correlation_id: str
    causation_id: str | None
    time: int


@dataclass(frozen=True, slots=True, repr=False)
class Recorded:
    """A journal entry as a replay compares with it: its content by the keyed digest alone."""

    position: int
    recorded_at: int
    chain: str
    topic: str
    envelope: Envelope
    key_id: str
    digest: bytes
    key: DataKey | None
    """None once it was destroyed."""


def envelope_of(message: Message) -> Envelope:
    """The envelope of a message that was decided again."""
    return Envelope(
        message.type,
        message.subject,
        message.key,
        message.correlation_id,
        message.causation_id,
        codec.to_micros(message.time),
    )


def claims(connection: Connection) -> Iterator[Sequence[Claim]]:
    """Every claim in its order, page by page."""
    every = _claimed(connection)
    while page := list(islice(every, _PAGE)):
        noted = _noted(connection, [message_id for _, message_id in page])
        yield [_claim(row, message_id, noted=noted.get(message_id, ())) for row, message_id in page]


def _claimed(connection: Connection) -> Iterator[tuple[Any, str]]:
    """The rows of the inbox with each message that they are about."""
    after = 0
    while rows := connection.execute(_CLAIMS, {"after": after, "limit": _PAGE}).all():
        after = rows[-1].position
        for row in rows:
            for message_id in [row.message_id] if row.message_id else _in_range(connection, row):
                yield row, message_id


def _in_range(connection: Connection, row: Any) -> Sequence[str]:
    given = {"after": row.after, "upto": row.upto, "unit": row.step}
    return connection.execute(_RANGE, given).scalars().all()


def _noted(connection: Connection, message_ids: Sequence[str]) -> Mapping[str, list[Any]]:
    """The rows that note these messages one by one, by message."""
    noted: dict[str, list[Any]] = defaultdict(list)
    columns = (inbox.c.message_id, inbox.c.step, inbox.c.position)
    for row in look_up(connection, columns, by=inbox.c.message_id, values=message_ids):
        noted[row.message_id].append(row)
    return noted


def _claim(row: Any, message_id: str, *, noted: Sequence[Any]) -> Claim:
    had_by = tuple(one.step for one in noted if one.position < row.position)
    return Claim(row.step, message_id, row.policy, had_by)


def undecidable(connection: Connection) -> set[tuple[str, str]]:
    """Steps with the ids of the messages that they were kept from, since they failed on them."""
    return {(row.step, row.message_id) for row in connection.execute(_UNDECIDABLE)}


def entries(connection: Connection, vault: Vault) -> Iterator[Sequence[tuple[str, Recorded, Any]]]:
    """Every journal entry in its order: message id, what to compare with, the row to open."""
    after = 0
    while rows := connection.execute(_ENTRIES, {"after": after, "limit": _PAGE}).all():
        after = rows[-1].position
        keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
        yield [(row.message_id, _recorded(row, keys.get(row.key_id)), row) for row in rows]


def _recorded(row: Any, key: DataKey | None) -> Recorded:
    return Recorded(
        position=row.position,
        recorded_at=row.recorded_at,
        chain=row.chain,
        topic=row.topic,
        envelope=Envelope(
            type=row.type,
            subject=row.subject,
            key=row.key,
            correlation_id=row.correlation_id,
            causation_id=row.causation_id,
            time=row.time,
        ),
        key_id=row.key_id,
        digest=row.digest,
        key=key,
    )


def opened(recorded: Recorded, row: Any) -> tuple[Message | None, bool]:
    """The message of an entry, None where it cannot be read, and whether its digest is right."""
    if recorded.key is None:
        return None, True
    try:
        plain = recorded.key.open(row.payload, bound_to=row.message_id)
        fact = codec.decode(row.type, plain)
    except Unreadable:
        return None, False
    message = Message(
        id=row.message_id,
        source=row.source,
        time=codec.from_micros(row.time),
        key=row.key,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        data=fact,
    )
    return message, recorded.key.digest(plain) == row.digest and row.type == fact.type


def message(connection: Connection, vault: Vault, *, message_id: str) -> Message | None:
    """One message of the journal by its id; None where it is not there or cannot be read."""
    row = connection.execute(select(table).where(table.c.message_id == message_id)).one_or_none()
    if row is None:
        return None
    found = journal.opened(row, vault.keys(connection, [row.key_id], create=False))
    return None if isinstance(found.data, codec.Unopened) else found


def place(connection: Connection, message_id: str) -> Recorded | None:
    """Where one message stands in the journal."""
    query = text(f"SELECT {_COLUMNS} FROM journal WHERE message_id = :id")  # noqa: S608 - ours
    row = connection.execute(query, {"id": message_id}).one_or_none()
    return None if row is None else _recorded(row, None)


def count(connection: Connection) -> int:
    """How many facts came from outside, for steps to hear: what a replay decides again."""
    outside = "SELECT count(*) FROM journal WHERE causation_id IS NULL"
    return int(connection.execute(text(outside)).scalar_one())
