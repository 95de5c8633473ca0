"""Destroying keys as the hub does it: an erasure on the record says so."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from sqlalchemy import select

from ops.run.erased import CHAIN, Erasure
from schemas.erasure import CaseErased
from stores import cursors, erasing, journal
from stores.database import Database
from stores.tables import keys


def erasure(*key_ids: str) -> CaseErased:
    """The fact that two people erased a case, and with it these keys."""
    return CaseErased(
        case_id="case-1",
        referral_ids=("ref-1",),
        keys=key_ids,
        entries=1,
        decided_by="B. Records",
        and_by="C. Caldicott",
        why="its time is over",
    )


def destroy(database: Database, key_ids: Collection[str]) -> None:
    """Destroy these keys."""
    fact = erasure(*key_ids)
    with database.transaction() as transaction:
        cursor = cursors.lock(transaction, CHAIN)
        erasing.destroy(transaction, fact)
        message = Erasure(str(uuid4()), transaction.now, fact).message()
        journal.append(transaction, cursor, messages=[message])
        cursors.store(transaction, cursor)


def keys_of_cases(database: Database) -> list[str]:
    """All keys but the hub's own."""
    with database.reading() as connection:
        query = select(keys.c.key_id).where(keys.c.key_id.not_in(erasing.NEVER))
        return [*connection.execute(query).scalars()]
