"""What showing pictures costs: CPU and bytes of each, beside those of a notification.

``python -m tests.bench.pictures NUMBER`` measures it, in a process that does nothing else.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tests.bench.against import HERE, run_module
from tests.bench.layout import part, sqlite_hub
from tests.bench.once import feed
from tests.bench.stream import arrivals
from tests.bench.usage import used

_AT_ONCE = 20
"""Letters that a desk fetches together."""


def pictures(*, number: int, told: Callable[[str], None]) -> dict[str, Any]:
    """Feed a hub, and hand out all letters of the lead agency with their pictures."""
    told(f"pictures: {number} notifications, and all that they ask the lead agency")
    figures: dict[str, Any] = json.loads(
        run_module("tests.bench.pictures", str(number), checkout=HERE)
    )
    return figures


def measured(number: int) -> dict[str, Any]:
    """The figures, in this process."""
    with tempfile.TemporaryDirectory() as folder:
        hub = sqlite_hub(Path(folder) / "pictures.db")
        came = arrivals(hub.settings, number)
        started = used(os.getpid())
        feed(hub, came, steps=hub.embedded())
        fed = used(os.getpid())
        bodies = _hand_out(hub)
        given = used(os.getpid()) - fed
        hub.database.close()
    one = (fed - started).cpu_seconds / number
    sizes = _sizes(bodies)
    return {
        "pictures": len(sizes),
        "cpu_ms_each": round(given.cpu_seconds / len(sizes) * 1000, 3),
        "kb_each": round(sum(sizes) / len(sizes) / 1000, 1),
        "cpu_share_of_a_notification": round(given.cpu_seconds / number / one, 3),
    }


def _hand_out(hub: Any) -> list[bytes]:
    """Every letter as it goes out."""
    bodies: list[bytes] = []
    while letters := hub.queues.lease(hub.settings.lead_agency, limit=_AT_ONCE, seconds=3600):
        bodies += (letter.body for letter in letters)
    return bodies


def _sizes(bodies: Iterable[bytes]) -> list[int]:
    """The size in bytes of every picture that goes out with a letter."""
    drawn = (json.loads(body)["data"].get("picture") for body in bodies)
    return [len(json.dumps(picture).encode()) for picture in drawn if picture is not None]


if __name__ == "__main__":
    part("collect_seldom")()
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]))))
