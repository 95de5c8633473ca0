"""``hub bench``: what this machine's hub can do, beside what its store could do bare."""

from __future__ import annotations

import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from ops.bench.embedded import end_to_end, steady
from ops.commands.common import json_option, say, say_json, say_table
from ops.configuration import read_settings
from schemas.settings import HubSettings


@click.group(invoke_without_command=True)
@click.option("--notifications", type=click.IntRange(200), default=4000, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True, help="Of the steady 100/s.")
@json_option
@click.pass_context
def bench(ctx: click.Context, notifications: int, seconds: float, as_json: bool) -> None:
    """Measure the embedded hub: rate end to end, latency at a steady 100 a second, and the store's bare limit.

    Everything is durable (SQLite in WAL mode, synchronous=FULL). The bare limit writes the same rows in the same
    transactions, with nothing decided. Figures are of this machine, now: compare within one run.
    """
    if ctx.invoked_subcommand is not None:
        return
    settings = sample_settings()
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = {"end_to_end": end_to_end(settings, Path(folder), notifications)}
        figures["steady"] = steady(settings, Path(folder), per_second=100, seconds=seconds)
    _report(figures, as_json=as_json)


def sample_settings() -> HubSettings:
    """The sample hub's settings."""
    with as_file(files("ops.sample") / "hub.toml") as path:
        return read_settings(path, {})


def _report(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(figures)
        return
    for title, part in figures.items():
        say_table(title.replace("_", " "), [{"figure": name, "value": value} for name, value in part.items()])
    say("Aims: 1,000 notifications/s, half of the bare limit, p99 under 100 ms.")
