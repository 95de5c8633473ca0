"""``hub reds``: every Red and possible Red of the last days, and who has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import click
from pydantic_core import to_jsonable_python
from rich.console import RenderableType

from ops.commands.common import answer, config_option, json_option, table
from ops.commands.reading import reading
from ops.look import reds as look
from ops.look.reds import Red
from schemas.access import Resource


@click.command()
@config_option
@json_option
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="How far back."
)
@click.option("--check", is_flag=True, help="Exit with 1 where there is one that nobody has.")
def reds(config: Path, *, as_json: bool, days: int, check: bool) -> None:
    """List every Red and possible Red of the last days with where it is now: waiting for a person,
    or with whom its urgent products are, and whether a person there has said that they have it;
    and how many alarms nobody has taken. What could not be read and may be one is in it too.
    Nothing about a child.

    The last line counts those that nobody has: no person has said so, no time in which somebody
    might is still running, and nobody has taken the alarm. It is to be 0: page somebody where it is
    not.

    \b
    Examples:
      hub reds
      hub reds --days 1 --check || page-the-duty-manager
      hub reds --json | jq '.reds[] | select(.nobody_has_it)'
    """
    now = dt.datetime.now(dt.UTC)
    with reading(config, shows=Resource.HEALTH) as hub:
        found = look.lately(hub, days=days, at=now)
    nobody = sum(one.nobody_has_it for one in found)
    told = {"reds": to_jsonable_python(found), "nobody_has_it": nobody}
    answer(told, _listed(found, nobody), as_json=as_json)
    if check and nobody:
        raise SystemExit(1)


def _listed(found: list[Red], nobody: int) -> Iterator[str | RenderableType]:
    if found:
        yield table("Reds", [_row(one) for one in found])
    yield f"nobody has it: {nobody} of {len(found)}"


def _row(one: Red) -> dict[str, str]:
    return {
        "since": f"{one.since.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z",
        "what": one.what,
        "where": f"nobody has it: {one.where}" if one.nobody_has_it else one.where,
        "alarms": _alarms(one),
        "id": one.subject_id,
    }


def _alarms(one: Red) -> str:
    taken = f"taken by {', '.join(one.taken_for)}" if one.taken_for else ""
    untaken = f"{one.alarms} not taken, told {one.told} times" if one.alarms else ""
    return "; ".join(filter(None, (untaken, taken)))
