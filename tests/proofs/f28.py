"""F28: identifiers of the case that can still be read in a sanitised text, however disguised, and
sentences that were touched though nothing is in them.

The texts come from :mod:`tests.proofs.disguises`, which was written apart from the sanitiser.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final
from unittest.mock import patch

from router.steps import sanitising
from router.steps.sanitising import Known, sanitise
from router.steps.sanitising.forms import Forms, forms_of
from router.steps.sanitising.reading import Reading
from tests.proofs.disguises import (
    Case,
    Picture,
    cases,
    everyone,
    innocuous,
    kept_missing,
    left_in,
    touched,
)
from tests.proofs.disguises import Person as Pictured

Progress = Callable[[int], None]
LEFT_IN: Final = 0.001
"""Of the hidden identifiers, at most."""
TOUCHED: Final = 0.05
"""Of the sentences that hold nothing, at most."""
MISSING: Final = 0.001
"""Of the words that stay, at most."""


@dataclass(frozen=True, slots=True)
class Plan:
    """For each seed so many narratives with disguised identifiers, and sentences with none."""

    seeds: Sequence[int] = (1, 11, 12)
    narratives: int = 2000
    sentences: int = 500
    without: str = ""

    @property
    def total(self) -> int:
        """How many texts are sanitised in all."""
        return len(self.seeds) * (self.narratives + self.sentences)


def prove(plan: Plan, *, progress: Progress) -> dict[str, Any]:
    """The figures of F28: for each seed, and by kind of disguise."""
    forms_of.cache_clear()
    with ExitStack() as dropped:
        for target, name, instead in CONTROLS.get(plan.without, ()):
            dropped.enter_context(patch.object(target, name, instead))
        seeds = {str(seed): _seed(plan, seed, progress=progress) for seed in plan.seeds}
    forms_of.cache_clear()
    kinds = _kinds(seeds.values())
    return {
        "id": "F28",
        "n": plan.total,
        "without": plan.without or None,
        "reached": all(figures["reached"] for figures in seeds.values()),
        "seeds": seeds,
        "kinds": kinds,
    }


@dataclass(slots=True)
class _Tally:
    hidden: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    kept: int = 0
    missing: int = 0
    touched: int = 0

    def figures(self, sentences: int) -> dict[str, Any]:
        left = self.left.total() / max(1, self.hidden.total())
        missing, wrongly = self.missing / max(1, self.kept), self.touched / sentences
        return {
            "hidden": self.hidden.total(),
            "left_in": self.left.total(),
            "left_in_share": round(left, 5),
            "kept": self.kept,
            "kept_missing": self.missing,
            "sentences": sentences,
            "touched": self.touched,
            "touched_share": round(wrongly, 5),
            "reached": left <= LEFT_IN and missing <= MISSING and wrongly <= TOUCHED,
            "by_kind": {kind: (self.left[kind], count) for kind, count in self.hidden.items()},
        }


@lru_cache(maxsize=2)
def _cases(seed: int, count: int) -> list[Case]:
    return cases(seed, count)


def _seed(plan: Plan, seed: int, *, progress: Progress) -> dict[str, Any]:
    tally = _Tally()
    for case in _cases(seed, plan.narratives):
        made = sanitise(case["text"], known=known(case["picture"])).text
        tally.hidden.update(one["what"] for one in case["hidden"])
        tally.left.update(one["what"] for one in left_in(case, made))
        tally.kept += len(case["kept"])
        tally.missing += len(kept_missing(case, made))
        progress(1)
    for one in innocuous(seed, plan.sentences):
        made = sanitise(one["text"], known=known(one["picture"])).text
        tally.touched += touched(one, made)
        progress(1)
    return tally.figures(plan.sentences)


def _kinds(seeds: Iterable[dict[str, Any]]) -> dict[str, dict[str, int]]:
    left: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for figures in seeds:
        for kind, (some, count) in figures.pop("by_kind").items():
            left[kind] += some
            hidden[kind] += count
    return {kind: {"hidden": hidden[kind], "left_in": left[kind]} for kind in sorted(hidden)}


def known(shown: Picture) -> Known:
    """The picture as the hub knows it."""
    people = everyone(shown)
    places = ((at["line1"], at["postcode"]) for person in people for at in person["addresses"])
    numbers = ((*person["identifiers"].values(), *person["telephones"]) for person in people)
    births = (person["date_of_birth"] for person in people)
    return Known(
        own=_lines((shown["child"],)),
        risks=_lines(shown["risk_persons"]),
        others=_lines(shown["others"]),
        places=_unique(line for lines in places for line in lines),
        births=tuple(dt.date.fromisoformat(day) for day in dict.fromkeys(births) if day),
        numbers=_unique(str(number) for several in numbers for number in several),
        accounts=_unique(person["email"] for person in people),
        schools=_unique(person["school"] for person in people),
    )


def _lines(people: Iterable[Pictured]) -> tuple[str, ...]:
    return _unique(line for person in people for line in _called(person))


def _called(person: Pictured) -> Iterator[str]:
    yield f"{person['given']} {person['family']}"
    if person["preferred"]:
        yield f"{person['preferred']} {person['family']}"
    yield from person["aliases"]


def _unique(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in lines if line))


def _as_written(text: str) -> Reading:
    low = text.lower() if text.isascii() else text
    return Reading(text, low, range(len(text)), range(1, len(text) + 1))


def _same(reading: Reading, *_: object) -> Reading:
    return reading


def _nothing(*_: object, **__: object) -> tuple[()]:
    return ()


def _none(*_: object) -> None:
    return None


CONTROLS: Final[Mapping[str, tuple[tuple[object, str, object], ...]]] = {
    "folding": ((sanitising, "read", _as_written),),
    "closing-up": ((sanitising, "closed_up", _same),),
    "figures": ((sanitising, "in_figures", _same),),
    "misspelling": ((Forms, "misspelt", _none),),
    "people": ((sanitising, "told", _nothing),),
    "births": ((sanitising, "births", _nothing),),
    "numbers": ((sanitising, "numbers", _nothing),),
    "accounts": ((sanitising, "accounts", _nothing),),
    "institutions": ((sanitising, "institutions", _nothing),),
    "postcodes": ((sanitising, "postcodes", _nothing),),
}
"""What a control run does without; the bounds then must not be reached."""
