"""Hop 4a: how serious it is, and by when (R17 to R22)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from schemas.base import Code, Fact, Identity, Instant, Line


class Colour(StrEnum):
    """BRAG (R17): Blue no action, Green early help, Amber harm but not immediate, Red immediate or
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


Clock = Literal["decision", "product"]
"""``decision``: the authority confirms the rating (L3); ``product``: the rating's own time allowed
(R18).
"""


class RatingSuggested(Fact, case="case_id", referral="referral_id"):
    """The borough profile suggests a rating from what the notification says; a social worker
    confirms or changes it.
    """

    type: ClassVar = "mash.rating.suggested.v1"
    topic: ClassVar = "ratings.assigned"

    referral_id: Identity
    case_id: Identity
    colour: Colour
    reasons: tuple[Line, ...]
    """The indicators that were found, in the profile's words; never the narrative's."""
    profile: Line
    """Name and version of the borough profile."""
    decision_due_at: Instant
    product_due_at: Instant


class RatingAssigned(Fact, case="case_id", referral="referral_id"):
    """A social worker confirmed or changed the rating, with a rationale. History is every one of
    these (R20).
    """

    type: ClassVar = "mash.rating.assigned.v1"
    topic: ClassVar = "ratings.assigned"

    referral_id: Identity
    case_id: Identity
    colour: Colour
    previous: Colour | None
    confirmed: bool
    """Whether the colour is the one that stood before."""
    decided_by: Line
    rationale: Line
    profile: Line
    product_due_at: Instant


class DueTimeApproaching(Fact, case="case_id", referral="referral_id"):
    """A due time is near and what is due has not happened."""

    type: ClassVar = "mash.due-time.approaching.v1"
    topic: ClassVar = "ratings.assigned"

    referral_id: Identity
    case_id: Identity
    clock: Clock
    colour: Colour
    due_at: Instant


class DueTimeBreached(Fact, case="case_id", referral="referral_id"):
    """A due time passed and what was due has not happened."""

    type: ClassVar = "mash.due-time.breached.v1"
    topic: ClassVar = "ratings.assigned"

    referral_id: Identity
    case_id: Identity
    clock: Clock
    colour: Colour
    due_at: Instant


class TimerElapsed(Fact, subject="key"):
    """The clock reached a time that a step asked to be told of. Steps see time only as this
    message.
    """

    type: ClassVar = "mash.timer.elapsed.v1"
    topic: ClassVar = "timers.elapsed"

    step: Code
    """The step that asked."""
    key: Identity
    """The key of that step's state: a referral or a product."""
    due_at: Instant
