"""Which case each product is about: what people have in hand is often a product's id alone."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from schemas.base import Fact
from schemas.product import ProductDrafted
from stores import codec
from stores.rows import Clash, insert
from stores.tables import journal
from stores.tables import products as table
from stores.vault import Vault

_PAGE = 1000


def case_of(connection: Connection, product_id: str) -> str | None:
    """The case of a product; None for anything that is no product's id."""
    query = select(table.c.case_id).where(table.c.product_id == product_id)
    return connection.execute(query).scalar()


def note(connection: Connection, facts: Iterable[Fact]) -> int:
    """Note the products that these facts draft; answers how many there are."""
    drafted = [fact for fact in facts if isinstance(fact, ProductDrafted)]
    rows = [{"product_id": fact.product_id, "case_id": fact.case_id} for fact in drafted]
    insert(connection, table, rows, Clash.KEEP)
    return len(rows)


def note_earlier(connection: Connection, vault: Vault) -> int:
    """Note the products that were drafted before this table was there; answers how many.

    For the migration that brings the table. A product of an erased case cannot be read any more.
    """
    noted, position = 0, 0
    while rows := connection.execute(_DRAFTS.where(journal.c.position > position)).all():
        keys = vault.keys(connection, {row.key_id for row in rows}, create=False)
        payloads = [
            keys[row.key_id].open(row.payload, bound_to=row.message_id)
            for row in rows
            if row.key_id in keys
        ]
        noted += note(connection, [codec.decode(ProductDrafted.type, one) for one in payloads])
        position = rows[-1].position
    return noted


_DRAFTS = (
    select(journal.c.position, journal.c.message_id, journal.c.key_id, journal.c.payload)
    .where(journal.c.type == ProductDrafted.type)
    .order_by(journal.c.position)
    .limit(_PAGE)
)
