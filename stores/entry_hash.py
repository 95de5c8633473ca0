"""What a journal entry's hash is taken over, by the version of the rule that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from struct import Struct
from types import NoneType
from typing import Any, Final

COLUMNS: Final = (
    "chain",
    "sequence",
    "message_id",
    "topic",
    "type",
    "source",
    "subject",
    "key",
    "correlation_id",
    "causation_id",
    "time",
    "recorded_at",
    "key_id",
    "digest",
    "payload",
)
"""The columns of the journal that a hash covers, in its order."""
VERSION: Final = 2
"""The rule by which entries are hashed now."""

_MARK: Final = bytes((0xFF, VERSION))
"""Begins what is hashed, so that no two versions of the rule ever hash the same.

By version 1 a chain's name stands there, and no text in UTF-8 has this byte.
"""
_KINDS: Final[Mapping[type, bytes]] = {str: b"s", int: b"i", bytes: b"b", NoneType: b"n"}
_LENGTHS: Final = Struct(f">{len(COLUMNS)}Q")


def entry_hash(before: bytes, entry: Sequence[Any], *, version: int = VERSION) -> bytes:
    """The hash of an entry, its :data:`COLUMNS`, behind the one whose hash is ``before``.

    Raises ``KeyError`` for a version that there never was, as :func:`encoded` does.
    """
    return sha256(before + _ENCODINGS[version](entry)).digest()


def hash_behind(before: bytes, encoding: bytes) -> bytes:
    """The same by the rule of now, of what :func:`encoded` made of the entry."""
    return sha256(before + encoding).digest()


def encoded(entry: Sequence[Any]) -> bytes:
    """An entry's columns in bytes that no other entry has.

    Of each its kind and its length in bytes, then all the values. Raises ``KeyError`` for a
    kind that the hub never writes.
    """
    kinds = b"".join(map(_KINDS.__getitem__, map(type, entry)))
    values = [value if type(value) is bytes else str(value).encode() for value in entry]
    return _MARK + kinds + _LENGTHS.pack(*map(len, values)) + b"".join(values)


def _encoded_by_version_1(entry: Sequence[Any]) -> bytes:
    """As it was: None and the word None are alike, and a separator in a value moves its end."""
    *envelope, digest, payload = entry
    written: bytes = "\x1f".join(map(str, envelope)).encode() + digest + payload
    return written


_ENCODINGS: Final[Mapping[int, Callable[[Sequence[Any]], bytes]]] = {
    1: _encoded_by_version_1,
    VERSION: encoded,
}
