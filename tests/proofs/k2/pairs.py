"""How right clusters of records are: every two records in one cluster are a pair found."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Score:
    """Pairs found, how many of them are right, and how many there are to find."""

    right: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        """Right ones of those found."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Those found of all that are to find."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of both."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


def score(clusters: Mapping[str, str], truth: Mapping[str, str]) -> Score:
    """The score of ``clusters``: which cluster each record is in; ``truth`` says the same as it
    really is.
    """
    return Score(
        right=_pairs((clusters[id_], truth[id_]) for id_ in truth),
        found=_pairs(clusters[id_] for id_ in truth),
        true=_pairs(truth.values()),
    )


def best(links: Iterable[tuple[float, str, str]], truth: Mapping[str, str]) -> tuple[Score, float]:
    """The best score that any threshold gives, and the threshold: records are joined from the
    strongest link on.

    A link may count by itself or join all that its records are joined with; whichever scores better
    is taken.
    """
    total = _pairs(truth.values())
    alone, joined = Score(0, 0, total), _Joined(truth, total)
    found, least = alone, float("inf")
    by_weight: defaultdict[float, list[tuple[str, str]]] = defaultdict(list)
    for weight, a, b in links:
        by_weight[weight].append((a, b))
    for weight in sorted(by_weight, reverse=True):
        pairs = by_weight[weight]
        right = sum(truth[a] == truth[b] for a, b in pairs)
        alone = Score(alone.right + right, alone.found + len(pairs), total)
        for a, b in pairs:
            joined.join(a, b)
        found, least = max(
            (found, least), (alone, weight), (joined.score, weight), key=lambda s: s[0].f1
        )
    return found, least


class _Joined:
    """Clusters that grow, with their score kept up to date."""

    def __init__(self, truth: Mapping[str, str], total: int) -> None:
        self.score = Score(0, 0, total)
        self._root = {id_: id_ for id_ in truth}
        self._members = {id_: Counter((person,)) for id_, person in truth.items()}

    def join(self, a: str, b: str) -> None:
        small, large = sorted(
            (self._find(a), self._find(b)), key=lambda root: self._members[root].total()
        )
        if small == large:
            return
        mine, theirs = self._members.pop(small), self._members[large]
        right = sum(n * theirs[person] for person, n in mine.items())
        found = mine.total() * theirs.total()
        theirs.update(mine)
        self._root[small] = large
        self.score = Score(self.score.right + right, self.score.found + found, self.score.true)

    def _find(self, id_: str) -> str:
        while (up := self._root[id_]) != id_:
            self._root[id_] = self._root[up]
            id_ = up
        return id_


def _pairs(groups: Iterable[object]) -> int:
    return sum(n * (n - 1) // 2 for n in Counter(groups).values())
