"""What every command shares: where the configuration is, JSON beside words, and errors that say a
way out.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.table import Table

from ops.run.configuration import Misconfigured
from ops.run.wiring import Hub, open_hub
from stores import codec
from stores.ports import Unavailable
from stores.schema import OtherRevision

F = TypeVar("F", bound=Callable[..., Any])

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


def opened(config: Path) -> Hub:
    """The hub of a configuration file, or an error that says what to do."""
    try:
        return open_hub(config, os.environ)
    except Misconfigured as error:
        raise click.ClickException(f"the configuration cannot be used\n{error}") from None
    except OtherRevision as error:
        raise click.ClickException(str(error)) from None
    except Unavailable as error:
        raise click.ClickException(
            f"the store cannot be reached ({error}); check runtime.store in {config}"
        ) from None
    except OSError as error:
        raise click.ClickException(
            f"{error.filename} cannot be made or read: {error.strerror}"
        ) from None


def say(text: str) -> None:
    """Print a line for a person or a program."""
    click.echo(text)


def say_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, default=str, ensure_ascii=False))


def say_table(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; the columns are the keys of the first row."""
    if not rows:
        click.echo(f"{title}: none")
        return
    table = Table(title=title, title_justify="left")
    for column in rows[0]:
        table.add_column(
            column.replace("_", " "), justify="right" if _all_numbers(rows, column) else "left"
        )
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console(file=sys.stdout).print(table)


def _all_numbers(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    return all(isinstance(row[column], int | float) for row in rows)
