"""What rating remembers of a referral."""

from __future__ import annotations

import datetime as dt
from operator import not_
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AliasChoices, Field

from router.steps import cases
from router.steps.cases import NOBODY, Allocated, Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Instant, Line, Prose, Shape
from schemas.gathering import ToGather
from schemas.notification import SetAside
from schemas.policy import BoroughProfile, ColourRule
from schemas.product import Disposal
from schemas.rating import Clock, Colour
from schemas.referrer import MadeBy, MayBeTold, is_professional
from schemas.sharing import Sensitivity

STEP_NAME: Final = "rate"
"""Under which its documents are kept, and its letters named."""


class Acted(Shape):
    """What a recipient said that was done with a product, and when."""

    product_id: Identity
    agency: Code
    told_by: Line
    text: Prose
    sensitivity: Sensitivity
    at: Instant


class Holder(Shape):
    """Who of the lead agency's social workers was given it, by whom and why."""

    person: Line
    decided_by: Line
    rationale: Line
    at: Instant


class Since(Shape):
    """What is kept of a referral whatever becomes of its rating."""

    acted: tuple[Acted, ...] = Field(default=(), exclude_if=not_)
    holder: Holder | None = Field(default=None, exclude_if=not_)


class _WithWhom(Since):
    cases: Cases
    allocated: Allocated = Field(default=NOBODY, exclude_if=lambda one: one == NOBODY)


class Early(_WithWhom):
    """A correction of the link, or of its handover, was heard before the link itself."""

    kind: Literal["early"] = "early"


class Referrer(Shape):
    """Who brought the concern, and what they call it."""

    agency: Code
    reference: Identity
    made_by: MadeBy = Field(default=MadeBy.PROFESSIONAL, exclude_if=is_professional)


class Kept(Shape):
    """What is suggested for a referral, should the hub have it after all."""

    colour: Colour
    reasons: tuple[Line, ...]
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    may_be_red: bool = Field(default=False, exclude_if=not_)
    referrer: Referrer | None = Field(default=None, exclude_if=not_)
    versions: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """As :attr:`Standing.versions`."""
    elsewhere: Code | None = Field(default=None, exclude_if=not_)
    """As :attr:`Standing.elsewhere`."""
    amended_by: Identity | None = Field(default=None, exclude_if=not_)
    """As :attr:`Suggested.amended_by`."""


class HandedOver(Since, cases.HandedOver):
    """The child's own worker's team has it (R9), and it is no possible Red."""

    kept: Kept | None = Field(default=None, exclude_if=not_)
    """None only in documents that were written before."""
    revision: int = Field(default=0, exclude_if=not_)
    """As :attr:`Standing.revision`."""


class Standing(_WithWhom):
    """A rating that stands, with the clock of its products while that runs."""

    colour: Colour
    received_at: Instant
    product_due_at: Instant
    product: Ticking | None
    revision: int = Field(default=0, exclude_if=not_)
    """How often something came that the picture did not show before."""
    referrer: Referrer | None = Field(default=None, exclude_if=not_)
    """None only in documents that were written before."""
    versions: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Other versions of the notification by its agency: referrals of their own."""
    elsewhere: Code | None = Field(default=None, exclude_if=not_)
    """The hub of the area where the child lives, where that is another (R41)."""

    @property
    def clocks(self) -> dict[Clock, Ticking]:
        """The clocks that run; each is the field of its name."""
        return {} if self.product is None else {"product": self.product}

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next."""
        return min((ticking.next_at for ticking in self.clocks.values()), default=None)

    def awaits(self, colour: Colour, profile: BoroughProfile) -> bool:
        """Whether somebody is still to get a product of this colour, for the case as it is now."""
        return bool(self.recipients(profile.colours[colour]))

    def recipients(self, rule: ColourRule) -> tuple[Code, ...]:
        """Who is to get a product at a rating."""
        if self.elsewhere is not None:
            return (self.elsewhere,)
        return tuple(one.agency for one in rule.recipients)


class Suggested(Standing):
    """The profile's rating stands until a social worker decides; all clocks may run."""

    kind: Literal["suggested"] = "suggested"
    reasons: tuple[Line, ...]
    decision_due_at: Instant
    decision: Ticking | None
    set_aside: tuple[SetAside, ...] = Field(default=(), exclude_if=not_)
    """What the agency sent beside and could not be used, for who decides."""
    may_be_red: bool = Field(default=False, exclude_if=not_)
    possible_red: Ticking | None = Field(default=None, exclude_if=not_)
    """Until a human has looked at what may be a Red."""
    telling: Ticking | None = Field(default=None, exclude_if=not_)
    """Until whoever brought the concern is told what was decided (L3)."""
    amended_by: Identity | None = Field(default=None, exclude_if=not_)
    """The later version of the notification that is rated in its place, with clocks of its own."""

    @property
    def clocks(self) -> dict[Clock, Ticking]:
        """The clocks that run; each is the field of its name."""
        first: dict[Clock, Ticking | None] = {
            "possible_red": self.possible_red,
            "decision": self.decision,
        }
        return {name: at for name, at in first.items() if at is not None} | super().clocks

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next."""
        told = (super().next_at, self.telling.next_at if self.telling else None)
        return min((at for at in told if at is not None), default=None)


class Supplied(Shape):
    """The most severe colour of which a recipient got a product, or its refusal, for a case."""

    case_id: Identity
    recipient: Code
    colour: Colour

    def serves(self, other: Supplied) -> bool:
        """Whether it makes the other needless: same case and recipient, no milder colour."""
        same = (self.case_id, self.recipient) == (other.case_id, other.recipient)
        return same and self.colour.severity >= other.colour.severity


class Rated(ToGather):
    """One entry of a rating's history (R20)."""

    colour: Colour
    may_be_told: MayBeTold | None = Field(default=None, exclude_if=lambda told: told is None)
    decided_by: Line
    rationale: Line
    for_front_line: Prose | None = Field(default=None, exclude_if=lambda text: text is None)
    at: Instant


class Closed(Shape):
    """The outcome with which a human closed a referral (R38)."""

    outcome: Disposal
    to: Code | None = Field(default=None, exclude_if=not_)
    may_be_told: Prose
    without_product: Line | None = Field(default=None, exclude_if=not_)
    decided_by: Line
    rationale: Line
    at: Instant

    def says_the_same(self, other: Closed) -> bool:
        """Whether nothing but the time is new."""
        return self == other.model_copy(update={"at": self.at})


class Assigned(Standing):
    """A social worker has decided at least once."""

    kind: Literal["assigned"] = "assigned"
    supplied: tuple[Supplied, ...] = Field(
        default=(), validation_alias=AliasChoices("supplied", "settled")
    )
    """Under ``settled`` in documents that were written before."""
    history: Annotated[tuple[Rated, ...], Field(min_length=1)]
    closed: Closed | None = Field(default=None, exclude_if=not_)

    def with_supplied(self, new: Supplied) -> Assigned:
        """With one more product, or the very same where that says nothing new."""
        if any(one.serves(new) for one in self.supplied):
            return self
        others = (one for one in self.supplied if not new.serves(one))
        return self.model_copy(update={"supplied": (*others, new)})

    def is_out(self, colour: Colour, profile: BoroughProfile) -> bool:
        """Whether all recipients of this colour, or of a more severe one, have their products."""
        return any(
            (to := self.recipients(rule)) and all(self._has(agency, worse) for agency in to)
            for worse, rule in profile.colours.items()
            if worse.severity >= colour.severity
        )

    def awaits(self, colour: Colour, profile: BoroughProfile) -> bool:
        """Whether somebody is still to get a product of this colour, for the case as it is now."""
        return super().awaits(colour, profile) and not self.is_out(colour, profile)

    def _has(self, recipient: str, colour: Colour) -> bool:
        wanted = Supplied(case_id=self.cases.now, recipient=recipient, colour=colour)
        return any(one.serves(wanted) for one in self.supplied)


State: TypeAlias = Annotated[Early | HandedOver | Suggested | Assigned, Field(discriminator="kind")]
