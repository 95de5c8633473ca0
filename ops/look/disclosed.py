"""Whether a bundle is what a hub signed: looked at by whoever got it, without the hub."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stores.entry_hash import COLUMNS
from stores.tree.checkpoints import Checkpoint, NoCheckpoint
from stores.tree.leaf import NoEntry, hash_of
from stores.tree.notes import NoNote, Note, NotSigned, VerifierKey
from stores.tree.proofs import NotProven, verify_inclusion
from stores.vault import DataKey, Unreadable

FORMAT: Final = "mash-hub disclosure 1"
_BYTES: Final = ("digest", "payload")


class NoBundle(Exception):
    """A file is no bundle, or nothing of it can be verified; the message says why."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a bundle came to: ``amiss`` is each entry that is not proven, and why."""

    of: str
    checkpoint: Checkpoint
    entries: int
    erased: int
    masked: int
    """That are of it and are not in the bundle, by its own word."""
    amiss: tuple[str, ...]


def verify(path: Path, key: VerifierKey) -> Verdict:
    """Look at every entry of a bundle beside the checkpoint that this key has signed.

    Raises :class:`NoBundle`.
    """
    try:
        bundle = json.loads(path.read_text("utf-8"))
        checkpoint = _signed(bundle, key)
        entries = bundle["entries"]
        amiss = tuple(_amiss(bundle, checkpoint))
        erased = sum(one["content"] is None for one in entries)
        masked = len(bundle.get("masked", ()))
        return Verdict(str(bundle["of"]), checkpoint, len(entries), erased, masked, amiss)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise NoBundle(f"{path.name} is no bundle of `hub audit export`") from None


def _signed(bundle: Mapping[str, Any], key: VerifierKey) -> Checkpoint:
    if bundle["format"] != FORMAT:
        raise ValueError
    try:
        note = Note.parse(bundle["checkpoint"])
        note.signed_by([key])
        return Checkpoint.parse(note.text)
    except (NoNote, NotSigned, NoCheckpoint):
        raise NoBundle("its checkpoint is not one that this key has signed") from None


def _amiss(bundle: Mapping[str, Any], checkpoint: Checkpoint) -> Iterator[str]:
    for one in bundle["entries"]:
        place = f"position {one['position']}, message {one['entry']['message_id']}"
        if not _is_in(one, checkpoint):
            yield f"not in the record as it is here: {place}"
        elif not _says_so(one, bundle["keys"].get(one["entry"]["key_id"])):
            yield f"does not say what is written here: {place}"


def _is_in(one: Mapping[str, Any], checkpoint: Checkpoint) -> bool:
    """Whether the entry, sealed as it is, is the leaf that it says, of the tree that was signed."""
    entry = one["entry"]
    values = [_bytes(entry[name]) if name in _BYTES else entry[name] for name in COLUMNS]
    row = (*values, one["hash_version"], _bytes(one["hash"]), one["position"])
    proof = [_bytes(step) for step in one["proof"]]
    try:
        leaf = hash_of(_bytes(one["salt"]), row)
        size, root = checkpoint.size, checkpoint.root
        verify_inclusion(one["leaf"], size, leaf=leaf, proof=proof, root=root)
    except (NoEntry, NotProven):
        return False
    return True


def _says_so(one: Mapping[str, Any], key: str | None) -> bool:
    """Whether what is sealed in it is what is written beside it; nobody knows of what is erased."""
    if one["content"] is None:
        return key is None
    if key is None:
        return False
    raw = _bytes(key)
    entry, data = one["entry"], DataKey(raw, AESGCM(raw))
    try:
        plain = data.open(_bytes(entry["payload"]), bound_to=entry["message_id"])
    except Unreadable:
        return False
    same = json.loads(plain) == one["content"]
    return bool(same and data.digest(plain) == _bytes(entry["digest"]))


def _bytes(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError from None
