"""Throws of the dice that a seed repeats, and the words that they choose among."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

T = TypeVar("T")
_MOST = 0.9
"""However many errors are asked for, not everything is wrong."""


class Chance:
    """Throws that the same seed repeats; errors come ``errors`` times as often as in the sample."""

    def __init__(self, seed: int, errors: float = 1.0) -> None:
        self.random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.errors = errors

    def happens(self, share: float) -> bool:
        """Whether something happens that does so in this share of cases."""
        return self.random.random() < share

    def slips(self, share: float) -> bool:
        """Whether an error is made that is made in this share of cases in the sample."""
        return self.random.random() < min(_MOST, share * self.errors)

    def one(self, values: Sequence[T]) -> T:
        """One of several."""
        return self.random.choice(values)

    def weighted(self, weights: Mapping[T, float]) -> T:
        """One of several that are not equally frequent."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def number(self, low: int, high: int) -> int:
        """A whole number from ``low`` up to and with ``high``."""
        return self.random.randint(low, high)


@cache
def data() -> dict[str, Any]:
    """The invented people and places."""
    return tomllib.loads(
        (files("ops.demo.simulation.children") / "data.toml").read_text(encoding="utf-8")
    )


@cache
def words(*path: str) -> tuple[str, ...]:
    """The words under a name of the data."""
    return tuple(_under(path).split())


@cache
def lines(*path: str) -> tuple[str, ...]:
    """The lines under a name of the data."""
    return tuple(_under(path).strip().splitlines())


def _under(path: Sequence[str]) -> str:
    found: Any = data()
    for name in path:
        found = found[name]
    return str(found)
