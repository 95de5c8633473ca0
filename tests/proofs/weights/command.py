"""``weights``: learn anew what words weigh, and write what the shipped profile weighs by."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from ops.run.configuration import read_profile
from schemas.weighing import Weighing
from tests.proofs.saying import json_option, say

PLACE = Path(__file__).parents[3] / "ops" / "profiles" / "english-weights.json"


@click.command()
@click.option("--version", required=True, help="What this one is called.")
@click.option("--made", type=click.DateTime(["%Y-%m-%d"]), required=True, help="When it was made.")
@click.option(
    "--recall",
    type=click.FloatRange(0.5, 1),
    default=0.983,
    show_default=True,
    help="The share of the Reds that it is to find of those that it has not seen.",
)
@click.option(
    "--begins-at",
    type=float,
    default=-2.4,
    show_default=True,
    help="What an account weighs before a word of it is read. As plain sentences stand whatever is "
    "around them, less has to be found by weight alone than --recall says.",
)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=PLACE)
@json_option
def weights(
    *, version: str, made: dt.datetime, recall: float, begins_at: float, out: Path, as_json: bool
) -> None:
    """Learn from the labelled sets what words weigh, and write it for the shipped profile.

    \b
    Example:
      python -m tests.proofs weights --version 2026-11 --made 2026-11-27
    """
    try:
        from tests.proofs.weights.learn import examples, learn
    except ImportError as error:
        said = f"{error.name} is not installed: make install-proofs"
        raise click.ClickException(said) from None
    profile = read_profile("sample-borough")
    told = {"version": version, "made": made.date()}
    learned = learn(examples(profile), recall=recall, told=told)
    weighing = learned.weighing.model_copy(update={"begins_at": begins_at})
    out.write_text(written(weighing), encoding="utf-8")
    figures = {
        "id": "weights",
        "unseen": {"recall": round(learned.recall, 4), "precision": round(learned.precision, 4)},
        "features": len(learned.weighing.weights),
    }
    say(figures, as_json=as_json, well=True, words=lambda told: click.echo(f"{told}"))


def written(weighing: Weighing) -> str:
    """One line for each word and feature, so that a change shows what it changes."""
    return weighing.model_dump_json(indent=1) + "\n"
