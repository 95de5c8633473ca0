"""What a referral came to, and that it is open again (R38)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_

from pydantic import Field

from schemas.base import Code, Identity, Line, Notice, Prose, ReferralFact, ReferralHead
from schemas.identity import About
from schemas.product import Disposal
from schemas.referrer import ReferrerTold

_no: Callable[[object], bool] = not_


class ReferralClosed(ReferralFact, type="mash.referral.closed.v1", topic="ratings.assigned"):
    """A social worker closed a referral with an outcome: no clock of it runs any more."""

    outcome: Disposal
    to: Code | None = Field(default=None, exclude_if=_no)
    told: Code | None
    """Who brought the concern, and was told; None where the hub had not kept it."""
    may_be_told: Prose
    without_product: Line | None = Field(default=None, exclude_if=_no)
    decided_by: Line
    rationale: Line
    picture_id: Identity
    newer: bool = Field(default=False, exclude_if=_no)
    """Whether something had come since that the picture did not show."""


class Because(StrEnum):
    """Why a referral is open again."""

    FURTHER_CONCERN = "further_concern"
    """The borough has a later notification about the child reopen it."""
    LINK_CORRECTED = "link_corrected"
    """It was closed for another child."""
    RATED = "rated"
    """A social worker rated it anew."""


class ReferralReopened(ReferralFact, type="mash.referral.reopened.v1", topic="ratings.assigned"):
    """A referral that was closed is open again, and wants an outcome."""

    because: Because
    further_referral_id: Identity | None = Field(default=None, exclude_if=_no)
    told: Code | None = Field(default=None, exclude_if=_no)
    """Who brought the concern, and was told that it is open again."""


class ReferralOutcome(ReferrerTold, Notice, type="mash.referral-outcome.v1"):
    """To whoever brought a concern: what came of it, as far as they may be told."""


class OpenAgainForReferrer(ReferrerTold, Notice, type="mash.referral-open-again.v1"):
    """To whoever brought a concern that was closed: it is open again, and what they were told came
    of it stands no more; not why, which may tell of others.
    """


class ReferralOpenAgain(About, ReferralHead, Notice, type="mash.referral-reopened.v1"):
    """To the lead agency: a referral that was closed is open again."""

    because: Because
    further_referral_id: Identity | None = Field(default=None, exclude_if=_no)
