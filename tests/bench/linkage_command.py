"""``python -m tests.bench linkage``: how fast, beside how many, a notification is linked."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from ops.commands.common import json_option, say, say_json, say_table
from tests.bench.layout import sample_settings
from tests.bench.linkage import STORES, beside, compared, linkage, tables
from tests.services.folder import temporary_folder
from tests.services.process import ServiceUnavailable


@click.command("linkage")
@click.option(
    "--persons",
    type=click.IntRange(1000),
    multiple=True,
    default=(100_000, 1_000_000),
    show_default=True,
    help="The size of a register; may be given more than once.",
)
@click.option("--store", type=click.Choice([*STORES, "both"]), default="both", show_default=True)
@click.option("--notifications", type=click.IntRange(100), default=2000, show_default=True)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the registers here, and use again those that are here.",
)
@json_option
def linkage_(
    persons: tuple[int, ...], store: str, notifications: int, folder: Path | None, as_json: bool
) -> None:
    """Measure linking against made-up registers: time for each notification, memory, disk, and what
    was found.

    \b
    candidates and decision   from a message read to the fact that says whose child it is: describe
                              the child, look its keys up, load and decode the best candidates,
                              compare; nothing is written
    bare queries              the same queries asked again of the driver, with nothing made of
                              them: the limit
    whole step with commit    one message about a new child, who is the most to write, at a time
                              through the link step, journal and all, until it is durable

    Splink, where it is installed, is given the same register with one record of each person, and
    twenty notifications. Names are as common as in Britain, and one family in ten is a Khan with a
    son Muhammad. A register is written and filed through the store's own code, PostgreSQL in a
    server of its own. A million persons take some ten minutes for each store; figures are of this
    machine, now: compare within one run.
    """
    with ExitStack() as stack:
        at = folder or stack.enter_context(temporary_folder())
        at.mkdir(parents=True, exist_ok=True)
        stores = STORES if store == "both" else (store,)
        try:
            figures = linkage(
                sample_settings(), at, persons=persons, stores=stores, notifications=notifications
            )
        except ServiceUnavailable as reason:
            raise click.ClickException(str(reason)) from None
    summary, others = compared(figures), beside(sorted(persons))
    if as_json:
        say_json({"registers": figures, "compared": summary, "splink": others})
        return
    for title, rows in tables(figures).items():
        say_table(title, rows)
    say_table("compared", summary)
    say_table("Splink with DuckDB, one notification at a time", others)
    say(
        "Aims: p99 of candidates and decision at most 5 ms, "
        "at most twice as long for the largest, under 500 MB."
    )
