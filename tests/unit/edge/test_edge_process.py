"""`hub edge run` as an agency runs it: killed at any moment, and where nothing of the hub's server
is installed.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import packages_distributions
from pathlib import Path

import httpx
import pytest

from connectors.edge import configured
from connectors.edge.configured import Edge
from connectors.witness.asked import Request
from connectors.witness.folder import Folder
from stores.tree.checkpoints import Checkpoint
from stores.tree.notes import Kind, Note, SignerKey
from tests.support.edges import Door, letter, made, open_door, running, sealed
from tests.support.size import FULL

LETTERS, EVENTS, KILLS = (600, 100, 60) if FULL else (30, 10, 4)
_DEADLINE = 60.0

LOCK = Path(__file__).parents[3] / "ops/locks/edge.txt"
ENOUGH = {one.lower() for one in re.findall(r"^([a-z0-9-]+)==", LOCK.read_text("utf-8"), re.M)}
"""What an edge needs to have installed, beside the hub's own packages without their needs."""


def lacking() -> list[str]:
    """All else that is installed here, and the hub's server."""
    there = packages_distributions().items()
    named = {name: {one.lower().replace("_", "-") for one in whose} for name, whose in there}
    others = [name for name, whose in named.items() if not whose & {*ENOUGH, "mash-hub"}]
    return [*others, "router", "stores.database", "stores.vault"]


WITHOUT = f"""
import sys
LACKING = {{*{lacking()!r}}}

class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        parts = name.split(".")
        if LACKING & {{".".join(parts[:count]) for count in (1, 2)}}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, NotInstalled())
from ops.cli import main
main(sys.argv[1:])
"""


def without_server(*command: str) -> list[str]:
    return [sys.executable, "-c", WITHOUT, "edge", *command]


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class System:
    """The agency's own system: it takes every file it finds, at once, and drops its own."""

    def __init__(self, edge: Edge) -> None:
        self.letters, self.to_send = (edge.folder / name for name in ("letters", "to-send"))
        self.took: list[str] = []
        self.dropped = 0

    def take(self) -> None:
        for path in self.letters.glob("*.json"):
            self.took.append(json.loads(path.read_bytes())["id"])
            path.unlink()

    def drop(self) -> None:
        if self.dropped < EVENTS:
            event = {"specversion": "1.0", "id": f"e{self.dropped}", "source": "s", "type": "t"}
            part = self.to_send / f"{self.dropped}.json.part"
            part.write_text(json.dumps(event), "utf-8")
            part.rename(part.with_suffix(""))
            self.dropped += 1


def through(door: Door, system: System) -> bool:
    system.take()
    system.drop()
    return not door.letters and len(door.taken) == EVENTS and len(system.took) >= LETTERS


def test_killed_at_any_moment_it_loses_nothing_and_hands_nothing_on_twice(tmp_path: Path) -> None:
    chance = random.Random(46)  # noqa: S311 - moments
    with open_door() as (door, url):
        edge = made(tmp_path / "edge", url)
        system = System(edge)
        for number in range(LETTERS):
            one = f"l{number}"
            body = letter(one)
            door.letters[one] = sealed(edge, body, letter_id=one) if number % 2 else body
        for _ in range(KILLS):
            with running(edge) as process:
                assert "hub edge status" in process.stdout.readline()
                end = time.monotonic() + chance.uniform(0, 0.15)
                while time.monotonic() < end:
                    through(door, system)
        with running(edge):
            until(lambda: through(door, system))
            until(lambda: not [*edge.folder.glob("letters/.*")])
        system.take()
    assert sorted(system.took) == sorted(f"l{number}" for number in range(LETTERS))
    assert sorted(door.taken) == sorted(f"e{number}" for number in range(EVENTS))


def test_it_runs_where_nothing_of_the_hubs_server_is_installed(tmp_path: Path) -> None:
    with open_door() as (door, url):
        folder = tmp_path / "edge"
        init = without_server("init", str(folder), "--agency", "csc_duty_team", "--hub", url)
        subprocess.run(init, check=True, capture_output=True)
        (folder / configured.OWNERS).write_text("{}", "utf-8")
        edge = configured.read(folder)
        door.letters["l1"] = sealed(edge, letter("l1"), letter_id="l1")
        with subprocess.Popen(
            without_server("run", str(folder)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                until(lambda: bool([*folder.glob("letters/*.json")]) or process.poll() is not None)
                process.terminate()
                _, said = process.communicate(timeout=20)
            finally:
                process.kill()
        assert (process.returncode, [*folder.glob("letters/*.json")] != []) == (0, True), said
        status = without_server("status", "--folder", str(folder), "--json")
        told = subprocess.run(status, check=True, capture_output=True, text=True).stdout
    assert json.loads(told)["handed_on"] == 1


@pytest.mark.parametrize("command", [["requests"], ["sign", "--help"]])
def test_what_is_wrong_is_said_in_words_there_too(tmp_path: Path, command: list[str]) -> None:
    told = subprocess.run(
        without_server(*command), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in told.stderr
    assert "hub edge" in told.stdout + told.stderr


def test_it_is_its_agencys_witness(tmp_path: Path) -> None:
    log = SignerKey("mash-hub/e1", Kind.NOTE, bytes(range(32)))
    text = str(Checkpoint(log.name, 1, bytes(32)))
    with open_door() as (_, url):
        edge = made(tmp_path / "edge", url)
        file = edge.folder / configured.FILE
        file.write_text(f"{file.read_text('utf-8')}witness_port = 0\n", "utf-8")
        key = Folder(edge.folder / configured.WITNESS).make("police.edge/mash", [log.verifier])
        with running(edge) as process:
            where = process.stdout.readline().split()[-1]
            body = str(Request(0, (), Note(text, (log.sign(text),))))
            answer = httpx.post(f"{where}/add-checkpoint", content=body)
    assert answer.status_code == 200
    assert Note.parse(f"{text}\n{answer.text}").signed_by([key])
    assert Folder(edge.folder / configured.WITNESS).last()[log.name].size == 1


def test_what_it_needs_is_what_the_hub_has() -> None:
    runtime = (LOCK.parent / "runtime.txt").read_text("utf-8")
    assert {"httpx", "joserfc", "starlette"} < ENOUGH
    assert all(line in runtime for line in LOCK.read_text("utf-8").splitlines())
