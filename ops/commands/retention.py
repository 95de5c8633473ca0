"""``hub retention``: what is due to be erased, by the profile's classes of record."""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import RenderableType

from ops.commands.common import answer, config_option, json_option, table
from ops.commands.reading import reading
from ops.look import retention as looking
from ops.mend import erasing
from ops.run.configuration import read_policy, read_settings


@click.group()
def retention() -> None:
    """How long records are kept: [retention] of the borough's profile."""


@retention.command()
@config_option
@json_option
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d"]), help="As of this day; today, if not given."
)
def due(config: Path, *, as_json: bool, at: dt.datetime | None) -> None:
    """The cases whose time is over, the longest over first, with the holds that keep them.

    Nothing is erased by itself: two people say `hub erase`. Of a case whose referrals are of
    several classes the longest counts. What is open, and what the profile has no class for, is
    never due.

    \b
    Example:
      hub retention due
      hub retention due --at 2103-01-01 --json
    """
    policy = read_policy(read_settings(config, os.environ), folder=config.parent)
    day = at.date() if at else dt.datetime.now(dt.UTC).date()
    with reading(config) as hub, hub.database.view() as view:
        held = defaultdict[str, list[str]](list)
        for one in erasing.holds(view):
            held[one.case_id].append(one.hold_id)
        found = looking.due(view, policy.profile.retention, at=day, held=held)
    rows = [asdict(one) for one in found]
    answer(rows, _shown(rows, classes=len(policy.profile.retention)), as_json=as_json)


def _shown(rows: list[dict[str, Any]], *, classes: int) -> Iterator[str | RenderableType]:
    if not classes:
        yield "The profile has no [retention]: everything is kept."
        return
    yield table("Due", [row | {"held_by": ", ".join(row["held_by"])} for row in rows])
