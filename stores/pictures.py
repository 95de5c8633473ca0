"""Which pictures were shown, to whom, and how new they were; what they showed is in the journal."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.picture import Shown
from stores.database import Transaction, View
from stores.rows import look_up
from stores.tables import pictures


def load(view: View, ids: Collection[str]) -> dict[str, Shown]:
    """Those of these pictures that were shown, by id."""
    if not ids:
        return {}
    c = pictures.c
    columns = (c.id, c.digest, c.agency, c.referral_id, c.revision)
    rows = look_up(view.connection, columns, by=c.id, values=ids)
    return {row.id: Shown(**row._mapping) for row in rows}


def note(transaction: Transaction, shown: Sequence[Shown]) -> None:
    """Note pictures that are shown for the first time in this transaction.

    Raises ``Conflict`` where another transaction has noted one of them before.
    """
    transaction.insert(pictures, [one.model_dump() for one in shown])
