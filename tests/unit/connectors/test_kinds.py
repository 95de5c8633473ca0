"""Files and messages as agencies' systems make them: what each has to come to was written from the
words of the requirement, by somebody who had not seen the hub.
"""

import datetime as dt
import io
import json
import lzma
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.folder import read_file
from connectors.formats.media import BATCH, STRUCTURED
from connectors.formats.records import Tally
from connectors.port import AgencyRoute, routes
from schemas.notification import Notification, NotificationReceived, SetAside
from schemas.person import NHS_NUMBER
from schemas.refusals import Refusal
from schemas.settings import HubSettings
from stores.ports import Arrival

with lzma.open("tests/fixtures/kinds.json.xz") as packed:
    KINDS: list[dict[str, Any]] = json.load(packed)
"""The manifest, each with its file as ``content``, in Latin-1 so that any bytes can stand there."""
NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
SUFFIX = {"case-system-csv": "csv", "merlin-xml": "xml", "sample-json": "json"}


@cache
def agency(mapping: str) -> AgencyRoute:
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    one = {"name": "One", "signpost_contact": "01632 960001", "agreement": agreement}
    own = {} if mapping == "hub" else {"mapping": mapping}
    settings = {"area": "e08000032", "lead_agency": "one", "agencies": {"one": one | own}}
    return routes(HubSettings.model_validate(settings), {}).by_code["one"]


def told(kind: dict[str, Any]) -> tuple[list[Arrival], Tally]:
    content, tally = kind["content"].encode("latin-1"), Tally()
    door = Door(agency(kind["mapping"]), "folder", NOW)
    if kind["mapping"] == "hub":
        is_batch = content.lstrip().startswith(b"[")
        return parse(door, content, content_type=BATCH if is_batch else STRUCTURED), tally
    suffix = Path(kind["file"]).suffix or f".{SUFFIX[kind['mapping']]}"
    return list(read_file(door, io.BytesIO(content), filename=f"x{suffix}", tally=tally)), tally


def set_aside(arrival: Arrival) -> tuple[SetAside, ...]:
    if isinstance(arrival.body, NotificationReceived):
        return arrival.body.notification.set_aside
    return ()


def wrong(record: dict[str, Any], arrival: Arrival) -> list[str]:
    """Each way in which what came of a record is not as it has to be."""
    if isinstance(arrival.body, Refusal):
        return [f"refused: {arrival.body}"] if record["taken"] is True else []
    if record["taken"] is False:
        return ["taken"]
    assert isinstance(arrival.body, NotificationReceived)
    made = arrival.body.notification
    as_read = {**record, **record.get("or_read", {})}
    if "or_read" in record:
        as_read |= {"warnings": [], "kept": []}
    return min(_differing(record, made), _differing(as_read, made), key=len)


def _differing(record: dict[str, Any], made: Notification) -> list[str]:
    child = made.subject
    warned = [part.field.casefold() for part in made.set_aside]
    kept = [part.value for part in made.set_aside]
    numbers = [one.value for one in child.identifier if one.system == NHS_NUMBER]
    name = child.name[0] if child.name else None
    is_: dict[str, Any] = {
        "reference": made.reference,
        "family": list(name.family_name) if name else [],
        "given": list(name.given_name) if name else [],
        "dob": child.date_of_birth.date.isoformat() if child.date_of_birth else None,
        "sex": child.sex_code.value,
        "postcode": child.address[0].postcode if child.address else None,
        "nhs": numbers[0] if numbers else None,
        "siblings": [
            " ".join(other.name.given_name)
            for other in child.related_person
            if other.relationship == "sibling"
        ],
    }
    found = [
        f"{key} is {is_[key]!r}, not {record[key]!r}"
        for key in is_.keys() & record.keys()
        if is_[key] != record[key] and not (key == "siblings" and set(record[key]) <= set(is_[key]))
    ]
    found += [
        f"no warning at {field}, only {warned}"
        for field in record.get("warnings", ())
        if not any(field.casefold() in one for one in warned)
    ]
    found += [f"not kept: {raw!r}" for raw in record.get("kept", ()) if not _is_kept(raw, kept)]
    found += [f"lost: {text!r}" for text in record.get("holds", ()) if not _holds(made, text)]
    if record.get("narrative_contains", "") not in made.narrative:
        found.append("other words")
    if record.get("loud") and "missing.child" not in [part.reason for part in made.set_aside]:
        found.append("not loud")
    values = made.model_copy(update={"set_aside": ()}).model_dump_json()
    found += [f"used: {text!r}" for text in record.get("absent", ()) if json.dumps(text) in values]
    held = {one.value for one in child.identifier}
    found += [f"used: {text!r}" for text in record.get("absent_identifiers", ()) if text in held]
    return found


def _is_kept(raw: object, kept: list[str]) -> bool:
    if isinstance(raw, str):
        return raw in kept
    return any(json.dumps(raw).replace(" ", "") in one.replace(" ", "") for one in kept)


def _holds(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, Notification):
        return _holds(value.model_dump(mode="json"), text)
    if isinstance(value, dict):
        return any(_holds(part, text) for part in value.values())
    return isinstance(value, list) and any(_holds(part, text) for part in value)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["file"])
def test_every_record_of_what_agencies_send_is_taken_or_told(kind: dict[str, Any]) -> None:
    arrivals, tally = told(kind)
    refused = [arrival for arrival in arrivals if isinstance(arrival.body, Refusal)]
    if kind.get("refused_whole") or (kind.get("whole_refusal_allowed") and refused):
        assert refused
        assert len(refused) == len(arrivals) or not kind.get("refused_whole")
        return
    assert len(arrivals) == len(kind["records"])
    differing = [wrong(record, one) for record, one in zip(kind["records"], arrivals, strict=True)]
    assert not any(differing), differing
    assert tally.skipped == kind.get("skipped", tally.skipped)
    warned = [p.field for one in arrivals for p in set_aside(one) if "unknown" in p.reason]
    names = " ".join([*tally.unread, *warned]).casefold()
    assert [name for name in kind.get("unread", ()) if name.casefold() not in names] == []
