"""A model learned from a stream of which nothing is known: what the model so far believes is counted, in turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import log2
from random import Random
from typing import Any, Final

from router.linkage.index import Index
from router.linkage.link import crowds, link
from router.linkage.model import Model, read_model
from router.linkage.profile import extend, found
from router.linkage.subject import Subject
from router.linkage.train import STORIES, Pair, compare, count, estimate, expect, strangers

_CANDIDATES: Final = 12
_COMMON: Final = 5
"""Names that fewer have are left out of a model file: they could tell of a person."""
_FEWEST: Final = 0.5
"""Pairs of a story that must be allowed for though none was believed."""


def learn(stream: Sequence[Subject], base: Mapping[str, Any], version: str, *, rounds: int = 4) -> dict[str, Any]:
    """The content of a model file learned from ``stream``, beginning with ``base``; thresholds stay as they are there.

    In each round the model so far links the stream, and each pair that it looks at counts as one child as far as the
    model believes it. How brothers, sisters and namesakes agree stays as in ``base``: without being told, nothing
    keeps them apart from the same child told of differently. How frequent they are is learned.
    """
    base = {**base, "names": _common_names(stream)}
    data = dict(base)
    for _ in range(rounds):
        heard = _Round(read_model(data))
        for subject in stream:
            heard.hear(subject)
        data = {**estimate(count(heard.pairs), base, version), "prior": heard.prior()}
    return data


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
        crowded = crowds(subject, candidates, oversized)
        for profile in candidates:
            levels = compare(subject, profile, crowded)
            shares = expect(subject, levels, self._model)
            self.pairs.append((levels, {"same": shares["same"]}))
            for story, share in shares.items():
                self._believed[story] += share
        for stranger in filter(None, map(self._index.get, strangers(self._known, self._chance))):
            self.pairs.append((compare(subject, stranger, crowded), {"other": 1.0}))
        decision = link(subject, candidates, self._model, oversized=oversized)
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
        return {story: round(log2(max(self._believed[story], _FEWEST) / every), 2) for story in STORIES[:3]}


def _common_names(stream: Sequence[Subject]) -> dict[str, dict[str, float]]:
    """How often names occur, per mille, of those that more than a few have."""
    return {
        "given_per_mille": _per_mille([word for s in stream for name in s.givens for word in name.split()]),
        "family_per_mille": _per_mille([word for s in stream for name in s.families for word in name.split()]),
    }


def _per_mille(words: Sequence[str]) -> dict[str, float]:
    return {w: round(1000 * n / len(words), 2) for w, n in sorted(Counter(words).items()) if n >= _COMMON}
