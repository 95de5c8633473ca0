"""Whether parents were asked, what they said, and on what else it stands (R10, R11, L5)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_

from pydantic import Field

from schemas.base import AgencyFact, Code, Instant, Line, ReferralFact, ReferralId, Shape

_no: Callable[[object], bool] = not_


class ConsentAnswer(StrEnum):
    """What became of asking."""

    ASKED_FOR = "asked_for"
    """They are being asked, and nobody has answered yet: what was said before holds till then."""
    GIVEN = "given"
    REFUSED = "refused"
    NOT_SOUGHT = "not_sought"
    """As it would put the child at more risk, or nobody could be asked."""
    OVERRIDDEN = "overridden"
    """It stands on another legal basis, whatever they said."""


class ConsentWord(Shape):
    """Who asked whom and when, what they said; or why they were not asked, or it is overridden."""

    answer: ConsentAnswer
    whom: Line | None = Field(default=None, exclude_if=_no)
    """Who was asked, such as ``the mother``."""
    asked_by: Line | None = Field(default=None, exclude_if=_no)
    asked_at: Instant | None = Field(default=None, exclude_if=_no)
    reason: Line | None = Field(default=None, exclude_if=_no)
    """Required where they were not asked, or it is overridden."""
    legal_basis: Line | None = Field(default=None, exclude_if=_no)
    """Required where it is overridden: what requests stand on instead."""


class Consent(ConsentWord, ReferralId):
    """Whoever brought the concern, or the lead agency, says what parents consent to."""

    told_by: Line
    """Who says so, by name or role."""


class ConsentReceived(
    AgencyFact,
    type="mash.consent.received.v1",
    topic="consents.received",
    subject="consent.referral_id",
    referral="consent.referral_id",
):
    """What an agency says of consent came in by a connector."""

    consent: Consent


class ConsentRecorded(
    ConsentWord,
    ReferralFact,
    type="mash.consent.recorded.v1",
    topic="information.requested",
    agency="agency",
):
    """What parents consent to, as it stands now: requests follow it."""

    agency: Code
    """Who says so."""
    told_by: Line
