"""Sealing: AES-256-GCM with a key per referral and case, each wrapped by the hub's key-encryption key (design, §7).

Destroying a wrapped key makes what it sealed unreadable for ever, while hashes over the sealed bytes still verify.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from stores.rows import Clash, insert, look_up
from stores.tables import keys

_NONCE = 12
_CACHED = 5000
HUB_KEY = "hub"
"""Seals what is changed and deleted in the course of work: states, people and letters."""


class Unreadable(Exception):
    """Sealed data could not be opened: its key was destroyed, is another hub's, or the bytes were altered."""


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """One key in the clear, in memory only."""

    raw: bytes
    cipher: AESGCM

    def seal(self, plain: bytes, *, bound_to: str) -> bytes:
        """Nonce and ciphertext, bound to an id so that sealed bytes cannot be moved to another row."""
        nonce = os.urandom(_NONCE)
        return nonce + self.cipher.encrypt(nonce, plain, bound_to.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The plain bytes; raises :class:`Unreadable`."""
        try:
            return self.cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except InvalidTag:
            raise Unreadable(bound_to) from None

    def digest(self, plain: bytes) -> bytes:
        """16 bytes that tell equal content from different, to whoever has the key and to nobody else."""
        return blake2b(plain, digest_size=16, key=self.raw).digest()


def _data_key(raw: bytes) -> DataKey:
    return DataKey(raw, AESGCM(raw))


class Vault:
    """The keys by id. The most recently used ones stay in memory."""

    def __init__(self, key_encryption_key: bytes) -> None:
        """Take 32 bytes; raises ``ValueError`` for anything else."""
        if len(key_encryption_key) != 32:
            raise ValueError("the key-encryption key has 32 bytes")
        self._wrap = _data_key(key_encryption_key)
        self._known: OrderedDict[str, DataKey] = OrderedDict()

    def keys(self, connection: Connection, key_ids: Iterable[str], *, create: bool) -> dict[str, DataKey]:
        """The keys of these ids, made where missing if ``create``; destroyed or unknown ones are left out."""
        wanted = set(key_ids)
        found = {key_id: self._known[key_id] for key_id in wanted if key_id in self._known}
        missing = wanted - found.keys()
        if missing:
            found |= self._load(connection, missing)
        if create and wanted - found.keys():
            self._create(connection, wanted - found.keys())
            found |= self._load(connection, wanted - found.keys())
        return found

    def forget(self) -> None:
        """Drop the keys in memory: after a transaction that made some was rolled back, or a key was destroyed."""
        self._known.clear()

    def _load(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        rows = look_up(connection, (keys.c.key_id, keys.c.wrapped), keys.c.key_id, list(key_ids))
        found = {
            row.key_id: _data_key(self._wrap.open(row.wrapped, bound_to=row.key_id)) for row in rows if row.wrapped
        }
        self._remember(found)
        return found

    def _create(self, connection: Connection, key_ids: Iterable[str]) -> None:
        rows = [
            {"key_id": key_id, "wrapped": self._wrap.seal(AESGCM.generate_key(256), bound_to=key_id)}
            for key_id in sorted(key_ids)
        ]
        insert(connection, keys, rows, Clash.KEEP)

    def _remember(self, found: dict[str, DataKey]) -> None:
        self._known.update(found)
        while len(self._known) > _CACHED:
            self._known.popitem(last=False)
