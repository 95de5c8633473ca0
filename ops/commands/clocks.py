"""``hub clocks``: what is due from whom, and what a profile makes of a moment."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
from pydantic_core import to_jsonable_python
from rich.console import RenderableType

from ops.commands.common import answer, config_option, json_option, table
from ops.commands.reading import reading
from ops.look import clocks as look
from ops.look.clocks import Clock
from ops.look.tried_clock import CannotTry, Kind, Skipped, Tried, attempt
from ops.run.configuration import read_profile
from schemas.access import Resource
from schemas.rating import ClockKind, Colour

_KINDS = (*get_args(ClockKind), "before_next_school_day")
_DAY = "%A %-d %B %Y"


@click.group(invoke_without_command=True)
@config_option
@json_option
@click.pass_context
def clocks(context: click.Context, *, config: Path, as_json: bool) -> None:
    """Show every clock that runs, the most pressing first: when it is due, how long that is from
    now, whom it binds, what it tells next, and for which referral. Nothing about a child.

    \b
    Its kinds:
      possible_red  a person has looked at what may be a Red
      decision      the authority confirms the rating
      product       the products of a rating are out
      answer        an agency answers what it was asked
      approval      an owner decides about what is its own
      receipt       a person of a recipient says that they have it
      referrer      whoever brought the concern hears what was decided
      school        the child's school is told before its next school day
      disagreement  a professional difference is settled
      alarm         a person takes what nobody else has
      check         an agency says whether its system knows the child
      safety        a human has decided whether what is kept back is safe to send

    \b
    Examples:
      hub clocks
      hub clocks --json
      hub clocks try sample-borough --kind answer --agency school --at 2026-11-27T16:55
    """
    if context.invoked_subcommand is not None:
        return
    now = dt.datetime.now(dt.UTC)
    with reading(config, shows=Resource.HEALTH) as hub:
        found = look.running(hub, at=now)
    answer(to_jsonable_python(found), _listed(found), as_json=as_json)


def _listed(found: list[Clock]) -> Iterator[str | RenderableType]:
    if found:
        yield table("Clocks", [_row(one) for one in found])
    yield f"{len(found)} clocks run, {sum(one.left_seconds < 0 for one in found)} are past due"


def _row(one: Clock) -> dict[str, str]:
    return {
        "due": _minute(one.due_at),
        "left": _length(one.left_seconds),
        "agency": one.agency,
        "kind": one.kind,
        "next": one.next if one.next_at is None else f"{one.next} {_minute(one.next_at)}",
        "referral": one.referral_id,
    }


def _minute(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"


def _length(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    said = f"{hours} h {minutes:02} min"
    return f"{said} ago" if seconds < 0 else said


@clocks.command("try")
@click.argument("profile")
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="Which clock.")
@click.option(
    "--at",
    "moment",
    required=True,
    metavar="MOMENT",
    help="When it starts, by the borough's clocks, such as 2026-11-27T16:55.",
)
@click.option("--agency", help="Whose answer, or which school: an agency or a kind of agency.")
@click.option(
    "--colour",
    type=click.Choice([colour.value for colour in Colour]),
    default=Colour.GREEN.value,
    show_default=True,
    help="The rating by which products are due; an answer has a share of the time until then.",
)
@json_option
def try_(
    *, profile: str, kind: Kind, moment: str, agency: str | None, colour: str, as_json: bool
) -> None:
    """Say what PROFILE (one that ships, or a path) makes of a moment: when a clock that starts then
    warns, is due and chased, and goes up along its chain; in whose time it runs, and which days it
    skips and why. It reads the profile alone, so that a borough can check it.

    \b
    Examples:
      hub clocks try sample-borough --kind decision --at 2026-12-24T12:00
      hub clocks try our-borough.toml --kind answer --agency school --colour amber \\
        --at 2026-11-27T16:55
      hub clocks try sample-borough --kind before_next_school_day --agency school \\
        --at 2026-12-18T17:00
    """
    try:
        at = dt.datetime.fromisoformat(moment)
    except ValueError:
        raise click.BadParameter(f"{moment} is no time; write 2026-11-27T16:55") from None
    chosen = read_profile(os.path.expanduser(profile))
    try:
        tried = attempt(chosen, kind, at=at, agency=agency, colour=Colour(colour))
    except CannotTry as error:
        raise click.ClickException(str(error)) from None
    answer(to_jsonable_python(tried), _told(tried), as_json=as_json)


def _told(tried: Tried) -> Iterator[str]:
    whose = f" of {tried.agency}" if tried.agency else ""
    yield f"{tried.profile}: {tried.kind}{whose}, from {_local(tried.starts)}"
    yield f"It runs {tried.runs}, and has {_length(tried.own_seconds)} of that."
    for one in tried.moments:
        who = f", {one.told} is told" if one.told else ""
        yield f"  {one.what:<15} {_local(one.at)}  after {one.share:.0%} of its time{who}"
    yield from (f"  skipped         {_days(one)}: {one.why}" for one in tried.skipped)


def _local(at: dt.datetime) -> str:
    return f"{at:{_DAY} %H:%M %Z}" if not at.second else f"{at:{_DAY} %H:%M:%S %Z}"


def _days(skipped: Skipped) -> str:
    if skipped.first == skipped.last:
        return f"{skipped.first:{_DAY}}"
    return f"{skipped.first:{_DAY}} to {skipped.last:{_DAY}}"
