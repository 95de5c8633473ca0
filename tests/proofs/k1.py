"""K1: how well notifications are linked to children, on streams of which the truth is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.demo.simulation.children import TRUTH, generate
from ops.demo.simulation.stream import sample_lines
from ops.linkage.file import COLUMNS, decide_file
from ops.linkage.intervals import wilson
from router.linkage.model import read_content
from tests.proofs.score import Row, Score, Tally, score
from tests.support.sample import sample_truth

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What must be reached where errors are at most ``errors`` times as frequent as in the
    sample.
    """

    errors: float
    false_links: float
    """Of notifications."""
    review: float
    """Of what is decided."""
    missed: float
    """Of repeats."""


BOUNDS = (Bounds(1.0, 1e-4, 0.12, 0.02), Bounds(1.6, 2e-4, 0.18, 0.04))
_MOST_TIMES = 2.0
"""No group may be missed so many times as often as the whole."""
_RECOGNISED = 0.97
"""Of resends, under whatever reference."""
_SAMPLE = "sample"
GROUPS = "groups"
"""The bound that some group is missed too often for, more than chance explains."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Streams of ``notifications`` about ``children``, one for each seed and each factor of
    ``errors``.
    """

    notifications: int = 20_000
    children: int = 8_000
    seeds: Sequence[int] = (1,)
    errors: Sequence[float] = (1.0, 1.6)
    kinds: float = 1.0
    """How often, in a stream of its own, come placeholders, shared references, near-named twins and
    resends under new references, against what the generator's data says; 0 for no such stream.
    """
    model: str | None = None
    without: str = ""
    sample: bool = True

    @property
    def total(self) -> int:
        """How many notifications are decided in all."""
        streams = len(self.errors) + bool(self.kinds)
        made = self.notifications * len(self.seeds) * streams
        return made + len(sample_lines()) * self.sample


def prove(plan: Plan, folder: Path, *, progress: Progress) -> dict[str, Any]:
    """The figures of K1: for the sample, and for each factor of errors over all seeds."""
    model = _without(plan, folder)
    streams: dict[str, dict[str, Any]] = {}
    if plan.sample:
        streams[_SAMPLE] = _figures(
            _scored(sample_lines(), sample_truth(), model=model, progress=progress), 1.0
        )
    for errors in plan.errors:
        streams[f"errors {errors:g}"] = _figures(
            _generated(plan, errors, model=model, progress=progress), errors
        )
    if plan.kinds:
        made = _generated(plan, 1.0, kinds=plan.kinds, model=model, progress=progress)
        streams[f"kinds {plan.kinds:g}"] = _figures(made, 1.0)
    return {
        "id": "K1",
        "seeds": list(plan.seeds),
        "n": plan.total,
        "without": plan.without or None,
        "reached": all(figures["reached"] for figures in streams.values()),
        "streams": streams,
    }


def _generated(
    plan: Plan, errors: float, *, model: str | None, progress: Progress, kinds: float = 0.0
) -> Score:
    total = Score()
    for seed in plan.seeds:
        stream = generate(
            children=plan.children,
            notifications=plan.notifications,
            seed=seed,
            errors=errors,
            kinds=kinds,
        )
        lines = [json.dumps(told.record) for told in stream]
        truth = [dict(zip(TRUTH, told.truth(), strict=True)) for told in stream]
        total += _scored(lines, truth, model=model, progress=progress)
    return total


def _scored(
    lines: Iterable[str], truth: Iterable[Row], *, model: str | None, progress: Progress
) -> Score:
    return score(_decisions(lines, model=model, progress=progress), truth)


def _decisions(lines: Iterable[str], *, model: str | None, progress: Progress) -> Iterator[Row]:
    for batch in decide_file(lines, model=model):
        progress(len(batch))
        yield from (dict(zip(COLUMNS, row, strict=True)) for row in batch)


def _figures(total: Score, errors: float) -> dict[str, Any]:
    whole = total.whole
    bounds = next((b for b in BOUNDS if errors <= b.errors), None)
    figures = {
        "notifications": total.notifications,
        "false_links": whole.false_links,
        "missed_share": round(whole.missed_share, 5),
        "review_share": round(whole.review_share, 5),
        "false_duplicates": total.false_duplicates,
        "false_resends": total.false_resends,
        "resends": total.resends,
        "resends_recognised": total.resends_recognised,
        "repeats": whole.repeats,
        "right_child_shown": round(whole.found_share, 5),
        "false_link_examples": total.false_links[:20],
    }
    groups = [_group(name, tally, whole=whole) for name, tally in sorted(total.groups.items())]
    unreached = list(_unreached(total, bounds, groups=groups)) if bounds else []
    return {
        **figures,
        "reached": not unreached,
        "unreached": unreached,
        "groups": sorted(groups, key=lambda group: -float(group["times"])),
    }


def _unreached(
    total: Score, bounds: Bounds, *, groups: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    whole = total.whole
    if whole.false_links > bounds.false_links * total.notifications:
        yield "false links"
    if whole.missed_share > bounds.missed:
        yield "missed"
    if whole.review_share > bounds.review:
        yield "review share"
    if total.false_duplicates:
        yield "false duplicates"
    if total.false_resends:
        yield "new incidents called resends"
    if total.resends_recognised < _RECOGNISED * total.resends:
        yield "resends recognised"
    if any(group["above"] == "surely" for group in groups):
        yield GROUPS


def _group(name: str, tally: Tally, *, whole: Tally) -> dict[str, Any]:
    """A kind of difficulty or an origin of names. ``above``: missed too often, 'surely' where
    chance cannot be why.
    """
    low, high = wilson(tally.missed, tally.repeats)
    bound = _MOST_TIMES * whole.missed_share
    above = "surely" if low > bound else "perhaps" if tally.missed_share > bound else ""
    return {
        "group": name,
        "repeats": tally.repeats,
        "missed": tally.missed,
        "missed_share": round(tally.missed_share, 4),
        "from": round(low, 4),
        "to": round(high, 4),
        "times": round(tally.missed_share / whole.missed_share, 2) if whole.missed else 0.0,
        "review_share": round(tally.review_share, 4),
        "false_links": tally.false_links,
        "above": above,
    }


def _without(plan: Plan, folder: Path) -> str | None:
    """The model, or for a control one that lacks something that linking cannot do without."""
    if not plan.without:
        return plan.model
    changed = CONTROLS[plan.without](read_content(plan.model or "default"))
    path = folder / "model-control.json"
    path.write_text(json.dumps(changed), encoding="utf-8")
    return str(path)


def _no_household(model: dict[str, Any]) -> dict[str, Any]:
    """Home, telephone, adults and siblings say nothing."""
    return model | {
        "bits": model["bits"] | {field: {} for field in ("address", "phone", "adults", "kin")}
    }


def _no_doubt(model: dict[str, Any]) -> dict[str, Any]:
    """Whoever is likelier than not is linked, however near another comes."""
    return model | {"link_at": -2.0, "margin": 0.0, "undated": 0.0}


CONTROLS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "household": _no_household,
    "doubt": _no_doubt,
}
"""What a control run drops; the bounds then must not be reached."""
