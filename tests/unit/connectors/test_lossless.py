"""Whatever is damaged in an XML, JSON or HL7 text: records in are receipts and refusals, and every
word that stood in it is in the notifications, is set aside, or its place is told.
"""

import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.events.envelope import from_stream
from connectors.events.facts import Door
from connectors.formats.mapping import Format, load
from connectors.port import AgencyRoute, routes
from schemas.notification import NotificationReceived
from schemas.settings import HubSettings

NOW = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)
SAMPLES = Path("connectors/agencies/samples")
KINDS = {
    "merlin-xml": "xml",
    "fhir-bundle-json": "json",
    "sample-json": "json",
    "health-hl7": "hl7",
}
LEFT_ALONE = {"resourceType", "type", "id", "use", "system"}
"""Names of which a mapping leaves alone what stands there."""
CANARY = re.compile(r"CANARY\d+")
Damage = Callable[[Any, str], None]
"""Changes a part of a record in place, where it can, and plants the word."""


@cache
def route(mapping: str) -> AgencyRoute:
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    one = {"name": "One", "signpost_contact": "01632 960001", "agreement": agreement}
    agencies = {"one": one | {"mapping": mapping}}
    settings_of = {"area": "e08000032", "lead_agency": "one", "agencies": agencies}
    return routes(HubSettings.model_validate(settings_of), {}).by_code["one"]


@cache
def form_of(mapping: str) -> Format:
    return load(mapping).formats[KINDS[mapping]]  # type: ignore[index]


def check(mapping: str, text: bytes, *, records: int) -> None:
    form, door = form_of(mapping), Door(route(mapping), "folder", NOW)
    arrivals = list(from_stream(door, io.BytesIO(text), form=form))
    assert len({one.place for one in arrivals}) >= min(records, 1)
    assert len(arrivals) >= records
    kept = "".join(
        one.body.notification.model_dump_json()
        if isinstance(one.body, NotificationReceived)
        else one.original.decode("latin-1")
        for one in arrivals
    )
    lost = set(CANARY.findall(text.decode("latin-1"))) - set(CANARY.findall(kept.upper()))
    assert not lost, (lost, text)


# --- XML


def _renamed(part: Element, word: str) -> None:
    part.tag = f"{part.tag}Of"
    part.text = word


def _added(part: Element, word: str) -> None:
    SubElement(part, "Surname").text = word


def _child(part: Element, word: str) -> None:
    SubElement(SubElement(part, "Subject"), "Surname").text = word


def _between(part: Element, word: str) -> None:
    part.tail = word


def _said(part: Element, word: str) -> None:
    part.text = word


def _attribute(part: Element, word: str) -> None:
    part.set("by", word)


def _again(part: Element, word: str) -> None:
    for one in list(part)[:1]:
        SubElement(part, one.tag).text = word


XML: list[Damage] = [_renamed, _added, _child, _between, _said, _attribute, _again]
WHICH = st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10)), min_size=1, max_size=4)


@settings(max_examples=150, deadline=None)
@given(where=WHICH)
def test_no_word_of_an_xml_is_lost(where: list[tuple[int, int]]) -> None:
    text = (SAMPLES / "merlin-1.xml").read_text(encoding="utf-8").replace(' xmlns="', ' of="')
    root = fromstring(re.sub("<ReportingOfficer>.*?</ReportingOfficer>", "", text, flags=re.S))
    record = root[0]
    for number, (at, damage) in enumerate(where):
        parts = [one for one in record.iter() if one is not record]
        XML[damage % len(XML)](parts[at % len(parts)], f"CANARY{number}")
    root.append(fromstring("<PAC><Subject><Surname>CANARY99</Surname></Subject></PAC>"))
    check("merlin-xml", tostring(root), records=2)


# --- JSON


def objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from objects(part)


def _new_key(part: dict[str, Any], word: str) -> None:
    part["text"] = word


def _new_object(part: dict[str, Any], word: str) -> None:
    part["code"] = {"text": word}


def _as_list(part: dict[str, Any], word: str) -> None:
    for name in _names(part)[:1]:
        part[name] = [part[name], word]


def _in_place(part: dict[str, Any], word: str) -> None:
    for name in _names(part)[-1:]:
        part[name] = word


def _deeper(part: dict[str, Any], word: str) -> None:
    for name in _names(part)[-1:]:
        part[name] = [{"value": word}]


def _names(part: dict[str, Any]) -> list[str]:
    return sorted(name for name in part if name not in LEFT_ALONE)


JSON: list[Damage] = [_new_key, _new_object, _as_list, _in_place, _deeper]
GUARDED = {
    "source_reference": "J1",
    "observed_at": "2026-11-20T10:00:00Z",
    "given_name": "Ann",
    "family_name": "Hale",
    "guardians": [{"name": "Dawn Hale", "relation": "mother", "date_of_birth": "1991-02-03"}],
    "narrative": "Invented.",
}


@pytest.mark.parametrize("mapping", ["fhir-bundle-json", "sample-json"])
@settings(max_examples=150, deadline=None)
@given(where=WHICH)
def test_no_word_of_a_json_is_lost(mapping: str, where: list[tuple[int, int]]) -> None:
    bundle = json.loads((SAMPLES / "fhir-bundle.json").read_text(encoding="utf-8"))
    record = bundle if mapping.startswith("fhir") else json.loads(json.dumps(GUARDED))
    for number, (at, damage) in enumerate(where):
        parts = [one for one in objects(record) if one]
        JSON[damage % len(JSON)](parts[at % len(parts)], f"CANARY{number}")
    check(mapping, json.dumps([record, {"CANARY": "CANARY99"}]).encode(), records=2)


# --- HL7


@settings(max_examples=150, deadline=None)
@given(
    where=st.lists(
        st.tuples(
            st.integers(1, 8),
            st.integers(1, 25),
            st.sampled_from(["{old}^{word}", "{old}~{word}", "{word}", "{old}&{word}", "^^{word}"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_no_word_of_an_hl7_message_is_lost(where: list[tuple[int, int, str]]) -> None:
    text = (SAMPLES / "safeguarding.hl7").read_bytes().decode("latin-1")
    segments = [line.split("|") for line in text.strip().split("\r")]
    for number, (at, field, damage) in enumerate(where):
        segment = segments[at % len(segments)]
        if segment[0] not in {"MSH", "PV1"} and not is_ignored(f"{segment[0]}-{field}"):
            segment += [""] * (field + 1 - len(segment))
            segment[field] = damage.format(old=segment[field], word=f"CANARY{number}")
    message = "\r".join("|".join(segment) for segment in segments)
    check("health-hl7", message.encode("latin-1"), records=1)


@cache
def is_ignored(field: str) -> bool:
    file = Path("connectors/agencies/health-hl7.toml").read_text(encoding="utf-8")
    return f'"{field}' in file or f'"{field[:3]}[3.1=' in file
