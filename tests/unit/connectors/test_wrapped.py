"""Records in JSON that came in more than was agreed, or in less: in an object around their list, or
as a FHIR resource without its Bundle. What is plain is taken, and what is not says what is wanted.
"""

import io
import json
from typing import Any

import pytest

from connectors.events.facts import Door
from connectors.folder import read_file
from schemas.notification import Notification, NotificationReceived
from schemas.refusals import Refusal
from tests.unit.connectors.test_lossless import NOW, route
from tests.unit.connectors.test_unread import FLAG, PATIENT

ONE: dict[str, Any] = {
    "source_reference": "J1",
    "observed_at": "2026-11-20T10:00:00Z",
    "given_name": "Ann",
    "family_name": "Hale",
    "narrative": "Seen alone.",
}
TWO = ONE | {"source_reference": "J2", "given_name": "Bo"}


def read(mapping: str, value: object) -> tuple[list[Notification], list[Refusal]]:
    text = value if isinstance(value, str) else json.dumps(value)
    door = Door(route(mapping), "folder", NOW)
    bodies = [one.body for one in read_file(door, io.BytesIO(text.encode()), filename="a.json")]
    taken = [one.notification for one in bodies if isinstance(one, NotificationReceived)]
    return taken, [one for one in bodies if isinstance(one, Refusal)]


@pytest.mark.parametrize(
    "wrapper",
    [
        {"notifications": [ONE, TWO]},
        {"source_agency": "clinic", "notifications": [ONE, TWO]},
        {"data": {"items": [ONE, TWO]}},
    ],
)
def test_records_in_the_one_list_of_an_object_around_them_are_taken(wrapper: object) -> None:
    taken, refused = read("sample-json", wrapper)
    assert [one.reference for one in taken] == ["J1", "J2"]
    assert not refused
    assert not any(one.set_aside for one in taken)


def test_what_stands_beside_the_list_is_told_of_each() -> None:
    taken, _ = read("sample-json", {"note": {"by": "A"}, "list": [ONE, TWO], "tags": ["x"]})
    told = [[(part.field, part.reason, part.value) for part in one.set_aside] for one in taken]
    beside = [
        ("note", "invalid.unknown-field", '{"by": "A"}'),
        ("tags", "invalid.unknown-field", '["x"]'),
    ]
    assert told == [beside, beside]


def test_one_bad_record_in_a_wrapper_costs_no_other() -> None:
    taken, refused = read("sample-json", {"notifications": [ONE, {"colour": "red"}]})
    assert [one.reference for one in taken] == ["J1"]
    assert [one.reason for one in refused] == ["missing.content"]


def test_of_two_lists_none_is_guessed() -> None:
    taken, (refused,) = read("sample-json", {"new": [ONE], "deleted": [TWO]})
    assert (taken, refused.reason) == ([], "invalid.several")
    assert refused.expected == "one list of records"


def test_a_wrapper_named_twice_is_refused_and_kept() -> None:
    inside = json.dumps([ONE])
    taken, refused = read("sample-json", f'{{"a": {inside}, "a": {inside}}}')
    assert not taken
    assert len(refused) == 1


@pytest.mark.parametrize("value", [{"notifications": []}, {"notification": ONE}, {"a": 1}])
def test_what_has_nothing_agreed_in_it_is_told_what_was(value: object) -> None:
    taken, (refused,) = read("sample-json", value)
    assert (taken, refused.reason) == ([], "missing.content")
    assert refused.expected == "source_reference, narrative or given_name"


@pytest.mark.parametrize("kind", ["Flag", "Communication"])
def test_a_resource_with_its_child_inside_is_taken_without_a_bundle(kind: str) -> None:
    said = {"payload": [{"contentString": "Bruise seen."}], "sent": "2026-03-12T10:00:00Z"}
    told = FLAG if kind == "Flag" else {"identifier": [{"value": "FL-77"}]} | said
    child = PATIENT | {"id": "p1"}
    lone = told | {"resourceType": kind, "contained": [child], "subject": {"reference": "#p1"}}
    (one,), _ = read("fhir-bundle-json", lone)
    assert (one.reference, one.narrative) == ("FL-77", "Bruise seen.")
    assert one.subject.name[0].given_name == ("Amy",)
    assert not one.set_aside


def test_a_resource_without_a_child_is_taken_and_told() -> None:
    (one,), _ = read("fhir-bundle-json", FLAG | {"subject": {"reference": "Patient/9"}})
    assert (one.reference, one.narrative) == ("FL-77", "Bruise seen.")
    assert [part.reason for part in one.set_aside] == ["missing.child"]


def test_a_patient_alone_is_taken_and_told() -> None:
    (one,), _ = read("fhir-bundle-json", PATIENT)
    assert one.subject.name[0].family_name == ("Sample",)
    assert {part.reason for part in one.set_aside} == {"missing.field"}


def test_a_key_given_twice_in_a_lone_resource_is_kept() -> None:
    text = json.dumps(FLAG | {"contained": [PATIENT]})
    (one,), _ = read("fhir-bundle-json", text.replace('"code"', '"code": "CANARY", "code"'))
    assert one.subject.name[0].given_name == ("Amy",)
    assert "CANARY" in " ".join(part.value for part in one.set_aside)


@pytest.mark.parametrize("value", [{"resourceType": "Basic"}, [PATIENT, FLAG]])
def test_a_resource_that_says_nothing_is_told_what_to_send(value: object) -> None:
    _, refused = read("fhir-bundle-json", value)
    assert {one.reason for one in refused} == {"missing.content"}
    assert all("entry/resource[resourceType='Flag']" in (one.expected or "") for one in refused)
