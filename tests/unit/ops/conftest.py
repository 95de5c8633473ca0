"""A hub that has worked, for tests that only look at it."""

from __future__ import annotations

import pytest

from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from tests.support.filled import filled_hub

Worked = tuple[DemoFolder, Hub]


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """The sample's hub after forty notifications that everybody answered. Look at it only."""
    return filled_hub(tmp_path_factory.mktemp("worked") / "hub", notifications=40)
