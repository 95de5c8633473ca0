"""Which links wait for a human, and what humans decided about links; ids and reasons alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Final, TypeAlias, TypeVar

from ops.look.reading import Readable
from router.memory.register import persons_of
from router.steps.rate.state import STEP_NAME
from schemas.base import Fact
from schemas.case import (
    AdultsSettled,
    ChildLinked,
    DecisionUndone,
    LinkCorrected,
    LinkOutcome,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    SplitSuggested,
)
from stores import codec, linking, noted, people, timers, trail
from stores.database import View
from stores.noted import Question
from stores.trail import Entry

_LATELY: Final = 300
"""So many of the latest links are looked through, though no clock of theirs runs any more."""
_DAYS: Final = 90
_DECIDED: Final = (
    LinkCorrected,
    PersonsMerged,
    PersonsKeptApart,
    PersonSplit,
    AdultsSettled,
    DecisionUndone,
)


@dataclass(frozen=True, slots=True)
class Review:
    """A referral whose child is in doubt."""

    referral_id: str
    agency: str
    at: dt.datetime
    candidates: int
    score: float
    """Bits of evidence for the best of them."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two persons who may be one child."""

    person_id: str
    other_person_id: str
    at: dt.datetime
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mixed:
    """A person who may be two children."""

    person_id: str
    referral_ids: tuple[str, ...]
    at: dt.datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """What a human decided about links; it may be taken back unless it was."""

    decision_id: str
    what: str
    at: dt.datetime
    by: str
    referral_ids: tuple[str, ...] = ()
    undone_by: str | None = None
    """Who took it back, and when."""
    undone_at: dt.datetime | None = None

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.undone_at is not None


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that waits, the oldest first, and what was decided lately, the newest first."""

    reviews: tuple[Review, ...]
    pairs: tuple[Pair, ...]
    mixed: tuple[Mixed, ...]
    settled: tuple[Settled, ...]


def waiting(hub: Readable, *, most: int = 50) -> Waiting:
    """What of links waits for a human, and the last that humans decided."""
    with hub.database.view() as view:
        reviews = sorted(_reviews(view), key=lambda one: one.at)
        with _told(hub, view) as (told, since):
            pairs, mixed = told.open(Pair, since), told.open(Mixed, since)
            settled = tuple(islice(told.settled(since), most))
    return Waiting(tuple(reviews), pairs, mixed, settled)


def asked(hub: Readable, *persons: str) -> Pair | None:
    """The question whether these are one child, where one waits."""
    with hub.database.view() as view, _told(hub, view) as (told, since):
        pairs = told.open(Pair, since)
    return next((one for one in pairs if {one.person_id, one.other_person_id} == {*persons}), None)


def is_waiting(hub: Readable, referral_id: str) -> bool:
    """Whether the child of a referral is in doubt."""
    with hub.database.view() as view:
        return any(True for _ in _in_doubt(view, [referral_id]))


def decision(hub: Readable, decision_id: str) -> Settled | None:
    """What was decided under an id; None where nothing about links was, or long ago."""
    with hub.database.view() as view, _told(hub, view) as (told, since):
        return next((one for one in told.settled(since) if one.decision_id == decision_id), None)


def referrals_of(hub: Readable, person_id: str) -> tuple[str, ...] | None:
    """The referrals that are held to be about a person, the last one last; None: no such person."""
    with hub.database.view() as view:
        found = persons_of(view, [people.number_of(person_id)])
        record = next((one for _, one in found.values()), None)
        if record is None or record.profile.person_id != person_id:
            return None
        linked = linking.about(
            view.connection, view.vault, ids=record.evidence, types=[ChildLinked]
        )
    facts = (one.message.data for one in linked)
    ids = (fact.referral_id for fact in facts if isinstance(fact, ChildLinked))
    return tuple(id_ for id_ in dict.fromkeys(ids) if id_ in record.evidence)


def _reviews(view: View) -> Iterator[Review]:
    lately = trail.latest(view.connection, ChildLinked.type, limit=_LATELY)
    return _in_doubt(view, {*lately, *timers.waited_for(view, STEP_NAME)})


def _in_doubt(view: View, ids: Collection[str]) -> Iterator[Review]:
    """Those that a human has not settled, or whose settling was taken back."""
    reviews: dict[str, Review] = {}
    again: dict[str, bool] = {}
    types = (ChildLinked, LinkCorrected)
    for one in linking.made_of(view, ids=ids, types=types, make=_doubt):
        match one:
            case Review():
                reviews[one.referral_id] = one
            case (referral_id, in_doubt):
                again[referral_id] = in_doubt
    yield from (one for id_, one in reviews.items() if id_ in ids and again.get(id_, True))


def _doubt(entry: Entry) -> Review | tuple[str, bool] | None:
    """What a link was in doubt about; or of which referral a human said so, or settled it."""
    match entry.message.data:
        case ChildLinked(outcome=LinkOutcome.REVIEW) as fact:
            at = _at(entry)
            return Review(fact.referral_id, fact.agency, at, len(fact.candidates), fact.score)
        case LinkCorrected() as fact:
            return fact.referral_id, fact.in_doubt
    return None


_Key: TypeAlias = tuple[str, frozenset[str]]
"""What a question is about, and what answers it: the kind, and of which persons or referrals."""
_A = TypeVar("_A", Pair, Mixed)


@dataclass(slots=True)
class _Told:
    """What was asked about persons, and what humans decided about links: ids, codes and names of
    staff, by position.
    """

    asked: dict[int, tuple[Pair | Mixed, tuple[_Key, ...]]] = field(default_factory=dict)
    answered: dict[_Key, int] = field(default_factory=dict)
    """Where each was answered last: by the question itself, or by another that settles it."""
    decided: dict[str, tuple[int, Settled]] = field(default_factory=dict)
    """Each decision once, by the fact that says most of it."""
    undone: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)

    def note(self, entry: Entry) -> None:
        """Hear the next fact."""
        match entry.message.data:
            case MergeSuggested() as fact:
                pair = ("pair", frozenset({fact.person_id, fact.other_person_id}))
                self.asked[entry.position] = _pair(entry, fact), (pair,)
            case SplitSuggested() as fact:
                person = ("split", frozenset({fact.person_id}))
                last = ("moved", frozenset({fact.referral_ids[-1]}))
                self.asked[entry.position] = _mixed(entry, fact), (person, last)
            case fact:
                self._decided(fact, entry)

    def _decided(self, fact: Any, entry: Entry) -> None:
        at, id_ = _at(entry), getattr(fact, "decision_id", None)
        if (key := _answers(fact)) is not None:
            self.answered[key] = max(entry.position, self.answered.get(key, 0))
        if isinstance(fact, DecisionUndone):
            self.undone[fact.undone_decision_id] = fact.decided_by, at
        if id_ and (id_ not in self.decided or not isinstance(fact, LinkCorrected)):
            first, _ = self.decided.get(id_, (entry.position, None))
            self.decided[id_] = first, _of(fact, at)

    def open(self, kind: type[_A], since: int) -> tuple[_A, ...]:
        """The questions of a kind behind a position that nobody has answered since."""
        found = self.asked.items()
        return tuple(
            one
            for position, (one, keys) in found
            if position > since
            and isinstance(one, kind)
            and all(self.answered.get(key, 0) <= position for key in keys)
        )

    def settled(self, since: int) -> Iterator[Settled]:
        """The decisions behind a position, the newest first."""
        for id_, (position, one) in reversed(self.decided.items()):
            if position > since:
                by, at = self.undone.get(id_, (None, None))
                yield replace(one, undone_by=by, undone_at=at)


_TOLD: Final = Question((MergeSuggested, SplitSuggested, *_DECIDED), _Told)


@contextmanager
def _told(hub: Readable, view: View) -> Iterator[tuple[_Told, int]]:
    """What was asked and decided of late, and behind which position that is."""
    since = noted.position_of(view, hub.database.clock() - _DAYS * 86_400_000_000)
    with _TOLD.asked(view, since=since) as told:
        yield told, since


def _answers(fact: Fact) -> _Key | None:
    match fact:
        case PersonsMerged(person_id=one, absorbed_person_id=other):
            return "pair", frozenset({one, other})
        case PersonsKeptApart(person_id=one, other_person_id=other):
            return "pair", frozenset({one, other})
        case PersonSplit(from_person_id=one):
            return "split", frozenset({one})
        case LinkCorrected(referral_id=one):
            return "moved", frozenset({one})
    return None


def _pair(entry: Entry, fact: MergeSuggested) -> Pair:
    return Pair(fact.person_id, fact.other_person_id, _at(entry), fact.score, fact.reasons)


def _mixed(entry: Entry, fact: SplitSuggested) -> Mixed:
    return Mixed(fact.person_id, fact.referral_ids, _at(entry), fact.reasons)


def _of(fact: Any, at: dt.datetime) -> Settled:
    ids: tuple[str, ...]
    match fact:
        case LinkCorrected() if fact.from_person_id == fact.person_id:
            what, ids = "Confirmed which child a referral is about", (fact.referral_id,)
        case LinkCorrected():
            what, ids = "Moved a referral to another child", (fact.referral_id,)
        case PersonsMerged():
            what, ids = "Found two persons to be one child", fact.referral_ids
        case PersonSplit():
            what, ids = "Found one person to be two children", fact.referral_ids
        case PersonsKeptApart():
            what, ids = "Verified that two persons are two children", ()
        case DecisionUndone():
            what, ids = "Took an earlier decision back", fact.referral_ids
        case _:
            what, ids = "Settled whether two adults are one", (fact.referral_id,)
    return Settled(fact.decision_id, what, at, fact.decided_by, ids)


def _at(entry: Entry) -> dt.datetime:
    return codec.from_micros(entry.recorded_at)
