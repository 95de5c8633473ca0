"""Sealing: AES-256-GCM with a key per referral and case, wrapped by the hub's (design, §7).

Destroying a wrapped key makes what it sealed unreadable for ever, while hashes over the sealed
bytes still verify.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

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
    """Sealed data could not be opened: its key is gone or another, or the bytes were altered."""


@dataclass(frozen=True, slots=True, repr=False)
class DataKey:
    """One key in the clear, in memory only."""

    raw: bytes
    cipher: AESGCM

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


def _data_key(raw: bytes) -> DataKey:
    return DataKey(raw, AESGCM(raw))


def _is(key: DataKey | None, raw: bytes) -> bool:
    return key is not None and key.raw == raw


class Vault:
    """The keys by id; the last ones stay in memory. Safe to share between threads.

    A key that a transaction makes is nobody else's to use before it lasts: what was sealed with one
    that was rolled back could never be read again.
    """

    def __init__(self, key_encryption_key: bytes) -> None:
        """Take 32 bytes; raises ``ValueError`` for anything else."""
        if len(key_encryption_key) != 32:
            raise ValueError("the key-encryption key has 32 bytes")
        self._wrap = _data_key(key_encryption_key)
        self._known: OrderedDict[str, DataKey] = OrderedDict()
        self._made: WeakKeyDictionary[Connection, dict[str, DataKey]] = WeakKeyDictionary()
        self._rows: WeakKeyDictionary[Connection, list[dict[str, Any]]] = WeakKeyDictionary()
        """As they lie in the store, those of them that nobody else made first."""
        self._lock = threading.Lock()

    def keys(
        self, connection: Connection, key_ids: Iterable[str], *, create: bool
    ) -> dict[str, DataKey]:
        """The keys of these ids that are known and not destroyed; with ``create`` new ones too."""
        wanted = set(key_ids)
        with self._lock:
            made = self._made.get(connection, {})
            held = ((key_id, made.get(key_id) or self._known.get(key_id)) for key_id in wanted)
            found = {key_id: key for key_id, key in held if key is not None}
        if missing := wanted - found.keys():
            loaded = self._load(connection, missing)
            self._remember(loaded)
            found |= loaded
        if create and (missing := wanted - found.keys()):
            found |= self._create(connection, missing)
        return found

    def readable(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        """Those of these keys that are known, not destroyed, and what was wrapped."""
        wanted = set(key_ids)
        try:
            return self.keys(connection, wanted, create=False)
        except Unreadable:  # which one it is shows when they are asked for one by one
            return {id_: key for id_ in wanted if (key := self._one(connection, id_)) is not None}

    def _one(self, connection: Connection, key_id: str) -> DataKey | None:
        try:
            return self.keys(connection, [key_id], create=False).get(key_id)
        except Unreadable:
            return None

    def made(self, connection: Connection) -> list[dict[str, Any]]:
        """The rows of the keys that the transaction of this connection has made."""
        with self._lock:
            return [*self._rows.get(connection, ())]

    def committed(self, connection: Connection) -> None:
        """The transaction of this connection lasts, and the keys that it made with it."""
        with self._lock:
            made = self._made.pop(connection, {})
            self._rows.pop(connection, None)
        self._remember(made)

    def forget(self) -> None:
        """Drop the keys in memory: after one was destroyed."""
        with self._lock:
            self._known.clear()

    def _load(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        rows = look_up(
            connection, (keys.c.key_id, keys.c.wrapped), by=keys.c.key_id, values=list(key_ids)
        )
        return {
            row.key_id: _data_key(self._wrap.open(row.wrapped, bound_to=row.key_id))
            for row in rows
            if row.wrapped
        }

    def _create(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        fresh = {key_id: AESGCM.generate_key(256) for key_id in sorted(key_ids)}
        rows = [
            {"key_id": key_id, "wrapped": self._wrap.seal(raw, bound_to=key_id)}
            for key_id, raw in fresh.items()
        ]
        if insert(connection, keys, rows=rows, clash=Clash.KEEP) == len(rows):
            made = {key_id: _data_key(raw) for key_id, raw in fresh.items()}
        else:  # somebody made one of them first: that one counts
            made = self._load(connection, key_ids)
            ours = {id_ for id_, raw in fresh.items() if _is(made.get(id_), raw)}
            rows = [row for row in rows if row["key_id"] in ours]
        with self._lock:
            self._made.setdefault(connection, {}).update(made)
            self._rows.setdefault(connection, []).extend(rows)
        return made

    def _remember(self, found: Mapping[str, DataKey]) -> None:
        with self._lock:
            self._known.update(found)
            while len(self._known) > _CACHED:
                self._known.popitem(last=False)
