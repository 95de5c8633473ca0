"""``hub profile``: what the borough's profile makes of a text, before it decides anything."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import click
from rich.console import RenderableType

from ops.commands.common import answer, config_option, json_option, table
from ops.run.configuration import read_profile, read_settings
from router.steps import thresholds
from router.steps.same import Same
from router.steps.suggestion.reading import Reading, Sign, read
from schemas.notification import Notification
from schemas.person import Person
from schemas.policy import BoroughProfile

_MOST = 10
"""Weights that are shown."""
_LONGEST = 20_000
"""Characters of an account that the hub reads."""


@click.group()
def profile() -> None:
    """See what the borough's profile makes of a text.

    \b
    Example:
      echo "Dad hits him with a belt." | hub profile try -
    """


@profile.command("try")
@click.argument("text", type=click.File(encoding="utf-8", errors="replace"))
@click.option(
    "--profile",
    "named",
    metavar="P",
    help="A profile that ships with the hub, or the path of one; else the configuration's own.",
)
@config_option
@json_option
def try_(*, text: TextIO, named: str | None, config: Path, as_json: bool) -> None:
    """Show what colour the profile would suggest for an account in TEXT (a file, or - for standard
    input), which indicators it finds, which of them the words deny, by which phrases of the
    profile, and what the words weigh together. It sends and records nothing; its output repeats
    words of the text.

    \b
    How a profile writes phrases:
      hit at home       these words, one after the other
      hit~ leg(s)       any form of the word (hit, hits, hitting); leg or legs
      his|her           one of them
      {body}            a word or phrase that [words] lists as body
      hit~ .. {body}    up to six words between; ..2 up to two; ... any number
      {burn} & {infant} in one sentence, in any order; + anywhere in the text
    What stands before & or + is what may be denied.

    \b
    Examples:
      echo "Nobody was hit." | hub profile try -       # found, and not counted: it is denied
      hub profile try letter.txt --profile ./our-borough.toml
      hub profile try letter.txt --json | jq '.signs[] | select(.counted)'
    """
    narrative = text.read(_LONGEST).strip()
    if not narrative:
        raise click.ClickException("there are no words in it")
    made = _made_of(narrative, _chosen(named, config))
    answer(made, _shown(made), as_json=as_json)


def _made_of(narrative: str, chosen: BoroughProfile) -> dict[str, Any]:
    """What the profile makes of an account."""
    now = dt.datetime.now(dt.UTC)
    notification = Notification(
        reference="try", observed_at=now, subject=Person(), narrative=narrative
    )
    suggestion = thresholds.suggest(notification, profile=chosen)
    reading = read(narrative, same=Same(chosen), year=now.year, explain=True)
    return {
        "profile": chosen.title,
        "colour": suggestion.colour,
        "reasons": suggestion.reasons,
        "denied": suggestion.denied,
        "known": reading.known,
        "weighs": _weighs(reading),
        "signs": [_told(sign) for sign in reading.signs],
    }


def _weighs(reading: Reading) -> dict[str, Any] | None:
    if reading.weighed is None:
        return None
    most = [{"what": what, "adds": round(adds, 2)} for what, adds in reading.weighed.most[:_MOST]]
    return {"total": round(reading.weighed.total, 2), "most": most}


def _chosen(named: str | None, config: Path) -> BoroughProfile:
    if named is not None:
        return read_profile(named)
    return read_profile(read_settings(config, os.environ).profile, folder=config.parent)


def _told(sign: Sign) -> dict[str, Any]:
    return {
        "indicator": sign.indicator.id,
        "colour": sign.indicator.colour,
        "phrase": sign.phrase,
        "words": " … ".join(sign.words),
        "counted": not sign.denied,
        "denied_as": sorted(sign.denied),
        "denied_by": sign.by if sign.denied else (),
    }


def _shown(told: dict[str, Any]) -> Iterator[str | RenderableType]:
    yield f"{told['profile']} suggests {told['colour']}"
    yield from (f"  {reason}" for reason in (*told["reasons"], *told["denied"]))
    rows = [
        {
            "colour": sign["colour"],
            "indicator": sign["indicator"],
            "words": sign["words"],
            "phrase": sign["phrase"],
            "counted": "yes" if sign["counted"] else f"no: {', '.join(sign['denied_as'])}",
            "by": " · ".join(sign["denied_by"]),
        }
        for sign in told["signs"]
    ]
    yield table("Signs", rows)
    if weighs := told["weighs"]:
        yield f"Weighs {weighs['total']} (a Red from 0 on); what adds most, or takes away:"
        yield table("Weights", weighs["most"])
