"""`hub backup` and `hub restore`: one state of store and keys, that nobody else reads or alters,
and in which what was erased stays so.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import threading
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import OKPKey
from sqlalchemy import text

from ops.backup import sealed_file
from ops.backup.sealed_file import Damaged, Opened
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.run.wiring import open_hub
from schemas.sealed import EncryptionKey, NotOpened
from stores.database import Database
from stores.vault import Vault
from tests.contract.test_upgrade import _require_pg_dump
from tests.support.filled import filled_hub, grown, send
from tests.support.production import fresh_database

_CASE = (
    "SELECT subject FROM journal WHERE type = 'mash.product.released.v1' ORDER BY position LIMIT 1"
)
_BY_TWO = ("--who", "B. Records", "--and", "C. Caldicott", "--why", "retention ended")
PRIVATE = OKPKey.generate_key("X25519").as_dict(private=True)
PUBLIC = EncryptionKey(crv="X25519", x=str(PRIVATE["x"]))
PART = 64


# The sealed file


SMALL = partial(mock.patch.object, sealed_file, "_PART", PART)
"""So that a few bytes are several parts, and every place between them is met."""


@SMALL()
def sealed(content: bytes, pieces: int = 3) -> bytes:
    whole = io.BytesIO()
    step = max(1, len(content) // pieces)
    parts = (content[at : at + step] for at in range(0, len(content), step))
    assert sealed_file.write(whole, {"of": "a test"}, parts, PUBLIC) == len(content)
    return whole.getvalue()


@SMALL()
def opened(whole: bytes) -> bytes:
    return b"".join(Opened(io.BytesIO(whole), [PRIVATE]).parts())


@given(content=st.binary(max_size=4 * PART + 1), pieces=st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_what_was_sealed_is_opened_whatever_its_length(content: bytes, pieces: int) -> None:
    assert opened(sealed(content, pieces)) == content


@pytest.mark.parametrize("length", [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART])
def test_no_length_ends_in_the_wrong_place(length: int) -> None:
    content = os.urandom(length)
    assert opened(sealed(content)) == content


WHOLE = sealed(bytes(range(200)))


def test_whatever_byte_is_altered_it_is_refused() -> None:
    for at in range(0, len(WHOLE), 3):
        altered = bytearray(WHOLE)
        altered[at] ^= 1 << at % 8
        with pytest.raises((Damaged, NotOpened)):
            opened(bytes(altered))


def test_wherever_it_is_cut_off_it_is_refused() -> None:
    for end in range(len(WHOLE)):
        with pytest.raises((Damaged, NotOpened)):
            opened(WHOLE[:end])


def test_parts_that_change_places_come_again_or_come_from_another_file_are_refused() -> None:
    size = PART + 16
    tail = len(WHOLE) - (200 % PART + 16)
    head = WHOLE[: tail - 3 * size]
    one, two, three = (WHOLE[tail - n * size : tail - (n - 1) * size or None] for n in (3, 2, 1))
    last, other = WHOLE[tail:], sealed(bytes(range(200)))[-len(WHOLE) + len(head) :]
    assert opened(head + one + two + three + last) == bytes(range(200))
    for mixed in (two + one + three + last, one + two + last, one + one + two + three + last):
        with pytest.raises(Damaged):
            opened(head + mixed)
    for mixed in (one + two + three, one + two + three + last + last, other):
        with pytest.raises(Damaged):
            opened(head + mixed)


def test_nobody_else_opens_it_and_it_tells_nothing() -> None:
    another = OKPKey.generate_key("X25519").as_dict(private=True)
    with pytest.raises(NotOpened):
        Opened(io.BytesIO(WHOLE), [another])
    assert bytes(range(50)) not in WHOLE
    assert b"a test" not in WHOLE


# The commands


@pytest.fixture(scope="module")
def worked_before(tmp_path_factory: pytest.TempPathFactory) -> DemoFolder:
    """A hub that has worked and is stopped. Copy it."""
    folder, hub = filled_hub(tmp_path_factory.mktemp("backup") / "hub", notifications=16)
    grown(hub)
    hub.database.close()
    return folder


@pytest.fixture
def stopped(worked_before: DemoFolder, tmp_path: Path) -> DemoFolder:
    folder = DemoFolder(tmp_path / "hub")
    shutil.copytree(worked_before.path, folder.path)
    assert run(folder, "backup", "keygen", str(tmp_path / "b.key")).exit_code == 0
    return folder


def run(folder: DemoFolder, *command: str) -> Result:
    return CliRunner().invoke(main, [*command], env={"HUB_CONFIG": str(folder.config)})


def told(folder: DemoFolder, *command: str) -> Any:
    done = run(folder, *command, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def backed_up(folder: DemoFolder) -> Path:
    there = folder.path.parent
    return Path(told(folder, "backup", str(there), "--to", str(there / "b.key.pub"))["file"])


def restoring(folder: DemoFolder, file: Path, *more: str) -> tuple[str, ...]:
    return ("restore", str(file), "--key", str(folder.path.parent / "b.key"), *more)


def dumped(folder: DemoFolder) -> dict[str, list[Any]]:
    """Every row of every table."""
    hub = open_hub(folder.config, {})
    with hub.database.reading() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = {
            name: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{name}"'))))  # noqa: S608
            for name in names.scalars()
        }
    hub.database.close()
    return rows


def test_what_was_lost_whole_is_put_back_with_its_key(stopped: DemoFolder) -> None:
    before, file = dumped(stopped), backed_up(stopped)
    key = (stopped.path / "hub.key").read_bytes()
    for path in (*stopped.path.glob("hub.db*"), stopped.path / "hub.key"):
        path.unlink()
    done = told(stopped, *restoring(stopped, file))
    assert (done["flaws"], done["amiss"], done["aside"]) == ([], [], None)
    assert done["verified"] == len(before["journal"]) == done["manifest"]["entries"]
    assert (stopped.path / "hub.key").read_bytes() == key
    assert dumped(stopped) == before
    private = ("hub.db", "hub.key")
    assert [(stopped.path / one).stat().st_mode & 0o077 for one in private] == [0, 0]


def test_a_backup_is_one_state_though_somebody_writes_all_the_while(stopped: DemoFolder) -> None:
    hub, stop, written = open_hub(stopped.config, {}), threading.Event(), [0]

    def write() -> None:
        while not stop.is_set():
            line = json.loads(sample_lines(1)[0]) | {"reference": f"N-{written[0]}"}
            send(hub, "police", [notification_event(line) | {"id": f"n-{written[0]}"}])
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        files = [backed_up(stopped) for _ in range(3)]
    finally:
        stop.set()
        writer.join()
    hub.embedded().drain()
    hub.database.close()
    assert written[0] > 0
    for file in files:
        looked = told(stopped, "backup", "verify", str(file), "--key", f"{stopped.path}/../b.key")
        assert (looked["flaws"], looked["verified"]) == ([], looked["manifest"]["entries"])


def test_what_was_erased_since_is_erased_again(stopped: DemoFolder) -> None:
    file, case = backed_up(stopped), one_case(stopped)
    count = told(stopped, "erase", case, *_BY_TWO, "--though-open")["entries"]
    done = told(stopped, *restoring(stopped, file, "--in-place"))
    assert (done["erased_again"], Path(done["aside"]).is_file()) == (1, True)
    verified = told(stopped, "replay", "--verify")
    assert (verified["erased"], verified["flaws"]) == (count, [])


def test_also_where_the_list_of_it_went_too_and_a_copy_is_given(
    stopped: DemoFolder, tmp_path: Path
) -> None:
    file, case = backed_up(stopped), one_case(stopped)
    told(stopped, "erase", case, *_BY_TWO, "--though-open")
    copy = tmp_path / "erased-copy.jsonl"
    shutil.move(stopped.path / "erased.jsonl", copy)
    done = told(stopped, *restoring(stopped, file, "--in-place", "--erased", str(copy)))
    assert done["erased_again"] == 1
    assert told(stopped, "replay", "--verify")["erased"] > 0


def one_case(folder: DemoFolder) -> str:
    hub = open_hub(folder.config, {})
    with hub.database.reading() as connection:
        found = str(connection.execute(text(_CASE)).scalar_one())
    hub.database.close()
    return found


def test_with_the_file_of_its_key_destroyed_a_backup_is_worth_nothing(stopped: DemoFolder) -> None:
    """So that what was erased cannot be read from it either (decision 42)."""
    file = backed_up(stopped)
    (sealed_key,) = file.parent.glob("mash-hub-key-*.sealed")
    sealed_key.unlink()
    for path in stopped.path.glob("hub.db*"):
        path.unlink()
    done = run(stopped, *restoring(stopped, file))
    assert (done.exit_code, "the file of its key" in done.output) == (1, True)
    assert not (stopped.path / "hub.db").exists()


def test_a_store_that_is_there_or_open_or_has_another_key_stays_as_it_is(
    stopped: DemoFolder,
) -> None:
    file, store = backed_up(stopped), stopped.path / "hub.db"
    before = store.read_bytes()
    refused = run(stopped, *restoring(stopped, file))
    assert (refused.exit_code, "--in-place" in refused.output) == (1, True)
    hub = open_hub(stopped.config, {})
    with hub.database.reading() as connection:
        connection.execute(text("SELECT count(*) FROM journal"))
        refused = run(stopped, *restoring(stopped, file, "--in-place"))
    hub.database.close()
    assert (refused.exit_code, "stop the hub" in refused.output) == (1, True)
    key = stopped.path / "hub.key"
    key.write_text(told(stopped, "config", "key")["key"])
    refused = run(stopped, *restoring(stopped, file, "--in-place"))
    assert (refused.exit_code, "not the key of this backup" in refused.output) == (1, True)
    assert store.read_bytes() == before
    assert not list(stopped.path.glob("hub.db.before*"))


@pytest.mark.parametrize("at", [100, -200_000, -1])
def test_a_damaged_backup_puts_nothing_back(stopped: DemoFolder, at: int) -> None:
    file = backed_up(stopped)
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)
    before = (stopped.path / "hub.db").read_bytes()
    done = run(stopped, *restoring(stopped, file, "--in-place"))
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
    assert (stopped.path / "hub.db").read_bytes() == before
    looked = run(stopped, "backup", "verify", str(file), "--key", f"{stopped.path}/../b.key")
    assert looked.exit_code == 1


def test_the_hub_is_not_given_what_opens_its_backups(stopped: DemoFolder, tmp_path: Path) -> None:
    done = run(stopped, "backup", str(tmp_path), "--to", str(tmp_path / "b.key"))
    assert (done.exit_code, "b.key.pub" in done.output) == (1, True)
    (tmp_path / "b.key").chmod(0o644)
    done = run(stopped, *restoring(stopped, backed_up(stopped), "--in-place"))
    assert (done.exit_code, "chmod 600" in done.output) == (1, True)
    again = run(stopped, "backup", "keygen", str(tmp_path / "b.key"))
    assert (again.exit_code, "is there already" in again.output) == (1, True)


def test_what_came_since_is_counted_by_a_senders_list_and_by_a_checkpoint(
    stopped: DemoFolder, tmp_path: Path
) -> None:
    file = backed_up(stopped)
    hub = open_hub(stopped.config, {})
    events = [notification_event(json.loads(line)) for line in sample_lines(40)[16:19]]
    events = [event | {"id": f"late-{n}", "source": "rms"} for n, event in enumerate(events)]
    send(hub, "police", events)
    hub.embedded().drain()
    grown(hub)
    hub.database.close()
    checkpoint = tmp_path / "kept.checkpoint"
    checkpoint.write_text(told(stopped, "audit", "checkpoint")["note"])
    done = told(stopped, *restoring(stopped, file, "--in-place", "--checkpoint", str(checkpoint)))
    assert done["leaves_lost"] > 3
    sent = tmp_path / "sent.jsonl"
    sent.write_text("\n".join(json.dumps({"id": e["id"], "source": "rms"}) for e in events))
    lost = run(stopped, "reconcile", "--sent", "police", str(sent), "--json")
    assert lost.exit_code == 1
    (police,) = json.loads(lost.stdout)["missing"]
    assert police["ids"] == ["late-0", "late-1", "late-2"]
    hub = open_hub(stopped.config, {})
    first, again = send(hub, "police", events), send(hub, "police", events)
    hub.database.close()
    assert [one.message_id for one in first] == [one.message_id for one in again]
    assert told(stopped, "reconcile", "--sent", "police", str(sent))["missing"][0]["ids"] == []


def test_postgresql_is_dumped_in_one_state_and_put_into_an_empty_database(
    stopped: DemoFolder, postgres_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _require_pg_dump(postgres_url)
    with fresh_database(postgres_url) as first, fresh_database(postgres_url) as second:
        monkeypatch.setenv("HUB_STORE", first)
        hub = open_hub(stopped.config, {"HUB_STORE": first})
        for agency, line in (("police", one) for one in sample_lines(5)):
            send(hub, agency, [notification_event(json.loads(line))])
        hub.embedded().drain()
        grown(hub)
        hub.database.close()
        file = backed_up(stopped)
        looked = told(stopped, "backup", "verify", str(file), "--key", str(tmp_path / "b.key"))
        assert looked["bytes"] > 10_000
        refused = run(stopped, *restoring(stopped, file))
        assert (refused.exit_code, "createdb" in refused.output) == (1, True)
        monkeypatch.setenv("HUB_STORE", second)
        done = told(stopped, *restoring(stopped, file))
        assert (done["flaws"], done["verified"]) == ([], looked["manifest"]["entries"])
        assert rows_of(first) == rows_of(second)


def rows_of(url: str) -> list[Any]:
    database = Database(url, Vault(bytes(32)), reads_only=True)
    with database.reading() as connection:
        rows = connection.execute(text("SELECT position, hash FROM journal ORDER BY position"))
        found = [tuple(row) for row in rows]
    database.close()
    return found
