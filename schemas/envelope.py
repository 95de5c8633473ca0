"""What somebody signed: a DSSE envelope (v1.0) with Ed25519, and the key that it is checked with.

The same bytes on both sides: whoever signs and whoever verifies needs nothing else of the hub.
"""

from __future__ import annotations

import base64
import binascii
import json
from hashlib import sha256
from typing import Annotated, Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import Field

from schemas.base import Line, Shape

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MOST_PAYLOAD: Final = 60_000
"""Characters of a payload in base64."""

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
"""An Ed25519 public key: 32 bytes in base64."""


class NotSigned(Exception):
    """The envelope is not of this key, or holds something else than was signed."""


class Signature(Shape):
    """One signature, and which key says to have made it."""

    keyid: Line
    sig: Line


class Envelope(Shape):
    """Bytes, and who signed them. Its fields are called as DSSE calls them."""

    payloadType: Line  # noqa: N815
    payload: Annotated[str, Field(max_length=MOST_PAYLOAD)]
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=4)]

    def opened_by(self, public: str) -> bytes:
        """The bytes that this key signed; raises :class:`NotSigned`."""
        payload, keyid = _bytes(self.payload), key_id(public)
        told = [one for one in self.signatures if one.keyid == keyid]
        if self.payloadType != PAYLOAD_TYPE or len(told) != 1:
            raise NotSigned
        try:
            key = Ed25519PublicKey.from_public_bytes(_bytes(public))
            key.verify(_bytes(told[0].sig), _encoded(payload))
        except (InvalidSignature, ValueError):
            raise NotSigned from None
        return payload

    def also_signed(self, seed: bytes) -> Envelope:
        """With the signature of one more key under the same bytes."""
        more = signed(self.unverified(), seed).signatures
        return self.model_copy(update={"signatures": (*self.signatures, *more)})

    def unverified(self) -> bytes:
        """What it says, whoever signed it; raises :class:`NotSigned` where that is no base64."""
        return _bytes(self.payload)


def signed(payload: bytes, seed: bytes) -> Envelope:
    """The envelope of these bytes by a private key of 32 bytes."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    one = Signature(keyid=key_id(public_of(seed)), sig=_base64(private.sign(_encoded(payload))))
    return Envelope(payloadType=PAYLOAD_TYPE, payload=_base64(payload), signatures=(one,))


def public_of(seed: bytes) -> str:
    """The public key of a private one."""
    return _base64(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def key_id(public: str) -> str:
    """By what envelopes name a key: the beginning of its SHA-256, no proof of anything."""
    return sha256(public.encode()).hexdigest()[:16]


def canonical(value: Any) -> bytes:
    """The one encoding of what is signed: JSON by RFC 8785, of objects with keys in ASCII and of no
    fractions.
    """
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return told.encode()


def _encoded(payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed says how long its parts are."""
    kind = PAYLOAD_TYPE.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    """Of base64 in its one form; raises :class:`NotSigned`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned from None
    if _base64(raw) != text:
        raise NotSigned
    return raw
