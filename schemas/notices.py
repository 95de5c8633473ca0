"""What the hub asks of people: put on their agency's queue, answered by the commands of
:mod:`schemas.decisions`.
"""

from __future__ import annotations

from typing import ClassVar

from schemas.base import Code, Identity, Instant, Line, Notice, Shape
from schemas.case import Candidate, Worker
from schemas.notification import Notification
from schemas.product import DraftItem
from schemas.rating import Clock, Colour


class Handover(Notice):
    """A referral about a child who has an allocated social worker, for that worker at once (R9)."""

    type: ClassVar = "mash.handover.v1"

    referral_id: Identity
    case_id: Identity
    agency: Code
    worker: Worker
    notification: Notification


class LinkReview(Notice):
    """A referral whose child is in doubt, for a human of the lead agency; answered by a link
    decision.
    """

    type: ClassVar = "mash.link-review.v1"

    referral_id: Identity
    case_id: Identity
    person_id: Identity
    """The provisional person made for it."""
    candidates: tuple[Candidate, ...]
    reasons: tuple[Line, ...]
    notification: Notification


class MergeReview(Notice):
    """Two persons who may be one child, for a human of the lead agency; answered by a persons
    decision.
    """

    type: ClassVar = "mash.merge-review.v1"

    person_id: Identity
    case_id: Identity
    other_person_id: Identity
    other_case_id: Identity
    score: float
    reasons: tuple[Line, ...]


class SplitReview(Notice):
    """A person who may be two children, for a human of the lead agency; answered by a split
    decision.

    Where it is one child after all, a link decision for the referral that came last says so.
    """

    type: ClassVar = "mash.split-review.v1"

    person_id: Identity
    case_id: Identity
    referral_ids: tuple[Identity, ...]
    """Those that agree with what came last, which is the last of them."""
    reasons: tuple[Line, ...]


class MovedReferral(Shape):
    """A referral, or an open case's message, that belongs to another person and case than
    before.
    """

    referral_id: Identity
    from_person_id: Identity
    from_case_id: Identity
    person_id: Identity
    case_id: Identity


class LinksChanged(Notice):
    """What a human's decision about links moved: for the lead agency, and the workers of the
    children concerned.
    """

    type: ClassVar = "mash.links-changed.v1"

    decision_id: Identity
    moved: tuple[MovedReferral, ...]
    decided_by: Line
    rationale: Line


class RatingRequest(Notice):
    """A suggested rating for a social worker to confirm or change (R17); answered by a rating
    decision.
    """

    type: ClassVar = "mash.rating-request.v1"

    referral_id: Identity
    case_id: Identity
    suggested: Colour
    reasons: tuple[Line, ...]
    profile: Line
    due_at: Instant


class ApprovalRequest(Notice):
    """One item of one product for its owner to decide about (R29); answered by a release
    decision.
    """

    type: ClassVar = "mash.approval-request.v1"

    product_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour
    item: DraftItem


class DueTimeWarning(Notice):
    """A due time is near or past, for the lead agency."""

    type: ClassVar = "mash.due-time-warning.v1"

    referral_id: Identity
    case_id: Identity
    clock: Clock
    colour: Colour
    due_at: Instant
    breached: bool
