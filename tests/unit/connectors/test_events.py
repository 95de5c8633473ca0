"""What a sender sends becomes facts, or says by reason and place why not, and never stops what came
with it.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from connectors.events.attributes import of_http
from connectors.events.envelope import parse, reread
from connectors.events.facts import Door
from connectors.formats.media import BATCH, STRUCTURED
from connectors.port import Routes
from schemas.base import Fact
from schemas.case import OpenCaseReceived
from schemas.decisions import (
    AdultsDecided,
    DeliveryReceived,
    ItemRuled,
    LinkDecided,
    OutcomeDecided,
    PersonsDecided,
    RatingDecided,
    RecallReceived,
    ReleaseDecided,
    RequestDecided,
    SplitDecided,
    StandingReleased,
    StandingWithdrawn,
    UndoDecided,
)
from schemas.handover import HandoverDecided, HandoverReceived
from schemas.information import InformationOffered, InformationReceived
from schemas.keys import KeyDecided
from schemas.manifests import ManifestReceived
from schemas.notification import Instead, NotificationReceived
from schemas.refusals import REASONS, Refusal
from stores.ports import Arrival

Make = Callable[..., dict[str, object]]
CANARY = "Quillon-Featherstonehaugh"
NAMED = {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]}
RATING: dict[str, object] = {
    "referral_id": "r1",
    "case_id": "c1",
    "colour": "amber",
    "decided_by": "S. Worker",
    "rationale": "Seen.",
}
DATA: dict[str, tuple[dict[str, object], type[Fact]]] = {
    "mash.rating-decision.v1": (RATING, RatingDecided),
    "mash.link-decision.v1": (
        {
            "referral_id": "r1",
            "person_id": None,
            "decided_by": "S. Worker",
            "rationale": "Another child.",
        },
        LinkDecided,
    ),
    "mash.persons-decision.v1": (
        {
            "person_id": "p1",
            "other_person_id": "p2",
            "same": True,
            "decided_by": "S. Worker",
            "rationale": "Twins.",
        },
        PersonsDecided,
    ),
    "mash.adults-decision.v1": (
        {
            "referral_id": "r1",
            "adult_id": "a1",
            "other_adult_id": "a2",
            "same": False,
            "decided_by": "S. Worker",
            "rationale": "His brother.",
        },
        AdultsDecided,
    ),
    "mash.split-decision.v1": (
        {
            "person_id": "p1",
            "referral_ids": ["r1"],
            "to_person_id": None,
            "decided_by": "S. Worker",
            "rationale": "Twins.",
        },
        SplitDecided,
    ),
    "mash.undo-decision.v1": (
        {"decision_id": "d1", "decided_by": "S. Worker", "rationale": "Two boys after all."},
        UndoDecided,
    ),
    "mash.information-response.v1": (
        {
            "request_id": "q1",
            "referral_id": "r1",
            "case_id": "c1",
            "known": False,
            "answered_by": "A. Nurse",
        },
        InformationReceived,
    ),
    "mash.request-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "action": "cancel",
            "request_id": "q1",
            "decided_by": "S. Worker",
            "rationale": "No longer needed.",
        },
        RequestDecided,
    ),
    "mash.outcome-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "outcome": "early_help",
            "may_be_told": "Somebody will call.",
            "decided_by": "S. Worker",
            "rationale": "The family wants help.",
        },
        OutcomeDecided,
    ),
    "mash.information-volunteered.v1": (
        {
            "reference": "S-1",
            "items": [
                {
                    "item_id": "1",
                    "owner": "police",
                    "text": "Seen in the park.",
                    "sensitivity": "routine",
                    "may_be_revealed": True,
                    "may_leave": False,
                }
            ],
            "volunteered_by": "D. Lead",
        },
        InformationOffered,
    ),
    "mash.item-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "item_id": "i1",
            "ruling": "lift",
            "decided_by": "Sgt",
        },
        ItemRuled,
    ),
    "mash.release-decision.v1": (
        {
            "referral_id": "r1",
            "product_id": "p1",
            "case_id": "c1",
            "item_id": "i1",
            "choice": "withhold",
            "recipient": "school",
            "purpose": "To keep the child safe.",
            "decided_by": "Sgt",
            "reason": "An informant would be known.",
        },
        ReleaseDecided,
    ),
    "mash.delivery-receipt.v1": (
        {"product_id": "p1", "case_id": "c1", "status": "received", "received_by": "Duty desk"},
        DeliveryReceived,
    ),
    "mash.standing-release.v1": (
        {
            "standing_id": "s1",
            "recipients": ["school"],
            "purposes": ["To keep the child safe."],
            "since": "2026-01-01",
            "decided_by": "Sgt",
            "reason": "At once.",
        },
        StandingReleased,
    ),
    "mash.key-decision.v1": (
        {
            "choice": "register",
            "decision_maker": "Sgt",
            "public": "A" * 43 + "=",
            "at": "2026-01-01T00:00:00Z",
            "decided_by": "Information manager",
            "envelope": {
                "payloadType": "application/vnd.in-toto+json",
                "payload": "e30=",
                "signatures": [{"keyid": "k", "sig": "s"}],
            },
        },
        KeyDecided,
    ),
    "mash.manifest.v1": (
        {"day": "2026-01-01", "sent": 2, "first": "n-9", "last": "n-10"},
        ManifestReceived,
    ),
    "mash.standing-withdrawal.v1": (
        {"standing_id": "s1", "decided_by": "Sgt", "reason": "No longer."},
        StandingWithdrawn,
    ),
    "mash.recall-receipt.v1": (
        {
            "product_id": "p1",
            "case_id": "c1",
            "recall_id": "q1",
            "status": "destroyed",
            "answered_by": "Duty desk",
        },
        RecallReceived,
    ),
    "mash.handover-receipt.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "status": "refused",
            "received_by": "Duty desk",
            "reason": "Not ours.",
        },
        HandoverReceived,
    ),
    "mash.handover-decision.v1": (
        {
            "referral_id": "r1",
            "case_id": "c1",
            "action": "take_back",
            "decided_by": "D. Manager",
            "rationale": "Another team's.",
        },
        HandoverDecided,
    ),
    "mash.open-case.v1": (
        {"reference": "k1", "child": {}, "worker": None, "since": "2026-01-01"},
        OpenCaseReceived,
    ),
}


def warned(arrival: Arrival) -> list[tuple[str, str]]:
    """Reason and field of what was set aside of a notification that was taken."""
    assert isinstance(arrival.body, NotificationReceived)
    kept = arrival.body.notification.set_aside
    return [(one.reason, one.field) for one in kept if one.instead is not Instead.ALONG]


class Desk:
    """An agency's end of the line."""

    def __init__(self, hub: Routes, now: dt.datetime) -> None:
        self.hub = hub
        self.now = now

    def __call__(
        self,
        agency: str,
        content_type: str,
        body: bytes | object,
        headers: Mapping[str, str] | None = None,
    ) -> list[Arrival]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        door = Door(self.hub.by_code[agency], "http", self.now)
        attributes = of_http((headers or {}).items())
        return parse(door, raw, content_type=content_type, attributes=attributes)

    def refusal(
        self,
        agency: str,
        content_type: str,
        body: bytes | object,
        headers: Mapping[str, str] | None = None,
    ) -> Refusal:
        (arrival,) = self(agency, content_type, body, headers)
        assert isinstance(arrival.body, Refusal)
        assert arrival.body.reason in REASONS
        return arrival.body


@pytest.fixture
def send(hub: Routes, now: dt.datetime) -> Desk:
    return Desk(hub, now)


def binary(**attributes: str) -> dict[str, str]:
    given = {
        "specversion": "1.0",
        "id": "e1",
        "source": "urn:test",
        "type": "mash.notification.v1",
    } | attributes
    return {f"ce-{name}": value for name, value in given.items()}


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


def test_bad_records_of_a_batch_leave_the_good_ones_alone(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    good = json.dumps(event(own_notification))
    odd = [
        good.replace('"e1"', '"nan"').replace('"HV-7"', "NaN"),
        good.replace('"e1"', '"twice"').replace('"narrative"', '"reference": "x", "narrative"'),
        good.replace('"e1"', '"half"').replace("Seen alone", "Seen \\ud83d alone"),
        good.replace('"e1"', '"nul"').replace("Idris", "Id\\u0000ris"),
        good.replace('"e1"', '"deep"').replace('"HV-7"', "[" * 40 + "]" * 40),
        "7",
    ]
    arrivals = send("health", BATCH, f"[{good}, {', '.join(odd)}, {good}]".encode())
    found = [
        (a.event_id, a.body.reason, a.body.field) for a in arrivals if isinstance(a.body, Refusal)
    ]
    assert found == [
        ("deep", "unreadable.too-deep", None),
        (None, "unreadable.event", None),
    ]
    assert [(a.event_id, warned(a)) for a in arrivals if isinstance(a.body, Fact)] == [
        ("e1", []),
        ("nan", [("unreadable.number", "data.reference")]),
        ("twice", [("unreadable.repeated-key", "data.reference")]),
        ("half", [("invalid.characters", "data.narrative")]),
        ("nul", [("invalid.characters", "data.subject.name[0].given_name[0]")]),
        ("e1", []),
    ]


@pytest.mark.parametrize(
    ("content_type", "body", "reason", "field"),
    [
        (STRUCTURED, b"", "unreadable.empty", None),
        (STRUCTURED, b" \n ", "unreadable.empty", None),
        (BATCH, b"{}", "unreadable.event", None),
        (STRUCTURED, b"[]", "unreadable.event", None),
        (STRUCTURED, b'{"specversion": "1.0", "id": "e1"', "unreadable.json", None),
        (STRUCTURED, b'{"a": 1} {"b": 2}', "unreadable.json", None),
        (STRUCTURED, b'{"id": "caf\xe9"}', "unreadable.encoding", None),
        (STRUCTURED, b"\xff\xfe{\x00}\x00", "unreadable.encoding", None),
        (STRUCTURED, b"[" * 100_000, "unreadable.too-deep", None),
        (STRUCTURED, b"9" * 5000, "unreadable.json", None),
        (STRUCTURED, b" " * 2_000_001, "unreadable.too-large", None),
        (BATCH, b"[" + b"{}," * 2000 + b"{}]", "unreadable.too-large", None),
        ("text/plain", b"Dear colleague", "unknown.format", "Content-Type"),
        ("", b"{}", "unknown.format", "Content-Type"),
        ("application/json", b"{}", "unknown.format", "Content-Type"),
    ],
)
def test_a_body_that_cannot_be_read_is_one_refusal(
    send: Desk, content_type: str, body: bytes, reason: str, field: str | None
) -> None:
    refusal = send.refusal("health", content_type, body)
    assert (refusal.reason, refusal.field) == (reason, field)


@pytest.mark.parametrize(
    ("attributes", "reason", "field"),
    [
        ({"specversion": "0.3"}, "unreadable.event", "specversion"),
        ({"id": ""}, "unreadable.event", "id"),
        ({"id": 7}, "unreadable.event", "id"),
        ({"id": "x" * 181}, "unreadable.event", "id"),
        ({"source": None}, "unreadable.event", "source"),
        ({"type": None}, "unreadable.event", "type"),
        ({"type": "mash.gossip.v1"}, "unknown.type", "type"),
        ({"datacontenttype": ["x"]}, "unreadable.event", "datacontenttype"),
        ({"datacontenttype": "text/csv", "data": "a,b\n1,2"}, "unknown.format", "datacontenttype"),
        ({"datacontenttype": "text/csv"}, "unreadable.event", "data"),
        ({"data_base64": "e30="}, "unreadable.event", "data"),
    ],
)
def test_a_wrong_envelope_names_the_attribute(
    send: Desk,
    event: Make,
    own_notification: dict[str, object],
    attributes: dict[str, object],
    reason: str,
    field: str,
) -> None:
    refusal = send.refusal("health", STRUCTURED, event(own_notification) | attributes)
    assert (refusal.reason, refusal.field) == (reason, field)


@pytest.mark.parametrize("time", ["yesterday", "2026-03-12T09:30:00", 12, [], ""])
def test_an_envelopes_time_that_is_no_moment_is_set_aside_and_the_concern_taken(
    send: Desk, event: Make, own_notification: dict[str, object], time: object
) -> None:
    (arrival,) = send("health", STRUCTURED, event(own_notification) | {"time": time})
    assert isinstance(arrival.body, NotificationReceived)
    (aside,) = arrival.body.notification.set_aside
    assert (aside.field, aside.reason) == ("time", "invalid.time")


@pytest.mark.parametrize("packed", ["%%", "caf\u00e9", None])
def test_data_that_is_no_base64_is_a_wrong_envelope(send: Desk, packed: str | None) -> None:
    envelope = {
        "specversion": "1.0",
        "id": "e1",
        "source": "s",
        "type": "mash.notification.v1",
        "data_base64": packed,
    }
    assert send.refusal("health", STRUCTURED, envelope) == Refusal(
        "unreadable.event", "data_base64"
    )


@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"reference": None}, "missing.field", "data.reference"),
        ({"reference": 7}, "invalid.value", "data.reference"),
        ({"reference": ""}, "missing.field", "data.reference"),
        ({"reference": "x" * 201}, "invalid.too-long", "data.reference"),
        ({"narrative": "x" * 20_001}, "invalid.too-long", "data.narrative"),
        ({"observed_at": "2026-03-12"}, "invalid.time", "data.observed_at"),
        ({"observed_at": 1_770_000_000}, "invalid.time", "data.observed_at"),
        ({"observed_at": "2026-03-12T09:30:00"}, "invalid.time", "data.observed_at"),
        ({"observed_at": "2026-03-20T12:30:00Z"}, "invalid.future", "data.observed_at"),
        (
            {"subject": NAMED | {"date_of_birth": {"date": "12/03/2018"}}},
            "invalid.date",
            "data.subject.date_of_birth.date",
        ),
        (
            {"subject": NAMED | {"date_of_birth": {"date": "2027-01-01"}}},
            "invalid.future-birthday",
            "data.subject.date_of_birth.date",
        ),
        (
            {"subject": NAMED | {"date_of_birth": {"date": "1917-05-09"}}},
            "invalid.past",
            "data.subject.date_of_birth.date",
        ),
        ({"subject": NAMED | {"sex_code": "girl"}}, "invalid.code", "data.subject.sex_code"),
        (
            {"subject": {"name": [*NAMED["name"], {"use": "pet"}]}},
            "invalid.code",
            "data.subject.name[1].use",
        ),
        ({"subject": NAMED | {"address": {"line1": "x"}}}, "invalid.value", "data.subject.address"),
        ({"subject": NAMED | {"dob": "x"}}, "invalid.unknown-field", "data.subject.dob"),
        ({"colour": "x"}, "invalid.unknown-field", "data.colour"),
        ({"subject": None}, "missing.child", "data.subject"),
    ],
)
def test_what_is_bad_in_a_notification_is_set_aside_and_named(
    send: Desk,
    event: Make,
    own_notification: dict[str, object],
    changes: dict[str, object],
    reason: str,
    field: str,
) -> None:
    (arrival,) = send("health", STRUCTURED, event(own_notification | changes))
    assert warned(arrival) == [(reason, field)]


def test_an_adults_birthday_is_used_or_the_adult_is_asked_about_like_a_child(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    born = {"date": "1981-03-03"}
    told = event(own_notification | {"subject": NAMED | {"date_of_birth": born}})
    (arrival,) = send("health", STRUCTURED, told)
    assert isinstance(arrival.body, NotificationReceived)
    used = arrival.body.notification.subject.date_of_birth
    assert used is not None
    assert used.date == dt.date(1981, 3, 3)
    assert warned(arrival) == []


def test_a_notification_without_its_words_is_taken_and_says_so(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    del own_notification["narrative"]
    (arrival,) = send("health", STRUCTURED, event(own_notification))
    assert warned(arrival) == [("missing.field", "data.narrative")]


def test_an_expected_date_may_lie_in_the_future(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    unborn = {"subject": {"date_of_birth": {"date": "2026-07-20", "accuracy_indicator": "XXX"}}}
    (arrival,) = send("health", STRUCTURED, event(own_notification | unborn))
    assert isinstance(arrival.body, NotificationReceived)


def test_a_sample_record_from_the_future_is_named_in_the_senders_terms(
    send: Desk, event: Make, sample_record: dict[str, object]
) -> None:
    late = event(sample_record | {"observed_at": "2026-04-01T00:00:00Z"})
    assert warned(*send("school", STRUCTURED, late)) == [("invalid.future", "data.observed_at")]
    unborn = event(sample_record | {"date_of_birth": "2027-01-01"})
    assert warned(*send("school", STRUCTURED, unborn)) == [
        ("invalid.future-birthday", "data.date_of_birth")
    ]


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


def test_bad_rows_leave_the_good_ones_alone(send: Desk, samples: Path) -> None:
    header, first, rest = (samples / "case-system.csv").read_bytes().partition(b"CS-26-00101")
    good = b"CS-26-00103" + rest.partition(b"CS-26-00103")[2]
    bad = [
        b"too,few\r\n",
        b'CS-1,"never closed' + good[11:].replace(b'"', b""),
        good.replace(b"Idris", b"Idr\xe9s"),
        good.replace(b"Idris", b"Id\0ris"),
        good.replace(b"Idris", b'"Idris" x'),
    ]
    arrivals = send("yos", "text/csv", header + good + b"".join(bad) + b"\n" + good, binary())
    assert first
    assert [a.body.reason if isinstance(a.body, Refusal) else a.reference for a in arrivals] == [
        "CS-26-00103",
        "unreadable.csv",
        "CS-1",
        "unreadable.encoding",
        "CS-26-00103",
        "CS-26-00103",
        "CS-26-00103",
    ]
    assert warned(arrivals[5]) == [("invalid.quotes", "row 7")]
    assert warned(arrivals[4]) == [("invalid.characters", "row 6, Forename")]
    assert [a.body.field for a in arrivals if isinstance(a.body, Refusal)] == [
        f"row {n}" for n in (3, 5)
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable.empty"),
        (b"\n", "unreadable.empty"),
        (b"a,b\n1,2\n", "missing.header"),
    ],
)
def test_csv_without_a_usable_header_is_refused(send: Desk, body: bytes, reason: str) -> None:
    assert send.refusal("yos", "text/csv", body, binary()).reason == reason


def test_excels_byte_order_mark_is_no_part_of_the_first_column(send: Desk, samples: Path) -> None:
    arrivals = send(
        "yos", "text/csv", b"\xef\xbb\xbf" + (samples / "case-system.csv").read_bytes(), binary()
    )
    assert [a.reference for a in arrivals] == ["CS-26-00101", "CS-26-00102", "CS-26-00103"]


@pytest.mark.parametrize(
    ("agency", "event_type", "reason"),
    [
        ("health", "mash.rating-decision.v1", "refused.role"),
        ("health", "mash.link-decision.v1", "refused.role"),
        ("health", "mash.persons-decision.v1", "refused.role"),
        ("health", "mash.split-decision.v1", "refused.role"),
        ("health", "mash.adults-decision.v1", "refused.role"),
        ("health", "mash.undo-decision.v1", "refused.role"),
        ("health", "mash.open-case.v1", "refused.role"),
        ("gp", "mash.delivery-receipt.v1", "refused.agreement"),
        ("stranger", "mash.delivery-receipt.v1", "refused.agreement"),
    ],
)
def test_an_agency_sends_only_what_its_role_and_agreement_allow(
    send: Desk, event: Make, agency: str, event_type: str, reason: str
) -> None:
    data, _ = DATA[event_type]
    assert send.refusal(agency, STRUCTURED, event(data, type=event_type)).reason == reason


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


def test_no_refusal_repeats_what_was_sent(
    send: Desk, event: Make, own_notification: dict[str, object]
) -> None:
    planted = json.dumps(
        event(
            RATING | {CANARY: {CANARY: "\0" + CANARY}, "colour": [CANARY]},
            type="mash.rating-decision.v1",
        )
    )
    for body in (
        planted,
        planted[:-5],
        planted.replace("1.0", CANARY),
        planted.replace("mash.rating", CANARY),
    ):
        refusal = send.refusal("csc", STRUCTURED, body.encode())
        assert CANARY not in repr(refusal)
