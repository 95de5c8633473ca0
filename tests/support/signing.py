"""Decision makers with keys of their own, made anew for each run, who sign what they approve."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import urandom
from typing import Any

from webauthn.helpers import bytes_to_base64url

from schemas.decisions import ReleaseDecided, ReleaseDecision
from schemas.envelope import Envelope, Passkey, asserted, challenge_of, public_of, signed
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, Partner, StandingRelease
from schemas.product import Choice
from schemas.statement import ReleaseStatement, StandingStatement
from tests.support import given
from tests.support.authenticator import Authenticator

ORIGIN, PARTY = "https://desk.school.example", "school.example"
LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Signer:
    """One decision maker of an agency, invented, with a private key that nobody else has."""

    agency: str
    seed: bytes = field(default_factory=lambda: urandom(32), repr=False)

    @property
    def name(self) -> str:
        """As the agency registers them."""
        return f"Decision maker of {self.agency}"

    def key(self, **changes: Any) -> ApprovalKey:
        """As the agreement has it."""
        told = {"decided_by": self.name, "public": public_of(self.seed), "since": LONG_AGO}
        return ApprovalKey.model_validate(told | changes)

    def partner(self, *keys: ApprovalKey, **changes: Any) -> Partner:
        """The agency with this key, or with these."""
        one = given.partner(self.agency, **changes)
        assert one.agreement is not None
        agreement = one.agreement.model_copy(update={"keys": keys or (self.key(),)})
        return one.model_copy(update={"agreement": agreement})

    def signs(self, statement: ReleaseStatement, **changes: Any) -> Envelope:
        """The statement with who decides and why, or with something else in it."""
        own = {"decided_by": self.name, "rationale": None}
        return signed(statement.model_copy(update=own | changes).payload(), self.seed)

    def also_signs(self, envelope: Envelope) -> Envelope:
        """As the second of two people."""
        return envelope.also_signed(signed(envelope.unverified(), self.seed))

    def approves(self, request: ApprovalRequest, **changes: Any) -> ReleaseDecided:
        """The sanitised words of an approval request, signed; with these fields otherwise."""
        told = {
            "referral_id": request.referral_id,
            "product_id": request.product_id,
            "case_id": request.case_id,
            "item_id": request.item.item_id,
            "choice": Choice.RELEASE_SANITISED,
            "digest": request.item.sanitised_digest,
            "recipient": request.recipient,
            "purpose": request.purpose,
            "decided_by": self.name,
            "envelope": self.signs(request.statements[0]),
        }
        decision = ReleaseDecision.model_validate(told | changes)
        return ReleaseDecided(agency=self.agency, decision=decision)

    def releases(self, release: StandingRelease) -> StandingRelease:
        """A standing release, signed."""
        one = release.model_copy(update={"decided_by": self.name})
        statement = StandingStatement(agency=self.agency, release=one)
        return one.model_copy(update={"envelope": signed(statement.payload(), self.seed)})


@dataclass(frozen=True)
class Person(Signer):
    """A decision maker with a passkey, and no other key."""

    device: Authenticator = field(default_factory=lambda: Authenticator(ORIGIN, PARTY))

    def key(self, **changes: Any) -> ApprovalKey:
        told = {
            "decided_by": self.name,
            "public": base64.b64encode(self.device.spki).decode(),
            "since": LONG_AGO,
            "passkey": Passkey(rp_id=PARTY, origins=(ORIGIN,)),
        }
        return ApprovalKey.model_validate(told | changes)

    def signs(self, statement: ReleaseStatement, **changes: Any) -> Envelope:
        own = {"decided_by": self.name, "rationale": None}
        return self.answers(statement.model_copy(update=own | changes).payload())

    def also_signs(self, envelope: Envelope) -> Envelope:
        return envelope.also_signed(self.answers(envelope.unverified()))

    def answers(self, payload: bytes, *, asked: bytes | None = None, **how: Any) -> Envelope:
        """The envelope of these bytes; ``asked``: of which others the authenticator was asked."""
        challenge = challenge_of(payload if asked is None else asked)
        said = self.device.sign(bytes_to_base64url(challenge), **how)
        return asserted(payload, self.key().public, said=said["response"])


def altered(envelope: Envelope, **changes: Mapping[str, Any]) -> Envelope:
    """The envelope with something else in it."""
    return envelope.model_copy(update=changes)
