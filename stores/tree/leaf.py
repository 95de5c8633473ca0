"""What a leaf of the tree is the hash of: a journal entry as a whole, and a salt."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import Any, Final

from stores.entry_hash import COLUMNS, encoded
from stores.tree.merkle import leaf_hash

SALT: Final = 16
"""Bytes that nobody can guess, so that a leaf's hash tells nothing of what an entry says."""
LEAF_COLUMNS: Final = (*COLUMNS, "hash_version", "hash", "position")
"""The columns of the journal that a leaf covers: all of them."""

_HASH: Final = 32
_MARK_OF_ROWS: Final = bytes((0xFE, 2))
"""Begins the leaves of what is recorded of tables."""
_HEAD_OF_ROWS: Final = struct.Struct(f">{len(_MARK_OF_ROWS)}s{SALT}sq")
_MARK: Final = bytes((0xFE, 1))
"""Begins every leaf, with the number of the rule."""
_HEAD: Final = struct.Struct(f">{len(_MARK)}s{SALT}sqh{_HASH}s")


class NoEntry(Exception):
    """A value of another kind than the hub writes: no leaf was ever made of it."""


def fresh_salt() -> bytes:
    """A new one for each leaf."""
    return os.urandom(SALT)


def hash_of(salt: bytes, row: Sequence[Any], *, encoding: bytes | None = None) -> bytes:
    """The leaf's hash of an entry, its :data:`LEAF_COLUMNS`; raises :class:`NoEntry`. It is encoded
    here unless that was done already.

    In front is what always has the same length: the mark, the salt, the entry's position, the rule
    of its hash, and that hash. Behind it is the entry in the journal's own encoding, in which each
    value is framed by its length.
    """
    version, recorded, position = row[-3:]
    try:
        if (len(salt), len(recorded)) != (SALT, _HASH):
            raise NoEntry
        entry = encoded(row[:-3]) if encoding is None else encoding
        return leaf_hash(_HEAD.pack(_MARK, salt, position, version, recorded) + entry)
    except (KeyError, TypeError, struct.error):
        raise NoEntry from None


def hash_of_rows(salt: bytes, number: int, *, body: Any) -> bytes:
    """The leaf's hash of what a transaction recorded of the rows that it changed; of what is none
    that of the salt alone.
    """
    try:
        return leaf_hash(_HEAD_OF_ROWS.pack(_MARK_OF_ROWS, salt, number) + body)
    except (TypeError, struct.error):
        return leaf_hash(_MARK_OF_ROWS + salt)


def hash_as_it_is(salt: bytes, row: Sequence[Any]) -> bytes:
    """The same, and of what is no entry the hash of the salt alone: it has its place in the tree,
    and is not what it should be.
    """
    try:
        return hash_of(salt, row)
    except NoEntry:
        return leaf_hash(_MARK + salt)
