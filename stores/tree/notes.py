"""Signed notes (C2SP signed-note v1.0.0): a text, and under it a line for each key that signed it.

Of the kinds of signature there are two here, both Ed25519: a log's own, and a witness's cosignature
of a checkpoint with its time (C2SP tlog-cosignature v1.0.0).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from struct import Struct

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_MOST_BYTES = 1_000_000
_MOST_LINES = 100
_NAME = re.compile(r"[^\s+]+")
_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<value>[A-Za-z0-9+/]+={0,2})")
_NO_TEXT = re.compile(r"[\x00-\x09\x0b-\x1f]")
_ID = Struct(">I")
_TIME = Struct(">Q")
_SEED, _PUBLIC, _SIGNATURE = 32, 32, 64

Signer = tuple[str, bytes]
"""Whose a line says to be: the name and the id of a key."""


class NoNote(Exception):
    """What is given is no signed note, or no key of one."""


class NotSigned(Exception):
    """No key that is trusted here has signed it, or what is said to be its signature is not."""


class Kind(IntEnum):
    """What a signature says: the byte that stands for it in a key's id."""

    NOTE = 1
    COSIGNATURE = 4


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """Whose signatures are believed: a name, what they say, and the public key."""

    name: str
    kind: Kind
    public: bytes

    @property
    def id(self) -> int:
        """Tells this key from others of the same name, and is no proof of anything."""
        told = self.name.encode() + b"\n" + bytes((self.kind,)) + self.public
        return int(_ID.unpack(sha256(told).digest()[:4])[0])

    def __str__(self) -> str:
        """As it is handed from one to the other: ``name+id+key``."""
        return f"{self.name}+{self.id:08x}+{_base64(bytes((self.kind,)) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """The key; raises :class:`NoNote`."""
        name, _, rest = text.partition("+")
        told, _, value = rest.partition("+")
        raw = _bytes(value)
        if not _NAME.fullmatch(name) or len(raw) != 1 + _PUBLIC or raw[0] not in set(Kind):
            raise NoNote
        key = cls(name, Kind(raw[0]), raw[1:])
        if told != f"{key.id:08x}":
            raise NoNote
        return key


@dataclass(frozen=True, slots=True, repr=False)
class SignerKey:
    """Who signs: the same with the private key."""

    name: str
    kind: Kind
    seed: bytes

    @property
    def verifier(self) -> VerifierKey:
        """What others need in order to believe what this key signs."""
        return VerifierKey(self.name, self.kind, self._private().public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The line under a note's text."""
        return self._line(self._private().sign(text.encode()))

    def cosign(self, text: str, *, time: int) -> str:
        """The line of a witness under a checkpoint, at a time in seconds since 1970."""
        signature = self._private().sign(_cosigned(text, time))
        return self._line(_TIME.pack(time) + signature)

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def _line(self, signature: bytes) -> str:
        return f"— {self.name} {_base64(_ID.pack(self.verifier.id) + signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the lines under it; nothing of it counts before :meth:`opened`."""

    text: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        """As it is kept and sent."""
        return f"{self.text}\n{''.join(self.lines)}"

    @classmethod
    def parse(cls, whole: str) -> Note:
        """A note that may be signed by anybody; raises :class:`NoNote`."""
        text, apart, under = whole.rpartition("\n\n")
        if len(whole) > _MOST_BYTES or not apart or not under.endswith("\n"):
            raise NoNote
        lines = [f"{line}\n" for line in under[:-1].split("\n")]
        is_odd = _NO_TEXT.search(whole) or not all(_LINE.fullmatch(line[:-1]) for line in lines)
        if is_odd or len(lines) > _MOST_LINES:
            raise NoNote
        return cls(text + "\n", tuple(lines))

    def with_line(self, line: str) -> Note:
        """With this line too, in place of what the same key signed before."""
        mine = _signer(line)
        return Note(self.text, (*(one for one in self.lines if _signer(one) != mine), line))

    @property
    def signers(self) -> set[Signer]:
        """Whose lines are under it, as far as they say."""
        return {*map(_signer, self.lines)}

    def only(self, keys: Collection[VerifierKey]) -> Note:
        """With one line of each of these keys that signed it, and with no other."""
        lines: dict[VerifierKey, str] = {}
        for line in self.lines:
            with suppress(NoNote, NotSigned):
                (key,) = Note(self.text, (line,)).signed_by(keys)
                lines.setdefault(key, line)
        return Note(self.text, tuple(lines.values()))

    def signed_by(self, keys: Collection[VerifierKey]) -> Mapping[VerifierKey, int | None]:
        """Which of these keys signed it, with the time of a cosignature; others do not count.

        Raises :class:`NotSigned` where none did, or where a line of one of them is not its own.
        """
        found: dict[VerifierKey, int | None] = {}
        known = {(key.name, key.id): key for key in keys}
        for line in self.lines:
            name, raw = _signature(line)
            key = known.get((name, int(_ID.unpack(raw[:4])[0]))) if len(raw) > 4 else None
            if key is not None:
                found[key] = _verified(key, self.text, signature=raw[4:])
        if not found:
            raise NotSigned
        return found


def _verified(key: VerifierKey, text: str, *, signature: bytes) -> int | None:
    """The time of a cosignature; raises :class:`NotSigned`."""
    told, time = text.encode(), None
    if key.kind is Kind.COSIGNATURE:
        if len(signature) != _TIME.size + _SIGNATURE:
            raise NotSigned
        (time,) = _TIME.unpack(signature[: _TIME.size])
        told, signature = _cosigned(text, time), signature[_TIME.size :]
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, told)
    except (InvalidSignature, ValueError):
        raise NotSigned from None
    return time


def _signer(line: str) -> Signer:
    name, raw = _signature(line)
    return name, raw[: _ID.size]


def _signature(line: str) -> tuple[str, bytes]:
    match = _LINE.fullmatch(line[:-1])
    assert match is not None
    return match["name"], _bytes(match["value"])


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoNote from None
    if _base64(raw) != text:
        raise NoNote
    return raw


def timed_key(plain: VerifierKey) -> VerifierKey:
    """Who has a log's key has that of its times: they are one."""
    return VerifierKey(plain.name, Kind.COSIGNATURE, plain.public)
