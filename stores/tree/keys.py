"""The key that signs checkpoints: one of the store's own, sealed like all others by the hub's."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from stores import tables
from stores.tree.checkpoints import Checkpoint
from stores.tree.notes import Kind, Note, SignerKey
from stores.vault import Vault

KEY_ID = "checkpoints"


@dataclass(frozen=True, slots=True)
class LogKey:
    """Signs twice with one key: as a log does, and with the time as a witness does."""

    plain: SignerKey
    timed: SignerKey

    def sign(self, checkpoint: Checkpoint, *, time: int) -> Note:
        """The checkpoint as it is published; ``time`` in seconds since 1970."""
        text = str(checkpoint)
        return Note(text, (self.plain.sign(text), self.timed.cosign(text, time=time)))


def origin_of(area: str) -> str:
    """What a hub's checkpoints call its record."""
    return f"mash-hub/{area}"


def is_kept(connection: Connection) -> bool:
    """Whether the key is in this state of the store: a vault knows one, too, that another thread
    has made and not committed yet.
    """
    kept = select(tables.keys.c.key_id).where(tables.keys.c.key_id == KEY_ID)
    return connection.execute(kept).first() is not None


def log_key(vault: Vault, connection: Connection, *, origin: str, create: bool) -> LogKey | None:
    """The key; None where there is none, and none is to be made."""
    found = vault.keys(connection, [KEY_ID], create=create).get(KEY_ID)
    if found is None:
        return None
    plain, timed = (SignerKey(origin, kind, found.raw) for kind in (Kind.NOTE, Kind.COSIGNATURE))
    return LogKey(plain, timed)
