"""The hub's own engine on a public data set: a model learned from it without the truth, a stream, a
second look.

First the records are linked one by one as notifications are, against what is known of each person
by then. Then, as later evidence may show two persons to be one, persons are compared anew; those
more likely one than two are joined. In the hub that second look asks a human; here the model
answers, at even odds.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from router.linkage import Model, Profile, Subject, extend, found, link
from router.linkage.index import Index
from router.linkage.link import Linkage, crowds
from router.linkage.profile import merge
from router.linkage.weigh import query, weigh
from schemas.case import LinkOutcome
from tests.proofs.k2.records import Record

_CANDIDATES = 12
"""As many as the hub compares with each notification."""
EVEN = 0.0
"""Bits at which two persons are as likely one as two."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """Which person each record was filed under, and how often a human would have been asked."""

    persons: Mapping[str, str]
    outcomes: Mapping[LinkOutcome, int]


class Register:
    """Persons in memory, with the records that each is made of; ``once`` where each table lists a
    person once.
    """

    def __init__(self, model: Model, *, once: bool = False) -> None:
        self._model = model
        self._once = once
        self._index = Index(most=_CANDIDATES)
        self._subjects: dict[str, list[Subject]] = {}
        self._tables: dict[str, set[str]] = {}
        self._joined: dict[str, str] = {}

    def stream(self, records: Sequence[Record]) -> Streamed:
        """Link the records in order, each against what came before."""
        persons, outcomes = {}, Counter[LinkOutcome]()
        for record in records:
            decision = self._decide(record.subject)
            outcomes[decision.outcome] += 1
            persons[record.id] = self._file(record, decision).person_id
        return Streamed(persons, outcomes)

    def look_again(self) -> int:
        """Join persons more likely one than two; how many were joined to another."""
        waiting = deque(self._subjects)
        while waiting:
            person = waiting.popleft()
            if person in self._joined:
                continue
            likeness, other = max(self._alike(person), default=(EVEN, ""))
            if other and likeness >= EVEN:
                waiting.append(self._join(person, other))
        return len(self._joined)

    def person(self, person_id: str) -> str:
        """The person that ``person_id`` was joined to, or itself."""
        while person_id in self._joined:
            person_id = self._joined[person_id]
        return person_id

    def _decide(self, subject: Subject) -> Linkage:
        return link(
            subject,
            self._index.find(subject),
            model=self._model,
            oversized=self._index.crowds(subject),
        )

    def _may_be(self, some: set[str], others: set[str]) -> bool:
        """Whether what is from these tables may be one person's."""
        return not self._once or some.isdisjoint(others)

    def _file(self, record: Record, decision: Linkage) -> Profile:
        known = decision.person
        if known is None or not self._may_be(self._tables[known.person_id], {record.table}):
            family = decision.family.family_id if decision.family else record.id
            profile = found(record.subject, person_id=record.id, family_id=family, case_id="")
        else:
            profile = extend(known, record.subject)
        self._subjects.setdefault(profile.person_id, []).append(record.subject)
        self._tables.setdefault(profile.person_id, set()).add(record.table)
        self._index.put(profile)
        return profile

    def _alike(self, person: str) -> list[tuple[float, str]]:
        """The persons found by the records of a person, with how likely they are one with it, in
        bits.
        """
        near = {
            self.person(p.person_id) for s in self._subjects[person] for p in self._index.find(s)
        } - {person}
        mine = self._tables[person]
        return [
            (self._likeness(person, o), o)
            for o in sorted(near)
            if self._may_be(mine, self._tables[o])
        ]

    def _likeness(self, a: str, b: str) -> float:
        """How far the records of the one of whom less is known speak for being the other, on
        average.
        """
        small, large = self._by_size(a, b)
        profile = self._index.get(large)
        assert profile is not None
        scores = [
            weigh(query(s, self._model, crowded=self._crowded(s)), profile).score
            for s in self._subjects[small]
        ]
        return sum(scores) / len(scores)

    def _crowded(self, subject: Subject) -> frozenset[str]:
        return crowds(subject, self._index.find(subject), oversized=self._index.crowds(subject))

    def _by_size(self, a: str, b: str) -> tuple[str, str]:
        first, second = sorted((a, b), key=lambda person: (len(self._subjects[person]), person))
        return first, second

    def _join(self, a: str, b: str) -> str:
        small, large = self._by_size(a, b)
        mine, theirs = self._index.get(small), self._index.get(large)
        assert mine is not None
        assert theirs is not None
        self._index.put(merge(theirs, mine))
        self._subjects[large] += self._subjects.pop(small)
        self._tables[large] |= self._tables.pop(small)
        self._joined[small] = large
        return large


def without_names(data: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a model file that says nothing of names, for a control."""
    silent = {
        field: {level: [0.0] * 4 for level in data["bits"][field]} for field in ("given", "family")
    }
    return {**data, "bits": {**data["bits"], **silent}}
