"""Replays as jobs: planned, started in a process of their own, watched, cancelled, and told of.

A job to memory decides everything again by a connection that refuses writes, and compares: it
publishes nothing and moves no consumer. A job to live puts what left for a recipient that has lost
it on its queue again (:mod:`ops.mend.sending_again`), once a second person has agreed. Each lies in
a folder of its own beside the hub's others, with what was planned, how far it is, and its report:
ids, counts and times, nothing of a child.
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
from ops.access.noting import UNKNOWN
from ops.access.recording import accessed, permit_on_record
from ops.look.reading import Guarded, Readable
from ops.look.replay_report import Wanted
from ops.mend import sending_again
from ops.mend.dead_letters import Person, Refused
from ops.mend.sending_again import Asked
from ops.run.wiring import Hub, work_folder
from schemas.access import Act, Resource
from schemas.topics import TOPICS
from stores import codec, overview, replaying
from stores.database import View

_FOLDER: Final = "replays"
_KEPT: Final = 100
"""Jobs whose reports are kept; older ones go."""
_SILENT: Final = 120.0
"""Seconds without a sign of life after which a job is interrupted: it gives one every second, but
gives way to all else.
"""
_LIVE_TOPIC: Final = "products.released"
_PRODUCTS: Final = 50
"""Products a second that go to live; slow cores send more."""
_RATE: Final = 1_500
"""Facts a second until one was measured here: two slow cores decide about so many with the hub at
work beside.
"""
EVERYTHING: Final = "everything"
"""What the record says was decided again, where it was not one case."""
_COMPARES: Final = "To see whether it is decided the same again"
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
    recipient: str | None = None
    """To live: whose queue; None: to memory."""
    would_go: int = 0
    """To live: so many would go if it were done as it was planned,"""
    stays: Mapping[str, int] = field(default_factory=dict)
    """and so many not, by why."""


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
            return CANCELLED if self.report.get("cancelled") else DONE
        if self.progress.state != RUNNING:
            return self.progress.state
        if self.progress.is_alive:
            return RUNNING
        return CANCELLED if self.cancelled else INTERRUPTED

    @property
    def can_start(self) -> bool:
        """Whether it can be started, or started again."""
        ended = (PLANNED, CANCELLED, FAILED, INTERRUPTED)
        return self.report is None and self.state in ended

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
    return _kept(hub, Plan(job_id, by, why, _now(), wanted, facts, decided, seconds))


def _kept(hub: Hub, made: Plan) -> Job:
    place = _root(hub, hub.folder) / made.job_id
    place.mkdir(parents=True, mode=0o700)
    _write(place / "plan.json", _PLAN.dump_json(made))
    _forget_old(hub)
    return _read(place)


def plan_to_live(hub: Hub, wanted: Wanted, recipient: str, *, asker: Asker) -> Job:
    """What would go on a recipient's queue again; that somebody wants it is recorded, and another
    has to agree. Raises ``Denied`` where the rules do not let them, or :class:`Refused`.
    """
    job_id = str(uuid4())
    person = permitted_to_live(hub, job_id, asker=asker)
    if recipient not in hub.settings.agencies:
        raise Refused(
            f"no agency is called {recipient}: {', '.join(sorted(hub.settings.agencies))}"
        )
    if wanted.topic not in (None, _LIVE_TOPIC):
        raise Refused(f"only {_LIVE_TOPIC} goes to live: what passed the gate, and passes it again")
    with hub.database.view() as view:
        period = _period(view, wanted)
        ids = sending_again.left_for(view, recipient, period=period, about=wanted.about)
    if not ids:
        raise Refused("nothing left for it then, so nothing would go again")
    sending_again.ask(hub, job_id, recipient, ids=ids, person=person)
    with hub.database.view() as view:
        asked = sending_again.of(view, job_id)
    outcome, count = sending_again.tried(hub, asked), len(ids)
    seconds = max(1, count // _PRODUCTS)
    made = Plan(job_id, person.who, person.why, _now(), wanted, count, count, seconds)
    stays, would_go = outcome.counted(), len(outcome.sent)
    return _kept(hub, replace(made, recipient=recipient, would_go=would_go, stays=stays))


def permitted_to_live(hub: Hub, job_id: str, *, asker: Asker) -> Person:
    """Who may have letters sent again; a denial is recorded, and raised: ``Denied``."""
    act, resource = Act.MEND, Resource.LETTER
    access = permit_on_record(hub, asker, act=act, resource=resource, wanted=job_id)
    return Person(asker.who or "", asker.why or "", access.proven)


def agree(hub: Hub, job_id: str, *, asker: Asker, agreed: bool) -> None:
    """Agree to a replay to live that another person planned, and start it; or say that it is not to
    be done. Raises ``Denied`` or :class:`Refused`.
    """
    place_of(hub, hub.folder, job_id)
    person = permitted_to_live(hub, job_id, asker=asker)
    sending_again.decide(hub, job_id, agreed=agreed, person=person)
    if agreed:
        start(hub, job_id, who=person.who)


def asked_of(hub: Readable, found: Job) -> Asked | None:
    """Of a replay to live what was asked and said, as the record has it."""
    if found.plan.recipient is None:
        return None
    with hub.database.view() as view:
        return sending_again.of(view, found.plan.job_id)


def permitted(hub: Hub, job_id: str, *, asker: Asker) -> None:
    """Record that somebody plans, starts or cancels this replay. Raises ``Denied`` where the rules
    do not let them, which is recorded too.
    """
    if _is_to_live(hub, job_id):
        permitted_to_live(hub, job_id, asker=asker)
        return
    with hub.database.transaction() as transaction:
        asked = {"wanted": job_id, "about": job_id}
        act, resource = Act.REPLAY, Resource.TRAIL
        no = accessed(hub, transaction, asker=asker, act=act, resource=resource, **asked)
    if no is not None:
        raise no


def permitted_here(hub: Guarded, about: str | None, *, asker: Asker) -> None:
    """Record that somebody has all decided again here and now, or what is ``about`` a case. Raises
    ``Denied`` where the rules do not let them, which is recorded too. Of a store in which nothing
    is, nothing is recorded.
    """
    with hub.database.view() as view:
        if not overview.last_position(view.connection):
            return
        is_one = about is not None and about.isprintable()
        known = is_one and replaying.is_known(view.connection, about or "")
    wanted = EVERYTHING if about is None else about if known else UNKNOWN
    with hub.database.transaction() as transaction:
        asked = {"wanted": wanted, "about": wanted, "why": _COMPARES}
        act, resource = Act.REPLAY, Resource.TRAIL
        no = accessed(hub, transaction, asker=asker, act=act, resource=resource, **asked)
    if no is not None:
        raise no


def _is_to_live(hub: Hub, job_id: str) -> bool:
    try:
        return job(hub, hub.folder, job_id).plan.recipient is not None
    except Refused:  # it is not planned yet, or there is no such
        return False


def _counted(hub: Hub, wanted: Wanted) -> tuple[int, int]:
    """How many facts are wanted, and how many have to be decided for that."""
    topic = next((one for one in TOPICS if one.name == wanted.topic), None)
    if wanted.topic and topic is None:
        raise Refused(f"there is no topic {wanted.topic}; see `hub topology`")
    types = [fact.type for fact in topic.facts] if topic else None
    with hub.database.view() as view:
        connection = view.connection
        last = overview.last_position(connection)
        before, upto = _period(view, wanted)
        about = wanted.about
        if about is not None and not (
            about.isprintable() and replaying.is_known(connection, about)
        ):
            raise Refused(f"nothing is recorded under {about!r}: check the id of the case")
        within = (before + 1, upto)
        facts = replaying.matching(connection, within, types=types, about=about)
    if not facts:
        raise Refused("nothing that is recorded matches that, so nothing would be compared")
    return facts, facts if wanted.about else last


def _period(view: View, wanted: Wanted) -> tuple[int, int]:
    """Behind which position of the journal, and up to which."""
    connection = view.connection
    last = overview.last_position(connection)
    before = (wanted.first or 1) - 1
    if wanted.since is not None:
        before = max(before, overview.position_before(connection, wanted.since))
    upto = last if wanted.last is None else min(last, wanted.last)
    if wanted.until is not None:
        upto = min(upto, overview.position_before(connection, wanted.until + 1))
    return before, upto


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
    if (asked := asked_of(hub, found)) is not None:
        sending_again.refuse_to_start(asked)
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
    """Let it end before it is done. To memory nothing was changed by it; to live what was sent is
    sent, and told of. Raises :class:`Refused`.
    """
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
        "to": "memory" if one.recipient is None else "live",
        "recipient": one.recipient,
        "would_go": one.would_go,
        "stays": dict(one.stays),
        "asked_at": one.asked_at.isoformat(),
        "wanted": wanted | moments,
        "facts": one.facts,
        "decided": one.decided,
        "seconds": one.seconds,
        "percent": found.percent,
        "error": found.progress.error,
        "report": found.report,
    }
