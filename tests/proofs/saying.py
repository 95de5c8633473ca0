"""How a proof tells its figures: in words, then as one line of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import click

from ops.commands.common import say_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
Figures = dict[str, Any]


def in_lines(figures: Figures) -> None:
    """A line for each figure."""
    for name, value in figures.items():
        click.echo(f"{name:>18}  {value if isinstance(value, str) else json.dumps(value)}")


def say(
    figures: Figures, *, as_json: bool, well: bool, words: Callable[[Figures], None] = in_lines
) -> None:
    """Tell the figures; exit 1 where not all is well."""
    if not as_json:
        words(figures)
    say_json(figures)
    if not well:
        sys.exit(1)
