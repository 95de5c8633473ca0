"""What a notifier keeps back stays so, however badly it says it, and it is told what it lacks."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.events.envelope import from_stream, parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from connectors.port import routes
from router.refuse import taken
from schemas.notification import Notification, NotificationReceived
from schemas.settings import HubSettings
from schemas.sharing import FREE, Sensitivity, Sharing
from stores.ports import Arrival

NOW = dt.datetime(2026, 6, 10, 12, 0, tzinfo=dt.UTC)
AGREEMENT = {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2025-01-01"}
TOLD = {
    "reference": "R-1",
    "observed_at": "2026-06-10T09:30:00Z",
    "narrative": "Seen alone at night.",
    "subject": {"name": [{"given_name": ["Idris"], "family_name": ["Okoro"]}]},
}
STRICT = Sharing(
    sensitivity=Sensitivity.RESTRICTED, may_be_revealed=False, may_leave=False, signpost=False
)


def door(mapping: str | None = None) -> Door:
    agency = {"name": "school", "signpost_contact": "01632 960002", "agreement": AGREEMENT}
    told = {
        "area": "e1",
        "lead_agency": "school",
        "agencies": {"school": agency | ({"mapping": mapping} if mapping else {})},
    }
    return Door(routes(HubSettings.model_validate(told), {}).by_code["school"], "http", NOW)


def sent(**changes: Any) -> Arrival:
    """What comes of a notification in the hub's own shape."""
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "s",
        "type": "mash.notification.v1",
        "data": TOLD | changes,
    }
    (arrival,) = parse(door(), json.dumps(event).encode(), content_type=STRUCTURED)
    return arrival


def notified(arrival: Arrival) -> Notification:
    assert isinstance(arrival.body, NotificationReceived)
    return arrival.body.notification


def warnings(arrival: Arrival) -> list[tuple[str, str]]:
    return [(one.reason, one.field) for one in taken(arrival, "m-1").warnings]


def test_a_notifier_marks_its_notification_as_any_item() -> None:
    told = {"sensitivity": "restricted", "may_leave": False, "reason": "An informant."}
    arrival = sent(sharing=told)
    assert notified(arrival).kept == Sharing(
        sensitivity=Sensitivity.RESTRICTED, may_leave=False, reason="An informant."
    )
    assert warnings(arrival) == []
    assert notified(sent()).kept == FREE


def test_a_part_has_flags_of_its_own() -> None:
    part = {"text": "Told by a neighbour.", "may_be_revealed": False, "reason": "She is afraid."}
    (found,) = notified(sent(parts=[part])).parts
    assert (found.text, found.may_be_revealed, found.may_leave) == (part["text"], False, True)


@pytest.mark.parametrize(
    "flag", [{"may_leave": 0}, {"may_be_revealed": "no"}, {"sensitivity": "x"}, {"signpost": 7}]
)
def test_a_flag_that_cannot_be_read_is_taken_for_the_most_careful(flag: dict[str, Any]) -> None:
    (name,) = flag
    arrival = sent(sharing=flag)
    kept = notified(arrival).kept
    assert getattr(kept, name) == getattr(STRICT, name)
    others = [one for one in ("may_leave", "may_be_revealed", "signpost") if one != name]
    assert all(getattr(kept, one) == getattr(FREE, one) for one in others)
    assert f"data.sharing.{name}" in [field for _, field in warnings(arrival)]
    (warning, *_) = taken(arrival, "m-1").warnings
    assert warning.done == "It is kept back all the same, as was said."


@pytest.mark.parametrize("nonsense", ["none", 5, ["may_leave"]])
def test_flags_of_which_nothing_can_be_read_keep_everything_back(nonsense: Any) -> None:
    assert notified(sent(sharing=nonsense)).kept == STRICT


def test_a_part_whose_flags_cannot_be_read_is_kept_back_and_the_others_are_as_they_say() -> None:
    parts = [
        {"text": "One.", "may_leave": 0},
        "no part",
        {"text": "Three."},
        {"text": "Four.", "may_be_revealed": 0},
    ]
    found = notified(sent(parts=parts)).parts
    assert [(part.text, part.may_leave, part.may_be_revealed) for part in found] == [
        ("One.", False, True),
        ("Three.", True, True),
        ("Four.", True, False),
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"sharing": {"may_be_reveald": False}}, "data.sharing.may_be_reveald"),
        ({"sharing": {"May_Leave": False, "may_leave": True}}, "data.sharing.May_Leave"),
        ({"sharing": {"may_leaf": None}}, "data.sharing.may_leaf"),
        ({"mayLeave": False}, "data.mayLeave"),
        ({"may_leave": False, "sharing": {"may_leave": True}}, "data.may_leave"),
        ({"sensitivity": "restricted"}, "data.sensitivity"),
        ({"restricted": True}, "data.restricted"),
        ({"restricted": None}, "data.restricted"),
        ({"Sharing": {}}, "data.Sharing"),
    ],
)
def test_a_flag_under_a_wrong_name_or_in_a_wrong_place_keeps_everything_back(
    changes: dict[str, Any], field: str
) -> None:
    arrival = sent(**changes)
    assert notified(arrival).kept == STRICT
    assert warnings(arrival)[0] == ("invalid.unknown-field", field)
    (warning, *_) = taken(arrival, "m-1").warnings
    assert warning.done == "It is kept back all the same, as was said."


@pytest.mark.parametrize("flag", [{"sharing": {"may_leave": False}}, {"May_leave": False}])
def test_a_part_with_a_flag_under_a_wrong_name_is_kept_back_and_the_rest_is_not(
    flag: dict[str, Any],
) -> None:
    told = notified(sent(parts=[{"text": "One."} | flag, {"text": "Two."}]))
    one, two = told.parts
    assert (one.sensitivity, one.may_be_revealed, one.may_leave) == ("restricted", False, False)
    assert (two.may_be_revealed, two.may_leave, told.kept) == (True, True, FREE)


@pytest.mark.parametrize("name", ["may_be_revealed", "may_leave", "sensitivity"])
def test_a_flag_that_is_null_is_taken_for_the_most_careful_and_told(name: str) -> None:
    arrival = sent(sharing={name: None}, parts=[{"text": "One.", name: None}])
    for told in (notified(arrival).kept, notified(arrival).parts[0]):
        assert getattr(told, name) == getattr(STRICT, name)
    fields = [field for _, field in warnings(arrival)]
    assert {f"data.sharing.{name}", f"data.parts[0].{name}"} <= set(fields)


def test_other_names_that_nobody_knows_keep_nothing_back() -> None:
    assert notified(sent(reason="Worried.", mood="sad", sharing={"signpost": None})).kept == FREE


@pytest.mark.parametrize("flag", ["may_be_revealed", "may_leave"])
def test_whoever_keeps_something_back_without_a_reason_is_warned_and_the_flag_stands(
    flag: str,
) -> None:
    arrival = sent(sharing={flag: False}, parts=[{"text": "A part.", flag: False}])
    assert getattr(notified(arrival).kept, flag) is False
    assert warnings(arrival) == [
        ("missing.detriment", "sharing.reason"),
        ("missing.detriment", "parts[0].reason"),
    ]


def test_an_answer_that_keeps_something_back_without_a_reason_is_warned_too() -> None:
    item = {
        "item_id": "1",
        "owner": "school",
        "text": "Seen.",
        "sensitivity": "routine",
        "may_be_revealed": True,
        "may_leave": False,
    }
    event = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "s",
        "type": "mash.information-response.v1",
        "data": {
            "request_id": "q",
            "referral_id": "r",
            "case_id": "c",
            "known": True,
            "items": [item, item | {"item_id": "2", "reason": "She is afraid."}],
            "answered_by": "A. Head",
        },
    }
    (arrival,) = parse(door(), json.dumps(event).encode(), content_type=STRUCTURED)
    assert warnings(arrival) == [("missing.detriment", "items[0].reason")]


def test_a_mapping_says_it_of_an_agencys_own_columns(tmp_path: Path) -> None:
    path = tmp_path / "clinic.toml"
    path.write_text(MAPPING, "utf-8")
    own = door(str(path))
    form = own.route.format_of_file("a.csv")
    assert form is not None
    rows = "Number,Seen,What,Confidential,Why\nR-1,01/06/2026,Seen alone.,yes,Afraid\n"
    rows += "R-2,01/06/2026,Seen alone.,perhaps,\nR-3,01/06/2026,Seen alone.,no,\n"
    path.with_suffix(".csv").write_text(rows, "utf-8")
    with path.with_suffix(".csv").open("rb") as stream:
        found = [notified(one).kept for one in from_stream(own, stream, form=form)]
    assert [one.may_leave for one in found] == [False, False, True]
    assert [one.sensitivity for one in found] == ["restricted", "restricted", "sensitive"]
    assert found[0].reason == "Afraid"


MAPPING = """
name = "clinic-csv"
about = "Concerns of the clinic, a row each"
makes = "notification"

[reader.csv]

[template]
reference = { from = "Number", required = true }
observed_at = { from = "Seen", as = "moment", format = "%d/%m/%Y", required = true }
narrative = { from = "What", required = true }
subject = {}

[template.sharing]
may_leave = { from = "Confidential", codes = { yes = false, no = true } }
sensitivity = { from = "Confidential", codes = { yes = "restricted", no = "sensitive" } }
reason = { from = "Why" }
"""
