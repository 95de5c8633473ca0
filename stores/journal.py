"""The journal: every fact, append-only, sealed, and hash-chained per consumer.

A chain belongs to one consumer (a step on one partition, or a connector of one agency), whose
cursor row is locked anyway while it appends: parallel workers never wait for each other's chain. An
entry's hash covers the hash before it, its envelope and its sealed payload, so erasing a key leaves
every hash verifiable.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Row, bindparam, func, select, text

from schemas.case import ChildLinked
from schemas.message import Message
from schemas.topics import RED
from stores import codec, products, reference_parts
from stores.cursors import Cursor
from stores.database import Database, Transaction, View
from stores.decoded import Decoded
from stores.entry_hash import COLUMNS, VERSION, encoded, entry_hash, hash_behind
from stores.rows import look_up
from stores.tables import journal, outbox
from stores.vault import DataKey, Unreadable

_PAGE = 2000
_MOST_MISSING = 1000
_LINKS = 1000
"""The last links that are kept opened."""
_LAST = select(func.max(journal.c.position))
_AFTER = (
    select(journal)
    .where(journal.c.position > bindparam("after"), journal.c.chain != bindparam("besides"))
    .order_by(journal.c.position)
    .limit(bindparam("most", type_=Integer))
)


def append(
    transaction: Transaction,
    cursor: Cursor,
    *,
    messages: Sequence[Message],
    on: str | None = None,
    ahead: Collection[str] = (),
) -> None:
    """Add messages to the cursor's chain, in order, and publish them.

    On their own topics, or all on the topic ``on``; those of which ``ahead`` has the ids on the
    lane of Reds. The caller stores the cursor in the same transaction.
    """
    if not messages:
        return
    keys = _keys(transaction, messages)
    rows = []
    for position, message in zip(_positions(transaction, len(messages)), messages, strict=True):
        cursor.sequence += 1
        row = _row(transaction, message, keys=keys)
        row |= {"position": position, "chain": cursor.name, "sequence": cursor.sequence}
        cursor.hash = entry_hash(cursor.hash, [row[name] for name in COLUMNS])
        rows.append(row | {"hash": cursor.hash, "hash_version": VERSION})
        if isinstance(message.data, ChildLinked):
            _links(transaction).put(message.id, row["payload"], value=message)
        transaction.appended.append((position, cursor.name, message))
    transaction.insert(journal, rows)
    products.note(transaction, (message.data for message in messages))
    reference_parts.note(transaction, (message.data for message in messages))
    _publish(transaction, rows, on=on, ahead=ahead)


def _publish(
    transaction: Transaction,
    rows: Sequence[Mapping[str, Any]],
    *,
    on: str | None,
    ahead: Collection[str],
) -> None:
    published = [
        {"position": row["position"], "topic": RED if is_ahead else on or row["topic"]}
        for row in rows
        if (is_ahead := row["message_id"] in ahead) or transaction.keeps_outbox
    ]
    transaction.insert(outbox, published)
    transaction.has_red |= bool(ahead)


class Digest(NamedTuple):
    """Of an entry's content, and by which key."""

    key_id: str
    value: bytes


def digests(view: View, message_ids: Collection[str]) -> dict[str, Digest]:
    """The keyed digests of those of these messages that the journal has."""
    columns = (journal.c.message_id, journal.c.key_id, journal.c.digest)
    known = look_up(view.connection, columns, by=journal.c.message_id, values=message_ids)
    return {row.message_id: Digest(row.key_id, row.digest) for row in known}


def known_ids(view: View, message_ids: Collection[str]) -> set[str]:
    """Which of these messages the journal has."""
    known = look_up(
        view.connection, (journal.c.message_id,), by=journal.c.message_id, values=message_ids
    )
    return {row.message_id for row in known}


def of_type(view: View, message_ids: Collection[str], *, type_: str) -> set[str]:
    """Those of these messages that are facts of a type."""
    columns = (journal.c.message_id, journal.c.type)
    rows = look_up(view.connection, columns, by=journal.c.message_id, values=message_ids)
    return {row.message_id for row in rows if row.type == type_}


def known_before(view: View, position: int, *, message_ids: Collection[str]) -> set[str]:
    """Which of these messages the journal has before a position."""
    if not position:
        return set()
    columns = (journal.c.message_id, journal.c.position)
    known = look_up(view.connection, columns, by=journal.c.message_id, values=message_ids)
    return {row.message_id for row in known if row.position < position}


def chains_of(view: View, message_ids: Collection[str]) -> dict[str, str]:
    """The chains that these messages are in."""
    columns = (journal.c.message_id, journal.c.chain)
    rows = look_up(view.connection, columns, by=journal.c.message_id, values=message_ids)
    return {row.message_id: row.chain for row in rows}


def load(view: View, message_id: str) -> Message | None:
    """The message of this id; None where it is not, or is not to be read any more."""
    row = view.connection.execute(select(journal).where(journal.c.message_id == message_id)).first()
    if row is None:
        return None
    keys = view.vault.keys(view.connection, [row.key_id], create=False)
    message = opened(row, keys)
    return None if isinstance(message.data, codec.Unopened) else message


def sealed(row: Any) -> codec.Sealed:
    """A journal row as a sealed message."""
    return codec.Sealed(
        id=row.message_id,
        type=row.type,
        topic=row.topic,
        source=row.source,
        subject=row.subject,
        time=row.time,
        key=row.key,
        correlation_id=row.correlation_id,
        causation_id=row.causation_id,
        key_id=row.key_id,
        payload=row.payload,
    )


def rows_after(
    connection: Connection, position: int, *, limit: int, besides: str = ""
) -> Sequence[Row[Any]]:
    """The next rows of the journal that are not in the chain ``besides``, by position."""
    asked = {"after": position, "besides": besides, "most": limit}
    return connection.execute(_AFTER, asked).all()


def rows_about(
    connection: Connection,
    *,
    subjects: Collection[str],
    referrals: Collection[str],
    after: int,
    before: int,
) -> Sequence[Row[Any]]:
    """Position, id, type and chain of what stands between two positions and is about one of these
    referrals, or has one of these subjects or of theirs: a receipt names its case alone.
    """
    c = journal.c
    columns = (c.position, c.message_id, c.type, c.chain, c.subject)
    told = look_up(connection, columns, by=c.correlation_id, values=referrals)
    same = {*subjects, *(row.subject for row in told)}
    rows = (*told, *look_up(connection, columns, by=c.subject, values=same))
    found = {row.position: row for row in rows if after < row.position < before}
    return [found[position] for position in sorted(found)]


def rows_at(connection: Connection, positions: Collection[int]) -> Sequence[Row[Any]]:
    """The rows at these positions."""
    return look_up(connection, tuple(journal.c), by=journal.c.position, values=positions)


def rows_of(connection: Connection, message_ids: Collection[str]) -> Sequence[Row[Any]]:
    """The rows of these messages."""
    return look_up(connection, tuple(journal.c), by=journal.c.message_id, values=message_ids)


def messages_after(
    database: Database, position: int, *, limit: int, besides: str = ""
) -> list[tuple[int, Message]]:
    """The next messages that are not in the chain ``besides``, with their positions.

    From memory where this process has just written them.
    """
    recent = database.recent.after(position, besides=besides, limit=limit)
    if recent is not None:
        return recent
    with database.reading() as connection:
        rows = rows_after(connection, position, limit=limit, besides=besides)
        keys = database.vault.keys(connection, {row.key_id for row in rows}, create=False)
        return [(row.position, opened(row, keys)) for row in rows]


def opened(row: Any, keys: Mapping[str, DataKey]) -> Message:
    """A journal row as a message; one that cannot be opened says just that."""
    entry = sealed(row)
    try:
        return entry.open(keys[entry.key_id])
    except (KeyError, Unreadable):
        return entry.unreadable()


def opened_once(view: View, row: Any, *, keys: Mapping[str, DataKey]) -> Message:
    """The row of a link as a message: one that was written or opened here before is not opened
    again, as long as its key is there.
    """
    if row.key_id not in keys:
        return opened(row, keys)
    return _links(view).get(row.message_id, row.payload, decode=lambda _: opened(row, keys))


def _links(view: View) -> Decoded[str, Message]:
    """What every picture of a child is drawn from."""
    return view.decoded.of(ChildLinked, most=_LINKS)


@dataclass(frozen=True, slots=True)
class Flaw:
    """An altered or missing entry: where it is, in which chain, and whose as far as it says.

    ``leaf``: its place in the tree, or the first of several up to ``upto``. ``against``: whose
    checkpoint says otherwise. Of what is gone nobody knows the chain. ``table`` and ``row``: of any
    other table than the journal.
    """

    chain: str
    sequence: int
    position: int | None
    what: str
    message_id: str | None = None
    leaf: int | None = None
    upto: int | None = None
    against: str | None = None
    table: str | None = None
    row: str | None = None


Looks = Callable[[Sequence[Any], Sequence[bytes | None]], Iterable[Flaw]]
"""Looks at rows of the journal, each encoded already; None of what holds what cannot be."""


def verify(
    connection: Connection, *, looks: Looks = lambda _rows, _encodings: ()
) -> Iterator[Flaw | int]:
    """Check every hash, and every chain's length against its cursor.

    Yields flaws, and counts of entries as it goes. ``looks`` is given all rows, a page at a time,
    and says what else is wrong. Positions begin at 1: what stands before that nobody would ever
    read.
    """
    for row in connection.execute(_BEFORE_THE_FIRST):
        yield Flaw(row.chain, row.sequence, row.position, "inserted", row.message_id)
    heads: dict[str, _Head] = {}
    position = 0
    while rows := connection.execute(_VERIFIED, {"position": position, "limit": _PAGE}).all():
        encodings = [*map(_encoded, rows)]
        for row, encoding in zip(rows, encodings, strict=True):
            yield from _check(row, heads, encoding=encoding)
        yield from looks(rows, encodings)
        position = rows[-1].position
        yield len(rows)
    yield from _check_heads(connection, heads)


def orphans(connection: Connection) -> Iterator[Flaw]:
    """Entries that say that they were caused by a message which is not in the journal."""
    for row in connection.execute(_ORPHANS):
        yield Flaw(row.chain, row.sequence, row.position, "cause missing", row.message_id)


_Head = tuple[int, bytes, int]
"""Of a chain so far: its last sequence and hash, and the newest rule that one verified by."""
_GENESIS: _Head = (0, bytes(32), 1)


def _check(row: Any, heads: dict[str, _Head], *, encoding: bytes | None) -> list[Flaw]:
    chain, sequence, message_id = row[:3]
    version, recorded, position = row[-3:]
    last, before, newest = heads.get(chain, _GENESIS)
    sound = _is_sound(row, before, encoding=encoding)
    heads[chain] = (sequence, recorded, max(version, newest) if sound else newest)
    if sequence == last + 1 and sound and version >= newest:
        return []
    flaws = [*_missing(chain, last + 1, sequence)]
    if sequence <= last:
        flaws.append(Flaw(chain, sequence, position, "inserted", message_id))
    elif sound and version < newest:
        flaws.append(Flaw(chain, sequence, position, "hashed by an older rule", message_id))
    elif sequence == last + 1:
        flaws.append(Flaw(chain, sequence, position, "altered", message_id))
    return flaws


def _missing(chain: str, first: int, end: int) -> Iterator[Flaw]:
    """Each entry that is not there; of very many the first of them, and the last: one altered
    number would have us name more than there ever were.
    """
    named = range(first, min(end, first + _MOST_MISSING))
    yield from (Flaw(chain, sequence, None, "missing") for sequence in named)
    if end > named.stop:
        yield Flaw(chain, end - 1, None, "missing, and all before it")


def _encoded(row: Any) -> bytes | None:
    """Once for all who look at it; None of values of another kind than the hub writes."""
    try:
        return encoded(row[:-3])
    except KeyError:
        return None


def _is_sound(row: Any, before: bytes, *, encoding: bytes | None) -> bool:
    version, recorded, _ = row[-3:]
    if version == VERSION:
        return encoding is not None and _is_behind(before, encoding, recorded=recorded)
    try:
        expected = entry_hash(before, row[:-3], version=version)
    except (KeyError, TypeError):  # values of another kind than the hub writes
        return False
    return expected == recorded  # type: ignore[no-any-return]


def _is_behind(before: Any, encoding: bytes, *, recorded: bytes) -> bool:
    """What was recorded before may be of another kind, too."""
    return isinstance(before, bytes) and hash_behind(before, encoding) == recorded


def _check_heads(connection: Connection, heads: dict[str, _Head]) -> Iterator[Flaw]:
    for cursor in connection.execute(
        text("SELECT name, sequence, hash FROM cursors ORDER BY name")
    ):
        sequence, last, _ = heads.pop(cursor.name, _GENESIS)
        yield from _missing(cursor.name, sequence + 1, cursor.sequence + 1)
        if sequence == cursor.sequence and last != cursor.hash:
            yield Flaw(cursor.name, sequence, None, "head altered")
        if sequence > cursor.sequence:
            yield Flaw(cursor.name, cursor.sequence + 1, None, "added after the head")
    for chain, (sequence, *_) in sorted(heads.items()):
        yield Flaw(chain, sequence, None, "head missing")


def _positions(transaction: Transaction, count: int) -> Sequence[int]:
    connection = transaction.connection
    if connection.dialect.name == "postgresql":
        if not transaction.keeps_outbox:
            # Where the journal itself is the topic it is read by position, and whoever took an
            # earlier one and committed later would be passed over.
            transaction.serialise("journal")
        taken = text("SELECT nextval('journal_position_seq') FROM generate_series(1, :count)")
        return connection.execute(taken, {"count": count}).scalars().all()
    last = connection.execute(_LAST).scalar() or 0
    return range(last + 1, last + 1 + count)


def _keys(transaction: Transaction, messages: Sequence[Message]) -> dict[str, DataKey]:
    """The keys that seal these messages; those about what was erased have one each."""
    keys = transaction.vault.keys(
        transaction.connection, map(codec.key_id_of, messages), create=True
    )
    orphans = [message.id for message in messages if codec.key_id_of(message) not in keys]
    return (
        keys | transaction.vault.keys(transaction.connection, orphans, create=True)
        if orphans
        else keys
    )


def _row(
    transaction: Transaction, message: Message, *, keys: Mapping[str, DataKey]
) -> dict[str, Any]:
    key_id = codec.key_id_of(message)
    key_id = key_id if key_id in keys else message.id
    plain = codec.encode(message.data)
    return {
        "message_id": message.id,
        "topic": message.topic,
        "type": message.type,
        "source": message.source,
        "subject": message.subject,
        "key": message.key,
        "correlation_id": message.correlation_id,
        "causation_id": message.causation_id,
        "time": codec.to_micros(message.time),
        "recorded_at": transaction.now,
        "key_id": key_id,
        "digest": keys[key_id].digest(plain),
        "payload": keys[key_id].seal(plain, bound_to=message.id),
    }


_VERIFIED = text(
    f"SELECT {', '.join(COLUMNS)}, hash_version, hash, position "  # noqa: S608 - names of ours
    "FROM journal WHERE position > :position ORDER BY position LIMIT :limit"
)
_BEFORE_THE_FIRST = text(
    "SELECT chain, sequence, position, message_id FROM journal WHERE position < 1 ORDER BY position"
)
_ORPHANS = text(
    "SELECT chain, sequence, position, message_id FROM journal AS entry "
    "WHERE causation_id IS NOT NULL AND NOT EXISTS "
    "(SELECT 1 FROM journal AS cause WHERE cause.message_id = entry.causation_id) "
    "ORDER BY position"
)
