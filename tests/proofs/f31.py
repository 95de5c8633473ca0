"""F31: 'who saw or decided what about this child' beside a list that is kept by whoever did it all,
and how long it takes to answer on so many leaves.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from statistics import quantiles
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID

from ops.access.acting import Asker, asker
from ops.look import deeds, who
from ops.run.wiring import Hub
from schemas.access import Access, Act, Purpose, Resource, Role
from schemas.base import Fact
from schemas.decisions import DeliveryReceived, ProductFetched, RatingDecided
from schemas.erasure import HoldAdded
from schemas.message import Message
from schemas.operations import AccessDenied, RecordAccessed, RecordRevealed
from schemas.rating import TimerElapsed
from stores import codec
from tests.proofs.f35 import record
from tests.support import given
from tests.support.filled import empty_hub, grown

CONTROLS: Final = ("merged", "whole-case", "received")
ALLOWED: Final = 1000.0
"""Milliseconds, for the 95th percentile."""
_AT_ONCE: Final = 2000
_QUIET: Final = 24
"""Entries of a child about nothing that anybody did: most of a record is that."""
_SHOWN: Final = 5
_MERGED: Final = 0.3
_ME: Final = ("J. Auditor", "yearly audit")
Done = tuple[str, str | None]
"""What was done, and by whom."""


@dataclass(slots=True)
class Driver:
    """Does things about children, and keeps a list of its own."""

    chance: Random
    kept: dict[str, dict[str, Done]] = field(default_factory=lambda: defaultdict(dict))
    """By case, by message."""
    moves: dict[str, dict[str, Done]] = field(default_factory=lambda: defaultdict(dict))
    into: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By case, those that became one with it."""
    recorded: set[str] = field(default_factory=set)
    _last: str | None = None
    _number: int = 0

    def children(self) -> Iterator[list[Message]]:
        """One child after the other, each with all that is recorded about it."""
        while True:
            yield [*self._child(f"case-{self._number}", f"ref-{self._number}")]
            self._number += 1

    def _child(self, case: str, referral: str) -> Iterator[Message]:
        elapsed = TimerElapsed(step="rate", key=case, due_at=given.NOON)
        quiet = [self._entry(case, referral, fact=elapsed) for _ in range(_QUIET)]
        linked = given.linked().model_copy(update={"referral_id": referral, "case_id": case})
        yield self._entry(case, referral, fact=linked)
        yield from quiet
        for fact, done in self._acts(case, quiet[0].id):
            yield self._done(case, referral, fact=fact, done=done)
        if self._last and self.chance.random() < _MERGED:
            yield self._merged(case, referral, into=self._last)
        self._last = case

    def _acts(self, case: str, about: str) -> Iterator[tuple[Fact, Done]]:
        """``about``: a message about the child, which somebody looked at."""
        by = f"Worker {self.chance.randrange(50)}"
        asked = {"record_id": case, "act": Act.LOOK, "record": Resource.ACCESSES, "access": _BY}
        shown = {"record_id": case, "message_ids": (about,), "access": _BY}
        every: list[tuple[Fact, Done]] = [
            (_made(RecordRevealed, shown, seen_by=by, why="complaint"), ("saw", by)),
            (_made(RecordAccessed, asked, who=by, why="audit"), ("saw", by)),
            (_made(AccessDenied, asked, who=by), ("was denied", by)),
            (_made(HoldAdded, _HOLD, case_id=case, decided_by=by), ("decided", by)),
            (_made(ProductFetched, _FETCHED, case_id=case), ("saw", None)),
            (_made(DeliveryReceived, _received(case, by)), ("received", by)),
            (_made(RatingDecided, _rated(case, by)), ("decided", by)),
        ]
        yield from self.chance.sample(every, self.chance.randint(1, len(every)))

    def _done(self, case: str, referral: str, *, fact: Fact, done: Done) -> Message:
        """Looks at a whole case, and holds of it, are found by the case alone."""
        whole = isinstance(fact, RecordRevealed | RecordAccessed | AccessDenied | HoldAdded)
        message = self._entry(case, f"look-{case}" if whole else referral, fact=fact)
        self.kept[case][message.id] = done
        return message

    def _merged(self, case: str, referral: str, *, into: str) -> Message:
        """What the one was about belongs to the other from now on."""
        fact = given.corrected(from_=case, to=into).model_copy(update={"referral_id": referral})
        message = self._entry(into, referral, fact=fact)
        self.into[into].append(case)
        self.moves[into][message.id] = ("decided", fact.decided_by)
        return message

    def _entry(self, case: str, referral: str, *, fact: Fact) -> Message:
        return Message(
            id=str(UUID(int=self.chance.getrandbits(128))),
            source="proof",
            time=codec.from_micros(time.time_ns() // 1000),
            key=case,
            correlation_id=referral,
            causation_id=None,
            data=fact,
        )

    def about(self, case: str) -> dict[str, Done]:
        """All that was done about a child, also under what has become one with it."""
        found = self.kept[case] | self.moves[case]
        for other in self.into[case]:
            found |= self.about(other)
        return found


def prove(
    path: Path,
    *,
    leaves: int,
    asks: int,
    seed: int,
    without: str | None,
    advance: Callable[[int], None],
) -> dict[str, Any]:
    """Record so many entries, then ask about so many children, by case and by referral."""
    driver = Driver(Random(seed))  # noqa: S311
    _, hub = empty_hub(path / "hub")
    _fill(hub, driver, leaves=leaves, advance=advance)
    grown(hub)
    moved = {case for others in driver.into.values() for case in others}
    roots = sorted(driver.kept.keys() - moved)
    chosen = driver.chance.sample(roots, min(asks, len(roots)))
    merged = [case for case in driver.into if case not in moved][: max(1, asks // 10)]
    wrong, millis = list[str](), list[float]()
    me = asker(hub, _ME[0], why=_ME[1], purpose=Purpose.AUDIT)
    with _without(without):
        for case in (*chosen, *merged):
            referral = case.replace("case", "ref")
            for wanted, expected in ((case, driver.about(case)), (referral, driver.kept[case])):
                started = time.monotonic()
                found = _told(hub, wanted, me)
                millis.append((time.monotonic() - started) * 1000)
                if found != expected:
                    wrong.append(wanted)
    hub.database.close()
    return _figures(wrong, millis) | {"leaves": leaves, "seed": seed, "without": without or ""}


def _figures(wrong: list[str], millis: list[float]) -> dict[str, Any]:
    cuts = quantiles(millis, n=100, method="inclusive")
    return {
        "id": "F31",
        "asked": len(millis),
        "incomplete": len(wrong),
        "examples": wrong[:_SHOWN],
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
    }


def _fill(hub: Hub, driver: Driver, *, leaves: int, advance: Callable[[int], None]) -> None:
    every = (message for child in driver.children() for message in child)
    for start in range(0, leaves, _AT_ONCE):
        part = [*islice(every, min(_AT_ONCE, leaves - start))]
        record(hub, part)
        driver.recorded |= {message.id for message in part}
        advance(len(part))
    for kept in (driver.kept, driver.moves):
        for case, done in kept.items():
            kept[case] = {id_: one for id_, one in done.items() if id_ in driver.recorded}


def _told(hub: Hub, wanted: str, me: Asker) -> dict[str, Done]:
    """What the hub says, but for our own asking."""
    part = who.newest(hub, wanted, asker=me)
    found = part.deeds
    while part.older is not None:
        part = who.newest(hub, wanted, asker=me, before=part.older)
        found += part.deeds
    return {deed.message_id: (deed.kind, deed.who) for deed in found if deed.who != _ME[0]}


@contextmanager
def _without(what: str | None) -> Iterator[None]:
    """A control: this is not looked for."""
    named = tuple(one for one in deeds._NAMED if one[0] != "received_by")
    dropped: dict[str, AbstractContextManager[Any]] = {
        "merged": patch.object(who, "_moved", lambda _: iter(())),
        "whole-case": patch.object(who, "_as_part", lambda *_: iter(())),
        "received": patch.object(deeds, "_NAMED", named),
    }
    with dropped[what] if what else nullcontext():
        yield


_BY: Final = Access(
    rules="standard-1",
    digest="0" * 64,
    decided=("audit",),
    agency="police",
    roles=(Role.AUDITOR,),
    purpose=Purpose.AUDIT,
)
_HOLD: Final = {"hold_id": "hold-1", "why": "court order"}
_FETCHED: Final = {"product_id": "product-1", "recipient": "csc_duty_team", "letter_id": "letter-1"}


def _made(fact: type[Fact], told: Mapping[str, Any], **more: Any) -> Fact:
    return fact.model_validate({**told, **more})


def _received(case: str, by: str) -> dict[str, Any]:
    receipt = {"product_id": "product-1", "case_id": case, "status": "received", "received_by": by}
    return {"agency": "csc_duty_team", "receipt": receipt}


def _rated(case: str, by: str) -> dict[str, Any]:
    said = {"colour": "amber", "decided_by": by, "rationale": "As seen"}
    decision = {"referral_id": case.replace("case", "ref"), "case_id": case} | said
    return {"agency": "childrens_social_care", "decision": decision}
