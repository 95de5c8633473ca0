"""The parts of the benchmark, by the names under which the figures are printed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.embedded import embedded
from tests.bench.growth import growth
from tests.bench.peers.running import peers
from tests.bench.pictures import pictures
from tests.bench.production import production
from tests.bench.replay import replay
from tests.bench.telemetry import telemetry

Told = Callable[[str], None]
"""Where a part says how far it has come."""


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is measured."""

    notifications: int
    production: int
    """Notifications for each shape of production."""
    seconds: float
    """Of the steady rate."""
    turns: int
    sizes: tuple[int, ...]
    """Notifications stored when growth is measured."""
    peers: int
    """Notifications for each peer, at its full rate and again under two kills."""
    folder: Path | None = None
    """Where the stores of growth are kept."""


FULL = Amount(
    notifications=4000,
    production=4000,
    seconds=30.0,
    turns=3,
    sizes=(2_000, 20_000, 200_000),
    peers=2000,
)
QUICK = Amount(
    notifications=1000,
    production=500,
    seconds=5.0,
    turns=1,
    sizes=(2_000, 8_000),
    peers=200,
)


def _embedded(amount: Amount, told: Told) -> dict[str, Any]:
    return embedded(
        number=amount.notifications, seconds=amount.seconds, turns=amount.turns, told=told
    )


def _production(amount: Amount, told: Told) -> dict[str, Any]:
    return production(number=amount.production, seconds=amount.seconds, told=told)


def _peers(amount: Amount, told: Told) -> dict[str, Any]:
    return peers(number=amount.peers, killed_number=amount.peers, told=told)


def _pictures(amount: Amount, told: Told) -> dict[str, Any]:
    return pictures(number=amount.notifications, told=told)


def _replay(amount: Amount, told: Told) -> dict[str, Any]:
    return replay(number=amount.notifications, turns=amount.turns, told=told)


def _telemetry(amount: Amount, told: Told) -> dict[str, Any]:
    # A turn is two runs: several short ones tell more than one that is long.
    number = min(amount.notifications, 800)
    return telemetry(number=number, turns=2 * amount.turns, told=told)


def _growth(amount: Amount, told: Told) -> dict[str, Any]:
    return growth(amount.sizes, folder=amount.folder, told=told)


PARTS: Mapping[str, Callable[[Amount, Told], dict[str, Any]]] = {
    "embedded": _embedded,
    "production": _production,
    "peers": _peers,
    "pictures": _pictures,
    "replay": _replay,
    "telemetry": _telemetry,
    "growth": _growth,
}
