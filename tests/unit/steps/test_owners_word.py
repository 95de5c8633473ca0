"""Whatever happens in whatever order, nothing leaves that its owner's last word forbids.

Drafts, decisions, rulings, standing releases, amendments and fetching come at random; a second,
plain model of what owners said answers for every text that a recipient gets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from router.steps.approve import decide as approve
from router.steps.release import decide as release
from schemas.base import Fact
from schemas.decisions import (
    Ruling,
    StandingDecision,
    StandingReleased,
    StandingWithdrawal,
    StandingWithdrawn,
)
from schemas.letter import letter_id
from schemas.notices import ApprovalRequest
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    DraftItem,
    Product,
    ProductApproved,
)
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

OWNERS = ("school", "police")
STEPS = 40


# --- the hub: both steps, the queue of the recipient, and what owners were asked


class Hub:
    """Approving and releasing in one, with everything that is sent."""

    def __init__(self) -> None:
        self.approving = Given(approve.STEP)
        self.releasing: dict[str, Given] = {}
        self.queue: dict[str, Product] = {}
        self.asked: list[ApprovalRequest] = []

    def hear(self, fact: Fact) -> bool:
        """Put a fact before approving, and what follows before releasing; whether it was taken."""
        outcome = self.approving.when(fact)
        notices = (letter.notice for letter in outcome.letters)
        self.asked += given.of(ApprovalRequest, notices)
        for caused in outcome.facts:
            if isinstance(caused, ProductApproved | ApprovalWithdrawn):
                self._release(caused)
        return outcome.refusal is None

    def _release(self, fact: ProductApproved | ApprovalWithdrawn) -> None:
        step = self.releasing.setdefault(fact.product_id, Given(release.STEP))
        message = given.message(fact)
        outcome = step.when(message)
        for letter in outcome.letters:
            if isinstance(letter.notice, Product):
                self.queue[letter_id(message.id, "release", key=letter.key)] = letter.notice
        for id_ in outcome.takes_back:
            self.queue.pop(id_, None)

    def fetch(self) -> list[Product]:
        """The recipient gets whatever waits for it."""
        came, self.queue = self.queue, {}
        for id_, one in came.items():
            told = product.fetched(id_).model_copy(update={"product_id": one.product_id})
            self.releasing[one.product_id].when(told)
        return list(came.values())


# --- the second model


@dataclass
class Word:
    """What an owner last said of its item."""

    version: int = 1
    withheld: bool = False
    ask_again: bool = False
    approved: set[str] = field(default_factory=set)
    """Products for which it approved the words of this version since it last withheld them."""

    def no(self, *, ask_again: bool) -> None:
        self.withheld, self.ask_again, self.approved = True, ask_again, set()


@dataclass
class Model:
    """Who said what of which item, and what was released beforehand when a product was drafted."""

    words: dict[str, Word]
    standing: set[str] = field(default_factory=set)
    beforehand: set[tuple[str, str, int]] = field(default_factory=set)
    """Products, owners and versions that a standing release covered."""
    merged: dict[str, str] = field(default_factory=dict)

    def allows(self, one: Product, owner: str, text: str) -> bool:
        """Whether the owner's last word lets this text leave with this product."""
        word = self.words[owner]
        if f"v{word.version}" not in text:
            return False
        if one.product_id in word.approved:
            return not word.withheld or word.ask_again
        return (one.product_id, owner, word.version) in self.beforehand and not word.withheld


# --- what happens


@dataclass(frozen=True)
class Event:
    """Something that happens, with whatever of it matters."""

    what: str
    owner: str = "school"
    number: int = 0
    flag: bool = False


WHAT = (
    *("draft", "release", "reword", "withhold", "rule", "lift", "recall"),
    *("amend", "standing", "no standing", "fetch"),
)
EVENTS = st.lists(
    st.builds(
        Event,
        what=st.sampled_from(WHAT),
        owner=st.sampled_from(OWNERS),
        number=st.integers(0, 9),
        flag=st.booleans(),
    ),
    min_size=10,
    max_size=STEPS,
)


def item_of(owner: str, version: int) -> DraftItem:
    """An owner's item in the words of a version."""
    original, sanitised = f"v{version}: Mariam told.", f"v{version}: [name] told."
    return product.draft_item(
        owner,
        original=original,
        sanitised=sanitised,
        original_digest=product.digest(f"item-{owner}", original),
        sanitised_digest=product.digest(f"item-{owner}", sanitised),
        notification=True,
    )


class World:
    """The hub and the model, and what happens to both."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.model = Model({owner: Word() for owner in OWNERS})
        self.drafted: dict[str, tuple[set[str], bool]] = {}
        """Which owners' items each product holds in words of now, and whether it is urgent."""

    def happens(self, event: Event) -> None:
        match event.what:
            case "draft":
                owners = set(OWNERS) if event.number % 3 else {event.owner}
                self.draft(f"product-{len(self.drafted)}", owners, urgent=event.flag)
            case "release" | "reword" | "withhold":
                self.decide(event)
            case "rule" | "lift" | "recall":
                self.rule(event)
            case "amend":
                self.amend(event.owner)
            case "standing" | "no standing":
                self.stand(event)
            case "fetch":
                self.fetch()

    def draft(self, id_: str, owners: set[str], *, urgent: bool, **changes: Any) -> None:
        items = [item_of(one, self.model.words[one].version) for one in sorted(owners)]
        self.drafted[id_] = (owners, urgent)
        if urgent:
            words = self.model.words
            covered = {(id_, one, words[one].version) for one in owners & self.model.standing}
            self.model.beforehand |= covered
        self.hub.hear(product.drafted(*items, product_id=id_, urgent=urgent, **changes))

    def decide(self, event: Event) -> None:
        """The owner answers one of the questions that it was asked, however long ago."""
        asked = [one for one in self.hub.asked if one.item.owner == event.owner]
        if not asked:
            return
        one = asked[event.number % len(asked)]
        changes: dict[str, Any] = {"product_id": one.product_id}
        choice = Choice.RELEASE_ORIGINAL if event.flag else Choice.RELEASE_SANITISED
        if event.what == "withhold":
            choice, changes["ask_again"] = Choice.WITHHOLD, event.flag
        if event.what == "reword":
            choice, changes["text"] = Choice.RELEASE_REWORDED, f"{one.item.sanitised} In short."
            changes["digest"] = product.digest(one.item.item_id, changes["text"])
            changes["instead_of"] = one.item.original_digest
        word = self.model.words[event.owner]
        if not self.hub.hear(product.decision(one.item, choice, **changes)):
            return
        if choice is Choice.WITHHOLD:
            word.no(ask_again=event.flag)
        elif f"v{word.version}:" in one.item.original:
            word.approved.add(one.product_id)

    def rule(self, event: Event) -> None:
        ruling = {"rule": Ruling.WITHHOLD, "lift": Ruling.LIFT, "recall": Ruling.RECALL}
        item = item_of(event.owner, 1)
        told = product.ruled(item, ruling[event.what], ask_again=event.flag)
        if self.hub.hear(told):
            word = self.model.words[event.owner]
            if event.what == "lift":
                word.withheld = False
            else:
                word.no(ask_again=event.flag)

    def amend(self, owner: str) -> None:
        """Composing drafts anew every product that holds the item in its present words."""
        word = self.model.words[owner]
        word.version, word.approved = word.version + 1, set()
        for id_, (owners, urgent) in list(self.drafted.items()):
            if owner in owners:
                self.drafted[id_] = (owners - {owner}, urgent)
                again = f"{id_}-{owner}-{word.version}"
                self.draft(again, {owner}, urgent=urgent, supersedes=id_)

    def stand(self, event: Event) -> None:
        who = f"Decision maker of {event.owner}"
        if event.what == "standing":
            release_ = given.standing(product.RECIPIENT).model_dump() | {"decided_by": who}
            decision = StandingDecision.model_validate(release_ | {"standing_id": "S-1"})
            self.hub.hear(StandingReleased(agency=event.owner, decision=decision))
            self.model.standing.add(event.owner)
        else:
            gone = StandingWithdrawal(standing_id="S-1", decided_by=who, reason="No longer.")
            self.hub.hear(StandingWithdrawn(agency=event.owner, decision=gone))
            self.model.standing.discard(event.owner)

    def fetch(self) -> None:
        for one in self.hub.fetch():
            for item in one.items:
                assert self.model.allows(one, item.owner, item.text), (one.product_id, item.owner)


@settings(max_examples=300)
@for_all(EVENTS)
def test_nothing_leaves_that_its_owners_last_word_forbids(events: list[Event]) -> None:
    world = World()
    for event in [*events, Event("fetch")]:
        world.happens(event)
