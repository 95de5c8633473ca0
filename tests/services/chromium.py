"""A browser for tests: Debian's Chromium, headless, in a profile of its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from tests.services.process import ServiceUnavailable

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> str:
    """Where it is. Raises ``ServiceUnavailable``."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise ServiceUnavailable(
            "Chromium is not installed: `python -m tests.services install` as root, or "
            "`apt-get install chromium`"
        )
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """One that runs, until the end. It asks nobody for anything but what a test opens."""
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
