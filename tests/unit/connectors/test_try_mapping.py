"""A file can be tried: what it would become is shown, and nothing is sent."""

import datetime as dt
import io
from pathlib import Path

from connectors.events.facts import Door
from connectors.folder import read_file
from connectors.port import Routes
from schemas.base import Fact
from schemas.case import OpenCaseReceived
from schemas.notification import NotificationReceived
from schemas.refusals import Refusal


def tried(door: Door, text: bytes, filename: str) -> list[Fact | Refusal]:
    return [one.body for one in read_file(door, io.BytesIO(text), filename=filename)]


def test_each_record_of_a_file_is_shown_as_what_it_would_become(
    hub: Routes, now: dt.datetime, samples: Path
) -> None:
    text = (samples / "case-system.csv").read_text().replace("20/07/2026", "July")
    door = Door(hub.by_code["yos"], "folder", now)
    first, second, third = tried(door, text.encode(), "x.csv")
    assert isinstance(first, NotificationReceived)
    assert isinstance(second, NotificationReceived)
    assert isinstance(third, NotificationReceived)
    aside, *_ = second.notification.set_aside
    assert (aside.field, aside.value, aside.expected) == (
        "row 3, Expected DOB",
        "July",
        "31/03/2026",
    )


def test_a_feed_of_open_cases_is_known_by_its_files_name(
    hub: Routes, now: dt.datetime, samples: Path
) -> None:
    text = (samples / "open-cases.csv").read_bytes()
    found = tried(Door(hub.by_code["csc"], "folder", now), text, "open-cases-march.csv")
    assert [type(one) for one in found] == [OpenCaseReceived, OpenCaseReceived]


def test_a_file_that_no_mapping_reads_says_so(hub: Routes, now: dt.datetime) -> None:
    door = Door(hub.by_code["health"], "folder", now)
    assert tried(door, b"a,b\n1,2\n", "x.csv") == [Refusal("unknown.format")]
