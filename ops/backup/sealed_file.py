"""A file of any length sealed to a key whose private half the machine that writes it has not.

A head, sealed as letters are (JWE, RFC 7516), holds a fresh key and what is said of the file.
Behind it lie the bytes in parts of a mebibyte, each sealed with that key by AES-256-GCM under its
own number and whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and
Vizar): a part that is altered, moved, repeated, left out or cut off is refused before anybody is
given it.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import IO, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from schemas.sealed import EncryptionKey, seal, unseal

_MARK: Final = b"MASHBACKUP1\n"
_PART: Final = 1 << 20
_TAG: Final = 16
_HEAD_LENGTH: Final = 4
_LARGEST_HEAD: Final = 1 << 20


class Damaged(Exception):
    """It is no sealed file, or was altered or cut off; the message says which."""


def write(
    to: IO[bytes], told: Mapping[str, Any], parts: Iterator[bytes], key: EncryptionKey
) -> int:
    """Write the head with what is ``told`` and all bytes of ``parts``; answers how many these
    were.
    """
    raw = os.urandom(32)
    inside = {"key": base64.b64encode(raw).decode(), "told": told}
    head = seal(json.dumps(inside).encode(), key).encode()
    to.write(_MARK + len(head).to_bytes(_HEAD_LENGTH) + head)
    cipher, bound_to, written = AESGCM(raw), sha256(_MARK + head).digest(), 0
    for number, (part, is_last) in enumerate(_marked(parts)):
        to.write(cipher.encrypt(_nonce(number, is_last=is_last), part, bound_to))
        written += len(part)
    return written


class Opened:
    """A sealed file that was opened: what is told of it, and its bytes, each part looked at before
    it is given out.
    """

    def __init__(self, source: IO[bytes], private: Sequence[Mapping[str, Any]]) -> None:
        """Read the head; raises :class:`Damaged`, or ``NotOpened`` where the key is another."""
        self._source = source
        if source.read(len(_MARK)) != _MARK:
            raise Damaged("it is no file of `hub backup`")
        length = int.from_bytes(source.read(_HEAD_LENGTH))
        head = source.read(length) if length <= _LARGEST_HEAD else b""
        if not head or len(head) != length:
            raise Damaged("it is cut off in its head")
        try:
            inside = json.loads(unseal(head, private))
            self._cipher = AESGCM(base64.b64decode(inside["key"], validate=True))
            self.told: Mapping[str, Any] = dict(inside["told"])
        except (ValueError, KeyError, TypeError):
            raise Damaged("its head says nothing that is known here") from None
        self._bound_to = sha256(_MARK + head).digest()

    def parts(self) -> Iterator[bytes]:
        """All bytes, in order; raises :class:`Damaged` in the place of the first part that is not
        as it was written.
        """
        number, sealed = 0, self._source.read(_PART + _TAG)
        while True:
            following = self._source.read(_PART + _TAG)
            nonce = _nonce(number, is_last=not following)
            try:
                yield self._cipher.decrypt(nonce, sealed, self._bound_to)
            except (InvalidTag, ValueError):  # the latter where there is not even a tag
                raise Damaged(f"it is altered or cut off at about {number} MiB") from None
            if not following:
                return
            number, sealed = number + 1, following


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def _marked(parts: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """The bytes anew in parts of one size, each with whether it is the last; at least one."""
    held = b""
    for part in parts:
        held += part
        while len(held) > _PART:
            yield held[:_PART], False
            held = held[_PART:]
    yield held, True
