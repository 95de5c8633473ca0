"""``ops/PROOFS.md``: every figure that the hub publishes about itself, and what was measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from tests.proofs.catalogue import Figure, controls
from tests.proofs.kept import Measured

PLACE = Path(__file__).parents[2] / "ops" / "PROOFS.md"
BEGINNING = """\
# What the hub says of itself, and what was measured

Written by `python -m tests.proofs report` from [what is promised](../tests/proofs/catalogue.toml)
and [what was measured](../tests/proofs/measured.jsonl): change those.

`make proof PROOF="f24"` runs a proof, and the last line that it prints is its figures as one JSON
object; with what it printed in a file, `python -m tests.proofs keep FILE…` keeps that line.
`make bench` measures speed: `python -m tests.proofs keep --as bench FILE`. A proof's *control*
drops a rule of the hub (`--without`); the check has to fail then, or it would prove nothing.
Controls are kept in the same way, and are listed as red where they failed.

*Not measured* means that no result is kept, and says nothing of how it would be. Speeds are of the
machine that measured them, which others may have used at the same time. Version: the commit that
was measured; `-dirty` is with changes that were not committed.
"""
_HEAD = (
    *("id", "what it promises", "aim", "last measured", "n, seed", "when, version"),
    *("reached", "repeat", "control"),
)
_NOT_FIGURES = {"id", "proof", "aims", "n", "seed", "seeds", "reached", "without", "on", "version"}
_MOST = 8
"""So many figures of a proof whose line does not say which to show."""


def written(
    figures: Iterable[Figure],
    measured: Sequence[Measured],
    *,
    commands: Mapping[str, click.Command],
) -> str:
    """The whole page."""
    parts = [BEGINNING]
    for group, those in groupby(figures, key=lambda one: one.group):
        rows = [row for one in those for row in _rows(one, measured, commands=commands)]
        table = [_row(_HEAD), _row("---" for _ in _HEAD), *map(_row, rows)]
        parts.append(f"\n## {group}\n\n" + "\n".join(table) + "\n")
    return "".join(parts)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rows(
    figure: Figure, measured: Sequence[Measured], *, commands: Mapping[str, click.Command]
) -> Iterator[tuple[str, ...]]:
    """One for each run that is kept; one that says so where there is none."""
    command = commands.get(figure.measured_by)
    own = [one for one in measured if one["proof"] == figure.measured_by]
    control = _controls(figure, own, command)
    runs = [one for one in own if not one.get("without")]
    for run in runs:
        repeat = _repeat(figure, f"`{_command(figure, run.get('repeat', figure.measured_by))}`")
        yield (figure.id, figure.promise, _aim(figure, run), *_told(figure, run), repeat, control)
    if not runs:
        there = command is not None or figure.measured_by.startswith("bench")
        known = f"`{_command(figure, figure.measured_by)}`" if there else "no command yet"
        nothing = ("not measured", "", "", "not measured")
        yield (figure.id, figure.promise, figure.aim, *nothing, _repeat(figure, known), control)


def _repeat(figure: Figure, command: str) -> str:
    """What measures it anew, and which tests look at a part of it."""
    tests = ", ".join(f"`{path}`" for path in figure.tests)
    return f"{command}; tests of a part: {tests}" if tests else command


def _command(figure: Figure, words: str) -> str:
    if figure.measured_by == "bench":
        return "make bench"
    if figure.measured_by.startswith("bench "):
        return f"python -m tests.{figure.measured_by} --json"
    return f"python -m tests.proofs {words}"


def _aim(figure: Figure, run: Measured) -> str:
    then = run["aims"].get(figure.id, figure.aim)
    return figure.aim if then == figure.aim else f"{figure.aim} (when measured: {then})"


def _told(figure: Figure, run: Measured) -> tuple[str, ...]:
    shown = [pair for name in figure.shows for pair in found(run, name)] or _plain(run)
    n = next((value for _, value in found(run, figure.n)), None)
    seeds = run.get("seed", run.get("seeds"))
    several = ", ".join(map(str, seeds)) if isinstance(seeds, list | dict) else seeds
    size = ("" if n is None else _value(n), "" if seeds is None else f"seed {several}")
    return (
        "; ".join(f"{name} {_value(value)}" for name, value in shown),
        ", ".join(filter(None, size)),
        f"{run['on']}, {run['version']}",
        _reached(figure, run, n=n),
    )


def _reached(figure: Figure, run: Measured, *, n: Any) -> str:
    """What the proof said itself, and how far off each bound is that was not kept."""
    missed = [
        f"{name} {_value(value)}, {how} {_value(bound)} is the aim"
        for bounds, how in ((figure.at_most, "at most"), (figure.at_least, "at least"))
        for pattern, bound in bounds.items()
        for name, value in found(run, pattern)
        if (value > bound if bounds is figure.at_most else value < bound)
    ]
    if missed or not run.get("reached", True):
        return "**not reached**" + "".join(f"; {one}" for one in missed)
    if "reached" not in run and not (figure.at_most or figure.at_least):
        return "measured"
    if figure.full and n is not None and n < figure.full:
        return f"reached, of {_value(n)} instead of {_value(figure.full)}"
    return "reached"


def _controls(figure: Figure, own: Iterable[Measured], command: click.Command | None) -> str:
    """Which were seen red, which were not and should have been, and which are still to be seen."""
    runs = [one for one in own if one.get("without")]
    red = [f"`{one['without']}` on {one['on']}" for one in runs if not one.get("reached")]
    green = [f"`{one['without']}`" for one in runs if one.get("reached")]
    seen = {one["without"] for one in runs}
    rest = [name for name in controls(command) if name not in seen]
    told = (
        figure.control,
        f"seen red: {', '.join(red)}" if red else "",
        f"**not red, and should be**: {', '.join(green)}" if green else "",
        f"run not kept: `--without` {', '.join(f'`{one}`' for one in rest)}" if rest else "",
    )
    return "; ".join(filter(None, told)) or "none yet"


def found(told: Any, pattern: str) -> Iterator[tuple[str, Any]]:
    """What stands there, with its name; nothing where there is nothing of that name."""
    first, _, rest = pattern.partition(".")
    inside = {str(n): one for n, one in enumerate(told)} if isinstance(told, list) else told
    if not isinstance(inside, dict):
        return
    for name in list(inside) if first == "*" else [one for one in (first,) if one in inside]:
        for below, value in found(inside[name], rest) if rest else [("", inside[name])]:
            several = first == "*" or not rest
            yield ".".join(filter(None, (name if several else "", below))), value


def _plain(run: Measured) -> list[tuple[str, Any]]:
    told = [(name, value) for name, value in run.items() if name not in _NOT_FIGURES]
    return [(name, value) for name, value in told if isinstance(value, int | float)][:_MOST]


def _value(value: Any) -> str:
    if isinstance(value, list | dict):
        return str(len(value))
    whole = isinstance(value, int) and not isinstance(value, bool)
    return f"{value:,}" if whole else str(value)
