"""``hub topology``: which step hears which topic, drawn from the code that runs."""

from __future__ import annotations

import click

from ops.commands.common import say, say_json
from ops.look import topology as drawn


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "json"]),
    default="text",
    show_default=True,
    help="As what.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
def topology(form: str, *, as_json: bool) -> None:
    """Draw the hub: topics, and the steps that hear them and publish to them, from what runs.

    The README's picture is what --format mermaid prints; a test compares them.

    \b
    Example:
      hub topology --format mermaid
    """
    if as_json or form == "json":
        say_json(drawn.as_json())
    else:
        say(drawn.mermaid() if form == "mermaid" else drawn.text())
