"""Hop 1 and 2: what agencies bring, and whether the hub has had it before."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from schemas.base import Code, Fact, Identity, Instant, Line, Notice, Prose, Shape
from schemas.person import Person

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""


class ParentsInformed(Shape):
    """Whether the referrer told the parents or has consent, and why not (R10)."""

    informed: bool
    consent: Literal["given", "refused", "not_sought"]
    reason: Line | None = None


class Notification(Shape):
    """One concern about one child, in the hub's own form, whatever form its agency sent."""

    reference: Identity
    observed_at: Instant
    subject: Person
    narrative: Prose
    concern: tuple[Code, ...] = ()
    """LifeEvent type codes, such as ``missing-person``, where the agency codes its concerns."""
    parents_informed: ParentsInformed | None = None

    def content_digest(self) -> str:
        """SHA-256 of the canonical JSON without the time of observation: a resend is made later but
        says the same.
        """
        return sha256(self.model_dump_json(exclude={"observed_at"}).encode()).hexdigest()


class NotificationReceived(Fact, agency="agency", area="area"):
    """An agency's notification came in by a connector."""

    type: ClassVar = "mash.notification.received.v1"
    topic: ClassVar = "notifications.received"

    agency: Code
    area: Code
    content_digest: Digest
    """:meth:`Notification.content_digest`: tells a resend from an amendment."""
    notification: Notification

    @property
    def subject(self) -> str:
        return f"{self.agency}/{self.notification.reference}"


class NotificationAccepted(Fact, referral="referral_id", agency="agency", area="area"):
    """The hub had not had this content before. ``referral_id`` names it from here on: the id that
    its receipt gave.
    """

    type: ClassVar = "mash.notification.accepted.v1"
    topic: ClassVar = "notifications.accepted"

    referral_id: Identity
    agency: Code
    area: Code
    version: int = Field(ge=1)
    """1 for a new reference; more when the same reference came with changed content (an
    amendment).
    """
    first_referral_id: Identity | None = None
    """For an amendment: the referral of version 1."""
    notification: Notification

    @property
    def subject(self) -> str:
        return f"{self.agency}/{self.notification.reference}"


class NotificationDuplicated(Fact, agency="agency"):
    """The same source, reference and content as before: recorded, and nothing further is done with
    it.
    """

    type: ClassVar = "mash.notification.duplicated.v1"
    topic: ClassVar = "notifications.accepted"

    agency: Code
    reference: Identity
    duplicate_of: Identity
    """The referral that this repeats."""

    @property
    def subject(self) -> str:
        return f"{self.agency}/{self.reference}"


class MessageRefused(Fact, subject="dead_letter_id", agency="agency"):
    """A message that could not be read or may not be acted on; its original is kept as a dead
    letter.
    """

    type: ClassVar = "mash.message.refused.v1"
    topic: ClassVar = "messages.refused"

    dead_letter_id: Identity
    agency: Code
    reason: Code
    """A reason code of :mod:`schemas.refusals`, with cause and cure."""
    field: Line | None = None
    step: Code


class ReceiptStatus(StrEnum):
    """What became of a message that an agency sent."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Receipt(Notice):
    """The answer to every message: accepted with its id, a duplicate of another, or rejected with
    reason and field.
    """

    type: ClassVar = "mash.receipt.v1"

    status: ReceiptStatus
    id: Identity
    """The hub's id of the message; for a rejected one, of its dead letter."""
    message_id: Identity | None = None
    """The sender's own id of the message, where it gave one."""
    reference: Identity | None = None
    duplicate_of: Identity | None = None
    reason: Code | None = None
    field: Line | None = None
    """Where in the sender's own data the trouble is, such as ``row 3, DOB``; never what stood
    there.
    """
    explanation: Line | None = None
    cure: Line | None = None
