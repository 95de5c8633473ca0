"""``hub desk`` gives a link to whoever shows who they are, and to nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.access.links import links_of
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.wiring import Hub
from schemas.access import Proof
from tests.support.filled import empty_hub


@pytest.fixture
def made(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def test_a_link_is_for_who_asked_as_they_showed_it(made: tuple[DemoFolder, Hub]) -> None:
    folder, hub = made
    command = ["desk", "--config", str(folder.config), "--who", "D. Manager", "--json"]
    answer = CliRunner().invoke(main, command)
    assert answer.exit_code == 0, answer.output
    told = json.loads(answer.output)
    at, key = told["link"].split("/desk/enter?key=")
    assert at == "http://127.0.0.1:0"
    known = links_of(hub).take(key)
    assert known is not None
    assert (known.who, known.proven) == ("D. Manager", Proof.SHARED_ACCOUNT)
    assert links_of(hub).take(key) is None


@pytest.mark.parametrize("who", ["Nobody", "D. Manager"])
def test_who_does_not_show_who_they_are_gets_none(made: tuple[DemoFolder, Hub], who: str) -> None:
    folder, _ = made
    text = folder.config.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("account = ")]
    folder.config.write_text("\n".join(lines), "utf-8")
    answer = CliRunner().invoke(main, ["desk", "--config", str(folder.config), "--who", who])
    assert answer.exit_code == 1
    assert "/desk/enter" not in answer.output


def test_what_is_kept_of_a_link_opens_nothing(made: tuple[DemoFolder, Hub]) -> None:
    folder, hub = made
    command = ["desk", "--config", str(folder.config), "--who", "D. Manager"]
    key = CliRunner().invoke(main, command).output.split("key=")[1].split()[0]
    (kept,) = links_of(hub).folder.iterdir()
    assert key not in kept.name + kept.read_text("utf-8")
    assert kept.stat().st_mode & 0o077 == 0
    assert links_of(hub).take(kept.name) is None
