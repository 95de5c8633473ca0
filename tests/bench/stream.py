"""The sample as arrivals, as many as asked for: later rounds bring the same children with new
references.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, islice

from connectors.port import Routes, routes
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import arrival_of
from schemas.settings import HubSettings
from stores.ports import Arrival


def arrivals(settings: HubSettings, number: int) -> list[Arrival]:
    """So many notifications, read and mapped as the HTTP connector does it."""
    found = routes(settings, {})
    return list(islice(_endless(found), number))


def _endless(found: Routes) -> Iterator[Arrival]:
    lines = [json.loads(line) for line in sample_lines()]
    for turn in count():
        for record in lines:
            again = {"notification_id": f"{record['notification_id']}-{turn}"} if turn else {}
            again |= {"source_reference": f"{record['source_reference']}-{turn}"} if turn else {}
            yield arrival_of(found, record | again)
