"""What requesting information remembers of a referral."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from operator import not_
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AliasChoices, Field

from router.steps import cases, thresholds
from router.steps.asking import Concern
from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.clocks.ticking import Running, Ticking
from schemas.base import Code, Identity, Instant, Line, Shape
from schemas.case import Found, LinkCorrected, Stated
from schemas.consent import ConsentWord
from schemas.gathering import Level, NotAsked, ToGather
from schemas.information import RequestId, RequestPlan
from schemas.notification import Digest
from schemas.rating import Colour

STEP_NAME: Final = "request_information"
"""Under which its documents are kept, and its letters named."""


class Rating(ToGather):
    """A rating, and what is gathered by it."""

    colour: Colour
    suggested: bool = Field(default=False, exclude_if=not_)
    """Nobody has rated: for the profile the suggestion is enough."""
    product_due_at: Instant | None = Field(default=None, exclude_if=not_)
    further: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Of a further question to who was asked before: the decision that asks it."""
    due_at: Instant | None = Field(default=None, exclude_if=not_)
    """By when to answer, where who decides said so."""
    case_id: Identity | None = Field(default=None, exclude_if=not_)
    """In documents that were written before."""


class Ruling(Shape):
    """The latest word of humans on whose child it is."""

    revision: int
    in_doubt: bool
    checked: dict[Stated, Found] | None = None
    """With the child whom it is about now; None where that did not change."""

    @classmethod
    def of(cls, correction: LinkCorrected, before: Ruling | None) -> Ruling:
        """By the latest correction, whenever it was heard."""
        if before is not None and before.revision > correction.revision:
            return before
        moved = correction.person_id != correction.from_person_id
        earlier = before.checked if before else None
        checked = correction.checked if moved else earlier
        return cls(**correction.shared(cls) | {"checked": checked})


class ConsentTold(ConsentWord):
    """What an agency said of consent, and when."""

    agency: Code
    told_by: Line
    at: Instant


class Waiting(Shape):
    """``ratings`` wait until the link is heard and settled; then requests leave by them."""

    ratings: tuple[Rating, ...] = Field(
        default=(), validation_alias=AliasChoices("ratings", "raises"), exclude_if=not_
    )
    """Under ``raises`` in documents that were written before."""
    ruling: Ruling | None = Field(default=None, exclude_if=not_)
    closed_at: Instant | None = Field(default=None, exclude_if=not_)
    """Since when the referral is closed; what was rated before asks nobody."""
    asked_before: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Agencies that were asked under another version of the notification."""
    consents_before: tuple[ConsentTold, ...] = Field(default=(), exclude_if=not_)
    """What was said of consent under another version, since that was notified."""


class Early(Waiting):
    """News of a referral whose link is still to be heard."""

    kind: Literal["early"] = "early"
    cases: Cases | None = None
    allocated: Allocated = Field(default=NOBODY, exclude_if=lambda one: one == NOBODY)


class HandedOver(Waiting, cases.HandedOver):
    """The child's own worker has it, and nobody is asked until a human of the hub rates it, or it
    is found to be the hub's.
    """

    concern: Concern | None = Field(default=None, exclude_if=not_)
    """With what is suggested, what would be asked; None only in documents written before."""
    suggested: Colour | None = Field(default=None, exclude_if=not_)


class Asked(Running, RequestId):
    """A request: ``missing`` once its due time passed, answered once ``answer`` has a digest."""

    agency: Code
    missing: bool = False
    answer: Digest | None = None
    cancelled: bool = Field(default=False, exclude_if=not_)
    lapsed: bool = Field(default=False, exclude_if=not_)
    """It was cancelled as a rating asked less or the referral was closed: a rating that names its
    agency asks anew.
    """
    refused: bool = Field(default=False, exclude_if=not_)
    """Cancelled as consent was refused: asked again should it be given."""
    letter: Identity | None = Field(default=None, exclude_if=not_)
    """That it went out in, to be taken back as long as nobody has fetched it."""

    @property
    def awaited(self) -> bool:
        """Whether an answer is awaited, be it late."""
        return self.answer is None and not self.cancelled

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next: that it is nearly due, that it is, and then to who
        is next in the chain; while it stands still, to who had it do so.
        """
        if not self.awaited:
            return None
        if self.paused:
            return self.paused.remind_at
        if not self.missing:
            return self.approaching_at or self.due_at
        return self.chain[0].at if self.chain else None

    @property
    def ticking(self) -> Ticking:
        """Its clock, which runs."""
        return Ticking(breached=self.missing, **self.shared(Ticking))

    def ticked(self, clock: Ticking | None) -> Asked:
        """The same with its clock as it is after it told something; None: at its end."""
        if clock is None:
            changes: dict[str, object] = {"missing": True, "chain": ()}
        else:
            changes = clock.shared(Running) | {"missing": clock.breached}
        return self.model_copy(update=changes)


class Asking(Waiting):
    """What was prepared and asked so far; ``level`` is None until anything has left."""

    kind: Literal["asking"] = "asking"
    cases: Cases
    level: Level | None = None
    asked: tuple[Asked, ...]
    concern: Concern | None
    """None only in documents that were written before."""
    suggested: Colour | None = Field(default=None, exclude_if=not_)
    rated: Rating | None = Field(default=None, exclude_if=not_)
    """The last rating by which anything has left."""
    not_asked: tuple[NotAsked, ...] = Field(default=(), exclude_if=not_)
    """Who is not asked and why, as who decides was told."""
    consents: tuple[ConsentTold, ...] = Field(default=(), exclude_if=not_)
    """What was said of consent since it was notified, oldest first; the last holds."""
    told_waits: bool = Field(default=False, exclude_if=not_)
    """Whether who rated was told that nobody is asked until it is settled whose child it is."""

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next of what is not answered."""
        return min((one.next_at for one in self.asked if one.next_at), default=None)

    def request(self, id_: str) -> Asked | None:
        """The request of this id."""
        return next((one for one in self.asked if one.request_id == id_), None)

    def with_more(self, asked: Iterable[Asked], *, level: Level) -> Asking:
        """With these requests put to their agencies at this level; the deepest counts."""
        if self.level is not None and not thresholds.deeper(level, self.level):
            level = self.level
        return self.model_copy(update={"level": level, "asked": (*self.asked, *asked)})

    def ruled(self, ruling: Ruling | None) -> Asking:
        """With the latest word of humans on whose child it is."""
        if ruling is None or self.concern is None:
            return self
        checked = self.concern.checked if ruling.checked is None else ruling.checked
        changes = {"settled": not ruling.in_doubt, "checked": checked}
        concern = self.concern.model_copy(update=changes)
        return self.model_copy(update={"ruling": ruling, "concern": concern})

    def with_told(self, plan: RequestPlan) -> Asking:
        """Whoever decides was told of this plan: the latest word on each agency counts."""
        known = {one.agency: one for one in (*self.not_asked, *plan.not_asked)}
        now = tuple(one for agency, one in known.items() if agency not in plan.agencies)
        return self.model_copy(update={"not_asked": now})

    def with_changed(self, *changed: Asked) -> Asking:
        """With these requests as they are now."""
        by_id = {asked.request_id: asked for asked in changed}
        asked = tuple(by_id.get(asked.request_id, asked) for asked in self.asked)
        return self.model_copy(update={"asked": asked})


State: TypeAlias = Annotated[Early | HandedOver | Asking, Field(discriminator="kind")]
