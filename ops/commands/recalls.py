"""``hub recalls``: what is asked back from recipients, and who has not answered."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.common import answer, config_option, json_option
from ops.commands.reading import reading
from ops.look import recalls as look
from ops.look.recalls import Recalled


@click.command()
@config_option
@json_option
@click.option("--all", "every", is_flag=True, help="Show those too that were answered.")
def recalls(config: Path, *, as_json: bool, every: bool) -> None:
    """Tell what owners want back from recipients and have no answer about; oldest first.

    A line tells since when, from whom, an item of which owner or the whole product, what was
    answered, and which product. A recipient answers with mash.recall-receipt.v1: acknowledged,
    destroyed, or cannot; one that is silent is telephoned, at the number behind its line.
    What a recall is about stands in `hub case PRODUCT`.

    \b
    Examples:
      hub recalls
      hub recalls --all --json | jq 'map(select(.answer == "cannot"))'
    """
    with reading(config) as hub:
        found = look.of(hub, every=every)
    shown = [*map(_line, found), f"{len(found)} recalls"]
    answer([asdict(one) for one in found], shown, as_json=as_json)


def _line(one: Recalled) -> str:
    whose = f"an item of {one.owner}" if one.owner else "the whole product"
    said = f"{one.answer} {one.answered_at}" if one.answer else "no answer"
    ring = f"  ring {one.ring}" if one.ring and one.awaited else ""
    return f"{one.recalled_at[:19]}Z  {one.recipient}  {whose}  {said}  {one.product_id}{ring}"
