"""Whatever stands in whatever field, a concern is taken, and nothing that its sender wrote is lost.

It is refused only where there is nothing to act on.
"""

import csv
import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from connectors.events.envelope import from_stream, parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from connectors.port import AgencyRoute, routes
from schemas.notification import Notification, NotificationReceived
from schemas.settings import HubSettings
from tests.support.anything import JSON, WHOLE_TEXT, changed, places

NOW = dt.datetime(2026, 11, 26, 9, 0, tzinfo=dt.UTC)
AGREEMENT = {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2025-01-01"}
AGENCIES = {"csc": None, "health": None, "school": "sample-json", "yos": "case-system-csv"}
SETTINGS = HubSettings.model_validate(
    {
        "area": "e08000032",
        "lead_agency": "csc",
        "agencies": {
            code: {"name": code, "signpost_contact": "01632 960002", "agreement": AGREEMENT}
            | ({"mapping": mapping} if mapping else {})
            for code, mapping in AGENCIES.items()
        },
    }
)
ROUTES: dict[str, AgencyRoute] = dict(routes(SETTINGS, {}).by_code)
_NAME = {"given_name": ["Idris"], "family_name": ["Okoro", "Bell"], "preferred_name": "Idi"}
OWN: dict[str, Any] = {
    "reference": "HV-7",
    "observed_at": "2026-03-12T09:30:00Z",
    "narrative": "Seen alone at night.",
    "concern": ["missing-person"],
    "parents_informed": {"informed": True, "consent": "given", "reason": "By telephone."},
    "sharing": {
        "sensitivity": "restricted",
        "may_be_revealed": True,
        "may_leave": False,
        "signpost": False,
        "reason": "An informant would be known.",
    },
    "parts": [
        {"text": "Told by a neighbour.", "may_be_revealed": False, "reason": "She is afraid."},
        {"text": "Seen at school.", "sensitivity": "routine", "may_leave": True},
    ],
    "subject": {
        "identifier": [
            {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9991754377"},
            {"system": "https://fhir.hl7.org.uk/Id/upn", "value": "Z801200001001"},
        ],
        "name": [_NAME | {"use": "usual"}, {"given_name": ["Ed"], "use": "alias"}],
        "date_of_birth": {"date": "2014-11-05", "accuracy_indicator": "AAA"},
        "sex_code": "male",
        "address": [
            {
                "line1": "4 Copley Row",
                "line2": "Overdale",
                "city": "Hollin Cross",
                "postcode": "BD54 5UN",
                "uprn": "100012345678",
                "usrn": "12345678",
                "use": "home",
            }
        ],
        "contact": [{"name": "Ann", "email": ["a@example.org"], "telephone": ["01632 960195"]}],
        "related_person": [
            {
                "name": {"given_name": ["Dana"], "family_name": ["Bell"]},
                "relationship": "mother",
                "date_of_birth": {"date": "1990-06-30", "accuracy_indicator": "EEE"},
                "identifier": [{"system": "urn:x", "value": "77"}],
            }
        ],
        "identifier_absent_reason": "not asked",
    },
}
SAMPLE: dict[str, Any] = {
    "source_reference": "SCH24-01062",
    "observed_at": "2026-01-05T09:45:18Z",
    "given_name": "Amelia",
    "middle_names": ["Rose"],
    "family_name": "Ashdown",
    "alias_names": ["Millie", "Amelia Thorne"],
    "date_of_birth": "2020-09-29",
    "dob_estimated": True,
    "expected_date_of_birth": None,
    "sex": "female",
    "nhs_number": "999 175 4377",
    "upn": "Z801200001001",
    "address_lines": ["Flat 4", "75 Balmoral Place", "Brackenroyd"],
    "postcode": "bd536qd",
    "phone": "01632 960097",
    "guardians": [{"name": "Keira Ashdown", "date_of_birth": "1996-02-14", "relation": "mother"}],
    "narrative": "Bruise on the upper arm, not explained.",
}
ROW = {
    "Referral No": "CS-1",
    "Referral Date": "12/03/2026 09:30",
    "Forename": "Idris",
    "Surname": "Okoro Bell",
    "Known As": "Idi",
    "Former Name": "Idris Bell",
    "DOB": "05/11/2014",
    "DOB Estimated": "Y",
    "Expected DOB": "",
    "Sex": "M",
    "NHS No": "999 175 4377",
    "NHS No Absent Reason": "",
    "UPN": "Z801200001001",
    "Address 1": "4 Copley Row",
    "Address 2": "Overdale",
    "Town": "Hollin Cross",
    "Postcode": "BD54 5UN",
    "UPRN": "100012345678",
    "Telephone": "01632 960195",
    "Carer Name": "Dana Bell",
    "Carer Relationship": "Mother",
    "Carer DOB": "30/06/1990",
    "Parents Informed": "Y",
    "Consent": "Given",
    "Consent Note": "By telephone.",
    "Reason for Referral": "Seen alone at night.",
}
MANY = settings(max_examples=400)


def event_of(data: object) -> bytes:
    envelope = {"specversion": "1.0", "id": "e1", "source": "urn:x", "type": "mash.notification.v1"}
    return json.dumps(envelope | {"data": data}).encode()


def sent(agency: str, data: object) -> Notification:
    """What is made of the data in an event; never a refusal."""
    (arrival,) = parse(Door(ROUTES[agency], "http", NOW), event_of(data), content_type=STRUCTURED)
    assert isinstance(arrival.body, NotificationReceived), arrival.body
    arrival.body.model_dump_json().encode()
    return arrival.body.notification


def leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from leaves(part)
    elif value not in (None, ""):
        yield value


def held(made: Notification) -> list[str]:
    """Every text of what was used and of what was set aside."""
    used = made.model_dump(mode="json", exclude={"set_aside"})
    return [*map(text_of, leaves(used)), *(one.value for one in made.set_aside)]


def text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def is_held(value: object, texts: list[str]) -> bool:
    """Whether a text or number is found whole, or as JSON writes it."""
    wanted = {text_of(value), json.dumps(value), json.dumps(value, ensure_ascii=False)}
    return any(one.strip('"') in text for one in wanted for text in texts)


@MANY
@given(st.sampled_from(list(places(OWN))), JSON)
def test_of_the_hubs_own_shape_any_value_in_any_field_is_used_or_kept(
    path: tuple[Any, ...], new: object
) -> None:
    texts = held(sent("health", changed(OWN, path, new=new)))
    assert [one for one in leaves(new) if not is_held(one, texts)] == []


@MANY
@given(st.sampled_from(list(places(OWN))), JSON)
def test_what_is_well_in_the_other_fields_is_used(path: tuple[Any, ...], new: object) -> None:
    made = sent("health", changed(OWN, path, new=new)).model_dump(mode="json", exclude_none=True)
    whole = sent("health", OWN).model_dump(mode="json", exclude_none=True)
    for name in whole.keys() - {path[0], "set_aside"}:
        assert made[name] == whole[name]
    if path[0] == "subject" and len(path) > 1:
        for name in whole["subject"].keys() - {path[1]}:
            assert made["subject"][name] == whole["subject"][name]


@MANY
@given(st.sampled_from(list(places(SAMPLE))), JSON)
def test_of_an_agencys_json_any_value_in_any_field_is_used_or_kept(
    path: tuple[Any, ...], new: object
) -> None:
    texts = held(sent("school", changed(SAMPLE, path, new=new)))
    plain = letters(" ".join(texts))
    agreed = AGREED.get(path[0], ())
    lost = [one for one in leaves(new) if not is_held(one, texts) and not written(one, plain)]
    assert [one for one in lost if str(one).strip().casefold() not in agreed] == []


AGREED = {
    "sex": ("male", "female", "indeterminate", "unknown"),
    "dob_estimated": ("true", "false"),
}
"""What stands for a code of the hub."""


def letters(text: str) -> str:
    """Letters and digits alone, without case and accents: words may be split and joined."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFD", text.casefold()))


def written(value: object, plain: str) -> bool:
    """Whether all of a text is there but for spaces and signs."""
    return isinstance(value, str) and all(
        letters(word) in plain for word in re.split(r"[\W_]+", value.casefold())
    )


def row_of(cells: dict[str, str]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(cells), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(cells)
    return out.getvalue().encode()


@MANY
@given(st.sampled_from(list(ROW)), WHOLE_TEXT)
@example("Referral No", "\n")
@example("Referral No", "two\nlines")
def test_any_text_in_any_cell_of_a_row_is_used_or_kept(column: str, new: str) -> None:
    form = ROUTES["yos"].format_of_file("x.csv")
    assert form is not None
    door = Door(ROUTES["yos"], "folder", NOW)
    (arrival,) = from_stream(door, io.BytesIO(row_of(ROW | {column: new})), form=form)
    assert isinstance(arrival.body, NotificationReceived), arrival.body
    texts = held(arrival.body.notification)
    agreed = new.strip().casefold() in ("y", "n", "yes", "no", "m", "f", "i", "u")
    assert is_held(new.strip(), texts) or written(new, letters(" ".join(texts))) or agreed


@pytest.mark.parametrize(
    ("path", "new"),
    [
        (("subject", "name", 0, "given_name"), [1] * 3000),
        (("subject", "identifier"), [{"value": 1, "system": "x"}] * 3000),
        (("subject",), {f"key{number}": "x" for number in range(3000)}),
        (("subject", "address"), [{"line1": "long " * 200}] * 300),
    ],
)
def test_of_more_faults_than_anybody_reads_all_is_kept_and_some_are_told(
    path: tuple[Any, ...], new: object
) -> None:
    event = changed(OWN, path, new=new)
    made = sent("health", event)
    assert 1 <= len(made.set_aside) <= 100
    assert json.dumps(new) in "".join(one.value for one in made.set_aside)
    assert len(made.model_dump_json()) < 3 * len(json.dumps(event)) + 10_000


def test_a_long_name_behind_an_empty_one_is_kept_whole() -> None:
    long = "a" * 600
    made = sent("school", SAMPLE | {"given_name": [None, long]})
    assert [one.field for one in made.set_aside if long in one.value] == ["data.given_name"]


@pytest.mark.parametrize("cell", ["\n", "CS\n7"])
def test_a_first_cell_with_a_line_break_is_part_of_its_row(cell: str) -> None:
    form = ROUTES["yos"].format_of_file("x.csv")
    assert form is not None
    door = Door(ROUTES["yos"], "folder", NOW)
    row = row_of(ROW | {next(iter(ROW)): cell})
    assert len(list(from_stream(door, io.BytesIO(row), form=form))) == 1
