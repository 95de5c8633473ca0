"""Which links wait for a human, and what humans decided about links; ids and reasons alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

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
from stores import codec, linking, overview, people, timers, trail
from stores.database import View
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
    since = hub.database.clock() - _DAYS * 86_400_000_000
    with hub.database.view() as view:
        decided = _since(view, _DECIDED, since)
        pairs = [
            _pair(one) for one in _since(view, (MergeSuggested,), since) if _asks(one, decided)
        ]
        mixed = [
            _mixed(one) for one in _since(view, (SplitSuggested,), since) if _asks(one, decided)
        ]
        reviews = sorted(_reviews(view), key=lambda one: one.at)
    return Waiting(tuple(reviews), tuple(pairs), tuple(mixed), tuple(_settled(decided))[:most])


def is_waiting(hub: Readable, referral_id: str) -> bool:
    """Whether the child of a referral is in doubt."""
    with hub.database.view() as view:
        return any(True for _ in _in_doubt(view, [referral_id]))


def decision(hub: Readable, decision_id: str) -> Settled | None:
    """What was decided under an id; None where nothing about links was, or long ago."""
    since = hub.database.clock() - _DAYS * 86_400_000_000
    with hub.database.view() as view:
        found = _settled(_since(view, _DECIDED, since))
    return next((one for one in found if one.decision_id == decision_id), None)


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


def _since(view: View, types: Collection[type[Fact]], since: int) -> list[Entry]:
    after = overview.position_before(view.connection, since)
    period = (after, overview.last_position(view.connection))
    found = [entry for type_ in types for entry in linking.within(view, type_=type_, period=period)]
    return sorted(found, key=lambda one: one.position)


def _reviews(view: View) -> Iterator[Review]:
    lately = trail.latest(view.connection, ChildLinked.type, limit=_LATELY)
    return _in_doubt(view, {*lately, *timers.waited_for(view, STEP_NAME)})


def _in_doubt(view: View, ids: Collection[str]) -> Iterator[Review]:
    """Those that a human has not settled, or whose settling was taken back."""
    linked: dict[str, Entry] = {}
    settled: dict[str, LinkCorrected] = {}
    types = (ChildLinked, LinkCorrected)
    for entry in linking.about(view.connection, view.vault, ids=ids, types=types):
        fact = entry.message.data
        if isinstance(fact, LinkCorrected):
            settled[fact.referral_id] = fact
        elif isinstance(fact, ChildLinked) and fact.outcome is LinkOutcome.REVIEW:
            linked[fact.referral_id] = entry
    for id_, entry in linked.items():
        if id_ in ids and (id_ not in settled or settled[id_].in_doubt):
            fact = entry.message.data
            assert isinstance(fact, ChildLinked)
            yield Review(id_, fact.agency, _at(entry), len(fact.candidates), fact.score)


def _asks(asked: Entry, decided: Collection[Entry]) -> bool:
    """Whether nobody has answered since: by the question itself, or by another that settles it."""
    fact = asked.message.data
    later = (one.message.data for one in decided if one.position > asked.position)
    if isinstance(fact, MergeSuggested):
        pair = {fact.person_id, fact.other_person_id}
        return not any(_pair_of(one) == pair for one in later)
    assert isinstance(fact, SplitSuggested)
    return not any(
        (isinstance(one, PersonSplit) and one.from_person_id == fact.person_id)
        or (isinstance(one, LinkCorrected) and one.referral_id == fact.referral_ids[-1])
        for one in later
    )


def _pair_of(fact: Fact) -> set[str]:
    match fact:
        case PersonsMerged(person_id=one, absorbed_person_id=other):
            return {one, other}
        case PersonsKeptApart(person_id=one, other_person_id=other):
            return {one, other}
    return set()


def _pair(entry: Entry) -> Pair:
    fact = entry.message.data
    assert isinstance(fact, MergeSuggested)
    return Pair(fact.person_id, fact.other_person_id, _at(entry), fact.score, fact.reasons)


def _mixed(entry: Entry) -> Mixed:
    fact = entry.message.data
    assert isinstance(fact, SplitSuggested)
    return Mixed(fact.person_id, fact.referral_ids, _at(entry), fact.reasons)


def _settled(decided: Collection[Entry]) -> Iterator[Settled]:
    """Each decision once, by the fact that says most of it; the newest first."""
    facts = [(one.message.data, _at(one)) for one in decided]
    undone = {
        one.undone_decision_id: (one.decided_by, at)
        for one, at in facts
        if isinstance(one, DecisionUndone)
    }
    found: dict[str, Settled] = {}
    for fact, at in facts:
        id_ = getattr(fact, "decision_id", None)
        if id_ and (id_ not in found or not isinstance(fact, LinkCorrected)):
            by, when = undone.get(id_, (None, None))
            found[id_] = replace(_of(fact, at), undone_by=by, undone_at=when)
    return reversed(found.values())


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
