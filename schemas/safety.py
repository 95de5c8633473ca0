"""Whether it is safe to send: recipients, addresses and people against recorded risks (L7).

What the check finds is held back until a named human has decided.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_

from pydantic import Field

from schemas.base import (
    AgencyFact,
    Code,
    Identity,
    Instant,
    Line,
    Notice,
    ReferralFact,
    ReferralHead,
    Shape,
)
from schemas.identity import About, IdentityField
from schemas.person import Person

_no: Callable[[object], bool] = not_


class Around(Shape):
    """Somebody in the picture as an agency told of them; ``who`` says whom, as a kind."""

    who: Line
    person: Person


class Danger(StrEnum):
    """What the check found."""

    LIVES_WITH_RISK = "recipient-lives-with-a-risk"
    WORKS_WITH_RISK = "recipient-employs-a-risk"
    HOUSEHOLD_OF_RISK = "recipient-employs-the-household-of-a-risk"
    READ_BY_RISK = "recipient-is-a-risk"
    RINGS_AT_RISK = "telephone-of-a-risk"
    HOME_OF_RISK = "home-of-whom-they-fled"
    PROTECTED_ADDRESS = "protected-address"
    PROTECTED_CONTACT = "protected-contact"
    PROTECTED_SCHOOL = "protected-school"
    PROTECTED_PERSON = "protected-person"
    WITHHELD_WORDS = "withheld-words"
    """Of another agency's, which does not let them be told: no human of the hub may send them."""


class Hit(Shape):
    """Something that would put somebody at risk; it never says the address, number or name."""

    danger: Danger
    whose: Line
    """Whose it is, as a kind: ``the child``, ``a brother or sister``, ``the child's father``."""
    where: Line
    """``recipient``, ``identity.address`` or another field of it, or which text."""
    says: Line
    """For the human who is asked."""


class Holding(About, ReferralHead):
    """What is not sent as it is, and why."""

    hold_id: Identity
    """For the decision, which names it."""
    recipient: Code
    letter: Code
    """The type of what would be sent."""
    product_id: Identity | None = Field(default=None, exclude_if=_no)
    purpose: Line | None = Field(default=None, exclude_if=_no)
    urgent: bool = False
    rest_goes: bool = False
    """A Red for the front line does not wait: it goes at once without what would put somebody at
    risk. All else waits for the decision.
    """
    hits: tuple[Hit, ...]
    concern_id: Identity | None = Field(default=None, exclude_if=_no)
    """Of a product about an amended notification: the referral of version 1."""
    written_by: Code | None = Field(default=None, exclude_if=_no)
    """Whose words are kept back, where they are not the lead agency's."""


class ProductHeld(
    Holding,
    ReferralFact,
    type="mash.product.held.v1",
    topic="products.approved",
    product="product_id",
):
    """A product would put somebody at risk: it waits, or goes without that; a human is asked."""


class LetterHeld(
    Holding,
    ReferralFact,
    type="mash.letter.held.v1",
    topic="letters.held",
    product="product_id",
):
    """A letter was about to be handed out and would put somebody at risk: it is kept back."""

    letter_id: Identity


class SafetyReview(Holding, Notice, type="mash.safety-review.v1"):
    """Whether to send what would put somebody at risk, for the lead agency.

    Answered by a safety decision.
    """

    due_at: Instant | None = Field(default=None, exclude_if=_no)
    """By when to decide, where the profile says."""


class SafetyChoice(StrEnum):
    """What a human decides about what would put somebody at risk."""

    SEND = "send"
    """As it is, all the same."""
    LEAVE_OUT = "leave_out"
    """Without those fields of the identity."""
    DO_NOT_SEND = "do_not_send"


class SafetyDecision(ReferralHead):
    """A named human of the lead agency decides what becomes of what was held back (L7)."""

    hold_id: Identity
    choice: SafetyChoice
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=_no)
    decided_by: Line
    rationale: Line


class SafetyDecided(
    AgencyFact,
    type="mash.safety.decided.v1",
    topic="safety.decided",
    subject="decision.case_id",
    referral="decision.referral_id",
):
    """A safety decision came in by a connector."""

    decision: SafetyDecision


class SafetySettled(
    ReferralFact, type="mash.safety.settled.v1", topic="safety.settled", product="product_id"
):
    """What becomes of what was held back, by whose decision."""

    hold_id: Identity
    product_id: Identity | None = Field(default=None, exclude_if=_no)
    letter_id: Identity | None = Field(default=None, exclude_if=_no)
    """The letter that waited at the door."""
    recipient: Code
    concern_id: Identity | None = Field(default=None, exclude_if=_no)
    urgent: bool = Field(default=False, exclude_if=_no)
    rest_goes: bool = Field(default=False, exclude_if=_no)
    """Whether the rest of it had gone before."""
    choice: SafetyChoice
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=_no)
    decided_by: Line
    rationale: Line
