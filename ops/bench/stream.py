"""The sample as arrivals, as many as asked for: later rounds bring the same children with new references."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from itertools import count, islice

from connectors.events import parse
from connectors.media import STRUCTURED
from connectors.port import Routes, routes
from ops.simulation.stream import notification_event, sample_lines
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
            yield from _arrival(found, record | again)


def _arrival(found: Routes, record: dict[str, object]) -> Sequence[Arrival]:
    route = found.by_code[str(record["source_agency"])]
    body = json.dumps(notification_event(record)).encode()
    return parse(route, STRUCTURED, {}, body, connector="bench", now=dt.datetime.now(dt.UTC))
