"""What approving remembers of a referral: its products, and its owners' lasting words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from operator import not_
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import Field

from router.steps.clocks.ticking import Ticking
from schemas.base import Code, Identity, Instant, Line, Prose, Shape
from schemas.decisions import ReleaseDecided
from schemas.envelope import Envelope
from schemas.identity import IdentityBlock, IdentityField
from schemas.notification import Digest
from schemas.policy import StandingRelease
from schemas.product import (
    Choice,
    DraftItem,
    Item,
    OfConcern,
    OnConsent,
    ProductHead,
    Untold,
    Wording,
    items_of_notification,
)
from schemas.rating import Colour
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
    signpost_to: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    decided_by: Line
    leaves_out: tuple[IdentityField, ...] = Field(default=(), exclude_if=not_)
    wording: Wording | None = Field(default=None, exclude_if=lambda words: words is None)
    kept_back: bool = Field(default=False, exclude_if=not_)
    """Whether these words say what another agency withholds: they are not let leave."""
    decided_at: Instant | None = Field(default=None, exclude_if=not_)
    """When the hub took an approval; of what was decided while nobody signed nobody knows it."""
    envelope: Envelope | None = Field(default=None, exclude_if=not_)
    standing: Code | None = Field(default=None, exclude_if=not_)
    """As which kind of item it was released beforehand by that envelope."""

    @property
    def unsigned(self) -> Decided:
        """What was decided, however it was given."""
        given = {"decided_at": None, "envelope": None, "standing": None}
        return self.model_copy(update=given)


class Held(Shape):
    """Held back, as somebody would be at risk (L7)."""

    hold_id: Identity
    hits: tuple[Hit, ...]
    items: tuple[Identity, ...] = ()
    """Those whose owners are to be asked once it is found safe."""


class Draft(OnConsent, Untold, OfConcern, ProductHead):
    """Waits for its owners, or to be found safe; ``untold`` by a human who found it unsafe."""

    kind: Literal["draft"] = "draft"
    items: tuple[DraftItem, ...]
    decided: tuple[Decided, ...] = ()
    left_out: tuple[Code, ...] = ()
    """Owners of items that were not proportionate and who may be named all the same."""
    held: Held | None = Field(default=None, exclude_if=not_)
    allowed: tuple[Hit, ...] = Field(default=(), exclude_if=not_)
    """What a human decided to send all the same."""
    clocks: dict[Code, Ticking] = Field(default={}, exclude_if=not_)
    """By who was asked and owes a decision, in its own time."""
    late: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Whose time is over."""

    @property
    def deciders(self) -> dict[str, tuple[str, ...]]:
        """Who decides about each item."""
        return {item.item_id: deciders(item) for item in self.items}

    def item(self, item_id: str) -> DraftItem:
        """The item of this id, which there is."""
        return next(item for item in self.items if item.item_id == item_id)

    def decision(self, item_id: str, agency: str) -> Decided | None:
        """What this agency decided about the item for this product."""
        found = (one for one in self.decided if (one.item_id, one.owner) == (item_id, agency))
        return next(found, None)

    def kept_in(self, item_id: str) -> bool:
        """Whether somebody who decides about the item withholds it, or it is kept back."""
        about = (one for one in self.decided if one.item_id == item_id)
        return any(one.kept_back or not one.digest for one in about)

    def without(self, *decisions: tuple[str, str]) -> Draft:
        """With nothing decided about these items by these agencies."""
        left = tuple(one for one in self.decided if (one.item_id, one.owner) not in decisions)
        return self.model_copy(update={"decided": left})

    def with_decided(self, *new: Decided) -> Draft:
        """With these decisions in place of what their agencies decided about their items before."""
        others = self.without(*((one.item_id, one.owner) for one in new)).decided
        return self.model_copy(update={"decided": (*others, *new)})

    def amended(self, item_ids: Collection[str], items: Sequence[DraftItem]) -> Draft:
        """With these items in place of those, of which nothing is decided any more."""
        left = tuple(item for item in self.items if item.item_id not in item_ids)
        decided = tuple(one for one in self.decided if one.item_id not in item_ids)
        changed = {"items": (*left, *items), "decided": decided, "late": ()}
        return self.model_copy(update=changed)

    def ticking(self, agency: str, clock: Ticking | None) -> Draft:
        """The same with an owner's clock as it stands now; None: the clock has ended."""
        others = {by: one for by, one in self.clocks.items() if by != agency}
        clocks = others if clock is None else {**self.clocks, agency: clock}
        return self.model_copy(update={"clocks": clocks})

    def too_late(self, agency: str) -> Draft:
        """With an owner whose time is over."""
        return self.model_copy(update={"late": (*self.late, agency)})

    def asking_again(self, *agencies: str) -> Draft:
        """With new time for these owners."""
        left = tuple(one for one in self.late if one not in agencies)
        return self.model_copy(update={"late": left})

    def agreed(self, decided: Decided) -> Draft:
        """The same, for the second of two to be asked about the words that the first let leave."""
        text = words_of(self.item(decided.item_id), decided)
        only: dict[str, object] = {"original": text, "sanitised": text, "redactions": ()}
        only |= {"original_digest": decided.digest, "sanitised_digest": decided.digest}
        items = tuple(
            item.model_copy(update=only) if item.item_id == decided.item_id else item
            for item in self.items
        )
        return self.model_copy(update={"items": items})


def words_of(item: DraftItem, decided: Decided) -> str:
    """The words that a decision lets leave."""
    if decided.wording is not None:
        return decided.wording.text
    return item.original if decided.choice is Choice.RELEASE_ORIGINAL else item.sanitised


def deciders(item: DraftItem) -> tuple[str, ...]:
    """Who decides about an item: its owner, and whoever told it as that agency's."""
    return (item.owner, item.held_by) if item.held_by else (item.owner,)


class Closed(Shape):
    """A product of which nothing is awaited any more."""

    referral_id: Identity
    case_id: Identity
    recipient: Code
    purpose: Line
    colour: Colour | None = Field(default=None, exclude_if=not_)
    """Documents of old lack it: what is lifted follows none of these."""
    urgent: bool = Field(default=False, exclude_if=not_)
    deciders: dict[Identity, tuple[Code, ...]]
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
    without: dict[Identity, Identity | None] = Field(default={}, exclude_if=not_)
    """Items that it went without, as nobody had decided; each with the product that it is to follow
    in, once that is drafted.
    """
    hushed: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Owners whose whole chain was told before it went."""
    named: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Owners that it names as holding something, where more is to follow."""
    early: tuple[ReleaseDecided, ...] = Field(default=(), exclude_if=not_)
    """Decisions about what is to follow, which was not drafted yet."""
    tells_of: tuple[Identity, ...] = Field(default=(), exclude_if=not_)
    """Items of the notification that it went without, and tells of all the same: in the words of
    the hub, or by who is a risk to the child.
    """

    def taking_back(self, item_id: str, *, recall: bool) -> Approved:
        """With the item's approval taken back, if it had one or is told of all the same; a recall
        does so too.
        """
        if item_id not in (*self.left, *self.tells_of):
            return self
        withdrawn = (*self.withdrawn, *({item_id} - {*self.withdrawn}))
        recalled = (*self.recalled, *({item_id} - {*self.recalled} if recall else ()))
        return self.model_copy(update={"withdrawn": withdrawn, "recalled": recalled})

    def going_without(self, draft: Draft) -> Approved:
        """As it is where what it left with is to follow: what approved that had ended by then. Of
        the notification it may go on to tell, in other words than these.
        """
        ended = [item for item in draft.items if item.item_id in self.left]
        gone = {item.item_id for item in ended}
        tells = (item.item_id for item in ended if item.notification)
        return self.model_copy(
            update={
                "left": tuple(id_ for id_ in self.left if id_ not in gone),
                "decided": tuple(one for one in self.decided if one.item_id not in gone),
                "tells_of": (*self.tells_of, *tells),
            }
        )


class Refused(Closed):
    """Nothing of it leaves: by its owners' decisions, or because it was voided."""

    kind: Literal["refused"] = "refused"
    voided: Line | None = Field(default=None, exclude_if=not_)
    """Why, where it was voided while owners were asked: their answers may cross that."""
    about: IdentityBlock | None = Field(default=None, exclude_if=not_)
    """Whom it was about, as these owners were told."""


class Void(Shape):
    """Voided before its draft was heard."""

    kind: Literal["void"] = "void"
    reason: Line


class Merged(Shape):
    """Its items took their place in an earlier product that still waited."""

    kind: Literal["merged"] = "merged"
    into: Identity


Stage: TypeAlias = Annotated[
    Draft | Approved | Refused | Void | Merged, Field(discriminator="kind")
]


class Withheld(Item):
    """An owner's word about an item that lasts until it lifts it itself (R30, L1)."""

    reason: Line
    signpost: bool
    signpost_to: tuple[Code, ...] = Field(default=(), exclude_if=not_)
    """Recipients who alone may be told that it holds something."""
    decided_by: Line
    ask_again: bool = False
    """Whether the owner wants to be asked about each further product all the same."""


class Said(Shape):
    """What an item has said so far, the latest last, and what of a notification it is."""

    texts: tuple[Prose, ...] = ()
    notification: bool = False
    narrative: bool = False


class Standing(Shape):
    """What one owner releases beforehand by messages of its own, by its own names of them."""

    kind: Literal["standing"] = "standing"
    releases: dict[Identity, StandingRelease] = Field(default_factory=dict)


class Approvals(Shape):
    """Every product of a referral, by its id, and what owners withhold of it, by item.

    ``standing`` is what stands beside it: what owners release beforehand, by owner; so does
    ``elsewhere``: other referrals, which were told in the same words.
    """

    kind: Literal["approvals"] = "approvals"
    standing: dict[Code, Standing] = Field(default_factory=dict, exclude=True)
    elsewhere: tuple[Approvals, ...] = Field(default=(), exclude=True)
    products: dict[Identity, Stage] = Field(default_factory=dict)
    withheld: tuple[Withheld, ...] = ()
    said: dict[Identity, Said] = Field(default_factory=dict, exclude_if=not_)
    """What each item has said, by its id; of what was drafted before, only as it is drafted anew.
    """

    def standing_as(self, product_id: str) -> str:
        """The product itself, or the one that its items are in now."""
        while isinstance(stage := self.products.get(product_id), Merged):
            product_id = stage.into
        return product_id

    def product(self, product_id: str) -> Draft | Closed | None:
        """How it stands, or the one that its items are in now."""
        stage = self.products.get(self.standing_as(product_id))
        return stage if isinstance(stage, Draft | Closed) else None

    def follower(self, product_id: str, item_id: str) -> str:
        """The product in which an item follows that this one went without; or this one."""
        stage = self.product(product_id)
        later = stage.without.get(item_id) if isinstance(stage, Approved) else None
        return later or product_id

    def named_before(self, draft: Draft) -> tuple[str, ...]:
        """Owners that the product which this one follows has named already."""
        before = self.product(draft.follows) if draft.follows else None
        return before.named if isinstance(before, Approved) else ()

    @property
    def next_at(self) -> dt.datetime | None:
        """When somebody is told next that it owes a decision."""
        drafts = (one for one in self.products.values() if isinstance(one, Draft))
        every = (clock.next_at for draft in drafts for clock in draft.clocks.values())
        return min(every, default=None)

    def referrals_with(self, item_id: str) -> tuple[str, ...]:
        """The referrals of products that have had the item."""
        drafted = (one for one in self.products.values() if isinstance(one, Draft | Closed))
        found = (one.referral_id for one in drafted if item_id in one.deciders)
        return tuple(dict.fromkeys(found))

    def with_product(self, product_id: str, stage: Stage) -> Approvals:
        """With the product as it stands now."""
        return self.model_copy(update={"products": {**self.products, product_id: stage}})

    def decides(self, item_id: str, agency: str) -> bool:
        """Whether the agency decides about the item, in whatever product has had it."""
        drafted = (one for one in self.products.values() if isinstance(one, Draft | Closed))
        return any(agency in one.deciders.get(item_id, ()) for one in drafted)

    def withheld_by(self, item_id: str, agency: str) -> Withheld | None:
        """The agency's lasting word about the item."""
        found = (one for one in self.withheld if (one.item_id, one.owner) == (item_id, agency))
        return next(found, None)

    def keeps_notification(self, *referral_ids: str, owner: str | None = None) -> bool:
        """Whether the notification of these referrals, or a part of it, is withheld: in whatever
        version, and however often it was sent; ``owner``: by whom.
        """
        told = {id_ for one in referral_ids for id_ in items_of_notification(one)}
        told |= {id_ for id_, one in self.said.items() if one.notification}
        return any(one.item_id in told and owner in (None, one.owner) for one in self.withheld)

    def withholding(self, withheld: Withheld) -> Approvals:
        """With an agency's word about its item."""
        others = self.lifted(withheld.item_id, withheld.owner).withheld
        return self.model_copy(update={"withheld": (*others, withheld)})

    def lifted(self, item_id: str, agency: str) -> Approvals:
        """Without the agency's word about its item."""
        gone = self.withheld_by(item_id, agency)
        left = tuple(one for one in self.withheld if one is not gone)
        return self.model_copy(update={"withheld": left})

    def in_stage(self, stage: type[P]) -> Iterator[tuple[str, P]]:
        """The products that stand so, with their ids, as they are when this begins."""
        for product_id, product in tuple(self.products.items()):
            if isinstance(product, stage):
                yield product_id, product


State: TypeAlias = Annotated[Approvals | Standing, Field(discriminator="kind")]
