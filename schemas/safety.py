"""Whether it is safe to send: recipients, addresses and people against recorded risks (L7)."""

from __future__ import annotations

from enum import StrEnum

from schemas.base import Line, Shape


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


class Hit(Shape):
    """Something that would put somebody at risk; it never says the address, number or name."""

    danger: Danger
    whose: Line
    """Whose it is, as a kind: ``the child``, ``a brother or sister``, ``an informant``."""
    where: Line
    """``recipient``, ``identity.address`` or another field of it, or which text."""
    says: Line
    """For the human who is asked."""
