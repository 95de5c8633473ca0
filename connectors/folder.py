"""The watched folder: an agency drops files, and finds a receipt for each of their records.

A file goes from the folder to ``processing/`` (claimed by rename) and, once every record is
recorded and its receipts are written to ``receipts/``, to ``done/``. A crash anywhere leaves it in
``processing/``; it is then read again with the same ids, so that nothing is lost and nothing counts
twice (its receipts then say ``duplicate``). So is a file that its sender goes on writing after it
was taken, because the writing stood still for longer than a look.
"""

from __future__ import annotations

import datetime as dt
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from pathlib import Path
from threading import Event
from typing import BinaryIO

import structlog

from connectors.events.envelope import from_stream
from connectors.events.facts import Door
from connectors.formats.media import kind_of_file, name_of
from connectors.port import AgencyRoute
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.refusals import Refusal
from stores.keep_trying import Pauses, keep_working, logged
from stores.ports import Arrival, Intake

BATCH_SIZE = 500
"""Records taken in one transaction."""
POLL_SECONDS = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between attempts while the store is away, at most."""
LATE_SECONDS = 900.0
"""How long a file that was taken is looked at again: it may go on growing."""
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")

log = structlog.get_logger()


class FolderUnsafe(Exception):
    """Others than the agency's account can write there; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one look at the folder came to: counts of files and records."""

    files: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    waiting: int = 0
    """Files that were still being written, or may be."""

    def plus(self, receipts: Sequence[Receipt]) -> ScanReport:
        """With these receipts counted."""
        of = [receipt.status for receipt in receipts]
        return replace(
            self,
            accepted=self.accepted + of.count(ReceiptStatus.ACCEPTED),
            duplicates=self.duplicates + of.count(ReceiptStatus.DUPLICATE),
            rejected=self.rejected + of.count(ReceiptStatus.REJECTED),
        )


@dataclass(slots=True)
class WatchedFolder:
    """One agency's folder, looked at by one instance only."""

    route: AgencyRoute
    intake: Intake
    path: Path
    owner: str | None = None
    """The Unix account whose files are taken; None: that of the hub."""
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Size and time of each file at the last look; unchanged at the next one, it is complete."""
    _taken: dict[Path, tuple[tuple[int, int], float]] = field(default_factory=dict)
    """Size and time of what lies in ``done/``, and until when (monotonic) it is looked at again."""

    @property
    def name(self) -> str:
        """For the log and ``hub status``."""
        return f"folder:{self.route.code}"

    def run(self, stop: Event) -> None:
        """Look every second until ``stop`` is set, and less often while the store is away.

        Raises ``FolderUnsafe``: whoever runs it shows that, and tries again.
        """
        keep_working(
            self._work,
            stop,
            failed=logged("store.unavailable", connector="folder", agency=self.route.code),
            pauses=Pauses(POLL_SECONDS, LONGEST_PAUSE),
        )

    def _work(self) -> float:
        self.scan_once()
        return POLL_SECONDS

    def scan_once(self) -> ScanReport:
        """Take every file that is complete.

        Raises ``FolderUnsafe`` before it has taken any, and ``Unavailable``: what is left then is
        taken the next time.
        """
        self._prepare()
        self._take_back_what_grew()
        complete, report = self._complete_files()
        for path in complete:
            self._claim(path)
        for path in sorted((self.path / "processing").iterdir()):
            try:
                report = self._take(path, report)
            # This file cannot be read or moved; it stays, and the next ones have their turn.
            except OSError as error:
                log.error(
                    "file.unreadable",
                    connector="folder",
                    agency=self.route.code,
                    error=type(error).__name__,
                )
        return report

    # --- which files

    def _prepare(self) -> None:
        check_folder(self.path, self.owner)
        for name in ("processing", "receipts", "done"):
            (self.path / name).mkdir(mode=0o700, exist_ok=True)

    def _complete_files(self) -> tuple[list[Path], ScanReport]:
        """Files unchanged since the last look, and how many may still be written."""
        marks = {path: _mark(info) for path, info in self._dropped()}
        ready = [path for path, mark in marks.items() if self._seen.get(path.name) == mark]
        self._seen = {path.name: mark for path, mark in marks.items() if path not in ready}
        return ready, ScanReport(waiting=len(self._seen))

    def _dropped(self) -> Iterator[tuple[Path, os.stat_result]]:
        uid = _uid(self.owner)
        for path in self.path.iterdir():
            if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
                continue
            try:
                info = path.lstat()
            except FileNotFoundError:  # its sender took it back
                continue
            if not stat.S_ISREG(info.st_mode):
                continue
            if info.st_uid != uid or info.st_mode & stat.S_IWOTH:
                raise FolderUnsafe(
                    "a file there is not the agency's account's own, or everybody may write it"
                )
            yield path, info

    def _claim(self, path: Path) -> None:
        """Into ``processing/``, in the order of time, under a name that comes only once."""
        with suppress(FileNotFoundError):  # its sender took it back
            info = path.stat()
            mark = f"{info.st_mtime_ns:020d}-{info.st_ino}-"
            path.rename(self.path / "processing" / (mark + _shortened(path.name)))

    def _take_back_what_grew(self) -> None:
        for path, (mark, until) in list(self._taken.items()):
            with suppress(FileNotFoundError):  # somebody has cleared it away
                if _mark(path.lstat()) != mark:
                    path.rename(self.path / "processing" / path.name)
                elif time.monotonic() < until:
                    continue
            del self._taken[path]

    # --- what is in them

    def _take(self, path: Path, report: ScanReport) -> ScanReport:
        written = self.path / "receipts" / f"{path.name}.receipts.jsonl"
        unfinished = written.with_name(f".{written.name}.part")
        with _opened(path) as stream, unfinished.open("wb") as receipts:
            mark = _mark(os.fstat(stream.fileno()))
            arrivals = self._arrivals(path, stream)
            while batch := list(islice(arrivals, BATCH_SIZE)):
                report = report.plus(answers := self.intake.take(batch))
                told = (_line(receipt, path) for receipt in answers)
                receipts.writelines(told)
            receipts.flush()
            os.fsync(receipts.fileno())
        unfinished.rename(written)
        _sync(written.parent)
        done = self.path / "done" / path.name
        path.rename(done)
        self._taken[done] = mark, time.monotonic() + LATE_SECONDS
        _sync(path.parent)
        log.info("file.taken", agency=self.route.code, connector="folder", count=report.accepted)
        return replace(report, files=report.files + 1)

    def _arrivals(self, path: Path, stream: BinaryIO) -> Iterator[Arrival]:
        """Every record, under an id that is the same whenever the file is read."""
        filename = _dropped_as(path)
        door = Door(self.route, "folder", self.clock())
        for number, arrival in enumerate(read_file(door, stream, filename=filename), start=1):
            content = sha256(arrival.original).hexdigest()
            id_ = derived_id("folder", self.route.code, content, str(number))
            yield replace(arrival, event_id=id_)


def _dropped_as(path: Path) -> str:
    """The name under which a claimed file was dropped."""
    return path.name.split("-", 2)[2]


def _line(receipt: Receipt, path: Path) -> bytes:
    """A receipt as its sender finds it: with the name of its file."""
    told = receipt.model_copy(update={"file": _dropped_as(path)})
    return told.model_dump_json(exclude_none=True).encode("utf-8", "replace") + b"\n"


def read_file(door: Door, stream: BinaryIO, *, filename: str) -> Iterator[Arrival]:
    """An arrival, without an id, for each record of a file, whose name says its format."""
    if form := door.route.format_of_file(filename):
        yield from from_stream(door, stream, form=form)
    else:
        refusal, original = Refusal("unknown.format"), stream.read(door.route.largest)
        content_type = name_of(kind_of_file(filename))
        yield door.arrival(refusal, original, content_type=content_type)


def check_folder(path: Path, owner: str | None) -> None:
    """Refuse a folder that others than the hub and ``owner`` can write to."""
    try:
        info = path.stat()
    except FileNotFoundError:
        raise FolderUnsafe(
            "there is no such folder: make it, owned by the agency's account, with mode 0700"
        ) from None
    if not stat.S_ISDIR(info.st_mode):
        raise FolderUnsafe(
            "this is no folder: make one, owned by the agency's account, with mode 0700"
        )
    if info.st_mode & 0o022:
        raise FolderUnsafe("the folder can be written by its group or by everybody: chmod go-w")
    if info.st_uid not in {_uid(owner), os.getuid()}:
        raise FolderUnsafe("the folder belongs to another account than the agency's: chown it")


def _mark(info: os.stat_result) -> tuple[int, int]:
    return info.st_size, info.st_mtime_ns


def _opened(path: Path) -> BinaryIO:
    """The file for reading; no link and no pipe, which it may have become since the look."""
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError("no regular file")
    return stream


def _uid(owner: str | None) -> int:
    if owner is None:
        return os.getuid()
    try:
        return pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise FolderUnsafe(
            "there is no account of the name that the configuration gives as owner"
        ) from None


def _shortened(name: str) -> str:
    """A file name with room for what is put around it; beginning and suffix are kept."""
    raw = os.fsencode(name)
    return name if len(raw) <= 150 else os.fsdecode(raw[:100] + raw[-50:])


def _sync(folder: Path) -> None:
    """Make the renames in a folder last through a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
