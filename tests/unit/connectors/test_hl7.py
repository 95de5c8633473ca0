"""HL7 v2 messages: what a path names, what escapes mean, what is kept, and what is refused."""

import datetime as dt
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events.envelope import parse, reread
from connectors.events.facts import NOTIFICATION, Door
from connectors.formats.hl7_paths import getter, path_of
from connectors.formats.mapping import AgencyMapping, compiled, load
from connectors.formats.media import kind_of_file, media_type
from connectors.formats.readers import records
from connectors.formats.records import Reading, Record, Tally
from connectors.formats.targets import MappingFault
from connectors.not_taken import NotTaken
from connectors.port import routes
from schemas.notification import Instead, Notification
from schemas.refusals import Refusal
from schemas.settings import HubSettings

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
MSH = r"MSH|^~\&|EPR|NORTHWICK|MASH|HUB|20260312101500||ORU^R01|C-1|P|2.4"
IDRIS = "PID|1||9991754377^^^NHS^NH||BELL^IDRIS||20180304|M"
AMELIA = "PID|2||||BELL^AMELIA||201911|F"
ASKED = "OBR|1||SG-1|SG|||202603120930"
ACCOUNT = "OBX|1|FT|SG-NARR||Came without a coat.||||||F"


def text(*segments: str, end: str = "\r") -> bytes:
    return end.join((MSH, *segments)).encode()


def read(body: bytes) -> list[Record]:
    return list(records("hl7", io.BytesIO(body), reading=Reading()))


def found(path: str, *segments: str) -> object:
    (record,) = read(text(*segments))
    return getter(path)(record.content)


def made(
    body: bytes, mapping: AgencyMapping | None = None, tally: Tally | None = None
) -> list[Notification]:
    form = (mapping or load("health-hl7")).formats["hl7"]
    stream = io.BytesIO(body)
    return [
        one
        for record in form.records(stream, largest=100_000, tally=tally)
        for one in form.make(record, now=NOW, tally=tally)
        if isinstance(one, Notification)
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("PID-8", "M"),
        ("PID-5.1", ["BELL&van", "B"]),
        ("PID-5.1.1", ["BELL", "B"]),
        ("PID-5.2.1", ["IDRIS", "ID"]),  # not divided: it is its own first part
        ("PID-5", ["BELL&van^IDRIS", "B^ID"]),
        ("PID-5.2", ["IDRIS", "ID"]),
        ("PID-3[5='NH'].1", "9991754377"),
        ("PID-3[4.1='NORTHWICK'].1", "H00482"),
        ("PID-3[4='elsewhere'].1", None),
        ("OBX[3.1='SG']-5", "An account."),
        ("OBX-5", ["37.2", "An account."]),
        ("NK1-2.1", None),
        ("PID-99", None),
        ("PID-5.9", None),
        ("PID-0", None),
        ("PID-9", None),  # "" means that it is to be deleted
        ("MSH-10", "C-1"),
        ("MSH-1", "|"),
    ],
)
def test_a_path_names_what_hl7_names_so(path: str, value: object) -> None:
    patient = 'PID|1||H00482^^^NORTHWICK&x^PI~9991754377^^^NHS^NH||BELL&van^IDRIS~B^ID|||M|""'
    assert found(path, patient, "OBX|1|NM|T||37.2", "OBX|2|TX|SG^x||An account.") == value


@pytest.mark.parametrize("path", ["", "PID", "5.1", "2", "PID-3[5='NH'].1", "OBX[3.1='SG']-5.1"])
def test_a_path_is_read(path: str) -> None:
    assert (path_of(path) is not None) == bool(path)


@pytest.mark.parametrize(
    "path", ["PID/5/1", "PID-", "pid-5", "PID-5.", "PID-5-1", "PIDS-5", "each"]
)
def test_what_is_no_path_is_its_authors_fault(path: str) -> None:
    table = {
        "name": "x",
        "about": "x",
        "makes": "notification",
        "reader": {"hl7": {}},
        "template": {"reference": {"from": path}},
    }
    with pytest.raises(MappingFault, match=r"write PID-5\.1"):
        compiled(table)


@pytest.mark.parametrize(
    ("reader", "each", "says"),
    [({"encoding": "windows-1252"}, "PID", "MSH-18"), ({}, "PID-5", "each child's begin")],
)
def test_a_mapping_says_of_hl7_only_what_it_can(
    reader: dict[str, str], each: str, says: str
) -> None:
    table = {"name": "x", "about": "x", "makes": "notification", "template": {}}
    with pytest.raises(MappingFault, match=says):
        compiled({**table, "reader": {"hl7": reader}, "each": {"hl7": each}})


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"salt \T\ pepper", "salt & pepper"),
        (r"a\F\b\S\c\R\d\E\e\P\f", r"a|b^c~d\e#f"),
        (r"one\.br\two\.sp2\three", "one\ntwo\n\nthree"),
        (r"\H\loud\N\ and\.sk3\quiet\.in+4\.", "loud and   quiet."),
        (r"caf\XC3A9\ ", "café"),
        (r"\X4G\ \XFF\ \Z12\ \C2842\ ", r"\X4G\ \XFF\ \Z12\ \C2842\ ".strip()),
        (r"C:\Users\Idris\.br\x", "C:\\Users\\Idris\nx"),
        ("50% off & ^ more", "50% off & ^ more"),
    ],
)
def test_escapes_are_decoded_and_what_is_none_stays_as_it_came(written: str, meant: str) -> None:
    assert found("OBX-5", f"OBX|1|TX|SG||{written}") == meant


def test_a_mark_that_was_escaped_divides_nothing() -> None:
    assert found("PID-5.1", r"PID|1||||BE\S\LL^IDRIS") == "BE^LL"
    assert found("PID-5.2", r"PID|1||||BE\S\LL^IDRIS") == "IDRIS"


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r"])
def test_segments_end_as_their_sender_ends_lines(end: str) -> None:
    (record,) = read(text(IDRIS, ACCOUNT, end=end))
    assert getter("OBX-5")(record.content) == "Came without a coat."


def test_a_line_break_within_a_text_swallows_nothing() -> None:
    said = found("OBX-5", "OBX|1|TX|SG||Line one", "Line two | with a bar", "", "line three")
    assert said == "Line one\nLine two"
    assert found("OBX-6", "OBX|1|TX|SG||Line one", "Line two | with a bar", "") == "with a bar"


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("", "utf-8"),
        ("UNICODE UTF-8", "utf-8"),
        ("ASCII", "utf-8"),
        ("8859/1", "latin-1"),
        ("8859/15", "iso-8859-15"),
        ("8859/2~UNICODE UTF-8", "iso-8859-2"),
        ("SOMETHING", "utf-8"),
    ],
)
def test_the_encoding_is_what_msh_18_says(charset: str, encoding: str) -> None:
    body = f"{MSH}||||||{charset}\rPID|1||||ÉLODIE".encode(encoding)
    (record,) = read(body)
    assert getter("PID-5")(record.content) == "ÉLODIE"
    assert record.original == body


def test_a_sender_may_use_marks_of_its_own() -> None:
    (record,) = read(b"MSH#*!/%#EPR#\rPID#1####BELL*IDRIS/T/ x!B*ID")
    assert getter("PID-5.2")(record.content) == ["IDRIS% x", "ID"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", Refusal("unreadable.empty")),
        (b"\x0b \x1c\r", Refusal("unreadable.empty")),
        (b"hello", Refusal("unreadable.hl7")),
        (b"PID|1||||BELL^IDRIS", Refusal("unreadable.hl7")),
        (b"MSH", Refusal("unreadable.hl7")),
        (b"MSH|", Refusal("unreadable.hl7", "MSH-2")),
        (b"MSH|||||", Refusal("unreadable.hl7", "MSH-2")),
        (b"MSH|^^\\&|", Refusal("unreadable.hl7", "MSH-2")),
        (b"MSH|^~\\&", Refusal("unreadable.hl7", "MSH-2")),
        (b"MSH|^~\\&|A\rPID|1||||B\xc9LL", Refusal("unreadable.encoding", "MSH-18")),
    ],
)
def test_what_is_no_message_is_refused_and_kept(body: bytes, why: Refusal) -> None:
    (record,) = read(body)
    assert record.content == why
    assert record.original == body


def test_a_file_or_batch_has_a_record_for_each_message_and_a_bad_one_stops_none() -> None:
    good = text(IDRIS, ACCOUNT)
    batch = (
        b"FHS|^~\\&|EPR\rBHS|^~\\&|EPR\r"
        + good
        + b"\rMSH|^^|\rPID|1\r"
        + good
        + b"\rBTS|2\rFTS|1\r"
    )
    first, bad, last = read(batch)
    assert (first.where, bad.where, last.where) == ("message 1, ", "message 2, ", "message 3, ")
    assert bad.content == Refusal("unreadable.hl7", "MSH-2")
    assert getter("OBX-5")(last.content) == "Came without a coat."
    assert getter("BTS-1")(last.content) is None


def test_what_stands_before_the_first_message_is_refused_by_itself() -> None:
    stray, message = read(b"PID|1||||BELL^IDRIS\r" + text(IDRIS))
    assert (stray.content, stray.original) == (
        Refusal("unreadable.hl7"),
        b"PID|1||||BELL^IDRIS\r",
    )
    assert getter("PID-5.2")(message.content) == "IDRIS"


@given(st.text(alphabet=st.characters(codec="utf-8")), st.text(alphabet="\\|^~&MSHPID\r\n.br0X\0"))
def test_whatever_comes_is_a_record(anything: str, marks: str) -> None:
    for body in (anything, MSH + "\r" + anything, "MSH" + marks, MSH + "\rPID|" + marks):
        found = read(body.encode())
        assert found
        for record in found:
            getter("PID-3[5='NH'].1")(record.content)


def test_a_safeguarding_message_is_a_notification(samples: Path) -> None:
    tally = Tally()
    (one,) = made((samples / "safeguarding.hl7").read_bytes(), tally=tally)
    child = one.subject
    assert one.set_aside == ()
    assert tally.unread == set()
    assert one.reference == "SG-2026-0117"
    assert one.observed_at == dt.datetime(2026, 3, 12, 9, 30, tzinfo=dt.UTC)
    assert one.concern == ("neglect",)
    assert one.narrative.startswith("Brought in by a neighbour\nThin, unwashed & very quiet")
    assert one.narrative.endswith("\n\nMother could not be reached by telephone.")
    assert [(name.given_name, name.family_name, name.use) for name in child.name] == [
        (("IDRIS", "TOM"), ("BELL",), "usual"),
        (("ID",), ("BELL",), "nickname"),
    ]
    assert [(one.system, one.value) for one in child.identifier] == [
        ("https://fhir.nhs.uk/Id/nhs-number", "9991754377")
    ]
    assert (child.address[0].line1, child.address[0].postcode) == (
        "FLAT 2, 14 ORCHARD WAY",
        "BD53 6QD",
    )
    assert [(one.relationship, one.name.given_name) for one in child.related_person] == [
        ("mother", ("CERYS", "ZOË")),
        ("guardian", ("REN",)),
    ]
    assert [(one.name, one.telephone) for one in child.contact] == [
        (None, ("01632 960411",)),
        ("CERYS ZOË BELL", ("01632 960412",)),
        ("REN ASHDOWN", ()),
    ]


def test_each_patient_of_a_message_is_a_child_with_what_is_said_of_that_one() -> None:
    first, second = made(text(IDRIS, ASKED, ACCOUNT, AMELIA, "NTE|1||Hungry."))
    assert (first.reference, second.reference) == ("SG-1", "SG-1#2")
    assert (first.narrative, second.narrative) == ("Came without a coat.", "Hungry.")
    assert first.subject.name[0].given_name == ("IDRIS",)
    assert second.subject.name[0].given_name == ("AMELIA",)
    born = second.subject.date_of_birth
    assert born is not None
    assert (born.date, born.accuracy_indicator) == (dt.date(2019, 11, 1), "UAA")


def test_a_part_that_cannot_be_used_is_named_as_hl7_names_it() -> None:
    patient = AMELIA.replace("201911", "11/2019").replace("BELL^AMELIA", "BELL^AMELIA^^^^^L~X")
    (one,) = made(text(patient, ASKED, ACCOUNT, "NK1|1|BELL^CERYS", "NK1|2|ASH^REN||||T" * 2))
    told = {(part.field, part.reason, part.value) for part in one.set_aside}
    assert ("PID-7", "invalid.date", "11/2019") in told
    (born,) = [part for part in one.set_aside if part.field == "PID-7"]
    assert born.expected == "20260331 or 202603 or 2026 or 202603310930 or 20260331093000"
    assert born.instead is Instead.LEFT_OUT


def test_of_two_patients_it_is_said_which() -> None:
    wrong = AMELIA.replace("201911", "soon")
    _, second = made(text(IDRIS, ASKED, ACCOUNT, wrong, "NTE|1||Hungry."))
    assert [part.field for part in second.set_aside] == ["PID 2, PID-7"]


def test_one_account_after_several_patients_is_about_each() -> None:
    first, second = made(text(IDRIS, "NK1|1|BELL^CERYS|MTH", AMELIA, ASKED, ACCOUNT))
    assert first.narrative == second.narrative == "Came without a coat."
    assert not first.set_aside
    assert not second.set_aside
    assert [one.relationship for one in first.subject.related_person] == ["mother", "sibling"]
    its_own = "OBX|1|FT|SG-NARR||Hungry.||||||F"
    first, second = made(text(IDRIS, ASKED, its_own, AMELIA, ASKED, ACCOUNT))
    assert (first.narrative, second.narrative) == ("Hungry.", "Came without a coat.")


def test_fields_that_nothing_reads_are_told() -> None:
    tally = Tally()
    (one,) = made(
        text(IDRIS, ASKED, ACCOUNT, "NK1|1|BELL^CERYS|MTH|||||NURSE", "ZSG|1|secret"), tally=tally
    )
    told = {(part.field, part.value) for part in one.set_aside}
    assert told == {("NK1-8", "NURSE"), ("ZSG-1", "1"), ("ZSG-2", "secret")}
    assert tally.unread == {"NK1-8", "ZSG-1", "ZSG-2"}


def test_a_message_without_a_patient_says_so() -> None:
    (one,) = made(text(ASKED, "NTE|1||Hungry."))
    assert "missing.child" in {part.reason for part in one.set_aside}


def test_a_message_of_nothing_but_its_header_is_refused() -> None:
    with pytest.raises(NotTaken):
        made(text())


@pytest.mark.parametrize(
    ("written", "day", "accuracy"),
    [
        ("20180304", dt.date(2018, 3, 4), "AAA"),
        ("201811", dt.date(2018, 11, 1), "UAA"),
        ("2018", dt.date(2018, 1, 1), "UUA"),
        ("201803040915", dt.date(2018, 3, 4), "AAA"),
        ("20180304091500", dt.date(2018, 3, 4), "AAA"),
    ],
)
def test_a_birthday_is_read_as_far_as_it_is_given(
    written: str, day: dt.date, accuracy: str
) -> None:
    (one,) = made(text(AMELIA.replace("201911", written), ASKED, ACCOUNT))
    born = one.subject.date_of_birth
    assert born is not None
    assert (born.date, born.accuracy_indicator) == (day, accuracy)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("202603120930", "2026-03-12T09:30:00+00:00"),
        ("20260312093015", "2026-03-12T09:30:15+00:00"),
        ("202603120930+0100", "2026-03-12T08:30:00+00:00"),
        ("20260312093015.250+0000", "2026-03-12T09:30:15.250000+00:00"),
        ("20260312", "2026-03-12T00:00:00+00:00"),
    ],
)
def test_a_time_is_read_with_all_its_digits(written: str, moment: str) -> None:
    (one,) = made(text(IDRIS, ASKED.replace("202603120930", written), ACCOUNT))
    assert one.observed_at == dt.datetime.fromisoformat(moment)
    assert not one.set_aside


def test_files_and_bodies_of_hl7_are_known() -> None:
    assert kind_of_file("message 1.HL7") == "hl7"
    assert media_type("application/hl7-v2").kind == "hl7"
    assert media_type("x-application/hl7-v2+er7; charset=utf-8").kind == "hl7"


def test_what_says_nothing_without_another_part_is_told_within_repeated_segments_too() -> None:
    table = {
        "name": "x",
        "about": "x",
        "makes": "notification",
        "ignore": ["MSH", "PID-1", "PID-3", "PID-7", "PID-8", "NK1-1"],
        "reader": {"hl7": {}},
        "template": {
            "reference": {"from": "MSH-10"},
            "narrative": {"from": "PID-5"},
            "subject": {
                "name": [{"family_name": {"from": "PID-5.1", "as": "words"}}],
                "contact": [
                    {
                        "each": "NK1",
                        "needs": "email",
                        "name": {"from": "2"},
                        "email": {"from": "5", "as": "list"},
                    }
                ],
            },
        },
    }
    (one,) = made(text(IDRIS, "NK1|1|ASH^REN|||ren@example.org", "NK1|2|BELL"), compiled(table))
    told = [(part.field, part.value) for part in one.set_aside if part.field.startswith("NK1")]
    assert told == [("NK1[2]-2", "BELL")]


def test_a_message_of_nothing_but_separators_is_refused_before_it_is_split() -> None:
    (record,) = read(text("PID|" + "a&|" * 30_000))
    assert record.content == Refusal("unreadable.too-large")


def test_an_event_may_hold_a_message(now: dt.datetime, samples: Path) -> None:
    agreed = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    health = {
        "name": "Health",
        "signpost_contact": "01632 960001",
        "agreement": agreed,
        "mapping": "health-hl7",
    }
    made = {"area": "e08000032", "lead_agency": "health", "agencies": {"health": health}}
    route = routes(HubSettings.model_validate(made), {}).by_code["health"]
    attributes = {"specversion": "1.0", "id": "e", "source": "urn:a", "type": NOTIFICATION}
    (arrival,) = parse(
        Door(route, "http", now),
        (samples / "safeguarding.hl7").read_bytes(),
        content_type="x-application/hl7-v2+er7",
        attributes=attributes,
    )
    assert (arrival.event_id, arrival.reference) == ("e", "SG-2026-0117")
    kept, type_ = arrival.original, arrival.content_type
    (again,) = reread(Door(route, "http", now), kept, content_type=type_, event_id="e")
    assert again.body == arrival.body
