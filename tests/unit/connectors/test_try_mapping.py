"""A file can be tried: what it would become is shown, and nothing is sent."""

import datetime as dt
from pathlib import Path

from connectors.formats.try_mapping import preview
from connectors.port import Routes
from schemas.case import OpenCase
from schemas.notification import Notification


def test_each_record_of_a_file_is_shown_as_what_it_would_become(
    hub: Routes, now: dt.datetime, samples: Path
) -> None:
    text = (samples / "case-system.csv").read_text().replace("20/07/2026", "July")
    first, second, third = preview(hub.by_code["yos"], "x.csv", text.encode(), now=now)
    assert isinstance(first.made, Notification)
    assert isinstance(third.made, Notification)
    assert second.made is None
    assert second.reason is not None
    assert (second.reason.code, second.field) == ("invalid.date", "row 3, Expected DOB")


def test_a_feed_of_open_cases_is_known_by_its_files_name(
    hub: Routes, now: dt.datetime, samples: Path
) -> None:
    found = preview(
        hub.by_code["csc"],
        "open-cases-march.csv",
        (samples / "open-cases.csv").read_bytes(),
        now=now,
    )
    assert [type(one.made) for one in found] == [OpenCase, OpenCase]


def test_a_file_that_no_mapping_reads_says_so(hub: Routes, now: dt.datetime) -> None:
    (only,) = preview(hub.by_code["health"], "x.csv", b"a,b\n1,2\n", now=now)
    assert only.reason is not None
    assert only.reason.code == "unknown.format"
