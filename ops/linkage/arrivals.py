"""Records of the sample's form as the hub takes them in, for linking files without a hub."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from connectors.port import Routes
from stores.ports import Arrival

_NEEDED = ("notification_id", "source_agency", "observed_at")
"""What tells a record from others; all else is for the agency's mapping to judge."""


class Unmapped(Exception):
    """A line is no notification of the sample's form; the message says which and why."""


def lines_of(path: Path) -> list[str]:
    """The lines of a file of JSON lines. Raises ``UnicodeDecodeError``."""
    with path.open(encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file]


def record_of(line: str, number: int) -> dict[str, Any]:
    """The record on a line of this number. Raises :class:`Unmapped`."""
    try:
        record = json.loads(line)
    except ValueError:
        raise Unmapped(f"line {number} is not JSON") from None
    for name in _NEEDED:
        if not isinstance(record, dict) or not isinstance(record.get(name), str):
            raise Unmapped(f"line {number} has no {name}: it is no notification of the sample's")
    return dict(record)


def notification_event(record: dict[str, Any]) -> dict[str, Any]:
    """A record of the sample in an envelope of its agency, in the agency's own form."""
    return {
        "specversion": "1.0",
        "id": record["notification_id"],
        "source": f"urn:simulated:{record['source_agency']}",
        "type": "mash.notification.v1",
        "time": record["observed_at"],
        "data": record,
    }


def arrival_of(found: Routes, record: dict[str, Any]) -> Arrival:
    """A record of the sample's form, as the HTTP connector reads it. Raises :class:`Unmapped`."""
    route = found.by_code.get(record["source_agency"])
    if route is None:
        raise Unmapped("a notification comes from an agency that is none of the sample's")
    body = json.dumps(notification_event(record)).encode()
    door = Door(route, "file", dt.datetime.now(dt.UTC))
    (arrival,) = parse(door, body, content_type=STRUCTURED)
    return arrival
