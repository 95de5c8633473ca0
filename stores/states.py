"""What each step remembers, one sealed document per key, written under optimistic locking."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select

from stores.database import Conflict, Transaction, View
from stores.rows import Clash, look_up
from stores.tables import states
from stores.vault import HUB_KEY, DataKey

Document = tuple[int, bytes]
"""A version, counted from 1, and the plain document."""


def load(view: View, step: str, *, keys: Collection[str]) -> dict[str, Document]:
    """The documents that exist, by key."""
    if not keys:
        return {}
    seal = _seal(view)
    columns = (states.c.key, states.c.version, states.c.body)
    rows = look_up(
        view.connection, columns, by=states.c.key, values=keys, within=(states.c.step, step)
    )
    return {
        row.key: (row.version, seal.open(row.body, bound_to=f"{step}/{row.key}")) for row in rows
    }


def any_of(view: View, step: str) -> bool:
    """Whether there is any document under this name."""
    found = view.connection.execute(select(states.c.key).where(states.c.step == step).limit(1))
    return found.first() is not None


def save(transaction: Transaction, step: str, *, documents: Mapping[str, Document]) -> None:
    """Write documents one version after what was loaded; ``Conflict`` where another was first."""
    seal = _seal(transaction)
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


def _seal(view: View) -> DataKey:
    return view.vault.keys(view.connection, [HUB_KEY], create=True)[HUB_KEY]
