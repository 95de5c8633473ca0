"""Every receipt can be matched to what was sent, by whatever way it came and whatever became of
it.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.events.attributes import of_http
from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.folder import WatchedFolder
from connectors.formats.media import BATCH
from connectors.port import AgencyRoute, routes
from router.intake import StoredIntake
from router.refuse import dead_message, rejected_later
from schemas.refusals import Refusal
from schemas.settings import HubSettings
from stores.database import Database
from tests.support import given

NOW = dt.datetime(2026, 3, 20, 12, 0, tzinfo=dt.UTC)
ROWS = Path("connectors/agencies/samples/case-system.csv")


@pytest.fixture
def route() -> AgencyRoute:
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    yos = {"name": "YOS", "signpost_contact": "01632 960001", "agreement": agreement}
    settings = {
        "area": "e08000032",
        "lead_agency": "yos",
        "agencies": {"yos": {**yos, "mapping": "case-system-csv"}},
    }
    return routes(HubSettings.model_validate(settings), {}).by_code["yos"]


def test_a_receipt_in_a_folder_names_the_file_and_the_row_whatever_became_of_it(
    database: Database, route: AgencyRoute, tmp_path: Path
) -> None:
    drop = tmp_path / "drop"
    drop.mkdir(mode=0o700)
    (drop / "week 11.csv").write_bytes(ROWS.read_bytes() + b"too,few\r\n")
    (drop / "note.docx").write_bytes(b"PK")
    work = tmp_path / "work"
    folder = WatchedFolder(route, StoredIntake(database), drop, work=work, clock=lambda: NOW)
    folder.scan_once()
    folder.scan_once()
    files = (drop / "receipts").iterdir()
    told = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
    named = {(one["file"], one.get("place")): one["status"] for one in told}
    assert named == {
        ("week 11.csv", "row 2"): "accepted",
        ("week 11.csv", "row 3"): "accepted",
        ("week 11.csv", "row 4"): "accepted",
        ("week 11.csv", "row 5"): "rejected",
        ("note.docx", None): "rejected",
    }


def test_a_receipt_of_a_batch_names_source_and_id_or_at_least_the_place(
    database: Database, route: AgencyRoute
) -> None:
    event = {"specversion": "1.0", "id": "e-1", "source": "urn:a", "type": "mash.gossip.v1"}
    body = json.dumps([event, event | {"source": "urn:b"}, {"id": "e-3"}, 7]).encode()
    arrivals = parse(Door(route, "http", NOW), body, content_type=BATCH)
    receipts = StoredIntake(database).take(arrivals)
    assert [(one.source, one.message_id, one.place) for one in receipts] == [
        ("urn:a", "e-1", "[0]"),
        ("urn:b", "e-1", "[1]"),
        (None, "e-3", "[2]"),
        (None, None, "[3]"),
    ]


def test_a_receipt_of_rows_in_one_event_names_the_event_and_the_row(
    database: Database, route: AgencyRoute
) -> None:
    headers = {"specversion": "1.0", "id": "e-1", "source": "urn:a", "type": "mash.notification.v1"}
    attributes = of_http((f"ce-{name}", value) for name, value in headers.items())
    door = Door(route, "http", NOW)
    found = parse(door, ROWS.read_bytes(), content_type="text/csv", attributes=attributes)
    receipts = StoredIntake(database).take(found)
    assert [(one.source, one.message_id, one.place) for one in receipts] == [
        ("urn:a", f"e-1#{n}", f"row {n + 1}") for n in range(1, 4)
    ]


def test_a_message_that_a_step_refuses_later_is_told_by_the_id_of_its_first_receipt() -> None:
    message = given.message(given.linked())
    dead = dead_message(message, Refusal("refused.closed"), step="rate")
    told = rejected_later(dead, message)
    assert (told.follows, told.message_id) == (message.id, None)
