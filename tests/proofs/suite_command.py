"""``suite``: a whole set of proofs with their controls, in the time that somebody has."""

from __future__ import annotations

import time
from typing import Any

import click

from tests.proofs import catalogue, kept
from tests.proofs.report_command import report_
from tests.proofs.saying import json_option, say
from tests.proofs.suite import Came, Step, carry_out, steps

MINUTES = 25.0
NAMES = tuple(dict.fromkeys(one.suite for one in catalogue.runs()))


@click.command("suite")
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Begin nothing after so many, and stop what runs then.  [default: {MINUTES:.0f}; with "
    "--full as long as it takes]",
)
@click.option("--full", is_flag=True, help="As large as it is promised: many hours.")
@click.option("--only", multiple=True, metavar="PROOF", help="Only this proof; may be repeated.")
@click.option("--list", "lists", is_flag=True, help="Say what would be run, and run nothing.")
@click.option("--keep/--no-keep", "keeps", default=True, help="Keep what was measured, or not.")
@json_option
@click.pass_context
def suite(
    context: click.Context,
    *,
    name: str,
    minutes: float | None,
    full: bool,
    only: tuple[str, ...],
    lists: bool,
    keeps: bool,
    as_json: bool,
) -> None:
    """Run a whole set of proofs, one after the other, then each of their controls (`--without`),
    which drop a rule of the hub and have to fail: `red` is how a control has to be.

    Each is a command of its own (`python -m tests.proofs f21 --help`), with a time in which it has
    to end. What each printed is kept in tests/proofs/measured.jsonl, controls too, and
    ops/PROOFS.md is written anew at the end. Which, and how large: `[[runs]]` of
    tests/proofs/catalogue.toml.

    Exits with 1 when a proof was not reached, a control was not red, or the time did not do for
    one. The last line is the summary as one JSON object, with the names of those.

    \b
    gate    what leaves, who may see what, and the record (F18 to F39)

    \b
    Examples:
      python -m tests.proofs suite gate --list
      python -m tests.proofs suite gate --minutes 25
      python -m tests.proofs suite gate --only f21 --only f22 --no-keep
    """
    group = context.find_root().command
    assert isinstance(group, click.Group)
    runs = [one for one in catalogue.runs() if one.suite == name]
    if unknown := set(only) - {one.proof for one in runs}:
        raise click.UsageError(f"{name} has no {', '.join(sorted(unknown))}")
    chosen = [one for one in runs if not only or one.proof in only]
    wanted = list(steps(chosen, catalogue.proofs(group), full=full))
    if lists:
        for step in wanted:
            click.echo(f"python -m tests.proofs {step.words}")
        return
    lasts = minutes or (None if full else MINUTES)
    figures = _carried_out(name, wanted, minutes=lasts, keeps=keeps)
    if keeps:
        context.invoke(report_)
    say(figures, as_json=as_json, well=not figures["missed"], words=_tell)


def _carried_out(
    name: str, wanted: list[Step], *, minutes: float | None, keeps: bool
) -> dict[str, Any]:
    began, missed = time.monotonic(), dict[str, str]()
    known = catalogue.read()
    until = None if minutes is None else began + 60 * minutes
    for came in carry_out(wanted, until=until, tells=_begins):
        click.echo(_line(came), err=True)
        if not came.is_well:
            missed[came.step.words] = came.how
        if keeps and came.output:
            kept.keep(came.output, figures=known, proof="")
    return {
        "suite": name,
        "n": len(wanted),
        "controls": sum(step.control for step in wanted),
        "well": len(wanted) - len(missed),
        "missed": missed,
        "took_seconds": round(time.monotonic() - began),
    }


def _begins(step: Step) -> None:
    click.echo(f"{step.words} …", err=True)


def _line(came: Came) -> str:
    return f"{came.step.words}: {came.how}, {came.seconds:.0f} s"


def _tell(figures: dict[str, Any]) -> None:
    click.echo(f"{figures['well']} of {figures['n']} as they have to be.")
    for words, how in figures["missed"].items():
        click.echo(f"{words}: {how}")
