"""Every row of every table is bound: altered, deleted or put in by whoever has every right on the
database and not the hub's key, it is named by table and row (F50).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import LargeBinary, Table, Text, delete, func, insert, select, update

from ops.look.verify import verify
from stores import (
    bound,
    cursors,
    dead_letters,
    failures,
    people,
    queues,
    reds,
    rotating,
    states,
    timers,
)
from stores.database import Database, Transaction
from stores.dead_letters import DeadLetterState
from stores.journal import Flaw
from stores.tables import METADATA
from stores.timers import StoredTimer
from stores.vault import Vault
from stores.wrapping import HeldKeys
from tests.support.erasing import destroy
from tests.support.full_store import dead, fill_all, grow, letter, place


def flaws(database: Database) -> list[Flaw]:
    return verify(place(database), contents=False).flaws


def told(database: Database) -> list[tuple[str, str | None, str | None]]:
    return [(flaw.what, flaw.table, flaw.row) for flaw in flaws(database)]


@pytest.fixture
def filled(database: Database) -> Database:
    """Two rows at least in every table, all recorded, and signed."""
    fill_all(database)
    return database


TABLES = sorted(bound.TABLES)


def test_every_table_is_bound_or_is_the_record_itself() -> None:
    assert set(METADATA.tables) == {*bound.TABLES, *bound.RECORD}
    assert len({kept.number for kept in bound.TABLES.values()}) == len(bound.TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_what_says_which_row_it_is_is_a_column_and_unique(name: str) -> None:
    table, kept = METADATA.tables[name], bound.TABLES[name]
    names = {column.name for column in table.c}
    assert {*kept.by, *kept.besides} <= names
    assert not {*kept.by} & kept.besides


def test_an_untouched_store_has_no_flaws(filled: Database) -> None:
    found = verify(place(filled), contents=True)
    assert (found.flaws, found.pending) == ([], 0)
    assert found.leaves == found.entries + found.changes


def one_row(transaction: Transaction, table: Table) -> tuple[str, Any]:
    """The last row of a table by its key: what it is called, and where it is."""
    kept = bound.TABLES[table.name]
    by = [table.c[name] for name in kept.by]
    query = select(table).where(by[0].not_in(kept.apart)) if kept.apart else select(table)
    row = transaction.connection.execute(query.order_by(*by).limit(1)).one()
    where = [column.is_not_distinct_from(row._mapping[column.name]) for column in by]
    return bound.rows_called(table.name, [row._mapping])[0].replace("\t", " "), where


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_somebody_without_keys_deleted_is_named(filled: Database, name: str) -> None:
    table = METADATA.tables[name]
    with filled.transaction() as transaction:
        row, where = one_row(transaction, table)
        transaction.connection.execute(delete(table).where(*where))
    assert ("deleted", name, row) in told(filled)


OTHERWISE: Mapping[type, Callable[[Any], Any]] = {
    str: lambda value: value + "x",
    int: lambda value: value + 1,
    bytes: lambda value: bytes([value[0] ^ 1]) + value[1:],
    type(None): lambda _: None,
}


@pytest.mark.parametrize(
    ("name", "column"),
    [
        (name, column.name)
        for name in TABLES
        for column in METADATA.tables[name].c
        if column.name in bound.columns_of(METADATA.tables[name])
    ],
)
def test_a_row_that_somebody_without_keys_altered_is_named(
    filled: Database, name: str, column: str
) -> None:
    table = METADATA.tables[name]
    kept = bound.TABLES[name]
    with filled.transaction() as transaction:
        row, where = one_row(transaction, table)
        one = select(table.c[column]).where(*where)
        value = transaction.connection.execute(one).scalar_one()
        changed = {column: other(table.c[column], value)}
        transaction.connection.execute(update(table).where(*where).values(changed))
    found = told(filled)
    expected = "deleted" if column in kept.by else "altered"
    assert (expected, name, row) in found
    if column in kept.by:
        assert ("inserted", name) in [(what, where) for what, where, _ in found]


def other(column: Any, value: Any) -> Any:
    """Another value of the same kind."""
    if value is None:
        kinds: Mapping[type, Any] = {Text: "x", LargeBinary: b"x"}
        return kinds.get(type(column.type), 1_000_000)
    return value + 100 if isinstance(value, int) else OTHERWISE[type(value)](value)


@pytest.mark.parametrize("name", TABLES)
def test_a_row_that_somebody_without_keys_put_in_is_named(filled: Database, name: str) -> None:
    table, kept = METADATA.tables[name], bound.TABLES[name]
    with filled.transaction() as transaction:
        _, where = one_row(transaction, table)
        row = dict(transaction.connection.execute(select(table).where(*where)).one()._mapping)
        for column in table.c:
            if column.name in kept.by or column.unique or column.name == "position":
                row[column.name] = other(column, row[column.name])
        transaction.connection.execute(insert(table).values(row))
    put_in = bound.rows_called(name, [row])[0].replace("\t", " ")
    assert ("inserted", name, put_in) in told(filled)


def test_a_row_as_it_was_before_is_named(filled: Database) -> None:
    """An approval that its owner withdrew is put back as it had been, seal and all."""
    table = METADATA.tables["states"]
    mine = table.c.key == "one"
    with filled.transaction() as transaction:
        before = transaction.connection.execute(select(table).where(mine)).one()
        states.save(transaction, "rate", documents={"one": (2, b'{"withdrawn": true}')})
    grow(filled)
    assert told(filled) == []
    with filled.transaction() as transaction:
        restored = update(table).where(mine).values(**before._mapping)
        transaction.connection.execute(restored)
    assert told(filled) == [("altered", "states", "rate one")]


def test_what_was_recorded_of_rows_cannot_be_used_again(filled: Database) -> None:
    """An older record of the row is copied behind the newest, where it would be the last word."""
    table, records = METADATA.tables["states"], METADATA.tables["bound"]
    mine = table.c.key == "one"
    with filled.transaction() as transaction:
        before = transaction.connection.execute(select(table).where(mine)).one()
        states.save(transaction, "rate", documents={"one": (2, b'{"withdrawn": true}')})
    with filled.transaction() as transaction:
        connection = transaction.connection
        connection.execute(update(table).where(mine).values(**before._mapping))
        first = connection.execute(select(records).order_by(records.c.number).limit(1)).one()
        last = connection.execute(select(func.max(records.c.number))).scalar_one()
        connection.execute(insert(records).values(number=last + 1, body=first.body))
    grow(filled)
    assert told(filled) == [
        ("cannot be opened", "bound", str(last + 1)),
        ("altered", "states", "rate one"),
    ]


def test_what_was_recorded_of_rows_is_named_where_it_is_gone(filled: Database) -> None:
    table, records = METADATA.tables["states"], METADATA.tables["bound"]
    mine = table.c.key == "one"
    with filled.transaction() as transaction:
        before = transaction.connection.execute(select(table).where(mine)).one()
        states.save(transaction, "rate", documents={"one": (2, b'{"withdrawn": true}')})
    grow(filled)
    with filled.transaction() as transaction:
        connection = transaction.connection
        connection.execute(update(table).where(mine).values(**before._mapping))
        last = connection.execute(select(func.max(records.c.number))).scalar_one()
        connection.execute(delete(records).where(records.c.number == last))
    assert told(filled) == [("deleted", "bound", str(last))]


def test_destroyed_keys_are_named_unless_a_leaf_says_so(filled: Database) -> None:
    keys = METADATA.tables["keys"]
    destroy(filled, ["one", "person/5", "never there"])
    grow(filled)
    assert told(filled) == []
    with filled.transaction() as transaction:
        destroyed = update(keys).where(keys.c.key_id == "three").values(wrapped=None)
        transaction.connection.execute(destroyed)
    by_hand = ("destroyed without a leaf that says so", "keys", "three")
    assert told(filled) == [by_hand]
    with filled.transaction() as transaction:
        transaction.bind(keys, transaction.connection.execute(select(keys)))
    assert told(filled) == [by_hand], "also by whoever can record rows"


def test_what_was_erased_is_counted_and_what_nobody_erased_is_unreadable(filled: Database) -> None:
    with filled.reading() as connection:
        ids = list(connection.execute(select(METADATA.tables["journal"].c.key_id)).scalars())
    destroy(filled, ids[:1])
    found = verify(place(filled), contents=True)
    assert (found.flaws, found.erased_with_leaf, found.unreadable) == ([], 0, 0)
    assert found.erased == ids.count(ids[0])
    grow(filled)
    found = verify(place(filled), contents=False)
    assert (found.flaws, found.erased_with_leaf) == ([], found.erased)


def test_what_nobody_erased_is_unreadable(filled: Database) -> None:
    keys, journal_ = METADATA.tables["keys"], METADATA.tables["journal"]
    with filled.transaction() as transaction:
        used = transaction.connection.execute(select(journal_.c.key_id)).scalars().all()
        gone = update(keys).where(keys.c.key_id.in_(used)).values(wrapped=None)
        transaction.connection.execute(gone)
    filled.vault.forget()
    found = verify(place(filled), contents=True)
    assert (found.erased, found.unreadable) == (0, len(used))
    assert {flaw.what for flaw in found.flaws} == {"destroyed without a leaf that says so"}


def test_keys_that_are_wrapped_anew_are_recorded_and_what_is_altered_then_is_named(
    filled: Database,
) -> None:
    filled.vault = Vault(HeldKeys(os.urandom(32), bytes(32)))
    after: str | None = ""
    while after is not None:
        _, _, after = rotating.wrap_anew(filled, after=after)
    grow(filled)
    assert told(filled) == []
    table = METADATA.tables["keys"]
    with filled.transaction() as transaction:
        other_one = select(table.c.wrapped).where(table.c.key_id == "three").scalar_subquery()
        transaction.connection.execute(
            update(table).where(table.c.key_id == "one").values(wrapped=other_one)
        )
    assert told(filled) == [("altered", "keys", "one")]


def test_without_the_key_of_the_rows_that_is_what_is_said(filled: Database) -> None:
    keys = METADATA.tables["keys"]
    with filled.transaction() as transaction:
        transaction.connection.execute(delete(keys).where(keys.c.key_id == bound.KEY_ID))
    filled.vault.forget()
    assert told(filled) == [("key of the rows missing", "keys", bound.KEY_ID)]


def test_rows_that_come_and_go_in_the_course_of_work_are_no_flaws(filled: Database) -> None:
    with filled.transaction() as transaction:
        queues.lease(transaction, "police", limit=10, seconds=60)
        queues.give_back(transaction, "police", ids=["one"], after_seconds=5)
        assert queues.acknowledge(transaction, "police", ids=["three"]) == 1
        assert queues.take_back(transaction, ["one"]) == set()
        assert timers.take_due(transaction, limit=1)
        people.unfile(transaction, [(7, 3)])
        cursors.rewind(transaction, "rate/one", offset=0)
        buried = dead_letters.load(transaction, "one")
        assert buried is not None
        dead_letters.settle(transaction, replace(buried, state=DeadLetterState.DISCARDED))
    failures.note(filled, "part one", error="OSError", again_in=None)
    failures.started(filled, "part one")
    assert told(filled) == []
    with filled.transaction() as transaction:
        assert people.file_anew(transaction, [(9, 3)]) == 1
    grow(filled)
    assert told(filled) == []


def test_of_two_who_were_first_with_a_row_only_one_recorded_it(filled: Database) -> None:
    with filled.transaction() as transaction:
        queues.post(transaction, {"one": letter("police"), "two": letter("police")})
        dead_letters.bury(transaction, [dead("one"), dead("two")])
        reds.note(transaction, ["one", "two"])
        timers.start(transaction, [StoredTimer("rate", "one", 1, "another", "key")])
    grow(filled)
    assert told(filled) == []


def test_what_is_not_committed_is_not_recorded(filled: Database) -> None:
    records = METADATA.tables["bound"]
    with filled.reading() as connection:
        before = connection.execute(select(func.count()).select_from(records)).scalar_one()
    with pytest.raises(RuntimeError):  # noqa: PT012, SIM117 - all of it is what fails
        with filled.transaction() as transaction:
            reds.note(transaction, ["never"])
            raise RuntimeError
    with filled.reading() as connection:
        after = connection.execute(select(func.count()).select_from(records)).scalar_one()
    assert (before, told(filled)) == (after, [])


def test_a_row_that_is_written_and_not_recorded_is_found(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: whoever takes the recording out of the store is caught (F30)."""
    monkeypatch.setattr(bound.Changes, "put", lambda *_: None)
    with filled.transaction() as transaction:
        reds.note(transaction, ["unrecorded"])
    assert told(filled) == [("inserted", "reds", "unrecorded")]
