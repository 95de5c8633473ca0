"""The watched folder: an agency drops files, and finds a receipt for each of their records.

The folder is the agency's; the hub works in one of its own. A file goes from the agency's folder
to ``processing/`` and, once every record is recorded and its receipts are written to
``outgoing/``, to ``done/``. The receipts are then copied to ``receipts/`` of the agency's folder,
and kept in the hub's. A crash anywhere leaves a file in ``processing/``; it is then read again with
the same ids, so that nothing is lost and nothing counts twice (its receipts then say
``duplicate``). So is a file that its sender goes on writing after it was taken, because the writing
stood still for longer than a look.
"""

from __future__ import annotations

import datetime as dt
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import astuple, dataclass, field, replace
from hashlib import sha256
from itertools import islice
from operator import add
from pathlib import Path
from threading import Event
from typing import BinaryIO

import structlog

from connectors.directory import Directory, FolderUnsafe, opened, own
from connectors.events.envelope import from_stream, reread, why
from connectors.events.facts import Door
from connectors.file_names import RECEIPTS, claimed, copied, is_unfinished, of_copied, original
from connectors.formats.media import kind_of_file, name_of
from connectors.formats.records import Tally
from connectors.port import AgencyRoute
from schemas.message import derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.refusals import Refusal
from stores.keep_trying import Pauses, keep_working, logged
from stores.ports import Arrival, Intake, Paused, Unavailable

BATCH_SIZE = 500
"""Records taken in one transaction."""
POLL_SECONDS = 1.0
LONGEST_PAUSE = 30.0
"""Seconds between attempts while the store is away, at most."""
LATE_SECONDS = 900.0
"""How long a file that was taken is looked at again: it may go on growing."""
_MOST_TOLD = 1000
_COUNTS = ".manifest.json"
"""How the name of a file ends that holds how many its sender sent on a day."""
_COUNT = "application/json; type=mash.manifest.v1"
_OF_THE_HUB = frozenset({"receipts", "processing", "done"})
"""Folders in an agency's that the hub makes, or made when it still worked there."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one look at the folder came to: counts of files and records."""

    files: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    waiting: int = 0
    """Files that were still being written, or may be."""

    def __add__(self, other: ScanReport) -> ScanReport:
        return ScanReport(*map(add, astuple(self), astuple(other)))

    @classmethod
    def of(cls, receipts: Sequence[Receipt]) -> ScanReport:
        """These receipts, counted."""
        of = [receipt.status for receipt in receipts]
        return cls(
            accepted=of.count(ReceiptStatus.ACCEPTED),
            duplicates=of.count(ReceiptStatus.DUPLICATE),
            rejected=of.count(ReceiptStatus.REJECTED),
        )


@dataclass(frozen=True, slots=True)
class _Rooms:
    """The agency's folder, and those of the hub's own, all open."""

    drop: Directory
    processing: Directory
    outgoing: Directory
    """Receipts that are not in the agency's folder yet."""
    receipts: Directory
    """Those that are."""
    done: Directory


@dataclass(slots=True)
class WatchedFolder:
    """One agency's folder, looked at by one instance only."""

    route: AgencyRoute
    intake: Intake
    path: Path
    """The agency's: absolute, with no link in it."""
    work: Path
    """The hub's own, of this agency's files alone."""
    owner: str | None = None
    """The Unix account whose files are taken; None: that of the hub."""
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    stuck: Callable[[str], object] = lambda _: None
    """Hears of each file that cannot be taken; may raise ``Unavailable``."""
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Size and time of each file at the last look; unchanged at the next one, it is complete."""
    _taken: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)
    """Size and time of what lies in ``done/``, and until when (monotonic) it is looked at again."""
    _told: set[str] = field(default_factory=set)
    """Files of which the log says already that they cannot be taken."""
    _took_over: bool = False

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
        taken the next time. What else one file raises, it raises when the others had their turn.
        """
        with self._rooms() as rooms:
            self._take_over(rooms)
            self._take_back_what_grew(rooms.done, rooms.processing)
            self._look_at_copied(rooms.drop, rooms.processing)
            for name in rooms.outgoing.names():
                self._hand_out(name, rooms)
            return self._claim_what_is_complete(rooms) + self._take_all(rooms)

    @contextmanager
    def _rooms(self) -> Iterator[_Rooms]:
        with ExitStack() as held:
            drop = held.enter_context(opened(self.path, self.owner))
            work = held.enter_context(own(self.work, sender=drop.uid))
            names = ("processing", "outgoing", "receipts", "done")
            yield _Rooms(drop, *(held.enter_context(work.inner(name)) for name in names))

    @contextmanager
    def _apart(self, name: str, *, sent: bool = True) -> Iterator[None]:
        """What cannot be read or moved stays; the log says so once, and others have their turn.

        ``sent``: it is still its sender's, who may take it back; the hub's own files do not vanish.
        """
        try:
            yield
        except (OSError, FolderUnsafe) as error:
            if sent and isinstance(error, FileNotFoundError):
                self._told.discard(name)
            else:
                self._leave(name, type(error).__name__)
        else:
            self._told.discard(name)

    def _leave(self, name: str, error: str) -> None:
        if name not in self._told:
            self.stuck(name)
            if len(self._told) >= _MOST_TOLD:
                self._told.clear()
            self._told.add(name)
            log.error("file.unreadable", connector="folder", agency=self.route.code, error=error)

    def _pass_over(self, name: str) -> None:
        """Say once of a folder in the agency's that nothing in it is taken."""
        if name not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(name)
            log.warning("subfolder.ignored", connector="folder", agency=self.route.code)

    # --- which files

    def _claim_what_is_complete(self, rooms: _Rooms) -> ScanReport:
        """Files unchanged since the last look are claimed; counts those still being written."""
        marks = dict(self._dropped(rooms.drop))
        ready = [name for name, mark in marks.items() if self._seen.get(name) == mark]
        self._seen = {name: mark for name, mark in marks.items() if name not in ready}
        for name in ready:
            with self._apart(name):
                self._claim(name, rooms)
        return ScanReport(waiting=len(self._seen))

    def _dropped(self, drop: Directory) -> Iterator[tuple[str, tuple[int, int]]]:
        for name in drop.names():
            if is_unfinished(name):
                continue
            with suppress(FileNotFoundError):  # its sender took it back
                info = drop.info(name)
                if drop.counts(info):
                    yield name, _mark(info)
                elif not stat.S_ISDIR(info.st_mode):
                    self._leave(name, "NotOwn")
                elif name not in _OF_THE_HUB:
                    self._pass_over(name)

    def _claim(self, name: str, rooms: _Rooms) -> None:
        """Into ``processing/``; of one on another file system a hidden original stays behind."""
        info = rooms.drop.info(name)
        if not rooms.drop.moved(name, rooms.processing, new=claimed(name, info)):
            rooms.drop.move(name, rooms.drop, new=copied(name, info))

    def _take_over(self, rooms: _Rooms) -> None:
        """What the hub had claimed when it still worked in the agency's folder."""
        if self._took_over:
            return
        for name, to in (("processing", rooms.processing), ("done", rooms.done)):
            if name in rooms.drop.names():
                with self._apart(name), rooms.drop.inner(name, make=False) as left:
                    self._take_over_all(left, to)
                rooms.drop.remove_empty(name)
        self._took_over = True

    def _take_over_all(self, left: Directory, to: Directory) -> None:
        for name in left.names():
            with self._apart(name):
                info = left.info(name)
                if not left.counts(info):
                    self._leave(name, "NotOwn")
                elif not left.moved(name, to, new=claimed(original(name), info)):
                    left.remove(name)

    def _take_back_what_grew(self, done: Directory, processing: Directory) -> None:
        for name, (mark, until) in list(self._taken.items()):
            with suppress(FileNotFoundError):  # somebody has cleared it away
                if _mark(done.info(name)) != mark:
                    done.move(name, processing, new=name)
                elif time.monotonic() < until:
                    continue
            del self._taken[name]

    def _look_at_copied(self, drop: Directory, processing: Directory) -> None:
        """Copy one that grew again, to be taken again; delete one that stood still for long."""
        for name in drop.names():
            if known := of_copied(name):
                mark, as_dropped = known
                with self._apart(name):
                    info = drop.info(name)
                    if _mark(info) != mark:
                        drop.copy(name, processing, new=claimed(as_dropped, info))
                        drop.move(name, drop, new=copied(as_dropped, info))
                    elif self.clock().timestamp() - info.st_ctime > LATE_SECONDS:
                        drop.remove(name)

    # --- what is in them

    def _take_all(self, rooms: _Rooms) -> ScanReport:
        report, failed = ScanReport(), list[Exception]()
        for name in sorted(rooms.processing.names()):
            if name.startswith("."):  # a copy that a killed process had begun
                continue
            try:
                with self._apart(name, sent=False):
                    report += self._take(name, rooms)
            except Paused:  # a file that holds nothing of a Red stays; others have their turn
                continue
            except Unavailable:
                raise
            except Exception as error:  # noqa: BLE001 - raised again when the others had their turn
                failed.append(error)
        if failed:
            raise failed[0]
        return report

    def _take(self, name: str, rooms: _Rooms) -> ScanReport:
        mark = _mark(rooms.processing.info(name))
        report = self._record(name, rooms)
        self._settle(name, rooms)
        self._taken[name] = mark, time.monotonic() + LATE_SECONDS
        log.info("file.taken", agency=self.route.code, connector="folder", count=report.accepted)
        self._hand_out(name + RECEIPTS, rooms)
        return replace(report, files=1)

    def _record(self, name: str, rooms: _Rooms) -> ScanReport:
        """Have every record taken, and its receipts written."""
        report, receipts = ScanReport(), rooms.outgoing.written(name + RECEIPTS)
        with rooms.processing.read(name) as stream, receipts as told:
            arrivals = self._arrivals(original(name), stream)
            while batch := list(islice(arrivals, BATCH_SIZE)):
                report += ScanReport.of(answers := self.intake.take(batch))
                told.writelines(_line(receipt, original(name)) for receipt in answers)
        return report

    def _settle(self, name: str, rooms: _Rooms) -> None:
        rooms.processing.move(name, rooms.done, new=name)
        rooms.processing.sync()

    def _hand_out(self, name: str, rooms: _Rooms) -> None:
        """Receipts to the agency; where that cannot be, they wait until it can."""
        if name.startswith("."):
            return
        with self._apart(name, sent=False), rooms.drop.inner("receipts") as theirs:
            rooms.outgoing.copy(name, theirs, new=name)
            rooms.outgoing.move(name, rooms.receipts, new=name)

    def _arrivals(self, filename: str, stream: BinaryIO) -> Iterator[Arrival]:
        """Every record, under an id that is the same whenever the file is read."""
        door = Door(self.route, "folder", self.clock())
        for number, arrival in enumerate(read_file(door, stream, filename=filename), start=1):
            content = sha256(arrival.original).hexdigest()
            id_ = derived_id("folder", self.route.code, content, str(number))
            yield replace(arrival, event_id=id_)


def _line(receipt: Receipt, filename: str) -> bytes:
    """A receipt as its sender finds it: with the name of its file."""
    told = receipt.model_copy(update={"file": filename})
    return told.model_dump_json(exclude_none=True).encode("utf-8", "replace") + b"\n"


def read_file(
    door: Door, stream: BinaryIO, *, filename: str, tally: Tally | None = None
) -> Iterator[Arrival]:
    """An arrival, without an id, for each record of a file, whose name says its format; of a day's
    count one, whatever else the agency's files are.
    """
    if filename.endswith(_COUNTS):
        said = stream.read(door.route.largest)
        yield from reread(door, said, content_type=_COUNT, event_id=None)
        return
    form = door.route.format_of_file(filename)
    refusal = Refusal("unknown.format", expected=door.route.sends)
    if form is not None:
        try:
            yield from from_stream(door, stream, form=form, tally=tally)
            return
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - see why
            refusal = why(error, door)
            stream.seek(0)
    original, content_type = stream.read(door.route.largest), name_of(kind_of_file(filename))
    yield door.arrival(refusal, original, content_type=content_type)


def _mark(info: os.stat_result) -> tuple[int, int]:
    return info.st_size, info.st_mtime_ns
