"""Sealing: AES-256-GCM with a key per referral and person, each wrapped by the hub's (design, §7).

Destroying a wrapped key makes what it sealed unreadable for ever, while hashes over the sealed
bytes still verify.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, Literal, NamedTuple, overload
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from schemas.message import Secret
from stores.rows import Clash, insert, look_up
from stores.tables import keys
from stores.wrapping import DataKey, HeldKeys, Unreadable, Wrapping, unwrapped, wrapped

__all__ = ["HUB_KEY", "IDS_KEY", "DataKey", "Seal", "Unreadable", "Vault"]

_CACHED = 20_000
HUB_KEY = "hub"
"""Seals what is about nobody, and digests agencies' references. It sealed states, people and
letters before each had the key of whom it is about.
"""
IDS_KEY = "ids"
"""The secret by which ids follow from the first arrival on that found it: a hub makes it as it is
first started, so that no arrival waits for another that does. It is never another: what wraps it is
rotated, it is in every backup, and nothing erases it.
"""


class Seal(NamedTuple):
    """A key with the id under which it is kept."""

    id: str
    key: DataKey


def _is(key: DataKey | None, raw: bytes) -> bool:
    return key is not None and key.raw == raw


class Vault:
    """The keys by id; the last ones stay in memory. Safe to share between threads.

    A key that a transaction makes is nobody else's to use before it lasts: what was sealed with one
    that was rolled back could never be read again.
    """

    def __init__(self, wrapping: Wrapping | bytes) -> None:
        """Take what wraps keys, or one key of 32 bytes; raises ``ValueError`` for any others."""
        self.wrapping = HeldKeys(wrapping) if isinstance(wrapping, bytes) else wrapping
        self._known: OrderedDict[str, DataKey] = OrderedDict()
        self._made: WeakKeyDictionary[Connection, dict[str, DataKey]] = WeakKeyDictionary()
        self._rows: WeakKeyDictionary[Connection, list[dict[str, Any]]] = WeakKeyDictionary()
        """As they lie in the store, those of them that nobody else made first."""
        self._lock = threading.Lock()
        self._secret: Secret | None = None
        """By which this process makes ids already."""

    def keys(
        self, connection: Connection, key_ids: Iterable[str], *, create: bool
    ) -> dict[str, DataKey]:
        """The keys of these ids that are known and not destroyed; with ``create`` new ones too.

        Whoever opens anything of a store comes here first, and makes ids by its secret from then.
        """
        wanted = set(key_ids)
        if self._secret is None and IDS_KEY not in wanted:
            with suppress(Unreadable):  # it is named by whoever verifies, and no id is made by it
                self.secret(connection)
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

    def key(self, connection: Connection, key_id: str) -> DataKey | None:
        """The key of one id; None where there is none, or it was destroyed."""
        known = self._known.get(key_id)
        return known or self.keys(connection, [key_id], create=False).get(key_id)

    @overload
    def secret(self, connection: Connection) -> Secret | None: ...

    @overload
    def secret(self, connection: Connection, *, create: Literal[True]) -> Secret: ...

    def secret(self, connection: Connection, *, create: bool = False) -> Secret | None:
        """By what the ids of this store follow; None where nothing came since there are secrets.

        Raises :class:`Unreadable` where it is to be made and was destroyed.
        """
        if self._secret is not None:
            return self._secret
        key = self.keys(connection, [IDS_KEY], create=create).get(IDS_KEY)
        if key is None:
            if create:
                raise Unreadable(IDS_KEY)
            return None
        secret = Secret.held(key.raw)
        if self._known.get(IDS_KEY) is key:  # it lasts
            self._secret = secret
        return secret

    def sealing(self, connection: Connection, ids: Iterable[str]) -> dict[str, Seal]:
        """For each of what something is about, the key to seal that with, made where there is none.

        Where that was destroyed, what comes afterwards gets another.
        """
        wanted = {id_: id_ for id_ in ids}
        found: dict[str, Seal] = {}
        while wanted:
            known = self.keys(connection, wanted.values(), create=True)
            found |= {id_: Seal(as_, known[as_]) for id_, as_ in wanted.items() if as_ in known}
            wanted = {id_: f"{as_}+" for id_, as_ in wanted.items() if as_ not in known}
        return found

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
            self._secret = None

    def _load(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        rows = look_up(
            connection, (keys.c.key_id, keys.c.wrapped), by=keys.c.key_id, values=list(key_ids)
        )
        return {
            row.key_id: DataKey.of(unwrapped(self.wrapping, row.wrapped, bound_to=row.key_id))
            for row in rows
            if row.wrapped
        }

    def _create(self, connection: Connection, key_ids: Iterable[str]) -> dict[str, DataKey]:
        fresh = {key_id: AESGCM.generate_key(256) for key_id in sorted(key_ids)}
        rows = [
            {"key_id": key_id, "wrapped": wrapped(self.wrapping, raw, bound_to=key_id)}
            for key_id, raw in fresh.items()
        ]
        if insert(connection, keys, rows=rows, clash=Clash.KEEP) == len(rows):
            made = {key_id: DataKey.of(raw) for key_id, raw in fresh.items()}
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
