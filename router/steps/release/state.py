"""What releasing remembers of a product: where it is, and what is wanted back of it."""

from __future__ import annotations

from operator import not_
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Line, Prose, ReferralHead, Shape
from schemas.identity import About
from schemas.product import ProductApproved, RecallAnswer, ToAct
from schemas.rating import Colour


class TakenBack(Shape):
    """Taken back while it waited on its recipient's queue as ``letter``."""

    letter: Identity
    item_id: Identity | None
    """None: the whole product."""
    owner: Code | None
    reason: Line
    named: bool = Field(default=False, exclude_if=not_)
    """Whether its owner may be named to the recipient."""
    recall: bool = Field(default=False, exclude_if=not_)
    """Whether its owner wants it back from whoever has it."""


class Recall(Shape):
    """What a recipient was asked to give back, and what it answered last."""

    recall_id: Identity
    item_id: Identity | None
    """None: the whole product."""
    owner: Code | None
    answer: RecallAnswer | None = None
    letter: Identity | None = Field(default=None, exclude_if=not_)
    """In which it was asked back; documents of old lack it."""


class Urgent(Shape):
    """What is told of a Red that a person of its recipient had, should they give it back."""

    purpose: Line
    colour: Colour


class Released(ToAct, About, ReferralHead):
    """On its recipient's queue as ``letter``; ``recalled`` once nothing of it is to be kept."""

    kind: Literal["released"] = "released"
    recipient: Code
    letter: Identity | None = None
    recalled: bool = False
    fetched: bool = True
    """Whether its recipient may have it; of what was sent before this was noted nobody knows."""
    maybe_had: bool = Field(default=False, exclude_if=not_)
    """Whether it may have had more than waits now: whether an earlier attempt to send that came
    through is unknown.
    """
    holds: ProductApproved | None = None
    """What the letter holds, until its recipient confirms that it has it."""
    receipt: Ticking | None = Field(default=None, exclude_if=not_)
    """Until a person of its recipient says that they have it."""
    unsafe: bool = Field(default=False, exclude_if=not_)
    """Whether a human found that it is not safe there; in documents of old, or may find so yet."""
    held: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Why it is kept back at the door: each of these waits for a decision of its own."""
    not_taken: bool = Field(default=False, exclude_if=not_)
    """Whether it was told that nobody has it, so that it goes to the next recipient."""
    done: Prose | None = Field(default=None, exclude_if=not_)
    """What its recipient said last that was done with it."""
    may_give_back: Urgent | None = Field(default=None, exclude_if=not_)
    """Once a person of its recipient has it, where it is a Red for the front line."""
    taken_back: tuple[TakenBack, ...] = ()
    in_hand: tuple[TakenBack, ...] = Field(default=(), exclude_if=not_)
    """Taken back while the letter was in hand: ``holds`` is without it, and goes in its place
    should that not have been sent.
    """
    unsent: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Letters that were in hand and were not sent."""
    recalls: tuple[Recall, ...] = ()

    @property
    def kept_back(self) -> bool:
        """Whether it may not be safe there, or is not."""
        return self.unsafe or bool(self.held)

    def recall(self, recall_id: str) -> Recall | None:
        """What was recalled under this id."""
        return next((one for one in self.recalls if one.recall_id == recall_id), None)

    def with_recall(self, recall: Recall) -> Released:
        """With a recall, or one as it stands now."""
        others = (one for one in self.recalls if one.recall_id != recall.recall_id)
        return self.model_copy(update={"recalls": (*others, recall)})


class Delivered(Shape):
    """Its recipient has it."""

    kind: Literal["delivered"] = "delivered"
    sent: Released


class Returned(Shape):
    """Its recipient did not take it."""

    kind: Literal["returned"] = "returned"
    sent: Released


class HeldBack(Shape):
    """It does not go out: its recipient has no agreement in force."""

    kind: Literal["held_back"] = "held_back"
    sent: Released


class Void(Shape):
    """Voided before its approval was heard: it is never sent. ``told`` once that was recorded."""

    kind: Literal["void"] = "void"
    reason: Line
    told: bool = False


Left: TypeAlias = Released | Delivered | Returned | HeldBack
State: TypeAlias = Annotated[
    Released | Delivered | Returned | HeldBack | Void, Field(discriminator="kind")
]


def sent_of(state: Left) -> Released:
    """The product as it was sent."""
    return state if isinstance(state, Released) else state.sent


def with_sent(state: Left, sent: Released) -> Left:
    """The same state of a product about which more is known."""
    return sent if isinstance(state, Released) else state.model_copy(update={"sent": sent})
