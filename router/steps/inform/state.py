"""What informing remembers of a referral: who holds what, what they know, and what they owe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from operator import not_
from typing import Final, Literal

from pydantic import Field

from router.steps.cases import Cases
from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Instant, Shape
from schemas.product import CaseProduct, Disposal
from schemas.rating import Colour

STEP_NAME: Final = "inform"
"""Under which its documents are kept, and its letters named."""


class Held(CaseProduct):
    """A product on its way to its recipient, or there; its facts come in any order."""

    recipient: Code | None = None
    colour: Colour | None = None
    """None until its release is heard."""
    fetched_at: Instant | None = None
    letters: dict[Identity, Instant] = Field(default={}, exclude_if=not_)
    """When each that holds it was handed over first; documents of old lack them."""
    unsent: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Those that were in hand and never left."""
    behind: Identity | None = Field(default=None, exclude_if=lambda id_: id_ is None)
    """The change that its recipient had in hand last when it was handed over; None: none."""
    ended: bool = False
    """It stands no more."""
    unconfirmed: bool = Field(default=False, exclude_if=not_)
    """It went before anybody had rated."""
    gone: bool = False
    """It is wanted back: it was about another child."""
    returned: bool = Field(default=False, exclude_if=not_)
    """Its recipient said that it is not theirs."""

    @property
    def is_held(self) -> bool:
        """Whether its recipient has it, and all of that is known."""
        left = self.gone or self.returned
        return self.fetched_at is not None and not left and self.colour is not None

    @property
    def never_left(self) -> bool:
        """Whether all that was handed over of it was in hand only."""
        return bool(self.unsent) and self.fetched_at is None

    def fetched(self, letter: str, *, at: dt.datetime) -> Held:
        """With a letter that was handed over, unless it never left."""
        if letter in self.unsent:
            return self
        known = {"letters": {**self.letters, letter: at}, "fetched_at": self.fetched_at or at}
        return self.model_copy(update=known)

    def without(self, letter: str) -> Held:
        """With a letter that was in hand and never left."""
        if letter in self.unsent:
            return self
        left = {id_: at for id_, at in self.letters.items() if id_ != letter}
        at = min(left.values(), default=None) if letter in self.letters else self.fetched_at
        unsent = (*self.unsent, letter)
        return self.model_copy(update={"letters": left, "unsent": unsent, "fetched_at": at})


class Stands(Shape):
    """The rating of a referral, and the outcome with which it is closed; None: it is open.

    ``unconfirmed``: as far as somebody knows who was told before anybody had rated.
    """

    colour: Colour
    outcome: Disposal | None = None
    unconfirmed: bool = Field(default=False, exclude_if=not_)


class Knows(Stands):
    """What an agency that holds something was told last."""

    agency: Code


class Owes(Shape):
    """A receipt that an agency owes, about a change or a recall."""

    id: Identity
    kind: Literal["change", "recall"]
    agency: Code
    case_id: Identity
    since: Instant
    product_id: Identity | None = Field(default=None, exclude_if=not_)
    """What was recalled; older documents do not say."""
    letter: Identity | None = None
    """In which it was told, to be taken back where it is about another child."""
    said: Stands | None = None
    """What a change said."""
    in_hand: bool | None = Field(default=None, exclude_if=lambda known: known is None)
    """Whether a change was handed over; None: nobody notes it, or it was taken back."""
    clock: Ticking | None = None
    """None once it is acknowledged, or nobody is left to be told."""
    acknowledged: bool = Field(default=False, exclude_if=not_)


class Holders(Shape):
    """Who holds what of one referral."""

    cases: Cases | None = None
    """None until a human has corrected the link."""
    colour: Colour | None = None
    rated_at: Instant | None = None
    rated_number: int = Field(default=0, exclude_if=not_)
    outcome: Disposal | None = None
    ended_at: Instant | None = None
    """When it was last closed or opened again."""
    products: tuple[Held, ...] = ()
    known: tuple[Knows, ...] = ()
    owed: tuple[Owes, ...] = ()

    @property
    def stands(self) -> Stands | None:
        """What whoever holds something has to know; None before anybody has rated."""
        return Stands(colour=self.colour, outcome=self.outcome) if self.colour else None

    @property
    def next_at(self) -> dt.datetime | None:
        """When there is something to tell next of what is owed."""
        return min((one.clock.next_at for one in self.owed if one.clock), default=None)

    def held_by(self, agency: str) -> tuple[Held, ...]:
        """The products that an agency has."""
        return tuple(one for one in self.products if one.recipient == agency and one.is_held)

    def holders(self) -> Iterator[str]:
        """The agencies that have any product."""
        return iter(sorted({str(one.recipient) for one in self.products if one.is_held}))

    def knows(self, agency: str) -> Knows | None:
        """What an agency was told last."""
        return next((one for one in self.known if one.agency == agency), None)

    def last_told(self, agency: str) -> Owes | None:
        """The change that an agency was told last."""
        told = (one for one in reversed(self.owed) if one.kind == "change")
        return next((one for one in told if one.agency == agency), None)

    def in_hand(self, agency: str) -> str | None:
        """The change that an agency was handed last, so far as that is noted."""
        told = (one for one in reversed(self.owed) if one.in_hand)
        return next((one.id for one in told if one.agency == agency), None)

    def reads_later(self, held: Held) -> bool:
        """Whether the recipient of a product reads the change that it was told last after it."""
        last = self.last_told(str(held.recipient))
        return last is not None and last.in_hand is not None and last.id != held.behind

    def owes(self, id_: str) -> Owes | None:
        """What is owed under this id."""
        return next((one for one in self.owed if one.id == id_), None)

    def product(self, product_id: str, *, case_id: str) -> Held:
        """A product as far as it is known."""
        found = (one for one in self.products if one.product_id == product_id)
        return next(found, Held(product_id=product_id, case_id=case_id))

    def with_product(self, held: Held) -> Holders:
        """With a product as it is known now; the very same where that is nothing new."""
        if held in self.products:
            return self
        others = (one for one in self.products if one.product_id != held.product_id)
        return self.model_copy(update={"products": (*others, held)})

    def telling(self, known: Iterable[Knows]) -> Holders:
        """With what agencies know now."""
        now = {one.agency: one for one in (*self.known, *known)}
        return self.model_copy(update={"known": tuple(now.values())})

    def owing(self, *owed: Owes) -> Holders:
        """With what is owed as it is now."""
        by_id = {one.id: one for one in (*self.owed, *owed)}
        return self.model_copy(update={"owed": tuple(by_id.values())})
