"""Difference of opinion (R51, R54): a partner disagrees, the view of each profession is kept as its
own, and who settles it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import not_
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
    ReferralId,
    Shape,
)
from schemas.identity import About
from schemas.picture import DecidedOnPicture, PictureGiven, Seen

_no: Callable[[object], bool] = not_

Disputed = Literal["rating", "outcome", "withholding", "link"]
"""What a partner may disagree with."""
OVER: Mapping[str, str] = {
    "rating": "the rating",
    "outcome": "the outcome",
    "withholding": "what is withheld",
    "link": "which child it is about",
}
"""The same in words."""


class View(Shape):
    """How one profession sees it, in its own words: never merged with another's, never edited."""

    profession: Line
    """Whose view it is, such as ``health visitor``."""
    view: Prose
    asks_for: Prose
    """What it wants decided instead."""
    raised_by: Line
    may_be_revealed: bool = True
    """Whether others inside the hub may read it; where not, they are told to ring, and no more."""


class Disputing(Shape):
    """What is disputed, in so far as the letters that the partner got call it."""

    disputes: Disputed
    owner: Code | None = Field(default=None, exclude_if=_no)
    """Of a withholding: who holds something back, as the signpost of a product names it."""
    product_id: Identity | None = Field(default=None, exclude_if=_no)
    """The product that it stands in, where it is about one."""


class Disagreement(View, Disputing):
    """A partner says that it disagrees with a decision about a referral that it was told of.

    One of ``referral_id``, as in a letter or a receipt, and ``reference``, as the agency called its
    own notification, says which referral.
    """

    referral_id: Identity | None = None
    reference: Identity | None = None


class DisagreementId(Shape):
    """Which disagreement: the id of its receipt."""

    disagreement_id: Identity


class DisagreementWithdrawal(DisagreementId, ReferralId):
    """The agency that disagreed does so no longer."""

    withdrawn_by: Line
    reason: Line


class Verdict(StrEnum):
    """What came of a disagreement."""

    UPHELD = "upheld"
    """It is as who disagreed says."""
    PARTLY = "partly"
    NOT_UPHELD = "not_upheld"


class DisagreementDecision(DisagreementId, ReferralHead):
    """Who settles a difference of opinion decides about it.

    Where something is to be other than it was, that is a decision of its own: a rating, an outcome,
    a link decision, or the owner's word about its item.
    """

    verdict: Verdict
    may_be_told: Prose
    """What whoever disagreed is told of it, in these words."""
    changed_by: Identity | None = Field(default=None, exclude_if=_no)
    """The decision that changes what was disputed, by the id of its receipt."""
    decided_by: Line
    rationale: Line
    saw: tuple[Seen, ...] = ()


class DisagreementReceived(
    AgencyFact,
    type="mash.disagreement.received.v1",
    topic="disagreements.received",
    subject="referral_id",
    referral="referral_id",
):
    """A partner's disagreement came in by a connector; the id of this message names it."""

    referral_id: Identity | None
    """As it said, or by its reference; what names no referral that the hub knows is refused."""
    disagreement: Disagreement


class DisagreementTakenBack(
    AgencyFact,
    type="mash.disagreement.taken-back.v1",
    topic="disagreements.received",
    subject="referral_id",
    referral="referral_id",
):
    """An agency's withdrawal of its disagreement came in by a connector."""

    referral_id: Identity
    withdrawal: DisagreementWithdrawal


class DisagreementDecided(
    DecidedOnPicture,
    type="mash.disagreement.decided.v1",
    topic="disagreements.received",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A decision about a disagreement came in by a connector."""

    decision: DisagreementDecision


class DisagreementFact(
    DisagreementId, Disputing, ReferralFact, topic="disagreements.told", agency="agency"
):
    """What became of a disagreement; ``agency`` is who disagrees."""

    agency: Code
    may_be_revealed: bool = True
    """Whether it may be seen inside the hub that there is one."""


class DisagreementRaised(DisagreementFact, View, type="mash.disagreement.raised.v1"):
    """A partner disagrees, and who settles it owes a decision."""

    owed_by: Code
    due_at: Instant | None
    """None where the profile gives no time for it."""


class DisagreementWithdrawn(DisagreementFact, type="mash.disagreement.withdrawn.v1"):
    """Whoever disagreed does so no longer; no decision is owed."""

    withdrawn_by: Line
    reason: Line


class DisagreementSettled(DisagreementFact, type="mash.disagreement.settled.v1"):
    """Who settles it has decided, and whoever disagreed was told."""

    settled_by: Code
    """The agency whose decision it is."""
    verdict: Verdict
    may_be_told: Prose
    changed_by: Identity | None = Field(default=None, exclude_if=_no)
    decided_by: Line
    rationale: Line
    picture_id: Identity | None = Field(default=None, exclude_if=_no)
    """The picture that it was decided on; None for an owner, who is shown none."""


class DisagreementOpened(About, ReferralHead, Notice, type="mash.disagreement-opened.v1"):
    """To both sides of a difference of opinion: who owes what by when, and what happens next."""

    disagreement_id: Identity
    disputes: Disputed
    owner: Code | None = Field(default=None, exclude_if=_no)
    product_id: Identity | None = Field(default=None, exclude_if=_no)
    agency: Code
    """Who disagrees."""
    profession: Line
    raised_by: Line
    view: Prose | None = None
    """None where it is not revealed: ring."""
    asks_for: Prose | None = None
    owed_by: Code
    """Who owes a decision."""
    owed: Line
    due_at: Instant | None
    next: Line
    """What happens next."""
    contact: Line
    """Whom to ring on the other side."""
    picture: PictureGiven | None = Field(default=None, exclude_if=_no)
    """For the lead agency to decide on; added as the letter is handed out."""


class DisagreementEnded(About, ReferralHead, Notice, type="mash.disagreement-ended.v1"):
    """To both sides: how a difference of opinion ended."""

    disagreement_id: Identity
    disputes: Disputed
    owner: Code | None = Field(default=None, exclude_if=_no)
    agency: Code
    """Who disagreed."""
    ended: Literal["settled", "withdrawn", "closed"]
    """``closed``: nobody can decide about it any more."""
    verdict: Verdict | None = Field(default=None, exclude_if=_no)
    decided_by: Line | None = Field(default=None, exclude_if=_no)
    said: Prose
    """What may be told of it: in the words of who decided, or why it ended."""
    next: Line
    contact: Line
    """Whom to ring on the other side."""
