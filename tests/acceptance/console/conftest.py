"""A hub to open in a browser, for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browsing import Served
from tests.support.browsing import served as serving
from tests.support.templates import no_template_names_what_is_not_there

__all__ = ["no_template_names_what_is_not_there", "served"]


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("console") / "hub", browser) as found:
        yield found
