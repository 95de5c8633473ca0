"""CloudEvents 1.0 to arrivals, with the hub's own shapes or an agency's format as their data.

Nothing here raises on what a sender sent: what cannot be taken is an arrival that says why.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from types import MappingProxyType
from typing import BinaryIO, TypeVar

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from connectors.events.facts import MESSAGE_TYPES, Door, known_names
from connectors.formats import strict_json
from connectors.formats.mapping import Format
from connectors.formats.media import BATCH, STRUCTURED, MediaType, media_type
from connectors.formats.records import Record, Tally
from connectors.formats.strict_json import Json
from connectors.not_taken import NotTaken
from connectors.port import AgencyRoute
from schemas.base import Fact
from schemas.refusals import Refusal
from stores.ports import Arrival

HUB_SCHEMA = "urn:mash-hub:"
"""How ``dataschema`` begins where an agency with a JSON format of its own sends the hub's shape."""

MOST_AT_ONCE = 2000
"""Messages in one body, recorded together while others wait; a small body may hold a million."""

LONGEST_ATTRIBUTE = 180
"""Characters of id, source or type; leaves room for the number of a record in an id."""

Found = TypeVar("Found")

_MOMENT: TypeAdapter[dt.datetime] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True, slots=True, repr=False)
class _Event:
    """The attributes of an envelope that the hub uses."""

    id: str
    type: str
    content: MediaType
    schema: str

    def own_format(self, route: AgencyRoute) -> Format | None:
        """The agency's own, unless the event says that its data is in the hub's shape."""
        made = [mapping for mapping in route.mappings if f"mash.{mapping.makes}.v1" == self.type]
        own = made and not self.schema.startswith(HUB_SCHEMA)
        return made[0].format(self.content.kind) if own else None


def parse(
    door: Door,
    body: bytes,
    *,
    content_type: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> list[Arrival]:
    """Everything in one HTTP body or broker message, each part by itself; never empty.

    ``headers`` hold CloudEvents attributes of binary mode as ``ce-…``, names in lower case.
    """
    media = media_type(content_type)
    if len(body) > door.route.largest:
        refusal = Refusal("unreadable.too-large")
        return [door.arrival(refusal, body, content_type=media.public_name)]
    if media.name not in (BATCH, STRUCTURED):
        attributes = {name[3:]: value for name, value in headers.items() if name.startswith("ce-")}
        return _binary(door, body, media=media, attributes=attributes)
    try:
        whole = strict_json.parse(body)
        events = _parts(whole) if media.name == BATCH else [whole]
    except NotTaken as refused:
        return [door.arrival(refused.refusal, body, content_type=media.name)]
    return [arrival for event in events for arrival in _structured(door, event)]


def from_stream(
    door: Door, stream: BinaryIO, *, form: Format, tally: Tally | None = None
) -> Iterator[Arrival]:
    """An arrival, without an id, for each child of each record of a text in the agency's format."""
    tally = tally or Tally()
    for record in form.records(stream, largest=door.route.largest, tally=tally):
        try:
            told: Sequence[Fact | Refusal] = door.record(record, form, tally=tally)
        except NotTaken as refused:
            told = [refused.refusal]
        assert told, "records in are receipts and refusals out"
        for number, one in enumerate(told, start=1):
            part = f"; part={number}" if number > 1 else ""
            yield door.arrival(one, record.original, content_type=form.kept_as + part)


def reread(
    door: Door, original: bytes, *, content_type: str, event_id: str | None
) -> list[Arrival]:
    """The arrivals of one that was refused, as it was kept, mended or not."""
    media = media_type(content_type)
    if form := door.route.format_of_kept(media):
        found = list(from_stream(door, BytesIO(original), form=form))
        number = int(media.parameters.get("part", "0"))
        return named(found[number - 1 : number] if number else found, event_id)
    if "type" not in media.parameters:
        return parse(door, original, content_type=content_type)
    event = _Event(event_id or "", media.parameters["type"], media, HUB_SCHEMA)
    told = _told(lambda: _shape(door, event, data=strict_json.parse(original)))
    kept_as = _kept_as(media, event.type)
    return [door.arrival(told, original, content_type=kept_as, event_id=event_id or None)]


def _told(read: Callable[[], Fact]) -> Fact | Refusal:
    try:
        return read()
    except NotTaken as refused:
        return refused.refusal


def named(arrivals: Sequence[Arrival], message_id: str | None) -> list[Arrival]:
    """What has no id of its own gets the message's: of several ``id#1``, ``id#2`` and so on."""
    if message_id is None:
        return list(arrivals)
    places = [f"#{n}" for n in range(1, len(arrivals) + 1)] if len(arrivals) > 1 else [""]
    return [
        arrival if arrival.event_id else replace(arrival, event_id=message_id + place)
        for arrival, place in zip(arrivals, places, strict=False)
    ]


def id_told(identity: object) -> str | None:
    """An id as a sender gave it, if it is one that a receipt can name."""
    if not isinstance(identity, str) or not identity.isprintable():
        return None
    return identity if 0 < len(identity) <= LONGEST_ATTRIBUTE else None


# --- envelopes


def _parts(batch: Json) -> list[Json]:
    if not isinstance(batch.value, list):
        raise NotTaken("unreadable.event")
    return _some(batch.parts())


def _some(found: Iterator[Found]) -> list[Found]:
    some = list(islice(found, MOST_AT_ONCE + 1))
    if not some:
        raise NotTaken("unreadable.empty")
    if len(some) > MOST_AT_ONCE:
        raise NotTaken("unreadable.too-large")
    return some


def _structured(door: Door, json: Json) -> list[Arrival]:
    try:
        json.check_depth()
        if not isinstance(json.value, dict):
            raise NotTaken("unreadable.event")
        json.envelope().check(known_names())
        return _with_data(door, _attributes(json.fields.get), json=json)
    except NotTaken as refused:
        told, event_id = refused.refusal, id_told(json.fields.get("id"))
        return [door.arrival(told, json.text, content_type=STRUCTURED, event_id=event_id)]


def _binary(
    door: Door, body: bytes, *, media: MediaType, attributes: Mapping[str, str]
) -> list[Arrival]:
    kept_as, event_id = _kept_as(media, attributes.get("type")), id_told(attributes.get("id"))
    try:
        if not attributes:
            raise NotTaken("unknown.format", "Content-Type")
        event = _attributes({**attributes, "datacontenttype": media.name}.get)
        if not body.strip():
            raise NotTaken("unreadable.empty")
        if form := event.own_format(door.route):
            return named(_some(from_stream(door, BytesIO(body), form=form)), event.id)
        kept_as = _kept_as(event.content, event.type)  # JSON where no Content-Type says another
        told: Fact | Refusal = _shape(door, event, data=strict_json.parse(body))
    except NotTaken as refused:
        told = refused.refusal
    return [door.arrival(told, body, content_type=kept_as, event_id=event_id)]


def _kept_as(media: MediaType, event_type: str | None) -> str:
    """How a binary event is kept, whose type stood in a header: with the type as a parameter."""
    return media.public_name + (f"; type={event_type}" if event_type in MESSAGE_TYPES else "")


def _attributes(get: Callable[[str], object | None]) -> _Event:
    """The attributes that the hub uses, each checked; ``NotTaken`` names the one that is amiss."""
    if get("specversion") != "1.0":
        raise NotTaken("unreadable.event", "specversion")
    for name in ("id", "source", "type"):
        if not (id_told(get(name)) or "").strip():
            raise NotTaken("unreadable.event", name)
    for name in ("datacontenttype", "dataschema", "time"):
        if not isinstance(get(name) or "", str):
            raise NotTaken("unreadable.event", name)
    try:
        if (time := get("time")) is not None:
            _MOMENT.validate_json(f'"{time}"', strict=True)
    except ValidationError:
        raise NotTaken("invalid.time", "time") from None
    if get("type") not in MESSAGE_TYPES:
        raise NotTaken("unknown.type", "type")
    content = media_type(str(get("datacontenttype") or "application/json"))
    return _Event(str(get("id")), str(get("type")), content, str(get("dataschema") or ""))


# --- data


def _with_data(door: Door, event: _Event, *, json: Json) -> list[Arrival]:
    """The arrivals of a structured event: it is kept whole, unless it holds several records."""
    if ("data" in json.fields) == ("data_base64" in json.fields):
        raise NotTaken("unreadable.event", "data")
    form, data = event.own_format(door.route), json.fields.get("data")
    if form and form.kind == "json" and isinstance(data, dict):
        facts = door.record(Record(data, json.text, "data.", odd=json.odd), form)
    else:
        body = _bytes_of(event, json)
        if not body.strip():
            raise NotTaken("unreadable.empty", "data")
        if form:
            return named(_some(from_stream(door, BytesIO(body), form=form)), event.id)
        inside = Json(data, body, json.odd) if "data" in json.fields else strict_json.parse(body)
        facts = [_shape(door, event, data=inside, prefix="data.")]
    arrivals = [door.arrival(fact, json.text, content_type=STRUCTURED) for fact in facts]
    return named(arrivals, event.id)


def _bytes_of(event: _Event, json: Json) -> bytes:
    data, packed = json.fields.get("data"), json.fields.get("data_base64")
    if "data_base64" in json.fields:
        try:
            return base64.b64decode(packed if isinstance(packed, str) else "?", validate=True)
        except ValueError:
            raise NotTaken("unreadable.event", "data_base64") from None
    if event.content.kind == "json":
        return strict_json.as_sent(data).encode() if json.odd else strict_json.written(data)
    if not isinstance(data, str):
        raise NotTaken("unreadable.event", "data")
    return data.encode("utf-8")


def _shape(door: Door, event: _Event, *, data: Json, prefix: str = "") -> Fact:
    """The fact of data in the hub's own shape."""
    if event.content.kind != "json":
        raise NotTaken("unknown.format", "datacontenttype")
    return door.shape(data, event.type, prefix=prefix)
