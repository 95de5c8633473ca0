"""``hub hold``: keep a case from being erased, for as long as somebody wants its record."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ops.commands.acting import who_does
from ops.commands.common import answer, config_option, json_option, options, table
from ops.commands.reading import reading, writing
from ops.mend import erasing
from ops.mend.dead_letters import Person

_options = options(config_option, json_option)
_who_decides = options(_options, who_does)


@click.group()
def hold() -> None:
    """Cases that are not to be erased: a court, an inquiry or the child may want the record."""


@hold.command()
@click.argument("case_id", metavar="CASE")
@_who_decides
def add(case_id: str, config: Path, *, as_json: bool, who: str, why: str) -> None:
    """Keep a case: `hub erase` refuses until every hold on it is lifted.

    \b
    Example:
      hub hold add 0197… --who "B. Records" --why "court order 12/26"
    """
    with writing(config) as hub:
        hold_id = erasing.hold(hub, case_id, person=Person(who, why))
    answer(
        {"hold_id": hold_id, "case_id": case_id},
        [f"{case_id} is held; `hub hold lift {hold_id}` ends it"],
        as_json=as_json,
    )


@hold.command("list")
@_options
def list_(config: Path, *, as_json: bool) -> None:
    """Every hold that was not lifted, oldest first.

    \b
    Example:
      hub hold list --json | jq '.[].case_id'
    """
    with reading(config) as hub, hub.database.view() as view:
        found = [asdict(one) for one in erasing.holds(view)]
    answer(found, [table("Holds", found)], as_json=as_json)


@hold.command()
@click.argument("hold_id", metavar="HOLD")
@_who_decides
def lift(hold_id: str, config: Path, *, as_json: bool, who: str, why: str) -> None:
    """End a hold, by its id; others on the same case stay.

    \b
    Example:
      hub hold lift 5b1c… --who "B. Records" --why "proceedings ended"
    """
    with writing(config) as hub:
        lifted = erasing.lift(hub, hold_id, person=Person(who, why))
    answer(asdict(lifted), [f"{hold_id} holds {lifted.case_id} no more"], as_json=as_json)
