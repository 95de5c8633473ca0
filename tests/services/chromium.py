"""Where the browser for tests is: Debian's Chromium, or any Chrome."""

import shutil

from tests.services.process import ServiceUnavailable

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find_chromium() -> str:
    """Where it is. Raises ``ServiceUnavailable``."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise ServiceUnavailable(
            "Chromium is not installed: `python -m tests.services install` as root, or "
            "`apt-get install chromium`"
        )
    return found
