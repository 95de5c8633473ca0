"""A model learned from a stream of which nothing or some is known: what it so far believes is
counted, in turns.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from random import Random
from typing import Any, Final

from router.linkage.compare import FIELDS
from router.linkage.index import Index
from router.linkage.learning.train import (
    STORIES,
    Counts,
    Pair,
    Told,
    compare,
    count,
    estimate,
    expect,
    observe,
    strangers,
)
from router.linkage.link import crowds, link
from router.linkage.model import SCALES, Model, read_model
from router.linkage.profile import extend, found
from router.linkage.subject import Subject

_CANDIDATES: Final = 12
_COMMON: Final = 5
"""Names that fewer have are left out of a model file: they could tell of a person."""
_FEWEST: Final = 0.5
"""Pairs of a story that must be allowed for though none was believed."""


def learn(
    stream: Sequence[Subject], base: Mapping[str, Any], *, version: str, rounds: int = 4
) -> dict[str, Any]:
    """The content of a model file learned from ``stream``, beginning with ``base``; thresholds stay
    as they are there.

    In each round the model so far links the stream, and each pair that it looks at counts as one
    child as far as the model believes it. How brothers, sisters and namesakes agree stays as in
    ``base``: without being told, nothing keeps them apart from the same child told of differently.
    How frequent they are is learned.
    """
    base = {**base, "names": _common_names(stream)}
    data = dict(base)
    for _ in range(rounds):
        heard = _heard(stream, data)
        data = {**estimate(count(heard.pairs), base, version=version), "prior": heard.prior()}
    return data


@dataclass(frozen=True, slots=True)
class Lesson:
    """A model after one more round: the content of its file, the counts it stands on, and how much
    still moved.
    """

    data: dict[str, Any]
    counts: Counts
    moved: float
    """By how many bits a pair of one child is weighed otherwise than in the round before, in the
    field moved most.
    """


def lessons(
    stream: Sequence[Subject], base: Mapping[str, Any], *, version: str, told: Iterable[Told] = ()
) -> Iterator[Lesson]:
    """A model learned from ``stream`` as :func:`learn` does, and from ``told``, better each round,
    without end.

    Each round counts as the mean of all so far, so that links that come and go even out and the
    model settles. What is told says how brothers, sisters and namesakes agree, and is the same each
    round.
    """
    known = list(told)
    base = {**base, "names": _common_names([*stream, *(subject for subject, _, _ in known)])}
    certain = list(observe(known))
    data, counts, prior = dict(base), count(()), dict(base["prior"])
    for number in itertools.count(1):
        heard = _heard(stream, data)
        counts = _mean(counts, count([*certain, *heard.pairs]), number=number)
        if stream:
            latest = heard.prior()
            prior = (
                latest
                if number == 1
                else {s: b + (latest[s] - b) / number for s, b in prior.items()}
            )
        new = {
            **estimate(counts, base, version=version),
            "prior": {story: round(bits, 2) for story, bits in prior.items()},
        }
        yield Lesson(new, counts, _moved(data, new, counts=counts))
        data = new


def _heard(stream: Sequence[Subject], data: Mapping[str, Any]) -> _Round:
    heard = _Round(read_model(data))
    for subject in stream:
        heard.hear(subject)
    return heard


def _mean(before: Counts, new: Counts, *, number: int) -> Counts:
    """The mean of ``number`` rounds, of which ``before`` is the mean of all but the last."""
    mean = count(())
    for story, fields in mean.items():
        for place, field in enumerate(fields):
            old, latest = before[story][place], new[story][place]
            for level in sorted({*old, *latest}):
                known = old.get(level, 0.0)
                field[level] = known + (latest.get(level, 0.0) - known) / number
    return mean


def _moved(before: Mapping[str, Any], after: Mapping[str, Any], *, counts: Counts) -> float:
    """The most that a field moved, each of its levels counting as often as it occurs for the same
    child.
    """
    moved = [0.0]
    for place, field in enumerate(FIELDS):
        known, same, bits = before["bits"][field], counts["same"][place], after["bits"][field]
        changes = {
            level: abs(_same(bits, name) - _same(known, name))
            for level, name in enumerate(SCALES[field])
        }
        total = max(1.0, sum(same.values()))
        moved.append(
            sum(same.get(level, 0.0) * change for level, change in changes.items()) / total
        )
    return max(moved)


def _same(levels: Mapping[str, Sequence[float]], name: str) -> float:
    return levels.get(name, (0.0,))[0]


class _Round:
    """The stream linked by one model, and what it believes of the pairs that it looks at."""

    def __init__(self, model: Model) -> None:
        self.pairs: list[Pair] = []
        self._model = model
        self._index = Index(most=_CANDIDATES)
        self._known: list[str] = []
        self._heard = 0
        self._believed = dict.fromkeys(STORIES, 0.0)
        self._chance = Random(0)  # noqa: S311 - a sample, the same each time

    def hear(self, subject: Subject) -> None:
        """Compare a subject with candidates and with strangers, and link it."""
        candidates, oversized = self._index.find(subject), self._index.crowds(subject)
        crowded = crowds(subject, candidates, oversized=oversized)
        for profile in candidates:
            levels = compare(subject, profile, crowded=crowded)
            shares = expect(subject, levels, model=self._model)
            self.pairs.append((levels, {"same": shares["same"]}))
            for story, share in shares.items():
                self._believed[story] += share
        for stranger in filter(None, map(self._index.get, strangers(self._known, self._chance))):
            self.pairs.append((compare(subject, stranger, crowded=crowded), {"other": 1.0}))
        decision = link(subject, candidates, model=self._model, oversized=oversized)
        self._heard += 1
        if decision.person is not None:
            self._index.put(extend(decision.person, subject))
            return
        person = str(self._heard)
        family = decision.family.family_id if decision.family else person
        self._index.put(found(subject, person_id=person, family_id=family, case_id=person))
        self._known.append(person)

    def prior(self) -> dict[str, float]:
        """How frequent each story is among all pairs of a subject and a person, in bits."""
        every = self._heard * len(self._known)
        return {
            story: round(log2(max(self._believed[story], _FEWEST) / every), 2)
            for story in STORIES[:3]
        }


def _common_names(stream: Sequence[Subject]) -> dict[str, dict[str, float]]:
    """How often names occur, per mille, of those that more than a few have."""
    return {
        "given_per_mille": _per_mille(
            [word for s in stream for name in s.givens for word in name.split()]
        ),
        "family_per_mille": _per_mille(
            [word for s in stream for name in s.families for word in name.split()]
        ),
    }


def _per_mille(words: Sequence[str]) -> dict[str, float]:
    return {
        w: round(1000 * n / len(words), 2)
        for w, n in sorted(Counter(words).items())
        if n >= _COMMON
    }
