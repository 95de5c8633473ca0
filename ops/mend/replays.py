"""Replays as jobs: planned, started in a process of their own, watched, cancelled, and told of.

A job decides everything again in memory, by a connection that refuses writes, and compares: it
publishes nothing and moves no consumer. It lies in a folder of its own beside the hub's others,
with what was planned, how far it is, and its report: ids, counts and times, nothing of a child.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from socket import gethostname
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from ops.access.acting import Asker
from ops.access.recording import accessed
from ops.look.reading import Readable
from ops.look.replay_report import Wanted
from ops.mend.dead_letters import Refused
from ops.run.wiring import Hub, work_folder
from schemas.access import Act, Resource
from schemas.topics import TOPICS
from stores import codec, overview, replaying

_FOLDER: Final = "replays"
_KEPT: Final = 100
"""Jobs whose reports are kept; older ones go."""
_SILENT: Final = 120.0
"""Seconds without a sign of life after which a job is interrupted: it gives one every second, but
gives way to all else.
"""
_RATE: Final = 1_500
"""Facts a second until one was measured here: two slow cores decide about so many with the hub at
work beside.
"""
PLANNED, RUNNING, DONE, CANCELLED, FAILED, INTERRUPTED = (
    *("planned", "running", "done", "cancelled", "failed", "interrupted"),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a job is to do: written once."""

    job_id: str
    by: str
    why: str
    asked_at: dt.datetime
    wanted: Wanted
    facts: int
    """So many are compared, as far as the plan can tell."""
    decided: int
    """So many are decided again for that: later ones stand on earlier ones."""
    seconds: int
    """So long it may take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, as its process says."""

    state: str = PLANNED
    started_by: str | None = None
    started_at: dt.datetime | None = None
    beat_at: dt.datetime | None = None
    process: int | None = None
    machine: str | None = None
    inputs: int = 0
    done: int = 0
    error: str | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process is there, as far as can be seen from here, and says something."""
        silent = self.beat_at is None or (_now() - self.beat_at).total_seconds() > _SILENT
        if silent or self.process is None or self.machine != gethostname():
            return not silent
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            """It is another account's: what it says counts."""
        return True


@dataclass(frozen=True, slots=True)
class Job:
    """One replay."""

    plan: Plan
    progress: Progress = field(default_factory=Progress)
    report: Mapping[str, Any] | None = None
    cancelled: bool = False

    @property
    def state(self) -> str:
        """Where it stands: whose process says nothing any more is interrupted."""
        if self.report is not None:
            return DONE
        if self.progress.state != RUNNING:
            return self.progress.state
        if self.progress.is_alive:
            return RUNNING
        return CANCELLED if self.cancelled else INTERRUPTED

    @property
    def can_start(self) -> bool:
        """Whether it can be started, or started again."""
        return self.state in (PLANNED, CANCELLED, FAILED, INTERRUPTED)

    @property
    def percent(self) -> int:
        """How much of it is decided."""
        return 100 * self.progress.done // self.progress.inputs if self.progress.inputs else 0


_PLAN: TypeAdapter[Plan] = TypeAdapter(Plan)
_PROGRESS: TypeAdapter[Progress] = TypeAdapter(Progress)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _root(hub: Readable, folder: Path) -> Path:
    return work_folder(hub.settings, folder) / _FOLDER


def place_of(hub: Readable, folder: Path, job_id: str) -> Path:
    """The folder of a job. Raises :class:`Refused`."""
    try:
        place = _root(hub, folder) / str(UUID(job_id))
    except ValueError:
        place = None
    if place is None or not (place / "plan.json").is_file():
        raise Refused(f"there is no replay {job_id}; see `hub replays list`")
    return place


def jobs(hub: Readable, folder: Path) -> list[Job]:
    """All that are kept, the newest first."""
    root = _root(hub, folder)
    plans = sorted(root.glob("*/plan.json")) if root.is_dir() else []
    found = [_read(plan.parent) for plan in plans]
    return sorted(found, key=lambda job: job.plan.asked_at, reverse=True)


def job(hub: Readable, folder: Path, job_id: str) -> Job:
    """One of them. Raises :class:`Refused`."""
    return _read(place_of(hub, folder, job_id))


def _read(place: Path) -> Job:
    plan = _PLAN.validate_json((place / "plan.json").read_bytes())
    progress = Progress()
    try:
        progress = _PROGRESS.validate_json((place / "progress.json").read_bytes())
    except FileNotFoundError:
        """It was never started."""
    report = None
    if (done := place / "report.json").is_file():
        report = json.loads(done.read_bytes())
    return Job(plan, progress, report, (place / "cancel").exists())


# --- planning


def plan(hub: Hub, wanted: Wanted, *, asker: Asker) -> Job:
    """What a replay would take; it is recorded who wants it and why. Raises ``Denied`` where the
    rules do not let them, or :class:`Refused` for what does not exist.
    """
    facts, decided = _counted(hub, wanted)
    job_id = str(uuid4())
    permitted(hub, job_id, asker=asker)
    by, why = asker.who or "", asker.why or ""
    seconds = max(1, decided // _rate(hub))
    made = Plan(job_id, by, why, _now(), wanted, facts, decided, seconds)
    place = _root(hub, hub.folder) / job_id
    place.mkdir(parents=True, mode=0o700)
    _write(place / "plan.json", _PLAN.dump_json(made))
    _forget_old(hub)
    return _read(place)


def permitted(hub: Hub, job_id: str, *, asker: Asker) -> None:
    """Record that somebody plans, starts or cancels this replay. Raises ``Denied`` where the rules
    do not let them, which is recorded too.
    """
    with hub.database.transaction() as transaction:
        asked = {"wanted": job_id, "about": job_id}
        act, resource = Act.REPLAY, Resource.TRAIL
        no = accessed(hub, transaction, asker=asker, act=act, resource=resource, **asked)
    if no is not None:
        raise no


def _counted(hub: Hub, wanted: Wanted) -> tuple[int, int]:
    """How many facts are wanted, and how many have to be decided for that."""
    topic = next((one for one in TOPICS if one.name == wanted.topic), None)
    if wanted.topic and topic is None:
        raise Refused(f"there is no topic {wanted.topic}; see `hub topology`")
    types = [fact.type for fact in topic.facts] if topic else None
    with hub.database.reading() as connection:
        first, last = wanted.first or 0, overview.last_position(connection)
        if wanted.since is not None:
            first = max(first, overview.position_before(connection, wanted.since) + 1)
        upto = last if wanted.last is None else min(last, wanted.last)
        if wanted.until is not None:
            upto = min(upto, overview.position_before(connection, wanted.until + 1))
        about = wanted.about
        if about is not None and not (
            about.isprintable() and replaying.is_known(connection, about)
        ):
            raise Refused(f"nothing is recorded under {about!r}: check the id of the case")
        within = (first, upto)
        facts = replaying.matching(connection, within, types=types, about=about)
    if not facts:
        raise Refused("nothing that is recorded matches that, so nothing would be compared")
    return facts, facts if wanted.about else last


def _rate(hub: Hub) -> int:
    """Facts a second, as the last replay that ended here had them."""
    for one in jobs(hub, hub.folder):
        if one.report and one.plan.wanted.about is None and one.report.get("facts_per_second"):
            return max(1, round(one.plan.decided / max(float(one.report["seconds"]), 0.001)))
    return _RATE


def _forget_old(hub: Hub) -> None:
    for old in jobs(hub, hub.folder)[_KEPT:]:
        place = place_of(hub, hub.folder, old.plan.job_id)
        for file in place.iterdir():
            file.unlink()
        place.rmdir()


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, for whoever reads it meanwhile."""
    beside = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}")
    beside.write_bytes(body)
    beside.replace(path)


# --- acting


def start(hub: Hub, job_id: str, *, who: str) -> None:
    """Start it, or start it again, in a process of its own that gives way to the hub. Raises
    :class:`Refused`.
    """
    found, place = job(hub, hub.folder, job_id), place_of(hub, hub.folder, job_id)
    others = (one for one in jobs(hub, hub.folder) if one.state == RUNNING)
    if running := next(others, None):
        raise Refused(f"one replay at a time: {running.plan.job_id} is running")
    if not found.can_start:
        raise Refused(f"it is {found.state} already: plan another one")
    if hub.config is None:
        raise Refused("this hub was started without a configuration file")
    (place / "cancel").unlink(missing_ok=True)
    now = _now()
    begun = Progress(RUNNING, started_by=who, started_at=now, beat_at=now)
    write_progress(place, begun)
    command = [sys.executable, "-m", "ops.cli", "replays", "run", job_id]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--config", str(hub.config)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    write_progress(place, replace(begun, process=process.pid, machine=gethostname()))
    threading.Thread(target=process.wait, daemon=True).start()


def cancel(hub: Hub, job_id: str) -> None:
    """Let it end before it is done; nothing was changed by it. Raises :class:`Refused`."""
    place = place_of(hub, hub.folder, job_id)
    if _read(place).state != RUNNING:
        raise Refused("it is not running")
    (place / "cancel").touch()


def write_progress(place: Path, progress: Progress) -> None:
    """How far it is now."""
    _write(place / "progress.json", _PROGRESS.dump_json(progress))


def write_report(place: Path, report: Mapping[str, Any]) -> None:
    """What was found."""
    _write(place / "report.json", json.dumps(report).encode())


def told(found: Job) -> dict[str, Any]:
    """A job as plain values, for who reads it by a program. Times are ISO 8601."""
    one = found.plan
    moments = {
        name: codec.from_micros(value).isoformat()
        for name in ("since", "until")
        if (value := getattr(one.wanted, name)) is not None
    }
    wanted = {key: value for key, value in asdict(one.wanted).items() if value is not None}
    return {
        "id": one.job_id,
        "state": found.state,
        "by": one.by,
        "why": one.why,
        "asked_at": one.asked_at.isoformat(),
        "wanted": wanted | moments,
        "facts": one.facts,
        "decided": one.decided,
        "seconds": one.seconds,
        "percent": found.percent,
        "error": found.progress.error,
        "report": found.report,
    }
