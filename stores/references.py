"""What came under each agency's reference: its versions in order, and the referral of each."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from stores.database import Transaction, View
from stores.rows import look_up
from stores.tables import reference_versions as table
from stores.vault import HUB_KEY, DataKey, Vault


@dataclass(frozen=True, slots=True, repr=False)
class KeptVersion:
    """The ``number``-th content, from 1, that came under ``agency/reference``."""

    reference: str
    number: int
    content_digest: str
    referral_id: str


def load(view: View, references: Collection[str]) -> Iterator[KeptVersion]:
    """What came before under these references, the versions of each in order."""
    if not references:
        return
    key = _key(view.connection, view.vault)
    by_row_key = {_row_key(key, reference): reference for reference in references}
    columns = (table.c.key, table.c.number, table.c.content, table.c.referral_id)
    rows = look_up(view.connection, columns, by=table.c.key, values=by_row_key)
    for row in sorted(rows, key=lambda row: row.number):
        digest = key.open(row.content, bound_to=row.referral_id).hex()
        yield KeptVersion(by_row_key[row.key], row.number, digest, row.referral_id)


def add(transaction: Transaction, versions: Iterable[KeptVersion]) -> None:
    """Keep further versions.

    Raises ``Conflict`` where another transaction has added one of the same number before.
    """
    key = _key(transaction.connection, transaction.vault)
    transaction.insert(table, list(_rows(key, versions)))


def _rows(key: DataKey, versions: Iterable[KeptVersion]) -> Iterator[dict[str, Any]]:
    for one in versions:
        digest = bytes.fromhex(one.content_digest)
        yield {
            "key": _row_key(key, one.reference),
            "number": one.number,
            "content": key.seal(digest, bound_to=one.referral_id),
            "referral_id": one.referral_id,
        }


def _row_key(key: DataKey, reference: str) -> int:
    """A reference may name anybody, so what is kept of it tells only this hub which it is.

    63 bits: among a million references, the chance that any two share a key is 5 in 10^8.
    """
    return int.from_bytes(key.digest(reference.encode())[:8], "big") >> 1


def _key(connection: Connection, vault: Vault) -> DataKey:
    return vault.keys(connection, [HUB_KEY], create=True)[HUB_KEY]
