"""``f29``: nothing is read without a need, and every look that breaks the glass alerts."""

from __future__ import annotations

import click

from tests.proofs.f29 import CONTROLS, Plan, prove
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say


@click.command()
@click.option("--looks", type=click.IntRange(min=1), default=10_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--without",
    type=click.Choice([*CONTROLS]),
    help="A control: drop this rule of the hub. The check has to fail then.",
)
@json_option
def f29(*, looks: int, seed: int, without: str | None, as_json: bool) -> None:
    """F29: people ask to see cases and pictures of which every word has an owner, with a need and
    without, in an emergency and not.

    Exits with 1 when words were shown that nobody needed, or whose owner was not told of a look in
    an emergency.
    """
    plan = Plan(looks, seed, without or "")
    with progress("looking", looks) as advance:
        figures = prove(plan, progress=advance)
    say(figures, as_json=as_json, well=figures["emergencies"] > 0 and not figures["wrong"])
