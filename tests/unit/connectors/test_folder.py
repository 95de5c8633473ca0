"""A watched folder takes complete files only, answers each record, and survives a crash at any
point.
"""

import datetime as dt
import errno
import json
import os
import pwd
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors import folder as module
from connectors.directory import Directory, FolderUnsafe
from connectors.file_names import RECEIPTS
from connectors.folder import ScanReport, WatchedFolder
from connectors.port import Routes
from schemas.notification import Receipt
from stores.ports import Arrival, Intake, Paused, Unavailable

SOMEBODY = pwd.getpwnam("nobody").pw_uid
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    """The agency's folder."""
    made = tmp_path / "drop"
    made.mkdir(mode=0o700)
    return made


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The hub's own folder for the files of one agency."""
    return tmp_path / "work" / "yos"


@pytest.fixture
def watched(
    hub: Routes, intake: Intake, now: dt.datetime, drop: Path, work: Path
) -> Callable[[str], WatchedFolder]:
    def make(agency: str) -> WatchedFolder:
        return WatchedFolder(hub.by_code[agency], intake, drop, work=work, clock=lambda: now)

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
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    (drop / "week 11.csv").write_bytes((samples / "case-system.csv").read_bytes())
    report = scanned(watched("yos"))
    assert (report.files, report.accepted, report.rejected) == (1, 3, 0)
    assert [receipt["reference"] for receipt in receipts(drop)] == [
        "CS-26-00101",
        "CS-26-00102",
        "CS-26-00103",
    ]
    assert [path.name.endswith("week 11.csv") for path in (work / "done").iterdir()] == [True]
    assert list((work / "processing").iterdir()) == []


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


@pytest.mark.parametrize(
    "name",
    [
        ".hidden.csv",
        ".~lock.a.csv#",
        "~$a.csv",
        "a.csv.part",
        "a.csv.PARTIAL",
        "a.csv.tmp",
        "a.CSV.TMP",
        "a.csv.FilePart",
        "a.csv.uploading",
        "a.csv.crdownload",
        "~a.csv",
        "a.csv~",
        "a.csv.bak",
        "a.csv.WRITING",
        "a.csv.incomplete",
        "a.csv.inprogress",
        "a.csv.!ut",
        "a.csv.opdownload",
    ],
)
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
    watched: Watch, drop: Path, work: Path, samples: Path
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
    assert (folder.scan_once().files, len(list((work / "done").iterdir()))) == (0, 1)


@pytest.mark.parametrize("become", ["link", "pipe"])
def test_what_became_a_link_or_a_pipe_since_it_was_looked_at_is_not_read(
    watched: Watch, drop: Path, work: Path, samples: Path, become: str
) -> None:
    folder = watched("yos")
    (drop / "b.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder.scan_once()
    swapped = work / "processing" / "1-1-a.csv"
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


@pytest.mark.parametrize("name", ["processing", "receipts", "done"])
def test_a_link_in_the_agencys_folder_leads_to_no_other_agencys(
    watched: Watch, drop: Path, work: Path, samples: Path, tmp_path: Path, name: str
) -> None:
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    (other / "theirs.csv").write_text("a concern of another agency's")
    (drop / name).symlink_to(other)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    assert scanned(watched("yos")).accepted == 3
    assert os.listdir(other) == ["theirs.csv"]
    assert len(os.listdir(work / "done")) == 1


def test_receipts_wait_until_the_agencys_folder_can_have_them(
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    (drop / "receipts").symlink_to(work)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder = watched("yos")
    scanned(folder)
    assert len(os.listdir(work / "outgoing")) == 1
    (drop / "receipts").unlink()
    assert folder.scan_once().files == 0
    assert [receipt["status"] for receipt in receipts(drop)] == ["accepted"] * 3
    assert os.listdir(work / "outgoing") == []
    assert len(os.listdir(work / "receipts")) == 1


def test_a_folder_that_is_reached_by_a_link_is_refused(
    watched: Watch, drop: Path, tmp_path: Path
) -> None:
    (drop / "inner").mkdir(mode=0o700)
    (tmp_path / "way").symlink_to(drop)
    folder = watched("yos")
    for path in (tmp_path / "way", tmp_path / "way" / "inner"):
        folder.path = path
        with pytest.raises(FolderUnsafe, match="a link in its path"):
            folder.scan_once()


def test_what_an_earlier_version_had_claimed_is_taken_over_whatever_it_is_called(
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    for name in ("processing", "receipts", "done"):
        (drop / name).mkdir(mode=0o700)
    content = (samples / "case-system.csv").read_bytes()
    old = ("processing/nohyphens.csv", "processing/a.TMP", "done/00000000000000000001-7-old.csv")
    for path in old:
        (drop / path).write_bytes(content)
    (drop / "processing" / "link.csv").symlink_to((samples / "case-system.csv").absolute())
    report = watched("yos").scan_once()
    assert (report.files, report.accepted, report.rejected) == (2, 3, 1)
    assert sorted(name.rpartition("-")[2] for name in os.listdir(work / "done")) == [
        "a.TMP",
        "nohyphens.csv",
        "old.csv",
    ]
    assert os.listdir(drop / "processing") == ["link.csv"]
    assert not (drop / "done").exists()


def test_what_one_file_raises_the_others_do_not_wait_for(
    watched: Watch, drop: Path, intake: Intake, sample_record: dict[str, object]
) -> None:
    for number in (1, 2, 3):
        record = sample_record | {"source_reference": f"S-{number}"}
        (drop / f"{number}.jsonl").write_text(json.dumps(record))
    take = intake.take

    def faulty(arrivals: Sequence[Arrival]) -> list[Receipt]:
        if arrivals[0].reference == "S-1":
            raise ZeroDivisionError
        return take(arrivals)

    vars(intake)["take"] = faulty
    folder = watched("school")
    with pytest.raises(ZeroDivisionError):
        scanned(folder)
    assert [arrival.reference for arrival in vars(intake)["taken"]] == ["S-2", "S-3"]
    assert len(receipts(drop)) == 2


def test_a_file_that_the_hub_fails_over_is_kept_and_told(
    watched: Watch, drop: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> Iterator[Arrival]:
        raise ZeroDivisionError

    monkeypatch.setattr(module, "from_stream", failing)
    (drop / "fatal.csv").write_bytes((samples / "case-system.csv").read_bytes())
    scanned(watched("yos"))
    (receipt,) = receipts(drop)
    assert (receipt["status"], receipt["reason"]) == ("rejected", "undecidable")


@as_root
def test_receipts_belong_to_the_agencys_account(
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    folder = watched("yos")
    folder.owner = pwd.getpwuid(SOMEBODY).pw_name
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    for path in (drop, drop / "a.csv"):
        os.chown(path, SOMEBODY, -1)
    assert scanned(folder).accepted == 3
    told = [drop / "receipts", *(drop / "receipts").iterdir()]
    assert {path.stat().st_uid for path in told} == {SOMEBODY}
    assert {path.stat().st_uid for path in (work, work / "receipts")} == {os.getuid()}


def test_nobody_else_can_read_what_the_hub_keeps_of_a_drop(
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    scanned(watched("yos"))
    for path in (work.parent, work, *(work / "receipts").iterdir(), *work.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_a_copied_file_that_grows_on_is_taken_again(
    watched: Watch, drop: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_two_file_systems(monkeypatch)
    folder, whole = watched("yos"), (samples / "case-system.csv").read_bytes()
    half = whole[: whole.rindex(b"\n", 0, -1) + 1]
    with (drop / "a.csv").open("wb") as slow:
        slow.write(half)
        slow.flush()
        assert scanned(folder).accepted == 2
        slow.write(whole.removeprefix(half))
    report = folder.scan_once()
    assert (report.accepted, report.duplicates) == (1, 2)
    assert scanned(folder) == ScanReport()


def test_a_copied_file_is_deleted_once_it_has_stood_still_for_long(
    watched: Watch, drop: Path, samples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_two_file_systems(monkeypatch)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder = watched("yos")
    scanned(folder)
    assert [name[:7] for name in sorted(os.listdir(drop))] == [".taken-", "receipt"]
    later = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=module.LATE_SECONDS + 60)
    folder.clock = lambda: later
    folder.scan_once()
    assert os.listdir(drop) == ["receipts"]


def test_the_same_file_dropped_again_is_all_duplicates(
    watched: Watch, drop: Path, work: Path, samples: Path
) -> None:
    folder = watched("yos")
    for expected in (("accepted", 3), ("duplicates", 3)):
        (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
        assert getattr(scanned(folder), expected[0]) == expected[1]
    assert len(list((work / "done").iterdir())) == 2


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
    watched: Watch, drop: Path, work: Path, intake: Intake, samples: Path
) -> None:
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    vars(intake)["refusals_left"] = 1
    folder = watched("yos")
    with pytest.raises(Unavailable):
        scanned(folder)
    assert not list((work / "done").iterdir())
    assert folder.scan_once().accepted == 3


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("renames", [True, False])
@pytest.mark.parametrize("step", range(1, 9))
def test_a_crash_at_any_step_neither_loses_nor_repeats_a_record(
    watched: Watch,
    drop: Path,
    work: Path,
    intake: Intake,
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    renames: bool,
    after: bool,
) -> None:
    if not renames:
        on_two_file_systems(monkeypatch)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    with monkeypatch.context() as patch:
        crash_at(step, patch, intake, after=after)
        with suppress(Crash):
            scanned(watched("yos"))
    scanned(watched("yos"))
    references = [arrival.reference for arrival in vars(intake)["taken"]]
    assert references == ["CS-26-00101", "CS-26-00102", "CS-26-00103"]
    left = {name: os.listdir(work / name) for name in ("processing", "outgoing")}
    assert left == {"processing": [], "outgoing": []}
    assert len(list((work / "done").glob("*a.csv"))) == 1
    assert len(receipts(drop)) == 3
    assert not (drop / "a.csv").exists()


def crash_at(step: int, patch: pytest.MonkeyPatch, intake: Intake, *, after: bool) -> None:
    """At the n-th time that anything is recorded, renamed or copied; before or after it."""
    steps = iter(range(1, 1000))

    def crashing(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            now = next(steps) == step
            if now and not after:
                raise Crash
            result = original(*args, **kwargs)
            if now:
                raise Crash
            return result

        return call

    patch.setattr(intake, "take", crashing(intake.take))
    for name in ("move", "copy"):
        patch.setattr(Directory, name, crashing(getattr(Directory, name)))


def on_two_file_systems(patch: pytest.MonkeyPatch) -> None:
    """As if the agency's folder and the hub's were on different ones."""
    rename = os.rename

    def renamed(old: str, new: str, *, src_dir_fd: int, dst_dir_fd: int) -> None:
        if src_dir_fd != dst_dir_fd and not new.endswith(RECEIPTS):
            places = [os.readlink(f"/proc/self/fd/{fd}") for fd in (src_dir_fd, dst_dir_fd)]
            if len({"/work/" in place for place in places}) == 2:
                raise OSError(errno.EXDEV, "another file system")
        rename(old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    patch.setattr(os, "rename", renamed)


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_folder_that_others_can_write_is_refused(watched: Watch, drop: Path, mode: int) -> None:
    drop.chmod(mode)
    with pytest.raises(FolderUnsafe, match="chmod go-w"):
        watched("yos").scan_once()


@as_root
def test_a_file_of_another_account_is_left_and_the_others_are_taken(
    watched: Watch, drop: Path, samples: Path
) -> None:
    for name in ("a.csv", "b.csv"):
        (drop / name).write_bytes((samples / "case-system.csv").read_bytes())
    os.chown(drop / "a.csv", SOMEBODY, -1)
    with capture_logs() as lines:
        folder = watched("yos")
        assert [folder.scan_once().files for _ in range(3)] == [0, 1, 0]
    assert (drop / "a.csv").exists()
    left = [line for line in lines if line["event"] == "file.unreadable"]
    assert [line["error"] for line in left] == ["NotOwn"]


def test_of_a_folder_within_it_the_log_says_once_that_it_is_ignored(
    watched: Watch, drop: Path, samples: Path
) -> None:
    (drop / "week 11").mkdir()
    text = (samples / "case-system.csv").read_bytes()
    (drop / "week 11" / "a.csv").write_bytes(text)
    (drop / "b.csv").write_bytes(text)
    folder = watched("yos")
    with capture_logs() as lines:
        assert [folder.scan_once().files for _ in range(3)] == [0, 1, 0]
    told = [line for line in lines if line["event"] == "subfolder.ignored"]
    assert [(line["agency"], line["log_level"]) for line in told] == [("yos", "warning")]


@pytest.mark.parametrize("mode", [0o700, 0o750, 0o755])
def test_a_folder_that_others_can_only_read_is_taken(
    watched: Watch, drop: Path, samples: Path, mode: int
) -> None:
    drop.chmod(mode)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    folder = watched("yos")
    assert [folder.scan_once().files for _ in range(2)] == [0, 1]


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


class LetsWait:
    """An intake that takes what is of one format, and lets everything else wait."""

    def __init__(self, inner: Intake) -> None:
        self.inner = inner

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        if "csv" in arrivals[0].content_type:
            raise Paused(60.0)
        return self.inner.take(arrivals)


def test_a_file_that_waits_stays_and_others_have_their_turn(
    hub: Routes, intake: Intake, now: dt.datetime, drop: Path, work: Path, samples: Path
) -> None:
    lets_wait = LetsWait(intake)
    folder = WatchedFolder(hub.by_code["yos"], lets_wait, drop, work=work, clock=lambda: now)
    (drop / "a.csv").write_bytes((samples / "case-system.csv").read_bytes())
    (drop / "b.xml").write_bytes(b"<none/>")
    assert scanned(folder).files == 1
    assert [path.name for path in (work / "processing").iterdir()] == [
        path.name for path in (work / "processing").iterdir() if "a.csv" in path.name
    ]
    folder.intake = intake
    assert folder.scan_once().accepted == 3
