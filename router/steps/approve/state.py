"""What approving remembers of a referral: its products, and its owners' lasting words."""

from __future__ import annotations

from collections.abc import Iterator
from operator import not_
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field

from schemas.base import Code, Identity, Line, Shape
from schemas.identity import IdentityField
from schemas.notification import Digest
from schemas.policy import StandingRelease
from schemas.product import Choice, DraftItem, Item, ProductHead, Untold
from schemas.safety import Hit

P = TypeVar("P", bound=Shape)


class Decided(Item):
    """What an item's owner decided; ``digest`` is of the text that may leave, None if withheld.

    ``leaves_out``: what of the identity that it told is not to be told.
    """

    choice: Choice
    digest: Digest | None
    reason: Line
    signpost: bool
    decided_by: Line
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=not_)


class Held(Shape):
    """Held back, as somebody would be at risk (L7)."""

    hold_id: Identity
    hits: tuple[Hit, ...]
    asked: bool
    """Whether its owners had been asked before."""


class Draft(Untold, ProductHead):
    """Waits for its owners, or to be found safe; ``untold`` by a human who found it unsafe."""

    kind: Literal["draft"] = "draft"
    items: tuple[DraftItem, ...]
    decided: tuple[Decided, ...] = ()
    left_out: tuple[Code, ...] = ()
    """Owners of items that were not proportionate and who may be named all the same."""
    held: Held | None = Field(default=None, exclude_if=not_)
    allowed: tuple[Hit, ...] = Field(default=(), exclude_if=not_)
    """What a human decided to send all the same."""

    @property
    def owners(self) -> dict[str, str]:
        """The owner of each item."""
        return {item.item_id: item.owner for item in self.items}

    def decision(self, item_id: str) -> Decided | None:
        """What the item's owner decided for this product."""
        return next((one for one in self.decided if one.item_id == item_id), None)

    def without(self, *item_ids: str) -> Draft:
        """With nothing decided about these items."""
        left = tuple(one for one in self.decided if one.item_id not in item_ids)
        return self.model_copy(update={"decided": left})

    def with_decided(self, *new: Decided) -> Draft:
        """With these decisions in place of what was decided about their items before."""
        others = self.without(*(one.item_id for one in new)).decided
        return self.model_copy(update={"decided": (*others, *new)})


class Closed(Shape):
    """A product of which nothing is awaited any more."""

    case_id: Identity
    recipient: Code
    purpose: Line
    owners: dict[Identity, Code]
    decided: tuple[Decided, ...]


class Approved(Closed):
    """Every owner has decided, and something may leave."""

    kind: Literal["approved"] = "approved"
    left: tuple[Identity, ...]
    """Items that it may leave with."""
    silent: tuple[Identity, ...]
    """Items whose owner is never named instead."""
    withdrawn: tuple[Identity, ...] = ()
    """Items of which the owner took its approval back."""
    recalled: tuple[Identity, ...] = ()
    """Items that the owner wants back from whoever has them."""

    def taking_back(self, item_id: str, *, recall: bool) -> Approved:
        """With the item's approval taken back, if it had one; a recall takes it back too."""
        if item_id not in self.left:
            return self
        withdrawn = (*self.withdrawn, *({item_id} - {*self.withdrawn}))
        recalled = (*self.recalled, *({item_id} - {*self.recalled} if recall else ()))
        return self.model_copy(update={"withdrawn": withdrawn, "recalled": recalled})


class Refused(Closed):
    """Nothing of it leaves: by its owners' decisions, or because it was voided."""

    kind: Literal["refused"] = "refused"


class Void(Shape):
    """Voided before its draft was heard."""

    kind: Literal["void"] = "void"
    reason: Line


Stage: TypeAlias = Annotated[Draft | Approved | Refused | Void, Field(discriminator="kind")]


class Withheld(Item):
    """An owner's word about an item that lasts until it lifts it itself (R30, L1)."""

    reason: Line
    signpost: bool
    decided_by: Line
    ask_again: bool = False
    """Whether the owner wants to be asked about each further product all the same."""


class Standing(Shape):
    """What one owner releases beforehand by messages of its own, by its own names of them."""

    kind: Literal["standing"] = "standing"
    releases: dict[Identity, StandingRelease] = Field(default_factory=dict)


class Approvals(Shape):
    """Every product of a referral, by its id, and what owners withhold of it, by item.

    ``standing`` is what stands beside it: what owners release beforehand, by owner.
    """

    kind: Literal["approvals"] = "approvals"
    standing: dict[Code, Standing] = Field(default_factory=dict, exclude=True)
    products: dict[Identity, Stage] = Field(default_factory=dict)
    withheld: dict[Identity, Withheld] = Field(default_factory=dict)

    def with_product(self, product_id: str, stage: Stage) -> Approvals:
        """With the product as it stands now."""
        return self.model_copy(update={"products": {**self.products, product_id: stage}})

    @property
    def owners(self) -> dict[str, str]:
        """The owner of each item of any product."""
        drafted = [one for one in self.products.values() if not isinstance(one, Void)]
        return {id_: owner for one in drafted for id_, owner in one.owners.items()}

    def withholding(self, withheld: Withheld) -> Approvals:
        """With the owner's word about its item."""
        changed = {**self.withheld, withheld.item_id: withheld}
        return self.model_copy(update={"withheld": changed})

    def lifted(self, item_id: str) -> Approvals:
        """Without the owner's word about its item."""
        left = {id_: one for id_, one in self.withheld.items() if id_ != item_id}
        return self.model_copy(update={"withheld": left})

    def in_stage(self, stage: type[P]) -> Iterator[tuple[str, P]]:
        """The products that stand so, with their ids, as they are when this begins."""
        for product_id, product in tuple(self.products.items()):
            if isinstance(product, stage):
                yield product_id, product


State: TypeAlias = Annotated[Approvals | Standing, Field(discriminator="kind")]
