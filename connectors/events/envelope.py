"""CloudEvents 1.0 to arrivals: structured, batched and binary mode, with the hub's own shapes or an
agency's format.

Nothing here raises on what a sender sent: whatever cannot be taken becomes an arrival that says
why.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import mimetypes
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from typing import BinaryIO

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from connectors.events import strict_json
from connectors.events.facts import NOTIFICATION, OPEN_CASE, SHAPES, Desk, known_names
from connectors.formats.mapping import AgencyMapping
from connectors.formats.media import BATCH, NAMES, STRUCTURED, MediaType, media_type
from connectors.formats.readers import Kind, Record, written
from connectors.not_taken import NotTaken
from connectors.port import AgencyRoute
from schemas.base import Fact
from schemas.refusals import Refusal
from stores.ports import Arrival

HUB_SCHEMA = "urn:mash-hub:"
"""How ``dataschema`` begins for data in the hub's own shape, from an agency that has a JSON format
of its own.
"""

MOST_AT_ONCE = 2000
"""Messages in one body. They are recorded together while others wait: a small body may hold a
million of them.
"""

LONGEST_ATTRIBUTE = 180
"""Characters of id, source or type; leaves room for the number of a record in an id."""

_REGISTERED = frozenset(mimetypes.types_map.values()) | frozenset(NAMES.values())
_MOMENT: TypeAdapter[dt.datetime] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True, slots=True, repr=False)
class _Event:
    """The attributes of an envelope that the hub uses."""

    id: str
    type: str
    content: MediaType
    schema: str

    def own_format(self, route: AgencyRoute) -> AgencyMapping | None:
        """The agency's mapping for such content, unless the event says that it is in the hub's own
        shape.
        """
        mapping = {NOTIFICATION: route.notifications, OPEN_CASE: route.open_cases}.get(self.type)
        kind = self.content.kind
        if (
            mapping is None
            or kind is None
            or self.schema.startswith(HUB_SCHEMA)
            or not mapping.reads(kind)
        ):
            return None
        return mapping


def parse(
    route: AgencyRoute,
    content_type: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    connector: str,
    now: dt.datetime,
) -> list[Arrival]:
    """Everything in one HTTP body or broker message, each part by itself; never empty, never
    raises.

    ``headers`` hold CloudEvents attributes of binary mode as ``ce-…``, names in lower case.
    ``connector`` is ``http`` or ``queue``; ``now`` an aware moment, for agreements in force and
    times in the future.
    """
    desk, media = Desk(route, connector, now), media_type(content_type)
    if len(body) > route.largest:
        return [desk.arrival(Refusal("unreadable.too-large"), body, _kept(media, None))]
    if media.name == BATCH:
        return _batch(desk, body)
    return (
        _structured(desk, body) if media.name == STRUCTURED else _binary(desk, media, headers, body)
    )


def from_stream(
    desk: Desk, mapping: AgencyMapping, kind: Kind, stream: BinaryIO
) -> Iterator[Arrival]:
    """An arrival, without an id, for each record of a text in the agency's own format."""
    kept = f"{NAMES[kind]}; mapping={mapping.name}"
    for record in mapping.records(kind, stream, desk.route.largest):
        yield desk.arrival(_told(desk, mapping, kind, record), record.original, kept)


def reread(
    route: AgencyRoute,
    content_type: str,
    original: bytes,
    *,
    event_id: str | None,
    connector: str,
    now: dt.datetime,
) -> list[Arrival]:
    """The arrivals of one that was refused, from its kept ``original`` and ``content_type``, mended
    or not.
    """
    media, desk = media_type(content_type), Desk(route, connector, now)
    mapping, kind = route.mapping(media.parameters.get("mapping", "")), media.kind
    if mapping is not None and kind is not None and mapping.reads(kind):
        return _numbered(list(from_stream(desk, mapping, kind, BytesIO(original))), event_id)
    if "type" not in media.parameters:
        return parse(route, content_type, {}, original, connector=connector, now=now)
    event = _Event(event_id or "", media.parameters["type"], media, HUB_SCHEMA)
    return [_own(desk, event, original)]


# --- envelopes


def _batch(desk: Desk, body: bytes) -> list[Arrival]:
    try:
        parsed = strict_json.parse(body)
        if not isinstance(parsed.value, list):
            raise NotTaken("unreadable.event")
        if not parsed.value:
            raise NotTaken("unreadable.empty")
        if len(parsed.value) > MOST_AT_ONCE:
            raise NotTaken("unreadable.too-large")
        events = [(value, written(value)) for value in parsed.value]
    except NotTaken as refused:
        return [desk.arrival(refused.refusal, body, BATCH)]
    return [
        arrival
        for value, original in events
        for arrival in _enveloped(desk, value, parsed.odd, original)
    ]


def _structured(desk: Desk, body: bytes) -> list[Arrival]:
    try:
        parsed = strict_json.parse(body)
    except NotTaken as refused:
        return [desk.arrival(refused.refusal, body, STRUCTURED)]
    return _enveloped(desk, parsed.value, parsed.odd, body)


def _enveloped(desk: Desk, value: object, odd: bool, original: bytes) -> list[Arrival]:
    try:
        if odd or strict_json.may_be_deep(original):
            strict_json.check(value, known_names() | _own_names(desk.route))
        if not isinstance(value, dict):
            raise NotTaken("unreadable.event")
        return _with_data(desk, _attributes(value.get), value, original)
    except NotTaken as refused:
        return [desk.arrival(refused.refusal, original, STRUCTURED, _id_of(value))]


def _own_names(route: AgencyRoute) -> frozenset[str]:
    return frozenset(name for mapping in route.mappings for name in mapping.names)


def _binary(desk: Desk, media: MediaType, headers: Mapping[str, str], body: bytes) -> list[Arrival]:
    given = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
    try:
        if not given:
            raise NotTaken("unknown.format", "Content-Type")
        event = _attributes({**given, "datacontenttype": media.name}.get)
        if not body.strip():
            raise NotTaken("unreadable.empty")
        if (mapping := event.own_format(desk.route)) is not None:
            return _mapped(desk, mapping, event, body)
        return [_own(desk, event, body)]
    except NotTaken as refused:
        return [desk.arrival(refused.refusal, body, _kept(media, given.get("type")), _id_of(given))]


def _kept(media: MediaType, event_type: str | None) -> str:
    """How a binary event is kept, whose type stood in a header: with the type as a parameter."""
    return (
        f"{_known_name(media)}; type={event_type}" if event_type in SHAPES else _known_name(media)
    )


def _known_name(media: MediaType) -> str:
    """A media type that everybody knows: what a sender makes up could be anybody's name, and is
    kept in clear.
    """
    if media.name in (STRUCTURED, BATCH) or media.name in _REGISTERED:
        return media.name
    return NAMES[media.kind] if media.kind else "application/octet-stream"


def _attributes(get: Callable[[str], object | None]) -> _Event:
    """The attributes that the hub uses, each checked; ``NotTaken`` names the one that is amiss."""
    if get("specversion") != "1.0":
        raise NotTaken("unreadable.event", "specversion")
    for name in ("id", "source", "type"):
        value = get(name)
        if (
            not isinstance(value, str)
            or not value.strip()
            or len(value) > LONGEST_ATTRIBUTE
            or not value.isprintable()
        ):
            raise NotTaken("unreadable.event", name)
    for name in ("datacontenttype", "dataschema", "time"):
        if not isinstance(get(name) or "", str):
            raise NotTaken("unreadable.event", name)
    _check_time(get("time"))
    if get("type") not in SHAPES:
        raise NotTaken("unknown.type", "type")
    content = media_type(str(get("datacontenttype") or "application/json"))
    return _Event(str(get("id")), str(get("type")), content, str(get("dataschema") or ""))


def _check_time(value: object) -> None:
    if value is None:
        return
    try:
        _MOMENT.validate_json(f'"{value}"', strict=True)
    except ValidationError:
        raise NotTaken("invalid.time", "time") from None


def _id_of(value: object) -> str | None:
    """The sender's id of a message that is amiss otherwise, so that its receipt can name it."""
    return id_told(value.get("id")) if isinstance(value, dict) else None


def id_told(identity: object) -> str | None:
    """An id as a sender gave it, if it is one that a receipt can name."""
    if not isinstance(identity, str) or not identity.isprintable():
        return None
    return identity if 0 < len(identity) <= LONGEST_ATTRIBUTE else None


# --- data


def _with_data(
    desk: Desk, event: _Event, value: Mapping[str, object], original: bytes
) -> list[Arrival]:
    """The arrivals of a structured event; its original is the whole event, unless it holds several
    records.
    """
    if ("data" in value) == ("data_base64" in value):
        raise NotTaken("unreadable.event", "data")
    mapping, data = event.own_format(desk.route), value.get("data")
    if mapping is not None and event.content.kind == "json" and isinstance(data, dict):
        told = _told(desk, mapping, "json", Record(data, original, "data."))
        return [desk.arrival(told, original, STRUCTURED, event.id)]
    body = _bytes_of(event, value)
    if not body.strip():
        raise NotTaken("unreadable.empty", "data")
    if mapping is not None:
        return _mapped(desk, mapping, event, body)
    return [_own(desk, event, body, original)]


def _bytes_of(event: _Event, value: Mapping[str, object]) -> bytes:
    data = value.get("data")
    if "data_base64" in value:
        return _unpacked(value["data_base64"])
    if event.content.kind == "json":
        return written(data)
    if not isinstance(data, str):
        raise NotTaken("unreadable.event", "data")
    return data.encode("utf-8")


def _unpacked(value: object) -> bytes:
    try:
        return base64.b64decode(value if isinstance(value, str) else "?", validate=True)
    except binascii.Error:
        raise NotTaken("unreadable.event", "data_base64") from None


def _mapped(desk: Desk, mapping: AgencyMapping, event: _Event, body: bytes) -> list[Arrival]:
    kind = event.content.kind
    found = (
        list(islice(from_stream(desk, mapping, kind, BytesIO(body)), MOST_AT_ONCE + 1))
        if kind
        else []
    )
    if not found:
        raise NotTaken("unreadable.empty")
    if len(found) > MOST_AT_ONCE:
        raise NotTaken("unreadable.too-large")
    return _numbered(found, event.id)


def _numbered(arrivals: list[Arrival], event_id: str | None) -> list[Arrival]:
    """The records of one message under its id; of several, ``id#1``, ``id#2`` and so on."""
    if event_id is None or len(arrivals) == 1:
        return [replace(arrival, event_id=event_id) for arrival in arrivals]
    return [
        replace(arrival, event_id=f"{event_id}#{n}") for n, arrival in enumerate(arrivals, start=1)
    ]


def _told(desk: Desk, mapping: AgencyMapping, kind: Kind, record: Record) -> Fact | Refusal:
    try:
        return desk.record(mapping, kind, record)
    except NotTaken as refused:
        return refused.refusal


def _own(desk: Desk, event: _Event, body: bytes, original: bytes | None = None) -> Arrival:
    """The arrival of data in the hub's own shape; ``original`` is the structured event that it came
    in, if any.
    """
    kept = _kept(event.content, event.type) if original is None else STRUCTURED
    told: Fact | Refusal
    try:
        if event.content.kind != "json":
            raise NotTaken("unknown.format", "datacontenttype")
        if original is None:
            _check_json(body)
        told = desk.shape(event.type, body, "" if original is None else "data.")
    except NotTaken as refused:
        told = refused.refusal
    return desk.arrival(told, original or body, kept, event.id or None)


def _check_json(body: bytes) -> None:
    parsed = strict_json.parse(body)
    if parsed.odd or strict_json.may_be_deep(body):
        strict_json.check(parsed.value, known_names())
