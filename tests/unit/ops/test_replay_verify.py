"""`hub replay --verify` decides nothing, and names whatever is not what was written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, create_engine, text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from stores.entry_hash import COLUMNS, entry_hash

Worked = tuple[DemoFolder, Hub]
Harmed = Callable[..., DemoFolder]
_FIFTH = "(SELECT position FROM journal WHERE chain = 'all' ORDER BY position LIMIT 1 OFFSET 4)"


def invoked(folder: DemoFolder, *arguments: str) -> Result:
    config = ["--config", str(folder.config)]
    return CliRunner().invoke(main, ["replay", "--verify", *config, *arguments])


def verified(folder: DemoFolder) -> tuple[int, dict[str, Any]]:
    answer = invoked(folder, "--json")
    return answer.exit_code, json.loads(answer.stdout)


def whats(told: dict[str, Any]) -> list[str]:
    return [flaw["what"] for flaw in told["flaws"]]


@pytest.fixture
def harmed(worked: Worked, tmp_path: Path) -> Harmed:
    """A copy of the worked hub to which harm was done."""

    def harm(statement: str, *, by_one_who_can_hash: bool = False) -> DemoFolder:
        folder = DemoFolder(tmp_path / "harmed")
        shutil.copytree(worked[0].path, folder.path)
        engine = create_engine(f"sqlite:///{folder.path / 'hub.db'}")
        with engine.begin() as connection:
            connection.execute(text(statement))
            if by_one_who_can_hash:
                hash_anew(connection)
        engine.dispose()
        return folder

    return harm


def hash_anew(connection: Connection) -> None:
    """Make the chain whole again, as somebody may do who has the store, and not its keys."""
    head = bytes(32)
    rows = connection.execute(text("SELECT * FROM journal WHERE chain = 'all' ORDER BY position"))
    for row in rows.all():
        head = entry_hash(head, [getattr(row, name) for name in COLUMNS])
        moved = {"hash": head, "position": row.position}
        connection.execute(
            text("UPDATE journal SET hash = :hash WHERE position = :position"), moved
        )
    connection.execute(text("UPDATE cursors SET hash = :hash WHERE name = 'all'"), {"hash": head})


def test_what_nobody_touched_verifies_to_the_last_fact(worked: Worked) -> None:
    code, told = verified(worked[0])
    with worked[1].database.reading() as connection:
        entries = connection.execute(text("SELECT count(*) FROM journal")).scalar()
    assert (code, told["facts"], told["erased"], told["flaws"]) == (0, entries, 0, [])


def test_the_sample_hashed_anew_is_what_it_was(harmed: Harmed) -> None:
    assert verified(harmed("SELECT 1", by_one_who_can_hash=True))[0] == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("payload = zeroblob(200)", ["altered", "cannot be opened"]),
        ("payload = x'00'", ["altered", "cannot be opened"]),
        ("payload = 'in words'", ["altered", "cannot be opened"]),
        ("digest = zeroblob(16)", ["altered", "not what its digest says"]),
        ("hash = zeroblob(32)", ["altered", "altered"]),
        ("subject = 'another'", ["altered"]),
    ],
)
def test_an_entry_that_was_altered_is_named(
    harmed: Harmed, change: str, expected: list[str]
) -> None:
    folder = harmed(f"UPDATE journal SET {change} WHERE position = {_FIFTH}")  # noqa: S608
    code, told = verified(folder)
    assert (code, sorted(whats(told))) == (1, expected)
    assert told["flaws"][0]["chain"] == "all"
    assert told["flaws"][0]["sequence"] == 5


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("payload = zeroblob(200)", "cannot be opened"),
        ("digest = zeroblob(16)", "not what its digest says"),
        ("message_id = lower(hex(randomblob(16)))", "cannot be opened"),
    ],
)
def test_contents_are_looked_into_though_every_hash_is_right(
    harmed: Harmed, change: str, what: str
) -> None:
    statement = f"UPDATE journal SET {change} WHERE position = {_FIFTH}"  # noqa: S608
    code, told = verified(harmed(statement, by_one_who_can_hash=True))
    assert (code, whats(told)[0]) == (1, what)
    assert told["flaws"][0]["message_id"] is not None


def test_an_entry_that_was_taken_out_is_missing(harmed: Harmed) -> None:
    code, told = verified(harmed(f"DELETE FROM journal WHERE position = {_FIFTH}"))  # noqa: S608
    assert (code, "missing" in whats(told)) == (1, True)


def test_contents_under_a_destroyed_key_are_counted_and_the_key_is_named(harmed: Harmed) -> None:
    key = f"(SELECT key_id FROM journal WHERE position = {_FIFTH})"  # noqa: S608
    folder = harmed(f"UPDATE keys SET wrapped = NULL WHERE key_id = {key}")  # noqa: S608
    code, told = verified(folder)
    assert (code, whats(told)) == (1, ["destroyed without a leaf that says so"])
    assert (told["erased"], 0 < told["unreadable"] < told["facts"]) == (0, True)
    assert f"{told['unreadable']} facts cannot be read" in invoked(folder).stdout


def test_a_key_that_was_altered_is_told_by_all_that_it_sealed(harmed: Harmed) -> None:
    key = f"(SELECT key_id FROM journal WHERE position = {_FIFTH})"  # noqa: S608
    folder = harmed(f"UPDATE keys SET wrapped = zeroblob(60) WHERE key_id = {key}")  # noqa: S608
    code, told = verified(folder)
    assert (code, set(whats(told)), told["erased"]) == (1, {"cannot be opened", "altered"}, 0)


def test_people_read_the_verdict_in_words(worked: Worked) -> None:
    assert "facts verified" in invoked(worked[0]).stdout
    assert "nothing altered, nothing missing" in invoked(worked[0]).stdout


def test_what_narrows_a_report_is_refused_beside_it(worked: Worked) -> None:
    answer = invoked(worked[0], "--topic", "cases.linked", "--since", "2026-01-01")
    assert answer.exit_code == 2
    assert "leave out --topic cases.linked --since 2026-01-01" in answer.stderr
