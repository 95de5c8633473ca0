"""Files and messages of many kinds, as agencies' systems make them: what becomes of each record.

``tests/fixtures/kinds`` has them, with what is right of each. Everybody is invented.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from connectors.events.envelope import from_stream, parse
from connectors.events.facts import Door
from connectors.formats.media import BATCH, STRUCTURED
from connectors.port import Routes
from schemas.notification import Notification, NotificationReceived
from schemas.person import NHS_NUMBER
from schemas.refusals import Refusal
from stores.ports import Arrival

KINDS = Path("tests/fixtures/kinds")
ENTRIES = [json.loads(line) for line in (KINDS / "kinds.jsonl").read_text("utf-8").splitlines()]
AGENCY = {
    "hub": "health",
    "sample-json": "school",
    "case-system-csv": "yos",
    "merlin-xml": "police",
}
NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
Record = dict[str, Any]


def came(door: Door, entry: Mapping[str, Any]) -> list[Arrival]:
    """What is made of the file: over HTTP of the hub's own shape, of others as a dropped file."""
    name, body = entry["file"], (KINDS / "files" / entry["file"]).read_bytes()
    if entry["mapping"] == "hub":
        return parse(door, body, content_type=BATCH if body.startswith(b"[") else STRUCTURED)
    form = door.route.format_of_file(name)
    assert form is not None
    return list(from_stream(door, BytesIO(body), form=form))


@pytest.mark.parametrize("entry", ENTRIES, ids=[f"{one['file']} {one['kind']}" for one in ENTRIES])
def test_of_every_record_what_can_be_used_is_used_and_the_rest_is_kept_and_told(
    hub: Routes, entry: dict[str, Any]
) -> None:
    arrivals = came(Door(hub.by_code[AGENCY[entry["mapping"]]], "folder", NOW), entry)
    refused = [one for one in arrivals if isinstance(one.body, Refusal)]
    if entry.get("whole_refusal_allowed") and refused and len(refused) == len(arrivals):
        return
    if entry.get("refused_whole"):
        assert refused
        assert refused == arrivals
        return
    assert len(arrivals) == len(entry["records"])
    for arrival, right in zip(arrivals, entry["records"], strict=True):
        if right["taken"] == "either" and arrival in refused:
            continue
        assert (arrival in refused) is (right["taken"] is False)
        if isinstance(arrival.body, NotificationReceived):
            assert list(_amiss(arrival.body.notification, right)) == []


def _amiss(made: Notification, right: Record) -> Iterable[str]:
    """What is not as it must be, in words."""
    had, told = _values(made), [one.field for one in made.set_aside]
    read = right.get("or_read", {})
    if read and had.items() >= read.items():
        return
    yield from (f"{key}: {had[key]}" for key in had.keys() & right.keys() if had[key] != right[key])
    if right.get("narrative_contains", "") not in made.narrative:
        yield "narrative"
    for name in right.get("warnings", ()):
        if not any(name in one for one in told):
            yield f"no warning of {name}: {told}"
    if right.get("loud") and not any(one.reason == "missing.child" for one in made.set_aside):
        yield "not told that there is no child"
    yield from _lost(made, right)


def _lost(made: Notification, right: Record) -> Iterable[str]:
    kept = [one.value for one in made.set_aside]
    for value in right.get("kept", ()):
        if not any(value in (one, _json(one)) or [value] == _json(one) for one in kept):
            yield f"not kept: {value}"
    whole = json.dumps(made.model_dump(mode="json"), ensure_ascii=False)
    yield from (f"nowhere: {text}" for text in right.get("holds", ()) if text not in whole)
    used = made.model_copy(update={"set_aside": ()}).model_dump_json()
    yield from (f"used: {text}" for text in right.get("absent", ()) if text in used)
    numbers = " ".join(one.value for one in made.subject.identifier)
    for text in right.get("absent_identifiers", ()):
        if text in numbers:
            yield f"used: {text}"


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _values(made: Notification) -> Record:
    child = made.subject
    names, homes = child.name[:1], [home.postcode for home in child.address if home.postcode]
    numbers = [one.value for one in child.identifier if one.system == NHS_NUMBER]
    return {
        "reference": made.reference,
        "family": list(names[0].family_name) if names else None,
        "given": list(names[0].given_name) if names else None,
        "dob": child.date_of_birth.date.isoformat() if child.date_of_birth else None,
        "sex": child.sex_code.value,
        "postcode": homes[0] if homes else None,
        "nhs": numbers[0] if numbers else None,
    }
