"""What an owner signs: which bytes may leave, for whom, what for, and until when (R27 to R31).

In-toto statements (v1): the subject is the words, the predicate all that they are let leave for.
What is signed is :func:`schemas.envelope.canonical`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, Self, TypeVar

from pydantic import Field, ValidationError

from schemas.base import Code, Identity, Instant, Line, Shape
from schemas.envelope import NotSigned, canonical
from schemas.keys import KeyChange
from schemas.notification import Digest
from schemas.policy import StandingRelease
from schemas.product import Item, OwnerApproval, Redaction

S = TypeVar("S", bound=Shape)

STATEMENT: Final = "https://in-toto.io/Statement/v1"
RELEASE: Final = "urn:mash-hub:release-approval:v1"
STANDING: Final = "urn:mash-hub:standing-release:v1"
KEY: Final = "urn:mash-hub:decision-maker-key:v1"
HANDLING: Final = "For this recipient and purpose alone: not passed on without its owner's word."


class ReleaseStatement(Shape):
    """An owner's approval of one item of one product, in exactly these words."""

    agency: Code
    """Who approves: the item's owner, or who told it as another agency's."""
    item_id: Identity
    text_sha256: Digest
    """Of the words that may leave, in UTF-8."""
    digest: Digest
    """:func:`schemas.product.release_digest` of them."""
    sources: tuple[Item, ...]
    """Every item that the words come from, each with an agency that has to approve."""
    about: Digest | None = None
    """Of all that the product may say of whom it is about; None: it is about nobody."""
    referral_id: Identity
    product_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    legal_gateway: Line
    handling: Line = HANDLING
    redactions_sha256: Digest
    """:func:`redaction_map` of what was taken out; who has only the words learns nothing of it."""
    people: int = Field(default=1, ge=1, le=2)
    """How many different people of the agency have to sign it."""
    profile: Line
    """By which version of the borough's profile it was asked for."""
    not_before: Instant
    expires: Instant
    decided_by: Line | None = None
    """Who of the agency decides; not yet in what the hub proposes."""
    rationale: Line | None = None
    """Why, where its owner wants the recipient to read it: what is signed leaves with the product.
    Else the decision alone says it, which the recipient is not sent.
    """

    def payload(self) -> bytes:
        """The bytes that are signed."""
        predicate = self.model_dump(mode="json", exclude={"item_id", "text_sha256"})
        return _statement(RELEASE, self.item_id, digest=self.text_sha256, predicate=predicate)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """What was signed; raises :class:`NotSigned` unless it is such a statement in its one
        encoding.
        """
        name, digest, predicate = _parts(payload, RELEASE)
        one = _shaped(cls, {**predicate, "item_id": name, "text_sha256": digest})
        if one.payload() != payload:
            raise NotSigned
        return one


class StandingStatement(Shape):
    """What an owner releases beforehand, with its scope and its end."""

    agency: Code
    release: StandingRelease

    def payload(self) -> bytes:
        """The bytes that are signed: all that is released, without the envelope around it."""
        release = self.release.model_dump(mode="json", include=_SCOPE)
        told = sha256(canonical(_said(release))).hexdigest()
        predicate = {"agency": self.agency, "release": release}
        return _statement(STANDING, "standing-release", digest=told, predicate=predicate)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """What was signed; raises :class:`NotSigned`."""
        _, _, predicate = _parts(payload, STANDING)
        one = _shaped(cls, predicate)
        if one.payload() != payload:
            raise NotSigned
        return one


class KeyStatement(Shape):
    """What an agency's administrator says of a decision maker's key."""

    agency: Code
    change: KeyChange

    def payload(self) -> bytes:
        """The bytes that are signed."""
        told = sha256(self.change.public.encode()).hexdigest()
        return _statement(KEY, "key", digest=told, predicate=self.model_dump(mode="json"))

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """What was signed; raises :class:`NotSigned`."""
        _, _, predicate = _parts(payload, KEY)
        one = _shaped(cls, predicate)
        if one.payload() != payload:
            raise NotSigned
        return one


_SCOPE = {"kinds", "recipients", "purposes", "since", "until", "decided_by", "reason"}


def text_digest(text: str) -> str:
    """SHA-256 of words as they leave."""
    return sha256(text.encode()).hexdigest()


def stated(approval: OwnerApproval) -> ReleaseStatement | None:
    """What an approval says, whoever signed it; None where it is no statement about one release."""
    if approval.envelope is None or approval.standing is not None:
        return None
    try:
        return ReleaseStatement.parse(approval.envelope.unverified())
    except NotSigned:
        return None


def redaction_map(redactions: Sequence[Redaction]) -> str:
    """SHA-256 of what was taken out of the original, and what stands in its place."""
    return sha256(canonical([one.model_dump(mode="json") for one in redactions])).hexdigest()


def _statement(kind: str, name: str, *, digest: str, predicate: dict[str, Any]) -> bytes:
    return canonical(
        {
            "_type": STATEMENT,
            "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": kind,
            "predicate": _said(predicate),
        }
    )


def _parts(payload: bytes, kind: str) -> tuple[str, str, dict[str, Any]]:
    try:
        told = json.loads(payload)
        (subject,) = told["subject"]
        if told["predicateType"] != kind:
            raise NotSigned
        return subject["name"], subject["digest"]["sha256"], dict(told["predicate"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotSigned from None


def _shaped(kind: type[S], told: dict[str, Any]) -> S:
    try:
        return kind.model_validate_json(json.dumps(told))
    except (ValidationError, ValueError):
        raise NotSigned from None


def _said(value: Any) -> Any:
    """Without what is not said."""
    if isinstance(value, dict):
        return {name: _said(part) for name, part in value.items() if part is not None}
    return [_said(part) for part in value] if isinstance(value, list) else value
