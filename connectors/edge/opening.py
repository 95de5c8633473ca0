"""The keys by which an agency opens what is sealed to it: a file of its own, the newest first."""

from __future__ import annotations

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, OKPKey

from connectors.directory import to_disk
from connectors.edge.configured import NoEdge
from schemas.sealed import EncryptionKey

FILE = "encryption.keys"
CURVES = ("X25519", "P-256")


def make(folder: Path, *, curve: str = "X25519") -> EncryptionKey:
    """One more key, in the file that the account alone may read; answers its public half."""
    made = OKPKey.generate_key("X25519") if curve == "X25519" else ECKey.generate_key(curve)
    private = dict(made.as_dict(private=True)) | {"kid": made.thumbprint()}  # as RFC 7517 has it
    file = folder / FILE
    keys = [private, *(read(folder) if file.exists() else [])]
    replace(file, json.dumps({"keys": keys}).encode())
    return public(private)


def public(private: dict[str, Any]) -> EncryptionKey:
    """The public key to which others seal."""
    told = {name: private[name] for name in ("crv", "x", "y") if name in private}
    return EncryptionKey.model_validate(told)


def read(folder: Path) -> list[dict[str, Any]]:
    """Every key (a JWK each); raises :class:`NoEdge`."""
    file = folder / FILE
    try:
        if file.stat().st_mode & 0o077:
            raise NoEdge(f"{file} can be read by others: chmod 600")
        told: list[dict[str, Any]] = json.loads(file.read_bytes())["keys"]
    except (OSError, ValueError, KeyError, TypeError):
        raise NoEdge(f"{file} cannot be read: make it with `hub edge rotate`") from None
    return told


def registered(key: EncryptionKey, *, agency: str, since: dt.datetime) -> str:
    """A key as the hub's configuration has it."""
    parts = {"crv": key.crv, "x": key.x} | ({"y": key.y} if key.y else {})
    lines = (f'{name} = "{value}"' for name, value in parts.items())
    moment = since.astimezone(dt.UTC).isoformat(timespec="seconds")
    return "\n".join((f"[[agencies.{agency}.encryption]]", *lines, f"since = {moment}"))


def replace(file: Path, content: bytes) -> None:
    """The file with this in it, whole and lasting, for this account alone."""
    part = file.with_name(f".{file.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    part.rename(file)
    to_disk(file.parent)
