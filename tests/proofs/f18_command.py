"""``f18``: nothing leaves but where its owner lets it; ``f19``: leaks let in are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from unittest.mock import patch

import click

from tests.proofs import f18 as searching
from tests.proofs.canary import found_in
from tests.proofs.f18 import Plan, Town, prove
from tests.proofs.f19 import prove as let_in
from tests.proofs.f19_faults import FAULTS
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say

LEAKS: Final[Mapping[str, str]] = {
    "revealing": "a picture shows items that are not revealed",
    "sanitising": "nothing is sanitised",
    "log": "the log has what came",
    "sealing": "the store has it in clear",
}
"""Some of the leaks of F19, by what keeps the hub from each: without that F18 has to fail."""


def _plain(content: bytes) -> Iterator[tuple[str, str]]:
    return ((word, encoding) for word, encoding in found_in(content) if encoding == "utf-8")


BLIND: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "search": lambda: patch.object(Town, "looks", lambda *_, **__: None),
    "decoding": lambda: patch.object(searching, "found_in", _plain),
}
"""What the search may be made blind by: then F19 has to fail."""


def _leaking(name: str | None) -> AbstractContextManager[None]:
    faults = {fault.name: fault for fault in FAULTS}
    return faults[LEAKS[name]].let_in() if name else nullcontext()


@click.command()
@click.option("--sequences", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--only", type=click.IntRange(min=1), help="Play the sequence of this number alone.")
@click.option(
    "--without",
    type=click.Choice([*LEAKS]),
    help="A control: drop what keeps the hub from this leak. The check has to fail then.",
)
@json_option
def f18(*, sequences: int, seed: int, only: int | None, without: str | None, as_json: bool) -> None:
    """F18: random sequences of cases, approvals, withdrawals and releases, with a canary in all
    that anybody writes. Each letter, log line, answer and file is searched in thirteen encodings.

    A sequence of which something leaked is named: --only plays it again, with nobody beside it.

    Exits with 1 when a canary is anywhere where its owner has not let it.
    """
    plan = Plan(sequences=sequences, seed=seed, only=only)
    with progress("playing", sum(map(len, plan.towns))) as advance, _leaking(without):
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
@click.option(
    "--without",
    type=click.Choice([*BLIND]),
    help="A control: the search does without this. The check has to fail then.",
)
@json_option
def f19(*, seed: int, faults: tuple[str, ...], without: str | None, as_json: bool) -> None:
    """F19: leaks are let into the hub one by one, and what looks for leaks in F18 finds each of
    them where it is.

    Exits with 1 when one of them is not found, or one where none was let in.
    """
    blind = BLIND[without]() if without else nullcontext()
    with progress("letting in", len(faults or FAULTS)) as advance, blind:
        figures = let_in(faults, seed=seed, progress=advance)
    say(figures, as_json=as_json, well=figures["clean_without"] and not figures["missed"])
