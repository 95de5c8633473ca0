"""The sample agencies' notifications as events, in the order in which they were made."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import groupby, islice
from typing import Any

from ops.simulation.answers import Event

_SAMPLE = files("ops.sample")


def sample_lines(limit: int | None = None) -> list[str]:
    """The sample stream's lines (4,000), or the first ``limit`` of them."""
    lines = (_SAMPLE / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    return lines[:limit]


def sample_truth() -> list[dict[str, str]]:
    """What is true of each line of the sample stream: child, family, what it sends again, what is difficult in it."""
    return list(csv.DictReader((_SAMPLE / "truth.csv").read_text(encoding="utf-8").splitlines()))


def sample_open_cases() -> str:
    """The sample case system's feed of open cases, in CSV."""
    return (_SAMPLE / "open_cases.csv").read_text(encoding="utf-8")


def notification_event(record: dict[str, Any]) -> Event:
    """A record of the sample in an envelope of its agency, in the agency's own form."""
    return {
        "specversion": "1.0",
        "id": record["notification_id"],
        "source": f"urn:simulated:{record['source_agency']}",
        "type": "mash.notification.v1",
        "time": record["observed_at"],
        "data": record,
    }


def batches(lines: Iterable[str], size: int) -> Iterator[tuple[str, list[Event]]]:
    """Agency and events, in order; events of one agency that follow each other within ``size`` go together."""
    records = map(json.loads, lines)
    while window := list(islice(records, size)):
        window.sort(key=_agency)
        for agency, group in groupby(window, key=_agency):
            yield agency, [notification_event(record) for record in group]


def _agency(record: dict[str, Any]) -> str:
    return str(record["source_agency"])
