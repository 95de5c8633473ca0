"""What the hub says to whoever sends is right, and can be acted on: its own examples it takes."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.folder import read_file
from connectors.formats.convert import CONVERTERS
from connectors.formats.mapping import AGENCIES, compiled, load
from connectors.formats.template import Apart, Each, Field, First, Group, Many
from connectors.implausible import implausible
from connectors.port import AgencyRoute
from router.refuse import dead_arrival, parts_to_tell, rejected, warned
from schemas.base import Fact
from schemas.notification import Notification, NotificationReceived, Receipt, Warned
from schemas.person import Address, Person
from schemas.refusals import REASONS, Reason, Refusal
from schemas.settings import AgencySettings
from stores.ports import Arrival
from tests.support.words import OPERATORS
from tests.unit.connectors.test_lossless import route

NOW = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
ROOT = Path(__file__).parents[3]
TOLD = [
    "connectors/README.md",
    "connectors/agencies/README.md",
    "ops/hub.toml.example",
    "schemas/person.py",
    "schemas/refusals.py",
]
POSTCODE = re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b")

CLINIC: Mapping[str, Any] = {
    "name": "clinic-csv",
    "about": "Concerns of a clinic, a row each",
    "makes": "notification",
    "reader": {"csv": {"delimiter": ";"}},
    "template": {
        "reference": {"from": "Number", "required": True},
        "observed_at": {"from": "Seen on", "as": "moment", "format": "%d/%m/%y %H:%M"},
        "narrative": {"from": "What happened"},
        "subject": {
            "name": [
                {
                    "given_name": {"from": "First name", "as": "words"},
                    "family_name": {"from": "Last name", "as": "words"},
                }
            ],
            "date_of_birth": {
                "needs": "date",
                "date": {"from": "Born", "as": "date", "format": "%d/%m/%y"},
            },
            "address": [{"postcode": {"from": "Postcode", "as": "postcode"}}],
        },
    },
}
HEADER = "Number;Seen on;What happened;First name;Last name;Born;Postcode"
ROW = "C-1;31/03/26 09:30;Seen alone.;Kim;Fox;31/03/17;BD54 5UN"


def changed(**changes: Any) -> dict[str, Any]:
    """The clinic's mapping with other rules at the top of its template."""
    template = CLINIC["template"] | changes.pop("template", {})
    return {**CLINIC, **changes, "template": template}


def door(mapping: Mapping[str, Any] = CLINIC) -> Door:
    """The clinic's way in."""
    agreed = {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2025-01-01"}
    told = {"name": "Clinic", "signpost_contact": "01632 960002", "agreement": agreed}
    route = AgencyRoute(
        code="clinic",
        settings=AgencySettings.model_validate(told),
        area="e08000032",
        leads=False,
        mappings=(compiled(mapping),),
        largest=100_000,
    )
    return Door(route, "folder", NOW)


def read(
    text: str | bytes, *, mapping: Mapping[str, Any] = CLINIC, name: str = "x.csv"
) -> list[Fact | Refusal]:
    """What a dropped file of the clinic's becomes."""
    body = text.encode() if isinstance(text, str) else text
    return [one.body for one in read_file(door(mapping), io.BytesIO(body), filename=name)]


def refused(arrival: Arrival) -> Receipt:
    """The receipt for what is refused."""
    assert isinstance(arrival.body, Refusal), arrival.body
    dead = dead_arrival(arrival, arrival.body, step="intake", dead_id="d")
    return rejected(dead, arrival)


def warnings(*rows: str, mapping: Mapping[str, Any] = CLINIC, header: str = HEADER) -> list[Warned]:
    """The warnings of rows that are all taken."""
    found = read("\n".join((header, *rows)), mapping=mapping)
    assert all(isinstance(one, NotificationReceived) for one in found), found
    return [warned(part) for one in found for part in parts_to_tell(one)]


def with_cell(name: str, cell: str) -> str:
    """The sound row with another text in this column."""
    cells = dict(zip(HEADER.split(";"), ROW.split(";"), strict=True)) | {name: cell}
    return ";".join(cells.values())


def test_the_sound_row_is_taken_without_a_warning() -> None:
    assert warnings(ROW) == []


# --- postcodes


@pytest.mark.parametrize("path", TOLD)
def test_every_postcode_that_is_shown_as_an_example_is_taken(path: str) -> None:
    for shown in POSTCODE.findall((ROOT / path).read_text("utf-8")):
        assert not is_refused(shown), shown


def is_refused(postcode: str) -> bool:
    child = Person(address=(Address(postcode=postcode),))
    made = Notification(reference="r", observed_at=NOW, subject=child, narrative="n")
    return bool(list(implausible(made, NOW)))


def test_what_every_cure_gives_as_an_example_is_taken() -> None:
    shown = [one for why in REASONS.values() for one in POSTCODE.findall(why.cure)]
    assert shown
    assert not any(map(is_refused, shown))


def test_a_postcode_whose_letters_none_has_is_said_to_be_so() -> None:
    (told,) = warnings(with_cell("Postcode", "BD53 7BC"))
    assert told.reason == "invalid.postcode"
    assert "The last two letters of a postcode are never C, I, K, M, O or V." in told.cure
    assert "send it anyway: a human sees it" in told.cure


def test_another_text_is_not_told_of_letters() -> None:
    (told,) = warnings(with_cell("Postcode", "near the mill"))
    assert "such as BD54 5UN" in told.cure
    assert "letters" not in told.cure


# --- dates and moments


@pytest.mark.parametrize(
    ("column", "said"),
    [("Seen on", "31/03/26 09:30"), ("Born", "31/03/26")],
)
def test_a_date_is_asked_for_in_the_form_that_was_agreed_and_in_no_other(
    column: str, said: str
) -> None:
    (told,) = warnings(with_cell(column, "last week"))
    assert told.cure == f"Write it as was agreed: {said}."
    assert "UTC" not in told.explanation
    assert warnings(with_cell(column, said)) == []


@pytest.mark.parametrize("path", sorted(AGENCIES.glob("*.toml")), ids=lambda path: path.stem)
def test_what_a_shipped_mapping_says_is_expected_of_a_date_it_reads(path: Path) -> None:
    for form in load(path.stem).formats.values():
        for field in fields(form.template):
            if field.convert in DATES:
                assert field.options.expected, field.name
                for shown in field.options.expected.split(" or "):
                    assert field.convert(shown, field.options), (field.name, shown)


DATES = [CONVERTERS[name] for name in ("date", "partial-date", "moment")]


def fields(node: Any) -> list[Field]:
    """Every rule of a template."""
    if isinstance(node, Field):
        return [node]
    if isinstance(node, Group):
        return [found for part in node.parts.values() for found in fields(part)]
    if isinstance(node, Many | First):
        inside = node.items if isinstance(node, Many) else node.choices
        return [found for part in inside for found in fields(part)]
    return fields(node.node) if isinstance(node, Each | Apart) else []


# --- columns


def test_a_missing_column_is_told_with_the_one_that_is_nearly_named_so() -> None:
    told = warnings(ROW, header=HEADER.replace("Seen on", "Sen on"))
    (missing,) = [one for one in told if one.reason == "missing.column"]
    assert missing.field == "row 2, Seen on"
    assert "It has Sen on, which was not agreed" in missing.cure
    told = warnings(ROW, header=HEADER.replace("Seen on", "Colour"))
    (missing,) = [one for one in told if one.reason == "missing.column"]
    assert missing.cure == REASONS["missing.column"].cure


# --- codes


def test_a_code_that_otherwise_stands_for_is_kept_and_told() -> None:
    codes = {"NEG": "neglect", "PHY": "physical-abuse"}
    rule = {"from": "Kind", "codes": codes, "otherwise": "safeguarding-concern"}
    mapping = changed(template={"concern": [rule]})
    header, rows = f"{HEADER};Kind", [f"{ROW};neg", f"{ROW};NEG/PHY", f"{ROW};"]
    found = read("\n".join((header, *rows)), mapping=mapping)
    assert [told_of(one).concern for one in found] == [("neglect",), ("safeguarding-concern",), ()]
    assert [len(told_of(one).set_aside) for one in found] == [0, 1, 0]
    (kept,) = told_of(found[1]).set_aside
    assert (kept.field, kept.reason, kept.value) == ("row 3, Kind", "invalid.code", "NEG/PHY")
    (told,) = warnings(rows[1], mapping=mapping, header=header)
    assert "What was agreed for any other code is used" in told.done
    assert "one of NEG, PHY" in told.cure


def told_of(came: Fact | Refusal) -> Notification:
    assert isinstance(came, NotificationReceived), came
    return came.notification


# --- names


@pytest.mark.parametrize(
    ("given", "family", "fields"),
    [
        ("Child", "Unknown", ["subject.name[0]"]),
        ("Not", "known", ["subject.name[0]"]),
        ("Kim", "Unknown", ["subject.name[0].family_name"]),
        ("N/K", "Fox", ["subject.name[0].given_name"]),
        ("Kim", "Fox", []),
        ("李", "王", []),
    ],
)
def test_a_name_that_nobody_knows_is_told(given: str, family: str, fields: list[str]) -> None:
    row = with_cell("First name", given).replace("Fox", family)
    told = warnings(row)
    assert [(one.reason, one.field) for one in told] == [("placeholder.name", f) for f in fields]
    for one in told:
        assert "not used to find the child" in one.done
        assert "Send the name when you have it" in one.cure


def test_who_is_not_born_yet_needs_no_name() -> None:
    born = changed()["template"]["subject"]["date_of_birth"] | {"accuracy_indicator": "XXX"}
    subject = CLINIC["template"]["subject"] | {"date_of_birth": born}
    row = with_cell("First name", "Unborn").replace("31/03/17", "31/08/26")
    assert warnings(row, mapping=changed(template={"subject": subject})) == []


# --- formats


def test_of_a_file_that_was_not_agreed_the_receipt_says_what_was() -> None:
    (came,) = read_file(door(), io.BytesIO(b"x"), filename="week.xlsx")
    assert refused(came).cure == (
        "Send it in the form that was agreed; the name or content type must say which it is. This "
        "agency sends files named *.csv, or Content-Type text/csv (clinic-csv); events "
        "(application/cloudevents+json)."
    )


def test_of_a_file_of_another_name_the_receipt_says_the_agreed_pattern() -> None:
    police = Door(route("police-report-xml"), "folder", dt.datetime.now(dt.UTC))
    (came,) = read_file(police, io.BytesIO(b"<Reports/>"), filename="police-two-kids.xml")
    told = refused(came)
    assert told.reason == "unknown.format"
    assert "This agency sends files named report*.xml, or " in (told.cure or "")


def test_a_body_without_its_events_attributes_is_told_of_the_headers() -> None:
    (came,) = parse(door(), b"{}", content_type="application/json")
    told = refused(came)
    assert told.reason == "unknown.format"
    assert "headers ce-specversion, ce-id, ce-source and ce-type" in (told.cure or "")
    assert not OPERATORS.search(told.cure or "")


# --- rows


def test_a_row_with_too_few_columns_is_read_across_and_says_so() -> None:
    (told,) = warnings("C-1;31/03/26 09:30;Seen alone.;Kim;Fox;31/03/17")
    assert told.reason == "invalid.columns"
    assert told.done.startswith("Read from left to right as far as it goes")
    assert "semicolons" in told.cure
    assert "comma" not in told.cure


def test_a_row_that_cannot_be_read_is_told_of_its_own_delimiter() -> None:
    (came,) = read_file(door(), io.BytesIO(f"{HEADER}\nnothing\n".encode()), filename="x.csv")
    assert refused(came).cure == "Check quotes and semicolons in the row."


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ('"Said "help" loudly"', 'Said "help" loudly'),
        ('"Said "help" loudly', 'Said "help" loudly'),
        ('"Unfinished', "Unfinished"),
        ('"Said "help"; loudly"', None),
    ],
)
def test_a_text_with_odd_quotes_stands_as_it_is(cell: str, text: str | None) -> None:
    (came,) = read(f"{HEADER}\n{with_cell('What happened', cell)}\n")
    if text is not None:
        assert told_of(came).narrative == text
    kept, *_ = told_of(came).set_aside
    assert cell in kept.value
    told = warned(kept)
    assert "a human sees the row as it came" in told.done


def test_a_short_row_that_says_whom_it_is_about_is_taken() -> None:
    header = "Ref;First name;Last name;Born;" + ";".join(f"More{n}" for n in range(11))
    subject = {k: v for k, v in CLINIC["template"]["subject"].items() if k != "address"}
    mapping = {**CLINIC, "template": {"reference": {"from": "Ref"}, "subject": subject}}
    (came,) = read(f"{header}\nHH-203;Kim;Fox;03/04/17\n", mapping=mapping)
    made = told_of(came)
    assert (made.reference, made.subject.name[0].family_name) == ("HH-203", ("Fox",))
    assert made.subject.date_of_birth is not None
    assert "invalid.columns" in {one.reason for one in made.set_aside}
    for line in ("then he went home", "she said; he left; nobody came", "10;11"):
        (came,) = read(f"{header}\n{line}\n", mapping=mapping)
        assert came == Refusal("unreadable.csv", "row 2"), line


# --- nothing to act on, and nothing told twice


def test_a_row_that_says_nothing_is_told_so() -> None:
    (came,) = read_file(
        door(), io.BytesIO(f"{HEADER}\n;31/03/26 09:30;;;;;\n".encode()), filename="x.csv"
    )
    told = refused(came)
    assert told.explanation == (
        "It has neither a reference nor words nor a child, so there is nothing to act on."
    )
    assert told.cure == (
        "Fill in at least one of them and send it again. Expected: Number, What happened or First "
        "name."
    )


def test_a_code_that_two_fields_are_read_from_is_told_once() -> None:
    codes = {"Refused": False, "Given": True}, {"Refused": "refused", "Given": "given"}
    informed, consent = ({"from": "Consent", "codes": one} for one in codes)
    also = {"from": "Consent"}
    parents = {"informed": informed, "consent": consent, "reason": also}
    mapping = changed(template={"parents_informed": parents})
    told = warnings(f"{ROW};Maybe", mapping=mapping, header=f"{HEADER};Consent")
    assert [(one.field, one.reason) for one in told] == [("row 2, Consent", "invalid.code")]


@pytest.mark.parametrize("why", REASONS.values(), ids=REASONS)
def test_who_sends_is_told_nothing_of_the_hubs_own_commands(why: Reason) -> None:
    for said in (why.cause, why.cure_for(None), why.cure_for("this")):
        assert not OPERATORS.search(said), said
        assert len(said) <= 500
    assert not why.hint or "redrive" not in why.hint or "`hub dead-letters redrive ID`" in why.hint


# --- where it is


def test_of_json_that_is_none_the_place_is_told() -> None:
    body = b'{"specversion": "1.0",\n "id": }'
    (came,) = parse(door(), body, content_type="application/cloudevents+json")
    assert "at line 2, column 8;" in (refused(came).cure or "")


def test_all_that_an_envelope_lacks_is_told_at_once() -> None:
    body = b'{"id": "1", "type": "mash.notification.v1", "data": {}}'
    (came,) = parse(door(), body, content_type="application/cloudevents+json")
    assert (refused(came).cure or "").startswith("Give specversion and source: ")


# --- birthdays


@pytest.mark.parametrize(
    ("born", "reasons"),
    [
        ("11/06/00", []),
        ("11/06/69", []),
        ("31/08/26", ["invalid.future-birthday"]),
    ],
)
def test_a_birthday_may_be_an_adults_but_not_still_to_come(born: str, reasons: list[str]) -> None:
    told = warnings(with_cell("Born", born))
    assert [one.reason for one in told] == reasons
    for one in told:
        assert "clock" not in one.cure


# --- the guide


GUIDE = (ROOT / "connectors/agencies/README.md").read_text("utf-8")


def test_the_guide_has_every_field_of_a_notification() -> None:
    told = set[str]()
    for row in GUIDE.splitlines():
        if row.startswith("| `"):
            told |= set(re.findall("`(.*?)`", row.split("|")[1]))
    assert set(Notification.model_fields) - {"set_aside"} <= told


def test_the_guide_has_every_concern_that_the_sample_profile_reads() -> None:
    profile = (ROOT / "ops/profiles/sample-borough.toml").read_text("utf-8")
    (row,) = [row for row in GUIDE.splitlines() if row.startswith("| `concern` |")]
    read_ = set(re.findall('^concerns = \\["(.*)"\\]$', profile, re.MULTILINE))
    assert read_
    assert read_ == set(re.findall("`([a-z-]+)`", row.partition("reads")[2]))


def test_the_mapping_in_the_guide_is_right() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    assert compiled(tomllib.loads(dedent(block))).names


def test_the_senders_guide_shows_warnings_as_they_are() -> None:
    guide = (ROOT / "connectors/README.md").read_text("utf-8")
    _, _, part = guide.partition("### What is taken and what is refused")
    body = re.findall(r"--data-binary '(.*?)'\n```", part, re.DOTALL)[0]
    receipt = json.loads(re.findall(r"```json\n(.*?)```", part, re.DOTALL)[0])
    way_in = replace(door(), route=replace(door().route, mappings=()))
    (came,) = parse(way_in, body.encode(), content_type="application/cloudevents+json")
    told = [warned(one).model_dump() for one in parts_to_tell(came.body)]
    assert told == receipt["warnings"]


def test_every_notification_of_the_senders_guide_is_taken_without_a_warning() -> None:
    guide = (ROOT / "connectors/README.md").read_text("utf-8")
    sound, _, _ = guide.partition("### What is taken and what is refused")
    bodies = re.findall(r"--data-binary '(\{.*?\})'\n```", sound, re.DOTALL)
    told = [json.loads(body) for body in bodies if body != "{}"]
    data = [one.get("data", one) for one in told if "narrative" in one.get("data", one)]
    (subject,) = re.findall(r'```json\n(\{"address".*?)```', sound, re.DOTALL)
    name = [{"given_name": ["Kim"], "family_name": ["Fox"]}]
    data.append(data[0] | {"subject": {"name": name} | json.loads(subject)})
    assert len(data) >= 3
    for one in data:
        event = {"specversion": "1.0", "id": "1", "source": "urn:x"} | {"data": one}
        body = json.dumps(event | {"type": "mash.notification.v1"}).encode()
        way_in = replace(door(), route=replace(door().route, mappings=()))
        (came,) = parse(way_in, body, content_type="application/cloudevents+json")
        assert isinstance(came.body, NotificationReceived)
        assert parts_to_tell(came.body) == []
