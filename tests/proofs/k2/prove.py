"""K2 put to the proof: each data set through the hub's engine and through Splink, both scored by
the same truth.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.resources import files
from time import perf_counter
from typing import Any, TypeVar

from router.linkage.learning.learn import learn
from router.linkage.model import read_model
from schemas.case import LinkOutcome
from tests.proofs.k2 import beside, census, febrl
from tests.proofs.k2.engine import Register, without_names
from tests.proofs.k2.pairs import Score, score
from tests.proofs.k2.records import Record, Task

_T = TypeVar("_T")
TASKS = {
    task.name: task
    for task in (
        Task("febrl3", febrl.febrl3, lambda: beside.febrl("dedupe_only"), once=False, least=0.9995),
        Task("febrl4", febrl.febrl4, lambda: beside.febrl("link_only"), once=True, least=0.9995),
        Task("census", census.censuses, beside.censuses, once=True, least=None),
        Task("taxes", census.taxes, beside.taxes, once=False, least=None),
    )
}
CONTROLS = ("names", "learning")
"""What can be done without: what names say, and the model learned from the data."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Which data sets, in which order or with which noise (``seed``), and a control."""

    data: Sequence[str] = tuple(TASKS)
    seed: int = 1
    without: str = ""


def prove(plan: Plan, progress: Callable[[int], None]) -> dict[str, Any]:
    """The figures of K2. Raises :class:`tests.proofs.k2.records.NotInstalled`, before anything
    takes long.
    """
    prepared = [
        (task, task.read(plan.seed), task.splink()) for task in (TASKS[name] for name in plan.data)
    ]
    figures = {}
    for task, records, setup in prepared:
        ours, seconds = _timed(partial(linked, records, once=task.once, without=plan.without))
        progress(1)
        theirs, their_seconds = _timed(partial(beside.run, records, setup, plan.seed))
        progress(1)
        figures[task.name] = {
            "records": len(records),
            "pairs": theirs.score.true,
            "hub": {**ours, "seconds": seconds},
            "splink": {
                **_rates(theirs.score),
                "f1_at_even_odds": _round(theirs.even.f1),
                "seconds": their_seconds,
            },
            "reached": _reached(ours["f1"], theirs.score, task),
        }
    return {
        "id": "K2",
        "seed": plan.seed,
        "n": sum(len(records) for _, records, _ in prepared),
        "without": plan.without or None,
        "reached": all(of["reached"] for of in figures.values()),
        "data": figures,
    }


def _reached(f1: float, theirs: Score, task: Task) -> bool:
    """Febrl has a bound of its own; elsewhere it takes more than Splink at its best threshold."""
    return f1 >= task.least if task.least is not None else f1 > theirs.f1


def linked(records: Sequence[Record], *, once: bool = False, without: str = "") -> dict[str, Any]:
    """How well the hub's engine links records, with a model learned from them."""
    truth = {record.id: record.truth for record in records}
    model = read_model(_model(records, without))
    register = Register(model, once=once)
    streamed = register.stream(records)
    at_once = score(streamed.persons, truth)
    joined = register.look_again()
    found = score({id_: register.person(person) for id_, person in streamed.persons.items()}, truth)
    return {
        **_rates(found),
        "linked_at_once": {
            **_rates(at_once),
            "reviews": streamed.outcomes.get(LinkOutcome.REVIEW, 0),
        },
        "joined_later": joined,
    }


def _model(records: Sequence[Record], without: str) -> Mapping[str, Any]:
    shipped = files("router.linkage").joinpath("model-default.json")
    base: Mapping[str, Any] = json.loads(shipped.read_text(encoding="utf-8"))
    if without == "learning":
        return base
    learned = learn([record.subject for record in records], base, version="k2")
    return without_names(learned) if without == "names" else learned


def _rates(score: Score) -> dict[str, Any]:
    return {
        "precision": _round(score.precision),
        "recall": _round(score.recall),
        "f1": _round(score.f1),
        "false": score.found - score.right,
        "missed": score.true - score.right,
    }


def _round(rate: float) -> float:
    return round(rate, 5)


def _timed(work: Callable[[], _T]) -> tuple[_T, float]:
    start = perf_counter()
    return work(), round(perf_counter() - start, 1)
