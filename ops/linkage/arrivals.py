"""Records of the sample's form as the hub takes them in: for files that are linked without a
running hub.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from connectors.events.envelope import parse
from connectors.formats.media import STRUCTURED
from connectors.port import Routes
from stores.ports import Arrival


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
    """One record of the sample's form, as the HTTP connector reads it."""
    route = found.by_code[str(record["source_agency"])]
    body = json.dumps(notification_event(record)).encode()
    (arrival,) = parse(route, STRUCTURED, {}, body, connector="file", now=dt.datetime.now(dt.UTC))
    return arrival
