"""What holds for every command: nothing is cut off, JSON is JSON and nothing besides, and whatever
goes wrong is said in words.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from ops.cli import main
from ops.commands import common
from ops.demo.running import DemoFolder
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.run.wiring import Hub
from tests.support.filled import empty_hub, send

Worked = tuple[DemoFolder, Hub]
LINES = 5


@pytest.fixture
def notifications(tmp_path: Path) -> Path:
    """A file in the sample's form."""
    path = tmp_path / "notifications.jsonl"
    path.write_text("\n".join(sample_lines(LINES)) + "\n", "utf-8")
    return path


def hub(*arguments: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(part) for part in arguments], env=environment)


# Tables


ID = "3f0c" + "-1234" * 40
IDS: list[dict[str, Any]] = [{"id": ID, "agency": "police", "count": number} for number in range(2)]


def printed(monkeypatch: pytest.MonkeyPatch, rows: Sequence[dict[str, Any]], *, tty: bool) -> str:
    """What :func:`say_table` prints, on a terminal of 40 columns or elsewhere."""
    made: list[Console] = []

    def console(**options: Any) -> Console:
        made.append(
            Console(**options, width=40, force_terminal=tty, color_system=None, record=True)
        )
        return made[0]

    monkeypatch.setattr(common, "Console", console)

    @click.command()
    def say() -> None:
        common.say_table("Ids", rows)

    CliRunner().invoke(say)
    return made[0].export_text()


def test_a_table_that_is_piped_is_as_wide_as_it_needs_to_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = printed(monkeypatch, IDS, tty=False)
    assert [line for line in told.splitlines() if ID in line]
    assert "…" not in told


def test_a_table_on_a_narrow_terminal_folds_and_cuts_nothing_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = printed(monkeypatch, IDS[:1], tty=True)
    cells = "".join(line.split()[0] for line in told.splitlines() if "1234" in line)
    assert cells == ID
    assert max(map(len, told.splitlines())) <= 40


def test_lists_that_are_piped_show_whole_ids(tmp_path: Path) -> None:
    folder, made = empty_hub(tmp_path / "hub")
    event = notification_event(json.loads(sample_lines(1)[0])) | {"type": "gossip"}
    (receipt,) = send(made, event["data"]["source_agency"], [event])
    made.database.close()
    assert receipt.id in hub("dead-letters", "list", "--config", folder.config).stdout
    told = hub("connectors", "list", "--config", folder.config).stdout
    assert "childrens_social_care" in told
    assert "…" not in told + hub("status", "--config", folder.config).stdout


# JSON


READING = [
    ["audit", "verify"],
    ["config", "check"],
    ["connectors", "list"],
    ["dead-letters", "list"],
    ["dead-letters", "redrive", "--all", "--dry-run", "--who", "a", "--why", "b"],
    ["linkage", "quality"],
    ["replay"],
    ["status"],
]


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize("filled", [True, False])
def test_json_is_one_value_on_stdout_and_nothing_else_also_of_an_empty_store(
    worked: Worked, tmp_path: Path, command: list[str], filled: bool
) -> None:
    if filled:
        config = worked[0].config
    else:
        folder, made = empty_hub(tmp_path / "hub")
        made.database.close()
        config = folder.config
    answer = hub(*command, "--config", config, "--json")
    assert (answer.exit_code, answer.stderr) == (0, "")
    json.loads(answer.stdout)
    assert answer.stdout.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [["config", "token"], ["config", "key"], ["sbom"], ["schemas"], ["topology"]],
    ids=" ".join,
)
def test_json_of_commands_without_a_store_is_one_value_on_stdout(command: list[str]) -> None:
    answer = hub(*command, "--json")
    assert (answer.exit_code, answer.stderr) == (0, "")
    json.loads(answer.stdout)


# What goes wrong


OF_A_HUB = [
    ["audit", "verify"],
    ["case", "any"],
    ["connectors", "list"],
    ["dead-letters", "list"],
    ["dead-letters", "discard", "any", "--who", "a", "--why", "b"],
    ["linkage", "explain", "any"],
    ["linkage", "index"],
    ["linkage", "quality"],
    ["replay"],
    ["run"],
    ["status"],
]
OF_A_STORE = [command for command in OF_A_HUB if command[0] != "connectors"]


def in_words(answer: Result, says: str) -> None:
    """The command ended by an error in words, and no other way."""
    assert answer.exit_code == 1
    assert isinstance(answer.exception, SystemExit)
    assert answer.stdout == ""
    assert answer.stderr.startswith("Error: ")
    assert says in answer.stderr


@pytest.mark.parametrize("command", OF_A_HUB, ids=" ".join)
def test_without_a_configuration_every_command_says_how_to_get_one(
    tmp_path: Path, command: list[str]
) -> None:
    in_words(hub(*command, "--config", tmp_path / "hub.toml"), "hub config init")


@pytest.mark.parametrize("command", OF_A_STORE, ids=" ".join)
def test_a_store_that_cannot_be_reached_is_said_without_its_password(
    worked: Worked, command: list[str]
) -> None:
    store = "postgresql+psycopg://hub:open-sesame@127.0.0.1:1/hub"
    answer = hub(*command, "--config", worked[0].config, HUB_STORE=store)
    in_words(answer, "the store cannot be reached (OperationalError)")
    assert "open-sesame" not in answer.stderr


@pytest.mark.parametrize("command", OF_A_STORE, ids=" ".join)
def test_a_store_that_is_none_is_said(worked: Worked, tmp_path: Path, command: list[str]) -> None:
    other = tmp_path / "holiday.jpg"
    other.write_bytes(b"\xff\xd8 no database" * 100)
    answer = hub(*command, "--config", worked[0].config, HUB_STORE=f"sqlite:///{other}")
    in_words(answer, "the store cannot be reached (DatabaseError)")


@pytest.mark.parametrize(
    "command",
    [
        ["case", "\udcff"],
        ["case", "\udcff", "--reveal", "--who", "a", "--why", "b"],
        ["dead-letters", "show", "\udcff"],
        ["linkage", "explain", "\udcff"],
    ],
    ids=["case", "reveal", "show", "explain"],
)
def test_an_id_that_is_no_text_is_known_to_nobody(worked: Worked, command: list[str]) -> None:
    answer = hub(*command, "--config", worked[0].config)
    assert answer.exit_code == 1
    assert isinstance(answer.exception, SystemExit)
    assert answer.stderr.startswith("Error: ")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not json\n", "line 1 is not JSON"),
        (b"[1]\n", "line 1 has no notification_id"),
        (b'{"notification_id": "N1"}\n', "line 1 has no source_agency"),
        (b"\xff\xfe\n", "UTF-8"),
    ],
)
@pytest.mark.parametrize("verb", ["file", "train"])
def test_a_file_that_holds_no_notifications_is_said_to_be_none(
    tmp_path: Path, verb: str, content: bytes, says: str
) -> None:
    (tmp_path / "in.jsonl").write_bytes(content)
    out: dict[str, list[str | Path]] = {
        "file": ["--decisions", tmp_path / "out.csv"],
        "train": ["--out", tmp_path / "out.json", "--version", "v", "--date", "2026-01-31"],
    }
    in_words(hub("linkage", verb, tmp_path / "in.jsonl", *out[verb]), says)
    assert not (tmp_path / "out.json").exists()


def test_a_model_that_is_none_links_nothing(notifications: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    answer = hub("linkage", "file", notifications, "--decisions", out, "--model", "nonsense")
    in_words(answer, "nonsense is no linkage model")
    assert not out.exists()


def test_linking_a_file_says_how_many_of_how_many_were_decided(
    notifications: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    answer = hub("linkage", "file", notifications, "--decisions", out)
    assert answer.stdout == f"{LINES} of {LINES} notifications decided: {out}\n"
    assert answer.stderr == ""


def test_nothing_is_learned_from_nothing(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    out = tmp_path / "out.json"
    learned: list[str | Path] = ["--out", out, "--version", "v", "--date", "2026-01-31"]
    in_words(
        hub("linkage", "train", tmp_path / "in.jsonl", *learned), "no notification to learn from"
    )
    assert not out.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["linkage", "file", "IN", "--decisions", "NOWHERE"],
        ["linkage", "generate", "NOWHERE", "--truth", "truth.csv", "--notifications", "1"],
        ["linkage", "train", "IN", "--out", "NOWHERE", "--version", "v", "--date", "2026-01-31"],
        ["schemas", "--out", "FILE/folder"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_a_place_that_cannot_be_written_is_named(
    notifications: Path, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "file").touch()
    places = {
        "IN": notifications,
        "NOWHERE": tmp_path / "nowhere" / "out",
        "FILE/folder": tmp_path / "file" / "folder",
    }
    in_words(hub(*(places.get(part, part) for part in command)), "cannot be used")
