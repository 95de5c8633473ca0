"""The sample agencies' notifications as events, in the order in which they were made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import groupby, islice
from typing import Any

from ops.demo.simulation.answers import Event
from ops.linkage.arrivals import notification_event

_SAMPLE = files("ops.sample")


def sample_lines(limit: int | None = None) -> list[str]:
    """The sample stream's lines (4,000), or the first ``limit`` of them."""
    lines = (_SAMPLE / "notifications.jsonl").read_text(encoding="utf-8").splitlines()
    return lines[:limit]


def sample_open_cases() -> str:
    """The sample case system's feed of open cases, in CSV."""
    return (_SAMPLE / "open_cases.csv").read_text(encoding="utf-8")


def sample_register() -> bytes:
    """The sample register of what is below threshold, in CSV."""
    return (_SAMPLE / "ecaf.csv").read_bytes()


def batches(lines: Iterable[str], size: int) -> Iterator[tuple[str, list[Event]]]:
    """Agency and events, in order; events of one agency that follow each other within ``size`` go
    together.
    """
    records = map(json.loads, lines)
    while window := list(islice(records, size)):
        window.sort(key=_agency)
        for agency, group in groupby(window, key=_agency):
            yield agency, [notification_event(record) for record in group]


def _agency(record: dict[str, Any]) -> str:
    return str(record["source_agency"])
