"""``f24``: the access rules beside a small model of them."""

from __future__ import annotations

from typing import Any

import click

from tests.proofs.f24 import CONTROLS, Plan, prove
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say


@click.command()
@click.option("--questions", type=click.IntRange(min=1), default=1_000_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--without",
    type=click.Choice(list(CONTROLS)),
    help="A control: this rule says nothing; it has to fail.",
)
@json_option
def f24(*, questions: int, seed: int, without: str | None, as_json: bool) -> None:
    """F24: random questions about access, answered by the rules that ship and by a model of them.

    Exits with 1 when one is answered otherwise, or a rule spoke to none.
    """
    plan = Plan(questions=questions, seed=seed, altered=without or "")
    with progress("asking", plan.questions) as advance:
        figures = prove(plan, progress=advance)
    well = not (figures["different"] or figures["never_spoke"])
    say(figures, as_json=as_json, well=well, words=_tell)


def _tell(figures: dict[str, Any]) -> None:
    in_lines({what: value for what, value in figures.items() if what != "examples"})
    for example in figures["examples"]:
        click.echo(f"    DIFFERENT: {example}")
