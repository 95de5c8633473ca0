"""Destroying keys as the hub does it: what is done is recorded, and has its leaf."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update

from stores.bound import KEY_ID
from stores.database import Database
from stores.tables import keys
from stores.vault import HUB_KEY

_OF_THE_HUB = (HUB_KEY, KEY_ID, "checkpoints")


def destroy(database: Database, key_ids: Collection[str]) -> None:
    """Destroy these keys."""
    with database.transaction() as transaction:
        gone = update(keys).where(keys.c.key_id.in_(key_ids))
        gone = gone.values(wrapped=None, destroyed_at=transaction.now)
        transaction.bind(keys, transaction.connection.execute(gone.returning(keys)))
    database.vault.forget()


def keys_of_cases(database: Database) -> list[str]:
    """All keys but the hub's own."""
    with database.reading() as connection:
        query = select(keys.c.key_id).where(keys.c.key_id.not_in(_OF_THE_HUB))
        return [*connection.execute(query).scalars()]
