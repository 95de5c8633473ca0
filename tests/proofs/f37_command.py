"""``f37``: whether anything of an erased case can be recovered."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.proofs.f37 import CONTROLS, prove, well
from tests.proofs.progress import doing
from tests.proofs.saying import json_option, say


@click.command()
@click.option("--others", type=click.IntRange(min=0), default=100, show_default=True)
@click.option(
    "--without",
    type=click.Choice(CONTROLS),
    help="A control: drop this rule of the hub. The check has to fail then.",
)
@json_option
def f37(*, others: int, without: str | None, as_json: bool) -> None:
    """F37: erase a case beside so many others, and search for whatever was said of its child.

    Exits with 1 when anything can be read, the record does not verify, a hold does not refuse, or
    a store that is put back has it again.
    """
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path, doing() as says:
        figures = prove(Path(path), others=others, without=without, says=says)
    say(figures, as_json=as_json, well=well(figures))
