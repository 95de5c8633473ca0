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
  for the one that it follows to the same recipient, or released beforehand, and none that its owner
  has withheld, called back or replaced since.
- What people write for the record stays with those whom they write it for.
- What was refused as it came is repeated to nobody, its sender included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
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
    where: dict[str, bool] = field(default_factory=dict)
    """By product, whether its owner, when it last let it leave, let be told where the child is."""

    def approve(self, product: str, owner: str, *, words: Iterable[str]) -> None:
        """An owner lets these leave in one product."""
        self.approved[product, owner] = self.approved.get((product, owner), frozenset()) | {*words}

    def agreed(self, product: str, *, but: str) -> frozenset[str]:
        """What another of its owners lets leave: the words that the others are then asked about,
        as they are, and no others.
        """
        others = self.owners - {but}
        return frozenset().union(*(self.approved.get((product, one), ()) for one in others))

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

    def leaves(self, word: str, *, products: Iterable[str], recipient: str) -> bool:
        """Whether a canary of it may leave to a recipient on what was said of these products."""
        if self.withheld or not self.may_leave or not self.revealed:
            return False
        given = [
            [word in self.approved.get((product, owner), ()) for product in products]
            for owner in self.owners
        ]
        return all(map(any, given)) or self._beforehand(word, recipient)

    def _beforehand(self, word: str, recipient: str) -> bool:
        free = self.notification and not self.restricted and recipient in RED_AT_ONCE
        return free and self.owners <= BEFOREHAND and word in self.standing


@dataclass(slots=True)
class Story:
    """What the model knows of one child."""

    involved: set[str] = field(default_factory=lambda: {LEAD})
    """Who is asked, acts, or has told something."""
    items: dict[str, Item] = field(default_factory=dict)
    risked: set[str] = field(default_factory=set)
    """Products, or kinds of letters, that a human of the lead agency sends though they say what is
    protected.
    """
    recipients: dict[str, str] = field(default_factory=dict)
    """For whom owners were asked about a product."""

    def tells_where(self, product: str, recipient: str) -> bool | None:
        """Whether the owner lets be told where the child is: by all of its items that may leave;
        None where it has said nothing.
        """
        said = [one.where[product] for one in self.items.values() if product in one.where]
        return all(said) if said and self.recipients.get(product) == recipient else None


def may_see(
    canary: Canary, story: Story, *, viewer: str, letter: str, products: Sequence[str] = ()
) -> bool:
    """Whether a canary may stand in a letter to an agency. ``products``: in which it would be, and
    which that says that it follows.
    """
    if canary.what is What.REFUSED:
        return False
    if viewer in canary.by:
        return True
    own, before = products[:1], products[1:]
    to_it = [one for one in before if story.recipients.get(one) == viewer]
    return _RULES[canary.what](_Asked(canary, story, viewer, letter, (*own, *to_it)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Whether a canary may stand somewhere."""

    canary: Canary
    story: Story
    viewer: str
    letter: str
    products: tuple[str, ...]


def _who(asked: _Asked) -> bool:
    return asked.viewer in asked.story.involved


def _where(asked: _Asked) -> bool:
    said = (asked.story.tells_where(one, asked.viewer) for one in asked.products)
    told = next((one for one in said if one is not None), False)
    return asked.viewer == LEAD or asked.viewer in FRONT_LINE or told


def _kin(asked: _Asked) -> bool:
    if asked.letter != PRODUCT:
        return asked.viewer in asked.story.involved
    return any(_leaves(asked, one) for one in asked.story.items.values())


def _protected(asked: _Asked) -> bool:
    sent = asked.story.risked.intersection((*asked.products[:1], asked.letter))
    return asked.viewer == LEAD or bool(sent)


def _words(asked: _Asked) -> bool:
    item = asked.story.items[asked.canary.item]
    if asked.viewer == LEAD and asked.letter != PRODUCT:
        return item.revealed
    if asked.letter == HANDOVER:
        return item.notification and item.hands_over
    return asked.letter == PRODUCT and _leaves(asked, item)


def _leaves(asked: _Asked, item: Item) -> bool:
    return item.leaves(asked.canary.word, products=asked.products, recipient=asked.viewer)


def _for_deciders(asked: _Asked) -> bool:
    handed = asked.letter == HANDOVER and asked.viewer in asked.canary.readers
    return asked.viewer == LEAD or handed


def _for_reader(asked: _Asked) -> bool:
    return asked.viewer == LEAD or asked.viewer in asked.canary.readers


def _nobody(_asked: _Asked) -> bool:
    return False


_RULES: Final[Mapping[What, Callable[[_Asked], bool]]] = {
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
