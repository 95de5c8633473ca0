"""What of a message cannot be used is said by reason and place, never repeated, and stops nothing
that came with it.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.formats.media import BATCH, STRUCTURED
from connectors.port import Routes
from schemas.base import Fact
from schemas.notification import Instead, NotificationReceived
from schemas.refusals import Refusal
from stores.ports import Arrival
from tests.support.events import DATA, RATING, Desk, Make, binary

CANARY = "Quillon-Featherstonehaugh"


NAMED = {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]}


def warned(arrival: Arrival) -> list[tuple[str, str]]:
    """Reason and field of what was set aside of a notification that was taken."""
    assert isinstance(arrival.body, NotificationReceived)
    kept = arrival.body.notification.set_aside
    return [(one.reason, one.field) for one in kept if one.instead is not Instead.ALONG]


@pytest.fixture
def send(hub: Routes, now: dt.datetime) -> Desk:
    return Desk(hub, now)


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
