"""JSON in which records stand in more than was agreed, or in less."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from connectors.asides import aside
from connectors.formats.records import Reading
from connectors.formats.strict_json import Json, Repeated
from connectors.not_taken import NotTaken
from schemas.notification import SetAside

Objects = list[dict[str, Any]]


def in_bundle(value: dict[str, Any]) -> dict[str, Any]:
    """A FHIR resource that came alone in a Bundle, behind those that it contains."""
    kind, contained = value.get("resourceType"), value.get("contained", [])
    if not isinstance(kind, str) or kind == "Bundle" or not _is_objects(contained):
        return value
    if not isinstance(value, Repeated):  # which is kept whole: what it gave twice is told
        value = {name: part for name, part in value.items() if name != "contained"}
    return {"entry": [{"resource": one} for one in (*contained, value)]}


def unwrapped(json: Json, reading: Reading) -> tuple[Json, tuple[SetAside, ...]]:
    """The list of records in an object of which the mapping reads no name, and what stands beside.

    The same JSON where it is no such object; ``NotTaken`` where several lists are in it.
    """
    read = (name in reading.known and name not in reading.ignored for name in json.fields)
    if not json.fields or any(read):
        return json, ()
    json.check_depth()
    found = list(_lists(json.value))
    if len(found) > 1:
        raise NotTaken("invalid.several", expected="one list of records")
    if not found:
        return json, ()
    beside = list(_beside(json.fields, found[0], reading=reading))
    reading.tally.unread.update(name for name, _ in beside)
    told = (aside(name, "invalid.unknown-field", value=part) for name, part in beside)
    return replace(json, value=found[0]), tuple(told)


def _is_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) for one in value)


def _lists(value: object) -> Iterator[Objects]:
    """Every list of objects in objects, where none of these gives a name twice."""
    if isinstance(value, list) and value and _is_objects(value):
        yield value
    elif isinstance(value, dict) and not isinstance(value, Repeated):
        for part in value.values():
            yield from _lists(part)


def _beside(
    value: Mapping[str, Any], records: Objects, *, reading: Reading, above: str = ""
) -> Iterator[tuple[str, object]]:
    for name, part in value.items():
        if part is records or part in (None, "", [], {}) or name in reading.ignored:
            continue
        if any(one is records for one in _lists(part)):
            yield from _beside(part, records, reading=reading, above=f"{above}{name}.")
        else:
            yield f"{above}{name}", part
