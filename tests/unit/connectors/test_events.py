"""What a sender sends becomes facts, in the hub's own shape or in its agency's."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.events.envelope import parse, reread
from connectors.events.facts import Door
from connectors.formats.media import BATCH, STRUCTURED
from connectors.port import Routes
from schemas.base import Fact
from schemas.case import OpenCaseReceived
from schemas.decisions import (
    DeliveryReceived,
    RatingDecided,
    ReleaseDecided,
)
from schemas.notification import NotificationReceived
from schemas.refusals import Refusal
from tests.support.events import DATA, RATING, Desk, Make, binary


@pytest.fixture
def send(hub: Routes, now: dt.datetime) -> Desk:
    return Desk(hub, now)


def test_a_structured_event_in_the_hubs_own_shape_becomes_its_fact(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    (arrival,) = send("health", STRUCTURED, event(own_notification))
    assert (arrival.agency, arrival.event_id, arrival.reference) == ("health", "e1", "HV-7")
    assert isinstance(arrival.body, NotificationReceived)
    assert arrival.body.content_digest == arrival.body.notification.content_digest()
    assert (arrival.body.agency, arrival.body.area) == ("health", "e08000032")


@pytest.mark.parametrize("event_type", DATA)
def test_every_type_that_people_answer_with_becomes_its_fact(
    send: Desk, event: Make, event_type: str
) -> None:
    data, fact = DATA[event_type]
    (arrival,) = send("csc", STRUCTURED, event(data, type=event_type, dataschema="urn:mash-hub:x"))
    assert type(arrival.body) is fact


@pytest.mark.parametrize("blank", ["   ", "\u200b", "\u00a0\t", "\u2800", "\ufe0f"])
@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("rating", {}, "rationale"),
        ("outcome", {}, "rationale"),
        ("outcome", {}, "may_be_told"),
        ("outcome", {}, "without_product"),
        ("request", {}, "rationale"),
        ("request", {"action": "ask", "agency": "gp", "request_id": None}, "question"),
        ("link", {}, "rationale"),
        ("persons", {}, "rationale"),
        ("split", {}, "rationale"),
        ("split", {}, "decided_by"),
    ],
)
def test_a_blank_in_a_decision_is_as_good_as_nothing(
    send: Desk, event: Make, *, kind: str, changes: dict[str, object], field: str, blank: str
) -> None:
    event_type = f"mash.{kind}-decision.v1"
    data = DATA[event_type][0] | changes
    refused = [
        send.refusal("csc", STRUCTURED, event(data | {field: no_word}, type=event_type))
        for no_word in (blank, "")
    ]
    assert {(one.reason, one.field) for one in refused} == {("missing.field", f"data.{field}")}


@pytest.mark.parametrize("field", ["rationale", "legal_basis"])
def test_nobody_is_asked_all_the_same_for_no_reason(send: Desk, event: Make, field: str) -> None:
    overrule = {"reason": "consent_refused", "rationale": "At risk.", "legal_basis": "s. 47"}
    data = RATING | {"overrules": [overrule | {field: "\u200b "}]}
    refused = send.refusal("csc", STRUCTURED, event(data, type="mash.rating-decision.v1"))
    assert (refused.reason, refused.field) == ("missing.field", f"data.overrules[0].{field}")


@pytest.mark.parametrize("due_at", ["9999-12-31T23:59:59Z", "2060-01-01T00:00:00Z"])
def test_no_clock_is_made_to_walk_through_centuries(send: Desk, event: Make, due_at: str) -> None:
    event_type = "mash.request-decision.v1"
    data = DATA[event_type][0] | {"action": "change", "due_at": due_at}
    refused = send.refusal("csc", STRUCTURED, event(data, type=event_type))
    assert (refused.reason, refused.field) == ("invalid.value", "data.due_at")


def test_the_agency_comes_from_the_credential_whatever_the_event_says(
    send: Desk, event: Make
) -> None:
    data, _ = DATA["mash.release-decision.v1"]
    (arrival,) = send(
        "school",
        STRUCTURED,
        event(data, type="mash.release-decision.v1", source="urn:police", agency="police"),
    )
    assert isinstance(arrival.body, ReleaseDecided)
    assert arrival.body.agency == "school"


def test_a_structured_event_may_hold_the_agencys_own_json(
    send: Desk, event: Make, sample_record: dict[str, object]
) -> None:
    (arrival,) = send("school", STRUCTURED, event(sample_record))
    assert isinstance(arrival.body, NotificationReceived)
    assert arrival.reference == "SCH24-01062"


def test_an_agency_with_json_of_its_own_names_the_hubs_schema_to_send_the_hubs_shape(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    (arrival,) = send(
        "school",
        STRUCTURED,
        event(own_notification, dataschema="urn:mash-hub:mash.notification.v1"),
    )
    assert arrival.reference == "HV-7"


def test_binary_mode_carries_xml_and_numbers_the_records_of_one_message(
    send: Desk, samples: Path
) -> None:
    one = send("police", "application/xml", (samples / "merlin-1.xml").read_bytes(), binary())
    two = send(
        "police",
        "text/xml; charset=utf-8",
        (samples / "merlin-3.xml").read_bytes(),
        binary(id="e2"),
    )
    assert [(a.event_id, a.reference) for a in one + two] == [
        ("e1", "26PAC014433"),
        ("e2#1", "26PAC014610/1"),
        ("e2#2", "26PAC014610/2"),
    ]


def test_xml_may_stand_as_text_or_base64_in_a_structured_event(
    send: Desk, event: Make, samples: Path
) -> None:
    xml = (samples / "merlin-1.xml").read_bytes()
    text = event(xml.decode(), datacontenttype="application/xml")
    packed = {name: value for name, value in text.items() if name != "data"} | {
        "data_base64": base64.b64encode(xml).decode()
    }
    for body in (text, packed):
        (arrival,) = send("police", STRUCTURED, body)
        assert arrival.reference == "26PAC014433"


def test_binary_mode_carries_csv_of_open_cases(send: Desk, samples: Path) -> None:
    arrivals = send(
        "csc",
        "text/csv",
        (samples / "open-cases.csv").read_bytes(),
        binary(type="mash.open-case.v1"),
    )
    assert [type(arrival.body) for arrival in arrivals] == [OpenCaseReceived, OpenCaseReceived]


def test_binary_mode_carries_the_hubs_own_shapes(send: Desk) -> None:
    (arrival,) = send("csc", "application/json", RATING, binary(type="mash.rating-decision.v1"))
    assert isinstance(arrival.body, RatingDecided)


BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><MerlinFeed>&b;</MerlinFeed>'


@pytest.mark.parametrize(
    ("body", "reason", "field"),
    [
        (BOMB, "unreadable.xml-entities", None),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><MerlinFeed/>', "unreadable.xml-entities", None),
        (b"<MerlinFeed><PreAssess", "unreadable.xml", None),
        (b"<MerlinFeed>\x00</MerlinFeed>", "unreadable.xml", None),
        (b"<MerlinFeed>&nbsp;</MerlinFeed>", "unreadable.xml", None),
        (b"<MerlinFeed>caf\xe9</MerlinFeed>", "unreadable.encoding", None),
        (b"<a>" * 50 + b"</a>" * 50, "unreadable.too-deep", None),
        (b"<MerlinFeed/>", "missing.field", "PreAssessmentChecklist"),
        (b"", "unreadable.empty", None),
    ],
)
def test_bad_xml_is_refused_by_what_is_wrong_with_it(
    send: Desk, body: bytes, reason: str, field: str | None
) -> None:
    refusal = send.refusal("police", "application/xml", body, binary())
    assert (refusal.reason, refusal.field) == (reason, field)


def test_an_agreement_holds_to_the_end_of_its_last_british_day(hub: Routes, event: Make) -> None:
    body = json.dumps(
        event(DATA["mash.delivery-receipt.v1"][0], type="mash.delivery-receipt.v1")
    ).encode()
    last = dt.datetime(2025, 12, 31, 23, 59, tzinfo=dt.UTC)
    for moment, kind in ((last, DeliveryReceived), (last + dt.timedelta(minutes=1), Refusal)):
        door = Door(hub.by_code["gp"], "http", moment)
        (arrival,) = parse(door, body, content_type=STRUCTURED)
        assert type(arrival.body) is kind


def test_what_is_kept_of_any_message_reads_the_same_again(
    send: Desk,
    hub: Routes,
    now: dt.datetime,
    event: Make,
    samples: Path,
    sample_record: dict[str, object],
) -> None:
    csv = (samples / "case-system.csv").read_bytes().replace(b"05/11/2014", b"5 November")
    sent = [
        ("police", "application/xml", (samples / "merlin-3.xml").read_bytes(), binary()),
        (
            "csc",
            "application/json",
            json.dumps(RATING).encode(),
            binary(type="mash.rating-decision.v1"),
        ),
        ("yos", "text/csv", csv, binary(id="e9")),
        (
            "school",
            BATCH,
            json.dumps(
                [event(sample_record), event(sample_record | {"sex": "x"}, id="e2")]
            ).encode(),
            {},
        ),
    ]
    for agency, content_type, body, headers in sent:
        for arrival in send(agency, content_type, body, headers):
            (again,) = reread(
                Door(hub.by_code[agency], "http", now),
                arrival.original,
                content_type=arrival.content_type,
                event_id=arrival.event_id,
            )
            assert again.event_id == arrival.event_id
            if isinstance(arrival.body, NotificationReceived):
                assert isinstance(again.body, NotificationReceived)
                assert again.body.content_digest == arrival.body.content_digest
                assert again.reference == arrival.reference
            elif isinstance(arrival.body, Fact):
                assert again.body == arrival.body
            else:
                assert isinstance(again.body, Refusal)
                assert again.body.reason == arrival.body.reason
