"""A hub in production whose workers a test moves by hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops.run.wiring import Hub
from router.unit import Unit
from schemas.message import Secret
from tests.support.production import fresh_database
from tests.support.units import Started, Workers, connected, grouped, production_hub

MOMENT = 1_790_000_000_000_000_000
"""Nanoseconds: what hubs that are compared take for now, since facts say when."""


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's calendar time stands still, and every hub has the same secret: their ids can be
    compared.
    """
    still = SimpleNamespace(**vars(time) | {"time_ns": lambda: MOMENT})
    monkeypatch.setattr("stores.database.time", still)
    held = Secret.held
    monkeypatch.setattr(Secret, "held", lambda _: held(bytes(range(32))))


@pytest.fixture
def postgres_store(postgres_url: str) -> Iterator[str]:
    """The URL of an empty database."""
    with fresh_database(postgres_url) as store:
        yield store


@pytest.fixture
def hub(kafka_url: str, postgres_url: str, tmp_path: Path) -> Iterator[Hub]:
    with production_hub(tmp_path / "hub", kafka_url, postgres_url) as made:
        yield made


@pytest.fixture
def started(hub: Hub) -> Iterator[Started]:
    """Starts workers of the hub: units, or what ``hub run`` is told. The ones before are gone."""
    with connected(hub) as topics, ExitStack() as stack:

        def start(*units: str | Unit, **settings: Any) -> Workers:
            made = [one if isinstance(one, Unit) else grouped(one)[0] for one in units]
            workers = Workers(hub, topics, *made, **settings)
            stack.callback(workers.close)
            return workers

        yield start
