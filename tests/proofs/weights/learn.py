"""Learn what words weigh (``schemas.weighing``) from labelled narratives, and choose from when on
an account may be a Red by what models made of those that they had not seen.

A logistic regression over the features, and one over its answers and the profile's own signs; for
the latter only what other hands wrote is an example, as the profile was made with the rest.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from router.steps.same import Same
from router.steps.suggestion.reading import read, vocabulary
from router.steps.suggestion.spelling import forms
from router.steps.suggestion.weighing import features
from schemas.policy import BoroughProfile
from schemas.weighing import SignWeights, Weighing
from tests.proofs.suggestion import DEVELOPED, labelled

SENSES = Path(__file__).with_name("senses.toml")
OTHERS = ("ratings-develop-2", "ratings-develop-3", "ratings-held-out")
"""Of which whoever wrote the profile's indicators knew nothing."""
LEARNED = (*OTHERS, *(name for name in DEVELOPED if name not in OTHERS))
CHOSEN_BY = "ratings-develop-2"
_YEAR = 2026
_FOLDS = 10
_LOOSE = 24.0
"""The inverse of how much weights are held back; 8 to 32 do as well."""
_NO_KINDS = frozenset({"correct", "often_misspelt", "somebody", "the", "whom", "many", "victim"})
"""Lists that say too little of what a word is."""
_SIGNS = tuple(SignWeights.model_fields)
_COUNTS = {"ratings-plain": 0.15}
"""Textbook sentences are learned for a share: of what people write they are no example."""
_LEAST = 0.02
"""Weights under it are left out."""


@dataclass(frozen=True, slots=True)
class Examples:
    """What is learned from, one after the other."""

    kinds: dict[str, str]
    senses: dict[str, tuple[str, ...]]
    found: list[dict[str, None]]
    """The features of each."""
    signs: NDArray[np.float64]
    red: NDArray[np.bool_]
    of: NDArray[np.str_]
    """The set that each is from."""


@dataclass(frozen=True, slots=True)
class Learned:
    """The model, and what such a one reaches on examples that it has not seen."""

    weighing: Weighing
    recall: float
    precision: float


def examples(profile: BoroughProfile, sets: Iterable[str] = LEARNED) -> Examples:
    """The features and signs of every narrative of these sets."""
    told = [(name, one) for name in sets for one in labelled(name)]
    plain = Same(profile.model_copy(update={"weighing": None}))
    readings = [read(one.text, same=plain, year=_YEAR) for _, one in told]
    by_list, by_sense = kinds(profile), senses()
    return Examples(
        by_list,
        by_sense,
        [features(reading.words, kinds=by_list, senses=by_sense) for reading in readings],
        np.array([[getattr(one.red_signs, name) for name in _SIGNS] for one in readings], float),
        np.array([one.red for _, one in told]),
        np.array([name for name, _ in told]),
    )


def kinds(profile: BoroughProfile) -> dict[str, str]:
    """Each word of the profile's lists, by the shortest list that has it."""
    known = vocabulary(Same(profile))
    lists = {name: known.list_words(name) for name in profile.words if name not in _NO_KINDS}
    longest_first = sorted(lists, key=lambda name: -len(lists[name]))
    return {word: name for name in longest_first for word in sorted(lists[name]) if word[0] != "@"}


def senses(path: Path = SENSES) -> dict[str, tuple[str, ...]]:
    """Each word by what it has in common with others, in the file's order."""
    found: dict[str, dict[str, None]] = {}
    for name, words in tomllib.loads(path.read_text("utf-8")).items():
        for word in words.split():
            for form in forms(word[:-1]) if word.endswith("~") else (word,):
                found.setdefault(form, {})[name] = None
    return {word: tuple(names) for word, names in found.items()}


def learn(given: Examples, *, recall: float, told: dict[str, Any]) -> Learned:
    """Weigh so that this share of the Reds of :data:`CHOSEN_BY` is found by models that had not
    seen them.
    """
    rows, names = _rows(given.found)
    beside = np.column_stack([_unseen(rows, given), given.signs])
    others, chosen = np.isin(given.of, OTHERS), given.of == CHOSEN_BY
    second = LogisticRegression(C=10.0).fit(beside[others], given.red[others])
    totals = second.decision_function(beside)
    reds = np.sort(totals[chosen & given.red])
    least = reds[int((1 - recall) * len(reds))]
    first = _fitted(rows, given, np.arange(len(given.red)))
    share, *added = second.coef_[0]
    begins = first.intercept_[0] * share + second.intercept_[0] - least
    weights = zip(names, first.coef_[0] * rows.scale * share, strict=True)
    weighing = Weighing(
        begins_at=round(float(begins), 3),
        signs=SignWeights(**{n: round(float(w), 3) for n, w in zip(_SIGNS, added, strict=True)}),
        kinds=given.kinds,
        senses=given.senses,
        weights={n: round(float(w), 2) for n, w in weights if abs(w) >= _LEAST},
        **told,
    )
    called = chosen & (totals >= least)
    found = float((called & given.red).sum())
    return Learned(weighing, found / len(reds), found / float(called.sum()))


@dataclass(frozen=True, slots=True)
class _Rows:
    matrix: csr_matrix
    scale: NDArray[np.float64]
    """Of each feature: what is rare counts for more."""


def _rows(found: Sequence[dict[str, None]]) -> tuple[_Rows, list[str]]:
    """The features that at least two examples have, each row as long as any other."""
    times = Counter(chain.from_iterable(found))
    names = sorted(name for name, count in times.items() if count > 1)
    column = {name: number for number, name in enumerate(names)}
    rare = np.array([log((1 + len(found)) / (1 + times[name])) + 1 for name in names])
    scale = rare / rare.mean()
    begins, columns, values = [0], list[int](), list[float]()
    for one in found:
        held = [column[name] for name in one if name in column]
        columns += held
        values += [scale[number] / sqrt(len(one)) for number in held]
        begins.append(len(columns))
    matrix = csr_matrix((values, columns, begins), shape=(len(found), len(names)))
    return _Rows(matrix, scale), names


def _unseen(rows: _Rows, given: Examples) -> NDArray[np.float64]:
    """What each example weighs to a model that was made without it."""
    weighed = np.zeros(len(given.red))
    strata = np.char.add(given.of, given.red.astype(str))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=1)
    for seen, unseen in folds.split(rows.matrix, strata):
        model = _fitted(rows, given, seen)
        weighed[unseen] = model.decision_function(rows.matrix[unseen])
    return weighed


def _fitted(rows: _Rows, given: Examples, seen: NDArray[np.int64]) -> LogisticRegression:
    counts = np.array([_COUNTS.get(name, 1.0) for name in given.of[seen]])
    model = LogisticRegression(C=_LOOSE, solver="liblinear", random_state=1)
    return model.fit(rows.matrix[seen], given.red[seen], sample_weight=counts)
