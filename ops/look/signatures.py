"""Under whose signature something left: the people, their keys, and what exactly they signed."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from router.steps.now import Now
from schemas.envelope import Envelope, NotSigned


@dataclass(frozen=True, slots=True)
class Signature:
    """One of those who signed."""

    by: str | None
    """None: the agreement has no such key any more."""
    key: str
    """By what the envelope names it."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement, and who signed it."""

    signatures: tuple[Signature, ...]
    statement: str
    """SHA-256 of the very bytes that were signed."""
    at: str | None = None
    """When the hub took it."""
    beforehand: bool = False
    """Whether it was given for all of its kind, and not for this alone."""


def signed_by(
    envelope: Envelope,
    agency: str,
    *,
    now: Now,
    at: str | None = None,
    beforehand: bool = False,
) -> Signed | None:
    """What an envelope of an agency's says; None where it holds nothing. Whether it holds the gate
    has looked.
    """
    partner = now.policy.partners.get(agency)
    known = partner.agreement.keys if partner and partner.agreement else ()
    names = {key.id: key.decided_by for key in known}
    try:
        told = sha256(envelope.unverified()).hexdigest()
    except NotSigned:
        return None
    each = tuple(Signature(names.get(one.keyid), one.keyid) for one in envelope.signatures)
    return Signed(each, told, at, beforehand)
