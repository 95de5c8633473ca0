"""An authenticator in software, and a browser that asks it: what each test wants wrong is wrong."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn.helpers import bytes_to_base64url, encode_cbor

_UP, _UV, _AT = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """One passkey, at one hub."""

    origin: str
    rp_id: str
    private: ec.EllipticCurvePrivateKey | Ed25519PrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    handle: str = ""
    count: int = 0
    counts: bool = True

    @property
    def spki(self) -> bytes:
        """Its public key, as browsers give it (``getPublicKey``)."""
        public = self.private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def make(self, options: Mapping[str, Any], *, verified: bool = True) -> dict[str, Any]:
        """What ``navigator.credentials.create`` answers."""
        self.handle = options["user"]["id"]
        client = self._client("webauthn.create", options["challenge"])
        raw = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential
        data = self._data(_UP | _AT | (_UV if verified else 0)) + raw + encode_cbor(self._cose())
        made = {"fmt": "none", "attStmt": {}, "authData": data}
        attested = bytes_to_base64url(encode_cbor(made))
        response = {"clientDataJSON": bytes_to_base64url(client), "attestationObject": attested}
        return self._answer(response)

    def sign(self, challenge: str, *, verified: bool = True, **client: Any) -> dict[str, Any]:
        """What ``navigator.credentials.get`` answers."""
        said = self._client("webauthn.get", challenge, **client)
        data = self._data(_UP | (_UV if verified else 0))
        signed = data + sha256(said).digest()
        if isinstance(self.private, Ed25519PrivateKey):
            signature = self.private.sign(signed)
        else:
            signature = self.private.sign(signed, ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": bytes_to_base64url(said),
            "authenticatorData": bytes_to_base64url(data),
            "signature": bytes_to_base64url(signature),
            "userHandle": self.handle,
        }
        return self._answer(response)

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        id_ = bytes_to_base64url(self.credential)
        return {"id": id_, "rawId": id_, "type": "public-key", "response": response}

    def _client(self, kind: str, challenge: str, **more: Any) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin} | more
        return json.dumps(said).encode()

    def _data(self, flags: int) -> bytes:
        self.count += self.counts
        party = sha256(self.rp_id.encode()).digest()
        return party + bytes([flags]) + self.count.to_bytes(4, "big")

    def _cose(self) -> dict[int, Any]:
        if isinstance(self.private, Ed25519PrivateKey):
            return {1: 1, 3: -8, -1: 6, -2: self.private.public_key().public_bytes_raw()}
        numbers = self.private.public_key().public_numbers()
        x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
        return {1: 2, 3: -7, -1: 1, -2: x, -3: y}
