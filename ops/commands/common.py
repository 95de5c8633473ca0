"""What every command shares: where the configuration is, what its options take, JSON beside
words.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import TypeAdapter, ValidationError
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.base import Line
from stores import codec

F = TypeVar("F", bound=Callable[..., Any])
_WIDEST = 10_000
"""Characters of a line that nobody looks at on a screen."""
_LINE: TypeAdapter[str] = TypeAdapter(Line)

config_option = click.option(
    "--config",
    "config",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("hub.toml"),
    envvar="HUB_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The hub's configuration file.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of words."
)


class Moment(click.ParamType):
    """A moment with its offset from UTC, as microseconds since 1970."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read RFC 3339; a day alone begins at midnight UTC."""
        try:
            moment = dt.datetime.fromisoformat(value)
        except (TypeError, ValueError):
            self.fail(
                f"{value} is no time; write 2026-03-12 or 2026-03-12T09:30:00+00:00", param, ctx
            )
        return codec.to_micros(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


class Words(click.ParamType):
    """What the record keeps of a person's own words: some text, of at most 500 characters."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The text without blanks around it."""
        try:
            return _LINE.validate_python(str(value).strip())
        except ValidationError:
            self.fail("write some words, at most 500 characters of them", param, ctx)


def say(text: str) -> None:
    """Print a line for a person or a program."""
    click.echo(text)


def say_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, default=str, ensure_ascii=False))


def say_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; the columns are the keys of the first row."""
    say_drawn(table(title, rows))


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rows as a table; the columns are the keys of the first row."""
    if not rows:
        return Text(f"{title}: none")
    drawn = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    for column in rows[0]:
        justify: JustifyMethod = "right" if _all_numbers(rows, column) else "left"
        drawn.add_column(column.replace("_", " "), justify=justify, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if value is None else str(value) for value in row.values()))
    return drawn


def say_drawn(drawn: RenderableType) -> None:
    """Print a table or several. On a terminal long cells are folded; elsewhere, where a program or
    a file takes them, they are as wide as they need to be. Nothing is cut off in either.
    """
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        needed = console.measure(drawn, options=console.options.update(max_width=_WIDEST)).maximum
        console.width = max(console.width, needed)
    console.print(drawn)


def _all_numbers(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return all(isinstance(row[column], int | float) for row in rows)
