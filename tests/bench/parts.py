"""The parts of the benchmark, by the names under which the figures are printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.bench.embedded import embedded
from tests.bench.peers.running import peers
from tests.bench.production import production

Told = Callable[[str], None]
"""Where a part says how far it has come."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    notifications: int
    seconds: float
    """Of the steady rate."""
    turns: int
    peers: int
    """Notifications for each peer, at its full rate and again under two kills."""


FULL = Amount(notifications=4000, seconds=30.0, turns=3, peers=2000)
QUICK = Amount(notifications=1000, seconds=10.0, turns=1, peers=200)


def _embedded(amount: Amount, told: Told) -> dict[str, Any]:
    return embedded(
        number=amount.notifications, seconds=amount.seconds, turns=amount.turns, told=told
    )


def _production(amount: Amount, told: Told) -> dict[str, Any]:
    return production(number=amount.notifications, seconds=amount.seconds, told=told)


def _peers(amount: Amount, told: Told) -> dict[str, Any]:
    return peers(number=amount.peers, killed_number=amount.peers, told=told)


PARTS: Mapping[str, Callable[[Amount, Told], dict[str, Any]]] = {
    "embedded": _embedded,
    "production": _production,
    "peers": _peers,
}
