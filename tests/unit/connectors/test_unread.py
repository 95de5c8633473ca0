"""A name is known where the mapping reads it, and nowhere else: what stands at any other place is
told to the sender and kept.
"""

import io
import json
from typing import Any

import pytest

from connectors.formats.mapping import load
from connectors.formats.records import Record, Tally
from schemas.notification import Notification
from schemas.refusals import Refusal
from tests.unit.connectors.conftest import NOW

NHS = "https://fhir.nhs.uk/Id/nhs-number"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": NHS, "value": "9991754377"}],
    "name": [{"given": ["Amy"], "family": "Sample"}],
}
FLAG: dict[str, Any] = {
    "resourceType": "Flag",
    "identifier": [{"value": "FL-77"}],
    "period": {"start": "2026-03-12T10:00:00Z"},
    "code": {"text": "Bruise seen."},
}
SUBJECT = "<Subject><Surname>SAMPLE</Surname><Forename1>Ann</Forename1>{}</Subject>"
PAC = (
    '<MerlinFeed><PreAssessmentChecklist URN="1"><Incident><DateTime>14/03/2026 02:15</DateTime>'
    "<Circumstances>Seen alone.</Circumstances>{incident}</Incident>{more}"
    "</PreAssessmentChecklist></MerlinFeed>"
)
MESSAGE = (
    "MSH|^~\\&|EPR|N|MASH|HUB|20260312101500||ORU^R01|E1|P|2.4\r{pid}\r"
    "OBR|1||SG-1|SAFE|||202603120930\rOBX|1|FT|SG-NARR||Seen alone.||||||F\r{more}"
)


def made(mapping: str, kind: Any, text: str) -> tuple[list[Notification], set[str]]:
    form, tally = load(mapping).formats[kind], Tally()
    found = [
        one
        for record in form.records(io.BytesIO(text.encode()), largest=100_000, tally=tally)
        for one in form.make(record, now=NOW, tally=tally)
        if isinstance(one, Notification)
    ]
    return found, tally.unread


def bundle(*resources: dict[str, Any]) -> str:
    entry = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "message", "entry": entry})


def pac(*, subject: str = "", incident: str = "", more: str = "") -> str:
    return PAC.format(incident=incident, more=SUBJECT.format(subject) + more)


def person(inside: str) -> str:
    named = f'<Person relationship="MOT"><Surname>SAMPLE</Surname>{inside}</Person>'
    return pac(more=f"<AssociatedPersons>{named}</AssociatedPersons>")


OTHER = "<Subject><Surname>HIDDEN</Surname><Forename1>Zed</Forename1></Subject>"
IDRIS = "PID|1||9991754377^^^NHS^NH||BELL^IDRIS"


@pytest.mark.parametrize(
    ("mapping", "kind", "text", "place", "value"),
    [
        ("fhir", "json", bundle(PATIENT, FLAG | {"extra": {"text": "T"}}), "extra", '"T"'),
        (
            "fhir",
            "json",
            bundle(PATIENT, {"resourceType": "Basic", "a": {"b": "D"}}, FLAG),
            "entry[1].resource.a",
            "D",
        ),
        (
            "fhir",
            "json",
            bundle(PATIENT | {"identifier": [{"system": "urn:x", "value": "X1"}]}, FLAG),
            "entry[0].resource.identifier[0]",
            "X1",
        ),
        (
            "fhir",
            "json",
            bundle(PATIENT | {"telecom": [{"value": "01632 960200"}]}, FLAG),
            "entry[0].resource.telecom[0]",
            "01632 960200",
        ),
        (
            "fhir",
            "json",
            bundle(PATIENT, FLAG | {"identifier": [{"value": "FL-77", "note": "N"}]}),
            "entry[1].resource.identifier[0].note",
            "N",
        ),
        ("merlin", "xml", person("<Alias>B, C</Alias>"), "AssociatedPersons/Person/Alias", "B, C"),
        ("merlin", "xml", person("<Sex>F</Sex>"), "AssociatedPersons/Person/Sex", "F"),
        ("merlin", "xml", pac(more="<Address><Town>T</Town></Address>"), "Address", "T"),
        ("merlin", "xml", pac(more="Words between."), "PreAssessmentChecklist", "Words between."),
        ("merlin", "xml", pac(incident="<Telephone>9</Telephone>"), "Incident/Telephone", "9"),
        ("merlin", "xml", pac(subject=OTHER), "Subject/Subject", "HIDDEN"),
        ("merlin", "xml", pac(subject="<Sex by='PC 1'>F</Sex>"), "Subject/Sex/@by", "PC 1"),
        (
            "merlin",
            "xml",
            pac(more=f"<AssociatedPersons>{OTHER}</AssociatedPersons>"),
            "AssociatedPersons/Subject",
            "HIDDEN",
        ),
        ("hl7", "hl7", MESSAGE.format(pid=IDRIS, more="OBX|2|FT|CC^A||Told."), "OBX[2]-5", "Told."),
        ("hl7", "hl7", MESSAGE.format(pid=IDRIS, more="OBX|2|FT|CC^A||x"), "OBX[2]-3.1", "CC"),
        (
            "hl7",
            "hl7",
            MESSAGE.format(pid=IDRIS.replace("||B", "~H1^^^N^XX||B"), more=""),
            "PID-3[2]",
            "H1^^^N^XX",
        ),
        (
            "hl7",
            "hl7",
            MESSAGE.format(pid=IDRIS + "&van", more="").replace("BELL^IDRIS&van", "BELL&van^IDRIS"),
            "PID-5.1.2",
            "van",
        ),
        (
            "sample",
            "json",
            json.dumps({"guardians": [{"name": "D H", "relation": "mother", "narrative": "N"}]}),
            "guardians[0].narrative",
            "N",
        ),
    ],
)
def test_what_no_path_leads_to_is_told(
    mapping: str, kind: str, text: str, place: str, value: str
) -> None:
    names = {"fhir": "fhir-bundle-json", "merlin": "merlin-xml", "hl7": "health-hl7"}
    (one,), unread = made(names.get(mapping, "sample-json"), kind, text)
    told = [part for part in one.set_aside if part.reason == "invalid.unknown-field"]
    assert [part.field for part in told if value in part.value and place in part.field], told
    assert place in " ".join(unread) or "[" in place
    assert len(told) == len(unread)


def test_what_is_said_of_relations_and_in_messages_is_read() -> None:
    telecom = [{"system": "phone", "value": "01632 960201"}, {"system": "sms", "value": "07700 9"}]
    home = [{"line": ["2 Example St"], "city": "Testford", "postalCode": "TS1 2BB"}]
    name = [{"given": ["Dawn"], "family": "Sample"}]
    mother = {"resourceType": "RelatedPerson", "name": name, "telecom": telecom, "address": home}
    told = {"resourceType": "Communication", "payload": [{"contentString": "She will harm him."}]}
    seen = {"resourceType": "Observation", "code": {"text": "Bruise"}, "note": [{"text": "Left."}]}
    (one,), _ = made("fhir-bundle-json", "json", bundle(PATIENT, FLAG, mother, told, seen))
    (related,) = one.subject.related_person
    assert related.contact[0].telephone == ("01632 960201", "07700 9")
    assert (related.address[0].line1, related.address[0].postcode) == ("2 Example St", "TS1 2BB")
    assert one.narrative == "Bruise seen.\n\nShe will harm him.\n\nBruise\n\nLeft."
    assert not one.set_aside


def test_of_two_references_the_first_is_taken_and_the_other_told() -> None:
    second = FLAG | {"identifier": [{"value": "FL-78"}]}
    (one,), _ = made("fhir-bundle-json", "json", bundle(PATIENT, FLAG, second))
    assert one.reference == "FL-77"
    assert [(part.reason, part.value) for part in one.set_aside] == [("invalid.several", "FL-78")]


def test_the_home_and_number_of_a_person_beside_the_child_are_read() -> None:
    inside = "<Telephone>01632 960201</Telephone><Address><Town>Testford</Town></Address>"
    (one,), _ = made("merlin-xml", "xml", person(inside))
    (related,) = one.subject.related_person
    assert related.contact[0].telephone == ("01632 960201",)
    assert related.address[0].city == "Testford"
    assert not one.set_aside


def test_what_stands_beside_records_under_another_name_is_refused_and_kept() -> None:
    feed = pac().replace("</MerlinFeed>", f'<PAC URN="2">{OTHER}</PAC><Empty/></MerlinFeed>')
    first, second = records_of(feed)
    assert not isinstance(first.content, Refusal)
    expected = "PreAssessmentChecklist"
    assert second.content == Refusal("invalid.unknown-field", "PAC", expected=expected)
    assert b"HIDDEN" in second.original
    (again,) = records_of(first.original.decode())
    assert not isinstance(again.content, Refusal)


def records_of(feed: str) -> list[Record]:
    form = load("merlin-xml").formats["xml"]
    return list(form.records(io.BytesIO(feed.encode()), largest=100_000))


HOUSING = "Ref;Logged;Child1 Name;Child1 DOB;Child1 Gender;Tenant;Address;Postcode;Notes"


def test_a_column_that_nothing_reads_is_told_where_it_has_a_value() -> None:
    row = (
        "{};03/02/2026 14:05;Ann Two;14/02/2019;F;Mrs A Two;12 Rhyd Lane, Testford;TS1 1AA;x;{};{};"
    )
    rows = (row.format("H1", "seen", ""), row.format("H2", "", ""), row.format("H3", "", "more"))
    made_of, unread = made("housing-csv", "csv", "\n".join((HOUSING + ";Colour;;Colour", *rows)))
    told = [[(part.field, part.value) for part in one.set_aside] for one in made_of]
    assert told == [[("row 2, Colour", "seen")], [], [("row 4", "more")]]
    assert unread == {"Colour"}


def test_a_row_has_any_number_of_children() -> None:
    header = HOUSING.replace(";Tenant", ";child12  name;Child5 Name;Child5 DOB;Tenant")
    row = "H1;03/02/2026 14:05;;;;Cy Two;Bo Two;14/02/2019;Mrs A Two;12 Rhyd Lane;TS1 1AA;x"
    children, _ = made("housing-csv", "csv", f"{header}\n{row}")
    assert [one.subject.name[0].given_name for one in children] == [("Bo",), ("Cy",)]
    assert not any(one.set_aside for one in children)


def sample_of(**fields: object) -> Notification:
    given = {"source_reference": "J1", "given_name": "Ann", "family_name": "Hale"}
    seen = {"observed_at": "2026-03-12T10:00:00Z", "narrative": "Seen alone."}
    (one,), _ = made("sample-json", "json", json.dumps(given | seen | fields))
    return one


def test_a_number_is_read_as_its_digits() -> None:
    one = sample_of(source_reference=123, nhs_number=9991754377, date_of_birth=20190203)
    assert one.reference == "123"
    assert [number.value for number in one.subject.identifier] == ["9991754377"]
    assert one.subject.date_of_birth is not None
    assert one.subject.date_of_birth.date.isoformat() == "2019-02-03"
    assert not one.set_aside


def test_one_bad_entry_of_a_list_costs_no_other() -> None:
    one = sample_of(phone=["01632 960201", None, {"mobile": "07700 900001"}, "01632 960202"])
    assert one.subject.contact[0].telephone == ("01632 960201", "01632 960202")
    (told,) = one.set_aside
    assert (told.field, told.reason) == ("phone", "invalid.value")
    assert "07700 900001" in told.value


@pytest.mark.parametrize(
    "numbers",
    ["<NHSNumber>not known</NHSNumber>{}", "<NHSNumber>0000000000</NHSNumber>{}"],
)
def test_a_placeholder_hides_no_number_beside_it(numbers: str) -> None:
    subject = numbers.format("<NHSNumber>9991754377</NHSNumber>")
    (one,), _ = made("merlin-xml", "xml", pac(subject=subject))
    assert [number.value for number in one.subject.identifier] == ["9991754377"]
    assert [part.field for part in one.set_aside] == ["Subject/NHSNumber[1]"]


def test_two_homes_of_a_child_are_two() -> None:
    home = "<Address><HouseAndStreet>{0} Example St</HouseAndStreet><Town>T{0}</Town></Address>"
    (one,), _ = made("merlin-xml", "xml", pac(subject=home.format(1) + home.format(2)))
    assert [(at.line1, at.city) for at in one.subject.address] == [
        ("1 Example St", "T1"),
        ("2 Example St", "T2"),
    ]


def test_an_empty_child_beside_others_is_skipped_and_told() -> None:
    (one,), _ = made("merlin-xml", "xml", pac(more="<Subject/>"))
    assert one.subject.name[0].given_name == ("Ann",)
    assert not one.subject.related_person
    assert [(part.field, part.reason) for part in one.set_aside] == [
        ("Subject[2]", "missing.child")
    ]


def test_a_word_after_a_title_is_a_family_name() -> None:
    row = "H1;03/02/2026 14:05;Ann Two;;;Mrs. Two;12 Rhyd Lane;TS1 1AA;x"
    (one,), _ = made("housing-csv", "csv", f"{HOUSING}\n{row}")
    (tenant,) = one.subject.related_person
    assert (tenant.name.given_name, tenant.name.family_name) == ((), ("Two",))


ANN = "{};03/02/2026 14:05;Ann Two;14/02/2019;F;Mrs A Two;12 Rhyd Lane;TS1 1AA;x"


@pytest.mark.parametrize(
    ("lines", "skipped"),
    [
        (['"Ref" ;' + HOUSING[4:], ANN.format("H1"), ANN.format("H2")], 0),
        (["sep=;", HOUSING, ANN.format("H1"), ANN.format("H2")], 1),
        ([HOUSING, ANN.format("H1"), HOUSING, ANN.format("H2")], 1),
    ],
)
def test_what_programs_put_around_a_header_costs_no_row(lines: list[str], skipped: int) -> None:
    form, tally = load("housing-csv").formats["csv"], Tally()
    text = io.BytesIO("\r\n".join(lines).encode())
    found = list(form.records(text, largest=100_000, tally=tally))
    made_of = [one for record in found for one in form.make(record, now=NOW)]
    assert [one.reference for one in made_of if isinstance(one, Notification)] == ["H1", "H2"]
    assert not any(one.set_aside for one in made_of)
    assert tally.skipped == skipped


def test_a_line_break_in_one_cell_and_a_stray_delimiter_in_the_last_are_one_row() -> None:
    row = ANN.format("H1").replace("14/02/2019", '"14/02/2019\n"').replace(";x", ';said; "stop"')
    first, second = made("housing-csv", "csv", "\n".join((HOUSING, row, ANN.format("H2"))))[0]
    assert (first.reference, first.narrative) == ("H1", 'said; "stop"')
    assert [part.reason for part in first.set_aside] == ["invalid.columns"]
    assert (second.reference, second.set_aside) == ("H2", ())


def test_what_is_said_of_a_part_within_a_text_that_is_read_is_told() -> None:
    feed = pac().replace("Seen alone.", "Seen <b by='PC 1'>alone</b>.")
    (one,), _ = made("merlin-xml", "xml", feed)
    assert one.narrative == "Seen alone."
    told = [(part.field, part.value) for part in one.set_aside]
    assert told == [("Incident/Circumstances/b/@by", "PC 1")]


def test_a_text_among_objects_costs_none_of_them() -> None:
    (one,), _ = made(
        "fhir-bundle-json", "json", bundle(PATIENT, FLAG | {"code": [{"text": "Bruise."}, "Seen."]})
    )
    assert one.narrative == "Bruise."
    told = [(part.field, part.value) for part in one.set_aside]
    assert told == [("entry[1].resource.code[1]", "Seen.")]
