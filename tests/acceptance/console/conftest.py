"""A browser, and a hub to open in it, for the tests of a module."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.services.chromium import find_chromium
from tests.services.process import ServiceUnavailable
from tests.support.browsing import Served, chromium
from tests.support.browsing import served as serving


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a head. Where it is not installed the test is skipped; not in CI."""
    try:
        find_chromium()
    except ServiceUnavailable as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(str(reason))
        pytest.skip(str(reason))
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("console") / "hub", browser) as found:
        yield found
