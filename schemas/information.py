"""Hop 4b: what is asked of each agency about a child, and what they answer (R23 to R26, L6)."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Literal

from pydantic import Field

from schemas.base import Code, Fact, Identity, Instant, Line, Notice, Prose, Shape
from schemas.person import Person


class Level(StrEnum):
    """How much is gathered (R23): nothing, basic (education or health), or full, followed by a
    meeting.
    """

    NONE = "none"
    BASIC = "basic"
    FULL = "full"


class InformationRequest(Notice):
    """The standard's Request. Without summary, purpose, legal basis and due time it cannot be made
    (R24, L6).
    """

    type: ClassVar = "mash.information-request.v1"

    identifier: Identity
    referral_id: Identity
    case_id: Identity
    agency: Code
    """Who is asked."""
    level: Level
    summary: Prose
    """The concern in the profile's words; the narrative stays with its owner."""
    purpose: Line
    legal_basis: Line
    consent: Literal["given", "refused", "not_sought"]
    """Kept apart from the legal basis (L5)."""
    facts_checked: Line
    """How the stated facts were checked before asking (L6)."""
    sharing_policy: Line
    """The information-sharing agreement that the request stands on."""
    due_at: Instant
    child: Person
    """Who is asked about: identity only."""


class NotAsked(Shape):
    """An agency that was not asked, and why."""

    agency: Code
    reason: Line


class InformationRequested(Fact, case="case_id", referral="referral_id"):
    """The level was decided and every agency of that level asked at once."""

    type: ClassVar = "mash.information.requested.v1"
    topic: ClassVar = "information.requested"

    referral_id: Identity
    case_id: Identity
    level: Level
    reasons: tuple[Line, ...]
    profile: Line
    requests: tuple[InformationRequest, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()


class Sensitivity(StrEnum):
    """How much harm an item can do in wrong hands; ``restricted`` covers informants and the like
    (R26, R35).
    """

    ROUTINE = "routine"
    SENSITIVE = "sensitive"
    RESTRICTED = "restricted"


class InformationItem(Shape):
    """One piece of what an agency knows, with its owner's say on revelation and sharing apart (R28,
    R29).
    """

    item_id: Identity
    owner: Code
    text: Prose
    sensitivity: Sensitivity
    may_be_revealed: bool
    """Inside the hub."""
    may_leave: bool
    """To recipients outside; what leaves still needs its owner's approval, byte for byte."""
    signpost: bool = True
    """Whether recipients may be told that the owner holds something and whom to contact (R34,
    R35).
    """


class InformationResponse(Shape):
    """An agency's answer. ``known`` false, with no items, says that it does not know the child."""

    request_id: Identity
    referral_id: Identity
    case_id: Identity
    known: bool
    items: tuple[InformationItem, ...] = Field(default=(), max_length=200)
    answered_by: Line


class InformationReceived(
    Fact, subject="response.case_id", referral="response.referral_id", agency="agency"
):
    """An agency's answer came in by a connector."""

    type: ClassVar = "mash.information.received.v1"
    topic: ClassVar = "information.received"

    agency: Code
    response: InformationResponse


class InformationAnswered(Fact, case="case_id", referral="referral_id", agency="agency"):
    """A request was answered by the agency that it was put to."""

    type: ClassVar = "mash.information.answered.v1"
    topic: ClassVar = "information.answered"

    referral_id: Identity
    case_id: Identity
    request_id: Identity
    agency: Code
    known: bool
    items: tuple[InformationItem, ...]
    answered_by: Line
    late: bool


class InformationMissing(Fact, case="case_id", referral="referral_id", agency="agency"):
    """A request's due time passed without an answer."""

    type: ClassVar = "mash.information.missing.v1"
    topic: ClassVar = "information.answered"

    referral_id: Identity
    case_id: Identity
    request_id: Identity
    agency: Code
    due_at: Instant
