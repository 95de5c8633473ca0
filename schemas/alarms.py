"""A Red that nobody has is an alarm to people, which repeats until one of them takes it; so is
what waits for an owner that does not decide.
"""

from __future__ import annotations

from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import AgencyFact, Code, Fact, Identity, Instant, Line, Notice, Shape
from schemas.calendar import Contact
from schemas.identity import About

Cause = Literal[
    "possible_red",
    "not_taken",
    "kept_back",
    "silent_owner",
    "handover",
    "refused_message",
    "way_in",
    "not_renewed",
]
"""``possible_red``: nobody opened it in time; ``not_taken``: nobody of its recipient has an urgent
product; ``kept_back``: nothing of one leaves; ``silent_owner``: a product waits for an owner who
has not decided in the time agreed; ``handover``: no worker has what may be a Red;
``refused_message``: what could not be read or acted on may be one; ``way_in``: one may wait where
an agency's messages do not come through; ``not_renewed``: access rules or an agency's keys for its
letters have ended by their date.
"""
Ending = Literal[
    "rated",
    "closed",
    "delivered",
    "released",
    "decided",
    "voided",
    "ended",
    "confirmed",
    "taken_back",
    "sent_again",
    "discarded",
]
"""What became of what it was about, so that nobody need take it any more."""


class AlarmId(Shape):
    """Which alarm, and what it is kept under."""

    alarm_id: Identity
    subject_id: Identity
    """The referral, message, dead letter, way in or end by a date that it is about."""
    case_id: Identity | None = Field(default=None, exclude_if=not_)


class AlarmHead(AlarmId):
    """What an alarm is about, and why there is one."""

    cause: Cause
    why: Code | None = Field(default=None, exclude_if=not_)
    """More closely: why a recipient has not taken it, or a message was refused."""
    referral_id: Identity | None = Field(default=None, exclude_if=not_)
    product_id: Identity | None = Field(default=None, exclude_if=not_)
    agency: Code | None = Field(default=None, exclude_if=not_)
    """Whose recipient, sender or way in it is."""
    kept_as: Identity | None = Field(default=None, exclude_if=not_)
    """Under what it is kept, where it is about a message that could not be acted on."""
    quiet: bool = Field(default=False, exclude_if=not_)
    """It is about no Red and nothing that may be one: it waits for the working time of whom it
    tells.
    """
    since: Instant


class _OfAlarm(
    AlarmHead,
    Fact,
    topic="alarms.raised",
    case="case_id",
    referral="referral_id",
    product="product_id",
    agency="agency",
):
    """Facts that are routed by the subject of the alarm."""


class AlarmFact(_OfAlarm):
    """What became of an alarm."""

    @property
    def subject(self) -> str:
        """Its case, or where it has none what it is about."""
        return self.case_id or self.subject_id


class AlarmRaised(AlarmFact, type="mash.alarm.raised.v1"):
    """The first of the chain was told."""

    told: Contact
    next_at: Instant


class AlarmRepeated(AlarmFact, type="mash.alarm.repeated.v1"):
    """Nobody had taken it, and the next of the chain was told, or the last of it again."""

    told: Contact
    times: int = Field(ge=2)
    """How often somebody was told by now."""
    next_at: Instant


class AlarmTaken(AlarmFact, type="mash.alarm.taken.v1"):
    """A person took it: it repeats no more."""

    taken_by: Line
    taken_for: Code
    """The agency that they are of."""


class AlarmEnded(AlarmFact, type="mash.alarm.ended.v1"):
    """What it was about was settled before anybody took it."""

    reason: Ending


class AlarmNotice(About, AlarmHead, Notice, type="mash.alarm.v1"):
    """To one of the chain: nobody has this, and you are to see to it. Answered by an alarm receipt.

    Where it names no child, ``about`` says whom to ring.
    """

    says: Line
    """Why there is an alarm."""
    to_do: Line
    told: Contact
    times: int = Field(ge=1)
    """How often somebody was told, this time included."""
    next_told: Contact
    """Who is told next unless somebody takes it."""
    next_at: Instant


class AlarmReceipt(AlarmId):
    """A person says that they have taken an alarm; ids are those of the alarm."""

    taken_by: Line


class AlarmReceived(AgencyFact, type="mash.alarm.received.v1", topic="alarms.received"):
    """An alarm receipt came in by a connector."""

    receipt: AlarmReceipt

    @property
    def subject(self) -> str:
        """As that of the alarm: what is about one thing stays in order."""
        return self.receipt.case_id or self.receipt.subject_id
