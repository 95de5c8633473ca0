"""What somebody signed: a DSSE envelope (v1.0), and the key that it is checked with.

A system signs with Ed25519; a person may with a passkey: then the challenge that their
authenticator signed (WebAuthn) is the digest of the very bytes that DSSE signs. The same bytes on
both sides: whoever signs and whoever verifies needs nothing else of the hub.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import sha256
from operator import not_
from typing import Annotated, Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from pydantic import Field

from schemas.base import Line, Shape

_no: Callable[[object], bool] = not_

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MOST_PAYLOAD: Final = 60_000
"""Characters of a payload in base64."""

PublicKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
"""An Ed25519 public key: 32 bytes in base64."""
PasskeyPublic = Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{48,200}={0,2}$")]
"""A passkey's, of ES256 or EdDSA: SubjectPublicKeyInfo in base64, as browsers give it."""
Encoded = Annotated[str, Field(min_length=1, max_length=4000)]
"""Bytes in base64."""


_OF_SYSTEMS: Final = 44
"""Characters of a :data:`PublicKey`."""
_HEAD: Final = 37
"""Bytes that say for which site, how sure it is who was there, and how often it was used."""
_USER_VERIFIED: Final = 0x05
"""Somebody was there, and it is known who."""
_ASSERTED: Final = ("authenticatorData", "clientDataJSON", "signature")


class NotSigned(Exception):
    """The envelope is not of this key, or holds something else than was signed."""


class Passkey(Shape):
    """Of a key that is a passkey: for which site it was made, and on whose pages it signs."""

    rp_id: Line
    origins: Annotated[tuple[Line, ...], Field(min_length=1, max_length=5)]


class Signature(Shape):
    """One signature, and which key says to have made it.

    A passkey signs what its authenticator says of the moment, and the digest of what the browser
    says of what was asked: both stand beside it, as WebAuthn calls them.
    """

    keyid: Line
    sig: Line
    authenticatorData: Encoded | None = Field(default=None, exclude_if=_no)  # noqa: N815
    clientDataJSON: Encoded | None = Field(default=None, exclude_if=_no)  # noqa: N815


class Envelope(Shape):
    """Bytes, and who signed them. Its fields are called as DSSE calls them."""

    payloadType: Line  # noqa: N815
    payload: Annotated[str, Field(max_length=MOST_PAYLOAD)]
    signatures: Annotated[tuple[Signature, ...], Field(min_length=1, max_length=4)]

    def opened_by(self, public: str, *, passkey: Passkey | None = None) -> bytes:
        """The bytes that this key signed; raises :class:`NotSigned`."""
        payload, one = _bytes(self.payload), self.signature_of(public)
        if passkey is not None:
            _assert(one, public, payload=payload, passkey=passkey)
            return payload
        if one.authenticatorData is not None or one.clientDataJSON is not None:
            raise NotSigned
        try:
            key = Ed25519PublicKey.from_public_bytes(_bytes(public))
            key.verify(_bytes(one.sig), _encoded(payload))
        except (InvalidSignature, ValueError):
            raise NotSigned from None
        return payload

    def signature_of(self, public: str) -> Signature:
        """The one that says to be of this key; raises :class:`NotSigned`."""
        told = [one for one in self.signatures if one.keyid == key_id(public)]
        if self.payloadType != PAYLOAD_TYPE or len(told) != 1:
            raise NotSigned
        return told[0]

    def challenge(self) -> bytes:
        """What a passkey is asked to sign for these bytes."""
        return challenge_of(_bytes(self.payload))

    def also_signed(self, more: Envelope) -> Envelope:
        """With the signatures of another one of the same bytes; raises :class:`NotSigned` where it
        has others.
        """
        if (more.payloadType, more.payload) != (self.payloadType, self.payload):
            raise NotSigned
        return self.model_copy(update={"signatures": (*self.signatures, *more.signatures)})

    def unverified(self) -> bytes:
        """What it says, whoever signed it; raises :class:`NotSigned` where that is no base64."""
        return _bytes(self.payload)


def signed(payload: bytes, seed: bytes) -> Envelope:
    """The envelope of these bytes by a private key of 32 bytes."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    one = Signature(keyid=key_id(public_of(seed)), sig=_base64(private.sign(_encoded(payload))))
    return Envelope(payloadType=PAYLOAD_TYPE, payload=_base64(payload), signatures=(one,))


def challenge_of(payload: bytes) -> bytes:
    """What a passkey is asked to sign (WebAuthn's challenge), so that it signs these bytes."""
    return sha256(_encoded(payload)).digest()


def asserted(payload: bytes, public: str, *, said: Mapping[str, Any]) -> Envelope:
    """The envelope of these bytes by a passkey; ``said``: the ``response`` of what
    ``navigator.credentials.get`` answered, in base64url. Raises :class:`NotSigned`.
    """
    try:
        data, client, sig = (_base64(_urlsafe(said[name])) for name in _ASSERTED)
    except (KeyError, TypeError, ValueError):
        raise NotSigned from None
    one = Signature(keyid=key_id(public), sig=sig, authenticatorData=data, clientDataJSON=client)
    return Envelope(payloadType=PAYLOAD_TYPE, payload=_base64(payload), signatures=(one,))


def _assert(one: Signature, public: str, *, payload: bytes, passkey: Passkey) -> None:
    """Raise :class:`NotSigned` unless this passkey signed the bytes, on one of its pages, after it
    had seen who uses it (WebAuthn, 7.2). Needs nothing but this library, so a recipient can.
    """
    data, client = _bytes(one.authenticatorData or ""), _bytes(one.clientDataJSON or "")
    if len(data) < _HEAD or data[:32] != sha256(passkey.rp_id.encode()).digest():
        raise NotSigned
    if data[32] & _USER_VERIFIED != _USER_VERIFIED or not _is_asked(client, payload, passkey):
        raise NotSigned
    try:
        key, signed_ = load_der_public_key(_bytes(public)), data + sha256(client).digest()
        if isinstance(key, Ed25519PublicKey):
            key.verify(_bytes(one.sig), signed_)
        elif isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
            key.verify(_bytes(one.sig), signed_, ECDSA(SHA256()))
        else:
            raise NotSigned
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise NotSigned from None


def _is_asked(client: bytes, payload: bytes, passkey: Passkey) -> bool:
    """Whether the browser says that it was asked for just these bytes, by a page of this site that
    was in no other site's.
    """
    try:
        told = json.loads(client)
    except (ValueError, RecursionError):
        return False
    if not isinstance(told, dict) or told.get("crossOrigin") or "topOrigin" in told:
        return False
    wanted = base64.urlsafe_b64encode(challenge_of(payload)).rstrip(b"=").decode()
    asked = told.get("type") == "webauthn.get" and told.get("challenge") == wanted
    return asked and told.get("origin") in passkey.origins


def public_of(seed: bytes) -> str:
    """The public key of a private one."""
    return _base64(Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw())


def of_its_kind(public: str, passkey: Passkey | None) -> None:
    """Raise ``ValueError`` unless a public key is one, and of a passkey where it says so alone."""
    if (len(public) != _OF_SYSTEMS) is not (passkey is not None):
        raise ValueError("public: is no key of this kind")
    the_key(public)


@lru_cache(maxsize=4096)
def the_key(public: str) -> bytes:
    """The key itself, in one form whether it is written as a system's or as a passkey's: who has
    one key is one person. Raises ``ValueError`` unless it is an Ed25519 or P-256 key written in
    the form that its makers give it.
    """
    try:
        raw = _bytes(public)
        if len(public) == _OF_SYSTEMS:
            return _spki(Ed25519PublicKey.from_public_bytes(raw))
        key = load_der_public_key(raw)
    except (NotSigned, UnsupportedAlgorithm, ValueError):
        raise ValueError("public: is no key") from None
    if isinstance(key, EllipticCurvePublicKey):
        allowed = isinstance(key.curve, SECP256R1)
    else:
        allowed = isinstance(key, Ed25519PublicKey)
    if not allowed or _spki(key) != raw:
        raise ValueError("public: is no key of Ed25519 or P-256 in its usual form")
    return raw


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


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


def _urlsafe(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


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
