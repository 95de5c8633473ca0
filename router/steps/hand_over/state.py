"""What is remembered of a referral that went to the team of its child's worker."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from operator import not_
from typing import Final

from pydantic import Field

from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Instant, Line, Shape
from schemas.case import Worker
from schemas.handover import HandoverReceived
from schemas.rating import Colour

STEP_NAME: Final = "hand_over"
"""Under which its documents are kept, and its letters named."""


class Handing(Shape):
    """One handing over of a referral; ``clock`` runs while something about it is owed."""

    letter: Identity
    worker: Worker
    desk: Code
    """Whose queue the worker's team reads."""
    since: Instant
    clock: Ticking | None = Field(default=None, exclude_if=not_)
    fetched: bool = Field(default=False, exclude_if=not_)
    """Whether the team may have it."""
    received_by: Line | None = Field(default=None, exclude_if=not_)
    """Who of the team said last that they have it."""
    refused: Line | None = Field(default=None, exclude_if=not_)
    """Why the team said last that it is not theirs."""
    taken_back: Line | None = Field(default=None, exclude_if=not_)
    """Why it was, once it was."""
    handed_by: Line | None = Field(default=None, exclude_if=not_)
    """Who handed it over, where a human did."""
    rationale: Line | None = Field(default=None, exclude_if=not_)
    """Why."""
    amended: bool = Field(default=False, exclude_if=not_)
    """Whether nobody need say any more that they have it, as its agency has amended it."""
    recalled: bool = Field(default=False, exclude_if=not_)
    """Whether the team was told that it is taken back."""
    given_up_by: Line | None = Field(default=None, exclude_if=not_)
    """Who of the team said that they keep nothing of it."""


class Handings(Shape):
    """Every handing over of a referral, the first one first."""

    cases: Cases
    allocated: Allocated = NOBODY
    moved_by: Line | None = Field(default=None, exclude_if=not_)
    """Who decided last whose child it is."""
    each: tuple[Handing, ...] = ()
    fetched: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Letters that were fetched before it was heard that they handed it over."""
    fetched_by: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """By whom these were."""
    early: tuple[HandoverReceived, ...] = Field(default=(), exclude_if=not_)
    """What they said of them, to be taken once the link is heard: it is told on another topic."""
    may_be_red: bool = Field(default=False, exclude_if=not_)
    """Whether it may be a Red by what was told of it, be it with a team or not."""
    rated: Colour | None = Field(default=None, exclude_if=not_)
    """As a human of the hub rated it last."""

    @property
    def now(self) -> Handing | None:
        """The one that stands."""
        stands = (one for one in reversed(self.each) if not one.taken_back)
        return next(stands, None)

    @property
    def is_red(self) -> bool:
        """Whether whoever is handed it has as long to say so as of a Red."""
        return self.may_be_red if self.rated is None else self.rated is Colour.RED

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next of what is owed."""
        return min((one.clock.next_at for one in self.each if one.clock), default=None)

    def of(self, letter: str) -> Handing | None:
        """The one by this letter."""
        return next((one for one in self.each if one.letter == letter), None)

    def at(self, desk: str, *, taken_back: bool) -> Handing | None:
        """The last one that this desk got, of those that were taken back, or that stand; first one
        of which it still owes the word that it has given it up.
        """
        own = [one for one in reversed(self.each) if one.desk == desk]
        own = [one for one in own if bool(one.taken_back) is taken_back]
        owed = (one for one in own if one.recalled and one.given_up_by is None)
        return next(owed, next(iter(own), None))

    def wrong(self) -> Iterator[Handing]:
        """Those that stand, though the team has it no longer."""
        for one in self.each:
            current = self.allocated.has_it and one.letter == self.allocated.letter
            if not one.taken_back and not current:
                yield one

    def with_one(self, handing: Handing) -> Handings:
        """With one more, or one as it is now."""
        if self.of(handing.letter) is None:
            return self.model_copy(update={"each": (*self.each, handing)})
        each = tuple(handing if one.letter == handing.letter else one for one in self.each)
        return self.model_copy(update={"each": each})
