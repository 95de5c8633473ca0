"""A whole set of proofs is run one after the other, and what missed is told."""

from __future__ import annotations

import json
import shlex
import tempfile
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.proofs import catalogue, kept, suite_command
from tests.proofs.catalogue import Figure, Run
from tests.proofs.command import proof
from tests.proofs.suite import Came, Step, _how, carry_out, steps

RUNS = catalogue.runs()
PROOFS = catalogue.proofs(proof)
OF_THE_GATE = {f"f{number}" for number in range(18, 40)}
FIGURE = Figure(id="F99", group="Made up", promise="It holds.", aim="0", n="tried", full=100)


def _never(step: Step) -> None:
    pytest.fail(f"{step} was begun")


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.suite} {run.proof}")
def test_each_command_of_a_suite_is_one(run: Run, full: bool) -> None:
    for step in steps([run], PROOFS, full=full):
        name, *options = shlex.split(step.words)
        PROOFS[name].parse_args(click.Context(PROOFS[name]), options)


def test_the_gate_has_each_proof_of_what_leaves_and_of_the_record() -> None:
    assert {one.proof for one in RUNS if one.suite == "gate"} == OF_THE_GATE


def test_each_proof_of_the_gate_has_a_control() -> None:
    assert [name for name in OF_THE_GATE if not catalogue.controls(PROOFS[name])] == []


def test_all_proofs_come_first_then_every_control_of_each() -> None:
    run = Run(suite="a", run="f23 --products 9", full="f23", seconds=1, controls="--products 2")
    other = Run(suite="a", run="f30", full="f30", seconds=1)
    found = [step.words for step in steps([run, other], PROOFS, full=False)]
    both = ["f23 --products 2 --without record", "f23 --products 2 --without turns"]
    assert found == ["f23 --products 9", "f30", *both, "f30 --without verify"]
    assert next(step.words for step in steps([run], PROOFS, full=True)) == "f23"


@pytest.mark.parametrize(
    ("control", "code", "output", "how"),
    [
        (False, 0, '{"reached": true}', "reached"),
        (False, 1, '{"reached": false}', "not reached"),
        (False, 1, '{"reached": true}', "not reached"),
        (False, 0, "Traceback", "failed with 0: the last line is no JSON"),
        (True, 1, '{"reached": false}', "red"),
        (True, 0, '{"reached": true}', "not red, and has to be"),
        (True, 1, "", "failed with 1: the last line is no JSON"),
    ],
)
def test_what_came_of_it_is_told(control: bool, code: int, output: str, how: str) -> None:
    assert _how(Step("f99", 1.0, control=control), code, output)[0] == how


def test_what_does_not_end_is_stopped_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (came,) = carry_out([Step("f24", 0.3)], until=None, tells=lambda _: None)
    assert (came.how, came.is_well) == ("did not end in 0 s", False)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_begun_once_the_time_is_over() -> None:
    (came,) = carry_out([Step("f24", 9.0)], until=time.monotonic() - 1, tells=_never)
    assert came.how == "not begun: no time was left"


def test_a_summary_names_what_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    hows = {"f30": "reached", "f30 --without verify": "not red, and has to be"}
    monkeypatch.setattr(
        suite_command,
        "carry_out",
        lambda wanted, **_: [Came(step, hows[step.words], 1.0) for step in wanted],
    )
    said = CliRunner().invoke(proof, ["suite", "gate", "--only", "f30", "--no-keep", "--json"])
    told = json.loads(said.stdout)
    assert (said.exit_code, told["n"], told["well"]) == (1, 2, 1)
    assert told["missed"] == {"f30 --without verify": "not red, and has to be"}


def test_what_was_measured_of_more_stays_beside_what_is_measured_of_less(tmp_path: Path) -> None:
    place = tmp_path / "measured.jsonl"
    place.touch()
    for tried in (100, 10, 20):
        printed = json.dumps({"id": "F99", "tried": tried})
        kept.keep(printed, figures=[FIGURE], proof="", place=place)
    assert [one["tried"] for one in kept.read(place)] == [100, 20]
