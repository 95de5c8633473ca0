"""A store of each kind: what holds of one has to hold of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stores.database import Database
from stores.vault import Vault
from tests.support.production import fresh_database, with_tables


@pytest.fixture(params=("sqlite file", "sqlite memory", "postgresql"))
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """SQLite in a file, SQLite in memory, and PostgreSQL."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_url")
        with fresh_database(server, like=with_tables) as url:
            yield from _opened(url)
    else:
        yield from _opened(
            f"sqlite:///{tmp_path}/hub.db" if request.param == "sqlite file" else "sqlite://"
        )


@pytest.fixture
def sqlite() -> Iterator[Database]:
    """SQLite alone."""
    yield from _opened("sqlite://")


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """PostgreSQL alone."""
    with fresh_database(postgres_url, like=with_tables) as url:
        yield from _opened(url)


def _opened(url: str) -> Iterator[Database]:
    """An empty store."""
    made = Database(url, Vault(bytes(32)))
    made.create_tables()
    yield made
    made.close()
