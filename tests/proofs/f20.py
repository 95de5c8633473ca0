"""F20: pairs of hubs that differ in one silent item and in nothing else. Whoever is not its owner,
or chosen by it, gets and is shown the same to the byte, also whoever guesses at it.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from structlog.testing import capture_logs

from ops.demo.running import prepare
from ops.demo.simulation.answers import DECISION_MAKER, answer, event
from ops.run.configuration import read_settings
from router.step import Outcome, refuse
from router.steps.approve.rulings import rule
from router.steps.approve.state import Approvals
from router.steps.now import Now
from schemas.base import Code
from schemas.case import ChildLinked
from schemas.decisions import ItemRuled
from schemas.information import InformationAnswered, InformationItem, InformationVolunteered
from schemas.picture import ShownItem
from schemas.product import ProductDrafted, items_of_notification
from tests.proofs.onlookers import Borough, Event, Site, flat

LEAD: Final = "childrens_social_care"
NARRATIVES: Final = (
    "Child disclosed that they were hit at home.",
    "Domestic abuse incident at the home address.",
    "The child was late for school again and looked tired.",
)
COLOURS: Final = ("red", "amber", "green", "blue")
SECRET: Final = "A neighbour, who must not be known, saw him carry a knife to the home."
OPEN: Final = {"may_be_revealed": True, "may_leave": True}
HIDDEN: Final = {"may_be_revealed": False, "may_leave": False, "signpost": False}
INSIDE: Final = {"may_be_revealed": True, "may_leave": False, "signpost": False}
LEAVING: Final = {**OPEN, "signpost": False}
TEAM: Final = "csc_duty_team"
FOR_ONE: Final = {**HIDDEN, "signpost": True, "signpost_to": [TEAM]}
WHY: Final = {"reason": "It would tell who saw it."}


@dataclass(frozen=True, slots=True)
class Kind:
    """How the silent item comes, and who may know of it besides its owner."""

    comes: str
    """``answered``, ``late``, ``told`` or ``part``."""
    beside: bool = True
    """Whether it comes with others; else the message that brings it brings nothing else."""
    flags: Mapping[str, object] = field(default_factory=lambda: HIDDEN)
    owned_by: str = ""
    """Whose it is said to be, where that is another agency than who tells it."""
    known_to: Collection[str] = ()
    counted: bool = True
    """Whether as many messages come in both; else totals of the hub differ by those about it."""
    looked_at: bool = True
    """Whether commands show the same; what a product says to its recipient is on the record."""


KINDS: Final[Mapping[str, Kind]] = {
    "answered": Kind("answered"),
    "answered alone": Kind("answered", beside=False),
    "answered late": Kind("late"),
    "answered late and alone": Kind("late", beside=False),
    "told unasked": Kind("told"),
    "told unasked and alone": Kind("told", beside=False, counted=False),
    "part of it": Kind("part"),
    "another's": Kind("answered", owned_by="housing", known_to=("housing",)),
    "known inside": Kind("answered", flags=INSIDE, known_to=(LEAD,)),
    "known inside, late and alone": Kind("late", beside=False, flags=INSIDE, known_to=(LEAD,)),
    "withheld when asked": Kind("answered", flags=LEAVING, known_to=(LEAD,), counted=False),
    "signposted to one": Kind("answered", flags=FOR_ONE, known_to=(TEAM,), looked_at=False),
}
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """So many pairs from a seed; ``without``: what keeps it from showing and is dropped, as a
    control, until it shows.
    """

    pairs: int = 1000
    seed: int = 1
    without: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """What happens in both hubs alike."""

    name: str
    kind: Kind
    owner: Code
    narrative: str
    colour: str
    chance: Random

    @classmethod
    def drawn(cls, name: str, kind: Kind) -> Pair:
        """By chance, from its name."""
        chance = Random(name)  # noqa: S311 - plays, and keeps no secret
        owner = "police" if kind.comes == "part" else chance.choice(["gp", "school"])
        narrative, colour = chance.choice(NARRATIVES), chance.choice(COLOURS)
        return cls(name, kind, owner, narrative, colour, chance)


# --- one hub of a pair


@dataclass(repr=False)
class Play:
    """One hub of a pair; ``silent``: the one with the item."""

    pair: Pair
    borough: Borough
    silent: bool
    referral_id: str = ""
    waits: list[tuple[str, Event]] = field(default_factory=list)
    """What the owner was asked and answers late."""
    logged: list[Any] = field(default_factory=list)

    def begins(self) -> None:
        """The police tell of a child; it is rated, and everybody is asked and answers."""
        self.referral_id = self.borough.tells("police", "notification", self._notified())
        for _ in range(4):
            self.borough.everybody_answers(self._reply)
        self.borough.waits(hours=2)

    def goes_on(self) -> None:
        """What is told unasked or late comes, and time goes by."""
        pair, told = self.pair, self.borough
        if pair.kind.comes == "told" and (items := self._items("told")):
            said = {"referral_id": self.referral_id, "volunteered_by": "R. Bell"}
            told.tells(pair.owner, "information-volunteered", said | {"items": items}, name="told")
        if pair.kind.comes == "late":
            told.waits(days=12)
            for agency, asked in self.waits:
                told.sends(agency, self._informed(asked))
        for _ in range(3):
            told.everybody_answers(self._reply)
            told.waits(hours=9)

    def ends(self) -> list[tuple[str, Any]]:
        """Some days later, what commands show."""
        self.borough.waits(days=2)
        self.borough.everybody_answers(self._reply)
        shown = list(self.borough.shown(self.referral_id))
        self.borough.everybody_answers(self._reply)
        return shown

    def _notified(self) -> Event:
        pair = self.pair
        parts = [{"text": f"A bruise was seen, by log {pair.name}.", **OPEN}]
        if pair.kind.comes == "part" and self.silent:
            parts.append({"text": SECRET, **pair.kind.flags, **WHY})
        born = f"201{pair.chance.randrange(9)}-02-09"
        kim = {"given_name": ["Kim"], "family_name": ["Invented"]}
        return {
            "reference": f"R-{pair.name}",
            "observed_at": "2026-06-10T09:40:00Z",
            "subject": {"name": [kim], "date_of_birth": {"date": born}},
            "narrative": pair.narrative,
            "parts": parts,
        }

    def _reply(self, letter: Event) -> Event | None:
        """As the simulated people answer, but for what the pair is about."""
        agency, data = letter["subject"], letter["data"]
        if letter["type"] == "mash.information-request.v1" and agency == self.pair.owner:
            if self.pair.kind.comes == "late":
                self.waits.append((agency, letter))
                return None
            return self._informed(letter)
        if data.get("item", {}).get("original") == SECRET:
            named = {name: data[name] for name in _ASKED}
            said = {"item_id": data["item"]["item_id"], "choice": "withhold", "signpost": False}
            told = named | said | {"decided_by": DECISION_MAKER, **WHY}
            return event(f"{letter['id']}/answer", _DECISION, agency=agency, data=told)
        made = answer(letter)
        if made is not None and letter["type"] == "mash.rating-request.v1":
            made["data"]["colour"] = self.pair.colour
        return made

    def _informed(self, asked: Event) -> Event:
        """The owner's answer to what it was asked."""
        data = asked["data"]
        comes = self.pair.kind.comes in ("answered", "late")
        items = self._items(data["identifier"]) if comes else [_item(self.pair, "open", "seen")]
        made = answer(asked) or {}
        named = {name: data[name] for name in ("referral_id", "case_id")}
        said = {"request_id": data["identifier"], "known": bool(items), "items": items}
        return {
            **_HEAD,
            **made,
            "id": f"{asked['id']}/answer",
            "source": f"urn:simulated:{self.pair.owner}",
            "type": "mash.information-response.v1",
            "data": named | said | {"answered_by": "A. Professional"},
        }

    def _items(self, name: str) -> list[Event]:
        """What the message brings that may bring the silent item."""
        kind = self.pair.kind
        found = [_item(self.pair, name, "seen")] if kind.beside else []
        return [*found, *([_secret(self.pair, name)] if self.silent else [])]

    # --- whoever guesses

    def ids(self) -> tuple[set[str], set[str]]:
        """Products and items that there are here, also silent ones: who guesses may know them."""
        drafted = [one.data for one in self.borough.messages(ProductDrafted)]
        told = self.borough.messages(InformationAnswered, InformationVolunteered)
        items = {item.item_id for one in told for item in one.data.items}  # type: ignore[attr-defined]
        items |= {*items_of_notification(self.referral_id, 3)}
        products = {one.product_id for one in drafted if isinstance(one, ProductDrafted)}
        return products, items

    def is_guessed_at(self, products: list[str], items: list[str]) -> None:
        """Others than the owner rule about its items, decide, disagree and answer for it."""
        pair, told = self.pair, self.borough
        cases = (one.data.of_case for one in told.messages(ChildLinked))
        head = {"referral_id": self.referral_id, "case_id": next(cases, None)}
        others = [a for a in ("early_help", LEAD, "school", "gp") if a not in _in_the_know(pair)]
        for number, id_ in enumerate(items):
            agency = others[number % len(others)]
            for ruling in ("withhold", "lift", "amend"):
                said = {"item_id": id_, "ruling": ruling, "text": "Words.", **_DECIDED}
                told.tells(agency, "item-decision", head | said, name=f"{ruling}/{number}")
            for one in products:
                said = {"product_id": one, "item_id": id_, **_RELEASE, **_DECIDED}
                name = f"decides/{one}/{number}"
                told.tells(agency, "release-decision", head | said, name=name)
        for agency in others:
            said = {"disputes": "withholding", "owner": pair.owner, **_VIEW}
            said |= {"referral_id": self.referral_id}
            told.tells(agency, "disagreement", said, name=f"disagrees/{agency}")


_ASKED: Final = ("product_id", "referral_id", "case_id", "recipient", "purpose")
_DECISION: Final = "mash.release-decision.v1"
_HEAD: Final = {"specversion": "1.0", "dataschema": "urn:mash-hub:v1"}
_DECIDED: Final = {"decided_by": DECISION_MAKER, "reason": "It is ours."}
_RELEASE: Final = {
    "choice": "withhold",
    "recipient": "csc_duty_team",
    "purpose": "section 47 enquiry",
}
_VIEW: Final = {
    "profession": "early help",
    "view": "Something is kept from us.",
    "asks_for": "All of it.",
    "raised_by": "E. Worker",
}


def _item(pair: Pair, name: str, what: str) -> Event:
    text = f"The child was {what} by us in May, and was well, by record {pair.name}."
    flags = {"sensitivity": "routine", **OPEN}
    return {"item_id": f"{name}/{what}", "owner": pair.owner, "text": text, **flags}


def _secret(pair: Pair, name: str) -> Event:
    owner = pair.kind.owned_by or pair.owner
    head = {"item_id": f"{name}/secret", "owner": owner, "text": SECRET}
    return {**head, "sensitivity": "routine", **pair.kind.flags, **WHY}


def _in_the_know(pair: Pair) -> set[str]:
    return {pair.owner, *pair.kind.known_to}


# --- both, side by side


def played(site: Site, pair: Pair) -> list[str]:
    """What differs between the two hubs to those who are not to know, by what it stands in."""
    plays = [Play(pair, Borough.at(site), silent) for silent in (True, False)]
    try:
        return list(dict.fromkeys(_differences(pair, *plays)))
    finally:
        for play in plays:
            play.borough.hub.database.close()


def _differences(pair: Pair, one: Play, other: Play) -> Iterator[str]:
    state, plays = pair.chance.getstate(), (one, other)
    for play in plays:
        pair.chance.setstate(state)
        with capture_logs() as lines:
            play.begins()
            play.goes_on()
        play.logged += lines
    products, items = (_to_guess(*both) for both in zip(one.ids(), other.ids(), strict=True))
    ends = []
    for play in plays:
        with capture_logs() as lines:
            play.is_guessed_at(products, items)
            ends.append(play.ends())
        play.logged += lines
    besides = _in_the_know(pair)
    got = [play.borough.got(*besides) for play in plays]
    for mine, theirs in zip_longest(*got):
        if mine != theirs:
            yield f"{(mine or theirs)[1]}"
    if one.logged != other.logged:
        yield "the log"
    yield from _shown(pair, *ends)


def _to_guess(ours: set[str], theirs: set[str]) -> list[str]:
    """Ids of what one of the two has, and a few of what both have."""
    return [*sorted(ours ^ theirs)[:3], *sorted(ours & theirs)[:2]]


def _shown(pair: Pair, ours: list[tuple[str, Any]], theirs: list[tuple[str, Any]]) -> Iterator[str]:
    for (name, mine), (_, other) in zip(ours, theirs, strict=True):
        known = LEAD in pair.kind.known_to or not pair.kind.looked_at
        looks = known and not name.startswith("status")
        if not pair.kind.counted and name.startswith("case"):
            mine, other = _numbered(mine), _numbered(other)
        total = name.startswith("status") and not pair.kind.counted
        if not looks and not total and flat(mine) != flat(other):
            yield name


def _numbered(events: Any) -> Any:
    """With places among themselves: what another message was recorded before has a higher one."""
    if not isinstance(events, list):
        return events
    return [one | {"position": number} for number, one in enumerate(events)]


def a_pair(site: Site, kind: str, *, name: str) -> list[str]:
    """What differs in a pair by this name, which is its seed."""
    return played(site, Pair.drawn(name, KINDS[kind]))


def prove(plan: Plan, *, progress: Progress) -> dict[str, Any]:
    """The figures of F20."""
    differ: dict[str, list[str]] = {}
    compared: Counter[str] = Counter()
    names = sorted(KINDS, key=lambda kind: kind != _SHOWS.get(plan.without))
    with site() as made, letting_show(plan.without):
        for number in range(plan.pairs):
            kind = names[number % len(names)]
            name = f"{plan.seed}-{number}"
            found = a_pair(made, kind, name=name)
            compared[kind] += 1
            if found:
                differ[f"{name}, {kind}"] = found
            progress(1)
            if found and plan.without:
                break
    return {
        "pairs": compared.total(),
        "seed": plan.seed,
        "differ": len(differ),
        "where": dict(Counter(one for each in differ.values() for one in each).most_common(20)),
        "first": next(iter(differ.items()), None),
        "kinds": dict(compared),
        "without": plan.without,
    }


@contextmanager
def site() -> Iterator[Site]:
    """The sample's borough, whose hubs keep nothing."""
    with tempfile.TemporaryDirectory(prefix="hub-f20-") as folder:
        config = prepare(Path(folder) / "hub", port=0).config
        yield Site.of(read_settings(config, {}), folder=config.parent)


# --- controls


def _pictured(item: InformationItem) -> ShownItem:
    return ShownItem(**item.shared(ShownItem))


def _told_apart(known: Approvals, ruled: ItemRuled, *, now: Now) -> Outcome[Approvals]:
    """Refuse whoever is not its owner otherwise where there is such an item."""
    there = any(one.item_id == ruled.decision.item_id for one in known.withheld)
    if there and not known.decides(ruled.decision.item_id, ruled.agency):
        return refuse("refused.not-yours", "item_id")
    return rule(known, ruled, now=now)


FAULTS: Final[Mapping[str, tuple[str, Callable[..., Any]]]] = {
    "drafted": ("router.steps.compose.decide._is_silent", lambda *_: False),
    "named": ("router.steps.compose.weighing.names_to", lambda *_: True),
    "news": ("router.steps.rate.decide._is_no_news", lambda _: False),
    "refused": ("router.steps.approve.decide.rule", _told_apart),
    "pictured": ("router.picture.gathered.shown", lambda items: tuple(map(_pictured, items))),
    "listed": ("ops.look.revealing.unsaid", lambda entry, *_, **__: entry.message.data),
}
"""Each lets a silent item show: by what, and what stands in its place."""
_SHOWS: Final = {
    "drafted": "answered late and alone",
    "named": "answered late and alone",
    "refused": "withheld when asked",
}
"""With which kind of item a control begins, where not every kind shows."""


@contextmanager
def letting_show(fault: str) -> Iterator[None]:
    """With a fault by which a silent item shows."""
    with ExitStack() as stack:
        if fault:
            stack.enter_context(patch(*FAULTS[fault]))
        yield
