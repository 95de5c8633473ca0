"""``suggestion``: how well the shipped profile tells a possible Red, where the truth is known."""

from __future__ import annotations

from typing import Any

import click

from tests.proofs.saying import in_lines, json_option, say
from tests.proofs.suggestion import CONTROLS, DEVELOPED, prove


@click.command()
@click.option(
    "--data",
    metavar="SET",
    multiple=True,
    help="A set that is committed, or the path of one: JSON lines of text, red and kind. None: all "
    "that are committed.",
)
@click.option(
    "--without",
    type=click.Choice(list(CONTROLS)),
    help="A control: do without; the check has to fail then.",
)
@json_option
def suggestion(*, data: tuple[str, ...], without: str | None, as_json: bool) -> None:
    """Read narratives that were labelled apart from the profile; how many Reds were found, and how
    many of what was called Red is one? It prints totals only, so that the set which is kept aside
    stays unread.

    Exits with 1 when a set that was kept aside has less than 98 % of its Reds, or less than 80 %
    precision; without one, when any has.
    """
    figures = prove(data, without=without or "")
    say(figures, as_json=as_json, well=figures["reached"], words=_tell)


def _tell(figures: dict[str, Any]) -> None:
    for name, one in figures["sets"].items():
        whose = "developed with" if name in DEVELOPED else "kept aside"
        click.echo(f"{name} ({whose}): {'reached' if one['reached'] else 'NOT reached'}")
        in_lines({what: value for what, value in one.items() if what != "kinds"})
        click.echo("        n   right  by kind")
        for kind, told in one["kinds"].items():
            click.echo(f"{told['n']:9}  {told['right']:6}  {kind}")
