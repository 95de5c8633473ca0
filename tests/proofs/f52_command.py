"""``f52``: whoever held what changed is told."""

from __future__ import annotations

from typing import Any

import click

from tests.proofs.f52 import CONTROLS, Plan, prove
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say


@click.command()
@click.option("--sequences", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--without", type=click.Choice(list(CONTROLS)), help="A control: do without; it has to fail."
)
@json_option
def f52(*, sequences: int, seed: int, without: str | None, as_json: bool) -> None:
    """F52: re-rating, correction, recall, cancellation and closure in random sequences, beside a
    small model of who has to be told what. In half of them facts overtake each other.

    Exits with 1 when the model finds anything wrong in any of them.
    """
    plan = Plan(sequences=sequences, seed=seed, without=without or "")
    with progress("playing", plan.sequences) as advance:
        figures = prove(plan, progress=advance)
    say(figures, as_json=as_json, well=not figures["wrong"], words=_tell)


def _tell(figures: dict[str, Any]) -> None:
    in_lines({what: value for what, value in figures.items() if what not in ("did", "kinds")})
    click.echo("     done  what")
    for name, count in figures["did"].items():
        click.echo(f"{count:9}  {name}")
    for kind, count in figures["kinds"].items():
        click.echo(f"{count:9}  WRONG: {kind}")
