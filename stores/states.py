"""What each step remembers, one sealed document per key, written under optimistic locking.

A document is sealed with the key of what it is kept under: a referral's with that of the referral,
whichever step it is of, so nothing of a referral can be read once its key is destroyed. What older
hubs wrote is sealed with the hub's own key until `hub upgrade` seals it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, select

from stores.database import Conflict, Transaction, View
from stores.rows import Clash, look_up_pairs
from stores.tables import states
from stores.vault import HUB_KEY, Unreadable

Document = tuple[int, bytes]
"""A version, counted from 1, and the plain document."""


def load(view: View, step: str, *, keys: Collection[str]) -> dict[str, Document]:
    """The documents that exist, by key."""
    rows = find(view, [(step, key) for key in keys])
    foresee(view, rows)
    return {row.key: opened(view, row) for row in rows}


def parsed(
    view: View, step: str, *, keys: Collection[str], parse: Callable[[bytes], Any]
) -> dict[str, Any]:
    """The documents that exist, by key, parsed: for pages, which show the same again and again.
    One whose sealed bytes are unchanged is neither opened nor parsed again, as long as its key is
    there.
    """
    known = view.decoded.of((parsed, step, parse), most=_PARSED)
    rows = find(view, [(step, key) for key in keys])
    keys_of = {row.key_id or HUB_KEY for row in rows}
    there = view.vault.readable(view.connection, keys_of)

    def made(row: Row[Any], _body: bytes = b"") -> Any:
        return parse(opened(view, row)[1])

    return {
        row.key: known.get(row.key, row.body, decode=partial(made, row))
        if (row.key_id or HUB_KEY) in there
        else made(row)
        for row in rows
    }


_PARSED: Final = 2000


def find(view: View, wanted: Collection[tuple[str, str]]) -> Sequence[Row[Any]]:
    """The documents that exist, of these steps under these keys, as they lie there: sealed."""
    if not wanted:
        return ()
    columns = (states.c.step, states.c.key, states.c.version, states.c.body, states.c.key_id)
    return look_up_pairs(view.connection, columns, by=(states.c.step, states.c.key), pairs=wanted)


def foresee(view: View, rows: Sequence[Row[Any]]) -> None:
    """Ask at once for the keys of documents that may be opened."""
    with suppress(Unreadable):  # which of them it is shows when they are opened one by one
        view.vault.keys(view.connection, {row.key_id or HUB_KEY for row in rows}, create=False)


def opened(view: View, row: Row[Any]) -> Document:
    """A document that was found; raises :class:`Unreadable` once its key is destroyed."""
    name = f"{row.step}/{row.key}"
    seal = view.vault.key(view.connection, row.key_id or HUB_KEY)
    if seal is None:
        raise Unreadable(name)
    return row.version, seal.open(row.body, bound_to=name)


def any_of(view: View, step: str) -> bool:
    """Whether there is any document under this name."""
    found = view.connection.execute(select(states.c.key).where(states.c.step == step).limit(1))
    return found.first() is not None


def save(transaction: Transaction, step: str, *, documents: Mapping[str, Document]) -> None:
    """Write documents one version after what was loaded; ``Conflict`` where another was first."""
    if not documents:
        return
    seals = transaction.vault.sealing(transaction.connection, documents)
    rows = [
        {
            "step": step,
            "key": key,
            "version": version,
            "body": seals[key].key.seal(body, bound_to=f"{step}/{key}"),
            "key_id": seals[key].id,
        }
        for key, (version, body) in sorted(documents.items())
    ]
    if transaction.insert(states, rows, clash=Clash.SUCCEED) != len(rows):
        raise Conflict("another worker changed the same state")
