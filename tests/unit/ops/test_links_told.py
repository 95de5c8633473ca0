"""Which questions about persons wait, beside a plain rule over all that was said."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest

from ops.look.links import Mixed, Pair, _Told
from schemas.base import Fact
from schemas.case import (
    DecisionUndone,
    LinkCorrected,
    MergeSuggested,
    PersonsKeptApart,
    PersonsMerged,
    PersonSplit,
    SplitSuggested,
)
from stores.trail import Entry
from tests.support import given

_BY = {"decided_by": "S. Worker", "rationale": "As shown"}
_REASON: dict[str, Any] = {"score": 1.0, "reasons": ("The same name.",)}


def said(chance: random.Random) -> Fact:
    """Anything, of very few persons, referrals and decisions."""
    one, other = chance.sample("pqrs", 2)
    referrals, decision = tuple(chance.sample("123", 2)), chance.choice("abcdefgh")
    pair = {"person_id": one, "other_person_id": other}
    merged = {"person_id": one, "absorbed_person_id": other, "referral_ids": referrals}
    split = {"from_person_id": one, "person_id": other, "referral_ids": referrals}
    moved = {"referral_id": referrals[0], "from_person_id": one, "person_id": other}
    undone = {"undone_decision_id": decision, "referral_ids": referrals}
    about = {"person_id": one, "referral_ids": referrals}
    kinds: tuple[tuple[type[Fact], dict[str, Any]], ...] = (
        (MergeSuggested, pair | _REASON),
        (SplitSuggested, about | _REASON),
        (PersonsMerged, merged | _BY | {"decision_id": decision}),
        (PersonsKeptApart, pair | _BY | {"decision_id": decision}),
        (PersonSplit, split | _BY | {"decision_id": decision}),
        (LinkCorrected, moved | _BY | {"decision_id": decision}),
        (DecisionUndone, undone | _BY | {"decision_id": f"u{decision}"}),
    )
    kind, told = chance.choice(kinds)
    told["case_id"] = "case-1"
    return kind.model_construct(**told)


def answers(asked: Fact, later: Fact) -> bool:
    """Whether what was said later settles what was asked."""
    match asked, later:
        case MergeSuggested(), PersonsMerged():
            both = {later.person_id, later.absorbed_person_id}
            return both == {asked.person_id, asked.other_person_id}
        case MergeSuggested(), PersonsKeptApart():
            both = {later.person_id, later.other_person_id}
            return both == {asked.person_id, asked.other_person_id}
        case SplitSuggested(), PersonSplit():
            return later.from_person_id == asked.person_id
        case SplitSuggested(), LinkCorrected():
            return later.referral_id == asked.referral_ids[-1]
    return False


def heard(entries: Iterable[Entry]) -> _Told:
    told = _Told()
    for entry in entries:
        told.note(entry)
    return told


def recorded(chance: random.Random) -> list[Entry]:
    return [
        Entry(position, position, "test", given.message(said(chance)))
        for position in range(1, chance.randint(2, 40))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_question_waits_until_something_later_answers_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    entries = recorded(chance)
    # Who took an earlier position may commit later.
    told = heard(sorted(entries, key=lambda one: one.position + chance.choice((0, 0, 3))))
    for since in (0, len(entries) // 2):
        waits = [
            entry.message.data
            for entry in entries
            if entry.position > since
            and isinstance(entry.message.data, MergeSuggested | SplitSuggested)
            and not any(
                answers(entry.message.data, later.message.data)
                for later in entries
                if later.position > entry.position
            )
        ]
        pairs = sum(isinstance(one, MergeSuggested) for one in waits)
        assert len(told.open(Pair, since)) == pairs
        assert len(told.open(Mixed, since)) == len(waits) - pairs


@pytest.mark.parametrize("seed", range(20))
def test_each_decision_is_told_once_the_newest_first_and_whether_it_stands(seed: int) -> None:
    entries = recorded(random.Random(seed))  # noqa: S311
    told, since = heard(entries), len(entries) // 2
    first: dict[str, int] = {}
    undone: dict[str, Fact] = {}
    for entry in entries:
        fact = entry.message.data
        if (id_ := getattr(fact, "decision_id", None)) is not None:
            first.setdefault(id_, entry.position)
        if isinstance(fact, DecisionUndone):
            undone[fact.undone_decision_id] = fact
    found = list(told.settled(since))
    late = [id_ for id_, at in first.items() if at > since]
    assert [one.decision_id for one in found] == sorted(late, key=first.__getitem__, reverse=True)
    assert {one.decision_id for one in found if one.undone} == {*late} & {*undone}
