"""What an agency calls a notification is found from its middle, by an index, in every store."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlalchemy import Connection, select, text

from router.intake import StoredIntake
from schemas.erasure import CaseErased
from stores import erasing, reference_parts
from stores.database import Database
from stores.reference_parts import LEAST, parts_of, plain, subjects
from stores.tables import journal
from stores.tree.rows import LookingAtRows
from tests.contract.test_references import arrival

REFERENCES = ("MER-2026-004711", "MER-2026-014711", "Straße 12345", "a_b%c-9999", "R-1")


@pytest.fixture
def kept(database: Database) -> Database:
    intake = StoredIntake(database)
    for number, reference in enumerate(REFERENCES):
        intake.take([arrival(f"e-{number}", reference=reference)])
    intake.take([arrival("e-9", "Told again.", reference=REFERENCES[0])])
    return database


def found(database: Database, wanted: str) -> list[str]:
    with database.reading() as connection:
        told = subjects(connection, wanted, limit=50)
    return sorted(one.partition("/")[2] for one in told)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("4711", ["MER-2026-004711", "MER-2026-014711"]),
        ("004711", ["MER-2026-004711"]),
        ("2026 00", ["MER-2026-004711"]),
        ("mer2026", ["MER-2026-004711", "MER-2026-014711"]),
        ("2026/0147", ["MER-2026-014711"]),
        ("STRASSE", ["Straße 12345"]),
        ("9999", ["a_b%c-9999"]),
        ("abc9", ["a_b%c-9999"]),
        ("471", []),
        ("%%%%", []),
        ("____", []),
        ("", []),
        ("4711" * 60, []),
        ("zzzz", []),
        ("\U0001f642" * 4, []),
    ],
)
def test_a_reference_is_found_by_any_part_of_it(
    kept: Database, wanted: str, expected: list[str]
) -> None:
    assert found(kept, wanted) == expected


def test_what_was_erased_is_not_found_in_part(kept: Database) -> None:
    with kept.reading() as connection:
        of_it = select(journal.c.message_id).where(journal.c.subject == f"police/{REFERENCES[0]}")
        ids = tuple(connection.execute(of_it).scalars())
    said: dict[str, Any] = {"keys": (), "referral_ids": ids}
    with kept.transaction() as transaction:
        erasing.destroy(transaction, CaseErased.model_construct(**said))
    assert found(kept, "4711") == ["MER-2026-014711"]
    with kept.view() as view:
        assert [*LookingAtRows(view).check(["reference_parts"])] == []


def test_no_more_are_told_than_are_asked_for(kept: Database) -> None:
    with kept.reading() as connection:
        assert len(subjects(connection, "4711", limit=1)) == 1


def test_the_parts_are_looked_for_by_an_index(kept: Database) -> None:
    with kept.reading() as connection:
        plans = plan(connection, "4711")
    assert any("reference_parts" in one for one in plans)
    assert [one for one in plans if "SCAN" in one.upper() and "INDEX" not in one.upper()] == []


def plan(connection: Connection, wanted: str) -> list[str]:
    asked = reference_parts.beginning(wanted, limit=50)
    made = asked.compile(connection.engine, compile_kwargs={"literal_binds": True})
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {made}")
    else:
        # Of a few rows it would read them all: that it can do otherwise is what matters.
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        connection.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = connection.exec_driver_sql(f"EXPLAIN {made}".replace("%", "%%"))
    return [str(row[-1]) for row in rows]


def test_postgres_bounds_the_range_by_the_index(postgres: Database) -> None:
    with postgres.reading() as connection:
        plans = plan(connection, "4711")
    (bounds,) = [one for one in plans if "Index Cond" in one]
    assert bounds.count("part") >= 2


@drawn(st.text(max_size=60), st.integers(0, 60), st.integers(LEAST, 20))
def test_what_is_kept_is_found_by_each_of_its_pieces(
    reference: str, start: int, length: int
) -> None:
    whole = plain(reference)
    piece = whole[start : start + length]
    parts = list(parts_of(f"police/{reference}"))
    assert all(part in whole for part in parts)
    if len(piece) >= LEAST and start < 32:
        assert any(part.startswith(piece) or piece.startswith(part) for part in parts)
