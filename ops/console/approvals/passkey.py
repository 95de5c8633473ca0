"""Somebody signs at the desk, with a passkey of theirs that their agency has registered.

The challenge is that of the very statement that the agency's own end would sign
(:mod:`connectors.edge.approving`), which the hub makes anew when the answer comes: of what a
browser sends nothing counts but the moment at which it was asked, which is in the statement too,
and the signature.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError
from webauthn.helpers import bytes_to_base64url

from connectors.edge.approving import Decision, NotAsShown, countersign, decide, statement
from connectors.edge.keys import SigningKey
from ops.access.ceremonies import public_of
from ops.access.passkeys import Party, Passkey, held_by, party_of
from ops.console.screen import Form, Visit
from ops.look import letters
from schemas.envelope import Envelope, NotSigned, asserted, challenge_of
from schemas.envelope import Passkey as Site
from schemas.notices import ApprovalRequest
from schemas.policy import ApprovalKey, plain_name
from schemas.statement import ReleaseStatement

_PATIENCE: Final = dt.timedelta(minutes=30)
"""Until what was shown has to be read again before it is signed."""
_ASSERTED: Final = ("authenticatorData", "clientDataJSON", "signature")
TOO_LATE: Final = "You opened this page too long ago: read it again, then sign"
NOT_THIS: Final = "The passkey did not sign this: use the one that your agency registered for you"


@dataclass(frozen=True, slots=True, repr=False)
class Asking:
    """What the page has the browser ask an authenticator."""

    challenge: str
    party: str
    credentials: str
    """Of the passkeys that may sign, where the hub knows them; else the authenticator knows."""
    at: str
    """When it was asked, which is in what is signed."""


@dataclass(frozen=True, slots=True, repr=False)
class Wanted:
    """What somebody without a passkey for approvals gives their agency's administrator."""

    passkey: Passkey
    public: str
    party: Party


class _DeskKey(SigningKey):
    """A passkey, of which the browser has answered ``said``."""

    private: str = ""
    spki: str
    site: Site | None = None
    said: Mapping[str, str] = {}

    def sign(self, payload: bytes) -> Envelope:
        """The envelope of these bytes; raises ``NotSigned`` where the answer is to others."""
        envelope = asserted(payload, self.spki, said=self.said)
        envelope.opened_by(self.spki, passkey=self.site)
        return envelope


def keys_of(visit: Visit) -> Sequence[ApprovalKey]:
    """The passkeys for this hub's pages with which whoever is there signs for their agency."""
    party, now = party_of(visit.hub.settings), letters.now_at(visit.hub)
    agreement = now.agreement_with(visit.agency)
    if party is None or agreement is None:
        return ()
    return tuple(
        key
        for key in agreement.keys
        if plain_name(key.decided_by) == plain_name(visit.who)
        and key.counts(now.at, at=now.at)
        and _is_here(key.passkey, party)
    )


def _is_here(site: Site | None, party: Party) -> bool:
    return site is not None and site.rp_id == party.id and party.origin in site.origins


def ask(visit: Visit, request: ApprovalRequest, decision: Decision) -> Asking | None:
    """What to ask for this decision; None where whoever is there has no passkey that signs it."""
    keys, party = keys_of(visit), party_of(visit.hub.settings)
    if not keys or party is None:
        return None
    at = letters.now_at(visit.hub).at
    try:
        one = statement(asked_at(request, at), decision, key=_key(visit, keys[0]))
    except NotAsShown:  # which the agency's own end says in words
        return None
    payload = one.model_copy(update={"decided_by": visit.who}).payload()
    return _asking(visit, challenge_of(payload), keys=keys, party=party, at=at)


def _asking(
    visit: Visit, challenge: bytes, *, keys: Sequence[ApprovalKey], party: Party, at: dt.datetime
) -> Asking:
    publics = {key.public for key in keys}
    known = [one for one in _own(visit) if public_of(one) in publics]
    return Asking(
        challenge=bytes_to_base64url(challenge),
        party=party.id,
        credentials=" ".join(one.credential for one in known),
        at=at.isoformat(),
    )


def ask_for(visit: Visit, envelope: Envelope) -> Asking | None:
    """What to ask of the second, for just what the first has signed."""
    at = ReleaseStatement.parse(envelope.unverified()).not_before
    return ask_also(visit, envelope, at=at)


def ask_also(visit: Visit, envelope: Envelope, *, at: dt.datetime | None = None) -> Asking | None:
    """The same of bytes that say no time; ``at``: the time that they say."""
    keys, party = keys_of(visit), party_of(visit.hub.settings)
    if not keys or party is None:
        return None
    asked = at or letters.now_at(visit.hub).at
    return _asking(visit, envelope.challenge(), keys=keys, party=party, at=asked)


def also_signed(
    visit: Visit, request: ApprovalRequest, told: dict[str, Any]
) -> dict[str, Any] | None:
    """A decision that somebody has signed, with the signature that the form brought as well; None
    where that is not of it.
    """
    said = {name: visit.form.one(name) for name in _ASSERTED}
    at = ReleaseStatement.parse(Envelope.model_validate(told["envelope"]).unverified()).not_before
    for key in keys_of(visit):
        with suppress(NotSigned, NotAsShown, ValidationError):
            own = _key(visit, key, said=said)
            return countersign(told, asked_at(request, at), key=own)
    return None


def signed(
    visit: Visit, request: ApprovalRequest, decision: Decision
) -> tuple[dict[str, Any] | None, str]:
    """The decision, signed by what the form brought; or why it is not."""
    at = _moment(visit.form)
    if at is None or not dt.timedelta() <= letters.now_at(visit.hub).at - at <= _PATIENCE:
        return None, TOO_LATE
    said = {name: visit.form.one(name) for name in _ASSERTED}
    for key in keys_of(visit):
        with suppress(NotSigned, NotAsShown, ValidationError):
            own = _key(visit, key, said=said)
            return decide(asked_at(request, at), decision, key=own), ""
    return None, NOT_THIS


def ask_of(visit: Visit, payload: bytes) -> Asking | None:
    """What to ask for these very bytes; None where whoever is there has no passkey that signs."""
    keys, party = keys_of(visit), party_of(visit.hub.settings)
    if not keys or party is None:
        return None
    at = letters.now_at(visit.hub).at
    return _asking(visit, challenge_of(payload), keys=keys, party=party, at=at)


def signed_of(visit: Visit, payload: bytes) -> tuple[Envelope | None, str]:
    """The envelope of these bytes, signed by what the form brought; or why it is none."""
    at = _moment(visit.form)
    if at is None or not dt.timedelta() <= letters.now_at(visit.hub).at - at <= _PATIENCE:
        return None, TOO_LATE
    said = {name: visit.form.one(name) for name in _ASSERTED}
    for key in keys_of(visit):
        with suppress(NotSigned, ValidationError):
            return _key(visit, key, said=said).sign(payload), ""
    return None, NOT_THIS


def both_signed(visit: Visit, envelope: Envelope) -> Envelope | None:
    """What somebody has signed, with the signature that the form brought as well; None where that
    is not of it.
    """
    said = {name: visit.form.one(name) for name in _ASSERTED}
    for key in keys_of(visit):
        with suppress(NotSigned, ValidationError):
            own = _key(visit, key, said=said)
            return envelope.also_signed(own.sign(envelope.unverified()))
    return None


def is_answered(form: Form) -> bool:
    """Whether a passkey has answered."""
    return bool(form.one("signature"))


def to_register(visit: Visit) -> Iterator[Wanted]:
    """Passkeys with which whoever is there signs in, and which their agency may register."""
    party = party_of(visit.hub.settings)
    if party is not None:
        yield from (Wanted(one, public_of(one), party) for one in _own(visit))


def _own(visit: Visit) -> Sequence[Passkey]:
    return tuple(held_by(visit.hub, visit.who).values())


def _key(visit: Visit, key: ApprovalKey, *, said: Mapping[str, str] | None = None) -> _DeskKey:
    return _DeskKey(
        agency=visit.agency,
        decided_by=visit.who,
        spki=key.public,
        site=key.passkey,
        said=said or {},
    )


def asked_at(request: ApprovalRequest, at: dt.datetime) -> ApprovalRequest:
    """The request as it was asked at a moment: its approval counts from then, for as long."""
    each = (
        one.model_copy(update={"not_before": at, "expires": at + (one.expires - one.not_before)})
        for one in request.statements
    )
    return request.model_copy(update={"statements": tuple(each)})


def _moment(form: Form) -> dt.datetime | None:
    try:
        at = dt.datetime.fromisoformat(form.one("at"))
    except ValueError:
        return None
    return at if at.tzinfo else None
