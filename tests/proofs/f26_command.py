"""``f26``: what could run code is refused; ``f27``: whoever comes with what is wrong is."""

from __future__ import annotations

import click

from tests.proofs import f26 as running
from tests.proofs import f27 as coming
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say

_DROPPED = "A control: drop this rule of the hub. The check has to fail then."


@click.command()
@click.option("--without", type=click.Choice([*running.CONTROLS]), help=_DROPPED)
@json_option
def f26(*, without: str | None, as_json: bool) -> None:
    """F26: send pickles, code, YAML, XML with entities and words that run where they are evaluated,
    in every content type, by every way in and through every reader.

    Exits with 1 when one of them ran, was taken for what it is not, or brought what it names.
    """
    with progress("sending", 0) as advance:
        figures = running.prove(without=without or "", progress=advance)
    well = figures["refused"] > 0 and figures["taken_as_words"] > 0
    say(figures, as_json=as_json, well=well and not figures["ran_or_taken"])


@click.command()
@click.option("--attempts", type=click.IntRange(min=0), default=2000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--without", type=click.Choice([*coming.CONTROLS]), help=_DROPPED)
@json_option
def f27(*, attempts: int, seed: int, without: str | None, as_json: bool) -> None:
    """F27: come over TLS with tokens and certificates that are nearly right, of another time, of
    another authority or of nobody.

    Exits with 1 when one of them opened, left anything in the record, or the right one did not.
    """
    with progress("trying", attempts) as advance:
        figures = coming.prove(attempts, seed=seed, without=without or "", progress=advance)
    well = figures["opened"] > 0 and not figures["left_in_the_record"]
    say(figures, as_json=as_json, well=well and not figures["wrong"])
