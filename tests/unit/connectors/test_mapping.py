"""An agency's format, as data, becomes the hub's notification; errors speak the sender's
language.
"""

import datetime as dt
import io
import json
from pathlib import Path

import pytest

from connectors.formats.mapping import AgencyMapping, compiled, load
from connectors.formats.records import Kind, Record
from connectors.formats.targets import MappingFault
from connectors.not_taken import NotTaken
from schemas.case import OpenCase
from schemas.notification import Instead, Notification
from schemas.person import NHS_NUMBER, UPN, NameUse
from schemas.refusals import Refusal

NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)

SAMPLE_STREAM = Path("ops/sample/notifications.jsonl")
SHIPPED = ["sample-json", "merlin-xml", "case-system-csv", "open-cases-csv"]


def read(mapping: AgencyMapping, kind: Kind, text: bytes) -> list[Record]:
    return list(mapping.formats[kind].records(io.BytesIO(text), largest=100_000))


def made(mapping: AgencyMapping, kind: Kind, text: bytes) -> list[Notification]:
    every = [mapping.formats[kind].make(record, now=NOW) for record in read(mapping, kind, text)]
    return [one for made in every for one in made if isinstance(one, Notification)]


def refusal(mapping: AgencyMapping, kind: Kind, record: Record) -> Refusal:
    with pytest.raises(NotTaken) as caught:
        mapping.formats[kind].make(record, now=NOW)
    return caught.value.refusal


def warned(mapping: AgencyMapping, kind: Kind, record: Record) -> list[tuple[str, str]]:
    """Reason and field of what was set aside of a record that was taken."""
    kept = taken(mapping, kind, record).set_aside
    return [(one.reason, one.field) for one in kept if one.instead is not Instead.ALONG]


def taken(mapping: AgencyMapping, kind: Kind, record: Record) -> Notification:
    (one,) = mapping.formats[kind].make(record, now=NOW)
    assert isinstance(one, Notification)
    return one


def sample(record: dict[str, object], **changes: object) -> bytes:
    return json.dumps(record | changes).encode()


def test_a_sample_record_keeps_every_part_of_its_child(sample_record: dict[str, object]) -> None:
    (notification,) = made(load("sample-json"), "json-lines", sample(sample_record))
    child = notification.subject
    assert notification.reference == "SCH24-01062"
    assert [(i.system, i.value) for i in child.identifier] == [
        (NHS_NUMBER, "9991754377"),
        (UPN, "Z801200001001"),
    ]
    assert child.name[0].given_name == ("Amelia", "Rose")
    assert [(n.use, n.given_name, n.family_name) for n in child.name[1:]] == [
        (NameUse.ALIAS, ("Millie",), ()),
        (NameUse.ALIAS, ("Amelia",), ("Thorne",)),
    ]
    assert (child.address[0].line1, child.address[0].line2, child.address[0].city) == (
        "Flat 4",
        "75 Balmoral Place",
        "Brackenroyd",
    )
    assert child.address[0].postcode == "BD53 6QD"
    assert child.contact[0].telephone == ("01632 960097",)
    assert child.related_person[0].relationship == "mother"
    assert child.related_person[0].name.family_name == ("Ashdown",)
    assert child.identifier_absent_reason is None


def test_an_unborn_child_has_an_expected_date_and_a_reason_for_having_no_number(
    sample_record: dict[str, object],
) -> None:
    unborn = sample(
        sample_record,
        date_of_birth=None,
        expected_date_of_birth="2026-07-20",
        given_name=None,
        sex=None,
        nhs_number=None,
    )
    (notification,) = made(load("sample-json"), "json-lines", unborn)
    child = notification.subject
    assert child.date_of_birth is not None
    assert (child.date_of_birth.expected, child.date_of_birth.accuracy_indicator) == (True, "XXX")
    assert child.identifier_absent_reason == "not given by the sender"


def test_an_estimated_date_of_birth_says_so(sample_record: dict[str, object]) -> None:
    (notification,) = made(
        load("sample-json"), "json-lines", sample(sample_record, dob_estimated=True)
    )
    assert notification.subject.date_of_birth is not None
    assert notification.subject.date_of_birth.accuracy_indicator == "EEE"


def test_a_child_of_whom_nothing_is_known_is_still_a_notification(
    sample_record: dict[str, object],
) -> None:
    known = {"source_reference", "observed_at", "narrative"}
    bare = {name: value for name, value in sample_record.items() if name in known}
    (notification,) = made(load("sample-json"), "json", sample(bare))
    assert notification.subject.name == ()


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"source_reference": None}, "missing.field", "source_reference"),
        ({"narrative": "  "}, "missing.field", "narrative"),
        ({"date_of_birth": "29/09/2020"}, "invalid.date", "date_of_birth"),
        ({"date_of_birth": "2020-02-30"}, "invalid.date", "date_of_birth"),
        ({"observed_at": "2026-01-05 09:45"}, "invalid.time", "observed_at"),
        ({"sex": "girl"}, "invalid.code", "sex"),
        ({"phone": True}, "invalid.value", "phone"),
        ({"middle_names": {"first": "Rose"}}, "invalid.value", "given_name"),
        ({"narrative": "x" * 20_001}, "invalid.too-long", "narrative"),
        ({"family_name": "x" * 501}, "invalid.too-long", "family_name"),
        ({"upn": "9" * 65}, "invalid.too-long", "upn"),
        ({"alias_names": ["Millie", "y" * 501]}, "invalid.too-long", "alias_names[1]"),
        ({"guardians": "Keira"}, "invalid.value", "guardians"),
        ({"guardians": ["Keira"]}, "invalid.value", "guardians[0]"),
        (
            {
                "guardians": [
                    {"name": "Keira Ashdown", "relation": "mother"},
                    {"name": "Lee Ashdown"},
                ]
            },
            "missing.field",
            "guardians[1].relation",
        ),
        (
            {"guardians": [{"name": "Keira", "relation": "mother", "date_of_birth": "1996"}]},
            "invalid.date",
            "guardians[0].date_of_birth",
        ),
    ],
)
def test_a_bad_field_is_set_aside_and_named_as_the_sender_names_it(
    sample_record: dict[str, object], changes: dict[str, object], reason: str, where: str
) -> None:
    mapping = load("sample-json")
    (record,) = read(mapping, "json", sample(sample_record, **changes))
    assert warned(mapping, "json", record) == [(reason, where)]


def test_a_line_of_several_is_named_by_its_number(sample_record: dict[str, object]) -> None:
    mapping = load("sample-json")
    text = b"\n".join(
        [sample(sample_record), b"", sample(sample_record, sex="girl"), b"{", sample(sample_record)]
    )
    good, coded, broken, last = read(mapping, "json-lines", text)
    assert mapping.formats["json-lines"].make(good, now=NOW) == mapping.formats["json-lines"].make(
        last, now=NOW
    )
    assert warned(mapping, "json-lines", coded) == [("invalid.code", "line 3, sex")]
    assert refusal(mapping, "json-lines", broken) == Refusal("unreadable.json", "line 4")


def test_a_list_in_json_is_records_of_their_own(sample_record: dict[str, object]) -> None:
    mapping = load("sample-json")
    text = json.dumps([sample_record, sample_record | {"sex": "girl"}, 7]).encode()
    good, coded, number = read(mapping, "json", text)
    assert isinstance(taken(mapping, "json", good), Notification)
    assert warned(mapping, "json", coded) == [("invalid.code", "[1].sex")]
    assert refusal(mapping, "json", number) == Refusal("invalid.value", "[2]")


def test_a_merlin_notification_keeps_circumstances_address_aliases_and_associated_persons(
    samples: Path,
) -> None:
    (notification,) = made(load("merlin-xml"), "xml", (samples / "merlin-1.xml").read_bytes())
    child = notification.subject
    assert notification.reference == "26PAC014433"
    assert notification.observed_at == dt.datetime(2026, 3, 12, 21, 40, tzinfo=dt.UTC)
    assert "pushed" in notification.narrative
    assert "Third call" in notification.narrative
    assert notification.concern == ("domestic-abuse",)
    assert notification.parents_informed is not None
    assert notification.parents_informed.consent == "not_sought"
    assert [(n.use, n.given_name, n.family_name) for n in child.name] == [
        (NameUse.USUAL, ("Oliver", "James"), ("KELCOMBE",)),
        (NameUse.ALIAS, ("Olly",), ("HASBOURNE",)),
    ]
    assert (child.address[0].line1, child.address[0].postcode) == (
        "Flat 3, 48 Baxter Road",
        "HX24 1TA",
    )
    assert [p.relationship for p in child.related_person] == ["mother", "partner_of_parent"]


def test_summer_time_is_told_from_winter_time(samples: Path) -> None:
    text = (
        (samples / "merlin-1.xml")
        .read_text()
        .replace("12/03/2026 21:40", "12/06/2026 21:40")
        .encode()
    )
    (notification,) = made(load("merlin-xml"), "xml", text)
    assert notification.observed_at == dt.datetime(2026, 6, 12, 20, 40, tzinfo=dt.UTC)


def test_a_merlin_unborn_child_is_known_by_its_mother(samples: Path) -> None:
    (notification,) = made(load("merlin-xml"), "xml", (samples / "merlin-2.xml").read_bytes())
    assert notification.subject.date_of_birth is not None
    assert notification.subject.date_of_birth.expected
    assert notification.subject.related_person[0].name.family_name == ("FERNSBY",)


def test_each_child_of_a_merlin_file_is_a_record_that_reads_again_by_itself(samples: Path) -> None:
    mapping = load("merlin-xml")
    records = read(mapping, "xml", (samples / "merlin-3.xml").read_bytes())
    first, second = (taken(mapping, "xml", record) for record in records)
    assert [first.reference, second.reference] == [
        "26PAC014610/1",
        "26PAC014610/2",
    ]
    assert made(mapping, "xml", records[1].original) == [second]


def test_a_bad_field_of_xml_is_named_by_its_path(samples: Path) -> None:
    mapping = load("merlin-xml")
    text = (samples / "merlin-1.xml").read_text()
    (record,) = read(mapping, "xml", text.replace("15/06/2018", "2018-06-15").encode())
    assert warned(mapping, "xml", record) == [("invalid.date", "Subject/DateOfBirth")]
    (record,) = read(mapping, "xml", text.replace("02/11/1991", "1991").encode())
    assert warned(mapping, "xml", record) == [
        ("invalid.date", "AssociatedPersons/Person[1]/DateOfBirth")
    ]
    (record,) = read(mapping, "xml", text.replace(' URN="26PAC014433"', "").encode())
    assert warned(mapping, "xml", record) == [("missing.field", "@URN")]


def test_a_case_system_export_gives_a_notification_a_row(samples: Path) -> None:
    first, second, third = made(
        load("case-system-csv"), "csv", (samples / "case-system.csv").read_bytes()
    )
    assert '"a fall"' in first.narrative
    assert first.parents_informed is not None
    assert first.parents_informed.informed
    assert [n.use for n in first.subject.name] == [NameUse.USUAL, NameUse.FORMER]
    assert first.subject.name[0].preferred_name == "Millie"
    assert second.subject.date_of_birth is not None
    assert second.subject.date_of_birth.expected
    assert second.subject.identifier_absent_reason == "unborn"
    assert third.subject.name[0].family_name == ("Okoro", "Bell")
    assert third.subject.address[0].postcode == "BD54 5UN"


def test_an_open_case_has_a_worker_until_its_allocation_ends(samples: Path) -> None:
    mapping = load("open-cases-csv")
    records = read(mapping, "csv", (samples / "open-cases.csv").read_bytes())
    (current,), (ended,) = (mapping.formats["csv"].make(record, now=NOW) for record in records)
    assert isinstance(current, OpenCase)
    assert isinstance(ended, OpenCase)
    assert current.worker is not None
    assert (current.worker.team, current.worker.case_reference) == (
        "childrens_social_care",
        "ICS-40012",
    )
    assert ended.worker is None


def test_a_bad_row_names_row_and_column_and_leaves_the_others_alone(samples: Path) -> None:
    mapping = load("case-system-csv")
    text = (samples / "case-system.csv").read_text().replace("05/11/2014", "5 November")
    records = read(mapping, "csv", text.encode())
    assert warned(mapping, "csv", records[2]) == [("invalid.date", "row 4, DOB")]
    assert isinstance(taken(mapping, "csv", records[1]), Notification)


def test_a_missing_column_is_named_and_every_row_is_kept(samples: Path) -> None:
    mapping = load("case-system-csv")
    text = (
        (samples / "case-system.csv").read_text().replace("DOB,DOB Estimated", "Born,DOB Estimated")
    )
    records = read(mapping, "csv", text.encode())
    for number, record in enumerate(records, start=2):
        told = warned(mapping, "csv", record)
        assert ("missing.column", f"row {number}, DOB") in told
        assert (("invalid.unknown-field", f"row {number}, Born") in told) is (number != 3)


@pytest.mark.skipif(not SAMPLE_STREAM.exists(), reason="the sample stream is not there")
def test_every_line_of_the_sample_stream_maps() -> None:
    mapping = load("sample-json")
    with SAMPLE_STREAM.open("rb") as stream:
        kinds = {
            type(taken(mapping, "json-lines", record))
            for record in mapping.formats["json-lines"].records(stream, largest=100_000)
        }
    assert kinds == {Notification}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_mapping_is_named_after_its_file(name: str) -> None:
    assert load(name).name == name


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"template": {"colour": "red"}}, "template: the hub's shape has no colour here"),
        (
            {"template": {"reference": {"from": "Ref", "as": "guess"}}},
            "no way to read called guess",
        ),
        ({"template": {"reference": {"from": "Ref", "need": True}}}, "a rule has no need"),
        ({"template": {"reference": {"from": 3}}}, "write the path of a field"),
        ({"template": {"subject": {"needs": "name"}}}, "`needs` names name"),
        ({"template": {"reference": [{"from": "Ref"}]}}, "no list here"),
        ({"template": {"subject": {"name": [{"each": "Names"}]}}}, "no repeated parts"),
        ({"zone": "Mars/North"}, "IANA time zone"),
        ({"reader": {}}, "reader"),
        ({"reader": {"csv": {"delimiter": ";;"}}}, "delimiter: write one character, such as ;"),
        ({"makes": "rating"}, "makes"),
        (
            {"template": {"subject": {"date_of_birth": {"accuracy_indicator": "exact"}}}},
            r'accuracy_indicator: the hub\'s shape does not take "exact" here; '
            "write three of A, E, U and X",
        ),
        (
            {"template": {"subject": {"address": [{"use": {"text": "flat"}}]}}},
            "'home', 'temporary', 'former', 'school' or 'work'",
        ),
        (
            {"template": {"urgent": {"from": "U", "codes": {"Refused": "no consent"}}}},
            'urgent: codes, Refused: the hub\'s shape does not take "no consent" here; '
            "write true or false",
        ),
        (
            {"template": {"concern": [{"from": "C", "codes": {"NEG": "Neglect"}}]}},
            'concern.0.: codes, NEG: .* "Neglect" here; write small letters, digits and hyphens',
        ),
        (
            {"template": {"concern": {"from": "C", "codes": {"NEG": "neglect"}}}},
            "write a list",
        ),
        (
            {"template": {"subject": {"sex_code": {"from": "S", "codes": {}, "otherwise": "x"}}}},
            "otherwise: .* 'male', 'female', 'indeterminate' or 'unknown'",
        ),
        (
            {"template": {"subject": {"sex_code": {"from": "S", "default": "boy"}}}},
            "default: .* 'male', 'female'",
        ),
        (
            {"template": {"observed_at": {"from": "S", "as": "moment", "format": "dd/mm/yy"}}},
            "format: dd/mm/yy says no part of a date; write %d/%m/%y",
        ),
        (
            {
                "template": {
                    "observed_at": {"from": "S", "as": "moment", "format": "D.M.YYYY HH:mm"}
                }
            },
            "write %d.%m.%Y %H:%M",
        ),
        (
            {"template": {"observed_at": {"from": "S", "as": "moment", "format": "%d/%Q"}}},
            "format: %d/%Q cannot be read",
        ),
        (
            {"template": {"narrative": {"from": "S", "format": "%d/%m/%Y"}}},
            "format is for dates: write as = .date.",
        ),
        (
            {"template": {"subject": {"address": [{"postcode": {"from": "P", "as": "date"}}]}}},
            'postcode: the hub\'s shape does not take as = "date" here; write one of text, digits',
        ),
        (
            {"template": {"observed_at": {"from": "S", "as": "date"}}},
            "write one of text, moment",
        ),
        ({"template": {"subject": {"name": {"use": "usual"}}}}, "has a list here"),
    ],
)
def test_a_wrong_mapping_is_refused_with_what_to_write_instead(
    change: dict[str, object], says: str
) -> None:
    good = {
        "name": "x",
        "about": "x",
        "makes": "notification",
        "reader": {"csv": {}},
        "template": {},
    }
    compiled(good)
    with pytest.raises(MappingFault, match=says):
        compiled(good | change)


def test_an_unknown_mapping_is_answered_with_those_that_ship() -> None:
    with pytest.raises(MappingFault, match="merlin-xml"):
        load("nonesuch")


def test_a_mappings_file_that_is_not_there_is_named_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match=f"^there is no file {tmp_path}/harbor.toml$"):
        load(str(tmp_path / "harbor.toml"))
