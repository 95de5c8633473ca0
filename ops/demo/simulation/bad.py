"""What SIMULATED agencies get wrong in JSON over HTTP: one message of each kind.

What leaves nothing to act on is refused; of others one part is set aside, and the rest is taken.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from connectors.formats.media import STRUCTURED

Way = Literal["http", "queue", "folder"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class Bad:
    """A message in which something is wrong, with the reason code and the field that its sender
    must be told.
    """

    name: str
    reason: str
    field: str | None = None
    body: bytes
    content_type: str = STRUCTURED
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """CloudEvents attributes of binary mode."""
    agency: str = "police"
    way: Way = "http"
    filename: str | None = None
    """Of a dropped file; its name ends so."""
    aside: str | None = None
    """What must be set aside of it, as it stood there; None: the whole is refused."""
    kept: bytes | None = None
    """What is kept of it, where that is not all: one line of a file, for example."""

    @property
    def original(self) -> bytes:
        """The bytes that must be in its dead letter."""
        return self.body if self.kept is None else self.kept


def bad_messages(tag: str = "0001") -> list[Bad]:
    """One of each kind, in a fixed order. Another ``tag``, four digits, makes other messages."""
    return [*_unreadable(tag), *_wrong_envelopes(tag), *_missing_fields(tag), *_wrong_fields(tag)]


def event_of(tag: str, **changes: Any) -> dict[str, Any]:
    """A notification in its envelope; but for ``changes`` nothing is wrong with it."""
    return {
        "specversion": "1.0",
        "id": f"bad-{tag}",
        "source": "urn:simulated:police",
        "type": "mash.notification.v1",
        "data": notification(tag),
    } | changes


def notification(tag: str) -> dict[str, Any]:
    """A notification in the sample's form with nothing wrong."""
    return {
        "notification_id": f"bad-{tag}",
        "source_agency": "police",
        "source_reference": f"CN-26-{tag}",
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


def in_json(
    name: str,
    event: Mapping[str, Any],
    *,
    reason: str,
    field: str | None,
    aside: str | None = None,
) -> Bad:
    """An event with something wrong in it, under an id of its own."""
    body = json.dumps({**event, "id": f"{event['id']}-{name}"}).encode()
    return Bad(name=name, reason=reason, field=field, aside=aside, body=body)


def _unreadable(tag: str) -> Iterator[Bad]:
    number = tag.lstrip("0").encode()
    bodies = {
        "not-utf-8": ("unreadable.encoding", b'{"id": "' + tag.encode() + b'\xff\xfe"}'),
        "cut-off": ("unreadable.json", json.dumps(event_of(tag)).encode()[:-20]),
        "not-json": ("unreadable.json", f"Dear MASH team {tag}, please see attached.".encode()),
        "empty": ("unreadable.empty", b" " * (int(tag) - 1)),
        "too-deep": ("unreadable.too-deep", b"[" * 200 + number + b"]" * 200),
    }
    for name, (reason, body) in bodies.items():
        yield Bad(name=name, reason=reason, body=body)


def _wrong_envelopes(tag: str) -> Iterator[Bad]:
    old, odd = event_of(tag, specversion="0.3"), event_of(tag, type="mash.holiday-card.v1")
    unsaid = event_of(tag)
    del unsaid["source"]
    events = {
        "wrong-specversion": ("unreadable.event", "specversion", old),
        "no-source": ("unreadable.event", "source", unsaid),
        "unknown-type": ("unknown.type", "type", odd),
    }
    for name, (reason, at, event) in events.items():
        yield in_json(name, event, reason=reason, field=at)


_LEFT_OUT = {"no-reference": "source_reference", "no-narrative": "narrative"}


def _missing_fields(tag: str) -> Iterator[Bad]:
    for name, missing in _LEFT_OUT.items():
        data = notification(tag)
        del data[missing]
        event = event_of(tag, data=data)
        yield in_json(name, event, reason="missing.field", field=f"data.{missing}", aside="")


_WRONG_VALUES = (
    ("not-a-date", "date_of_birth", "3rd of Feb", "invalid.date"),
    ("impossible-date", "date_of_birth", "2019-02-30", "invalid.date"),
    ("not-a-time", "observed_at", "yesterday", "invalid.time"),
    ("time-without-offset", "observed_at", "2026-05-01 10:00", "invalid.time"),
    ("from-the-future", "observed_at", "2126-05-01T10:00:00Z", "invalid.future"),
    ("unknown-sex", "sex", "purple", "invalid.code"),
    ("truth-for-text", "narrative", True, "invalid.value"),
    ("text-too-long", "narrative", "long " * 5000, "invalid.too-long"),
)
"""Name, field, what stands in it, and the reason that the sender is told."""


def _wrong_fields(tag: str) -> Iterator[Bad]:
    for name, wrong, value, reason in _WRONG_VALUES:
        event = event_of(tag, data=notification(tag) | {wrong: value})
        aside = value if isinstance(value, str) else json.dumps(value)
        yield in_json(name, event, reason=reason, field=f"data.{wrong}", aside=aside)
