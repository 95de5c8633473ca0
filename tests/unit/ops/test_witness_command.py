"""`hub witness`, beside a hub that shows it what it signs; one that is killed stops nothing."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connectors.witness.folder import Folder
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.record import last_checkpoint
from ops.run.parts import record_parts
from ops.run.serve import Parts
from ops.run.wiring import Hub, open_hub
from stores import cursors, journal
from stores.keep_trying import Pauses
from stores.tree.growing import Growing
from stores.tree.keys import origin_of
from tests.support import given
from tests.support.filled import empty_hub
from tests.support.tampering import chain_anew, change, plant_tree_anew
from tests.support.witnesses import running

pytestmark = pytest.mark.usefixtures("entries_alone")

DEADLINE = 60.0


def hub(*command: str | Path) -> Result:
    return CliRunner().invoke(main, [str(part) for part in command])


def happen(made: Hub) -> None:
    """Something is recorded."""
    with made.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "rate")
        journal.append(transaction, cursor, messages=[given.message(given.linked())])
        cursors.store(transaction, cursor)


def witness(folder: DemoFolder, path: Path) -> Folder:
    """A witness that was made with the key that the hub prints."""
    key = hub("audit", "key", "--config", folder.config).stdout.strip()
    told = hub("witness", "init", path, "--name", f"{path.name}.example/mash", "--log", key)
    assert told.exit_code == 0, told.output
    assert str(Folder(path).public()) == told.stdout.strip()
    return Folder(path)


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started(folder: DemoFolder, *urls: tuple[Folder, str]) -> tuple[Hub, Parts]:
    """The hub's own parts for the tree and these witnesses, who are in its configuration."""
    for known, url in urls:
        table = f'[[witnesses]]\nurl = "{url}"\nkey = "{known.public()}"\n'
        text = folder.config.read_text("utf-8")
        folder.config.write_text(text.replace("[runtime]", f"{table}\n[runtime]", 1), "utf-8")
    assert hub("config", "check", "--config", folder.config).exit_code == 0
    made = open_hub(folder.config, {})
    parts = Parts(made.database, threading.Event(), Pauses(first=0.05, longest=0.2))
    for part in record_parts(made):
        parts.start(part)
    return made, parts


def signed_hub(path: Path) -> DemoFolder:
    """A hub that has signed something once."""
    folder, made = empty_hub(path)
    happen(made)
    Growing(made.database, origin_of(made.settings.area)).once()
    made.database.close()
    return folder


def failing(folder: DemoFolder, what: str = "part") -> list[str]:
    """The parts that fail, as `hub status` shows them."""
    told = hub("status", "--json", "--config", folder.config)
    return [part[what] for part in json.loads(told.stdout)["parts"]]


def size(known: Folder) -> int:
    return max((one.size for one in known.last().values()), default=0)


def test_witnesses_cosign_what_a_hub_signs_and_one_that_is_killed_stops_nothing(
    tmp_path: Path,
) -> None:
    folder = signed_hub(tmp_path / "hub")
    police, health = (witness(folder, tmp_path / name) for name in ("police", "health"))
    with running(police) as one, running(health) as other:
        made, parts = started(folder, (police, one.url), (health, other.url))
        until(lambda: (size(police), size(health)) == (1, 1))
        one.kill()
        happen(made)
        until(lambda: size(health) == 2)
        until(lambda: failing(folder) == ["witness:police.example/mash"])
    with running(police, port=int(one.url.rpartition(":")[2])):
        until(lambda: size(police) == 2)
        keys = [police.public(), health.public()]
        until(lambda: set(last_checkpoint(made)[1].signed_by(keys)) == set(keys))
        parts.join()
    told = hub("witness", "status", police.path, "--json")
    assert (told.exit_code, json.loads(told.stdout)["logs"][0]["size"]) == (0, 2)
    seen = (part for known in (police, health) for part in ("--witness", str(known.path)))
    verified = hub("audit", "verify", "--json", "--config", folder.config, *seen)
    compared = ["police.example/mash", "health.example/mash"]
    assert (verified.exit_code, json.loads(verified.stdout)["compared_with"]) == (0, compared)
    made.database.close()


def test_a_record_made_anew_is_named_beside_a_witness_and_by_the_running_hub(
    tmp_path: Path,
) -> None:
    folder = signed_hub(tmp_path / "hub")
    police = witness(folder, tmp_path / "police")
    with running(police) as one:
        made, parts = started(folder, (police, one.url))
        until(lambda: size(police) == 1)
        parts.join()
        change(made.database, 1, subject="another child")
        chain_anew(made.database)
        plant_tree_anew(made.database, origin_of(made.settings.area))
        made.database.close()
        assert hub("audit", "verify", "--config", folder.config).exit_code == 0
        made, parts = started(folder)
        until(lambda: failing(folder, "error") == ["WitnessDiffers"])
        parts.join()
    verified = hub("audit", "verify", "--config", folder.config, "--witness", police.path)
    assert verified.exit_code == 1
    assert "tree rewritten: leaf 0, not what police.example/mash signed" in verified.stdout
    told = hub("witness", "status", police.path)
    assert (told.exit_code, "1 checkpoints were refused" in told.stdout) == (1, True)
    made.database.close()


def test_a_witness_that_has_seen_nothing_of_this_hub_says_nothing_of_its_record(
    tmp_path: Path,
) -> None:
    """It was compared with nothing, and all was well."""
    folder = signed_hub(tmp_path / "hub")
    police = witness(folder, tmp_path / "police")
    verified = hub("audit", "verify", "--config", folder.config, "--witness", police.path)
    assert verified.exit_code == 1
    assert f"{police.path} holds nothing that its witness cosigned" in verified.output
    assert "hub witness status" in verified.output


def test_what_is_wrong_with_a_witness_is_said_in_words(tmp_path: Path) -> None:
    folder = signed_hub(tmp_path / "hub")
    police = witness(folder, tmp_path / "police")
    key = hub("audit", "key", "--config", folder.config).stdout.strip()
    again = hub("witness", "init", police.path, "--name", "a", "--log", key)
    assert "holds a witness already" in again.output
    spaced = hub("witness", "init", tmp_path / "b", "--name", "a b", "--log", key)
    assert "neither spaces" in spaced.output
    odd = hub("witness", "init", tmp_path / "b", "--name", "a", "--log", str(police.public()))
    assert "is a witness's key" in odd.output
    nothing = hub("witness", "init", tmp_path / "b", "--name", "a", "--log", "nothing")
    assert "what `hub audit key` prints" in nothing.output
    for command in (("status",), ("run",)):
        answer = hub("witness", *command, tmp_path / "nowhere")
        assert (answer.exit_code, "hub witness init" in answer.output) == (1, True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "https://w.example"\nkey = "x"', "witnesses[0].key: is no witness's key"),
        ('url = "w.example"\nkey = "KEY"', "witnesses[0].url: is no address of the web"),
    ],
)
def test_a_configured_witness_has_an_address_and_a_key(
    tmp_path: Path, line: str, said: str
) -> None:
    folder = signed_hub(tmp_path / "hub")
    key = witness(folder, tmp_path / "police").public()
    text = folder.config.read_text("utf-8")
    table = f"[[witnesses]]\n{line.replace('KEY', str(key))}\n\n[runtime]"
    folder.config.write_text(text.replace("[runtime]", table, 1), "utf-8")
    told = hub("config", "check", "--config", folder.config)
    assert (told.exit_code, said in told.output) == (1, True)
