"""Names of a batch compared one by one, as linking does, and in columns (decision 48).

``python -m tests.bench.columns`` needs numpy (`make install-proofs`) and prints milliseconds of CPU
for 200 children with eight candidates each, as JSON.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable
from importlib.resources import files

from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist

from router.linkage import names

_CHILDREN, _CANDIDATES, _TIMES = 200, 8, 5

Called = tuple[str, str]
"""A given name and a family name."""


def compared() -> dict[str, float]:
    """The medians of five."""
    facts = files("router.linkage").joinpath("names.json").read_text(encoding="utf-8")
    known = json.loads(facts)
    chance = random.Random(1)  # noqa: S311 - which names meet does not matter
    given, family = list(known["given_per_mille"]), list(known["family_per_mille"])

    def one() -> Called:
        return chance.choice(given), chance.choice(family)

    children = [one() for _ in range(_CHILDREN)]
    candidates = [[one() for _ in range(_CANDIDATES)] for _ in children]
    return {
        "one_by_one_cold_ms": _median(lambda: _one_by_one(children, candidates), before=_forget),
        "one_by_one_ms": _median(lambda: _one_by_one(children, candidates)),
        "a_column_for_each_child_ms": _median(lambda: _columns(children, candidates)),
        "a_table_for_the_batch_ms": _median(lambda: _table(children, candidates)),
    }


def _one_by_one(children: list[Called], candidates: list[list[Called]]) -> None:
    for (given, family), others in zip(children, candidates, strict=True):
        for other_given, other_family in others:
            names.given_likeness(given, other_given)
            names.family_likeness(family, other_family)


def _columns(children: list[Called], candidates: list[list[Called]]) -> None:
    """Distances alone: spellings, short forms and initials would come on top."""
    for child, others in zip(children, candidates, strict=True):
        for part in (0, 1):
            theirs = [other[part] for other in others]
            cdist([child[part]], theirs, scorer=OSA.distance, score_cutoff=2)


def _table(children: list[Called], candidates: list[list[Called]]) -> None:
    for part in (0, 1):
        theirs = [other[part] for others in candidates for other in others]
        mine = [child[part] for child in children]
        cdist(mine, theirs, scorer=OSA.distance, score_cutoff=2)


def _forget() -> None:
    names.given_likeness.cache_clear()
    names.family_likeness.cache_clear()


def _median(work: Callable[[], None], *, before: Callable[[], None] = lambda: None) -> float:
    spent = []
    for _ in range(_TIMES):
        before()
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return round(sorted(spent)[_TIMES // 2] * 1000, 2)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(compared()) + "\n")
