"""A watched folder takes complete files only, answers each record, and survives a crash at any
point.
"""

import datetime as dt
import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from connectors import folder as module
from connectors.folder import FolderUnsafe, ScanReport, WatchedFolder
from connectors.port import Routes
from schemas.notification import Receipt
from stores.ports import Arrival, Intake, Unavailable


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def watched(
    hub: Routes, intake: Intake, now: dt.datetime, drop: Path
) -> Callable[[str], WatchedFolder]:
    def make(agency: str) -> WatchedFolder:
        return WatchedFolder(hub.by_code[agency], intake, drop, clock=lambda: now)

    return make


def scanned(folder: WatchedFolder) -> ScanReport:
    """A first look sees what is there, a second one takes what has not changed since."""
    folder.scan_once()
    return folder.scan_once()


def receipts(drop: Path) -> list[dict[str, object]]:
    files = sorted((drop / "receipts").iterdir())
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


Watch = Callable[[str], WatchedFolder]


def test_each_row_of_a_dropped_file_is_a_message_with_a_receipt(
    watched: Watch, drop: Path, samples: Path
) -> None:
    (drop / "week 11.csv").write_bytes((samples / "case-system.csv").read_bytes())
    report = scanned(watched("yos"))
    assert (report.files, report.accepted, report.rejected) == (1, 3, 0)
    assert [receipt["reference"] for receipt in receipts(drop)] == [
        "CS-26-00101",
        "CS-26-00102",
        "CS-26-00103",
    ]
    assert [path.name.endswith("week 11.csv") for path in (drop / "done").iterdir()] == [True]
    assert list((drop / "processing").iterdir()) == []


def test_a_bad_row_is_a_receipt_among_receipts(watched: Watch, drop: Path, samples: Path) -> None:
    text = (samples / "case-system.csv").read_text().replace("20/07/2026", "July")
    (drop / "a.csv").write_text(text)
    scanned(watched("yos"))
    assert [r["status"] for r in receipts(drop)] == ["accepted", "accepted", "accepted"]


def test_the_files_name_tells_open_cases_from_notifications(
    watched: Watch, drop: Path, samples: Path
) -> None:
    for name in ("open-cases.csv", "case-system.csv"):
        (drop / name).write_bytes((samples / name).read_bytes())
    assert scanned(watched("csc")).accepted == 5


def test_xml_and_json_lines_are_taken_too(
    watched: Watch, drop: Path, samples: Path, sample_record: dict[str, object]
) -> None:
    (drop / "m.XML").write_bytes((samples / "merlin-3.xml").read_bytes())
    assert scanned(watched("police")).accepted == 2
    (drop / "s.jsonl").write_text(
        json.dumps(sample_record) + "\n" + json.dumps(sample_record) + "\n"
    )
    assert scanned(watched("school")).accepted == 2


def test_a_file_of_no_known_format_is_one_refusal(watched: Watch, drop: Path) -> None:
    (drop / "letter.docx").write_bytes(b"PK")
    (drop / "empty.csv").write_bytes(b"")
    assert scanned(watched("yos")).rejected == 2
    assert sorted(str(receipt["reason"]) for receipt in receipts(drop)) == [
        "unknown.format",
        "unreadable.empty",
    ]


@pytest.mark.parametrize("name", [".hidden.csv", "a.csv.part", "a.csv.tmp", "a.csv.filepart"])
def test_a_file_that_says_it_is_unfinished_is_left_alone(
    watched: Watch, drop: Path, name: str
) -> None:
    (drop / name).write_bytes(b"x")
    assert scanned(watched("yos")) == ScanReport()
    assert (drop / name).exists()


def test_a_file_that_still_grows_is_left_alone_until_it_does_not(
    watched: Watch, drop: Path, samples: Path
) -> None:
    folder, whole = watched("yos"), (samples / "case-system.csv").read_bytes()
    (drop / "a.csv").write_bytes(whole[:400])
    assert folder.scan_once().waiting == 1
    (drop / "a.csv").write_bytes(whole)
    assert (folder.scan_once().files, folder.scan_once().accepted) == (0, 3)


def test_a_file_that_grows_on_after_it_was_taken_is_taken_again(
    watched: Watch, drop: Path, samples: Path
) -> None:
    folder, whole = watched("yos"), (samples / "case-system.csv").read_bytes()
    half = whole[: whole.rindex(b"\n", 0, -1) + 1]
    with (drop / "a.csv").open("wb") as slow:
        slow.write(half)
        slow.flush()
        assert scanned(folder).accepted == 2
        slow.write(whole.removeprefix(half))
    report = folder.scan_once()
    assert (report.accepted, report.duplicates) == (1, 2)
    assert (folder.scan_once().files, len(list((drop / "done").iterdir()))) == (0, 1)


@pytest.mark.parametrize("become", ["link", "pipe"])
def test_what_became_a_link_or_a_pipe_since_it_was_looked_at_is_not_read(
    watched: Watch, drop: Path, samples: Path, become: str
) -> None:
    folder = watched("yos")
    (drop / "b.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder.scan_once()
    swapped = drop / "processing" / "1-1-a.csv"
    swapped.symlink_to((samples / "case-system.csv").absolute()) if become == "link" else os.mkfifo(
        swapped
    )
    report = folder.scan_once()
    assert (report.accepted, report.files) == (3, 1)
    assert os.path.lexists(swapped)


def test_a_link_to_somewhere_else_is_not_followed(
    watched: Watch, drop: Path, samples: Path
) -> None:
    (drop / "a.csv").symlink_to((samples / "case-system.csv").absolute())
    assert scanned(watched("yos")).files == 0


def test_the_same_file_dropped_again_is_all_duplicates(
    watched: Watch, drop: Path, samples: Path
) -> None:
    folder = watched("yos")
    for expected in (("accepted", 3), ("duplicates", 3)):
        (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
        assert getattr(scanned(folder), expected[0]) == expected[1]
    assert len(list((drop / "done").iterdir())) == 2


def test_a_large_file_is_taken_in_batches(
    watched: Watch, drop: Path, intake: Intake, sample_record: dict[str, object]
) -> None:
    sizes: list[int] = []
    take = intake.take

    def counted(arrivals: Sequence[Arrival]) -> list[Receipt]:
        sizes.append(len(arrivals))
        return take(arrivals)

    vars(intake)["take"] = counted
    lines = [json.dumps(sample_record | {"source_reference": f"S-{n}"}) for n in range(1001)]
    (drop / "a.jsonl").write_text("\n".join(lines))
    assert scanned(watched("school")).accepted == 1001
    assert sizes == [500, 500, 1]


def test_while_the_store_is_away_the_file_waits_and_is_then_taken_once(
    watched: Watch, drop: Path, intake: Intake, samples: Path
) -> None:
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    vars(intake)["refusals_left"] = 1
    folder = watched("yos")
    with pytest.raises(Unavailable):
        scanned(folder)
    assert not list((drop / "done").iterdir())
    assert folder.scan_once().accepted == 3


@pytest.mark.parametrize(
    "moment", ["before take", "after take", "before receipts", "before done", "after done"]
)
def test_a_crash_at_any_moment_neither_loses_nor_repeats_a_record(
    watched: Watch,
    drop: Path,
    intake: Intake,
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
) -> None:
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    with monkeypatch.context() as patch:
        crash_at(moment, patch, intake)
        with pytest.raises(Crash):
            scanned(watched("yos"))
    scanned(watched("yos"))
    references = [arrival.reference for arrival in vars(intake)["taken"]]
    assert references == ["CS-26-00101", "CS-26-00102", "CS-26-00103"]
    assert [
        len(list((drop / name).glob("*a.csv*"))) for name in ("processing", "receipts", "done")
    ] == [0, 1, 1]
    assert len(receipts(drop)) == 3


def crash_at(moment: str, patch: pytest.MonkeyPatch, intake: Intake) -> None:
    take, rename = intake.take, Path.rename

    def taken(arrivals: Sequence[Arrival]) -> None:
        if moment == "after take":
            take(arrivals)
        raise Crash

    def renamed(path: Path, target: Path) -> Path:
        if {"before receipts": "receipts", "before done": "done"}.get(moment) == target.parent.name:
            raise Crash
        made = rename(path, target)
        if moment == "after done" and target.parent.name == "done":
            raise Crash
        return made

    if moment.endswith("take"):
        patch.setattr(intake, "take", taken)
    else:
        patch.setattr(Path, "rename", renamed)


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_can_write_is_refused(watched: Watch, drop: Path, mode: int) -> None:
    drop.chmod(mode)
    with pytest.raises(FolderUnsafe, match="chmod go-w"):
        watched("yos").scan_once()


def test_a_file_of_another_account_is_refused_before_any_is_taken(
    watched: Watch, drop: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder = watched("yos")
    folder.scan_once()
    monkeypatch.setattr(module, "_uid", lambda _: os.getuid() + 1)
    with pytest.raises(FolderUnsafe, match="not the agency's account's own"):
        folder.scan_once()
    assert not list((drop / "processing").iterdir())


def test_a_folder_or_account_that_is_not_there_is_named_as_such(watched: Watch, drop: Path) -> None:
    folder = watched("yos")
    folder.owner = "no-such-account"
    with pytest.raises(FolderUnsafe, match="no account"):
        folder.scan_once()
    folder.owner, folder.path = None, drop / "nowhere"
    with pytest.raises(FolderUnsafe, match="no such folder"):
        folder.scan_once()


def test_a_very_long_file_name_is_no_obstacle(watched: Watch, drop: Path, samples: Path) -> None:
    (drop / ("x" * 250 + ".csv")).write_bytes((samples / "case-system.csv").read_bytes())
    assert scanned(watched("yos")).accepted == 3


def test_watching_goes_on_until_told_to_stop(
    watched: Watch, drop: Path, intake: Intake, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0.001)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    stop = threading.Event()
    vars(intake)["on_take"] = stop.set
    watched("yos").run(stop)
    assert len(receipts(drop)) == 3
