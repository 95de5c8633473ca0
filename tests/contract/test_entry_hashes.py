"""Old entries verify by the rule that they were hashed by, new ones by the new; and nobody turns
back.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from stores import cursors, journal
from stores.database import Database
from stores.entry_hash import COLUMNS, entry_hash
from stores.journal import Flaw
from stores.tables import cursors as heads
from stores.tables import journal as entries
from tests.support import given


def append(database: Database, count: int) -> None:
    """Entries at the end of the chain, one of them with a cause."""
    messages = [given.message(given.linked()) for _ in range(count)]
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "rate")
        journal.append(transaction, cursor, messages=messages)
        cursors.store(transaction, cursor)


def flaws(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        found = [flaw for flaw in journal.verify(connection) if isinstance(flaw, Flaw)]
    return [(flaw.sequence, flaw.what) for flaw in found]


def change(database: Database, sequence: int, **columns: Any) -> None:
    with database.transaction() as transaction:
        where = entries.c.sequence == sequence
        transaction.connection.execute(update(entries).where(where).values(columns))


def by_version_1(before: bytes, row: Row[Any]) -> bytes:
    """As entries were hashed before they had a version."""
    envelope = (
        *(row.chain, row.sequence, row.message_id, row.topic, row.type, row.source, row.subject),
        *(row.key, row.correlation_id, row.causation_id, row.time, row.recorded_at, row.key_id),
    )
    text = "\x1f".join(map(str, envelope))
    return sha256(before + text.encode() + row.digest + row.payload).digest()


def by_version_2(before: bytes, row: Row[Any]) -> bytes:
    return entry_hash(before, [getattr(row, name) for name in COLUMNS])


def rehash(database: Database, *, old: Callable[[int], bool]) -> None:
    """Hash the whole chain anew, with its head, as whoever may write to the database could; by the
    old rule where ``old`` says so of the sequence.
    """
    before = bytes(32)
    with database.transaction() as transaction:
        connection = transaction.connection
        for row in connection.execute(select(entries).order_by(entries.c.sequence)).all():
            before = (by_version_1 if old(row.sequence) else by_version_2)(before, row)
            written = {"hash": before, "hash_version": 1 if old(row.sequence) else 2}
            mine = entries.c.sequence == row.sequence
            connection.execute(update(entries).where(mine).values(written))
        connection.execute(update(heads).values(hash=before))


@pytest.fixture
def old(database: Database) -> Database:
    """A store whose entries were hashed before they had a version."""
    append(database, 3)
    rehash(database, old=lambda _: True)
    return database


def test_old_entries_verify_and_new_ones_go_on_from_them(old: Database) -> None:
    assert flaws(old) == []
    append(old, 2)
    assert flaws(old) == []
    with old.reading() as connection:
        versions = select(entries.c.hash_version).order_by(entries.c.sequence)
        assert connection.execute(versions).scalars().all() == [1, 1, 1, 2, 2]


def test_an_altered_old_entry_is_named(old: Database) -> None:
    append(old, 2)
    change(old, 2, subject="another")
    assert flaws(old) == [(2, "altered")]


def test_a_cause_that_is_none_is_told_from_one_called_none(database: Database) -> None:
    append(database, 3)
    change(database, 2, causation_id="None")
    assert flaws(database) == [(2, "altered")]


@pytest.mark.parametrize("version", [0, 1, 3])
def test_an_entry_whose_mark_was_switched_is_named(database: Database, version: int) -> None:
    append(database, 3)
    change(database, 2, hash_version=version)
    assert flaws(database) == [(2, "altered")]


def test_an_old_entry_that_is_marked_as_new_is_named(old: Database) -> None:
    change(old, 2, hash_version=2)
    assert flaws(old) == [(2, "altered")]


def test_an_entry_hashed_by_the_old_rule_behind_a_new_one_is_named(database: Database) -> None:
    append(database, 4)
    rehash(database, old=lambda sequence: sequence in (1, 3))
    assert flaws(database) == [(3, "hashed by an older rule")]


@pytest.mark.parametrize(
    ("column", "value"), [("time", 1.5), ("payload", "text"), ("digest", "text"), ("hash", "text")]
)
@pytest.mark.parametrize("old", [True, False])
def test_a_value_of_another_kind_is_named_and_does_not_end_the_check(
    sqlite: Database, column: str, value: object, *, old: bool
) -> None:
    """SQLite keeps whatever it is given."""
    append(sqlite, 4)
    rehash(sqlite, old=lambda _: old)
    with sqlite.transaction() as transaction:
        put = f"UPDATE journal SET {column} = ? WHERE sequence = 2"  # noqa: S608 - a name of ours
        transaction.connection.exec_driver_sql(put, (value,))
    assert flaws(sqlite)[0] == (2, "altered")
