"""What wraps the keys that are kept: a file's key as a rule, or a service that never gives its own
away, such as a PKCS#11 device or a KMS.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_LENGTH = 32


class Unreadable(Exception):
    """Sealed data could not be opened: its key is gone or another, or the bytes were altered."""


class Wrapping(Protocol):
    """Wraps keys with a key-encryption key that nobody else has.

    The vault asks once for each key and remembers the answer; a service may take its time.
    """

    @property
    def name(self) -> str:
        """Of the key-encryption key that wraps now; kept with what it wraps."""
        ...

    def wrap(self, raw: bytes, *, bound_to: str) -> bytes:
        """The key as it is kept; bound to its id, it opens under no other."""
        ...

    def unwrap(self, wrapped: bytes, *, bound_to: str, by: str | None) -> bytes:
        """The key in the clear. ``by``: the name of what wrapped it; None: it was wrapped before
        names were kept. Raises :class:`Unreadable`, or ``Unavailable`` where a service is away.
        """
        ...


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """One key in the clear, in memory only."""

    raw: bytes
    cipher: AESGCM

    @classmethod
    def of(cls, raw: bytes) -> DataKey:
        """The key of these 32 bytes."""
        return cls(raw, AESGCM(raw))

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Nonce and ciphertext, bound to an id: sealed bytes cannot be moved to another row."""
        nonce = os.urandom(_NONCE)
        return nonce + self.cipher.encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The plain bytes; raises :class:`Unreadable`."""
        try:
            return self.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except (InvalidTag, ValueError):  # the latter when there is not even a nonce
            raise Unreadable(bound_to) from None

    def digest(self, plain: bytes) -> bytes:
        """16 bytes that tell equal content from different, to who has the key and nobody else."""
        return blake2b(plain, digest_size=16, key=self.raw).digest()


class HeldKeys:
    """Key-encryption keys that the hub itself holds: the first wraps, all of them open."""

    def __init__(self, *held: bytes) -> None:
        """Take at least one of 32 bytes; raises ``ValueError`` for anything else."""
        if not held or any(len(raw) != _LENGTH for raw in held):
            raise ValueError("a key-encryption key has 32 bytes")
        self._held: Sequence[bytes] = held

    @cached_property
    def _by_name(self) -> dict[str, DataKey]:
        return {name_of(raw): DataKey.of(raw) for raw in self._held}

    @property
    def name(self) -> str:
        """Of the first."""
        return name_of(self._held[0])

    def wrap(self, raw: bytes, *, bound_to: str) -> bytes:
        """Sealed by the first."""
        return self._by_name[self.name].seal(raw, bound_to=bound_to)

    def unwrap(self, wrapped: bytes, *, bound_to: str, by: str | None) -> bytes:
        """Opened by the one of that name; without a name by any of them."""
        held = self._by_name.values() if by is None else filter(None, [self._by_name.get(by)])
        for key in held:
            try:
                return key.open(wrapped, bound_to=bound_to)
            except Unreadable:
                continue
        raise Unreadable(bound_to)


def name_of(raw: bytes) -> str:
    """What a key-encryption key is called: the same wherever it is held; tells nothing of it."""
    return blake2b(b"name", digest_size=8, key=raw).hexdigest()


_MARK = b"MASHK1"
_NAMELESS = _NONCE + _LENGTH + 16
"""Bytes of a key that was wrapped before names were kept with them."""


def wrapped(wrapping: Wrapping, raw: bytes, *, bound_to: str) -> bytes:
    """A key as it is kept: after a mark and the name of what wraps it."""
    name = wrapping.name.encode()
    return _MARK + bytes([len(name)]) + name + wrapping.wrap(raw, bound_to=bound_to)


def unwrapped(wrapping: Wrapping, kept: bytes, *, bound_to: str) -> bytes:
    """The key in the clear; raises what :meth:`Wrapping.unwrap` raises."""
    by, inner = named(kept)
    return wrapping.unwrap(inner, bound_to=bound_to, by=by)


def named(kept: bytes) -> tuple[str | None, bytes]:
    """By what a key is wrapped, None where that was not kept yet, and what is to be unwrapped."""
    if len(kept) == _NAMELESS or not kept.startswith(_MARK):
        return None, kept
    start = len(_MARK) + 1
    end = start + kept[start - 1]
    return kept[start:end].decode("ascii", "replace"), kept[end:]
