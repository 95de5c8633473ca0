"""Whoever brings a concern is told at once, in words: taken, what was set aside, what happens next,
and what to do where the child is in danger now (L3); by whatever way it came.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.events.attributes import of_http
from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.folder import WatchedFolder
from connectors.mllp_answer import Header, acknowledged
from connectors.port import AgencyRoute, routes
from connectors.queue_feed import _event
from router.intake import StoredIntake
from schemas.calendar import WorkingDays
from schemas.notification import Receipt
from schemas.policy import Policy
from schemas.referrer import ReferrerWords
from schemas.settings import HubSettings
from stores.database import Database
from tests.support import given

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
DANGER = (
    "If a child is in danger now, ring 999. Do not wait for the hub, and do not only write to it."
)
CONCERN = {
    "reference": "R-7",
    "observed_at": "2026-03-19T12:00:00Z",
    "subject": {"name": [{"given_name": ["Tilly"], "family_name": ["Thornbury"]}]},
    "narrative": "Bruise on the arm.",
}


@pytest.fixture
def route() -> AgencyRoute:
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    settings = {
        "area": "e08000032",
        "lead_agency": "yos",
        "agencies": {
            "yos": {
                "name": "YOS",
                "signpost_contact": "01632 960001",
                "agreement": agreement,
                "mapping": "case-system-csv",
            }
        },
    }
    return routes(HubSettings.model_validate(settings), {}).by_code["yos"]


def by_web(
    database: Database, route: AgencyRoute, policy: Policy | None = None, **changes: Any
) -> Receipt:
    names = {"specversion": "1.0", "id": str(changes), "source": "urn:a"}
    headers = names | {"type": changes.pop("type", "mash.notification.v1")}
    attributes = of_http((f"ce-{name}", value) for name, value in headers.items())
    body = json.dumps(changes.pop("data", CONCERN) | changes).encode()
    arrivals = parse(
        Door(route, "http", NOW), body, content_type="application/json", attributes=attributes
    )
    (receipt,) = StoredIntake(database, policy or given.policy()).take(arrivals)
    return receipt


def test_it_says_that_it_is_taken_what_happens_next_by_when_and_what_to_do_in_danger(
    sqlite: Database, route: AgencyRoute
) -> None:
    receipt = by_web(sqlite, route)
    assert receipt.explanation == "It is taken, and a person reads it."
    assert receipt.hears_by is not None
    by = receipt.hears_by.astimezone(dt.timezone(dt.timedelta(0)))
    assert receipt.next is not None
    assert receipt.next.startswith("A social worker reads it and decides what the child needs. By ")
    assert receipt.next.endswith(":00 you are told what was decided.")
    assert f"{by:%Y}" in receipt.next
    assert receipt.danger == DANGER


def test_it_says_how_much_was_set_aside(sqlite: Database, route: AgencyRoute) -> None:
    one = by_web(sqlite, route, observed_at="yesterday")
    assert one.explanation == (
        "It is taken, and a person reads it. One part of it could not be used as it came: it is "
        "kept for people to read, and `warnings` says which."
    )
    two = by_web(sqlite, route, observed_at="yesterday", urgent="perhaps", reference="R-8")
    assert two.explanation is not None
    assert "2 parts of it could not be used" in two.explanation


def test_a_duplicate_is_told_that_nothing_is_lost_and_what_to_do_in_danger(
    sqlite: Database, route: AgencyRoute
) -> None:
    by_web(sqlite, route)
    again = by_web(sqlite, route)
    assert again.explanation == (
        "The hub had it already: nothing is lost, and nothing is done twice."
    )
    assert again.danger == DANGER
    assert again.hears_by is None


def test_for_a_member_of_the_public_it_says_what_comes_and_for_an_anonymous_one_that_nothing_does(
    sqlite: Database, route: AgencyRoute
) -> None:
    public = by_web(sqlite, route, made_by="public")
    assert "as far as whoever told you may know it" in (public.next or "")
    anonymous = by_web(sqlite, route, made_by="anonymous", reference="R-8")
    assert (anonymous.next or "").endswith(
        "As whoever told it gave no name, nothing more is sent about it."
    )
    assert anonymous.hears_by is None
    assert anonymous.danger == DANGER


def test_who_told_it_that_cannot_be_read_is_taken_for_a_member_of_the_public(
    sqlite: Database, route: AgencyRoute
) -> None:
    receipt = by_web(sqlite, route, made_by="the neighbour")
    assert receipt.status == "accepted"
    assert "as far as whoever told you may know it" in (receipt.next or "")


def test_the_words_are_the_profiles(sqlite: Database, route: AgencyRoute) -> None:
    own = ReferrerWords(next="The front door looks at it.", danger="Ring 999 now.")
    changes = {"referrers": own, "allowed": {"referrer": WorkingDays(days=3)}}
    policy = given.policy(profile_=given.profile().model_copy(update=changes))
    receipt = by_web(sqlite, route, policy)
    assert (receipt.next or "").startswith("The front door looks at it. By ")
    assert receipt.danger == "Ring 999 now."


def test_without_that_clock_it_promises_no_time(sqlite: Database, route: AgencyRoute) -> None:
    policy = given.policy(profile_=given.profile().model_copy(update={"allowed": {}}))
    receipt = by_web(sqlite, route, policy)
    assert receipt.hears_by is None
    assert (receipt.next or "").endswith("You are told what was decided.")


def test_what_is_no_concern_is_answered_as_ever(sqlite: Database, route: AgencyRoute) -> None:
    case = {"reference": "C-1", "child": CONCERN["subject"], "worker": None, "since": "2026-01-01"}
    receipt = by_web(sqlite, route, type="mash.open-case.v1", data=case)
    assert receipt.status == "accepted"
    assert (receipt.explanation, receipt.next, receipt.danger) == (None, None, None)


def test_a_file_in_a_folder_is_answered_in_the_same_words(
    sqlite: Database, route: AgencyRoute, tmp_path: Path
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir(mode=0o700)
    sample = Path("connectors/agencies/samples/case-system.csv").read_bytes()
    (drop / "week 11.csv").write_bytes(sample)
    intake = StoredIntake(sqlite, given.policy())
    folder = WatchedFolder(route, intake, drop, work=tmp_path / "work", clock=lambda: NOW)
    folder.scan_once()
    folder.scan_once()
    files = (drop / "receipts").iterdir()
    told = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    assert len(told) == 3
    assert all("999" in one["danger"] and "social worker" in one["next"] for one in told)


def test_a_queue_is_answered_in_the_same_words(sqlite: Database, route: AgencyRoute) -> None:
    told = json.loads(json.dumps(_event(by_web(sqlite, route))))["data"]
    assert told["danger"] == DANGER
    assert told["next"].startswith("A social worker reads it")


def test_an_hl7_ack_says_it_as_information_beside_what_is_amiss(
    sqlite: Database, route: AgencyRoute
) -> None:
    receipt = by_web(sqlite, route, observed_at="yesterday")
    header = Header.of(b"MSH|^~\\&|EPR|H|HUB|M|20260320||ORU^R01|M-1|P|2.5.1")
    ack = acknowledged(header, [receipt, receipt], now=NOW).decode()
    lines = [line.split("|") for line in ack.split("\r") if line.startswith(("MSA", "ERR"))]
    assert lines[0] == ["MSA", "AA", "M-1"]
    assert [line[4] for line in lines[1:]] == ["W", "W", "I"]
    assert lines[-1][3] == "0^Message accepted^HL70357"
    assert lines[-1][8].startswith(DANGER)
    assert "you are told what was decided." in lines[-1][8]
