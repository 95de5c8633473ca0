"""Hop 4a: how serious it is, and by when (R17 to R22)."""

from __future__ import annotations

from enum import StrEnum
from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import Code, Fact, Identity, Instant, Line, Prose, ReferralFact, ReferralHead
from schemas.calendar import Contact
from schemas.gathering import ToGather


class Colour(StrEnum):
    """BRAG (R17).

    Blue is no action, Green early help, Amber harm that is not immediate, Red immediate or
    serious harm.
    """

    BLUE = "blue"
    GREEN = "green"
    AMBER = "amber"
    RED = "red"

    @property
    def severity(self) -> int:
        """0 for Blue to 3 for Red."""
        return _SEVERITIES[self]


_SEVERITIES = {colour: severity for severity, colour in enumerate(Colour)}


Clock = Literal["decision", "product", "possible_red"]
ClockKind = Literal[
    "decision",
    "product",
    "possible_red",
    "answer",
    "approval",
    "receipt",
    "referrer",
    "school",
    "disagreement",
    "alarm",
    "check",
    "safety",
]
"""``decision``: the authority confirms the rating (L3); ``product``: its own time allowed (R18);
``possible_red``: a human has looked at what may be a Red, within minutes; ``answer``: an agency
answers what it was asked (R25); ``approval``: an owner decides about what is its own (R29);
``receipt``: a person of a recipient says that they have it (R19); ``referrer``: whoever brought the
concern hears what was decided (L3); ``school``: the child's school is told before its next school
day (L4); ``disagreement``: a professional difference is settled (R51); ``alarm``: a person takes
what nobody else has; ``check``: an agency says whether its system knows the child (R7);
``safety``: a human has decided whether what is kept back is safe to send (L7).
"""


class RatingSuggested(ReferralFact, type="mash.rating.suggested.v1", topic="ratings.assigned"):
    """The borough profile suggests a rating, which a social worker confirms or changes."""

    colour: Colour
    reasons: tuple[Line, ...]
    """The indicators that were found, in the profile's words; never the narrative's."""
    profile: Line
    """Name and version of the borough profile."""
    decision_due_at: Instant
    product_due_at: Instant


class RatingAssigned(
    ToGather, ReferralFact, type="mash.rating.assigned.v1", topic="ratings.assigned"
):
    """A social worker confirmed or changed the rating; all of these are its history (R20).

    With it they chose what is gathered: requests leave by this fact, and by none before it.
    """

    colour: Colour
    previous: Colour | None
    number: int = Field(default=0, exclude_if=not_)
    """Of the referral's ratings, from 1: of two at one moment the later stands. Facts of old lack
    it.
    """
    confirmed: bool
    """Whether the colour is the one that stood before."""
    decided_by: Line
    rationale: Line
    for_front_line: Prose | None = Field(default=None, exclude_if=lambda text: text is None)
    """What whoever is told at once is to know, in words of the lead agency's own."""
    profile: Line
    product_due_at: Instant
    picture_id: Identity | None = Field(default=None, exclude_if=not_)
    """The picture that it was decided on."""
    newer: bool = Field(default=False, exclude_if=not_)
    """Whether something had come since that the picture did not show."""
    versions: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Other versions of the notification by its agency: referrals of their own."""
    told: Code | None = Field(default=None, exclude_if=lambda code: code is None)
    """Who brought the concern, and was told that it was decided."""
    may_be_told: Prose | None = Field(default=None, exclude_if=lambda words: words is None)
    """In these words."""


class PossibleRedAmended(
    ReferralFact, type="mash.rating.possible-red-amended.v1", topic="ratings.assigned"
):
    """Nobody had opened what may be a Red when its agency amended it: the amended version, which
    this is about, is waited for since then.
    """

    amends: Identity
    """The referral of the version before."""
    since: Instant


class DueTime(ReferralHead):
    """What is due for a referral, and when."""

    clock: Clock
    colour: Colour
    due_at: Instant


class DueTimeApproaching(
    DueTime, ReferralFact, type="mash.due-time.approaching.v1", topic="ratings.assigned"
):
    """A due time is near and what is due has not happened."""


class DueTimeBreached(
    DueTime, ReferralFact, type="mash.due-time.breached.v1", topic="ratings.assigned"
):
    """A due time passed and what was due has not happened."""


class DueTimeEscalated(
    DueTime, ReferralFact, type="mash.due-time.escalated.v1", topic="ratings.assigned"
):
    """A due time passed long ago, and whoever is next in the clock's chain was told."""

    told: Contact


class TimerElapsed(Fact, type="mash.timer.elapsed.v1", topic="timers.elapsed", subject="key"):
    """The clock reached a time that a step asked to be told of: all that steps see of time."""

    step: Code
    """The step that asked."""
    key: Identity
    """The key of that step's state: a referral or a product."""
    due_at: Instant
