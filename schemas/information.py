"""Hop 4b: what is asked of each agency about a child, and what they answer (R23 to R26, L6)."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import (
    AgencyFact,
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    Prose,
    ReferralFact,
    ReferralHead,
    Shape,
)
from schemas.person import Person


class Level(StrEnum):
    """How much is gathered (R23).

    Nothing, basic (education or health), or full, which a meeting follows.
    """

    NONE = "none"
    BASIC = "basic"
    FULL = "full"


class InformationRequest(Notice, type="mash.information-request.v1"):
    """The standard's Request, which wants summary, purpose, legal basis, due time (R24, L6)."""

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


class InformationRequested(
    ReferralFact, type="mash.information.requested.v1", topic="information.requested"
):
    """The level was decided and every agency of that level asked at once."""

    level: Level
    reasons: tuple[Line, ...]
    profile: Line
    requests: tuple[InformationRequest, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()


class Sensitivity(StrEnum):
    """How much harm an item can do in wrong hands (R26, R35).

    ``restricted`` covers informants and the like.
    """

    ROUTINE = "routine"
    SENSITIVE = "sensitive"
    RESTRICTED = "restricted"


class InformationItem(Shape):
    """One piece of what an agency knows, and who may see it by its owner's word (R28, R29)."""

    item_id: Identity
    owner: Code
    text: Prose
    sensitivity: Sensitivity
    may_be_revealed: bool
    """Inside the hub."""
    may_leave: bool
    """To recipients outside; what leaves still needs its owner's approval, byte for byte."""
    signpost: bool = True
    """Whether recipients may be told that the owner holds something, and its contact (R34, R35)."""


class RequestId(Shape):
    """Which request for information."""

    request_id: Identity


class InformationResponse(ReferralHead, RequestId):
    """An agency's answer. ``known`` false, with no items, says that it does not know the child."""

    known: bool
    items: tuple[InformationItem, ...] = Field(default=(), max_length=200)
    answered_by: Line


class InformationReceived(
    AgencyFact,
    type="mash.information.received.v1",
    topic="information.received",
    subject="response.case_id",
    referral="response.referral_id",
):
    """An agency's answer came in by a connector."""

    response: InformationResponse


class RequestFact(ReferralFact, topic="information.answered", agency="agency"):
    """What became of one request to one agency."""

    request_id: Identity
    agency: Code


class InformationAnswered(RequestFact, type="mash.information.answered.v1"):
    """A request was answered by the agency that it was put to."""

    known: bool
    items: tuple[InformationItem, ...]
    answered_by: Line
    late: bool


class InformationMissing(RequestFact, type="mash.information.missing.v1"):
    """A request's due time passed without an answer."""

    due_at: Instant
