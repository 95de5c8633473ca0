"""One field is corrected in JSON, CSV or XML, and the rest stays as it came."""

from __future__ import annotations

import json

import pytest

from connectors.formats.records import Reading
from ops.mend.mending import CannotMend, check, mended


def json_mended(
    original: object, field: str, value: str, content_type: str = "application/json"
) -> object:
    body = mended(
        json.dumps(original).encode(), content_type, field=field, value=value, reading=Reading()
    )
    return json.loads(body)


def test_text_stays_text_even_if_it_looks_like_a_number() -> None:
    assert json_mended({"nhs": "1", "b": 2}, "nhs", "9990000018") == {"nhs": "9990000018", "b": 2}


def test_in_place_of_a_number_or_list_json_is_read() -> None:
    assert json_mended({"a": 1, "b": [1]}, "a", "2") == {"a": 2, "b": [1]}
    assert json_mended({"a": 1, "b": [1]}, "b", "[2, 3]") == {"a": 1, "b": [2, 3]}


def test_a_path_leads_into_lists_and_objects() -> None:
    assert json_mended({"a": [{"b": "x"}, {"b": "y"}]}, "a[1].b", "z") == {
        "a": [{"b": "x"}, {"b": "z"}]
    }


def test_a_missing_field_is_filled_in_where_it_belongs() -> None:
    fact = "application/vnd.mash.fact+json;type=mash.rating.decided.v1"
    assert json_mended({"agency": "a", "decision": {"x": 1}}, "reason", "why", fact) == {
        "agency": "a",
        "decision": {"x": 1, "reason": "why"},
    }
    assert json_mended({"a": {}}, "a.b.c", "z") == {"a": {"b": {"c": "z"}}}


def test_json_that_names_a_field_twice_is_not_rewritten() -> None:
    with pytest.raises(CannotMend):
        mended(
            b'{"a": 1, "a": 2, "b": "x"}',
            "application/json",
            field="b",
            value="y",
            reading=Reading(),
        )


def test_one_cell_of_a_row_is_corrected() -> None:
    row = b'DOB;Name;Note\n31/31/2019;"Thornbury; T";x\n'
    made = mended(
        row,
        "text/csv; mapping=m",
        field="row 3, DOB",
        value="03/02/2019",
        reading=Reading(delimiter=";"),
    )
    assert made == b'DOB;Name;Note\n03/02/2019;"Thornbury; T";x\n'


def test_one_element_or_attribute_of_xml_is_corrected_or_made() -> None:
    body, reading = b'<F><P URN="1"><Child><DOB>x</DOB></Child></P></F>', Reading(path="P")
    made = mended(body, "application/xml", field="P[2]/Child/DOB", value="2019", reading=reading)
    assert made == b'<F><P URN="1"><Child><DOB>2019</DOB></Child></P></F>'
    made = mended(body, "application/xml", field="@URN", value="2", reading=reading)
    assert made == b'<F><P URN="2"><Child><DOB>x</DOB></Child></P></F>'
    made = mended(body, "application/xml", field="Child/Sex", value="F", reading=reading)
    assert made == b'<F><P URN="1"><Child><DOB>x</DOB><Sex>F</Sex></Child></P></F>'


@pytest.mark.parametrize(
    ("body", "content_type", "field"),
    [
        (b"not json", "application/json", "a"),
        (b"a;b\n1;2\n", "text/csv", "row 2, c"),
        (b"<a>", "application/xml", "b"),
        (b"x", "application/pdf", "b"),
        (b"\xff", "application/json", "b"),
        (b"[1]", "application/json", "b.c"),
    ],
)
def test_what_cannot_be_read_well_enough_is_left_alone(
    body: bytes, content_type: str, field: str
) -> None:
    with pytest.raises(CannotMend):
        mended(body, content_type, field=field, value="1", reading=Reading())


@pytest.mark.parametrize(
    ("reason", "recorded", "wanted"),
    [
        ("invalid.date", "data.dob", "data.narrative"),
        ("invalid.date", None, "data.dob"),
        ("refused.not-yours", "item_id", "item_id"),
        ("unreadable.json", "a", "a"),
    ],
)
def test_only_the_faulty_field_of_a_mendable_letter_may_be_changed(
    reason: str, recorded: str | None, wanted: str
) -> None:
    with pytest.raises(CannotMend):
        check(reason, recorded, wanted=wanted)


def test_the_faulty_field_may_be_named_with_or_without_its_row() -> None:
    check("invalid.date", "row 3, DOB", wanted="DOB")
    check("invalid.date", "row 3, DOB", wanted="row 3, DOB")
