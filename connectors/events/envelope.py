"""CloudEvents 1.0 to arrivals, with the hub's own shapes or an agency's format as their data.

Nothing here raises on what a sender sent: what cannot be taken is an arrival that says why, also
where the fault is the hub's own.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from itertools import islice
from types import MappingProxyType
from typing import BinaryIO, TypeVar

import structlog
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from connectors.asides import aside
from connectors.events.attributes import Attributes
from connectors.events.facts import MESSAGE_TYPES, Door, Said, known_names, source_key
from connectors.formats import strict_json
from connectors.formats.mapping import Format
from connectors.formats.media import BATCH, NAMES, STRUCTURED, MediaType, media_type
from connectors.formats.records import Record, Tally
from connectors.formats.strict_json import Json
from connectors.not_taken import NotTaken
from connectors.port import AgencyRoute
from schemas.base import Fact
from schemas.notification import Instead, SetAside
from schemas.refusals import Refusal
from stores.ports import Arrival

HUB_SCHEMA = "urn:mash-hub:"
"""How ``dataschema`` begins where an agency with a JSON format of its own sends the hub's shape."""

MOST_AT_ONCE = 2000
"""Messages in one body, recorded together while others wait; a small body may hold a million."""

_ANY_EVENT = "application/cloudevents"
"""How the media type of every event format begins, those too that the hub does not read."""

_HEADERS = (
    "any of these and application/json need the event's attributes beside the body: over HTTP the "
    "headers ce-specversion, ce-id, ce-source and ce-type"
)

LONGEST_ATTRIBUTE = 180
"""Characters of id, source or type; leaves room for the number of a record in an id."""

Found = TypeVar("Found")

log = structlog.get_logger()

_USED = frozenset(
    {"specversion", "id", "source", "type", "time", "datacontenttype", "dataschema"}
    | {"data", "data_base64"}
)
"""What the hub reads of an envelope: extensions may hold anything."""

_MOMENT: TypeAdapter[dt.datetime] = TypeAdapter(AwareDatetime)


@dataclass(frozen=True, slots=True, repr=False)
class _Event:
    """The attributes of an envelope that the hub uses."""

    said: Said
    type: str
    content: MediaType
    schema: str
    amiss: tuple[SetAside, ...] = ()
    """Attributes that could not be used, and that what it brings can be taken without."""

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
    attributes: Attributes = MappingProxyType({}),
) -> list[Arrival]:
    """Everything in one HTTP body or broker message, each part by itself.

    ``attributes`` are those that stood in headers, for binary mode.
    """
    media = media_type(content_type)
    if len(body) > door.route.largest:
        refusal = Refusal("unreadable.too-large")
        return [door.arrival(refusal, body, content_type=media.public_name)]
    try:
        if media.name == STRUCTURED:
            return _structured(door, strict_json.parse(body))
        if media.name == BATCH:
            return _batch(door, _parts(strict_json.parse(body)))
        if media.name.startswith(_ANY_EVENT):
            raise NotTaken("unknown.format", "Content-Type", expected=door.route.sends)
        return _binary(door, body, media=media, attributes=attributes)
    except Exception as error:  # noqa: BLE001 - see why
        return [door.arrival(why(error, door), body, content_type=media.public_name)]


def why(error: Exception, door: Door) -> Refusal:
    """Why a message is not taken. Every way in asks here whatever the error is: those behind it
    must pass, and what the hub itself fails over is kept, told and logged.
    """
    if isinstance(error, NotTaken):
        return error.refusal
    name = type(error).__name__
    log.error("arrival.undecidable", agency=door.route.code, connector=door.connector, error=name)
    return Refusal("undecidable")


def from_stream(
    door: Door, stream: BinaryIO, *, form: Format, tally: Tally | None = None
) -> Iterator[Arrival]:
    """An arrival, without an id, for each child of each record of a text in the agency's format."""
    tally = tally or Tally()
    for record in form.records(stream, largest=door.route.largest, tally=tally):
        said = Said(place=record.where.rstrip("., /") or None)
        try:
            told: Sequence[Fact | Refusal] = door.record(record, form, tally=tally)
        except Exception as error:  # noqa: BLE001 - see why
            told = [why(error, door)]
        assert told, "records in are receipts and refusals out"
        for number, one in enumerate(told, start=1):
            kept_as = form.kept_as + (f"; part={number}" if number > 1 else "")
            yield door.arrival(one, record.original, content_type=kept_as, said=said)


def from_body(door: Door, body: bytes, *, form: Format, said: Said) -> list[Arrival]:
    """The arrivals of one message in the agency's format, named by it.

    Raises ``NotTaken`` where it holds none, or more than are taken at once.
    """
    return named(_some(from_stream(door, BytesIO(body), form=form)), said)


def reread(
    door: Door, original: bytes, *, content_type: str, event_id: str | None
) -> list[Arrival]:
    """The arrivals of one that was refused, as it was kept, mended or not."""
    media = media_type(content_type)
    said = Said(event_id, source_key=media.parameters.get("source"))
    if form := door.route.format_of_kept(media):
        found = list(from_stream(door, BytesIO(original), form=form))
        part = media.parameters.get("part")
        return named([one for n, one in enumerate(found, 1) if part in (None, str(n))], said)
    if "type" not in media.parameters:
        return parse(door, original, content_type=content_type)
    event = _Event(said, media.parameters["type"], media, HUB_SCHEMA)
    try:
        told: Fact | Refusal = _shape(door, event, data=strict_json.parse(original))
    except Exception as error:  # noqa: BLE001 - see why
        told = why(error, door)
    kept_as = _kept_as(media.public_name, event.type, said=said)
    return [door.arrival(told, original, content_type=kept_as, said=said)]


def named(arrivals: Sequence[Arrival], said: Said) -> list[Arrival]:
    """What has no id of its own gets the message's: of several ``id#1``, ``id#2`` and so on."""
    if said.id is None:
        return list(arrivals)
    return [
        arrival if arrival.event_id else _named(arrival, one)
        for arrival, one in zip(arrivals, _numbered(said, len(arrivals)), strict=True)
    ]


def _numbered(said: Said, count: int) -> list[Said]:
    """How each of several from one message is named; one alone is named as the message."""
    if count == 1 or said.id is None:
        return [said] * count
    return [replace(said, id=f"{said.id}#{number}") for number in range(1, count + 1)]


def _named(arrival: Arrival, said: Said) -> Arrival:
    return replace(
        arrival,
        event_id=said.id,
        source=said.source,
        source_key=said.source_key,
        content_type=_kept_as(arrival.content_type, None, said=said),
    )


def id_told(identity: object) -> str | None:
    """An id as a sender gave it, if it is one that a receipt can name."""
    if not isinstance(identity, str) or not identity.isprintable():
        return None
    return identity if 0 < len(identity) <= LONGEST_ATTRIBUTE else None


# --- envelopes


def _parts(batch: Json) -> list[Json]:
    """The events of a batch, which may hold none (HTTP binding, section 3.3.2)."""
    if not isinstance(batch.value, list):
        raise NotTaken("unreadable.event")
    return _some(batch.parts()) if batch.value else []


def _batch(door: Door, events: Sequence[Json]) -> list[Arrival]:
    """The arrivals of each event, which say where in the batch it stood."""
    return [
        replace(arrival, place=", ".join(filter(None, (f"[{number}]", arrival.place))))
        for number, event in enumerate(events)
        for arrival in _structured(door, event)
    ]


def _some(found: Iterator[Found]) -> list[Found]:
    some = list(islice(found, MOST_AT_ONCE + 1))
    if not some:
        raise NotTaken("unreadable.empty")
    if len(some) > MOST_AT_ONCE:
        raise NotTaken("unreadable.too-large")
    return some


def _structured(door: Door, json: Json) -> list[Arrival]:
    try:
        json.only(_USED).check_depth()
        if not isinstance(json.value, dict):
            raise NotTaken("unreadable.event")
        json.only(_USED - {"data"}).check(known_names())
        return _with_data(door, _attributes(json.fields.get), json=json)
    except Exception as error:  # noqa: BLE001 - see why
        said, told = _said(json.fields.get), why(error, door)
        return [door.arrival(told, json.text, content_type=STRUCTURED, said=said)]


def _binary(door: Door, body: bytes, *, media: MediaType, attributes: Attributes) -> list[Arrival]:
    said, plain = _said(attributes.get), door.route.settings.plain
    kept_as = _kept_as(media.public_name, attributes.get("type", plain), said=said)
    try:
        if attributes:
            event = _attributes({**attributes, "datacontenttype": media.name}.get)
            door = replace(door, amiss=event.amiss)
        elif plain is not None and plain in MESSAGE_TYPES:
            event = _Event(said, plain, media_type(media.name or NAMES["json"]), "")
        else:
            expected = f"{door.route.sends}; {_HEADERS}"
            raise NotTaken("unknown.format", "Content-Type", expected=expected)
        if not body.strip():
            raise NotTaken("unreadable.empty")
        if form := event.own_format(door.route):
            return from_body(door, body, form=form, said=event.said)
        # JSON where no Content-Type says another
        kept_as = _kept_as(event.content.public_name, event.type, said=said)
        told: Fact | Refusal = _shape(door, event, data=strict_json.parse(body))
    except Exception as error:  # noqa: BLE001 - see why
        told = why(error, door)
    return [door.arrival(told, body, content_type=kept_as, said=said)]


def _kept_as(name: str, event_type: object, *, said: Said) -> str:
    """How a binary event is kept, whose type and source stood in headers: with both beside it.

    Of the source only what stands for it: this is kept in clear.
    """
    of_type = f"; type={event_type}" if event_type in MESSAGE_TYPES else ""
    return name + of_type + (f"; source={said.source_key}" if said.source_key else "")


def _said(get: Callable[[str], object | None]) -> Said:
    """How the sender names the event, as far as it does: its id is unique within its source."""
    event_id, source = id_told(get("id")), id_told(get("source"))
    if event_id is None or source is None:
        return Said(event_id)
    return Said(event_id, source, source_key(source))


def _attributes(get: Callable[[str], object | None]) -> _Event:
    """The attributes that the hub uses, each checked; ``NotTaken`` names the one that is amiss."""
    named = ("id", "source", "type")
    lacking = [] if get("specversion") == "1.0" else ["specversion"]
    lacking += [name for name in named if not (id_told(get(name)) or "").strip()]
    if lacking:
        raise NotTaken("unreadable.event", lacking[0], expected=" and ".join(lacking))
    for name in ("datacontenttype", "dataschema"):
        if not isinstance(get(name) or "", str):
            raise NotTaken("unreadable.event", name)
    if isinstance(get("time"), bytes):  # a header that cannot be decoded
        raise NotTaken("unreadable.event", "time")
    if (event_type := str(get("type"))) not in MESSAGE_TYPES:
        raise NotTaken("unknown.type", "type")
    amiss = tuple(_amiss(get("time")))
    if amiss and not MESSAGE_TYPES[event_type].degrades:
        raise NotTaken("invalid.time", "time")
    content = media_type(str(get("datacontenttype") or "application/json"))
    return _Event(_said(get), event_type, content, str(get("dataschema") or ""), amiss)


def _amiss(time: object) -> Iterator[SetAside]:
    """A time that is no moment: the hub counts from what the data says, and from its own clock."""
    try:
        if time is not None:
            _MOMENT.validate_json(f'"{time}"' if isinstance(time, str) else "", strict=True)
    except ValidationError:
        yield aside("time", "invalid.time", value=time, instead=Instead.WITHOUT)


# --- data


def _with_data(door: Door, event: _Event, *, json: Json) -> list[Arrival]:
    """The arrivals of a structured event: it is kept whole, unless it holds several records."""
    data, packed = json.fields.get("data"), json.fields.get("data_base64")
    none = "data" not in json.fields and "data_base64" not in json.fields
    if none or (data is not None and packed is not None):  # null is the same as left out
        raise NotTaken("unreadable.event", "data")
    form, door = event.own_format(door.route), replace(door, amiss=event.amiss)
    if form and form.kind == "json" and isinstance(data, dict):
        facts = door.record(Record(data, json.text, "data.", odd=json.odd), form)
    else:
        body = _bytes_of(event, json)
        if not body.strip():
            raise NotTaken("unreadable.empty", "data")
        if form:
            return from_body(door, body, form=form, said=event.said)
        inside = strict_json.parse(body) if data is None else Json(data, body, json.odd)
        facts = [_shape(door, event, data=inside, prefix="data.")]
    return [
        door.arrival(fact, json.text, content_type=STRUCTURED, said=said)
        for fact, said in zip(facts, _numbered(event.said, len(facts)), strict=True)
    ]


def _bytes_of(event: _Event, json: Json) -> bytes:
    data, packed = json.fields.get("data"), json.fields.get("data_base64")
    if packed is not None or "data" not in json.fields:
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
        raise NotTaken("unknown.format", "datacontenttype", expected=door.route.sends)
    return door.shape(data, event.type, prefix=prefix)
