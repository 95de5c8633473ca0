"""The trail is found by whatever id people have in hand."""

from __future__ import annotations

from sqlalchemy import delete, update

from schemas.base import Fact
from stores import cursors, journal, products, tables, trail
from stores.database import Database
from tests.support import given
from tests.support import products as product


def record(database: Database, *facts: Fact) -> None:
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, "test")
        journal.append(transaction, cursor, [given.message(fact) for fact in facts])
        cursors.store(transaction, cursor)


def found(database: Database, wanted: str) -> list[str]:
    with database.reading() as connection:
        entries = trail.about(connection, database.vault, wanted)
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


def test_a_product_drafted_before_products_were_noted_is_found_once_the_journal_was_gone_through(
    database: Database,
) -> None:
    record(database, given.linked(), product.drafted(), product.drafted(product_id="product-2"))
    with database.transaction() as transaction:
        transaction.connection.execute(delete(tables.products))
        noted = products.note_earlier(transaction.connection, transaction.vault)
    assert noted == 2
    assert found(database, "product-2") == found(database, "case-1")


def test_a_product_of_an_erased_case_does_not_keep_the_others_from_being_noted(
    database: Database,
) -> None:
    record(database, product.drafted(), product.drafted(product_id="product-2", case_id="case-2"))
    with database.transaction() as transaction:
        connection = transaction.connection
        connection.execute(delete(tables.products))
        erased = update(tables.keys).where(tables.keys.c.key_id == "case-1")
        connection.execute(erased.values(wrapped=None, destroyed_at=1))
        database.vault.forget()
        assert products.note_earlier(connection, transaction.vault) == 1
    assert found(database, "product-2") == found(database, "case-2")
    assert found(database, "product-1") == []
