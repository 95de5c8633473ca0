"""`hub connectors` shows ways in, and what a file would become, and sends nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from stores import overview
from tests.support.filled import empty_hub

SAMPLES = Path(__file__).parents[3] / "connectors" / "agencies" / "samples"


@pytest.fixture
def hub_(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    folder, hub = empty_hub(tmp_path / "hub")
    text = folder.config.read_text("utf-8")
    police = (
        '[agencies.police]\nname = "Sample Police"\n'
        'signpost_contact = "MASH sergeant, 01632 960101"\nmapping = '
    )
    assert police in text
    folder.config.write_text(
        text.replace(f'{police}"sample-json"', f'{police}"merlin-xml"'), "utf-8"
    )
    return folder, hub


def run(folder: DemoFolder, *arguments: str) -> tuple[int, Any]:
    answer = CliRunner().invoke(
        main, ["connectors", *arguments, "--config", str(folder.config), "--json"]
    )
    return answer.exit_code, json.loads(answer.stdout) if answer.stdout.startswith(
        "["
    ) else answer.output


def test_a_file_is_shown_as_what_it_would_become_and_nothing_is_recorded(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    code, told = run(folder, "try", "police", str(SAMPLES / "merlin-1.xml"))
    assert (code, told[0]["taken"], told[0]["as"]) == (0, True, "Notification")
    assert told[0]["made"]["reference"]
    with hub.database.reading() as connection:
        assert overview.last_position(connection) == 0


def test_what_would_be_set_aside_or_refused_is_told_with_field_and_cure(
    hub_: tuple[DemoFolder, Hub], tmp_path: Path
) -> None:
    file = tmp_path / "bad.xml"
    text = (SAMPLES / "merlin-1.xml").read_text("utf-8")
    start, end = text.index("<DateTime>"), text.index("</DateTime>")
    file.write_text(text[:start] + "<DateTime>yesterday" + text[end:], "utf-8")
    code, told = run(hub_[0], "try", "police", str(file))
    assert (code, told[0]["taken"]) == (0, True)
    (aside,) = told[0]["made"]["set_aside"]
    assert (aside["field"], aside["value"]) == ("Incident/DateTime", "yesterday")
    (warning,) = told[0]["warnings"]
    assert (warning["field"], warning["kept"]) == ("Incident/DateTime", "yesterday")
    assert warning["done"] == "The time at which it arrived is used instead."
    assert warning["cure"].endswith("Write it as was agreed: 31/03/2026 09:30.")
    said = CliRunner().invoke(
        main, ["connectors", "try", "police", str(file), "--config", str(hub_[0].config)]
    )
    assert "warning, invalid.time at Incident/DateTime: " in said.stdout
    assert "Write it as was agreed: 31/03/2026 09:30. Kept: yesterday" in said.stdout
    file.write_text("<MerlinFeed", "utf-8")
    code, told = run(hub_[0], "try", "police", str(file))
    assert (code, told[0]["taken"], told[0]["reason"]) == (1, False, "unreadable.xml")
    assert told[0]["cure"]


def test_an_agency_that_is_not_configured_is_said_to_be_so(hub_: tuple[DemoFolder, Hub]) -> None:
    code, told = run(hub_[0], "try", "nobody", str(SAMPLES / "merlin-1.xml"))
    assert code == 1
    assert "is not configured; one of: ambulance" in told


def test_the_list_names_ways_in_and_mappings(hub_: tuple[DemoFolder, Hub]) -> None:
    _, told = run(hub_[0], "list")
    police = next(row for row in told if row["agency"] == "police")
    assert (police["in"], police["mappings"]) == (["http"], ["merlin-xml"])


def test_an_agency_that_sends_hl7_is_listed_and_its_file_tried(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    config = hub_[0].config
    text = config.read_text("utf-8")
    config.write_text(
        text.replace('mapping = "merlin-xml"', 'mapping = "health-hl7"\nmllp = { port = 2575 }'),
        "utf-8",
    )
    _, told = run(hub_[0], "list")
    police = next(row for row in told if row["agency"] == "police")
    assert (police["in"], police["mappings"]) == (["http", "mllp"], ["health-hl7"])
    code, told = run(hub_[0], "try", "police", str(SAMPLES / "safeguarding.hl7"))
    assert (code, told[0]["taken"], told[0]["unread"]) == (0, True, [])
    assert told[0]["made"]["reference"] == "SG-2026-0117"


CLINIC = """
name = "clinic-csv"
about = "Concerns of a clinic, a row each"
makes = "notification"

[reader.csv]

[template]
reference = { from = "Number" }
observed_at = { from = "Seen on", as = "moment", format = "%d/%m/%Y %H:%M", required = true }
narrative = { from = "What happened" }

[[template.subject.name]]
given_name = { from = "First name", as = "words" }
family_name = { from = "Last name", as = "words" }

[template.subject.date_of_birth]
needs = "date"
date = { from = "Born", as = "date", format = "%d/%m/%Y" }
"""
HEADER = "Number,Seen on,What happened,First name,Last name,Born"
ROWS = [f"C-{n},31/03/2026 09:30,Seen alone.,Kim,Fox,31/03/2017" for n in range(1, 4)]


@pytest.fixture
def clinic(hub_: tuple[DemoFolder, Hub]) -> DemoFolder:
    """The police of the demo with the clinic's mapping."""
    folder, _ = hub_
    mapping = folder.config.parent / "clinic.toml"
    mapping.write_text(CLINIC, "utf-8")
    text = folder.config.read_text("utf-8")
    folder.config.write_text(text.replace('"merlin-xml"', f'"{mapping}"'), "utf-8")
    return folder


def tried(folder: DemoFolder, *lines: str, brief: bool = True) -> tuple[int, str]:
    file = folder.config.parent / "week.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    options = ["--config", str(folder.config), *(["--brief"] if brief else [])]
    answer = CliRunner().invoke(main, ["connectors", "try", "police", str(file), *options])
    return answer.exit_code, answer.output


def test_a_file_that_is_well_is_summed_up_in_a_line(clinic: DemoFolder) -> None:
    bad = ROWS[0].replace("31/03/2017", "last week")
    assert tried(clinic, HEADER, bad, *ROWS[1:]) == (
        0,
        "3 of 3 would be taken: 2 without warnings, 1 with; nothing was sent\n",
    )


def test_a_column_that_the_mapping_misspells_is_told_with_both_names_as_its_fault(
    clinic: DemoFolder,
) -> None:
    code, said = tried(clinic, HEADER.replace("Seen on", "Sen on"), *ROWS)
    assert code == 1
    assert "missing.column at Seen on on every record: probably the mapping's fault" in said
    assert "the file has Sen on" in said
    assert said.count("on every record: probably") == 1, "what follows from it is not told again"
    assert said.endswith(
        "3 of 3 would be taken: 3 without warnings, 0 with; the same on every record: "
        "missing.column Seen on (3); nothing was sent\n"
    )
    assert tried(clinic, HEADER.replace("Seen on", "Sen on"), ROWS[0])[0] == 1


def test_a_field_that_is_set_aside_on_every_record_is_told_as_the_mappings_fault(
    clinic: DemoFolder,
) -> None:
    rows = [row.replace("31/03/2017", "2017-03-31") for row in ROWS]
    code, said = tried(clinic, HEADER, *rows)
    assert code == 1
    assert "invalid.date at Born on every record: probably the mapping's fault" in said
    assert "3 of 3 would be taken: 3 without warnings, 0 with; the same on every" in said
    assert tried(clinic, HEADER, rows[0])[0] == 0, "of one row nobody knows"


def test_each_that_finds_no_child_anywhere_is_told_as_the_mappings_fault(
    hub_: tuple[DemoFolder, Hub], tmp_path: Path
) -> None:
    text = (SAMPLES / "report-1.xml").read_text("utf-8")
    config = hub_[0].config
    config.write_text(
        config.read_text("utf-8").replace('"merlin-xml"', '"police-report-xml"'), "utf-8"
    )
    file = tmp_path / "report.xml"
    file.write_text(text, "utf-8")
    assert run(hub_[0], "try", "police", str(file))[0] == 0
    file.write_text(text.replace("Kid ", "Nominal ").replace("Kid>", "Nominal>"), "utf-8")
    code, told = run(hub_[0], "try", "police", str(file))
    assert code == 1
    assert any(one.startswith("missing.child") for one in told[0]["on_every_record"])


def test_the_row_is_named_as_the_sender_counts_it(clinic: DemoFolder) -> None:
    code, said = tried(clinic, HEADER, *ROWS, brief=False)
    assert code == 0
    assert "record 1 (row 2): Notification" in said


def test_text_in_another_encoding_than_the_mapping_says_is_told(clinic: DemoFolder) -> None:
    rows = [row.replace("Kim", "Zoé") for row in ROWS]
    assert tried(clinic, HEADER, *rows)[0] == 0
    mapping = clinic.config.parent / "clinic.toml"
    mapping.write_text(CLINIC.replace("csv]", 'csv]\nencoding = "windows-1252"'), "utf-8")
    code, said = tried(clinic, HEADER, *rows)
    assert code == 1
    assert "text such as Ã© seems to be UTF-8 that was read as Windows-1252" in said
    assert "Zo" not in said


def test_brief_shows_nobody(clinic: DemoFolder) -> None:
    bad = ROWS[0].replace("31/03/2017", "last week")
    _, said = tried(clinic, HEADER, bad, ROWS[1], "one,two")
    assert "Kim" not in said
    assert "last week" not in said
    assert "record 3 (row 4): refused, unreadable.csv" in said
