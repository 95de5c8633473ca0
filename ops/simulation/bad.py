"""What simulated agencies get wrong: one message of each kind, for demonstrations and tests of intake."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

STRUCTURED = "application/cloudevents+json"


@dataclass(frozen=True, slots=True, repr=False)
class Bad:
    """A message that no hub can take, and the reason code that its sender must be told."""

    name: str
    reason: str
    content_type: str
    body: bytes


def _event(**changes: Any) -> dict[str, Any]:
    envelope = {
        "specversion": "1.0",
        "id": "bad-0001",
        "source": "urn:simulated:police",
        "type": "mash.notification.v1",
        "data": dict(_GOOD),
    }
    return envelope | changes


def _data(**changes: Any) -> dict[str, Any]:
    return _event(data=_GOOD | changes)


_GOOD: dict[str, Any] = {
    "notification_id": "bad-0001",
    "source_agency": "police",
    "source_reference": "CN-26-000001",
    "observed_at": "2026-05-01T10:00:00Z",
    "given_name": "Testa",
    "middle_names": [],
    "family_name": "Sample",
    "alias_names": [],
    "date_of_birth": "2019-02-03",
    "dob_estimated": False,
    "expected_date_of_birth": None,
    "sex": "female",
    "nhs_number": None,
    "upn": None,
    "address_lines": ["1 Example Street"],
    "postcode": "LS99 9ZZ",
    "phone": None,
    "guardians": [],
    "narrative": "Invented for a test.",
}


def _json(name: str, reason: str, event: dict[str, Any]) -> Bad:
    return Bad(name, reason, STRUCTURED, json.dumps(event | {"id": f"bad-{name}"}).encode())


def _without(name: str) -> dict[str, Any]:
    return _event(data={key: value for key, value in _GOOD.items() if key != name})


def bad_messages() -> list[Bad]:
    """One of each kind, in a fixed order."""
    return [
        Bad("not-utf-8", "unreadable.encoding", STRUCTURED, b'{"id": "\xff\xfe"}'),
        Bad("cut-off", "unreadable.json", STRUCTURED, json.dumps(_event())[:-20].encode()),
        Bad("not-json", "unreadable.json", STRUCTURED, b"Dear MASH team, please see attached."),
        Bad("empty", "unreadable.empty", STRUCTURED, b""),
        Bad("too-deep", "unreadable.too-deep", STRUCTURED, b"[" * 200 + b"]" * 200),
        _json("wrong-specversion", "unreadable.event", _event(specversion="0.3")),
        _json("no-source", "unreadable.event", {k: v for k, v in _event().items() if k != "source"}),
        _json("unknown-type", "unknown.type", _event(type="mash.holiday-card.v1")),
        _json("no-reference", "missing.field", _without("source_reference")),
        _json("no-narrative", "missing.field", _without("narrative")),
        _json("not-a-date", "invalid.date", _data(date_of_birth="3rd of Feb")),
        _json("impossible-date", "invalid.date", _data(date_of_birth="2019-02-30")),
        _json("not-a-time", "invalid.time", _data(observed_at="yesterday")),
        _json("time-without-offset", "invalid.time", _data(observed_at="2026-05-01 10:00")),
        _json("from-the-future", "invalid.future", _data(observed_at="2126-05-01T10:00:00Z")),
        _json("unknown-sex", "invalid.code", _data(sex="purple")),
        _json("number-for-text", "invalid.value", _data(narrative=12345)),
        _json("text-too-long", "invalid.too-long", _data(narrative="long " * 5000)),
    ]
