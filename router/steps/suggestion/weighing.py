"""What the words of an account weigh together, beside the phrases that it holds (R16, R21).

A linear model over words, neighbours and what words have in common; learned apart, and data of the
profile (``schemas.weighing``). Phrases say what is in an account; this says what it is about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, combinations, pairwise
from math import fsum, sqrt

from router.steps.same import Same
from router.steps.suggestion.spelling import BREAKS
from schemas.weighing import Weighing

WITHIN = 120
"""Words that are weighed together: what is said in one of them must not drown in a long account."""
_STEP = WITHIN // 2
_TOLD = 3
"""What weighs most, so many of them."""
_LONGEST_NUMBER = 5
Kinds = Mapping[str, str]
Senses = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Signs:
    """Which of the profile's indicators of a Red an account holds."""

    plain: bool = False
    vague: bool = False
    denied: bool = False
    riddle: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """What an account weighs."""

    total: float
    """0 or more: it may be a Red."""
    adds: Sequence[tuple[str, float]]
    """What each feature of its heaviest stretch adds; they repeat words of the account."""

    named: frozenset[str] = frozenset()
    """Senses, of which reasons may speak."""

    @property
    def may_be_red(self) -> bool:
        """Whether it weighs enough."""
        return self.total >= 0

    @property
    def most(self) -> Sequence[tuple[str, float]]:
        """The same, the weightiest first."""
        return sorted(self.adds, key=lambda one: (-abs(one[1]), one[0]))

    @property
    def about(self) -> tuple[str, ...]:
        """What weighs most, in the names of senses: these repeat nothing of the account."""
        named = dict.fromkeys(
            part.lstrip("@")
            for feature, weight in self.most
            if weight > 0
            for part in feature.replace("&", " @").split()
            if part.startswith("@") or "&" in feature
        )
        return tuple(one for one in named if one in self.named)[:_TOLD]


def weigh(words: Sequence[str], weighing: Weighing, *, signs: Signs) -> Weighed:
    """The heaviest stretch of the account, with what its signs add."""
    added = fsum(weight for name, weight in weighing.signs if getattr(signs, name))
    heaviest = max((_stretch(part, weighing) for part in _parts(words)), key=lambda one: one.total)
    return Weighed(heaviest.total + added, heaviest.adds, _names(Same(weighing)))


@lru_cache(maxsize=16)
def _names(weighing: Same[Weighing]) -> frozenset[str]:
    return frozenset(chain.from_iterable(weighing.value.senses.values()))


def _parts(words: Sequence[str]) -> Iterator[Sequence[str]]:
    last = max(1, len(words) - WITHIN + _STEP)
    yield from (words[at : at + WITHIN] for at in range(0, last, _STEP))


def _stretch(words: Sequence[str], weighing: Weighing) -> Weighed:
    found = features(words, kinds=weighing.kinds, senses=weighing.senses)
    weights, share = weighing.weights, 1 / sqrt(max(1, len(found)))
    adds = [(one, weights[one] * share) for one in found.keys() & weights.keys()]
    return Weighed(weighing.begins_at + fsum(weight for _, weight in adds), adds)


def features(words: Sequence[str], *, kinds: Kinds, senses: Senses) -> dict[str, None]:
    """Each feature of the words, once, in order."""
    plain = [_written(word) for word in words]
    classed = [_classed(word, kinds, senses=senses) for word in plain]
    found = dict.fromkeys(plain)
    for (word, following), (one, other) in zip(pairwise(plain), pairwise(classed), strict=True):
        found[f"{word} {following}"] = found[f"{one} {other}"] = None
    for word, one in zip(plain, classed, strict=True):
        if one is not word:
            found[one] = None
            found.update((f"@{sense}", None) for sense in senses.get(word, ()))
    found.update((pair, None) for pair in _together(plain, senses))
    return found


def _written(word: str) -> str:
    """Numbers count by how long they are, and a new line as a full stop."""
    if word[0].isdigit():
        return "#" * min(len(word), _LONGEST_NUMBER) if word.isdigit() else "#.#"
    return "." if word == "\n" else word


def _classed(word: str, kinds: Kinds, *, senses: Senses) -> str:
    if word in kinds:
        return f"@{kinds[word]}"
    return f"@{senses[word][0]}" if word in senses else word


def _together(words: Iterable[str], senses: Senses) -> Iterator[str]:
    """The pairs of senses that stand in one sentence."""
    held = set[str]()
    for word in (*words, "."):
        if word in senses:
            held.update(senses[word])
        elif word in BREAKS:
            yield from (f"{one}&{other}" for one, other in combinations(sorted(held), 2))
            held = set()
