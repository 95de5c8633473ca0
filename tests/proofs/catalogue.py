"""Every figure that the hub publishes about itself: what it promises, and what is aimed at."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click
from pydantic import BaseModel, ConfigDict

PLACE = Path(__file__).with_name("catalogue.toml")
NO_PROOFS = {"keep", "report", "suite", "weights"}
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


class Run(BaseModel):
    """A proof of a suite: what is run of it, and how long that may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    suite: str
    run: str
    """The proof and its options, of a size for every day."""
    full: str
    """The same as large as it is promised."""
    seconds: float
    """After so many it has not ended: of what is for every day, on a slow machine."""
    controls: str = ""
    """Options that each of its controls is run with, beside ``--without``."""

    @property
    def proof(self) -> str:
        """Which command it is."""
        return self.run.partition(" ")[0]


def read() -> tuple[Figure, ...]:
    """All of them, in the order of the report."""
    return tuple(map(Figure.model_validate, _told()["figures"]))


def runs() -> tuple[Run, ...]:
    """What all suites run, in the order in which they do."""
    return tuple(map(Run.model_validate, _told()["runs"]))


def _told() -> dict[str, Any]:
    return tomllib.loads(PLACE.read_text("utf-8"))


def proofs(commands: click.Group) -> dict[str, click.Command]:
    """The commands that prove something."""
    return {name: one for name, one in commands.commands.items() if name not in NO_PROOFS}


def controls(command: click.Command | None) -> tuple[str, ...]:
    """What a proof can be run without."""
    for option in command.params if command else ():
        if option.name == "without" and isinstance(option.type, click.Choice):
            return tuple(map(str, option.type.choices))
    return ()
