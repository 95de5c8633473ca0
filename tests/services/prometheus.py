"""Where Prometheus' ``promtool`` is, which tries alert rules."""

import shutil

from tests.services.process import ServiceUnavailable


def find_promtool() -> str:
    """Where it is. Raises ``ServiceUnavailable``."""
    found = shutil.which("promtool")
    if found is None:
        raise ServiceUnavailable(
            "promtool is not installed: `python -m tests.services install` as root, or "
            "`apt-get install prometheus`"
        )
    return found
