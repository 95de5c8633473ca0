"""Whether what is sealed in the journal opens, and is what its digest says."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from stores.database import View
from stores.erasing import erased
from stores.journal import Flaw
from stores.vault import DataKey, Unreadable


class Contents:
    """Counts entries that were erased, and with ``opens`` looks into all others."""

    def __init__(self, view: View, *, opens: bool) -> None:
        self._view, self._opens = view, opens
        self._erased = erased(view)
        self._altered: set[str] = set()
        """Keys that are there and are not what was wrapped."""
        self.erased = 0
        self.with_leaf = 0
        """Of those erased, how many by an erasure that has its leaf."""
        self.unreadable = 0
        """Whose key is gone, and nobody says that they were erased."""

    def check(self, rows: Sequence[Any]) -> Iterator[Flaw]:
        """What is wrong with the contents of these rows of the journal."""
        gone = [self._erased[row.key_id] for row in rows if row.key_id in self._erased]
        self.erased, self.with_leaf = self.erased + len(gone), self.with_leaf + sum(gone)
        if self._opens:
            yield from self._opened([row for row in rows if row.key_id not in self._erased])

    def _opened(self, rows: Sequence[Any]) -> Iterator[Flaw]:
        keys = self._keys({row.key_id for row in rows})
        for row in rows:
            key = keys.get(row.key_id)
            if key is None and row.key_id not in self._altered:
                self.unreadable += 1
            elif (what := _fault(key, row)) is not None:
                yield Flaw(row.chain, row.sequence, row.position, what, row.message_id)

    def _keys(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        try:
            return self._view.vault.keys(self._view.connection, key_ids, create=False)
        except Unreadable:  # which one it is shows when they are asked for one by one
            return {id_: key for id_ in key_ids if (key := self._key(id_)) is not None}

    def _key(self, key_id: str) -> DataKey | None:
        try:
            return self._view.vault.keys(self._view.connection, [key_id], create=False).get(key_id)
        except Unreadable:
            self._altered.add(key_id)
            return None


def _fault(key: DataKey | None, row: Any) -> str | None:
    if key is None:
        return "cannot be opened"
    try:
        plain = key.open(row.payload, bound_to=row.message_id)
    except (Unreadable, TypeError):  # the latter where it is not even bytes
        return "cannot be opened"
    return None if key.digest(plain) == row.digest else "not what its digest says"
