"""What the hub asks of people; they answer by the commands of :mod:`schemas.decisions`."""

from __future__ import annotations

from operator import not_
from typing import Literal

from pydantic import Field

from schemas.base import (
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    Prose,
    ReferralHead,
    ReferralId,
    Shape,
)
from schemas.calendar import Contact
from schemas.case import Candidate, FromPerson, LikelyPair, PersonReferrals, Worker
from schemas.gathering import Level, Question
from schemas.identity import About, AboutSeveral, IdentityField
from schemas.information import RequestPlan
from schemas.notification import Digest, Notification, SetAside
from schemas.picture import PictureGiven
from schemas.product import DraftItem, RecallAnswer, SentProduct
from schemas.rating import Colour, DueTime
from schemas.statement import ReleaseStatement


class Handover(About, ReferralHead, Notice, type="mash.handover.v1"):
    """A referral about a child who has an allocated social worker, for that worker at once (R9)."""

    agency: Code
    worker: Worker
    notification: Notification
    concern_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The referral that told of the concern first, where this is a later version or tells it again.
    """
    to_do: Line | None = Field(default=None, exclude_if=not_)
    """What is asked of the team; letters of old ask nothing."""
    due_at: Instant | None = Field(default=None, exclude_if=not_)
    """By when a person of the team is to say so; added as the letter is handed out."""
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ring at the hub; letters of old say nobody."""
    outlined: bool = Field(default=False, exclude_if=not_)
    """Only who the child is stands in it, until it is handed out with all that its owner agreed."""


class LinkReview(ReferralHead, Notice, type="mash.link-review.v1"):
    """A referral whose child is in doubt, for the lead agency; answered by a link decision."""

    person_id: Identity
    """The provisional person made for it."""
    candidates: tuple[Candidate, ...]
    reasons: tuple[Line, ...]
    notification: Notification
    picture: PictureGiven | None = Field(default=None, exclude_if=not_)
    """Added as the letter is handed out."""


class MergeReview(AboutSeveral, LikelyPair, Notice, type="mash.merge-review.v1"):
    """Two persons who may be one child, for the lead agency; answered by a persons decision."""


class SplitReview(AboutSeveral, PersonReferrals, Notice, type="mash.split-review.v1"):
    """A person who may be two children, for the lead agency; answered by a split decision.

    The last of ``referral_ids`` is what came last. Where it is one child after all, a link
    decision for that referral says so.
    """


class MovedReferral(FromPerson, ReferralId):
    """A referral, or an open case's message, that now belongs to another person and case."""

    person_id: Identity
    case_id: Identity


class LinksChanged(AboutSeveral, Notice, type="mash.links-changed.v1"):
    """What a decision about links moved, for the lead agency and the children's workers."""

    decision_id: Identity
    moved: tuple[MovedReferral, ...]
    decided_by: Line
    rationale: Line


class RatingRequest(ReferralHead, Notice, type="mash.rating-request.v1"):
    """A suggested rating, for a social worker to confirm or change (R17) by a rating decision."""

    suggested: Colour
    reasons: tuple[Line, ...]
    profile: Line
    due_at: Instant
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What the agency sent beside and could not be used: nobody else has read it yet."""
    elsewhere: Line | None = Field(default=None, exclude_if=not_)
    """The other area in which the child lives, by what its agency told."""
    possible_red: bool = Field(default=False, exclude_if=not_)
    """What may be a Red comes first in the queue."""
    possible_red_due_at: Instant | None = Field(default=None, exclude_if=not_)
    for_parents: Prose | None = Field(default=None, exclude_if=not_)
    """What may be given to parents who are asked to consent; nobody has said yet that they did, or
    did not (R11).
    """
    plan: RequestPlan | None = Field(default=None, exclude_if=not_)
    """Who would be asked what, if the rating is as suggested; nothing of it has left."""
    picture: PictureGiven | None = Field(default=None, exclude_if=not_)
    """Added as the letter is handed out."""


class RequestsPlanned(About, ReferralHead, Notice, type="mash.request-plan.v1"):
    """Who is asked about a child or would be, and who is not and why, where that has changed.

    For whoever decides: a rating decision or a request decision answers it.
    """

    left: bool
    """Whether requests have left, or wait for a rating."""
    plan: RequestPlan


class RequestHead(ReferralHead):
    """A request for information that an agency was sent."""

    request_id: Identity
    agency: Code


class RequestBasis(Shape):
    """What a request stands on, where that is otherwise than it said."""

    level: Level | None = Field(default=None, exclude_if=not_)
    legal_basis: Line | None = Field(default=None, exclude_if=not_)
    basis_reason: Line | None = Field(default=None, exclude_if=not_)


class RequestChange(RequestBasis, About, RequestHead, Notice, type="mash.request-changed.v1"):
    """To who was asked: this is asked, and is due then, instead of what the request said."""

    question: Question | None = None
    due_at: Instant
    paused: bool = Field(default=False, exclude_if=not_)
    """Its clock stands still until the hub says otherwise."""
    says: Line | None = Field(default=None, exclude_if=not_)
    """What else is otherwise, in the hub's words."""


class RequestCancellation(About, RequestHead, Notice, type="mash.request-cancelled.v1"):
    """To who was asked: no answer is awaited; one that is sent all the same is taken."""

    reason: Line | None = Field(default=None, exclude_if=not_)
    """Why, where the hub itself says so; what people wrote is for whoever decides."""


class AdultMatter(About, ReferralHead, Notice, type="mash.adult-matter.v1"):
    """A concern was about somebody who was 18 or older: nobody is asked about it here.

    For whoever brought it, and for adult services, who are told whom it is about, as far as who
    told it lets that be told, and whom to ring: not what was told.
    """

    explanation: Line | None = Field(default=None, exclude_if=not_)
    """What this is, in a sentence; letters of old say nothing."""
    reference: Identity | None = None
    """What its sender calls it, for the sender alone."""
    handed_to: Code | None
    """The adult services that are told, where the profile names them."""
    contact: Line
    """Whom to ring about it."""


class OutOfArea(About, ReferralHead, Notice, type="mash.out-of-area.v1"):
    """To whoever brought a concern: the child lives in another area (R41)."""

    reference: Identity
    """What its sender calls it."""
    place: Line
    passed_to: Code | None = Field(default=None, exclude_if=not_)
    """That area's hub, to which this one passes it on; None: it has no way to."""
    explanation: Line
    contact: Line
    """Whom to ring there."""


class WhatIsNew(ReferralHead, Notice, type="mash.what-is-new.v1"):
    """Something came that could change the rating of a referral; answered by a rating decision,
    where that changes it.
    """

    news: tuple[Line, ...]
    """What came, without its content: that is in the picture."""
    colour: Colour
    """The rating that stands, or is suggested."""
    rated: bool
    """Whether a human rated it."""
    picture: PictureGiven | None = Field(default=None, exclude_if=not_)
    """Added as the letter is handed out."""


class ApprovalRequest(About, SentProduct, Notice, type="mash.approval-request.v1"):
    """One item of a product, for its owner to decide about (R29) by a release decision.

    Whom it is about is approved with the item, and its digests cover it; where the child is, is
    shown to who told it alone.
    """

    referral_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """For the release decision, which names it; requests of old lack it."""
    purpose: Line
    legal_basis: Line | None = Field(default=None, exclude_if=lambda basis: basis is None)
    """Of a rating of this colour, as the profile says; or where consent was refused what was given
    instead. Requests of old lack it.
    """
    consent: Literal["refused"] | None = Field(default=None, exclude_if=not_)
    """What parents said, where the owner is to weigh it."""
    basis_reason: Line | None = Field(default=None, exclude_if=not_)
    """Where they refused: why it stands all the same, or that nobody has said so."""
    colour: Colour
    follows: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The product that has gone without the item: it goes by itself once it is released."""
    due_at: Instant | None = Field(default=None, exclude_if=lambda at: at is None)
    """By when to decide, where the profile says."""
    item: DraftItem
    about_digest: Digest | None = Field(default=None, exclude_if=not_)
    """Of all that the product would say of whom it is about, for the digest of an owner's own words
    (:func:`schemas.product.release_digest`).
    """
    asks: tuple[IdentityField, ...] = Field(default=(), exclude_if=not_)
    """For who told it: what of that goes only if it is approved here."""
    statements: tuple[ReleaseStatement, ...] = Field(default=(), exclude_if=not_)
    """For an agency with a key: what to sign, of the sanitised words and of the original ones. Of
    words of its own it is the last one, with their digests.
    """
    your_reference: Identity | None = Field(default=None, exclude_if=not_)
    """What its reader calls the item, where that told it."""
    recipient_name: Line | None = Field(default=None, exclude_if=not_)
    says: Line | None = Field(default=None, exclude_if=not_)
    """What is asked of whom, and what silence leads to; requests of old say neither."""
    to_do: Line | None = Field(default=None, exclude_if=not_)
    """How to decide, and by when."""
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ring about it."""


class ApprovalCancellation(
    About, SentProduct, ReferralHead, Notice, type="mash.approval-cancelled.v1"
):
    """To who was asked about items of a product: no decision is awaited any more, as nothing of it
    leaves; or, where it names an item, about that one.

    Whoever decides all the same, as the two crossed, is told so by another one.
    """

    purpose: Line
    item_id: Identity | None = Field(default=None, exclude_if=not_)
    """About which a decision came too late, or which its owner has withheld elsewhere."""
    says: Line | None = Field(default=None, exclude_if=not_)
    """Then which of the two, and why nothing of the product leaves."""


class RecallAnswerNotice(About, SentProduct, Notice, type="mash.recall-answer.v1"):
    """What a recipient did about a recall, for the lead agency and the item's owner."""

    referral_id: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """Letters of old lack it."""
    recall_id: Identity
    item_id: Identity | None
    answer: RecallAnswer
    answered_by: Line
    reason: Line | None


class HeldBackNotice(About, SentProduct, ReferralHead, Notice, type="mash.product-held-back.v1"):
    """A product does not reach its recipient, for the lead agency to find another way."""

    purpose: Line
    colour: Colour
    urgent: bool
    reason: Line


class WordsKeptBack(About, ReferralHead, Notice, type="mash.words-kept-back.v1"):
    """To whoever wrote them: their words do not reach whom they are for, why, and how to go on.

    It says nothing of whose words they may not tell.
    """

    letter: Line
    """The type of the letter that would have brought them."""
    recipient: Code
    says: Line
    to_do: Line
    contact: Line
    """Whom to ring about it."""


class DueTimeWarning(About, DueTime, Notice, type="mash.due-time-warning.v1"):
    """A due time is near or past, for the lead agency; then for whoever is next in its chain."""

    breached: bool
    says: Line | None = Field(default=None, exclude_if=not_)
    """What has not happened, and what to do; letters of old say neither."""
    escalated_to: Contact | None = Field(default=None, exclude_if=not_)
    """Who is told because nothing has happened since."""


class AnswerOverdue(About, RequestHead, Notice, type="mash.answer-overdue.v1"):
    """An agency has not answered, for whoever is next in the chain of such clocks.

    Sent no more: :class:`schemas.owed.OwedNotice` is.
    """

    due_at: Instant
    escalated_to: Contact


class PauseReminder(About, RequestHead, Notice, type="mash.request-paused.v1"):
    """A request has stood still for long, for the lead agency: whoever had it do so decides whether
    it is to any longer.
    """

    since: Instant
    paused_by: Line | None
    reason: Line
    next: Line
    """What happens next."""
    next_at: Instant | None = Field(default=None, exclude_if=not_)


class ContentRevealed(Notice, type="mash.content-revealed.v1"):
    """Somebody who runs or audits the hub was shown what an agency told, for that agency (R46).

    It holds nothing of what was shown.
    """

    record: Literal["dead_letter", "referral"]
    """``referral``: what the journal has of a referral, case or product, or its pictures."""
    message_ids: tuple[Identity, ...]
    """The agency's own messages of it, as their receipts call them."""
    references: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """What the agency itself calls the concerns among them."""
    seen_by: Line
    why: Line
    seen_at: Instant
    purpose: Code | None = Field(default=None, exclude_if=not_)
    emergency: bool = Field(default=False, exclude_if=not_)
    """Whether the glass was broken."""
    exported: bool = Field(default=False, exclude_if=not_)
    """Whether it was taken away in a file."""
    reviewed_by: Line | None = Field(default=None, exclude_if=not_)
    """Who looks afterwards at whether it was in order."""
    review_due_at: Instant | None = Field(default=None, exclude_if=not_)
    """By when; letters of old do not say."""
    seen_for: Code | None = Field(default=None, exclude_if=not_)
    """The agency of who looked."""
    seen_as: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """What who looked is at the hub: the roles."""
    to_do: Line | None = Field(default=None, exclude_if=not_)
    """What an agency does that does not find it in order."""
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ring about it."""


class LookReviewed(Notice, type="mash.look-reviewed.v1"):
    """What somebody found who looked afterwards at why an agency's words were shown (R46): for
    each agency that was told of that look.
    """

    record: Literal["dead_letter", "referral"]
    message_ids: tuple[Identity, ...]
    """The agency's own messages that were shown, as their receipts call them."""
    seen_by: Line
    why: Line
    """Why they looked, as they said."""
    seen_at: Instant
    in_order: bool
    found: Line
    """What the reviewer says of it."""
    reviewed_by: Line
    reviewed_at: Instant
    to_do: Line
    contact: Line | None = Field(default=None, exclude_if=not_)
    """Whom to ring who does not find it so."""


class MessageMended(Notice, type="mash.message-mended.v1"):
    """Somebody who runs the hub corrected the one field of an agency's message for which it could
    not be acted on: for that agency, so that its own record can say the same. Whether it is taken
    then is told by a receipt.
    """

    id: Identity
    """By which the receipt called the message that was refused."""
    message_id: Identity | None = Field(default=None, exclude_if=not_)
    """The sender's own id of it, where it gave one."""
    field: Line
    """In the sender's own words, such as ``row 3, DOB``."""
    value: Prose | None = Field(default=None, exclude_if=not_)
    """What it holds now; None: nothing."""
    mended_by: Line
    why: Line
    mended_at: Instant
    to_do: Line
