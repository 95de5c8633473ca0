"""What was signed of the record: the store's own key, and its last checkpoint."""

from __future__ import annotations

from pathlib import Path

from connectors.witness.folder import Folder
from ops.look.reading import Readable
from stores.database import View
from stores.tree import kept
from stores.tree.checkpoints import NoCheckpoint
from stores.tree.keys import log_key, origin_of
from stores.tree.looking import Claim, claim_of
from stores.tree.notes import NoNote, Note, NotSigned, VerifierKey
from stores.vault import Unreadable


class NothingSigned(Exception):
    """No checkpoint was signed yet; the message says how one comes to be."""

    def __str__(self) -> str:
        return "the hub has signed nothing yet: start it with `hub run`, and ask again in a second"


class NotOurs(Exception):
    """What is given as a checkpoint is none of this hub's; the message says which file."""

    def __str__(self) -> str:
        (name,) = self.args
        return (
            f"{name} is no checkpoint that the key of this store has signed: it is another hub's, "
            "it was altered, or the store has another key than it had"
        )


class NothingSeen(Exception):
    """A witness's folder says nothing of this hub; the message says which, and what to do."""

    def __str__(self) -> str:
        folder, origin = self.args
        return (
            f"{folder} holds nothing that its witness cosigned of {origin}, so there is nothing to "
            "compare with: name the folder of one that was made with what `hub audit key` prints, "
            "and stands in [[witnesses]]; `hub witness status FOLDER` shows what one has seen"
        )


def log_key_of(hub: Readable, view: View) -> VerifierKey | None:
    """The key by which everybody knows what this hub has signed; None where there is none, or it
    cannot be read.
    """
    origin = origin_of(hub.settings.area)
    try:
        key = log_key(view.vault, view.connection, origin=origin, create=False)
    except Unreadable:
        return None
    return key.plain.verifier if key else None


def last_checkpoint(hub: Readable) -> tuple[VerifierKey, Note]:
    """What was signed last, with all who cosigned it, and the hub's key.

    Raises :class:`NothingSigned`.
    """
    with hub.database.view() as view:
        key, last = log_key_of(hub, view), kept.newest(view.connection)
    if key is None or last is None:
        raise NothingSigned
    return key, last.note


def claim_in(hub: Readable, path: Path) -> Claim:
    """The checkpoint in a file; raises :class:`NotOurs`."""
    with hub.database.view() as view:
        key = log_key_of(hub, view)
    try:
        if key is None:
            raise NotSigned
        return claim_of(Note.parse(path.read_text("utf-8")), key, whose=path.name)
    except (NoNote, NoCheckpoint, NotSigned, UnicodeDecodeError):
        raise NotOurs(path.name) from None


def claims_of(hub: Readable, folder: Folder) -> list[Claim]:
    """All that a witness saw of this hub, by the hub's key as the witness was given it: what the
    store says of its own key counts for nothing here. Raises ``NoWitness``, :class:`NotOurs` or
    :class:`NothingSeen`.
    """
    origin, name = origin_of(hub.settings.area), folder.public().name
    key = folder.logs().get(origin)
    seen = [one.note for one in folder.seen() if one.checkpoint.origin == origin]
    if key is None or not seen:
        raise NothingSeen(folder.path, origin)
    try:
        return [claim_of(note, key, whose=name) for note in seen]
    except NotSigned:
        raise NotOurs(str(folder.path)) from None
