"""What somebody owes, and what is told of it as its clock runs: warned, chased at its due time,
and along a chain that ends at a person.
"""

from __future__ import annotations

from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import Code, Identity, Instant, Line, Notice, ReferralFact, ReferralHead
from schemas.calendar import Contact
from schemas.identity import About
from schemas.rating import ClockKind


class Owed(ReferralHead):
    """What an agency owes to a referral, since when and until when."""

    clock: ClockKind
    agency: Code
    owed: Line
    """What it owes, in words that name nobody."""
    subject_id: Identity | None = Field(default=None, exclude_if=not_)
    """The product, handover or disagreement that it is about, where it is about one."""
    since: Instant
    due_at: Instant


class OwedFact(ReferralFact, topic="clocks.told", agency="agency"):
    """What was told of something that is owed."""


class ClockWarned(Owed, OwedFact, type="mash.clock.warned.v1"):
    """Most of its time has passed, and who owes it was reminded."""


class ClockChased(Owed, OwedFact, type="mash.clock.chased.v1"):
    """It is due and has not come, and who owes it was chased."""


class ClockEscalated(Owed, OwedFact, type="mash.clock.escalated.v1"):
    """It was due long ago, and whoever is next in the clock's chain was told."""

    told: Contact


class ClockClosed(Owed, OwedFact, type="mash.clock.closed.v1"):
    """Nobody can answer it any more, for a reason."""

    reason: Line


class OwedNotice(About, Owed, Notice, type="mash.owed.v1"):
    """To who owes it, then to whoever is next in the chain: what is owed, by whom, about whom,
    since when, and what happens next.
    """

    moment: Literal["warned", "chased", "escalated"]
    escalated_to: Contact | None = Field(default=None, exclude_if=not_)
    """Who is told because nothing has come."""
    next: Line
    """What happens if it does not come now."""
    next_at: Instant | None = Field(default=None, exclude_if=not_)
    contact: Line
    """Whom to ring about it."""
