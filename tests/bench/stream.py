"""The sample as arrivals, as many as asked for: later rounds bring the same children with new
references.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

from connectors.port import routes
from tests.bench.layout import part


def arrivals(settings: Any, number: int) -> list[Any]:
    """So many notifications, read and mapped as the HTTP connector does it."""
    found, arrival_of = routes(settings, {}), part("arrival_of")
    return [arrival_of(found, record) for record in islice(records(), number)]


def records() -> Iterator[dict[str, Any]]:
    """The sample's records without end."""
    lines = [json.loads(line) for line in part("sample_lines")()]
    for turn in count():
        for record in lines:
            again = {"notification_id": f"{record['notification_id']}-{turn}"} if turn else {}
            again |= {"source_reference": f"{record['source_reference']}-{turn}"} if turn else {}
            yield record | again
