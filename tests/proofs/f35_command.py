"""``f35`` and ``f36``: how fast the record is verified, and how soon it is cosigned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from tests.proofs.f35 import CONTROLS, LATEST, MEGABYTES, SECONDS, cosign_many, verify_many
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say

F = TypeVar("F", bound=Callable[..., Any])


def _without(controls: Sequence[str]) -> Callable[[F], F]:
    says = "A control: drop this. The check has to fail then."
    return click.option("--without", type=click.Choice(controls), help=says)


@click.command()
@click.option("--leaves", type=click.IntRange(min=1), default=1_000_000, show_default=True)
@_without(CONTROLS[0])
@json_option
def f35(*, leaves: int, without: str | None, as_json: bool) -> None:
    """F35: verify a store of a million entries by its chains, its tree and what was signed of it.

    Exits with 1 when it takes longer than 30 s or more than 500 MB (of more leaves, as much more
    time), or anything is amiss.
    """
    with progress("recording", leaves) as advance:
        figures = verify_many(leaves, without=without, advance=advance)
    allowed = SECONDS * max(leaves / 1_000_000, 1)
    well = figures["seconds"] < allowed and figures["megabytes"] < MEGABYTES
    say(figures, as_json=as_json, well=well and not figures["flaws"])


@click.command()
@click.option("--entries", type=click.IntRange(min=2), default=1000, show_default=True)
@click.option("--pause", type=float, default=0.05, show_default=True, help="Seconds between two.")
@_without(CONTROLS[1])
@json_option
def f36(*, entries: int, pause: float, without: str | None, as_json: bool) -> None:
    """F36: how long after it was recorded an entry is under a cosigned checkpoint, beside two
    witnesses of which one is killed half-way.

    Exits with 1 when the 99th percentile is above 5 s, or one never was.
    """
    figures = cosign_many(entries, pause=pause, without=without)
    well = figures["p99_seconds"] < LATEST and not figures["never_cosigned"]
    say(figures, as_json=as_json, well=well)
