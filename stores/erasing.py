"""Destroying keys, and deleting what only speeds the hub's work: what is left is the record, which
verifies, and which nobody can read where its key is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, delete, func, select, text, update

from schemas.case import ChildLinked, LinkCorrected
from schemas.erasure import CaseErased
from schemas.notification import NotificationReceived
from stores import bound, queues, reference_parts
from stores import journal as recorded
from stores.database import Database, Transaction, View
from stores.dead_letters import DeadLetterState
from stores.people import OF_A_PERSON
from stores.rows import look_up
from stores.tables import (
    dead_letters,
    journal,
    keys,
    leaves,
    letters,
    people,
    person_keys,
    pictures,
    products,
    reds,
    reference_versions,
    states,
    timers,
)
from stores.trail import Entry
from stores.vault import HUB_KEY, IDS_KEY

NEVER = frozenset({HUB_KEY, IDS_KEY, "checkpoints", bound.KEY_ID})
"""Keys that are about nobody."""
_PART = 500
_ENVELOPE = (
    journal.c.position,
    journal.c.message_id,
    journal.c.topic,
    journal.c.type,
    journal.c.subject,
    journal.c.correlation_id,
    journal.c.causation_id,
    journal.c.key_id,
)


def entries(
    connection: Connection, *, about: Collection[str] = (), subjects: Collection[str] = ()
) -> list[Row[Any]]:
    """The envelopes of what is about these referrals, or whatever started it, or has one of these
    subjects; in order.
    """
    found = [
        *look_up(connection, _ENVELOPE, by=journal.c.correlation_id, values=about),
        *look_up(connection, _ENVELOPE, by=journal.c.subject, values=subjects),
    ]
    by_position = {row.position: row for row in found}
    return [by_position[position] for position in sorted(by_position)]


def of_messages(connection: Connection, ids: Collection[str]) -> Sequence[Row[Any]]:
    """The envelopes of these messages."""
    return look_up(connection, _ENVELOPE, by=journal.c.message_id, values=ids)


def products_of(connection: Connection, case_ids: Collection[str]) -> set[str]:
    """The products about these cases."""
    columns = (products.c.product_id, products.c.case_id)
    return {
        row.product_id
        for row in look_up(connection, columns, by=products.c.case_id, values=case_ids)
    }


class Waiting(NamedTuple):
    """A dead letter or a letter on a queue, opened."""

    key_id: str
    message_id: str | None
    plain: tuple[bytes, ...]


def waiting(view: View) -> Iterator[Waiting]:
    """Every dead letter and every letter on a queue that can be opened: what they are about is
    known from what they say.
    """
    dead = select(dead_letters)
    for row in view.connection.execute(dead):
        key = view.vault.key(view.connection, row.key_id)
        if key is not None:
            mended = [key.open(row.mended, bound_to=f"{row.id}/mended")] if row.mended else []
            plain = key.open(row.original, bound_to=row.id)
            yield Waiting(row.key_id, row.message_id, (plain, *mended))
    for row in view.connection.execute(select(letters)):
        if body := queues.opened(view, [row])[row.id]:
            yield Waiting(row.key_id or HUB_KEY, None, (body,))


def links(connection: Connection) -> Iterator[tuple[str, str, int]]:
    """Each referral with the case that it is in now, and when something was last recorded about it
    (microseconds).
    """
    last = {
        row.correlation_id: row.at
        for row in connection.execute(
            select(journal.c.correlation_id, func.max(journal.c.recorded_at).label("at")).group_by(
                journal.c.correlation_id
            )
        )
    }
    linked = select(journal.c.correlation_id, journal.c.subject).where(
        journal.c.type.in_((ChildLinked.type, LinkCorrected.type))
    )
    now = {
        row.correlation_id: row.subject
        for row in connection.execute(linked.order_by(journal.c.position))
    }
    yield from ((referral, case, last[referral]) for referral, case in now.items())


def made_afterwards(connection: Connection, key_ids: Collection[str]) -> set[str]:
    """The keys of what came after one of these was destroyed (:meth:`Vault.sealing`)."""
    found, wanted = set[str](), {f"{id_}+" for id_ in key_ids}
    while wanted:
        rows = look_up(connection, (keys.c.key_id,), by=keys.c.key_id, values=wanted)
        there = {row.key_id for row in rows}
        found |= there
        wanted = {f"{id_}+" for id_ in there}
    return found


def erased(view: View) -> dict[str, bool]:
    """The keys that are destroyed as an erasure on the record says, and whether that has its leaf
    of the tree yet.

    What they sealed is erased. Nobody said so of what any other destroyed key sealed.
    """
    facts = {entry.position: entry.message.data for entry in _said(view)}
    in_tree = {
        row.position
        for row in look_up(
            view.connection, (leaves.c.position,), by=leaves.c.position, values=facts
        )
    }
    found: dict[str, bool] = {}
    for position, fact in facts.items():
        if isinstance(fact, CaseErased):
            found |= {id_: position in in_tree or found.get(id_, False) for id_ in fact.keys}
    columns = (keys.c.key_id, keys.c.wrapped)
    kept = look_up(view.connection, columns, by=keys.c.key_id, values=found)
    return {row.key_id: found[row.key_id] for row in kept if row.wrapped is None}


def erasures(view: View) -> dict[str, Entry]:
    """The keys that erasures on the record name and that are destroyed, each with what names it."""
    gone = erased(view)
    named = ((entry, entry.message.data) for entry in _said(view))
    return {
        id_: entry
        for entry, fact in named
        if isinstance(fact, CaseErased)
        for id_ in fact.keys
        if id_ in gone
    }


def _said(view: View) -> list[Entry]:
    """Every erasure, in order; one that cannot be opened says just that."""
    said = select(journal).where(journal.c.type == CaseErased.type).order_by(journal.c.position)
    rows = view.connection.execute(said).all()
    keys = view.vault.readable(view.connection, {row.key_id for row in rows})
    return [
        Entry(row.position, row.recorded_at, row.chain, recorded.opened(row, keys)) for row in rows
    ]


def living(connection: Connection, key_ids: Collection[str]) -> bool:
    """Whether any of these keys opens anything."""
    rows = look_up(connection, (keys.c.key_id, keys.c.wrapped), by=keys.c.key_id, values=key_ids)
    return any(row.wrapped for row in rows)


def destroy(transaction: Transaction, erased: CaseErased) -> None:
    """Destroy the keys, so that nothing makes them anew either, and take out what they sealed of
    what is changed and deleted in the course of work.
    """
    _overwrite_what_is_deleted(transaction.connection)
    doomed = sorted({*erased.keys} - NEVER)
    _destroy_keys(transaction, doomed)
    for part in _parts(doomed):
        _delete(transaction, states, which=states.c.key_id.in_(part) | states.c.key.in_(part))
        _delete(transaction, letters, which=letters.c.key_id.in_(part))
        _delete(
            transaction, timers, which=timers.c.correlation_id.in_(part) | timers.c.key.in_(part)
        )
        _blank_dead_letters(transaction, part)
    for part in _parts(erased.referral_ids):
        for table in (reference_versions, pictures, reds):
            _delete(transaction, table, which=table.c.referral_id.in_(part))
        _forget_references(transaction, part)
    for numbers in _parts(_persons(doomed)):
        _delete(transaction, people, which=people.c.number.in_(numbers))
        _delete(transaction, person_keys, which=person_keys.c.number.in_(numbers))
    transaction.vault.forget()


def _forget_references(transaction: Transaction, referral_ids: Sequence[str]) -> None:
    columns = (journal.c.subject, journal.c.type)
    rows = look_up(transaction.connection, columns, by=journal.c.message_id, values=referral_ids)
    called = {row.subject for row in rows if row.type == NotificationReceived.type}
    reference_parts.forget(transaction, sorted(called))


def vacuum(database: Database) -> None:
    """Have the database let go of what was deleted, as far as it does that by itself: SQLite's log
    is emptied, PostgreSQL's tables are vacuumed.
    """
    if database.engine.dialect.name == "sqlite":
        if not database.is_in_memory:
            with database.reading() as connection:
                raw = connection.connection.driver_connection
                assert raw is not None
                connection.rollback()
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return
    outside = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    with outside.connect() as connection:
        for table in (keys, states, people, person_keys, letters, reference_versions):
            connection.execute(text(f"VACUUM {table.name}"))


def _overwrite_what_is_deleted(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def _destroy_keys(transaction: Transaction, doomed: Sequence[str]) -> None:
    connection = transaction.connection
    for part in _parts(doomed):
        there = look_up(connection, (keys.c.key_id,), by=keys.c.key_id, values=part)
        gone = update(keys).where(keys.c.key_id.in_(part), keys.c.wrapped.is_not(None))
        gone = gone.values(wrapped=None, destroyed_at=transaction.now)
        transaction.bind(keys, connection.execute(gone.returning(keys)))
        missing = {*part} - {row.key_id for row in there}
        rows = [{"key_id": id_, "destroyed_at": transaction.now} for id_ in sorted(missing)]
        transaction.insert(keys, rows)


def _blank_dead_letters(transaction: Transaction, key_ids: Sequence[str]) -> None:
    """The rows stay: they say that a step was kept from a message, which a replay wants to know."""
    theirs = update(dead_letters).where(dead_letters.c.key_id.in_(key_ids))
    theirs = theirs.values(original=b"", mended=None, why=None, state=DeadLetterState.DISCARDED)
    transaction.bind(dead_letters, transaction.connection.execute(theirs.returning(dead_letters)))


def _delete(transaction: Transaction, table: Table, *, which: Any) -> None:
    by = [table.c[name] for name in bound.TABLES[table.name].by]
    gone = transaction.connection.execute(delete(table).where(which).returning(*by))
    transaction.changes.gone(table, [row._mapping for row in gone])


def _persons(key_ids: Iterable[str]) -> list[int]:
    """The row numbers of the persons whose keys are among these."""
    found = (id_.removeprefix(OF_A_PERSON) for id_ in key_ids if id_.startswith(OF_A_PERSON))
    return sorted({int(number.rstrip("+")) for number in found})


def _parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _PART] for start in range(0, len(values), _PART))
