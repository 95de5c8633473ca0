"""A browser for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.services.chromium import find_chromium
from tests.services.process import ServiceUnavailable
from tests.support.browsing import chromium
from tests.support.missing import missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a head. Where it is not installed the test is skipped; not in CI."""
    try:
        find_chromium()
    except ServiceUnavailable as reason:
        missing(reason)
    with chromium() as running:
        yield running
