"""``hub desk``: a link that opens somebody's desk in a browser."""

from __future__ import annotations

from pathlib import Path

import click

from ops.access.links import LASTS, link_for
from ops.commands.common import answer, config_option, json_option, text
from ops.commands.reading import recording
from ops.console.address import base_of, link


@click.command()
@config_option
@json_option
@click.option(
    "--who",
    required=True,
    type=text,
    help="Your name, as [[people]] of the configuration has it.",
)
def desk(config: Path, *, as_json: bool, who: str) -> None:
    """Print a link that opens your desk in a browser, once.

    You show who you are as with every command: by your account, or by `hub sign-in` before it.
    Whoever opens the link acts as you, so give it to nobody.

    \b
    Example:
      hub desk --who "D. Manager"
    """
    with recording(config) as hub:
        address = link(base_of(hub.settings), link_for(hub, who))
    minutes = int(LASTS.total_seconds()) // 60
    shown = [address, f"It opens once, within {minutes} minutes, and whoever opens it is {who}."]
    answer({"who": who, "link": address}, shown, as_json=as_json)
