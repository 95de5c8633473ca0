"""How much is gathered about a child and from whom, and why an agency is not asked (R23, L6)."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from operator import not_
from typing import Annotated, Literal

from pydantic import Field

from schemas.base import Code, Line, Prose, Shape

_no: Callable[[object], bool] = not_


class Level(StrEnum):
    """How much is gathered (R23).

    Nothing, basic (education or health), or full, which a meeting follows.
    """

    NONE = "none"
    BASIC = "basic"
    FULL = "full"


class RuledOut(StrEnum):
    """Why an agency is not asked about somebody (R23, R50, L6)."""

    ADULT = "adult"
    LINK_IN_REVIEW = "link_in_review"
    NOT_IDENTIFIED = "not_identified"
    NOTIFIED_ITSELF = "notified_itself"
    NOT_A_PARTNER = "not_a_partner"
    NO_AGREEMENT = "no_agreement"
    HOLDS_NOTHING = "holds_nothing"
    NOT_TOLD = "not_told"
    CONSENT_REFUSED = "consent_refused"
    ASKED_BEFORE = "asked_before"


class NotAsked(Shape):
    """An agency that is not asked, and why."""

    agency: Code
    reason: Line
    code: RuledOut | None = Field(default=None, exclude_if=_no)
    """Which rule says so; facts of old have it in words only."""
    may_overrule: bool = Field(default=False, exclude_if=_no)
    """Whether who decides may have it asked all the same, with a rationale."""


class Overrule(Shape):
    """Who decides has agencies asked all the same, where the law allows that, and says why."""

    reason: Literal[RuledOut.CONSENT_REFUSED, RuledOut.HOLDS_NOTHING]
    """About adults, and children who are not identified, nobody's word has anybody asked."""
    agency: Code | None = None
    """Of this agency alone; None: of all."""
    rationale: Line
    legal_basis: Line | None = None
    """Required where consent was refused: what the request stands on instead (L5)."""


class WithoutConsent(Shape):
    """Parents refused consent."""

    instead: tuple[Overrule, ...] = Field(default=(), exclude_if=_no)
    """On what it stands all the same, as far as somebody has said so (L5); an agency has the first
    that is for it, or for all.
    """


Question = Annotated[str, Field(min_length=1, max_length=2000)]
"""What is asked beside the concern, in the words of who decides."""


class ToGather(Shape):
    """What a social worker chooses to gather (R23); what is left out is as the profile says."""

    level: Level | None = Field(default=None, exclude_if=_no)
    agencies: tuple[Code, ...] | None = Field(
        default=None, max_length=30, exclude_if=lambda chosen: chosen is None
    )
    """Who is asked, instead of all agencies of the level."""
    concern: Prose | None = Field(default=None, exclude_if=_no)
    """What the concern is, in the words of whoever rates it: told to whoever is asked, and of a Red
    to whoever acts on it at once. Without them they get the sender's codes and hints of the
    profile; a Red waits for no words.
    """
    question: Question | None = Field(default=None, exclude_if=_no)
    overrules: tuple[Overrule, ...] = Field(default=(), max_length=30, exclude_if=_no)
