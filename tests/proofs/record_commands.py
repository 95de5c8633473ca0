"""``f30`` to ``f34``, ``f38`` and ``f39``: what the record says of who did what, and whether
anybody can rewrite it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from ops.commands.common import options
from tests.proofs import f30 as recording
from tests.proofs import f31 as asking
from tests.proofs import f32 as flipping
from tests.proofs import f33 as rewriting
from tests.proofs import f34 as verifying
from tests.proofs import f38 as putting_together
from tests.proofs import f39 as opening
from tests.proofs.progress import progress
from tests.proofs.saying import json_option, say

F = TypeVar("F", bound=Callable[..., Any])
_count = partial(click.option, type=click.IntRange(min=1), show_default=True)


def _common(controls: Sequence[str]) -> Callable[[F], F]:
    without = click.option(
        "--without",
        type=click.Choice(controls),
        help="A control: drop this. The check has to fail then.",
    )
    seed = click.option("--seed", type=int, default=1, show_default=True)
    return options(seed, without, json_option)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="hub-proof-") as path:
        yield Path(path)


@click.command("f30")
@click.option(
    "--without",
    type=click.Choice(recording.CONTROLS),
    help="A control: drop this. The check has to fail then.",
)
@json_option
def f30(*, without: str | None, as_json: bool) -> None:
    """F30: switch off each call that records a write of the store, or somebody's look or act.

    Exits with 1 when one of them is not missed, or is never reached.
    """
    with _folder() as path, progress("switching off", 0) as advance:
        figures = recording.prove(path, without=without, advance=advance)
    say(figures, as_json=as_json, well=not figures["not_caught"])


@click.command("f31")
@_count("--leaves", default=1_000_000)
@_count("--asks", default=500, help="Of how many children.")
@_common(asking.CONTROLS)
def f31(*, leaves: int, asks: int, seed: int, without: str | None, as_json: bool) -> None:
    """F31: ask of children who saw or decided what about them, beside a list of whoever did it.

    Exits with 1 when an answer is not the list, or the 95th percentile is above a second.
    """
    with _folder() as path, progress("recording", leaves) as advance:
        figures = asking.prove(
            path, leaves=leaves, asks=asks, seed=seed, without=without, advance=advance
        )
    well = not figures["incomplete"] and figures["p95_ms"] < asking.ALLOWED
    say(figures, as_json=as_json, well=well)


@click.command("f32")
@_count("--flips", default=100_000)
@_common(flipping.CONTROLS)
def f32(*, flips: int, seed: int, without: str | None, as_json: bool) -> None:
    """F32: flip single bits of rows of every table.

    Exits with 1 when one is not named by its row.
    """
    with _folder() as path, progress("flipping", flips) as advance:
        figures = flipping.prove(path, flips=flips, seed=seed, without=without, advance=advance)
    say(figures, as_json=as_json, well=not figures["not_named"])


@click.command("f33")
@_count("--rounds", default=300)
@_common(rewriting.CONTROLS)
def f33(*, rounds: int, seed: int, without: str | None, as_json: bool) -> None:
    """F33: rewrite records with every right on the database and no key, so that they verify.

    Exits with 1 when one honest witness among three does not show it.
    """
    with _folder() as path, progress("rewriting", rounds) as advance:
        figures = rewriting.prove(path, rounds=rounds, seed=seed, without=without, advance=advance)
    say(figures, as_json=as_json, well=not figures["not_caught"])


@click.command("f34")
@_count("--trees", default=1000)
@_count("--bundles", default=1000, help="Copies of an export, all but one tampered with.")
@_common(verifying.CONTROLS)
def f34(*, trees: int, bundles: int, seed: int, without: str | None, as_json: bool) -> None:
    """F34: have another program verify trees, checkpoints and exports, sound and tampered with.

    Exits with 1 when it differs from the hub about one, or one is not taken for what it is.
    """
    with _folder() as path, progress("verifying", trees) as advance:
        figures = verifying.prove(
            path, trees=trees, bundles=bundles, seed=seed, without=without, advance=advance
        )
    say(figures, as_json=as_json, well=not figures["differ"])


@click.command("f38")
@_count("--sequences", default=3000)
@_common([*putting_together.CONTROLS])
def f38(*, sequences: int, seed: int, without: str | None, as_json: bool) -> None:
    """F38: play sequences of F18, and put each product that was handed out together again, from the
    original that was sent and the map that is recorded.

    Exits with 1 when one gives other words, or its owners signed another map.
    """
    plan = putting_together.Plan(sequences, seed, without or "")
    with progress("playing", sequences) as advance:
        figures = putting_together.prove(plan, progress=advance)
    say(figures, as_json=as_json, well=figures["n"] > 0 and not figures["not_equal"])


@click.command("f39")
@_count("--sequences", default=1000)
@_common([*opening.CONTROLS])
def f39(*, sequences: int, seed: int, without: str | None, as_json: bool) -> None:
    """F39: play sequences of F18 under changing profiles, and open each decision again.

    Exits with 1 when one shows other pictures, words or policies than there were when it was made.
    """
    plan = opening.Plan(sequences, seed, without or "")
    with progress("playing", sequences) as advance:
        figures = opening.prove(plan, progress=advance)
    shown = figures["n"] > 0 and figures["pictures"] > 0
    say(figures, as_json=as_json, well=shown and not figures["not_equal"])
