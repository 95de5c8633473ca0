"""The key to which backups are sealed: its private half is kept where the hub is not."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey
from pydantic import ValidationError

from schemas.sealed import EncryptionKey


class NoKey(Exception):
    """A file holds no key, or others than its owner can read it; it says which, and what to do."""


def make(file: Path) -> EncryptionKey:
    """A new key: the private half into a new file for its owner alone, the public one beside it as
    ``.pub``. Raises ``FileExistsError``.
    """
    made = OKPKey.generate_key("X25519")
    _new(file, json.dumps(made.as_dict(private=True)))
    public = EncryptionKey.model_validate(_half(made.as_dict(private=False)))
    _new(file.with_name(f"{file.name}.pub"), public.model_dump_json(exclude_none=True))
    return public


def public(file: Path) -> EncryptionKey:
    """The public half; raises :class:`NoKey`, also for a file with the private one, which is not to
    lie where the hub is.
    """
    try:
        told = json.loads(file.read_bytes())
        if "d" in told:
            raise NoKey(f"{file} is the private half: give the hub {file.name}.pub alone")
        return EncryptionKey.model_validate(told)
    except (ValueError, TypeError, ValidationError):
        raise NoKey(f"{file} holds no key of `hub backup keygen`") from None


def private(file: Path) -> Mapping[str, Any]:
    """The private half, as a JWK; raises :class:`NoKey`."""
    if file.stat().st_mode & 0o077:
        raise NoKey(f"{file} can be read by others: chmod 600 {file}")
    try:
        told: dict[str, Any] = json.loads(file.read_bytes())
        if OKPKey.import_key(told).is_private:
            return told
    except (ValueError, KeyError, TypeError):
        pass
    raise NoKey(f"{file} holds no private half of a key of `hub backup keygen`")


def _half(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("crv", "x")}


def _new(file: Path, text: str) -> None:
    made = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(made, "w", encoding="utf-8") as opened:
        opened.write(text + "\n")
