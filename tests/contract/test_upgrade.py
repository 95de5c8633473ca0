"""``hub upgrade`` on both databases: told before, backed up, alone, and whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, inspect, make_url, text

from ops.cli import main
from ops.demo.simulation.answers import answer
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.run.wiring import Hub, open_hub
from router.steps.approve.state import Approvals, Draft
from schemas.notification import ReceiptStatus
from stores import schema, states
from stores.database import Database
from tests.support.filled import send
from tests.support.production import fresh_database
from tests.support.stored import load, stored_hub, vault
from tests.support.upgrading import later_versions

KINDS = ("sqlite", "postgresql")
DEADLINE = 60.0
Completed = subprocess.CompletedProcess[str]
LATER_MAIN = (
    "import sys; from pathlib import Path; from stores import schema; "
    "schema.VERSIONS = Path(sys.argv.pop(1)); from ops.cli import main; main()"
)


@dataclass
class Place:
    """The stored hub, on one of the databases."""

    config: Path
    url: str
    backed_up: list[str]
    """What `hub upgrade` has to be told of backups."""
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str) -> Result:
        return CliRunner().invoke(main, [*command, "--config", str(self.config)])

    def told(self, *command: str) -> Any:
        done = self.run(*command, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def process(self, versions: Path, *command: str, **environment: str) -> Completed:
        """A command of a program with these versions, in a process of its own."""
        whole = [sys.executable, "-c", LATER_MAIN, str(versions), *command]
        return subprocess.run(
            [*whole, "--config", str(self.config)],
            env=os.environ | environment,
            check=False,
            timeout=DEADLINE,
            capture_output=True,
            text=True,
        )

    def opened(self) -> Hub:
        return open_hub(self.config, self.environment)

    def ask(self, query: str) -> Any:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            found = connection.execute(text(query)).scalar()
        engine.dispose()
        return found

    def do(self, statement: str) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def tables(self) -> set[str]:
        engine = create_engine(self.url)
        found = set(inspect(engine).get_table_names())
        engine.dispose()
        return found

    def revision(self) -> str | None:
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = schema.found(connection)
        engine.dispose()
        return found


@pytest.fixture(params=KINDS)
def place(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    folder = stored_hub(tmp_path / "hub")
    if request.param == "sqlite":
        yield Place(folder.config, f"sqlite:///{folder.path}/hub.db", [])
        return
    with fresh_database(request.getfixturevalue("postgres_url"), like=load) as url:
        monkeypatch.setenv("HUB_STORE", url)
        yield Place(folder.config, url, ["--backed-up"], {"HUB_STORE": url})


@pytest.fixture
def sqlite_place(tmp_path: Path) -> Place:
    folder = stored_hub(tmp_path / "hub")
    return Place(folder.config, f"sqlite:///{folder.path}/hub.db", [])


@pytest.fixture
def postgres_place(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    folder = stored_hub(tmp_path / "hub")
    with fresh_database(postgres_url, like=load) as url:
        monkeypatch.setenv("HUB_STORE", url)
        yield Place(folder.config, url, ["--backed-up"], {"HUB_STORE": url})


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This program has revisions 9001 and 9002 too."""
    folder = later_versions(tmp_path / "versions")
    monkeypatch.setattr(schema, "VERSIONS", folder)
    return folder


# A store of this program's first commit


def test_a_store_of_the_first_hubs_is_upgraded_and_verifies(place: Place) -> None:
    told = place.told("upgrade", *place.backed_up)
    assert (told["found"], told["wanted"]) == ("0001", schema.known()[-1])
    assert place.revision() == told["wanted"]
    assert place.told("audit", "verify")["flaws"] == []
    assert place.told("replay", "--verify")["facts"] == 1959
    assert place.told("replay", "--verify")["flaws"] == []


def test_what_an_earlier_version_decided_is_not_decided_by_this_ones_rules(place: Place) -> None:
    place.told("upgrade", *place.backed_up)
    done = place.run("replay")
    assert done.exit_code == 1
    assert "by an earlier version" in done.output
    assert "`hub replay --verify`" in done.output


def test_the_hub_goes_on_working_on_an_upgraded_store(place: Place) -> None:
    place.told("upgrade", *place.backed_up)
    hub = place.opened()
    old = notification_event(json.loads(sample_lines(10)[9]))
    agency = old["data"]["source_agency"]
    received = counted(hub, "notification.received.v1")
    again, anew = send(hub, agency, [old, {**old, "id": "sent-anew"}])
    assert again.status == anew.status == ReceiptStatus.DUPLICATE
    assert again.duplicate_of == again.id == anew.duplicate_of
    assert counted(hub, "notification.received.v1") == received + 1
    hub.embedded().drain()
    before = counted(hub, "information.answered.v1")
    assert before > 100
    assert answer_requests(hub) > 0
    hub.embedded().drain()
    assert counted(hub, "information.answered.v1") > before
    hub.database.close()
    assert place.told("audit", "verify")["flaws"] == []
    assert place.told("replay", "--verify")["flaws"] == []


def test_an_upgraded_store_has_no_more_left_to_do_than_it_had(place: Place) -> None:
    place.told("upgrade", *place.backed_up)
    steps = place.told("status")["steps"]
    left = {(step["step"], step["topic"]): step["depth"] for step in steps if step["depth"]}
    assert left == {("deduplicate", "notifications.received"): 2}


def answer_requests(hub: Hub) -> int:
    """Every agency answers the requests that were waiting in the old store; how many."""
    count = 0
    for agency in hub.settings.agencies:
        letters = hub.queues.lease(agency, limit=500, seconds=60)
        asked = [one for one in letters if one.type == "mash.information-request.v1"]
        answers = [made for one in asked if (made := answer(json.loads(one.body))) is not None]
        assert {one.status for one in send(hub, agency, answers)} <= {ReceiptStatus.ACCEPTED}
        count += len(answers)
    return count


def test_owners_that_were_awaited_are_asked_again_and_what_they_withheld_stays_so(
    place: Place,
) -> None:
    place.told("upgrade", *place.backed_up)
    hub = place.opened()
    known = approvals(hub)
    waiting = [one for each in known for one in each.products.values() if isinstance(one, Draft)]
    assert waiting
    assert any(each.withheld for each in known)
    asked = [one for code in hub.settings.agencies for one in hub.queues.lease(code, **ALL)]
    requests = [json.loads(one.body) for one in asked if one.type == "mash.approval-request.v1"]
    assert len(requests) == sum(len(awaited(one, hub)) for one in waiting) > 0
    refused = "SELECT count(*) FROM dead_letters WHERE step = 'approve'"
    before = place.ask(refused)
    for letter in requests:
        if (made := answer(letter)) is not None:
            send(hub, letter["subject"], [made])
    hub.embedded().drain()
    assert place.ask(refused) == before
    left = [one for each in approvals(hub) for one in each.products.values()]
    hub.database.close()
    assert sum(isinstance(one, Draft) for one in left) < len(waiting)


ALL: Any = {"limit": 5000, "seconds": 60}


def awaited(draft: Draft, hub: Hub) -> list[str]:
    return [one.item_id for one in draft.items if draft.decision(one.item_id, one.owner) is None]


def approvals(hub: Hub) -> list[Approvals]:
    with hub.database.transaction() as transaction:
        query = text("SELECT key FROM states WHERE step = 'approve'")
        keys = list(transaction.connection.execute(query).scalars())
        found = states.load(transaction, "approve", keys=keys)
    return [Approvals.model_validate_json(body) for _, body in found.values()]


def counted(hub: Hub, type_: str) -> int:
    with hub.database.reading() as connection:
        query = text("SELECT count(*) FROM journal WHERE type = :type")
        return int(connection.execute(query, {"type": f"mash.{type_}"}).scalar_one())


# Known at start


@pytest.mark.parametrize(
    "command",
    [["status"], ["replay"], ["audit", "verify"], ["case", "case-1"], ["linkage", "index"]],
)
def test_an_older_store_is_refused_with_the_way_out(
    sqlite_place: Place, later: Path, command: list[str]
) -> None:
    done = sqlite_place.run(*command)
    assert done.exit_code == 1
    assert "of revision 0001, older than this program's 9002" in done.output
    assert "`hub upgrade`" in done.output
    assert sqlite_place.revision() == "0001"


def test_a_hub_does_not_start_on_an_older_store(place: Place, later: Path) -> None:
    done = place.process(later, "run")
    assert done.returncode == 1
    assert "older than this program's 9002; stop the hub and run `hub upgrade`" in done.stderr
    assert place.revision() == "0001"


@pytest.mark.parametrize("command", [["linkage", "index"], ["status"], ["upgrade"]])
def test_a_newer_store_is_refused_too(place: Place, command: list[str]) -> None:
    place.told("upgrade", *place.backed_up)
    place.do("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) NOT NULL)")
    place.do("DELETE FROM alembic_version")
    place.do("INSERT INTO alembic_version VALUES ('9999')")
    done = place.run(*command)
    assert done.exit_code == 1
    assert "of revision 9999, which this program does not know" in done.output


def test_a_store_with_nothing_in_it_is_not_upgraded(
    postgres_url: str, sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fresh_database(postgres_url) as url:
        monkeypatch.setenv("HUB_STORE", url)
        for command in ("upgrade", "status"):
            done = sqlite_place.run(command)
            assert (done.exit_code, "holds nothing yet" in done.output) == (1, True)


# Told before


def test_a_dry_run_tells_what_would_be_done_beside_a_hub_and_changes_nothing(
    place: Place, later: Path
) -> None:
    engine = create_engine(place.url)
    with engine.connect() as connection:
        connection.execute(text("SELECT count(*) FROM states"))
        told = place.told("upgrade", "--dry-run")
    engine.dispose()
    assert (told["found"], told["wanted"], told["dry_run"]) == ("0001", "9002", True)
    assert told["steps"][-2:] == [
        {"revision": "9001", "what": "Each state says how long it is.", "rows": 525},
        {"revision": "9002", "what": "Notes have a table of their own.", "rows": None},
    ]
    assert place.revision() == "0001"
    assert "notes" not in place.tables()
    assert list(place.config.parent.glob("*.backup")) == []


def test_where_there_is_nothing_to_do_nothing_is_done(place: Place) -> None:
    place.told("upgrade", *place.backed_up)
    before = sorted(place.config.parent.iterdir())
    done = place.run("upgrade")
    assert (done.exit_code, "there is nothing to do" in done.output) == (0, True)
    assert sorted(place.config.parent.iterdir()) == before


# Done


def test_rows_are_gone_through_in_pages_with_the_keys_of_the_hub(place: Place, later: Path) -> None:
    place.told("upgrade", *place.backed_up)
    assert place.revision() == "9002"
    assert place.ask("SELECT min(length) FROM states") > 1
    assert place.ask("SELECT count(*) FROM notes") == 0


def test_a_copy_of_the_file_as_it_was_is_kept_beside_it(sqlite_place: Place, later: Path) -> None:
    kept = Path(sqlite_place.told("upgrade")["backup"])
    assert kept.parent == sqlite_place.config.parent
    assert kept.name.startswith("hub.db.0001-")
    assert kept.stat().st_mode & 0o077 == 0
    copy = sqlite3.connect(kept)
    names = {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}
    assert copy.execute("SELECT count(*) FROM journal").fetchone() == (1959,)
    copy.close()
    assert names.isdisjoint({"notes", "alembic_version"})


def test_a_sealed_copy_is_kept_and_put_back_as_it_was(
    place: Place, tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place.environment:
        _require_pg_dump(place.url)
    CliRunner().invoke(main, ["backup", "keygen", str(tmp_path / "b.key")])
    file, public = str(tmp_path / "before.backup"), str(tmp_path / "b.key.pub")
    told = place.told("upgrade", "--backup", file, "--seal-to", public)
    assert (told["backup"], place.revision()) == (file, schema.known()[-1])
    back = ["restore", file, "--key", str(tmp_path / "b.key")]
    if not place.environment:
        assert place.told(*back, "--in-place")["manifest"]["revision"] == "0001"
        assert (place.revision(), place.ask("SELECT count(*) FROM journal")) == ("0001", 1959)
        return
    with fresh_database(postgres_url) as empty:
        monkeypatch.setenv("HUB_STORE", empty)
        assert place.told(*back)["manifest"]["revision"] == "0001"
        put_back = Place(place.config, empty, [], {"HUB_STORE": empty})
        assert put_back.ask("SELECT count(*) FROM journal") == 1959


def test_without_room_for_a_copy_nothing_is_begun(
    sqlite_place: Place, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1_000_000))
    done = sqlite_place.run("upgrade")
    assert (done.exit_code, "1,000,000 bytes free" in done.output) == (1, True)
    assert sqlite_place.revision() == "0001"
    assert list(sqlite_place.config.parent.glob("*.backup")) == []


def test_no_file_is_overwritten_by_a_backup(sqlite_place: Place, later: Path) -> None:
    done = sqlite_place.run("upgrade", "--backup", str(sqlite_place.config))
    assert (done.exit_code, "cannot be made: File exists" in done.output) == (1, True)
    assert "[runtime]" in sqlite_place.config.read_text()
    assert sqlite_place.revision() == "0001"


def test_postgresql_wants_to_be_told_of_a_backup(postgres_place: Place, later: Path) -> None:
    done = postgres_place.run("upgrade")
    assert (done.exit_code, "--backed-up" in done.output) == (2, True)
    assert postgres_place.revision() == "0001"


def test_pg_dump_writes_the_backup_where_it_is_asked_to(
    postgres_place: Place, later: Path, tmp_path: Path
) -> None:
    _require_pg_dump(postgres_place.url)
    told = postgres_place.told("upgrade", "--backup", str(tmp_path / "hub.dump"))
    assert told["backup"] == str(tmp_path / "hub.dump")
    assert (tmp_path / "hub.dump").read_bytes().startswith(b"PGDMP")
    assert (tmp_path / "hub.dump").stat().st_mode & 0o077 == 0
    assert postgres_place.revision() == "9002"


def _require_pg_dump(url: str) -> None:
    program = shutil.which("pg_dump")
    if program is None:
        pytest.skip("pg_dump is not installed")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    ours = int(said.stdout.split()[2].partition(".")[0])
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        theirs = connection.info.server_version // 10_000
    if ours < theirs:
        pytest.skip(f"pg_dump {ours} refuses a server of version {theirs}")


# Alone


def test_a_store_that_somebody_has_open_is_not_upgraded(place: Place, later: Path) -> None:
    """An idle connection is enough: a hub keeps some, whatever its version."""
    idle = Database(place.url, vault())
    with idle.reading() as connection:
        connection.execute(text("SELECT count(*) FROM journal"))
    done = place.run("upgrade", *place.backed_up)
    idle.close()
    assert (done.exit_code, "stop the hub" in done.output) == (1, True)
    assert place.revision() == "0001"
    assert list(place.config.parent.glob("*.backup")) == []
    assert place.run("upgrade", *place.backed_up).exit_code == 0


# Killed, or failed


def test_a_revision_that_fails_leaves_nothing_and_is_named(place: Place, later: Path) -> None:
    place.do("UPDATE states SET step = 'moved' WHERE step = 'rate'")
    done = place.run("upgrade", *place.backed_up)
    assert done.exit_code == 1
    assert "revision 0018 could not be applied (Unreadable)" in done.output
    assert place.revision() == "0017"
    place.do("UPDATE states SET step = 'rate' WHERE step = 'moved'")
    place.told("upgrade", *place.backed_up)
    assert place.ask("SELECT min(length) FROM states") > 1


@pytest.mark.parametrize("moment", ["inside", "between", "before the end"])
def test_an_upgrade_that_is_killed_is_done_again(place: Place, later: Path, moment: str) -> None:
    left = schema.known()[-3] if moment == "inside" else "9001"
    killed = place.process(later, "upgrade", *place.backed_up, KILLED=moment)
    assert killed.returncode == -signal.SIGKILL
    assert place.revision() == left
    assert "notes" not in place.tables()
    place.told("upgrade", *place.backed_up)
    assert place.revision() == "9002"
    assert place.ask("SELECT min(length) FROM states") > 1
    assert place.told("audit", "verify")["flaws"] == []
