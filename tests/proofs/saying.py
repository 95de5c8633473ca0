"""How a proof tells its figures: in words, then as one line of JSON."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ops.commands.common import say_json

json_option = click.option("--json", "as_json", is_flag=True, help="Print the line of JSON alone.")
Figures = dict[str, Any]
_CHECKOUT = Path(__file__).parents[2]
_ABOUT = ("runtime", "seed", "without")
"""Options that say what was measured, of the proofs that have them."""
_NOT_REPEATED = ("as_json", "folder")
"""Options that change nothing of what is measured."""


def in_lines(figures: Figures) -> None:
    """A line for each figure."""
    for name, value in figures.items():
        click.echo(f"{name:>18}  {value if isinstance(value, str) else json.dumps(value)}")


def say(
    figures: Figures, *, as_json: bool, well: bool, words: Callable[[Figures], None] = in_lines
) -> None:
    """Tell the figures; exit 1 where not all is well. The line of JSON says besides which proof it
    was, what repeats it, when and on which version it was measured, and whether it was reached.
    """
    if not as_json:
        words(figures)
    context = click.get_current_context()
    about = {name: context.params[name] for name in _ABOUT if name in context.params}
    named = {"id": (context.info_name or "").upper(), **about}
    say_json(named | figures | {"reached": well, "repeat": _repeat(context)} | measured_at())
    if not well:
        sys.exit(1)


def measured_at() -> dict[str, str]:
    """Today, and the version of this checkout; what proofs themselves write is no change of it."""
    version = _git("describe", "--always") or "unknown"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", *_WRITTEN)
    return {
        "on": dt.datetime.now(dt.UTC).date().isoformat(),
        "version": f"{version}-dirty" if changed else version,
    }


_WRITTEN = (":!tests/proofs/measured.jsonl", ":!ops/PROOFS.md")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=_CHECKOUT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip()


def _repeat(context: click.Context) -> str:
    """The proof and the options that were given to it."""
    words = [context.info_name or ""]
    for option in context.command.params:
        name = option.name or ""
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not given or name in _NOT_REPEATED:
            continue
        value = context.params[name]
        if isinstance(option, click.Argument):
            words.append(str(value))
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words += [max(option.opts, key=len), f'"{one}"' if " " in str(one) else str(one)]
    return " ".join(words)
