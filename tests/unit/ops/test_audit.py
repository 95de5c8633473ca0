"""`hub audit verify` names what was altered, taken out, put in or cut off."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from tests.support.filled import filled_hub

Worked = tuple[DemoFolder, Hub]


def verify(folder: DemoFolder) -> tuple[int, dict[str, Any]]:
    answer = CliRunner().invoke(main, ["audit", "verify", "--config", str(folder.config), "--json"])
    return answer.exit_code, json.loads(answer.stdout)


def test_an_untouched_journal_verifies_to_the_last_entry(worked: Worked) -> None:
    code, told = verify(worked[0])
    with worked[1].database.reading() as connection:
        entries = connection.execute(text("SELECT count(*) FROM journal")).scalar()
    assert (code, told["entries"], told["flaws"]) == (0, entries, [])


@pytest.mark.parametrize(
    ("tampering", "what"),
    [
        ("UPDATE journal SET subject = 'another' WHERE position = :position", "altered"),
        ("UPDATE journal SET payload = zeroblob(200) WHERE position = :position", "altered"),
        ("UPDATE journal SET recorded_at = recorded_at + 1 WHERE position = :position", "altered"),
        ("UPDATE journal SET causation_id = 'nobody' WHERE position = :position", "altered"),
        ("UPDATE journal SET sequence = sequence + 100000 WHERE position = :position", "missing"),
    ],
)
def test_an_altered_entry_is_named(tmp_path: Path, tampering: str, what: str) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        position = transaction.connection.execute(
            text("SELECT min(position) FROM journal WHERE chain = 'all'")
        ).scalar_one()
        transaction.connection.execute(text(tampering), {"position": position})
    code, told = verify(folder)
    assert code == 1
    assert (told["flaws"][0]["what"], told["flaws"][0]["chain"]) == (what, "all")


def test_a_missing_entry_is_named_by_chain_and_sequence_and_so_is_what_it_caused(
    tmp_path: Path,
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        row = transaction.connection.execute(
            text(
                "SELECT position, sequence, message_id FROM journal WHERE chain = 'all' "
                "ORDER BY position"
            )
        ).first()
        assert row is not None
        transaction.connection.execute(
            text("DELETE FROM journal WHERE position = :p"), {"p": row.position}
        )
        caused = transaction.connection.execute(
            text("SELECT message_id FROM journal WHERE causation_id = :id"), {"id": row.message_id}
        ).scalars()
        orphans = set(caused)
    code, told = verify(folder)
    missing = [
        (flaw["chain"], flaw["sequence"]) for flaw in told["flaws"] if flaw["what"] == "missing"
    ]
    assert (code, missing) == (1, [("all", row.sequence)])
    assert {
        flaw["message_id"] for flaw in told["flaws"] if flaw["what"] == "cause missing"
    } == orphans
    assert orphans


def test_entries_cut_off_at_the_end_of_a_chain_are_named(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        last = (
            "DELETE FROM journal "
            "WHERE position = (SELECT max(position) FROM journal WHERE chain = 'all')"
        )
        transaction.connection.execute(text(last))
    code, told = verify(folder)
    assert (code, told["flaws"][0]["chain"], told["flaws"][0]["what"]) == (1, "all", "missing")


def test_a_chain_whose_cursor_is_gone_is_named(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("DELETE FROM cursors WHERE name = 'all'"))
    assert verify(folder)[1]["flaws"][0]["what"] == "head missing"


def test_erased_contents_are_no_flaw(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE keys SET wrapped = NULL"))
    assert verify(folder)[0] == 0


def test_people_read_of_flaws_in_words(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(
            text("UPDATE journal SET subject = 'another' WHERE chain = 'all'")
        )
    answer = CliRunner().invoke(main, ["audit", "verify", "--config", str(folder.config)])
    assert "altered: chain all, sequence 1, position" in answer.stdout
