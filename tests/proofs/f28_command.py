"""``f28``: what can still be read of the people of a case in sanitised texts."""

from __future__ import annotations

from typing import Any

import click

from tests.proofs.f28 import CONTROLS, Plan, prove
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say


@click.command()
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=(1, 11, 12),
    show_default=True,
    help="Texts for each; may be repeated.",
)
@click.option("--narratives", type=click.IntRange(min=1), default=2000, show_default=True)
@click.option("--sentences", type=click.IntRange(min=1), default=500, show_default=True)
@click.option(
    "--without", type=click.Choice(list(CONTROLS)), help="A control: do without; it has to fail."
)
@json_option
def f28(
    *,
    seeds: tuple[int, ...],
    narratives: int,
    sentences: int,
    without: str | None,
    as_json: bool,
) -> None:
    """F28: identifiers of the case left in sanitised texts, by kind of disguise.

    Exits with 1 when more than 0.1 % of them are left, 0.1 % of what should stay is gone, or 5 % of
    the sentences that hold nothing are touched.
    """
    plan = Plan(seeds=seeds, narratives=narratives, sentences=sentences, without=without or "")
    with progress("sanitising", plan.total) as advance:
        figures = prove(plan, progress=advance)
    say(figures, as_json=as_json, well=figures["reached"], words=_tell)


def _tell(figures: dict[str, Any]) -> None:
    for seed, of_seed in figures["seeds"].items():
        click.echo(f"seed {seed}:")
        in_lines(of_seed)
    click.echo("    hidden  left in  by kind of disguise")
    for kind, counts in figures["kinds"].items():
        click.echo(f"{counts['hidden']:10}  {counts['left_in']:7}  {kind}")
