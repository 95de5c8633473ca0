"""What a replay reads: the order in which steps had messages, and the journal. Reads only."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select, text

from schemas.message import Message
from stores import codec
from stores.database import View
from stores.rows import look_up
from stores.tables import inbox, journal
from stores.vault import DataKey, Unreadable

_PAGE = 2000
_AT_ONCE = 500
_CLAIMS = text(
    "SELECT position, step, message_id, policy, after, upto FROM inbox "
    "WHERE position > :after ORDER BY position LIMIT :limit"
)
_RANGES = text(
    "SELECT position, step, policy, after, upto FROM inbox "
    "WHERE message_id IS NULL AND upto >= :first ORDER BY position"
)
_RANGE = text(
    "SELECT journal.message_id FROM journal WHERE journal.position > :after "
    "AND journal.position <= :upto AND journal.chain <> :unit ORDER BY journal.position"
)
_LAST = select(func.max(journal.c.position))
_EXPORT = text("SELECT pg_export_snapshot()")
_UNDECIDABLE = text("SELECT step, message_id FROM dead_letters WHERE reason = 'undecidable'")
_COLUMNS = (
    "position, message_id, topic, type, source, subject, key, correlation_id, causation_id, time, "
    "recorded_at, chain, key_id, digest, payload"
)
_WHOLE_ENTRY = tuple(journal.c[name] for name in _COLUMNS.split(", "))
_ENTRIES = text(
    f"SELECT {_COLUMNS} FROM journal "  # noqa: S608 - ours
    "WHERE position > :after AND position <= :last ORDER BY position LIMIT :limit"
)
_ENTRY = text(f"SELECT {_COLUMNS} FROM journal WHERE message_id = :id")  # noqa: S608 - ours


class Sight(NamedTuple):
    """The state of the store that a replay sees, as its processes tell each other."""

    last: int
    """The position of the newest entry of the journal."""
    snapshot: str | None
    """What PostgreSQL calls it. SQLite's positions grow in the order of commits: there the last one
    says it all.
    """


class Claim(NamedTuple):
    """A unit of steps had a message, under a policy (its number; 0 where it was passed over).

    ``had_by``: units that had had it before, or were passed over; their steps did not hear it now.
    Nor did those of the unit that wrote it, if any did.
    """

    unit: str
    message_id: str
    policy: int
    had_by: tuple[str, ...] = ()


class JournalPosition(NamedTuple):
    """Where something stands in the journal: its position, and when it was recorded
    (microseconds).
    """

    position: int
    recorded_at: int


@dataclass(slots=True, repr=False)
class Recorded:
    """A journal entry, with the key to what is sealed in it; None once that was destroyed."""

    row: Any
    key: DataKey | None

    @property
    def place(self) -> JournalPosition:
        """Where it stands."""
        return JournalPosition(self.row.position, self.row.recorded_at)

    def open(self) -> Message | None:
        """Its message; None where it cannot be read."""
        return self.checked()[0]

    def checked(self) -> tuple[Message | None, bool]:
        """Its message, and whether its content is what its digest says."""
        row, key = self.row, self.key
        if key is None:
            return None, True
        try:
            plain = key.open(row.payload, bound_to=row.message_id)
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
        return message, key.digest(plain) == row.digest

    def same_envelope(self, message: Message) -> bool:
        """Whether it says what the message says outside its content, sealed under the same key."""
        row, data = self.row, message.data
        return bool(
            row.type == data.type
            and row.subject == data.subject
            and row.key == message.key
            and row.correlation_id == message.correlation_id
            and row.causation_id == message.causation_id
            and row.key_id in codec.key_ids_of(message)
            and row.time == codec.to_micros(message.time)
        )


def sight(connection: Connection) -> Sight:
    """What this connection sees, for others to see the same."""
    last = connection.execute(_LAST).scalar() or 0
    if connection.dialect.name != "postgresql":
        return Sight(last, None)
    return Sight(last, connection.execute(_EXPORT).scalar_one())


def see(connection: Connection, seen: Sight) -> None:
    """See from now on what another connection sees, as long as that one is open."""
    if seen.snapshot is not None:
        connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{seen.snapshot}'")


def claims(connection: Connection) -> Iterator[Sequence[Claim]]:
    """Every claim in its order, some at once."""
    every = _claimed(connection)
    while page := list(islice(every, _AT_ONCE)):
        noted = _noted(connection, [message_id for _, message_id in page])
        yield [_claim(row, message_id, noted=noted[message_id]) for row, message_id in page]


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


def _noted(connection: Connection, message_ids: Sequence[str]) -> defaultdict[str, list[Any]]:
    """The rows that note these messages one by one, by message."""
    noted: defaultdict[str, list[Any]] = defaultdict(list)
    columns = (inbox.c.message_id, inbox.c.step, inbox.c.position, inbox.c.policy)
    for row in look_up(connection, columns, by=inbox.c.message_id, values=message_ids):
        noted[row.message_id].append(row)
    return noted


def _claim(row: Any, message_id: str, *, noted: Sequence[Any]) -> Claim:
    had_by = tuple(one.step for one in noted if one.position < row.position)
    return Claim(row.step, message_id, row.policy, had_by)


def claims_on(connection: Connection, entries: Sequence[Recorded]) -> list[Claim]:
    """The claims on these entries, which are in the order of the journal, in their own order."""
    rows = [entry.row for entry in entries]
    noted = _noted(connection, [row.message_id for row in rows])
    found = [(one, row.message_id, row.position) for row in rows for one in noted[row.message_id]]
    positions = [row.position for row in rows]
    for one in connection.execute(_RANGES, {"first": min(positions, default=0)}):
        within = rows[bisect_right(positions, one.after) : bisect_right(positions, one.upto)]
        found += [(one, row.message_id, row.position) for row in within if row.chain != one.step]
    found.sort(key=lambda claimed: (claimed[0].position, claimed[2]))
    return [_claim(one, id_, noted=noted[id_]) for one, id_, _ in found]


def undecidable(connection: Connection) -> set[tuple[str, str]]:
    """Steps with the ids of the messages that they were kept from, since they failed on them."""
    return {(row.step, row.message_id) for row in connection.execute(_UNDECIDABLE)}


def entries(
    view: View, wanted: Callable[[Any], bool], *, last: int
) -> Iterator[tuple[int, Sequence[Recorded]]]:
    """The journal in its order, as far as the position ``last``, page by page: how far that has
    come, and the entries whose rows are wanted.
    """
    after = 0
    while rows := view.connection.execute(
        _ENTRIES, {"after": after, "last": last, "limit": _PAGE}
    ).all():
        after = rows[-1].position
        yield after, _with_keys(view, list(filter(wanted, rows)))


def entry(view: View, message_id: str) -> Recorded | None:
    """The journal's entry of a message."""
    rows = view.connection.execute(_ENTRY, {"id": message_id}).all()
    return next(iter(_with_keys(view, rows)), None)


def about(
    view: View, *, referrals: Collection[str], subjects: Collection[str], topic: str | None = None
) -> list[Recorded]:
    """What the journal has about these referrals, or with these subjects, in its order."""
    within = None if topic is None else (journal.c.topic, topic)
    rows: dict[int, Any] = {}
    for by, values in ((journal.c.correlation_id, referrals), (journal.c.subject, subjects)):
        found = look_up(view.connection, _WHOLE_ENTRY, by=by, values=values, within=within)
        rows |= {row.position: row for row in found}
    return _with_keys(view, [rows[position] for position in sorted(rows)])


def _with_keys(view: View, rows: Sequence[Any]) -> list[Recorded]:
    keys = view.vault.readable(view.connection, {row.key_id for row in rows})
    return [Recorded(row, keys.get(row.key_id)) for row in rows]


def count(connection: Connection) -> int:
    """How many facts came from outside, for steps to hear: what a replay decides again."""
    outside = "SELECT count(*) FROM journal WHERE causation_id IS NULL"
    return int(connection.execute(text(outside)).scalar_one())


def is_known(connection: Connection, id_: str) -> bool:
    """Whether anything is recorded under the id of a case, referral or message."""
    return any(
        connection.execute(select(journal.c.position).where(column == id_).limit(1)).first()
        for column in (journal.c.subject, journal.c.correlation_id, journal.c.message_id)
    )


def matching(
    connection: Connection,
    within: tuple[int, int],
    *,
    types: Collection[str] | None,
    about: str | None,
) -> int:
    """How many entries between two positions are of these types, and about this."""
    kept, (first, last) = journal.c, within
    query = select(func.count()).where(kept.position >= first, kept.position <= last)
    if about is not None:
        its = or_(kept.subject == about, kept.correlation_id == about, kept.message_id == about)
        query = query.where(its)
    if types is not None:
        query = query.where(kept.type.in_(types))
    return int(connection.execute(query).scalar_one())
