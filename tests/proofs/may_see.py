"""Who may see what: a model of what owners let be told, written apart from the hub.

It knows nothing of steps, queues or digests: only who told what under which flags, and what its
owner has said since. Whatever it does not name, nobody may see but who told it.

- Whoever told something, or is said to own it, may see it.
- The lead agency decides: it may see who the child is, all of it, and words that are revealed.
- Who is asked, acts or is told of a child may know who it is. Where it lives, only the front line
  may, and whom its owner lets know it for one product.
- What is protected (a refuge, an informant) is told to nobody else at all, but where its owner puts
  it in the words of a product and a named human sends that all the same.
- Words leave in a product alone: those that each of their owners has approved for that product, or
  released beforehand, and none that its owner has withheld, called back or replaced since.
- What people write for the record stays with those whom they write it for.
- What was refused as it came is repeated to nobody, its sender included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LEAD: Final = "childrens_social_care"
FRONT_LINE: Final = frozenset({"csc_duty_team", "police_cait", "csc_assessment_team"})
BEFOREHAND: Final = frozenset({"police", LEAD, "school", "nhs_emergency", "ambulance"})
"""Whose notifications go to the front line beforehand, sanitised, once they are a Red."""
RED_AT_ONCE: Final = frozenset({"csc_duty_team", "police_cait"})
PRODUCT: Final = "mash.product.v1"
HANDOVER: Final = "mash.handover.v1"


class What(StrEnum):
    """What a canary stands in."""

    WHO = "who the child is"
    WHERE = "where the child is"
    KIN = "somebody else of the family"
    """Told with who the child is to those who are asked; in a product only where words are not
    sanitised."""
    PROTECTED = "what is protected"
    WORDS = "words"
    FOR_DECIDERS = "what people write for whoever decides"
    FOR_READER = "what people write for others to read"
    OWNERS_REASON = "why an owner keeps something back"
    REFUSED = "what was refused"


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary: in what it stands, and whose it is."""

    word: str
    story: int
    what: What
    by: frozenset[str]
    """Who told it, and whose it is said to be."""
    item: str = ""
    """Of words: the item, by what the test calls it."""
    readers: frozenset[str] = frozenset()
    """Whom it was written for."""


@dataclass(slots=True)
class Item:
    """What an owner lets be done with one item, as it stands now."""

    owners: frozenset[str]
    revealed: bool = True
    may_leave: bool = True
    restricted: bool = False
    notification: bool = False
    withheld: set[str] = field(default_factory=set)
    """The owners that withhold it."""
    approved: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """By product and owner: the canaries that may leave in it."""
    standing: frozenset[str] = frozenset()
    """Canaries of the notification as it was last told, sanitised."""

    def approve(self, product: str, owner: str, *, words: Iterable[str]) -> None:
        """An owner lets these leave in one product."""
        self.approved[product, owner] = self.approved.get((product, owner), frozenset()) | {*words}

    def withhold(self, owner: str) -> None:
        """It leaves in no product, whatever was approved before."""
        self.withheld.add(owner)
        self.approved.clear()

    def lift(self, owner: str) -> None:
        """It may be approved again."""
        self.withheld.discard(owner)

    def amend(self, words: Iterable[str]) -> None:
        """It says something else now: what was approved is not that."""
        self.approved.clear()
        self.standing = frozenset(words)

    @property
    def hands_over(self) -> bool:
        """Whether the worker of its child is handed it, as is agreed with all who notify."""
        return self.may_leave and self.revealed and not self.restricted and not self.withheld

    def leaves(self, word: str, *, product: str, recipient: str) -> bool:
        """Whether a canary of it may leave in a product."""
        if self.withheld or not self.may_leave or not self.revealed:
            return False
        given = [self.approved.get((product, owner), frozenset()) for owner in self.owners]
        return all(word in words for words in given) or self._beforehand(word, recipient)

    def _beforehand(self, word: str, recipient: str) -> bool:
        free = self.notification and not self.restricted and recipient in RED_AT_ONCE
        return free and self.owners <= BEFOREHAND and word in self.standing


@dataclass(slots=True)
class Story:
    """What the model knows of one child."""

    involved: set[str] = field(default_factory=lambda: {LEAD})
    """Who is asked, acts, or has told something."""
    items: dict[str, Item] = field(default_factory=dict)
    where: dict[tuple[str, str], bool] = field(default_factory=dict)
    """By product and recipient, whether the owner lets be told where the child is."""
    risked: set[str] = field(default_factory=set)
    """Products, or kinds of letters, that a human of the lead agency sends though they say what is
    protected.
    """

    def tells_where(self, product: str, recipient: str, *, told: bool) -> None:
        """The owner says so with each item of its own; what it once left out stays out."""
        self.where[product, recipient] = self.where.get((product, recipient), True) and told


def may_see(
    canary: Canary, story: Story, *, viewer: str, letter: str, product: str | None = None
) -> bool:
    """Whether a canary may stand in a letter to an agency; ``product``: in which it would be."""
    if canary.what is What.REFUSED:
        return False
    if viewer in canary.by:
        return True
    return _RULES[canary.what](canary, story, viewer, letter, product or "")


def _who(_canary: Canary, story: Story, viewer: str, _letter: str, _product: str) -> bool:
    return viewer in story.involved


def _where(_canary: Canary, story: Story, viewer: str, _letter: str, product: str) -> bool:
    return viewer == LEAD or viewer in FRONT_LINE or story.where.get((product, viewer), False)


def _kin(canary: Canary, story: Story, viewer: str, letter: str, product: str) -> bool:
    if letter != PRODUCT:
        return viewer in story.involved
    return any(
        one.leaves(canary.word, product=product, recipient=viewer) for one in story.items.values()
    )


def _protected(_canary: Canary, story: Story, viewer: str, letter: str, product: str) -> bool:
    return viewer == LEAD or not story.risked.isdisjoint({product, letter})


def _words(canary: Canary, story: Story, viewer: str, letter: str, product: str) -> bool:
    item = story.items[canary.item]
    if viewer == LEAD and letter != PRODUCT:
        return item.revealed
    if letter == HANDOVER:
        return item.notification and item.hands_over
    return letter == PRODUCT and item.leaves(canary.word, product=product, recipient=viewer)


def _for_deciders(canary: Canary, _story: Story, viewer: str, letter: str, _product: str) -> bool:
    return viewer == LEAD or (letter == HANDOVER and viewer in canary.readers)


def _for_reader(canary: Canary, _story: Story, viewer: str, _letter: str, _product: str) -> bool:
    return viewer == LEAD or viewer in canary.readers


def _nobody(_canary: Canary, _story: Story, _viewer: str, _letter: str, _product: str) -> bool:
    return False


_RULES: Final[Mapping[What, Callable[[Canary, Story, str, str, str], bool]]] = {
    What.WHO: _who,
    What.WHERE: _where,
    What.KIN: _kin,
    What.PROTECTED: _protected,
    What.WORDS: _words,
    What.FOR_DECIDERS: _for_deciders,
    What.FOR_READER: _for_reader,
    What.OWNERS_REASON: _nobody,
    What.REFUSED: _nobody,
}
