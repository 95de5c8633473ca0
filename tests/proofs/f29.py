"""F29: nothing is read without a need, and every look that breaks the glass alerts.

Invented children of whom several agencies tell, each word of it a canary, and each owner says how
far it may go. Then people ask to see: by chance who, what, what for, with a reason or none, in an
emergency or not. Whatever canary comes on a screen has to be one that a person of these roles needs
for that, by the model of F24, which is asked with what the agencies themselves said of their items.
And whoever was shown something in an emergency has been told of, by letter, to each agency whose
words it was, and somebody else is named who reviews it.
"""

from __future__ import annotations

import json
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final
from unittest.mock import patch

from ops.access import recording
from ops.access.acting import AT_THE_MACHINE, Asker, Denied, asker
from ops.access.recording import NobodyReviews
from ops.demo.running import prepare
from ops.demo.simulation.answers import answer
from ops.look import pictures, revealing, trail
from ops.run.configuration import read_settings
from router.access.decide import decide
from schemas.access import AccessRules, Answer, Purpose, Question, Verdict
from tests.proofs.access_model import verdict
from tests.proofs.canary import MARK, canary
from tests.proofs.f18_child import nhs_number
from tests.proofs.onlookers import Borough, Event, Site, flat

LEAD: Final = "childrens_social_care"
WORKERS: Final = ("S. Worker", "T. Worker")
TELLERS: Final = ("police", "school", "gp", "housing", "nhs_emergency")
NOBODY: Final = "N. Obody"
WHY: Final = {"reason": "It would tell who saw it."}
FLAGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "open": {"may_be_revealed": True},
    "restricted": {"may_be_revealed": True, "sensitivity": "restricted"},
    "signpost": {"may_be_revealed": False, "signpost": True, **WHY},
    "silent": {"may_be_revealed": False, "signpost": False, **WHY},
}
"""What owners say of an item, as they send it."""
_CHILDREN: Final = 4
_TOLD: Final = 9
"""Notifications in one hub: most children have several."""
_LOOKS: Final = 250
"""In one hub, once all is told."""
NEEDS: Final = (
    *((who, "safeguarding", False) for who in (*WORKERS, "D. Manager", "M. Sergeant")),
    *((who, "emergency", True) for who in (*WORKERS, "D. Manager")),
    *(("J. Auditor", purpose, False) for purpose in ("audit", "disclosure")),
    *(("C. Caldicott", purpose, False) for purpose in ("safeguarding", "audit")),
)
"""Who mostly asks, what for, and whether in an emergency; others are drawn at random."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Plan:
    """So many looks from a seed; ``without``: what of the hub is dropped."""

    looks: int
    seed: int = 1
    without: str = ""


def _unasked(rules: AccessRules, question: Question) -> Answer:
    """Whoever gives a name and a reason is let."""
    if question.person and question.reason:
        return Answer(Verdict.ALLOW, None)
    return decide(rules, question)


def _mildest(sight: revealing.Sight, entry: Any) -> Answer:
    answers = map(sight.answer, sight.items.held(entry))
    return min(answers, key=lambda one: list(Verdict).index(one.verdict))


CONTROLS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "rules": lambda: patch.object(revealing, "decide", _unasked),
    "strictest": lambda: patch.object(revealing.Sight, "of", _mildest),
    "elsewhere": lambda: patch.object(revealing, "_elsewhere", lambda *_: iter(())),
    "owners": lambda: patch.object(revealing, "_tell_owners", lambda *_, **__: None),
    "reviewer": lambda: patch.object(recording, "_reviewer", lambda *_: None),
}
"""What may be dropped: the rules are asked; of all that an entry holds the strictest word counts;
what a picture shows of other times is known again; owners are told; somebody is named who reviews.
The proof has to fail then.
"""


@dataclass(frozen=True, slots=True)
class Told:
    """A canary: whose words it is in, and what that says of them."""

    owner: str
    flag: str
    child: int


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody asks to see, and what for."""

    who: str | None
    command: str
    child: int
    wanted: str
    why: str | None
    purpose: str | None
    emergency: bool


@dataclass(repr=False)
class Town:
    """A hub, its children, and what agencies told of them."""

    borough: Borough
    people: Mapping[str, Mapping[str, Any]]
    chance: Random
    told: dict[str, Told] = field(default_factory=dict)
    referrals: dict[str, int] = field(default_factory=dict)
    wanted: list[tuple[int, str, str]] = field(default_factory=list)
    """Of which child, what may be asked for, and by which command."""
    decided: set[tuple[str, int]] = field(default_factory=set)
    """Who has decided about which child."""

    def plant(self, owner: str, child: int) -> tuple[str, dict[str, Any]]:
        """A new word of an owner, with what that says of it."""
        flag = self.chance.choice(["open", *FLAGS])
        word = canary(len(self.told) + 1)
        self.told[word] = Told(owner, flag, child)
        return word, dict(FLAGS[flag])

    def notified(self, child: int) -> None:
        """An agency tells of a child, and all who are asked about it answer."""
        agency = self.chance.choice(TELLERS)
        word, sharing = self.plant(agency, child)
        reference = f"R-{len(self.told)}"
        person = {
            "identifier": [
                {"value": nhs_number(child), "system": "https://fhir.nhs.uk/Id/nhs-number"}
            ],
            "name": [{"given_name": [f"Kim{child}"], "family_name": ["Invented"]}],
            "date_of_birth": {"date": f"201{child % 10}-02-09"},
        }
        said = {"subject": person, "narrative": f"Hit at home, as {word} said.", "sharing": sharing}
        moment = {"reference": reference, "observed_at": "2026-06-10T09:40:00Z"}
        id_ = self.borough.tells(agency, "notification", said | moment)
        self.referrals[id_] = child
        self.wanted += [(child, one, "case") for one in (id_, f"{agency}/{reference}")]
        self.wanted.append((child, id_, "picture"))
        for _ in range(4):
            self.borough.everybody_answers(self._reply)

    def _reply(self, letter: Event) -> Event | None:
        """As the simulated people answer, but for who rates and what is told."""
        data = letter["data"]
        child = self.referrals.get(str(data.get("referral_id")))
        made = answer(letter)
        if made is None or child is None:
            return made
        if letter["type"] == "mash.rating-request.v1":
            who = self.chance.choice(WORKERS)
            made["data"]["decided_by"] = who
            self.decided.add((who, child))
            self.wanted.append((child, data["case_id"], "case"))
        if letter["type"] == "mash.information-request.v1":
            return self._informed(letter["subject"], made, child=child)
        return made

    def _informed(self, agency: str, made: Event, *, child: int) -> Event:
        for item in made["data"].get("items", ()):
            word, flags = self.plant(agency, child)
            item |= {"sensitivity": "routine", "may_leave": True, "signpost": True} | flags
            item["text"] = f"Seen with {word} at home."
        return made

    # --- who asks

    def looks(self, number: int) -> Look:
        """Somebody, by chance, mostly with a need."""
        child, wanted, command = self.chance.choice(self.wanted)
        who, purpose, emergency = self._with_a_need()
        if self.chance.random() < 0.4:
            who = self.chance.choice((*self.people, NOBODY, None))
            purpose = self.chance.choice((*(one.value for one in Purpose), None))
            emergency = self.chance.random() < 0.3
        return Look(
            who=who,
            command=self.chance.choice((command, command, command, "trail")),
            child=child,
            wanted=wanted,
            why=None if self.chance.random() < 0.1 else f"Because of {number}.",
            purpose=purpose,
            emergency=emergency,
        )

    def _with_a_need(self) -> tuple[str | None, str | None, bool]:
        return self.chance.choice(NEEDS)

    def seen(self, look: Look) -> str:
        """All that comes on their screen."""
        hub, by = self.borough.hub, self._asker(look)
        try:
            if look.command == "picture":
                shown, now = pictures.reveal(hub, look.wanted, asker=by)
                return flat([[asdict(one) for one in shown], now])
            if look.command == "case":
                return flat([asdict(one) for one in trail.reveal(hub, look.wanted, asker=by)])
            return flat([asdict(one) for one in trail.of(hub, look.wanted, asker=by)])
        except (Denied, NobodyReviews) as refused:
            return str(refused)

    def _asker(self, look: Look) -> Asker:
        if look.who is None:
            return AT_THE_MACHINE
        purpose = Purpose(look.purpose) if look.purpose else None
        hub = self.borough.hub
        return asker(hub, look.who, why=look.why, purpose=purpose, break_glass=look.emergency)

    # --- what is wrong

    def may(self, look: Look, one: Told) -> bool:
        """Whether they need these words, as the model says of what was told."""
        known = self.people.get(look.who or "", {"agency": None, "roles": ()})
        roles = {"operations"} if look.who is None else set(known["roles"])
        question = {
            "person": look.who,
            "agency": known["agency"],
            "roles": roles,
            "act": "look" if look.command == "trail" else "reveal",
            "resource": look.command,
            "purpose": look.purpose,
            "assigned": (look.who, one.child) in self.decided,
            "reason": bool(look.why),
            "break_glass": look.emergency,
            "owner": one.owner,
            "sensitivity": FLAGS[one.flag].get("sensitivity", "routine"),
            "existence": one.flag if one.flag in ("signpost", "silent") else "open",
            "on": self.borough.now.date(),
        }
        return look.command != "trail" and verdict(question) == "allow"

    def alerts(self) -> set[tuple[str, str, str]]:
        """Which agencies were told of whose look in an emergency, and of somebody else who reviews
        it: the agency, who looked, and why.
        """
        self.borough.everybody_answers(lambda _: None)
        letters = [
            (got.agency, json.loads(got.content.partition(" ")[2])["data"])
            for got in self.borough.seen
            if got.kind == "letter mash.content-revealed.v1"
        ]
        return {
            (agency, said["seen_by"], said["why"])
            for agency, said in letters
            if said.get("emergency") and said.get("reviewed_by") not in (None, said["seen_by"])
        }


def words_in(shown: str) -> set[str]:
    """Every canary that is on a screen."""
    lower = shown.lower()
    ends = [at for at in range(len(lower)) if lower.startswith(MARK, at)]
    return {lower[at - 8 : at] + MARK for at in ends}


def prove(plan: Plan, *, progress: Callable[[int], None]) -> dict[str, Any]:
    """Have people look, and say what they saw without a need, and whom nobody told."""
    count, wrong = Counter[str](), list[str]()
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as folder:
        config = prepare(Path(folder) / "hub", port=0).config
        site = Site.of(read_settings(config, {}), folder=config.parent)
        people = {one["name"]: one for one in tomllib.loads(config.read_text("utf-8"))["people"]}
        for start in range(0, plan.looks, _LOOKS):
            town = Town(Borough.at(site), people, Random(f"{plan.seed}/{start}"))  # noqa: S311
            numbers = range(start, min(start + _LOOKS, plan.looks))
            wrong += _looked_at(town, numbers, count, without=plan.without, progress=progress)
            town.borough.hub.database.close()
    return {
        "n": plan.looks,
        "seed": plan.seed,
        "without": plan.without,
        **{name: count[name] for name in _COUNTED},
        "wrong": len(wrong),
        "examples": wrong[:_SHOWN],
    }


_COUNTED: Final = (
    *("denied", "shown", "words", "emergencies"),
    *("without_need", "without_alert"),
)


def _looked_at(
    town: Town,
    numbers: range,
    count: Counter[str],
    *,
    without: str,
    progress: Callable[[int], None],
) -> list[str]:
    """What is not as it has to be of these looks."""
    wrong, opened = list[str](), list[tuple[Look, set[str]]]()
    for _ in range(_TOLD):
        town.notified(town.chance.randint(1, _CHILDREN))
    with CONTROLS[without]() if without else nullcontext():
        for number in numbers:
            look = town.looks(number)
            words = words_in(town.seen(look)) & town.told.keys()
            count.update(words=len(words), shown=bool(words), denied=not words)
            needless = [town.told[word] for word in words if not town.may(look, town.told[word])]
            count.update(without_need=len(needless))
            wrong += [f"{look}: {one.owner}'s {one.flag} words" for one in needless]
            if look.emergency and words:
                opened.append((look, {town.told[word].owner for word in words}))
            progress(1)
    return [*wrong, *_untold(town, opened, count)]


def _untold(town: Town, opened: list[tuple[Look, set[str]]], count: Counter[str]) -> Iterator[str]:
    """Of which look in an emergency somebody was not told whose words were shown."""
    alerts = town.alerts()
    count.update(emergencies=len(opened))
    for look, owners in opened:
        untold = [one for one in sorted(owners) if (one, look.who, look.why) not in alerts]
        count.update(without_alert=bool(untold))
        yield from (f"{look}: {one} was not told" for one in untold)
