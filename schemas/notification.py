"""Hop 1 and 2: what agencies bring, and whether the hub has had it before."""

from __future__ import annotations

from enum import StrEnum
from hashlib import sha256
from operator import not_
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import (
    AgencyFact,
    AreaFact,
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    Prose,
    ReferralId,
    Shape,
)
from schemas.person import Person
from schemas.referrer import MadeBy, is_professional
from schemas.sharing import FREE, Part, Sharing

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 in hex."""


class ParentsInformed(Shape):
    """Whether the referrer told the parents or has consent, and why not (R10)."""

    informed: bool
    consent: Literal["given", "refused", "not_sought"]
    reason: Line | None = None


NO_ACCOUNT = "(The sender gave no account.)"
"""Stands for the words of a notification that came without any."""


MOST_PARTS = 50
"""Of one notification, each with flags of its own."""


class Instead(StrEnum):
    """What was done with a part that could not be used."""

    LEFT_OUT = "left-out"
    SHORTENED = "shortened"
    """Its beginning is used."""
    CLEANED = "cleaned"
    """What no text may hold was taken out."""
    ARRIVAL = "arrival-time"
    """The time at which it arrived is used."""
    GIVEN = "given-reference"
    """The hub gave a reference of its own, from the content."""
    WITHOUT = "without"
    """Nothing stands there, and it is taken without it."""
    KEPT_CLOSE = "kept-close"
    """What it belongs to is kept back as was said."""
    ALONG = "along"
    """Kept with another part, which it describes; that is told."""
    ACROSS = "across"
    """The cells of a row are read from left to right, as far as it goes."""
    QUOTES = "quotes"
    """The quote marks of a row are read as letters."""
    OTHERWISE = "otherwise"
    """What the agreed format says for codes that it does not list is used."""


class SetAside(Shape):
    """A part of a notification that could not be used as it came: kept, for people to read."""

    field: Line
    """In the sender's own words, such as ``row 3, DOB``."""
    place: Line
    """Where it would stand in the hub's shape, such as ``subject.date_of_birth``."""
    reason: Code
    """A reason code of :mod:`schemas.refusals`."""
    expected: Line | None = None
    """What a right value looks like, where that is known."""
    instead: Instead = Instead.LEFT_OUT
    value: str = ""
    """What the sender wrote, whole; as JSON where it was no text."""


class Notification(Shape):
    """One concern about one child, in the hub's own form, whatever form its agency sent."""

    reference: Identity
    observed_at: Instant
    subject: Person
    narrative: Prose
    concern: tuple[Code, ...] = ()
    """LifeEvent type codes, such as ``missing-person``, where the agency codes its concerns."""
    parents_informed: ParentsInformed | None = None
    urgent: bool = Field(default=False, exclude_if=not_)
    """Its sender says that it cannot wait: whoever rates looks at it within minutes."""
    made_by: MadeBy = Field(default=MadeBy.PROFESSIONAL, exclude_if=is_professional)
    """Who told its agency of it, and so what may be told back (L3)."""
    sharing: Sharing | None = Field(default=None, exclude_if=lambda told: told is None)
    """Who may know what it says, where its agency keeps something back."""
    parts: Annotated[tuple[Part, ...], Field(max_length=MOST_PARTS)] = Field(
        default=(), exclude_if=not_
    )
    """What it says beside the narrative, under flags of its own."""
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What else came, and could not be used; it leaves no trace where there is nothing."""

    @property
    def referrer(self) -> MadeBy:
        """Who told its agency of it; where that was said and cannot be read, as little is told back
        as a member of the public may know.
        """
        unread = any(one.place == "made_by" for one in self.set_aside)
        return MadeBy.PUBLIC if unread else self.made_by

    def content_digest(self) -> str:
        """SHA-256 of the canonical JSON without the time: a resend is later but says the same.

        Of what was set aside only what the sender wrote counts, not what the hub says of it.
        """
        said = self.model_dump_json(exclude={"observed_at", "set_aside"})
        aside = (one for one in self.set_aside if one.value and one.place != "observed_at")
        kept = (f"{one.place}={one.value}" for one in aside)
        return sha256("\0".join((said, *kept)).encode()).hexdigest()

    @property
    def kept(self) -> Sharing:
        """Who may know what its narrative says."""
        return self.sharing or FREE

    @property
    def observed_on_arrival(self) -> bool:
        """Whether the sender gave no time that could be used."""
        return any(one.instead is Instead.ARRIVAL for one in self.set_aside)


class NotificationReceived(
    AreaFact,
    type="mash.notification.received.v1",
    topic="notifications.received",
    subject="agency/notification.reference",
):
    """An agency's notification came in by a connector."""

    content_digest: Digest
    """:meth:`Notification.content_digest`: tells a resend from an amendment."""
    notification: Notification


class NotificationAccepted(
    AreaFact,
    ReferralId,
    type="mash.notification.accepted.v1",
    topic="notifications.accepted",
    subject="agency/notification.reference",
    referral="referral_id",
):
    """The hub had not had this content before; ``referral_id``, from its receipt, names it now."""

    version: int = Field(ge=1)
    """1 for a new reference; more for an amendment: the same reference with changed content."""
    first_referral_id: Identity | None = None
    """For an amendment: the referral of version 1."""
    notification: Notification


class NotificationDuplicated(
    AgencyFact,
    type="mash.notification.duplicated.v1",
    topic="notifications.accepted",
    subject="agency/reference",
):
    """The same source, reference and content as before: nothing further is done with it."""

    reference: Identity
    duplicate_of: Identity
    """The referral that this repeats."""


class DeadLetterId(Shape):
    """Which dead letter."""

    dead_letter_id: Identity
    message_id: Identity | None = Field(default=None, exclude_if=not_)
    """The message that a step could not act on: several steps may have a dead letter of it. None
    for what was refused as it came, and in facts of old.
    """


class MessageRefused(
    AgencyFact,
    DeadLetterId,
    type="mash.message.refused.v1",
    topic="messages.refused",
    subject="dead_letter_id",
):
    """A message could not be read or acted on; its original is kept as a dead letter."""

    reason: Code
    """A reason code of :mod:`schemas.refusals`, with cause and cure."""
    field: Line | None = None
    step: Code
    may_be_red: bool = Field(default=False, exclude_if=not_)
    """Whether it may be about a Red: then it is a possible Red itself."""


class ReceiptStatus(StrEnum):
    """What became of a message that an agency sent."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


class Warned(Shape):
    """What of an accepted message could not be used, for its sender: never what stood there."""

    field: Line
    """In the sender's own words, such as ``row 3, DOB``."""
    reason: Code
    explanation: Line
    done: Line
    """What the hub did with it."""
    cure: Line
    """How to send it right."""


class Receipt(Notice, type="mash.receipt.v1"):
    """The answer to every message: accepted, a duplicate, or rejected with reason and field."""

    status: ReceiptStatus
    id: Identity
    """The hub's id of the message; for a rejected one, of its dead letter."""
    message_id: Identity | None = None
    """The sender's own id of the message, where it gave one; else as the sender finds it."""
    source: Line | None = Field(default=None, exclude_if=not_)
    """The sender's own source of the event: within it the id names one event."""
    file: Line | None = Field(default=None, exclude_if=not_)
    """The name of the file that was dropped."""
    place: Line | None = Field(default=None, exclude_if=not_)
    """Which record of a file, a batch or a message it was, such as ``row 3``."""
    follows: Identity | None = Field(default=None, exclude_if=not_)
    """The ``id`` of an earlier receipt about the same message, which this one goes on from."""
    reference: Identity | None = None
    duplicate_of: Identity | None = None
    reason: Code | None = None
    field: Line | None = None
    """Where the sender's own data is at fault, such as ``row 3, DOB``; never what stood there."""
    explanation: Line | None = None
    """What became of it, in words."""
    cure: Line | None = None
    next: Line | None = Field(default=None, exclude_if=not_)
    """Of a concern that is taken: what happens next, and by when its sender hears."""
    danger: Line | None = Field(default=None, exclude_if=not_)
    """And what to do where the child is in danger now."""
    hears_by: Instant | None = Field(default=None, exclude_if=not_)
    """By when its sender is told what was decided (L3)."""
    warnings: tuple[Warned, ...] = Field(default=(), exclude_if=not_)
    """Of an accepted message: what of it could not be used."""
