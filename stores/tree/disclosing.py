"""Entries of the journal with their leaves: what it takes to show others that they are in it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row

from stores import journal
from stores.rows import look_up
from stores.tables import leaves
from stores.tree import kept
from stores.tree.proofs import inclusion


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry, its leaf, and the proof that this is in the tree."""

    row: Row[Any]
    leaf: int
    salt: bytes
    proof: list[bytes]


class NoLeafYet(Exception):
    """Entries that are not under the checkpoint yet; the message says what to do."""

    def __str__(self) -> str:
        (count,) = self.args
        return (
            f"{count} of these entries are under no signed checkpoint yet: let the hub run, and "
            "ask again in a second"
        )


def proven(connection: Connection, positions: Collection[int], *, size: int) -> list[Proven]:
    """The entries at these positions with their proofs in the tree of this size, in their order.

    Raises :class:`NoLeafYet`, and ``Damaged`` where the tree lacks a part.
    """
    columns = (leaves.c.position, leaves.c.leaf, leaves.c.salt)
    found = {
        row.position: row
        for row in look_up(connection, columns, by=leaves.c.position, values=positions)
        if row.leaf < size
    }
    if len(found) < len(positions):
        raise NoLeafYet(len(positions) - len(found))
    node = kept.nodes(connection)
    rows = sorted(journal.rows_at(connection, positions), key=lambda row: row.position)
    return [
        Proven(row, found[row.position].leaf, found[row.position].salt, proof)
        for row in rows
        for proof in [inclusion(found[row.position].leaf, size, node=node)]
    ]
