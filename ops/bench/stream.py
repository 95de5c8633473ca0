"""The sample as arrivals, as many as asked for: later rounds bring the same children with new references."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from itertools import count, islice
from typing import Any

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


def arrival_of(found: Routes, record: dict[str, Any]) -> Arrival:
    """One record of the sample's form, as the HTTP connector reads it."""
    route = found.by_code[str(record["source_agency"])]
    body = json.dumps(notification_event(record)).encode()
    (arrival,) = parse(route, STRUCTURED, {}, body, connector="bench", now=dt.datetime.now(dt.UTC))
    return arrival


def _endless(found: Routes) -> Iterator[Arrival]:
    lines = [json.loads(line) for line in sample_lines()]
    for turn in count():
        for record in lines:
            again = {"notification_id": f"{record['notification_id']}-{turn}"} if turn else {}
            again |= {"source_reference": f"{record['source_reference']}-{turn}"} if turn else {}
            yield arrival_of(found, record | again)
