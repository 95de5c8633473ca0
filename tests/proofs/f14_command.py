"""``f14``: a store that is lost and put back from its backup."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.proofs.f14 import CONTROLS, prove, well
from tests.proofs.progress import doing
from tests.proofs.saying import json_option, say


@click.command()
@click.option("--before", type=click.IntRange(min=1), default=40, show_default=True)
@click.option("--since", type=click.IntRange(min=1), default=20, show_default=True)
@click.option(
    "--without",
    type=click.Choice(CONTROLS),
    help="A control: the list of what was erased is lost too, or nobody sends anything again. The "
    "check has to fail then.",
)
@json_option
def f14(*, before: int, since: int, without: str | None, as_json: bool) -> None:
    """F14: back up, erase a case, take more, lose store and key, restore, and go on.

    Exits with 1 when something is lost or there twice once senders have sent again, what was lost
    between was not counted, what was erased can be read, or the record does not verify.
    """
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path, doing() as says:
        figures = prove(Path(path), before=before, since=since, without=without, says=says)
    say(figures, as_json=as_json, well=well(figures))
