"""CloudEvents 1.0 to the letter: the modes of its HTTP, AMQP and batch bindings, and what its
attributes mean.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.events.attributes import of_amqp, of_http
from connectors.events.envelope import parse, reread
from connectors.events.facts import Door
from connectors.formats.media import BATCH, STRUCTURED
from connectors.port import Routes
from schemas.base import Fact
from schemas.refusals import Refusal
from stores.ports import Arrival

Make = Callable[..., dict[str, object]]
Send = Callable[..., list[Arrival]]
HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "e1",
    "ce-source": "urn:test",
    "ce-type": "mash.notification.v1",
}


@pytest.fixture
def door(hub: Routes, now: dt.datetime) -> Door:
    return Door(hub.by_code["health"], "http", now)


@pytest.fixture
def binary(door: Door, own_notification: dict[str, object]) -> Send:
    """Send the hub's own notification in binary mode, with headers over those it needs."""

    def send(content_type: str = "application/json", **headers: str) -> list[Arrival]:
        given = HEADERS | {f"ce-{name}": value for name, value in headers.items()}
        body = json.dumps(own_notification).encode()
        return parse(door, body, content_type=content_type, attributes=of_http(given.items()))

    return send


@pytest.fixture
def structured(door: Door) -> Send:
    def send(event: object, content_type: str = STRUCTURED) -> list[Arrival]:
        return parse(door, json.dumps(event).encode(), content_type=content_type)

    return send


# --- header values (HTTP binding, section 3.1.3.2)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀"),
        ("caf%c3%a9", "café"),
        ("%41%42", "AB"),
        ('"quoted words"', "quoted words"),
        (r'"a \"word\" and a \\ more"', 'a "word" and a \\ more'),
        ('"caf%C3%A9"', "café"),
        ("once%2525", "once%25"),
        ("plain", "plain"),
    ],
)
def test_a_header_value_is_unquoted_and_then_percent_decoded_once(header: str, value: str) -> None:
    assert of_http([("ce-id", header)]) == {"id": value}


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_whatever_a_sender_encodes_comes_out_as_it_was(text: str) -> None:
    assert of_http([("ce-subject", quote(text, safe=""))]) == {"subject": text}


@pytest.mark.parametrize("header", ["%C0%A0", "%ff", "100%", "%zz", "%2", '"open', 'a"b', "\xe9"])
@pytest.mark.parametrize("name", ["specversion", "id", "source", "type", "time", "dataschema"])
def test_what_cannot_be_decoded_is_refused_by_the_attributes_name(
    binary: Send, name: str, header: str
) -> None:
    (arrival,) = binary(**{name: header})
    assert arrival.body == Refusal("unreadable.event", name)


def test_a_header_that_came_twice_with_two_values_is_refused() -> None:
    twice = of_http([("ce-id", "a"), ("ce-id", "b"), ("ce-source", "s"), ("ce-source", "s")])
    assert isinstance(twice["id"], bytes)
    assert twice["source"] == "s"


# --- modes and content types


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/json", "text/json; charset=utf-8", "application/vnd.x+json", ""],
)
def test_json_is_every_type_whose_subtype_says_so_and_none(binary: Send, content_type: str) -> None:
    (arrival,) = binary(content_type)
    assert isinstance(arrival.body, Fact)


def test_in_binary_mode_the_content_type_says_what_the_data_is_and_no_header_else(
    binary: Send,
) -> None:
    (arrival,) = binary("application/json", datacontenttype="text/csv")
    assert isinstance(arrival.body, Fact)


@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+avro", "application/cloudevents-batch+xml"]
)
def test_an_event_format_that_the_hub_does_not_read_is_never_taken_for_binary_data(
    binary: Send, content_type: str
) -> None:
    (arrival,) = binary(content_type)
    assert arrival.body == Refusal("unknown.format", "Content-Type")


@pytest.mark.parametrize("content_type", [STRUCTURED.upper(), STRUCTURED + "; charset=UTF-8"])
def test_the_case_and_parameters_of_a_content_type_do_not_matter(
    structured: Send, event: Make, own_notification: dict[str, object], content_type: str
) -> None:
    (arrival,) = structured(event(own_notification), content_type)
    assert isinstance(arrival.body, Fact)


def test_an_empty_batch_holds_nothing_and_is_no_fault(structured: Send) -> None:
    assert structured([], BATCH) == []


def test_each_event_of_a_batch_says_where_in_it_it_stood(
    structured: Send, event: Make, own_notification: dict[str, object]
) -> None:
    arrivals = structured([event(own_notification), 7, event({}, datacontenttype="x/json")], BATCH)
    assert [arrival.place for arrival in arrivals] == ["[0]", "[1]", "[2]"]


# --- attributes


def test_a_null_attribute_is_the_same_as_one_left_out(
    structured: Send, event: Make, own_notification: dict[str, object]
) -> None:
    nulls = dict.fromkeys(["time", "datacontenttype", "dataschema", "subject", "data_base64"])
    (arrival,) = structured(event(own_notification, **nulls))
    assert isinstance(arrival.body, Fact)


def test_data_in_base64_may_stand_beside_a_null(
    structured: Send, event: Make, own_notification: dict[str, object]
) -> None:
    packed = base64.b64encode(json.dumps(own_notification).encode()).decode()
    (arrival,) = structured(event(None, data_base64=packed))
    assert isinstance(arrival.body, Fact)


def test_json_data_that_stands_as_a_text_is_no_object(
    structured: Send, event: Make, own_notification: dict[str, object]
) -> None:
    (arrival,) = structured(event(json.dumps(own_notification)))
    assert isinstance(arrival.body, Refusal)


@pytest.mark.parametrize(
    "value", ["\0", "\ud83d", 7, True, None, {"a": [1]}, json.loads("[" * 40 + "]" * 40)]
)
def test_extension_attributes_may_hold_anything_and_do_no_harm(
    structured: Send, event: Make, own_notification: dict[str, object], value: object
) -> None:
    odd = event(own_notification, traceparent=value, agency="police", Reference=value)
    (arrival,) = structured(odd)
    assert isinstance(arrival.body, Fact)
    assert (arrival.agency, arrival.reference) == ("health", "HV-7")


def test_extension_headers_do_no_harm_either(binary: Send) -> None:
    (arrival,) = binary(traceparent="%zz", subject='"open', partitionkey="x" * 5000)
    assert isinstance(arrival.body, Fact)


def test_a_key_given_twice_in_an_envelope_is_still_refused(
    door: Door, event: Make, own_notification: dict[str, object]
) -> None:
    body = json.dumps(event(own_notification)).replace('"id"', '"id": "e0", "id"', 1).encode()
    (arrival,) = parse(door, body, content_type=STRUCTURED)
    assert arrival.body == Refusal("unreadable.repeated-key")


# --- AMQP (binding, section 3.1.3)


def test_attributes_come_in_amqps_own_types_or_as_strings() -> None:
    given = {
        "cloudEvents:id": "e1",
        "cloudEvents_source": b"urn:x",
        "cloudEvents:flag": True,
        "cloudEvents:count": 7,
        "cloudEvents:time": dt.datetime(2026, 3, 12, 9, 30),
        "cloudEvents:odd": b"\xff",
        "x-death": [{"count": 1}],
    }
    assert of_amqp(given) == {
        "id": "e1",
        "source": "urn:x",
        "flag": "true",
        "count": "7",
        "time": "2026-03-12T09:30:00+00:00",
        "odd": b"\xff",
    }


def test_amqps_strings_are_not_percent_decoded() -> None:
    assert of_amqp({"cloudEvents:id": "100%25"}) == {"id": "100%25"}


# --- identity


def test_an_event_says_its_source_and_id_in_every_mode(
    binary: Send, structured: Send, event: Make, own_notification: dict[str, object]
) -> None:
    (one,), (other,) = binary(), structured(event(own_notification))
    (elsewhere,) = binary(source="urn:other")
    assert (one.source, one.event_id) == ("urn:test", "e1")
    assert one.source_key == other.source_key
    assert elsewhere.source_key not in (None, one.source_key)


def test_what_is_kept_names_the_source_only_by_what_stands_for_it(
    door: Door, binary: Send, hub: Routes
) -> None:
    (arrival,) = binary(source="urn:somebody")
    assert "somebody" not in arrival.content_type
    (again,) = reread(
        door, arrival.original, content_type=arrival.content_type, event_id=arrival.event_id
    )
    assert (again.source_key, again.event_id) == (arrival.source_key, "e1")
    assert again.content_type == arrival.content_type


def test_rows_of_a_binary_event_keep_its_source_and_say_which_row(
    hub: Routes, now: dt.datetime
) -> None:
    door = Door(hub.by_code["yos"], "http", now)
    with open("connectors/agencies/samples/case-system.csv", "rb") as file:
        rows = file.read()
    found = parse(door, rows, content_type="text/csv", attributes=of_http(HEADERS.items()))
    assert [(a.event_id, a.place) for a in found] == [
        (f"e1#{n}", f"row {n + 1}") for n in range(1, 4)
    ]
    assert len({arrival.source_key for arrival in found}) == 1
    (again,) = reread(
        door, found[1].original, content_type=found[1].content_type, event_id=found[1].event_id
    )
    assert (again.event_id, again.source_key) == ("e1#2", found[1].source_key)
