"""``f18``: nothing leaves but where its owner lets it; ``f19``: leaks let in are found."""

from __future__ import annotations

from typing import Any

import click

from tests.proofs.f18 import Plan, prove
from tests.proofs.f19 import prove as let_in
from tests.proofs.f19_faults import FAULTS
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say


@click.command()
@click.option("--sequences", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--only", type=click.IntRange(min=1), help="Play the sequence of this number alone.")
@json_option
def f18(*, sequences: int, seed: int, only: int | None, as_json: bool) -> None:
    """F18: random sequences of cases, approvals, withdrawals and releases, with a canary in all
    that anybody writes. Each letter, log line, answer and file is searched in thirteen encodings.

    A sequence of which something leaked is named: --only plays it again, with nobody beside it.

    Exits with 1 when a canary is anywhere where its owner has not let it.
    """
    plan = Plan(sequences=sequences, seed=seed, only=only)
    with progress("playing", sum(map(len, plan.towns))) as advance:
        figures = prove(plan, progress=advance)
    say(figures, as_json=as_json, well=not figures["leaks"], words=_tell)


_IN_LINES = ("did", "found", "in_sequences")


def _tell(figures: dict[str, Any]) -> None:
    in_lines({what: value for what, value in figures.items() if what not in _IN_LINES})
    for name, count in figures["did"].items():
        click.echo(f"{count:9}  {name}")
    for kind, count in figures["found"].items():
        click.echo(f"{count:9}  LEAKED: {kind}")
    for number in figures["in_sequences"]:
        click.echo(f"To see it alone: f18 --seed {figures['seed']} --only {number}")


@click.command()
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME",
    type=click.Choice([fault.name for fault in FAULTS]),
    help="Only this one; may be repeated.",
)
@json_option
def f19(*, seed: int, faults: tuple[str, ...], as_json: bool) -> None:
    """F19: leaks are let into the hub one by one, and what looks for leaks in F18 finds each of
    them where it is.

    Exits with 1 when one of them is not found, or one where none was let in.
    """
    with progress("letting in", len(faults or FAULTS)) as advance:
        figures = let_in(faults, seed=seed, progress=advance)
    say(figures, as_json=as_json, well=figures["clean_without"] and not figures["missed"])
