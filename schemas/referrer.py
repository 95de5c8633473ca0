"""Who brings a concern, and what they are told of it, in the borough's words (L3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from operator import not_
from typing import TypeAlias

from pydantic import Field

from schemas.base import Identity, Instant, Line, Notice, Prose, ReferralHead, Shape
from schemas.identity import About

_no: Callable[[object], bool] = not_


class MadeBy(StrEnum):
    """Who told the agency that brings a concern."""

    PROFESSIONAL = "professional"
    """Somebody whose work it is, such as the agency's own staff."""
    PUBLIC = "public"
    """A member of the public, who hears by the agency that took the report."""
    ANONYMOUS = "anonymous"
    """Somebody who gave no name: there is nobody to tell anything beyond the receipt."""


def is_professional(made_by: MadeBy) -> bool:
    """Whether it is as with most, which documents do not say."""
    return made_by is MadeBy.PROFESSIONAL


MayBeTold: TypeAlias = Prose | dict[MadeBy, Prose]
"""What whoever brought a concern may be told, in these words: one for all, or each kind's own."""


def words_for(made_by: MadeBy, may_be_told: MayBeTold | None) -> str | None:
    """The words that are for this kind of referrer; None where there are none."""
    return may_be_told.get(made_by) if isinstance(may_be_told, dict) else may_be_told


_DECIDED: Mapping[MadeBy, Prose] = {
    MadeBy.PROFESSIONAL: "A social worker has read your concern and has decided what happens next. "
    "You are told again when there is an outcome. Go on as your own procedures say, and tell the "
    "hub at once of anything new.",
    MadeBy.PUBLIC: "A social worker has read what you told us and has decided what happens next. "
    "To keep everybody's private life private, we cannot tell you more. Please tell us at once if "
    "you see or hear anything new. Thank you for speaking up.",
}
_HANDED_OVER: Mapping[MadeBy, Prose] = {
    MadeBy.PROFESSIONAL: "The child has a social worker already: the child's own team was given "
    "your concern at once, and decides what happens next. Tell the hub at once of anything new.",
    MadeBy.PUBLIC: _DECIDED[MadeBy.PUBLIC]
    .replace("has read", "reads")
    .replace("has decided", "decides"),
}
_REOPENED: Mapping[MadeBy, Prose] = {
    MadeBy.PROFESSIONAL: "The concern that you brought is open again: a social worker looks at it "
    "anew. Whatever outcome you were told of it stands no more, and you are told again when there "
    "is another. Go on as your own procedures say, and tell the hub at once of anything new.",
    MadeBy.PUBLIC: "What you told us is being looked at again. Whatever we told you came of it "
    "stands no more. To keep everybody's private life private, we cannot tell you more. Please "
    "tell us at once if you see or hear anything new.",
}


class ReferrerWords(Shape):
    """What this borough tells whoever brings a concern, where nobody wrote words for the one.

    Who is anonymous is told nothing beyond the receipt.
    """

    next: Line = "A social worker reads it and decides what the child needs."
    """In the receipt: what happens next."""
    danger: Line = (
        "If a child is in danger now, ring 999. Do not wait for the hub, and do not only write to "
        "it."
    )
    """In the receipt, too."""
    decided: Mapping[MadeBy, Prose] = _DECIDED
    """Once a social worker has rated it: never the colour, nor anything of others."""
    handed_over: Mapping[MadeBy, Prose] = _HANDED_OVER
    """Where the child has a worker, who has it now."""
    reopened: Mapping[MadeBy, Prose] = Field(
        default=_REOPENED, exclude_if=lambda said: said == _REOPENED
    )
    """Once what was closed is open again: never why, which may tell of others."""
    disagree: Line = (
        "Whoever disagrees with this rings the number in this letter, asks for the duty manager "
        "and says why: it is written down as their own view, and looked at."
    )
    for_public: Line = (
        "These words are for the member of the public who told you: pass on these and nothing "
        "else, and only where it is safe to reach them."
    )
    """To the agency that took the report of a member of the public."""

    def decided_for(self, made_by: MadeBy) -> str | None:
        """What this kind of referrer is told once it was decided; None: nothing."""
        return self._for(made_by, self.decided, shipped=_DECIDED)

    def handed_over_for(self, made_by: MadeBy) -> str | None:
        """And where the child's own team has it."""
        return self._for(made_by, self.handed_over, shipped=_HANDED_OVER)

    def reopened_for(self, made_by: MadeBy) -> str | None:
        """And where what they were told came of it stands no more."""
        return self._for(made_by, self.reopened, shipped=_REOPENED)

    def _for(
        self, made_by: MadeBy, own: Mapping[MadeBy, str], *, shipped: Mapping[MadeBy, str]
    ) -> str | None:
        if made_by is MadeBy.ANONYMOUS:
            return None
        return own.get(made_by) or shipped[made_by]


class ReferrerTold(About, ReferralHead):
    """To the agency that brought a concern, about its own concern."""

    reference: Identity
    """What its sender calls it."""
    made_by: MadeBy = Field(default=MadeBy.PROFESSIONAL, exclude_if=is_professional)
    """Whom the words are for: of a member of the public, to be passed on by the agency."""
    explanation: Line | None = Field(default=None, exclude_if=_no)
    """Where the words are to be passed on: to whom, and that no others are."""
    may_be_told: Prose
    decided_at: Instant
    contact: Line
    """Whom to ring about it."""


class ReferralDecision(ReferrerTold, Notice, type="mash.referral-decision.v1"):
    """To whoever brought a concern, within the time that the profile allows (L3): that it was
    decided, as far as they may be told, and how to disagree.
    """

    disagree: Line
