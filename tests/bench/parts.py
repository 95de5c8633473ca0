"""The parts of the benchmark, by the names under which the figures are printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.embedded import embedded

Told = Callable[[str], None]
"""Where a part says how far it has come."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    notifications: int
    seconds: float
    """Of the steady rate."""
    turns: int


FULL = Amount(notifications=4000, seconds=30.0, turns=3)
QUICK = Amount(notifications=1000, seconds=10.0, turns=1)


def _embedded(amount: Amount, told: Told) -> dict[str, Any]:
    return embedded(
        number=amount.notifications, seconds=amount.seconds, turns=amount.turns, told=told
    )


PARTS: Mapping[str, Callable[[Amount, Told], dict[str, Any]]] = {
    "embedded": _embedded,
}
