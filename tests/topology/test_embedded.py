"""The hub in one process: what goes wrong with one message stays with that message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.wiring import Hub
from schemas.base import Fact
from stores import cursors, journal
from tests.support import given
from tests.support import products as product
from tests.support.filled import empty_hub


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return empty_hub(tmp_path / "hub")[1]


def put(hub: Hub, *facts: Fact) -> None:
    """Record facts as if a step had."""
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, [given.message(fact) for fact in facts])
        cursors.store(transaction, cursor)


def rows(hub: Hub, query: str) -> list[Any]:
    with hub.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize("apart", [True, False])
def test_a_product_that_is_voided_before_it_was_fetched_leaves_as_its_recall_alone(hub: Hub, *, apart: bool) -> None:
    put(hub, product.approved())
    if apart:
        hub.embedded().drain()
        assert rows(hub, "SELECT type FROM letters") == [("mash.product.v1",)]
    put(hub, product.voided())
    hub.embedded().drain()
    assert rows(hub, "SELECT type FROM letters") == [("mash.product-recall.v1",)]
