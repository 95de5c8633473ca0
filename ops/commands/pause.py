"""``hub pause`` and ``hub resume``: let something wait for a time, and go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ops.access.acting import asker
from ops.commands.acting import who_does
from ops.commands.common import answer, config_option, json_option, options
from ops.commands.reading import recording
from ops.commands.status import clock
from ops.mend import pausing
from ops.mend.pausing import Wanted
from stores import codec
from stores.pauses import Pause

_WHAT = click.argument("what", type=click.Choice(pausing.KINDS), metavar="step|feed|queue")
_NAME = click.argument("name", metavar="NAME")
_options = options(_WHAT, _NAME, config_option, json_option, who_does)


@click.command()
@_options
@click.option(
    "--minutes",
    type=click.IntRange(1, pausing.LONGEST),
    default=pausing.MINUTES,
    show_default=True,
    help="After so long it goes on by itself.",
)
@click.option(
    "--reds-too",
    is_flag=True,
    help="What may be a Red waits too, and people are alarmed. Of a feed or a queue only.",
)
def pause(
    what: Any, name: str, config: Path, *, as_json: bool, who: str, why: str, **how: Any
) -> None:
    """Let a step, what comes from an agency (feed), or its letters (queue) wait for a time.

    Nothing is lost: a step's messages stay on their topics, an agency's system is told to send
    again later and its files stay where they are, and letters stay on their queue. What is said to
    be a Red, or is about one, goes on.

    \b
    Example:
      hub pause step rate --who "A. Operator" --why "wrong profile" --minutes 30
      hub pause feed school --who "A. Operator" --why "sends every day twice"
      hub pause queue gp --who "A. Operator" --why "its system is being moved"
    """
    wanted = Wanted(what, name, minutes=how["minutes"], reds=how["reds_too"])
    with recording(config) as hub:
        made = pausing.pause(hub, wanted, asker=asker(hub, who, why=why))
    told = _told(made)
    said = f"{what} {name} waits until {clock(told['until'])}; `hub resume {what} {name}` ends it"
    answer(told, [said], as_json=as_json)


@click.command()
@_options
def resume(what: Any, name: str, config: Path, *, as_json: bool, who: str, why: str) -> None:
    """Let what was paused go on before its time.

    \b
    Example:
      hub resume step rate --who "A. Operator" --why "the profile is put right"
    """
    with recording(config) as hub:
        ended = pausing.resume(hub, what, name, asker=asker(hub, who, why=why))
    answer(_told(ended), [f"{what} {name} goes on"], as_json=as_json)


def _told(one: Pause) -> dict[str, Any]:
    return {
        "pause_id": one.pause_id,
        "what": one.what,
        "name": one.name,
        "reds": one.reds,
        "until": codec.from_micros(one.until),
    }
