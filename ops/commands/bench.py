"""``hub bench``: what this machine's hub can do, beside what its store could do bare."""

from __future__ import annotations

import tempfile
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import click

from ops.bench.embedded import embedded
from ops.bench.production import production
from ops.commands.common import json_option, say, say_json, say_table
from ops.configuration import read_settings
from schemas.settings import HubSettings


@click.command()
@click.option("--notifications", type=click.IntRange(200), default=4000, show_default=True)
@click.option("--seconds", type=click.FloatRange(1), default=20.0, show_default=True, help="Of the steady 100/s.")
@click.option("--production", "with_production", is_flag=True, help="Also on private Kafka and PostgreSQL.")
@json_option
def bench(notifications: int, seconds: float, with_production: bool, as_json: bool) -> None:
    """Measure the hub: rate end to end, latency at a steady 100 a second, replay, memory, and the store's bare limit.

    End to end is from intake until all are rated and requested. Everything is durable: SQLite in WAL mode with
    synchronous=FULL, PostgreSQL with synchronous_commit=on. The bare limit writes the same rows in as many
    transactions, with nothing decided. Figures are of this machine, now: compare within one run.
    """
    settings = sample_settings()
    with tempfile.TemporaryDirectory() as folder:
        figures: dict[str, Any] = {"embedded": embedded(settings, Path(folder), number=notifications, seconds=seconds)}
    if with_production:
        with as_file(files("ops.sample") / "hub.toml") as path:
            figures["production"] = production(path, number=notifications, seconds=seconds)
    _report(figures, as_json=as_json)


def sample_settings() -> HubSettings:
    """The sample hub's settings."""
    with as_file(files("ops.sample") / "hub.toml") as path:
        return read_settings(path, {})


def _report(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(figures)
        return
    for runtime, parts in figures.items():
        for title, part in parts.items():
            rows = [{"figure": name, "value": value} for name, value in part.items()]
            say_table(f"{runtime}: {title.replace('_', ' ')}", rows)
    say("Aims: 1,000 notifications/s, half of the bare limit, p99 under 100 ms.")
