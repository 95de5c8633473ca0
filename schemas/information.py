"""Hop 4b: what is asked of each agency about a child, and what they answer (R23 to R26, L6)."""

from __future__ import annotations

from collections.abc import Callable
from operator import not_
from typing import Annotated, Literal, TypeAlias

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
from schemas.calendar import Contact
from schemas.case import Found, Stated
from schemas.gathering import Level, NotAsked, Question
from schemas.identity import About
from schemas.person import Person
from schemas.picture import PictureGiven
from schemas.rating import Colour
from schemas.sharing import Sensitivity as Sensitivity

_no: Callable[[object], bool] = not_

Consent: TypeAlias = Literal["given", "refused", "not_sought"]
"""What parents said when they were asked; kept apart from the legal basis (L5)."""


class Checked(Shape):
    """A fact that a request states, and what the hub found when it compared it (L6)."""

    fact: Literal[Stated, "sharing"]
    against: Line
    """What it was compared with, in words."""
    found: Found


class Told(Shape):
    """What each agency is told of a concern: no narrative, which stays with its owner."""

    summary: Prose
    """What the concern is, in the words of whoever rated it, else as its signs have it."""
    consent: Consent
    child: Person
    """Who is asked about: identity only."""
    checks: tuple[Checked, ...] = Field(default=(), exclude_if=_no)
    """Of these facts, what was compared with what, before asking (L6)."""


class RequestPlan(Told):
    """Who would be asked what if the rating were ``colour``; nothing of it has left."""

    colour: Colour
    level: Level
    legal_basis: Line
    agencies: tuple[Code, ...]
    """Who would be asked."""
    not_asked: tuple[NotAsked, ...] = ()


class RequestsPrepared(
    ReferralFact, type="mash.information.prepared.v1", topic="information.requested"
):
    """Requests were made ready beside the rating; they leave once a social worker has rated."""

    profile: Line
    plan: RequestPlan


class InformationRequest(About, Notice, type="mash.information-request.v1"):
    """The standard's Request, which wants summary, purpose, legal basis, due time (R24, L6)."""

    identifier: Identity
    referral_id: Identity
    case_id: Identity
    agency: Code
    """Who is asked."""
    level: Level
    summary: Prose
    """The concern in the words of whoever rated it, else its sender's codes and hints of the
    profile; the narrative stays with its owner.
    """
    purpose: Line
    legal_basis: Line
    consent: Consent
    facts_checked: Line
    """How the stated facts were checked before asking, in words (L6)."""
    sharing_policy: Line
    """The information-sharing agreement that the request stands on."""
    due_at: Instant
    child: Person
    """Who is asked about: identity only, as in ``about``."""
    checks: tuple[Checked, ...] = Field(default=(), exclude_if=_no)
    """What the check of each fact found (L6)."""
    question: Question | None = Field(default=None, exclude_if=_no)
    basis_reason: Line | None = Field(default=None, exclude_if=_no)
    """Where consent was refused and the basis is another than the rating's: why it is."""
    picture: PictureGiven | None = Field(default=None, exclude_if=_no)
    """What of the picture the agency may see; added as the letter is handed out."""


class InformationRequested(
    ReferralFact, type="mash.information.requested.v1", topic="information.requested"
):
    """A human has decided, and every agency that is to be asked was asked at once.

    Before a rating only where the profile has a colour's requests leave on the suggestion.
    """

    level: Level
    reasons: tuple[Line, ...]
    profile: Line
    requests: tuple[InformationRequest, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()


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
    signpost: bool | None = Field(default=None, exclude_if=lambda told: told is None)
    """Whether recipients may be told that the owner holds something, and its contact (R34, R35).

    None: as the agreement of the agency that tells it says.
    """
    signpost_to: tuple[Code, ...] = Field(default=(), max_length=50, exclude_if=_no)
    """Recipients who alone may be told so; none: whoever gets what it is left out of."""
    reason: Line | None = Field(default=None, exclude_if=lambda told: told is None)
    """Why it is not revealed, or may not leave: why that would be more detrimental (L1)."""
    reference: Identity | None = Field(default=None, exclude_if=lambda told: told is None)
    """What who told it calls it; None: its ``item_id``, as it was sent."""

    @property
    def lacks_reason(self) -> bool:
        """Whether it keeps something back and does not say why."""
        return not (self.may_be_revealed and self.may_leave) and not (self.reason or "").strip()


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


class RequestChanged(RequestFact, type="mash.information.changed.v1"):
    """A social worker changed what is asked or by when; who is asked was told."""

    question: Question | None = Field(default=None, exclude_if=_no)
    due_at: Instant
    paused: bool = Field(default=False, exclude_if=_no)
    """Its clock stands still from now on, for the reason that ``rationale`` gives."""
    decided_by: Line
    rationale: Line


class RequestCancelled(RequestFact, type="mash.information.cancelled.v1"):
    """No answer is awaited any more; what comes all the same is taken as volunteered."""

    decided_by: Line
    rationale: Line
    closing: bool = Field(default=False, exclude_if=_no)
    """The referral was closed, and with it every request that was still awaited."""


class VolunteeredInformation(Shape):
    """What an agency tells that nobody asked for, about a child of whom the hub knows.

    One of ``referral_id``, as in a request or a receipt, and ``reference``, as the agency called
    its own notification, says which child.
    """

    referral_id: Identity | None = None
    reference: Identity | None = None
    items: Annotated[tuple[InformationItem, ...], Field(min_length=1, max_length=200)]
    volunteered_by: Line


class InformationOffered(
    AgencyFact,
    type="mash.information.offered.v1",
    topic="information.received",
    subject="referral_id",
    referral="referral_id",
):
    """What an agency volunteers came in by a connector."""

    referral_id: Identity | None
    """As it said, or by its reference; what names no referral that the hub knows is refused."""
    offered: VolunteeredInformation


class InformationVolunteered(
    ReferralFact,
    type="mash.information.volunteered.v1",
    topic="information.answered",
    agency="agency",
):
    """An agency told what nobody asked for, or answers no more awaited."""

    volunteered_id: Identity
    """By which it is told from answers: the id of its receipt."""
    agency: Code
    request_id: Identity | None = Field(default=None, exclude_if=_no)
    """The request that it answers, which had been cancelled."""
    items: tuple[InformationItem, ...]
    volunteered_by: Line


class RequestStillPaused(RequestFact, type="mash.information.still-paused.v1"):
    """A request has stood still for long, and whoever had it do so was reminded."""

    since: Instant
    paused_by: Line | None


class InformationMissing(RequestFact, type="mash.information.missing.v1"):
    """A request's due time passed without an answer."""

    due_at: Instant


class InformationEscalated(RequestFact, type="mash.information.escalated.v1"):
    """A request was due long ago, and whoever is next in its chain was told; by now
    :class:`schemas.owed.ClockEscalated` says that.
    """

    due_at: Instant
    told: Contact
