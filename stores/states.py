"""What each step remembers, one sealed document per key, written under optimistic locking."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from stores.database import Conflict, Transaction, View
from stores.rows import Clash, look_up_pairs
from stores.tables import states
from stores.vault import HUB_KEY, DataKey

Document = tuple[int, bytes]
"""A version, counted from 1, and the plain document."""


def load(view: View, step: str, *, keys: Collection[str]) -> dict[str, Document]:
    """The documents that exist, by key."""
    rows = find(view, [(step, key) for key in keys])
    if not rows:
        return {}
    seal = sealing(view)
    return {row.key: opened(row, seal) for row in rows}


def find(view: View, wanted: Collection[tuple[str, str]]) -> Sequence[Row[Any]]:
    """The documents that exist, of these steps under these keys, as they lie there: sealed."""
    if not wanted:
        return ()
    columns = (states.c.step, states.c.key, states.c.version, states.c.body)
    return look_up_pairs(view.connection, columns, by=(states.c.step, states.c.key), pairs=wanted)


def opened(row: Row[Any], seal: DataKey) -> Document:
    """A document that was found, by the key of :func:`sealing`."""
    return row.version, seal.open(row.body, bound_to=f"{row.step}/{row.key}")


def any_of(view: View, step: str) -> bool:
    """Whether there is any document under this name."""
    found = view.connection.execute(select(states.c.key).where(states.c.step == step).limit(1))
    return found.first() is not None


def save(transaction: Transaction, step: str, *, documents: Mapping[str, Document]) -> None:
    """Write documents one version after what was loaded; ``Conflict`` where another was first."""
    if not documents:
        return
    seal = sealing(transaction)
    rows = [
        {
            "step": step,
            "key": key,
            "version": version,
            "body": seal.seal(body, bound_to=f"{step}/{key}"),
        }
        for key, (version, body) in sorted(documents.items())
    ]
    if transaction.insert(states, rows, clash=Clash.SUCCEED) != len(rows):
        raise Conflict("another worker changed the same state")


def sealing(view: View) -> DataKey:
    """The key that seals every document."""
    return view.vault.keys(view.connection, [HUB_KEY], create=True)[HUB_KEY]
