"""Linking over the register in a store, and as a replay remembers it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores.database import Database
from stores.vault import Vault
from tests.support.linking import Linking, in_replay, in_store


@pytest.fixture(params=["store", "replay"])
def linking(request: pytest.FixtureRequest) -> Iterator[Linking]:
    if request.param == "replay":
        yield in_replay()
        return
    database = Database("sqlite://", Vault(bytes(32)))
    database.create_tables()
    yield in_store(database)
    database.close()
