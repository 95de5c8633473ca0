"""What every command shares: its configuration, what its options take, JSON beside words."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from pydantic import TypeAdapter, ValidationError
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from schemas.base import Line

F = TypeVar("F", bound=Callable[..., Any])
_WIDEST = 10_000
"""Characters of a line that nobody looks at on a screen."""
_LINE: TypeAdapter[str] = TypeAdapter(Line)
A_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)
A_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
NEW_FILE: Final = click.Path(dir_okay=False, path_type=Path)

config_option = click.option(
    "--config",
    "config",
    type=NEW_FILE,
    default=Path("hub.toml"),
    envvar="HUB_CONFIG",
    show_default=True,
    show_envvar=True,
    help="The hub's configuration file.",
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON for programs instead of words."
)


def time(value: str) -> int:
    """An option's moment as microseconds since 1970; a day alone begins at midnight UTC."""
    try:
        moment = dt.datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(
            f"{value} is no time; write 2026-03-12 or 2026-03-12T09:30:00+00:00"
        ) from None
    from stores import codec  # what an agency runs has nothing of the store

    return codec.to_micros(moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC))


def text(value: str) -> str:
    """An option's words as the record keeps them: some, of at most 500 characters."""
    try:
        return _LINE.validate_python(value.strip())
    except ValidationError:
        raise click.BadParameter("write some words, at most 500 characters of them") from None


def options(*chosen: Callable[[F], F]) -> Callable[[F], F]:
    """Several options as one decorator, in the order in which help lists them."""

    def decorate(command: F) -> F:
        for option in reversed(chosen):
            command = option(command)
        return command

    return decorate


def say(text: str) -> None:
    """Print a line for a person or a program."""
    click.echo(text)


def say_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, default=str, ensure_ascii=False))


def answer(
    value: Any, shown: Iterable[str | RenderableType], *, as_json: bool, well: bool = True
) -> None:
    """Print the value as JSON, or else what is shown of it; exit 1 where not all is well."""
    if as_json:
        say_json(value)
    else:
        for part in shown:
            say(part) if isinstance(part, str) else say_drawn(part)
    if not well:
        raise SystemExit(1)


def say_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; the columns are the keys of the first row."""
    say_drawn(table(title, rows))


def table(title: str, rows: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rows as a table; the columns are the keys of the first row."""
    if not rows:
        return Text(f"{title}: none")
    drawn = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    for column in rows[0]:
        numbers = all(isinstance(row[column], int | float) for row in rows)
        justify: JustifyMethod = "right" if numbers else "left"
        drawn.add_column(column.replace("_", " "), justify=justify, overflow="fold")
    for row in rows:
        drawn.add_row(*("" if value is None else str(value) for value in row.values()))
    return drawn


def say_drawn(drawn: RenderableType) -> None:
    """Print tables: cells are folded on a terminal, and elsewhere as wide as they need to be."""
    console = Console(file=sys.stdout)
    if not console.is_terminal:
        needed = console.measure(drawn, options=console.options.update(max_width=_WIDEST)).maximum
        console.width = max(console.width, needed)
    console.print(drawn)
