"""What a browser is asked to do with a passkey, and whether its answer holds (WebAuthn, level 3).

Challenges are random, of one browser, and answered once and soon. Who the answer is of, is what its
signature says; no name is asked for, so nobody learns from a refusal who has a passkey here.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from ops.access import attempts
from ops.access.passkeys import Party, Passkey, held_by, passkey_id
from ops.access.proving import CannotSignIn, known_as
from ops.access.sessions import Known, now
from ops.look.reading import Guarded
from schemas.access import Proof
from schemas.operations import PasskeyRegistered, PasskeyUse
from schemas.settings import PersonSettings

_ALGORITHMS: Final = [COSEAlgorithmIdentifier.EDDSA, COSEAlgorithmIdentifier.ECDSA_SHA_256]
_BAD: Final = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)
"""What comes of answers that are none, whatever is wrong with them."""


@dataclass(frozen=True, slots=True, repr=False)
class Ceremonies:
    """Registering and signing in at one hub."""

    hub: Guarded
    party: Party

    def ask_to_sign_in(self, challenge: bytes) -> Mapping[str, Any]:
        """What the browser is given for ``navigator.credentials.get``."""
        options = generate_authentication_options(
            rp_id=self.party.id,
            challenge=challenge,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return dict(json.loads(options_to_json(options)))

    def ask_to_register(self, who: str, challenge: bytes) -> Mapping[str, Any]:
        """What it is given for ``navigator.credentials.create``."""
        have = held_by(self.hub, who).values()
        options = generate_registration_options(
            rp_id=self.party.id,
            rp_name="mash-hub",
            user_name=who,
            user_id=attempts.person_id(self.hub, who).encode(),
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.credential)) for one in have
            ],
            supported_pub_key_algs=_ALGORITHMS,
        )
        return dict(json.loads(options_to_json(options)))

    def registered(
        self, said: Mapping[str, Any], *, challenge: bytes, who: str, label: str
    ) -> PasskeyRegistered:
        """The passkey that a browser has made for somebody. Raises ``CannotSignIn``."""
        try:
            _here(said)
            made = verify_registration_response(
                credential=dict(said),
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            credential = bytes_to_base64url(made.credential_id)
            return PasskeyRegistered(
                person_id=attempts.person_id(self.hub, who),
                passkey_id=passkey_id(credential),
                who=who,
                label=label,
                credential=credential,
                public=bytes_to_base64url(made.credential_public_key),
                sign_count=made.sign_count,
            )
        except _BAD as error:
            raise _refusal("this is no passkey of this hub", "no_passkey") from error

    def signed_in(self, said: Mapping[str, Any], *, challenge: bytes) -> tuple[Known, PasskeyUse]:
        """Who signed what the browser was asked. Raises ``CannotSignIn``."""
        try:
            _here(said)
            person, passkey = self._of(said)
            found = verify_authentication_response(
                credential=dict(said),
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                credential_public_key=base64url_to_bytes(passkey.public),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except _BAD as error:
            raise _refusal("this is no passkey that signs in here", "wrong_passkey") from error
        known = known_as(person, Proof.PASSKEY, by=passkey.id)
        return known, PasskeyUse(passkey_id=passkey.id, sign_count=found.new_sign_count)

    def _of(self, said: Mapping[str, Any]) -> tuple[PersonSettings, Passkey]:
        """Whose it says to be; raises ``KeyError`` where nobody has it who is to be let in."""
        handle = base64url_to_bytes(said["response"]["userHandle"]).decode()
        people = {attempts.person_id(self.hub, one.name): one for one in self.hub.settings.people}
        person = people[handle]
        if not person.is_there(now().date()):
            raise KeyError
        return person, held_by(self.hub, person.name, counted=True)[passkey_id(said["id"])]


def public_of(passkey: Passkey) -> str:
    """Its public key as an agency's administrator registers it: SubjectPublicKeyInfo in base64."""
    decoded = decode_credential_public_key(base64url_to_bytes(passkey.public))
    key = decoded_public_key_to_cryptography(decoded)
    told = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(told).decode()


def challenge() -> bytes:
    """What is asked to be signed."""
    return secrets.token_bytes(32)


def _here(said: Mapping[str, Any]) -> None:
    """Raise ``ValueError`` for what another site's page asked for in a frame."""
    client = json.loads(base64url_to_bytes(said["response"]["clientDataJSON"]))
    if client.get("crossOrigin") or "topOrigin" in client:
        raise ValueError


def _refusal(said: str, reason: str) -> CannotSignIn:
    return CannotSignIn(f"{said}, or its owner was not asked who they are: try again", reason)
