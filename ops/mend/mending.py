"""Correct one field of a message that was refused, and nothing else of it: JSON, CSV or XML."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from pydantic import ValidationError

from connectors.events.envelope import reread
from connectors.events.facts import Door
from connectors.formats.media import media_type
from connectors.formats.records import Kind, Reading
from connectors.not_taken import of_validation
from router import intake
from router.refuse import parts_to_tell
from schemas.notification import SetAside
from schemas.refusals import REASONS, Refusal
from schemas.topics import FACTS
from stores.dead_letters import DeadLetter

_ROW = re.compile(r"^(row|line) \d+, |^\[\d+\]\.")
_RECORD = re.compile(r"\[\d+\](?=/)")
_INDEX = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_HOLDERS = (
    "data",
    "decision",
    "response",
    "receipt",
    "notification",
    "open_case",
    "entry",
    "reply",
    "enquiry",
)
"""Where the hub's own envelopes and facts hold what an agency wrote."""


_OWNERS = frozenset(
    {
        "owner",
        "sensitivity",
        "may_be_revealed",
        "may_leave",
        "signpost",
        "signpost_to",
        "sharing",
        "parts",
        "decided_by",
    }
)
"""Fields of the hub's own shapes that say whose something is, who may know it, on whose word."""


class CannotMend(Exception):
    """The field cannot be corrected here; the message says why and what to do instead."""


def check(reason: str, recorded: str | None, *, wanted: str) -> None:
    """Only the field that was found faulty may be changed. Raises :class:`CannotMend`."""
    if recorded is None or not is_mendable(reason, recorded):
        raise CannotMend(f"{reason} is not the fault of one field: {REASONS[reason].cure}")
    if wanted not in (recorded, _bare(recorded)):
        raise CannotMend(f"only the faulty field may be changed, which is: {_bare(recorded)}")
    if _OWNERS.intersection(name for name, _ in _INDEX.findall(_bare(recorded))):
        raise CannotMend(_ONLY_ITS_OWNER)


def is_mendable(reason: str, recorded: str | None) -> bool:
    """Whether one field is at fault, and can be corrected."""
    whole = reason.startswith(("unreadable.json", "unreadable.xml"))
    return recorded is not None and REASONS[reason].mendable and not whole


def held(dead: DeadLetter, *, reading: Reading) -> str | None:
    """What stands in the faulty field; None where no one field can be told from the rest."""
    kind = media_type(dead.content_type).kind
    if kind is None or kind not in _READERS or not is_mendable(dead.reason, dead.field):
        return None
    body, field = dead.mended or dead.original, _bare(dead.field or "")
    try:
        return _READERS[kind](body.decode("utf-8-sig"), field, reading=reading)
    except (ValueError, LookupError, TypeError, SyntaxError, csv.Error):
        return None


_ONLY_ITS_OWNER = (
    "it says whose something is, who may know it, or on whose word, and only its sender says that: "
    "ask for the message anew"
)


def mended(
    original: bytes, content_type: str, *, field: str, value: str, reading: Reading
) -> bytes:
    """The message with ``value`` in ``field``, as dead letters name it. Raises CannotMend."""
    kind = media_type(content_type).kind
    if kind is None or kind not in _MENDERS:
        raise CannotMend(f"nothing here can change one field of {media_type(content_type).name}")
    try:
        return _MENDERS[kind](original, _bare(field), value=value, reading=reading)
    except (ValueError, LookupError, TypeError, SyntaxError, csv.Error):
        raise CannotMend(
            "the message cannot be read well enough to change one field; ask for it anew"
        ) from None


def check_value(dead: DeadLetter, body: bytes, *, door: Door | None) -> None:
    """Read what was mended as it would be read if its sender sent it. Raises :class:`CannotMend`
    where what stands in the field now cannot be used either; another fault is left for the next
    mending. ``door``: None where the agency is configured no more, so that nothing reads it.
    """
    amiss = _as_sent(dead, body, door=door) if dead.step == intake.STEP else _as_fact(dead, body)
    for one in amiss:
        reason = REASONS[one.reason]
        cure = reason.cure_for(one.expected)
        raise CannotMend(f"that cannot be used either. {reason.cause} {cure}")


def _as_sent(dead: DeadLetter, body: bytes, *, door: Door | None) -> Iterator[Refusal | SetAside]:
    """What connectors cannot use of the field."""
    if door is None:
        return
    mine = _plain(dead.field or "")
    for arrival in reread(door, body, content_type=dead.content_type, event_id=dead.message_id):
        told = arrival.body
        for one in [told] if isinstance(told, Refusal) else parts_to_tell(told):
            if one.field is not None and _plain(one.field) == mine:
                yield one


def _as_fact(dead: DeadLetter, body: bytes) -> Iterator[Refusal]:
    """What the shape of a fact does not allow: it was one before it was mended."""
    shape = FACTS.get(media_type(dead.content_type).parameters.get("type", ""))
    try:
        if shape is not None:
            shape.model_validate_json(body)
    except ValidationError as error:
        yield of_validation(error).refusal


def _plain(field: str) -> str:
    """A field as it is called in whichever row or record it stands."""
    return _RECORD.sub("", _bare(field))


def _bare(field: str) -> str:
    """The field without the row or line it stood in: what is kept is that row alone."""
    return _ROW.sub("", field)


# --- JSON


def _json(original: bytes, field: str, *, value: str, reading: Reading) -> bytes:  # noqa: ARG001
    text = original.decode("utf-8").removeprefix("\ufeff")
    whole = json.loads(text, object_pairs_hook=_each_once)
    path = [int(index) if index else name for name, index in _INDEX.findall(field)]
    holder = _holder(whole, path)
    for part in path[:-1]:
        holder = _within(holder, part)
    before = holder.get(path[-1]) if isinstance(holder, dict) else holder[path[-1]]
    holder[path[-1]] = _like(before, value)
    if _of_owners(before) != _of_owners(holder[path[-1]]):
        raise CannotMend(_ONLY_ITS_OWNER)
    return json.dumps(whole, ensure_ascii=False).encode("utf-8")


def _of_owners(value: Any, path: str = "") -> dict[str, Any]:
    """What within a value only its sender may say, by where it stands."""
    if isinstance(value, list):
        parts = {f"{path}[{number}]": part for number, part in enumerate(value)}
    elif isinstance(value, dict):
        parts = {f"{path}.{name}": part for name, part in value.items()}
    else:
        return {}
    found = {at: part for at, part in parts.items() if at.rpartition(".")[2] in _OWNERS}
    for at, part in parts.items():
        found |= _of_owners(part, at)
    return found


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuses repeated keys: writing the message again would drop all but the last of them."""
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError
    return made


def _holder(whole: Any, path: list[str | int]) -> Any:
    """The object that the path starts in: the whole, or what an envelope or fact holds."""
    if not isinstance(whole, dict):
        return whole
    inner = [whole[name] for name in _HOLDERS if isinstance(whole.get(name), dict)]
    return next((one for one in (whole, *inner) if path[0] in one), [*inner, whole][0])


def _within(holder: Any, part: str | int) -> Any:
    if isinstance(holder, dict) and part not in holder:
        holder[part] = {}
    return holder[part]


def _like(before: Any, value: str) -> Any:
    """The value as what stood there: text stays text, other kinds are read as JSON."""
    return value if before is None or isinstance(before, str) else json.loads(value)


# --- CSV and XML


def _csv(original: bytes, field: str, *, value: str, reading: Reading) -> bytes:
    text = io.StringIO(original.decode("utf-8-sig"))
    header, row = csv.reader(text, delimiter=reading.delimiter, strict=True)
    row[[name.strip() for name in header].index(field)] = value
    out = io.StringIO()
    csv.writer(out, delimiter=reading.delimiter, lineterminator="\n").writerows([header, row])
    return out.getvalue().encode("utf-8")


def _xml(original: bytes, field: str, *, value: str, reading: Reading) -> bytes:
    root = fromstring(original.decode("utf-8"), forbid_dtd=True)
    record = root if reading.path == "." else root.find(reading.path)
    path = re.sub(rf"^{re.escape(reading.path)}(\[\d+\])?/", "", field)
    path, _, attribute = path.partition("@")
    element = _made(record, path.rstrip("/"))
    if attribute:
        element.set(attribute, value)
    else:
        element.text = value
    return bytes(tostring(root, encoding="utf-8"))


def _made(record: Element | None, path: str) -> Element:
    """The element at the path, made where it is missing."""
    if record is None:
        raise LookupError
    for tag in filter(None, path.split("/")):
        found = record.find(tag)
        record = SubElement(record, tag) if found is None else found
    return record


def _held_in_json(text: str, field: str, *, reading: Reading) -> str:  # noqa: ARG001
    path = [int(index) if index else name for name, index in _INDEX.findall(field)]
    found = _holder(json.loads(text), path)
    for part in path:
        found = found.get(part, "") if isinstance(found, dict) else found[part]
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _held_in_csv(text: str, field: str, *, reading: Reading) -> str:
    header, row = csv.reader(io.StringIO(text), delimiter=reading.delimiter, strict=True)
    return row[[name.strip() for name in header].index(field)]


def _held_in_xml(text: str, field: str, *, reading: Reading) -> str:
    root = fromstring(text, forbid_dtd=True)
    record = root if reading.path == "." else root.find(reading.path)
    path = re.sub(rf"^{re.escape(reading.path)}(\[\d+\])?/", "", field)
    path, _, attribute = path.partition("@")
    found = record.find(path.rstrip("/")) if path else record
    if found is None:
        return ""
    return str((found.get(attribute) if attribute else found.text) or "")


_READERS: Mapping[Kind, Callable[..., str]] = {
    "json": _held_in_json,
    "json-lines": _held_in_json,
    "csv": _held_in_csv,
    "xml": _held_in_xml,
}
_MENDERS: Mapping[Kind, Callable[..., bytes]] = {
    "json": _json,
    "json-lines": _json,
    "csv": _csv,
    "xml": _xml,
}
