"""Letters are written in the form that a system of the agency's own reads (R43, R56)."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connectors.deliver import FolderSender, NotSent
from connectors.formats.forms import Form, load_form
from connectors.formats.targets import MappingFault
from schemas.handoff import OutcomeForCases
from schemas.product import Product
from stores.ports import Leased
from tests.unit.connectors.conftest import settings

ID = "7f6d7c3e-1111-5111-8111-111111111111"


def event(type_: str, data: dict[str, Any]) -> bytes:
    return json.dumps({"id": ID, "type": type_, "data": data}, ensure_ascii=False).encode()


def outcome(**changes: Any) -> bytes:
    about = {
        "names": [{"given_name": ["Tilly", "Ann"], "family_name": ["Thornbury"]}],
        "born": {"date": "2018-02-03", "accuracy_indicator": "AAA"},
        "identifiers": [
            {"value": "Z801200001001", "system": "https://fhir.hl7.org.uk/Id/upn"},
            {"value": "9990000018", "system": "https://fhir.nhs.uk/Id/nhs-number"},
        ],
    }
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "handoff_id": "h-1",
        "outcome": "no_further_action",
        "may_be_told": "Nobody < need & call.",
        "decided_by": "S. Worker",
        "decided_at": "2026-07-01T23:30:00Z",
        "about": about,
    }
    return event(OutcomeForCases.type, told | changes)


def xml(form: Form, type_: str, body: bytes) -> ElementTree.Element:
    written = form.written(type_, body)
    assert written is not None
    return ElementTree.fromstring(written)  # noqa: S314 - what was written here


def test_an_outcome_is_written_in_the_case_systems_own_names() -> None:
    record = xml(load_form("case-record-xml"), OutcomeForCases.type, outcome())
    assert record.tag == "CaseRecord"
    assert record.findtext("Outcome") == "NFA"
    assert record.findtext("Told") == "Nobody < need & call."
    assert record.findtext("DecidedAt") == "02/07/2026 00:30", "by the borough's clocks"
    assert record.findtext("Child/NHSNumber") == "9990000018"
    assert record.findtext("Child/Forename") == "Tilly Ann"
    assert record.findtext("Child/DateOfBirth") == "03/02/2018"


def test_every_item_of_a_product_is_written() -> None:
    data = {
        "product_id": "p-1",
        "case_id": "case-1",
        "recipient": "case_system",
        "purpose": "case record",
        "colour": "amber",
        "items": [
            {"item_id": "i-1", "owner": "police", "text": "First\u0000 line\nsecond line"},
            {"item_id": "i-2", "owner": "school", "text": "Absent on nine days"},
        ],
        "signposts": [{"owner": "gp", "contact": "01632 960107"}],
    }
    record = xml(load_form("case-record-xml"), Product.type, event(Product.type, data))
    texts = [one.findtext("Text") for one in record.findall("Item")]
    assert texts == ["First\ufffd line\nsecond line", "Absent on nine days"]
    assert [one.text for one in record.findall("Ring")] == ["01632 960107"]


def form(tmp_path: Path, text: str) -> Form:
    path = tmp_path / "form.toml"
    path.write_text(text, encoding="utf-8")
    return load_form(str(path))


CSV = """
name = "rows"
about = "Rows"
writes = "csv"
delimiter = ";"

[letters."mash.case-outcome.v1"]
Ref = { from = "data/referral_id" }
Told = { from = "data/may_be_told" }
By = { from = "data/decided_by" }
"""


def test_a_cell_that_a_spreadsheet_would_reckon_is_written_as_a_text(tmp_path: Path) -> None:
    body = outcome(may_be_told="=HYPERLINK(A1)", decided_by="Müller; A")
    written = form(tmp_path, CSV).written(OutcomeForCases.type, body)
    assert written is not None
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig")), delimiter=";"))
    assert rows == [["Ref", "Told", "By"], ["ref-1", "'=HYPERLINK(A1)", "Müller; A"]]


@pytest.mark.parametrize("first", [*"=+-@'", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_guard_before_what_would_be_reckoned_loses_nothing(tmp_path: Path, first: str) -> None:
    text = f'{first}1+1;=2,"=3"'
    written = form(tmp_path, CSV).written(OutcomeForCases.type, outcome(may_be_told=text))
    assert written is not None
    _, (_, told, _) = csv.reader(
        io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";"
    )
    assert told == f"'{text}"
    assert told.removeprefix("'") == text


def test_every_cell_is_in_quotes_whatever_a_spreadsheet_splits_at(tmp_path: Path) -> None:
    body = outcome(may_be_told="a,=1+1", decided_by="J. Auditor")
    written = form(tmp_path, CSV).written(OutcomeForCases.type, body)
    assert written is not None
    assert written.decode("utf-8-sig").splitlines()[1] == '"ref-1";"a,=1+1";"J. Auditor"'


def test_a_letter_that_the_form_does_not_know_is_left_as_it_is(tmp_path: Path) -> None:
    assert form(tmp_path, CSV).written("mash.product-recall.v1", event("x", {})) is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (CSV.replace('writes = "csv"', 'writes = "pdf"'), "writes"),
        (CSV.replace('By = { from = "data/decided_by" }', "[letters.x.y]"), "no parts"),
        (CSV.replace('writes = "csv"', 'writes = "xml"').replace("Ref", '"A Ref"'), "XML element"),
        (CSV.replace('writes = "csv"', 'writes = "xml"\nroot = "1 Record"'), "root"),
        (CSV.replace('from = "data/referral_id"', 'form = "data"'), "Ref"),
    ],
)
def test_a_wrong_form_says_what_is_wrong(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(MappingFault, match=told):
        form(tmp_path, wrong)


def test_a_letter_is_a_file_of_its_own_which_a_second_sending_replaces(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir(mode=0o700)
    sender = FolderSender(folder, None, load_form("case-record-xml"))
    letter = Leased(id=ID, agency="csc", type=OutcomeForCases.type, body=outcome(), attempts=1)
    sender.send(letter)
    sender.send(letter)
    (file,) = folder.iterdir()
    assert file.name == f"mash.case-outcome.v1-{ID}.xml"
    assert file.stat().st_mode & 0o077 == 0
    assert b"Tilly" in file.read_bytes()


def test_a_folder_that_is_away_keeps_the_letter_on_its_queue(tmp_path: Path) -> None:
    sender = FolderSender(tmp_path / "nowhere", None, None)
    with pytest.raises(NotSent, match="FolderUnsafe"):
        sender.send(Leased(id=ID, agency="csc", type="x", body=b"{}", attempts=1))


def test_an_agency_has_its_letters_in_a_folder_where_the_configuration_says_so() -> None:
    made = settings(csc={"letters": {"path": "out", "form": "case-record-xml"}})
    letters = made.agencies["csc"].letters
    assert letters is not None
    assert letters.form == "case-record-xml"
