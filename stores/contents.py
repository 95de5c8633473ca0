"""Whether what is sealed in the journal opens, and is what its digest says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stores.database import View
from stores.journal import Flaw
from stores.vault import DataKey, Unreadable


class Contents:
    """Looks into entries, and counts those whose key was destroyed: nobody can look into them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self.erased = 0

    def check(self, rows: Sequence[Any]) -> Iterator[Flaw]:
        """What is wrong with the contents of these rows of the journal."""
        key_ids = {row.key_id for row in rows}
        keys = self._view.vault.keys(self._view.connection, key_ids, create=False)
        for row in rows:
            key = keys.get(row.key_id)
            if key is None:
                self.erased += 1
            elif (what := _fault(key, row)) is not None:
                yield Flaw(row.chain, row.sequence, row.position, what, row.message_id)


def _fault(key: DataKey, row: Any) -> str | None:
    try:
        plain = key.open(row.payload, bound_to=row.message_id)
    except Unreadable:
        return "cannot be opened"
    return None if key.digest(plain) == row.digest else "not what its digest says"
