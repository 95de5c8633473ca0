"""``f20``: a silent item makes no difference to whoever is not to know of it."""

from __future__ import annotations

import click

from tests.proofs.f20 import FAULTS, Plan, prove
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say


@click.command()
@click.option("--pairs", type=click.IntRange(min=1), default=1000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--without",
    type=click.Choice(list(FAULTS)),
    help="A control: drop this, until it shows. The check has to fail then.",
)
@json_option
def f20(*, pairs: int, seed: int, without: str | None, as_json: bool) -> None:
    """F20: pairs of hubs that differ in one silent item. Letters, receipts, refusals, status, log
    and what commands show are compared for everybody but its owner and whom that chose.

    Exits with 1 when anything differs in any of them.
    """
    plan = Plan(pairs=pairs, seed=seed, without=without or "")
    with progress("playing", plan.pairs) as advance:
        figures = prove(plan, progress=advance)
    say(figures, as_json=as_json, well=not figures["differ"])
