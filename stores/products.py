"""Which case each product is about: what people have in hand is often a product's id alone."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from schemas.base import Fact
from schemas.product import ProductDrafted
from stores.database import Transaction
from stores.rows import Clash
from stores.tables import products as table


def case_of(connection: Connection, product_id: str) -> str | None:
    """The case of a product; None for anything that is no product's id."""
    query = select(table.c.case_id).where(table.c.product_id == product_id)
    return connection.execute(query).scalar()


def note(transaction: Transaction, facts: Iterable[Fact]) -> None:
    """Note the products that these facts draft."""
    drafted = [fact for fact in facts if isinstance(fact, ProductDrafted)]
    rows = [{"product_id": fact.product_id, "case_id": fact.case_id} for fact in drafted]
    transaction.insert(table, rows, clash=Clash.KEEP)
