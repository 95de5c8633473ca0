"""`hub audit verify` names what was altered, taken out, put in or cut off."""

from __future__ import annotations

import json
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.parts import record_parts
from ops.run.serve import Parts
from ops.run.wiring import Hub
from stores import cursors, journal
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from stores.tree.notes import Note, VerifierKey
from tests.support import given
from tests.support.erasing import destroy, keys_of_cases
from tests.support.filled import empty_hub, filled_hub
from tests.support.tampering import chain_anew, change, plant_tree_anew

Worked = tuple[DemoFolder, Hub]


def audit(folder: DemoFolder, *command: str) -> Result:
    return CliRunner().invoke(main, ["audit", *command, "--config", str(folder.config)])


def verify(folder: DemoFolder, *more: str) -> tuple[int, dict[str, Any]]:
    answer = audit(folder, "verify", "--json", *more)
    return answer.exit_code, json.loads(answer.stdout)


def signed_whole(folder: DemoFolder) -> bool:
    """Whether there is a checkpoint, and nothing waits for its leaf: the key that signs is a row
    that gets one, too.
    """
    return audit(folder, "checkpoint").exit_code == 0 and verify(folder)[1]["pending"] == 0


def sign(hub: Hub) -> None:
    """What the part of the hub does that has the tree."""
    while Growing(hub.database, origin_of(hub.settings.area)).once():
        pass


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


def test_erased_contents_are_no_flaw_where_the_record_says_that_they_are(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    one, *others = keys_of_cases(hub.database)
    destroy(hub.database, others)
    sign(hub)
    assert verify(folder)[0] == 0
    with hub.database.transaction() as transaction:
        gone = text("UPDATE keys SET wrapped = NULL WHERE key_id = :one")
        transaction.connection.execute(gone, {"one": one})
    code, told = verify(folder)
    (flaw,) = told["flaws"]
    named = (flaw["what"], flaw["table"], flaw["row"])
    assert (code, named) == (1, ("destroyed without a leaf that says so", "keys", one))
    assert f"says so: table keys, row {one}" in audit(folder, "verify").stdout


def test_a_text_that_is_none_any_more_is_named(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    with hub.database.transaction() as transaction:
        for table, column in (("journal", "subject"), ("states", "step")):
            altered = f"UPDATE {table} SET {column} = CAST(x'ff' AS TEXT) WHERE rowid = 1"  # noqa: S608
            transaction.connection.execute(text(altered))
    code, told = verify(folder)
    named = [(flaw["what"], flaw["position"], flaw["table"]) for flaw in told["flaws"]]
    assert code == 1
    assert {("altered", 1, None), ("inserted", None, "states")} <= set(named)


def test_a_number_that_is_far_off_is_named_without_all_that_would_be_before_it(
    tmp_path: Path,
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    with hub.database.transaction() as transaction:
        far = text("UPDATE cursors SET sequence = sequence + 100000 WHERE name = 'all'")
        transaction.connection.execute(far)
    code, told = verify(folder)
    assert (code, told["flaws"][-1]["what"]) == (1, "missing, and all before it")
    assert len(told["flaws"]) < 2000


@pytest.mark.parametrize("altered", ["size = size + 1000", "made_at = made_at + 3600000000"])
def test_a_checkpoints_row_that_says_other_than_was_signed_is_named(
    tmp_path: Path, altered: str
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    sign(hub)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text(f"UPDATE checkpoints SET {altered}"))  # noqa: S608
    assert "checkpoint altered" in {flaw["what"] for flaw in verify(folder)[1]["flaws"]}


def test_people_read_of_flaws_in_words(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    with hub.database.transaction() as transaction:
        transaction.connection.execute(
            text("UPDATE journal SET subject = 'another' WHERE chain = 'all'")
        )
    answer = CliRunner().invoke(main, ["audit", "verify", "--config", str(folder.config)])
    assert "altered: chain all, sequence 1, position" in answer.stdout


# What was signed


def test_a_checkpoint_is_printed_that_the_hubs_printed_key_has_signed(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=3, answered=False)
    sign(hub)
    note = Note.parse(audit(folder, "checkpoint").stdout)
    key = VerifierKey.parse(audit(folder, "key").stdout.strip())
    assert note.signed_by([key]) == {key: None}
    told = json.loads(audit(folder, "checkpoint", "--json").stdout)
    code, verified = verify(folder)
    assert (code, told["size"], told["root"]) == (0, verified["leaves"], verified["root"])
    assert told["note"] == str(note)


def test_a_hub_that_has_signed_nothing_says_so_in_words(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    for command in ("checkpoint", "key"):
        answer = audit(folder, command)
        assert (answer.exit_code, answer.output.count("signed nothing yet")) == (1, 1)


def test_an_embedded_hub_signs_by_itself(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    parts = Parts(hub.database, threading.Event())
    (tree,) = record_parts(hub)
    parts.start(tree)
    until = time.monotonic() + 30
    while not signed_whole(folder) and time.monotonic() < until:
        time.sleep(0.05)
    parts.join()
    code, told = verify(folder)
    assert (code, told["pending"], told["changes"] > 0) == (0, 0, True)
    assert told["leaves"] == told["entries"] + told["changes"]


def test_an_older_copy_of_the_store_is_told_from_what_was_kept_elsewhere(tmp_path: Path) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=2, answered=False)
    sign(hub)
    hub.database.close()
    store = next(folder.path.rglob("hub.db"))
    shutil.copy(store, tmp_path / "older.db")
    more = filled_again(hub)
    kept = tmp_path / "monday.checkpoint"
    kept.write_text(audit(folder, "checkpoint").stdout, "utf-8")
    assert verify(folder, "--checkpoint", str(kept))[0] == 0
    more.database.close()
    for beside in store.parent.glob("hub.db-*"):
        beside.unlink()
    shutil.copy(tmp_path / "older.db", store)
    assert verify(folder)[0] == 0
    code, told = verify(folder, "--checkpoint", str(kept))
    (flaw,) = told["flaws"]
    assert (code, flaw["what"], flaw["against"]) == (1, "cut off", "monday.checkpoint")
    said = audit(folder, "verify", "--checkpoint", str(kept)).stdout
    places = f"leaves {flaw['leaf']} to {flaw['upto']}"
    assert f"cut off: {places}, not what monday.checkpoint signed" in said


def filled_again(hub: Hub) -> Hub:
    """Something comes after the copy, and is signed."""
    hub.embedded().drain()
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "rate")
        journal.append(transaction, cursor, messages=[given.message(given.linked())])
        cursors.store(transaction, cursor)
    sign(hub)
    return hub


def test_a_record_made_anew_with_every_right_is_told_from_what_was_kept_elsewhere(
    tmp_path: Path,
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=2, answered=False)
    sign(hub)
    kept = tmp_path / "monday.checkpoint"
    kept.write_text(audit(folder, "checkpoint").stdout, "utf-8")
    change(hub.database, 2, subject="another")
    chain_anew(hub.database)
    plant_tree_anew(hub.database, origin_of(hub.settings.area))
    assert verify(folder)[0] == 0
    code, told = verify(folder, "--checkpoint", str(kept))
    assert (code, [flaw["what"] for flaw in told["flaws"]]) == (1, ["tree rewritten"])


@pytest.mark.parametrize("content", ["", "nothing", "log\n1\nAAAA\n\n\u2014 log AAAAAAAA\n"])
def test_a_file_that_is_no_checkpoint_of_this_hub_is_refused_in_words(
    tmp_path: Path, content: str
) -> None:
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    sign(hub)
    file = tmp_path / "some.checkpoint"
    file.write_text(content, "utf-8")
    answer = audit(folder, "verify", "--checkpoint", str(file))
    assert answer.exit_code == 1
    assert "some.checkpoint is no checkpoint that the key of this store has signed" in answer.output
