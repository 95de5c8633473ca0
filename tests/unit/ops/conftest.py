"""Hubs that have worked, for tests that only look at them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from tests.support.filled import filled_hub
from tests.support.grown import STORES
from tests.support.provider import provider

Worked = tuple[DemoFolder, Hub]


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """The sample's hub after forty notifications that everybody answered. Look at it only."""
    return filled_hub(tmp_path_factory.mktemp("worked") / "hub", notifications=40)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, DemoFolder]:
    """Stores that grew in different ways, to look at and to copy. Look at them only."""
    path = tmp_path_factory.mktemp("grown")
    return {name: grow(path / name) for name, grow in STORES.items()}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """Of a provider that runs for the tests of a file."""
    with provider() as found:
        yield found
