"""The trail is found by whatever id people have in hand."""

from __future__ import annotations

from schemas.base import Fact
from stores import cursors, journal, trail
from stores.database import Database
from tests.support import given
from tests.support import products as product


def record(database: Database, *facts: Fact) -> None:
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "test")
        journal.append(transaction, cursor, messages=[given.message(fact) for fact in facts])
        cursors.store(transaction, cursor)


def found(database: Database, wanted: str) -> list[str]:
    with database.reading() as connection:
        entries = trail.about(connection, database.vault, wanted=wanted)
    return [entry.message.type for entry in entries]


def test_a_product_leads_to_its_case_as_soon_as_it_is_drafted(database: Database) -> None:
    record(database, given.linked(), product.drafted())
    assert found(database, "product-1") == found(database, "case-1")
    assert found(database, "product-1") == ["mash.case.child-linked.v1", "mash.product.drafted.v1"]
    assert found(database, "product-2") == []


def test_a_product_that_is_drafted_twice_leads_to_the_case_that_it_was_drafted_for(
    database: Database,
) -> None:
    record(database, product.drafted())
    record(database, product.drafted())
    assert len(found(database, "product-1")) == 2
