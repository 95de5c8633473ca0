"""F18: no canary leaves but where its owner lets it, in random sequences of cases, approvals,
withdrawals and releases.

A whole hub works on its store; children's stories are played side by side. Every letter that is
handed out, everything that is logged, answered, shown and left in a file is searched.
"""

from __future__ import annotations

import io
import json
import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any, Final, TypeVar
from unittest.mock import patch

import httpx
import structlog

from connectors.edge import keys
from connectors.edge.keys import SigningKey
from connectors.http import create_app
from ops.access.doors import Doors
from ops.demo.running import DemoFolder, prepare
from ops.demo.simulation.answers import event
from ops.look import dead_letters
from ops.look.api.routes import description_routes
from ops.look.monitor import monitor_routes
from ops.look.status import collect
from ops.run import log
from ops.run.wiring import Hub, open_hub
from schemas.notification import Receipt
from tests.proofs.canary import CUT, ENCODINGS, found_in
from tests.proofs.f18_child import Canaries, Child, Letter
from tests.proofs.may_see import LEAD, Canary, What, may_see
from tests.support.agencies import serving
from tests.support.filled import routes_of, send

Progress = Callable[[int], None]
_SIDE_BY_SIDE: Final = 50
_ONE_TOWN: Final = 200
"""Sequences in one hub: so many that children are told apart among others, and no more."""
_ROUNDS: Final = 9


@dataclass(frozen=True, slots=True)
class Leak:
    """A canary where it must not be."""

    place: str
    what: str
    encoding: str
    story: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """So many sequences from a seed, or one of them alone."""

    sequences: int = 100_000
    seed: int = 1
    only: int | None = None

    @property
    def towns(self) -> Iterator[range]:
        """The numbers of the sequences that are played in one hub."""
        if self.only is not None:
            yield range(self.only, self.only + 1)
            return
        for start in range(1, self.sequences + 1, _ONE_TOWN):
            yield range(start, min(start + _ONE_TOWN, self.sequences + 1))


def prove(plan: Plan, *, progress: Progress) -> dict[str, Any]:
    """The figures of F18."""
    leaks: list[Leak] = []
    letters, did = Counter[str](), Counter[str]()
    played = canaries = 0
    for numbers in plan.towns:
        one = _played(numbers, str(plan.seed), progress=progress)
        played += len(numbers)
        leaks += one.leaks
        letters.update(one.letters)
        did.update(act for child in one.children.values() for act in child.did)
        canaries += len(one.canaries.by_word)
    kinds = Counter(f"{leak.what} in {leak.place} ({leak.encoding})" for leak in leaks)
    return {
        "id": "F18",
        "seed": plan.seed,
        "n": played,
        "leaks": len(leaks),
        "canaries": canaries,
        "encodings": len(ENCODINGS),
        "letters": letters.total(),
        "kinds_of_letters": len(letters),
        "found": dict(kinds.most_common(9)),
        "in_sequences": sorted({leak.story for leak in leaks})[:9],
        "did": dict(sorted(did.items())),
    }


def _played(numbers: range, seed: str, *, progress: Progress) -> Town:
    """These sequences in a hub of their own, some side by side, and a look around at the end."""
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path, town(Path(path), seed) as one:
        for first in range(numbers.start, numbers.stop, _SIDE_BY_SIDE):
            some = range(first, min(first + _SIDE_BY_SIDE, numbers.stop))
            one.plays(some)
            progress(len(some))
        one.looks_around()
    return one


@dataclass
class Town:
    """A hub, the children whose stories are played in it, and what leaked."""

    folder: DemoFolder
    hub: Hub
    seed: str
    """What a child says, and who fetches when, follows from it and the child's number alone."""
    said: io.StringIO
    """What was logged."""
    temporary: Path
    chance: Random = field(init=False)
    canaries: Canaries = field(default_factory=Canaries)
    children: dict[int, Child] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    letters: Counter[str] = field(default_factory=Counter)
    _by_referral: dict[str, int] = field(default_factory=dict)
    _sent: Counter[int] = field(default_factory=Counter)

    @cached_property
    def signing(self) -> dict[str, SigningKey]:
        """The agencies' own keys."""
        return {path.stem: keys.read(path) for path in sorted(self.folder.keys.glob("*.key"))}

    # --- stories

    def plays(self, numbers: range, *, rounds: int = _ROUNDS) -> None:
        """These stories, side by side, to their end."""
        playing = [
            Child(number, Random(f"{self.seed}/{number}"), self.canaries, self.signing)  # noqa: S311
            for number in numbers
        ]
        self.children |= {child.number: child for child in playing}
        self._draws("begins")
        self.sends([(child, *said) for child in playing for said in child.begins()])
        for turn in range(rounds):
            self._draws(turn)
            self.hands_out(all_of_it=turn == rounds - 1)
            self.sends([(child, *said) for child in playing for said in child.goes_on()])
        self.hands_out(all_of_it=True)

    def _draws(self, turn: int | str) -> None:
        """Who fetches in this turn, and what is heard, however many play."""
        self.chance = Random(f"{self.seed}/turn/{turn}")  # noqa: S311 - plays

    def sends(
        self, said: Sequence[tuple[Child, str, str, dict[str, Any]]], *, heard: bool | None = None
    ) -> None:
        """What people say, an agency's in one batch, and their receipts. ``heard``: whether
        the hub's steps hear it before anybody fetches; None: by chance.
        """
        batches: dict[str, list[dict[str, Any]]] = {}
        for child, agency, kind, data in said:
            self._sent[child.number] += 1
            type_, id_ = f"mash.{kind}.v1", f"s-{child.number}-{self._sent[child.number]}"
            made = event(
                id_, type_, agency=agency, data=json.loads(json.dumps(data, default=_json))
            )
            batches.setdefault(agency, []).append(made)
            if kind == "notification" and child.told == 1:
                self._by_referral[id_] = child.number
        for agency, events in batches.items():
            receipts = send(self.hub, agency, events)
            for receipt, one in zip(receipts, events, strict=True):
                self.receipted(receipt, one)
        # That words are told anew is known once linking has heard of it, and not before.
        amended = any(kind == "notification" for _, _, kind, _ in said)
        if heard is None:
            heard = amended or self.chance.random() < 0.6
        if heard:
            self.hub.embedded().drain()

    def receipted(self, receipt: Receipt, one: dict[str, Any]) -> None:
        """The hub has taken what somebody sent."""
        self.looks(receipt.model_dump_json().encode(), f"receipt of {one['type']}")
        if number := self._by_referral.get(one["id"]):
            self._by_referral[receipt.id] = number

    def hands_out(self, *, all_of_it: bool) -> None:
        """Agencies fetch, not each of them every time; the last time until nothing is left."""
        handed = 1
        while handed:
            handed = 0
            for agency in self.hub.settings.agencies:
                if all_of_it or self.chance.random() < 0.75:
                    handed += self._hands_to(agency)
            self.hub.embedded().drain()
            handed *= all_of_it

    def _hands_to(self, agency: str) -> int:
        leased = self.hub.queues.lease(agency, limit=500, seconds=60)
        for one in leased:
            letter = json.loads(one.body)
            self.letters[one.type] += 1
            self.looks(one.body, f"{one.type} to {agency}", viewer=agency, letter=letter)
            self._comes(agency, letter)
        self.hub.queues.acknowledge(agency, [one.id for one in leased])
        return len(leased)

    def _comes(self, agency: str, letter: Letter) -> None:
        """A letter is in the hands of those of its child."""
        data = letter["data"]
        child = self.children.get(self._by_referral.get(str(data.get("referral_id")), 0))
        if child is None:
            return
        child.in_hand.append((agency, letter))
        picture = data.get("picture")
        if picture and agency == LEAD:
            child.saw = [{"id": picture["id"], "digest": picture["digest"]}]
        if data.get("case_id"):
            child.case_id = data["case_id"]

    # --- the search

    def looks(
        self, content: bytes, place: str, *, viewer: str = "", letter: Letter | None = None
    ) -> None:
        """Whatever canary is in it and must not be is a leak."""
        for word, encoding in found_in(content):
            canary = self.canaries.by_word.get(word)
            if canary is None or not self._may(canary, viewer=viewer, letter=letter):
                what, story = (canary.what.value, canary.story) if canary else (CUT, 0)
                self.leaks.append(Leak(place, what, encoding, story))

    def _may(self, canary: Canary, *, viewer: str, letter: Letter | None) -> bool:
        if letter is None:
            return False
        story = self.children[canary.story].story
        said = (letter["data"].get(name) for name in ("product_id", "follows"))
        products = [one for one in said if one is not None]
        return may_see(canary, story, viewer=viewer, letter=letter["type"], products=products)

    def looks_around(self) -> None:
        """At all that the hub has said and left behind besides letters."""
        for name, content in (*self.said_so_far(), *self._answers(), *self.stored()):
            self.looks(content, name)

    def said_so_far(self) -> Iterator[tuple[str, bytes]]:
        """What was logged, what is shown of the hub's state, and files besides its store."""
        yield "log", self.said.getvalue().encode()
        yield "status", json.dumps(collect(self.hub), default=str).encode()
        yield "dead letters", json.dumps(dead_letters.some(self.hub), default=str).encode()
        for path in sorted(self.temporary.rglob("*")):
            if path.is_file():
                yield "temporary file", path.name.encode() + b"\n" + path.read_bytes()

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """The store's files as they lie."""
        for path in sorted(self.folder.path.glob("hub.db*")):
            yield f"store {path.name}", path.read_bytes()

    def _answers(self) -> Iterator[tuple[str, bytes]]:
        """What the web server answers to requests that go wrong, and how it says that it is."""
        with serving(_app(self.hub)) as url, httpx.Client(base_url=url) as web:
            tokens = json.loads(self.folder.tokens.read_text("utf-8"))
            head = {"Authorization": f"Bearer {tokens['police']}"}
            for name, body, media in _bad(self.canaries):
                answer = web.post(
                    "/v1/events", content=body, headers=head | {"Content-Type": media}
                )
                yield f"answer to {name}", answer.content + str(answer.headers).encode()
            for page in ("/healthz", "/v1/status", "/monitor"):
                yield f"page {page}", web.get(page).content


def _bad(canaries: Canaries) -> Iterator[tuple[str, bytes, str]]:
    word = canaries.plant(0, What.REFUSED, by="police")
    cloud = "application/cloudevents+json"
    one = event("bad", "mash.notification.v1", agency="police", data={"subject": word})
    whole = json.dumps(one).encode()
    yield "what was cut off", whole[:-9], cloud
    yield "what is no event", json.dumps({word: word}).encode(), cloud
    yield "a type that is none", json.dumps(one | {"type": f"mash.{word}.v1"}).encode(), cloud
    yield "a field that is none", json.dumps(one | {"data": {word: word}}).encode(), cloud
    yield "a form that is none", word.encode(), f"text/{word}"
    yield "a batch", json.dumps([one, word]).encode(), "application/cloudevents-batch+json"


def _anybody(_: object) -> bool:
    return True


def _app(hub: Hub) -> Any:
    return create_app(
        routes_of(hub),
        intake=hub.intake,
        queues=hub.queues,
        access=Doors(hub),
        extra_routes=[
            *monitor_routes(lambda: collect(hub), may_show=_anybody),
            *description_routes(largest_body=2_000_000),
        ],
    )


def _json(value: object) -> Any:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return value.value if hasattr(value, "value") else str(value)


T = TypeVar("T", bound=Town)


@contextmanager
def town(path: Path, seed: str) -> Iterator[Town]:
    """A hub in a folder, whose log is kept, and whatever it leaves in temporary files."""
    with town_of(Town, path, seed) as one:
        yield one


@contextmanager
def town_of(made: type[T], path: Path, seed: str) -> Iterator[T]:
    """The same, for a proof that looks at something else."""
    folder = prepare(path / "hub", port=0, signing=True)
    temporary, said = path / "temporary", io.StringIO()
    temporary.mkdir()
    log.to_stderr(said, level=logging.DEBUG)
    hub = open_hub(folder.config, {})
    with patch.object(tempfile, "tempdir", str(temporary)):
        try:
            yield made(folder, hub, seed, said, temporary)
        finally:
            hub.database.close()
            structlog.reset_defaults()
