"""``python -m tests.bench``: what this hub can do here, beside what its store could do bare and
what its peers can do.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from tests.bench.against import against, run_module
from tests.bench.layout import sample_settings
from tests.bench.linkage_command import linkage_
from tests.bench.parts import FULL, PARTS, QUICK
from tests.bench.warned import warned
from tests.services.process import ServiceUnavailable

__all__ = ["bench", "sample_settings"]
_CHECKOUT = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--quick", is_flag=True, envvar="QUICK", help="A small form, under five minutes.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the stores whose growth is measured here, and use again those that are here.",
)
@click.pass_context
def bench(context: click.Context, *, quick: bool, folder: Path | None) -> None:
    """Measure the hub; the last line is one JSON object. Without a command: all parts.

    Everything is durable: SQLite in WAL mode with synchronous=FULL, PostgreSQL with
    synchronous_commit=on. The bare limit is what this machine writes of the rows of commit b698ed7
    with nothing decided. Figures are of this machine, now: compare within one run.
    """
    context.obj = replace(QUICK if quick else FULL, folder=folder)
    if context.invoked_subcommand is None:
        _measure(PARTS, context)


def _measure(names: Iterable[str], context: click.Context) -> None:
    """Parts by name; one that cannot be had says why in the place of its figures."""
    told, figures = _telling(), {}
    for name in names:
        try:
            figures[name] = PARTS[name](context.obj, told)
        except (ServiceUnavailable, TimeoutError) as reason:
            figures[name] = {"missing": str(reason)}
    _print(figures)


def _part(name: str) -> click.Command:
    @click.command(name, help=f"Only the figures of {name!r}.")
    @click.pass_context
    def only(context: click.Context) -> None:
        _measure([name], context)

    return only


for _name in PARTS:
    bench.add_command(_part(_name))
bench.add_command(linkage_)


@bench.command("against")
@click.argument("checkout", type=_CHECKOUT)
@click.option("--notifications", type=click.IntRange(200), default=2000, show_default=True)
@click.option("--turns", type=click.IntRange(1), default=5, show_default=True)
def against_(checkout: Path, *, notifications: int, turns: int) -> None:
    """Run the embedded hub of this and of another CHECKOUT in turns, and print the ratios."""
    _print(against(checkout, number=notifications, turns=turns, told=_telling()))


@bench.command("warned")
@click.option("--notifications", type=click.IntRange(200), default=2000, show_default=True)
def warned_(*, notifications: int) -> None:
    """Whether what is accepted with warnings is rated as fast as what is clean."""
    _print(warned(number=notifications, told=_telling()))


@bench.command()
@click.argument("checkout", type=_CHECKOUT)
@click.option("--notifications", type=click.IntRange(200), default=4000, show_default=True)
def record(checkout: Path, *, notifications: int) -> None:
    """Print what the embedded hub of a CHECKOUT writes: the batches of bare_limit.json."""
    click.echo(run_module("tests.bench.recording", str(notifications), checkout=checkout))


def _telling() -> Callable[[str], None]:
    started = time.monotonic()

    def told(what: str) -> None:
        click.echo(f"{time.monotonic() - started:6.0f} s  {what}", err=True)

    return told


def _print(figures: dict[str, Any]) -> None:
    click.echo(json.dumps(figures))
