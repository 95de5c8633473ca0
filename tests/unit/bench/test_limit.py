"""The bare limit's file is sound, and what is written of it is what it says."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.bench.limit import embedded_entries, production_entries, recorded, sqlite_limit, written
from tests.bench.old_shape import OldTable, Rows, shapes

BATCH = recorded("batches")[0]


def test_a_notification_wrote_some_forty_rows_and_21_kilobytes() -> None:
    """What was measured of that commit when the limit was fixed."""
    entries = [
        entry for batch in recorded("batches") for transaction in batch for entry in transaction
    ]
    assert len(recorded("batches")) == 20
    assert sum(rows for _, _, rows, _ in entries) / 4000 == pytest.approx(40, abs=1)
    assert sum(size for *_, size in entries) / 4000 == pytest.approx(21_000, rel=0.05)


def test_every_row_goes_to_a_table_of_that_commit_and_has_room_for_its_columns() -> None:
    for batch in recorded("batches"):
        for verb, name, rows, size in (entry for transaction in batch for entry in transaction):
            assert verb in ("insert", "rewrite")
            assert rows > 0
            if "rest" in shapes()[name].columns.values():
                assert size / rows > shapes()[name].fixed * 0.9


def test_as_many_rows_are_written_as_were_recorded(tmp_path: Path) -> None:
    assert sqlite_limit(tmp_path, 200) > 0
    inserted = Counter[str]()
    for verb, name, rows, _ in (entry for transaction in BATCH for entry in transaction):
        inserted[name] += rows if verb == "insert" else 0
    store = sqlite3.connect(tmp_path / "bare.db")
    for name in shapes():
        (found,) = store.execute(f"SELECT count(*) FROM {name}").fetchone()  # noqa: S608
        assert found == inserted[name]
    store.close()


def test_the_rows_are_the_same_in_every_run_and_as_large_as_recorded() -> None:
    once, again = list(written(embedded_entries(200))), list(written(embedded_entries(200)))
    assert once == again
    for transaction, entries in zip(once, BATCH, strict=True):
        for write, (verb, name, rows, size) in zip(transaction, entries, strict=True):
            assert (write.verb, write.table.name) == (verb, name)
            if verb == "insert" and "rest" in write.table.columns.values():
                letters = sum(
                    len(value) if isinstance(value, (bytes, str)) else 8
                    for row in write.rows
                    for value in row
                )
                assert letters == pytest.approx(size, rel=0.1)
            assert len(write.rows) <= rows


def test_a_row_is_rewritten_under_a_key_that_is_there() -> None:
    table = OldTable("states", {"key": "id", "body": "rest"}, key=("key",))
    rows = Rows()
    first = rows.new(table, number=3, size=300)
    again = rows.again(table, number=2, size=200)
    assert {row[0] for row in again} < {row[0] for row in first}
    assert not {row[1] for row in again} & {row[1] for row in first}


def test_in_production_the_same_rows_are_shared_out_among_its_transactions() -> None:
    production, shared = recorded("production"), Counter[tuple[str, str]]()
    transactions = list(production_entries(production["notifications"]))
    for verb, name, rows, _ in (entry for entries in transactions for entry in entries):
        shared[verb, name] += rows
    assert len(transactions) == production["transactions"]
    assert shared == {(verb, name): rows for verb, name, rows, _ in production["rows"]}
    half = sum(1 for _ in production_entries(production["notifications"] // 2))
    assert half == production["transactions"] // 2
