"""Enquiries: a partner asks the hub whether it knows a child, and is answered by policy.

Request and reply are those of the draft MAIS standard, with its names: the decision is permit, deny
or review, and both sides keep the request, the policy, the decision and the reply.
"""

from __future__ import annotations

from operator import not_
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import AreaFact, Code, Identity, Instant, Line, Notice, Shape
from schemas.case import Candidate, LinkOutcome, Worker
from schemas.notification import SetAside
from schemas.person import Person
from schemas.picture import Seen
from schemas.registers import Involvement, KnownTo


class Enquiry(Shape):
    """The standard's Request: whom it asks about, what for, and under which policy."""

    identifier: Identity
    """The requester's own, which the reply repeats."""
    date_stamp: Instant
    requester_identifier: Line
    """As the requester calls itself; who it is comes from its credential."""
    query: Person
    asserted_purpose: Line
    sharing_policy: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    """References of the agreements that it stands on."""
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What else was said of the child and could not be used."""


class EnquiryReceived(
    AreaFact,
    type="mash.enquiry.received.v1",
    topic="enquiries.received",
    subject="agency/enquiry.identifier",
):
    """A partner asks whether the hub knows a child; the id of this message names the enquiry."""

    enquiry: Enquiry


class EnquiryId(Shape):
    """Which enquiry: the id of the receipt of its request."""

    enquiry_id: Identity


class EnquiryDecision(EnquiryId):
    """A human of the lead agency says whether an enquiry is answered, and about whom."""

    decision: Literal["permit", "deny"]
    person_id: Identity | None
    """Which of those put to the human it is about; None: the child is not known."""
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class EnquiryDecided(
    AreaFact,
    type="mash.enquiry.decided.v1",
    topic="enquiries.decided",
    subject="decision.enquiry_id",
):
    """A decision about an enquiry came in by a connector."""

    decision: EnquiryDecision


class EnquiryFact(EnquiryId, AreaFact, topic="enquiries.answered", subject="enquiry_id"):
    """What became of an enquiry; ``agency`` is who asked."""


class EnquiryAdmitted(EnquiryFact, type="mash.enquiry.admitted.v1"):
    """The request is valid under the agreement: the child is looked up."""

    by_policy: Literal["permit", "review"]
    """``review``: a human has to permit the answer."""
    reasons: tuple[Line, ...]
    sharing_policy: Line
    """The agreement that it stands on."""
    query: Person


class EnquiryDenied(EnquiryFact, type="mash.enquiry.denied.v1"):
    """The request is not valid under an agreement: nobody was looked up."""

    reasons: tuple[Line, ...]


class Match(Candidate):
    """A child of the hub's register whom an enquiry is, or may be, about."""

    case_id: Identity
    referrals: int
    """How many concerns about the child the hub had that partners may hear of."""
    allocated_to: Worker | None = None
    known_to: tuple[KnownTo, ...] = ()


class EnquiryMatched(
    EnquiryId,
    AreaFact,
    type="mash.enquiry.matched.v1",
    topic="enquiries.matched",
    subject="enquiry_id",
):
    """What the register says of the child of an enquiry; the enquiry is no evidence itself."""

    outcome: LinkOutcome
    reasons: tuple[Line, ...]
    matches: Annotated[tuple[Match, ...], Field(max_length=5)] = ()
    """The child where it is surely one; in doubt those whom it may be."""
    model: Code


class EnquiryReferred(EnquiryFact, type="mash.enquiry.referred.v1"):
    """The enquiry was put to a human of the lead agency."""

    reasons: tuple[Line, ...]


class EnquiryReply(Notice, type="mash.enquiry-reply.v1"):
    """The answer to an enquiry. One that was denied says nothing of the child."""

    identifier: Identity
    in_reply_to: Identity
    """The requester's own identifier of its request."""
    date_stamp: Instant
    decision: Literal["permit", "deny", "review"]
    """``review``: a human decides, and another reply follows."""
    reasons: tuple[Line, ...] = ()
    sharing_policy: Line | None = None
    known: bool | None = Field(default=None, exclude_if=lambda known: known is None)
    involvement: tuple[Involvement, ...] = Field(default=(), exclude_if=not_)
    """As far as the agreements of both sides let it be told."""
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ask further."""


class EnquiryAnswered(EnquiryFact, type="mash.enquiry.answered.v1"):
    """An enquiry was answered, and this is all that was told."""

    reply: EnquiryReply
    person_id: Identity | None = Field(default=None, exclude_if=not_)
    """Who was said to be known."""
    decided_by: Line | None = Field(default=None, exclude_if=not_)
    """The human who decided, where one did; with why."""
    rationale: Line | None = Field(default=None, exclude_if=not_)


class EnquiryReview(EnquiryId, Notice, type="mash.enquiry-review.v1"):
    """An enquiry for a human of the lead agency to decide about, by an enquiry decision."""

    agency: Code
    """Who asks."""
    enquiry: Enquiry
    reasons: tuple[Line, ...]
    """Why a human decides."""
    matches: tuple[Match, ...] = ()
