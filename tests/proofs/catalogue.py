"""Every figure that the hub publishes about itself: what it promises, and what is aimed at."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict

PLACE = Path(__file__).with_name("catalogue.toml")
NO_PROOFS = {"keep", "report", "weights"}
"""Commands beside the proofs that prove nothing."""


class Figure(BaseModel):
    """One line of the report. What ``shows`` and the bounds name is looked up in what the proof
    prints, ``*`` standing for each of several: ``sets.*.recall``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    group: str
    promise: str
    aim: str
    proof: str = ""
    """The command that measures it, where that is not named as the id is."""
    n: str = "n"
    """Which figure says of how many."""
    full: int | None = None
    """Of how many it is promised."""
    shows: tuple[str, ...] = ()
    """Which figures are shown; none: all that are plain numbers."""
    at_most: dict[str, float] = {}
    at_least: dict[str, float] = {}
    tests: tuple[str, ...] = ()
    """Where tests look at it, smaller or in part, beside a proof or in the place of one."""
    control: str = ""
    """How else than by ``--without`` the check is seen to fail."""

    @property
    def measured_by(self) -> str:
        """The name of the command that prints it."""
        return self.proof or self.id.lower()


def read() -> tuple[Figure, ...]:
    """All of them, in the order of the report."""
    told: dict[str, Any] = tomllib.loads(PLACE.read_text("utf-8"))
    return tuple(Figure.model_validate(one) for one in told["figures"])


def proofs(commands: click.Group) -> dict[str, click.Command]:
    """The commands that prove something."""
    return {name: one for name, one in commands.commands.items() if name not in NO_PROOFS}


def controls(command: click.Command | None) -> tuple[str, ...]:
    """What a proof can be run without."""
    for option in command.params if command else ():
        if option.name == "without" and isinstance(option.type, click.Choice):
            return tuple(map(str, option.type.choices))
    return ()
