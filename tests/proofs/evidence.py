"""What a run left behind, read without the hub's own code: rows as they lie, opened with the key
and nothing else.

A checker that asked the hub whether the hub is right would prove nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12


@dataclass(frozen=True, slots=True, repr=False)
class Recorded:
    """A row of the journal, opened."""

    position: int
    id: str
    type: str
    source: str
    cause: str | None
    referral: str
    data: Mapping[str, Any]
    at: int = 0
    """When it was recorded, in microseconds since 1970."""


@dataclass(frozen=True, slots=True, repr=False)
class Buried:
    """A row of the dead letters, opened."""

    id: str
    agency: str
    connector: str
    reason: str
    field: str | None
    message_id: str | None
    original: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """The store, what agencies say that they sent and got, each by its own account."""

    journal: Sequence[Recorded]
    dead: Sequence[Buried]
    undelivered: int
    """Letters that are still on a queue of the store."""
    sent: Sequence[Mapping[str, Any]]
    letters: Sequence[Mapping[str, Any]]
    answers: Sequence[Mapping[str, Any]]

    def of(self, type_: str) -> list[Recorded]:
        """The facts of a type, such as ``notification.accepted``."""
        return [entry for entry in self.journal if entry.type == f"mash.{type_}.v1"]


def gather(
    store: str, key: bytes, *, folder: Path, ledgers: Iterable[str] = ("sent.jsonl",)
) -> Evidence:
    """All of it; ``store`` is the database's URL, ``key`` the hub's own."""
    rows = _Rows(store)
    try:
        keys = {
            name: _unwrapped(key, wrapped, name=name)
            for name, wrapped in rows.all("SELECT key_id, wrapped FROM keys")
        }
        journal = [_recorded(row, keys) for row in rows.all(_JOURNAL)]
        dead = [_buried(row, keys) for row in rows.all(_DEAD)]
        undelivered = rows.all("SELECT count(*) FROM letters")[0][0]
    finally:
        rows.close()
    return Evidence(
        journal,
        dead,
        int(undelivered),
        [note for name in ledgers for note in noted(folder / name)],
        noted(folder / "letters.jsonl"),
        noted(folder / "answers.jsonl"),
    )


def noted(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of JSON lines; none if there is no such file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


_JOURNAL = (
    "SELECT position, message_id, type, source, causation_id, correlation_id, key_id, payload, "
    "recorded_at FROM journal ORDER BY position"
)
_DEAD = (
    "SELECT id, agency, connector, reason, field, message_id, key_id, original "
    "FROM dead_letters ORDER BY position"
)


class _Rows:
    """Queries, on SQLite or PostgreSQL."""

    def __init__(self, store: str) -> None:
        self._connection: Any
        if store.startswith("sqlite:///"):
            self._connection = sqlite3.connect(
                f"file:{store.removeprefix('sqlite:///')}?mode=ro", uri=True
            )
        else:
            plain = store.replace("+psycopg", "")
            self._connection = psycopg.connect(plain, autocommit=True)

    def all(self, query: str) -> list[tuple[Any, ...]]:
        return list(self._connection.execute(query).fetchall())

    def close(self) -> None:
        self._connection.close()


class Reading:
    """A store that is looked into again and again while the hub works."""

    def __init__(self, store: str, key: bytes) -> None:
        self._rows, self._key = _Rows(store), key

    def letters(self, agency: str, *, after: int) -> list[tuple[int, str]]:
        """Its letters behind a position that name a referral, with it."""
        query = _LETTERS.format(after=int(after))
        rows = [row for row in self._rows.all(query) if row[1] == agency]
        return [(row[0], self._referral(*row[1:])) for row in rows]

    def _referral(self, agency: str, id_: str, body: bytes, key_id: str, wrapped: bytes) -> str:
        key, place = _unwrapped(self._key, wrapped, name=key_id), f"{agency}/{id_}".encode()
        event = json.loads(key.decrypt(body[:_NONCE], body[_NONCE:], place))
        return str(event["data"].get("referral_id", ""))

    def close(self) -> None:
        """Let go of the store."""
        self._rows.close()


_LETTERS = (
    "SELECT position, agency, id, body, keys.key_id, wrapped FROM letters "
    "JOIN keys ON keys.key_id = letters.key_id WHERE position > {after}"
)


def _unwrapped(key: bytes, kept: bytes, *, name: str) -> AESGCM:
    """A key of 32 bytes behind a nonce; before it may stand by which it was wrapped."""
    wrapped = kept[-(_NONCE + 32 + 16) :]
    return AESGCM(AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], name.encode()))


def _recorded(row: tuple[Any, ...], keys: Mapping[str, AESGCM]) -> Recorded:
    position, id_, type_, source, cause, referral, key_id, payload, at = row
    plain = keys[key_id].decrypt(payload[:_NONCE], payload[_NONCE:], id_.encode())
    return Recorded(position, id_, type_, source, cause, referral, json.loads(plain), at)


def _buried(row: tuple[Any, ...], keys: Mapping[str, AESGCM]) -> Buried:
    id_, agency, connector, reason, field, message_id, key_id, original = row
    plain = keys[key_id].decrypt(original[:_NONCE], original[_NONCE:], id_.encode())
    return Buried(id_, agency, connector, reason, field, message_id, plain)
