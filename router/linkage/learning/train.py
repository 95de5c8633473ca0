"""Weights from pairs: how often each level of agreement occurs for the same child, its family, a
namesake, anybody.

Pairs come from a stream whose children are known (from reviews, or made up), or of which nothing is
known: then the model so far says how likely each story is for each pair (expectation), and is
counted anew from that (maximisation).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import log2
from random import Random
from typing import Any, Final

from router.linkage.compare import FIELDS, Levels, compare_household, compare_self
from router.linkage.index import Index
from router.linkage.model import SCALES, Model
from router.linkage.names import Likeness
from router.linkage.profile import Profile, extend, found
from router.linkage.subject import Subject
from router.linkage.weigh import odds, query

Told = tuple[Subject, str, str]
"""A subject, and the ids of the child and of the family that it is really of."""
Pair = tuple[Levels, Mapping[str, float]]
"""Levels of agreement and how likely each of ``STORIES`` is, known or expected."""
Counts = dict[str, list[defaultdict[int, float]]]
"""Per story and field of ``FIELDS``, how often each level occurred."""

STORIES: Final = ("same", "family", "namesake", "other")
_AS_SAME: Final = frozenset({"given", "family", "birth", "sex"})
"""Fields in which a namesake agrees much as the child itself does; how much less, only the base
model says.
"""
_NO_EVIDENCE: Final = -1.0
"""Namesakes are few: that a level was never seen of them says no more than this."""
_NOTHING: Final = [0.0, 0.0, 0.0, 0.0]
_COUNTED_WHOLE: Final = frozenset({"kin", "incident", "twin"})
"""Fields in which it says something that nothing is said."""
_STRANGERS: Final = 3
_PRIOR_PAIRS: Final = 60.0
"""How many pairs the model so far counts as, against those observed."""


def observe(stream: Iterable[Told], *, index: Index | None = None) -> Iterator[Pair]:
    """The pairs of a stream of known children: each subject with its candidates and with some
    strangers.
    """
    index = Index() if index is None else index
    chance = Random(0)  # noqa: S311 - a sample, the same each time
    known: list[str] = []
    family_of: dict[str, str] = {}
    for subject, child, family in stream:
        for profile in index.find(subject):
            levels = compare(subject, profile)
            if story := _story(levels, profile, child=child, family=family):
                yield levels, {story: 1.0}
        for other in strangers(known, chance):
            stranger = index.get(other)
            if stranger is not None and family_of[other] != family:
                yield compare(subject, stranger), {"other": 1.0}
        before = index.get(child)
        index.put(
            extend(before, subject)
            if before
            else found(subject, person_id=child, family_id=family, case_id=child)
        )
        if before is None:
            known.append(child)
            family_of[child] = family


def strangers(known: Sequence[str], chance: Random) -> list[str]:
    """Some of those known."""
    return chance.choices(known, k=_STRANGERS) if known else []


def compare(subject: Subject, profile: Profile, *, crowded: Collection[str] = ()) -> Levels:
    """All levels of agreement, in the order of ``FIELDS``; ``crowded`` phones and homes say
    nothing.
    """
    own = compare_self(subject, profile)
    return own + compare_household(subject, profile, given=own[0], crowded=crowded)


def expect(subject: Subject, levels: Levels, *, model: Model) -> dict[str, float]:
    """How likely each story is for a subject that agrees with a profile in these levels, by the
    model so far.
    """
    bits = (*odds(query(subject, model), levels), 0.0)
    weights = [2.0 ** (b - max(bits)) for b in bits]
    return {story: weight / sum(weights) for story, weight in zip(STORIES, weights, strict=True)}


def count(pairs: Iterable[Pair]) -> Counts:
    """Add up the pairs, each by how likely it is of each story."""
    counts: Counts = {story: [defaultdict(float) for _ in FIELDS] for story in STORIES}
    for levels, stories in pairs:
        for story, share in stories.items():
            for field, level in zip(counts[story], levels, strict=True):
                field[level] += share
    return counts


def estimate(counts: Counts, base: Mapping[str, Any], *, version: str) -> dict[str, Any]:
    """The content of a model file: ``base`` with the bits that the counts speak for, where there
    are many.
    """
    bits = {
        field: _Field(
            field, base["bits"][field], counts={story: counts[story][i] for story in STORIES}
        ).bits()
        for i, field in enumerate(FIELDS)
    }
    for limit in base.get("limits", ()):
        values = bits[limit["field"]].get(limit["level"])
        if values:
            _limit(values, limit)
    return {**base, "version": version, "bits": bits}


def _limit(values: list[float], limit: Mapping[str, Any]) -> None:
    """Keep bits within what is prudent where streams cannot be trusted; the model file says why."""
    for column, story in enumerate(STORIES[:3]):
        low, high = limit.get(story, (-20.0, 20.0))
        values[column] = min(max(values[column], low), high)


class _Field:
    """One field's counts by story, beside what the model so far says of it."""

    def __init__(
        self,
        name: str,
        base: Mapping[str, list[float]],
        *,
        counts: Mapping[str, Mapping[int, float]],
    ) -> None:
        self.name = name
        self.levels = {
            level: called
            for level, called in enumerate(SCALES[name])
            if self._speaks(
                called, known=called in base or any(level in c for c in counts.values())
            )
        }
        self.base = {level: base.get(called, _NOTHING) for level, called in self.levels.items()}
        self.counts = counts
        self.other = self._shares("other", dict.fromkeys(self.levels, 1.0))

    def _speaks(self, level: str, *, known: bool) -> bool:
        """Whether a level says something: it occurs or is known, and is not just that nothing was
        given.
        """
        return self.name in _COUNTED_WHOLE if level == "none" else known

    def bits(self) -> dict[str, list[float]]:
        """Per level: bits for the same child, the family, a namesake, and the weight of the name's
        rarity.
        """
        told = [self._bits(story, i) for i, story in enumerate(STORIES[:3])]
        found = {}
        for level in self.levels:
            same, family, namesake = (bits[level] for bits in told)
            old = self.base[level]
            namesake = (
                same + old[2] - old[0] if self.name in _AS_SAME else max(namesake, _NO_EVIDENCE)
            )
            found[self.levels[level]] = [
                round(same, 2),
                round(family, 2),
                round(namesake, 2),
                old[3],
            ]
        return found

    def _bits(self, story: str, column: int) -> dict[int, float]:
        """Bits of each level: what was observed, with the model so far counting as some pairs
        more.
        """
        expected = {
            level: 2.0 ** old[column] * (1.0 if old[3] else self.other[level])
            for level, old in self.base.items()
        }
        scale = _PRIOR_PAIRS / sum(expected.values())
        shares = self._shares(story, {level: weight * scale for level, weight in expected.items()})
        return {
            x: log2(share) - (0.0 if self.base[x][3] else log2(self.other[x]))
            for x, share in shares.items()
        }

    def _shares(self, story: str, prior: Mapping[int, float]) -> dict[int, float]:
        counted = self.counts[story]
        total = sum(counted.get(level, 0.0) + weight for level, weight in prior.items())
        return {
            level: (counted.get(level, 0.0) + weight) / total for level, weight in prior.items()
        }


def _story(levels: Levels, profile: Profile, *, child: str, family: str) -> str:
    """The story of a candidate; '' for one of the others, as candidates resemble the subject more
    than others do.
    """
    if profile.person_id == child:
        return "same"
    if profile.family_id == family:
        return "family"
    return "namesake" if levels[0] <= Likeness.SHORT and levels[1] <= Likeness.TYPO else ""
