"""Whether a notification that is accepted with warnings is as fast as a clean one: both in one
stream, told apart afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from connectors.port import routes
from tests.bench.embedded import running
from tests.bench.latency import quantiles, sent_steadily
from tests.bench.layout import part
from tests.bench.stream import records

_PER_SECOND = 50.0
_FAULTS = {"date_of_birth": "1875-02-30", "postcode": "BD54 5UN (nan's)", "upn": "unknown"}
"""What is set aside in every second notification, each with a warning."""


def warned(*, number: int, told: Callable[[str], None]) -> dict[str, Any]:
    """Latency of both at a steady rate, and the CPU that reading each takes."""
    told(
        f"warned: {number} notifications at {_PER_SECOND:.0f} a second, every second with warnings"
    )
    with running() as (hub, url):
        came, spent = _read(hub.settings, number)
        _check(came)
        sent = sent_steadily(hub, came, url=url, per_second=_PER_SECOND)
    figures = {}
    for remainder, name in enumerate(("clean", "warned")):
        numbers = range(remainder, number, 2)
        waited = sent.waited(numbers)
        reading = round(spent[remainder] * 2000 / number, 3)
        figures[name] = {"rated": len(waited), **quantiles(waited), "cpu_ms_to_read": reading}
    return figures


def _read(settings: Any, number: int) -> tuple[list[Any], list[float]]:
    """The arrivals, and the CPU seconds that the clean and the others took to be read."""
    found, arrival_of = routes(settings, {}), part("arrival_of")
    came, spent = [], [0.0, 0.0]
    for count, record in enumerate(islice(records(), number)):
        started = time.process_time()
        came.append(arrival_of(found, record | _FAULTS if count % 2 else record))
        spent[count % 2] += time.process_time() - started
    return came, spent


def _check(came: Sequence[Any]) -> None:
    """Every second one has warnings."""
    assert all(arrival.body.notification.set_aside for arrival in came[1::2])
