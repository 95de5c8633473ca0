"""A replay as a job: planned, recorded, run in a process of its own, and told of; it writes nothing
of the hub's.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from socket import gethostname
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, text

from ops.access.acting import Asker, Denied, asker
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.replay_report import Wanted
from ops.mend import replays
from ops.mend.dead_letters import Refused
from ops.mend.replays import Job, Progress
from ops.run.wiring import Hub
from schemas.operations import RecordAccessed
from stores import linking
from stores.tables import inbox, journal, letters, outbox, states
from tests.support.filled import filled_hub

ME = ["--who", "J. Auditor", "--why", "Inquiry 2026/3"]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DemoFolder, Hub]]:
    folder, hub = filled_hub(tmp_path_factory.mktemp("replays") / "hub", notifications=4)
    yield folder, hub
    hub.database.close()


def auditor(hub: Hub, who: str = "J. Auditor") -> Asker:
    return replace(asker(hub, who), why="Inquiry 2026/3")


def run(folder: DemoFolder, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["replays", *arguments, "--config", str(folder.config)])


def told(folder: DemoFolder, *arguments: str) -> Any:
    answer = run(folder, *arguments, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def until(hub: Hub, job_id: str, is_so: Callable[[Job], bool]) -> Job:
    ends = time.monotonic() + 60
    while not is_so(found := replays.job(hub, hub.folder, job_id)):
        assert time.monotonic() < ends, found.state
        time.sleep(0.05)
    return found


def counted(hub: Hub) -> dict[str, int]:
    with hub.database.reading() as connection:
        tables = (journal, inbox, outbox, letters, states)
        asked = ((one.name, select(func.count()).select_from(one)) for one in tables)
        return {name: int(connection.execute(ask).scalar() or 0) for name, ask in asked}


def planned(hub: Hub, wanted: Wanted | None = None) -> Job:
    return replays.plan(hub, wanted or Wanted(), asker=auditor(hub))


def test_a_job_runs_apart_and_its_report_is_what_the_command_tells(
    worked: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = worked
    before = counted(hub)
    found = told(folder, "start", "--topic", "ratings.assigned", *ME, "--wait")
    assert (found["state"], found["report"]["well"]) == ("done", True)
    assert set(found["report"]["topics"]) == {"ratings.assigned"}
    assert found["facts"] == found["report"]["facts"] > 0
    after = counted(hub)
    assert after.pop("journal") - before.pop("journal") <= 2  # who asked, and by which rules
    assert after == before
    taken = json.loads(run(folder, "report", found["id"]).stdout)
    assert taken["report"] == found["report"]
    assert told(folder, "list")[0]["id"] == found["id"]
    with hub.database.view() as view:
        *_, last = linking.from_outside(view, type_=RecordAccessed)
    fact = last.message.data
    assert isinstance(fact, RecordAccessed)
    assert (fact.record_id, fact.act, fact.who) == (found["id"], "replay", "J. Auditor")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Wanted(topic="no.topic"), "there is no topic no.topic"),
        (Wanted(about="no-such-case"), "nothing is recorded under 'no-such-case'"),
        (Wanted(about="\udcff\0"), "nothing is recorded under"),
        (Wanted(since=2**62), "nothing that is recorded matches"),
        (Wanted(topic="outcomes.decided"), "nothing that is recorded matches"),
    ],
)
def test_what_does_not_exist_is_an_error_and_no_job(
    worked: tuple[DemoFolder, Hub], wanted: Wanted, said: str
) -> None:
    _, hub = worked
    before = len(replays.jobs(hub, hub.folder))
    with pytest.raises(Exception, match=said):
        planned(hub, wanted)
    assert len(replays.jobs(hub, hub.folder)) == before


@pytest.mark.parametrize("who", ["R. Reviewer", "H. Researcher"])
def test_who_may_not_replay_plans_none(worked: tuple[DemoFolder, Hub], who: str) -> None:
    _, hub = worked
    before = len(replays.jobs(hub, hub.folder))
    with pytest.raises(Denied):
        replays.plan(hub, Wanted(), asker=auditor(hub, who))
    assert len(replays.jobs(hub, hub.folder)) == before


@pytest.mark.parametrize("odd", ["../../etc", "", "x", "00000000-0000-0000-0000-000000000000"])
def test_an_id_leads_to_a_job_or_nowhere(worked: tuple[DemoFolder, Hub], odd: str) -> None:
    _, hub = worked
    with pytest.raises(Refused, match="there is no replay"):
        replays.job(hub, hub.folder, odd)


def as_if(hub: Hub, job: Job, **says: Any) -> Job:
    """What is seen of a job whose process says this."""
    place = replays.place_of(hub, hub.folder, job.plan.job_id)
    replays.write_progress(place, Progress(**says))
    return replays.job(hub, hub.folder, job.plan.job_id)


def ended_process() -> int:
    """The number of one that is there no more."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def test_a_process_that_says_nothing_more_is_interrupted_and_can_start_again(
    worked: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = worked
    one, now = planned(hub), dt.datetime.now(dt.UTC)
    assert (one.state, one.can_start) == ("planned", True)
    running = as_if(hub, one, state="running", beat_at=now, inputs=10, done=4)
    assert (running.state, running.percent, running.can_start) == ("running", 40, False)
    with pytest.raises(Refused, match="one replay at a time"):
        replays.start(hub, planned(hub).plan.job_id, who="J. Auditor")
    long_ago = now - dt.timedelta(minutes=5)
    assert as_if(hub, one, state="running", beat_at=long_ago).state == "interrupted"
    gone = {"process": ended_process(), "machine": gethostname()}
    assert as_if(hub, one, state="running", beat_at=now, **gone).state == "interrupted"
    told(folder, "again", one.plan.job_id, *ME)
    done = until(hub, one.plan.job_id, lambda job: job.report is not None)
    assert done.report is not None
    assert done.report["well"]
    with pytest.raises(Refused, match="done already"):
        replays.start(hub, one.plan.job_id, who="J. Auditor")


def test_a_job_that_is_cancelled_ends_without_a_report(
    worked: tuple[DemoFolder, Hub],
) -> None:
    _, hub = worked
    one = planned(hub)
    with pytest.raises(Refused, match="not running"):
        replays.cancel(hub, one.plan.job_id)
    # Its process needs longer to begin than this one to say that it is not wanted any more.
    replays.start(hub, one.plan.job_id, who="J. Auditor")
    replays.cancel(hub, one.plan.job_id)
    ended = until(hub, one.plan.job_id, lambda job: job.state != "running")
    assert (ended.state, ended.report, ended.can_start) == ("cancelled", None, True)


def test_a_job_that_fails_says_by_what(worked: tuple[DemoFolder, Hub]) -> None:
    folder, hub = worked
    one = planned(hub)
    place = replays.place_of(hub, hub.folder, one.plan.job_id)
    place.joinpath("report.json").mkdir()
    answer = run(folder, "run", one.plan.job_id)
    assert answer.exit_code == 1
    place.joinpath("report.json").rmdir()
    failed = replays.job(hub, hub.folder, one.plan.job_id)
    assert (failed.state, failed.progress.error) == ("failed", "IsADirectoryError")
    assert failed.can_start


def test_only_the_newest_are_kept(
    worked: tuple[DemoFolder, Hub], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hub = worked
    monkeypatch.setattr(replays, "_KEPT", 2)
    made = [planned(hub).plan.job_id for _ in range(3)]
    assert [one.plan.job_id for one in replays.jobs(hub, hub.folder)] == made[:0:-1]


def test_nothing_of_a_child_lies_in_a_job(worked: tuple[DemoFolder, Hub]) -> None:
    folder, hub = worked
    found = told(folder, "start", *ME, "--wait")
    place: Path = replays.place_of(hub, hub.folder, found["id"])
    assert {one.suffix for one in place.iterdir()} == {".json"}
    with hub.database.reading() as connection:
        cases = connection.execute(text("SELECT DISTINCT subject FROM journal")).scalars().all()
    said = "".join(one.read_text("utf-8") for one in place.iterdir())
    assert not any(case in said for case in cases if len(case) > 20 and case != found["id"])
