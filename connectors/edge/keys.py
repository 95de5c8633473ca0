"""Keys of decision makers: a file with the private one, and what others are given of it."""

from __future__ import annotations

import base64
import datetime as dt
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from schemas.base import Code, Line, Shape
from schemas.envelope import Envelope, key_id, public_of, signed
from schemas.policy import ApprovalKey

Keys = Mapping[str, tuple[ApprovalKey, ...]]
"""By agency, the keys that are believed."""
_KEYS: TypeAdapter[dict[Code, tuple[ApprovalKey, ...]]] = TypeAdapter(
    dict[Code, tuple[ApprovalKey, ...]]
)


class NoKey(Exception):
    """A file holds no key, or others than its owner can read it; it says which."""


class SigningKey(Shape):
    """A decision maker's own key. It never leaves the file that it is in."""

    agency: Code
    decided_by: Line
    private: str
    """32 bytes in base64."""

    @property
    def seed(self) -> bytes:
        """The private key."""
        return base64.b64decode(self.private, validate=True)

    @property
    def public(self) -> str:
        """What others check its signatures with."""
        return public_of(self.seed)

    @property
    def id(self) -> str:
        """By what envelopes name it."""
        return key_id(self.public)

    def showing(self, _words: Iterable[str]) -> SigningKey:
        """The key, where whoever has it reads these words beside what they sign."""
        return self

    def sign(self, payload: bytes) -> Envelope:
        """The envelope of these bytes."""
        return signed(payload, self.seed)


def make(path: Path, *, agency: str, decided_by: str) -> SigningKey:
    """A new key in a new file that its owner alone may read. Raises ``FileExistsError``, or
    :class:`NoKey` where that is no agency's code.
    """
    raw = base64.b64encode(os.urandom(32)).decode()
    try:
        key = SigningKey(agency=agency, decided_by=decided_by, private=raw)
    except ValidationError:
        raise NoKey(
            f"{agency} is no agency's code: write it as the hub's letters do, such as police"
        ) from None
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(key.model_dump_json())
    return key


def read(path: Path) -> SigningKey:
    """The key of a file; raises :class:`NoKey`."""
    if path.stat().st_mode & 0o077:
        raise NoKey(f"{path} can be read by others: chmod 600")
    try:
        key = SigningKey.model_validate_json(path.read_bytes())
        if len(key.seed) == 32:
            return key
    except (ValidationError, ValueError):
        pass
    raise NoKey(f"{path} holds no key of `hub approvals keygen`")


def read_public(path: Path) -> Keys:
    """The keys that are believed, from a file; raises :class:`NoKey`."""
    try:
        return _KEYS.validate_json(path.read_bytes())
    except ValidationError:
        raise NoKey(f"{path} holds no keys of `hub approvals keys`") from None


def written(keys: Keys) -> str:
    """The keys that are believed, as a file has them."""
    return _KEYS.dump_json(dict(keys), exclude_none=True).decode()


def configured(key: SigningKey, *, since: dt.datetime) -> str:
    """A key as the hub's configuration registers it."""
    return "\n".join(
        (
            f"[[agencies.{key.agency}.agreement.keys]]",
            f'decided_by = "{_quoted(key.decided_by)}"',
            f'public = "{key.public}"',
            f"since = {since.astimezone(dt.UTC).isoformat(timespec='seconds')}",
        )
    )


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
