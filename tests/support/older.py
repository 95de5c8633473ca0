"""A store of today as a program before revision 0018 would have left it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Table, and_, null, select, update

from stores import tables
from stores.database import Transaction
from stores.vault import HUB_KEY


def sealed_by_the_hub(transaction: Transaction) -> None:
    """Seal states and persons with the hub's own key, as they were before they had their own."""
    _reseal(transaction, tables.states, tables.states.c.step, tables.states.c.key)
    _reseal(transaction, tables.people, tables.people.c.number)


def _reseal(transaction: Transaction, table: Table, *by: Column[Any]) -> None:
    connection, vault = transaction.connection, transaction.vault
    hub = vault.keys(connection, [HUB_KEY], create=True)[HUB_KEY]
    for row in connection.execute(select(*by, table.c.body, table.c.key_id)).all():
        place = "/".join(str(part) for part in row[: len(by)])
        key = vault.keys(connection, [row.key_id], create=False)[row.key_id]
        body = hub.seal(key.open(row.body, bound_to=place), bound_to=place)
        here = and_(*(column == value for column, value in zip(by, row, strict=False)))
        connection.execute(update(table).where(here).values(body=body, key_id=null()))
