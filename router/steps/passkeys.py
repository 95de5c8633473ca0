"""What a person signed with a passkey, verified by a library that does nothing else.

The gate wants both this and what a recipient can verify (:mod:`schemas.envelope`): a fault of one
of them lets nothing leave.
"""

from __future__ import annotations

import base64
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from schemas.envelope import Envelope, NotSigned
from schemas.policy import ApprovalKey


def asserted(envelope: Envelope, key: ApprovalKey) -> None:
    """Raise ``NotSigned`` where a passkey did not sign just this; other keys are not looked at."""
    if key.passkey is None:
        return
    # Nobody waits for it who has no passkeys.
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        verify_authentication_response(
            credential=_credential(envelope, key),
            expected_challenge=envelope.challenge(),
            expected_rp_id=key.passkey.rp_id,
            expected_origin=list(key.passkey.origins),
            credential_public_key=_cose(key.public),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, AttributeError):
        raise NotSigned from None


def _credential(envelope: Envelope, key: ApprovalKey) -> dict[str, Any]:
    """As a browser answers; which authenticator it is, is what the key says."""
    one, id_ = envelope.signature_of(key.public), _urlsafe(base64.b64encode(key.id.encode()))
    response = {
        "authenticatorData": _urlsafe((one.authenticatorData or "").encode()),
        "clientDataJSON": _urlsafe((one.clientDataJSON or "").encode()),
        "signature": _urlsafe(one.sig.encode()),
    }
    return {"id": id_, "rawId": id_, "type": "public-key", "response": response}


def _cose(public: str) -> bytes:
    """A public key as WebAuthn has it (RFC 9052)."""
    from webauthn.helpers import encode_cbor

    key = load_der_public_key(base64.b64decode(public))
    if isinstance(key, Ed25519PublicKey):
        return encode_cbor({1: 1, 3: -8, -1: 6, -2: key.public_bytes_raw()})
    if not isinstance(key, EllipticCurvePublicKey):
        raise ValueError
    numbers = key.public_numbers()
    x, y = (one.to_bytes(32, "big") for one in (numbers.x, numbers.y))
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: x, -3: y})


def _urlsafe(text: bytes) -> str:
    return text.decode().replace("+", "-").replace("/", "_").rstrip("=")
