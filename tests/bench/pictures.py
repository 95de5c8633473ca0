"""What showing pictures costs: CPU and bytes of each, beside those of a notification."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.layout import sqlite_hub
from tests.bench.once import feed
from tests.bench.stream import arrivals
from tests.bench.usage import used

_AT_ONCE = 20
"""Letters that a desk fetches together."""


def pictures(*, number: int, told: Callable[[str], None]) -> dict[str, Any]:
    """Feed a hub, and hand out all letters of the lead agency with their pictures."""
    told(f"pictures: {number} notifications, and all that they ask the lead agency")
    with tempfile.TemporaryDirectory() as folder:
        hub = sqlite_hub(Path(folder) / "pictures.db")
        came = arrivals(hub.settings, number)
        started = used(os.getpid())
        feed(hub, came, steps=hub.embedded())
        fed = used(os.getpid())
        sizes = _hand_out(hub)
        given = used(os.getpid()) - fed
        hub.database.close()
    one = (fed - started).cpu_seconds / number
    each = given.cpu_seconds / len(sizes)
    return {
        "pictures": len(sizes),
        "cpu_ms_each": round(each * 1000, 3),
        "kb_each": round(sum(sizes) / len(sizes) / 1000, 1),
        "cpu_share_of_a_notification": round(given.cpu_seconds / number / one, 3),
    }


def _hand_out(hub: Any) -> list[int]:
    """The size in bytes of every picture that goes out with a letter."""
    sizes = []
    while letters := hub.queues.lease(hub.settings.lead_agency, limit=_AT_ONCE, seconds=3600):
        for letter in letters:
            picture = json.loads(letter.body)["data"].get("picture")
            if picture is not None:
                sizes.append(len(json.dumps(picture).encode()))
    return sizes
