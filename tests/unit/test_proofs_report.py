"""ops/PROOFS.md says what is promised and what was measured, and hides nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from tests.proofs import catalogue, kept, report
from tests.proofs.catalogue import Figure
from tests.proofs.command import proof
from tests.proofs.report_command import current
from tests.proofs.saying import json_option, say

ROOT = Path(__file__).parents[2]
LATENCY = Figure(
    id="F99",
    group="Made up",
    promise="A Red is not kept waiting.",
    aim="at most a tenth longer",
    full=1000,
    shows=("p99_ratio", "rounds.*.seconds"),
    at_most={"p99_ratio": 1.1},
)


@click.command("f99")
@click.option("--runtime", default="embedded")
@click.option("--seed", default=1)
@click.option("--without", type=click.Choice(["lane", "turn"]))
@click.option("--ratio", default=1.0)
@click.option("--count", default=1000)
@json_option
def f99(
    *, runtime: str, seed: int, without: str | None, ratio: float, count: int, as_json: bool
) -> None:
    del runtime, seed, without
    rounds = {"quiet": {"seconds": 3}, "flood": {"seconds": 4}}
    figures = {"n": count, "p99_ratio": ratio, "rounds": rounds}
    say(figures, as_json=as_json, well=ratio <= 1.1)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "measured.jsonl"
    path.touch()
    return path


def printed(*options: str) -> str:
    return CliRunner().invoke(f99, options).output


def keep(place: Path, *options: str) -> None:
    kept.keep(printed(*options), figures=[LATENCY], proof="", place=place)


def page(place: Path) -> str:
    return report.written([LATENCY], kept.read(place), commands={"f99": f99})


def cells(place: Path) -> list[list[str]]:
    rows = [line for line in page(place).splitlines() if line.startswith("| F99")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_the_report_is_what_the_checkout_says() -> None:
    assert report.PLACE.read_text("utf-8") == current(proof), "run: python -m tests.proofs report"


def test_every_proof_is_in_the_catalogue() -> None:
    measured = {figure.measured_by for figure in catalogue.read()}
    assert set(catalogue.proofs(proof)) <= measured


def test_every_figure_is_in_the_report_once_at_least() -> None:
    shown = re.findall(r"^\| (\w+) \|", report.PLACE.read_text("utf-8"), flags=re.MULTILINE)
    ids = [figure.id for figure in catalogue.read()]
    assert len(ids) == len(set(ids))
    assert set(shown) - {"id"} == set(ids)


def test_tests_that_the_report_names_exist() -> None:
    named = re.findall(r"`(tests/.*?)`", report.PLACE.read_text("utf-8"))
    assert named
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_a_proof_says_what_it_was_and_what_repeats_it() -> None:
    told = json.loads(printed("--runtime", "a place", "--ratio", "2", "--json"))
    assert (told["id"], told["seed"], told["without"]) == ("F99", 1, None)
    assert (told["reached"], told["repeat"]) == (False, 'f99 --runtime "a place" --ratio 2.0')
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", told["on"])
    assert told["version"]


def test_what_was_not_measured_says_so(place: Path) -> None:
    (row,) = cells(place)
    assert (row[3], row[6]) == ("not measured", "not measured")
    assert row[7] == "`python -m tests.proofs f99`"


def test_what_was_measured_is_shown(place: Path) -> None:
    keep(place, "--seed", "7")
    (row,) = cells(place)
    assert row[3] == "p99_ratio 1.0; quiet.seconds 3; flood.seconds 4"
    assert (row[4], row[6]) == ("1,000, seed 7", "reached")
    assert row[7] == "`python -m tests.proofs f99 --seed 7`"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--ratio", "1.5"), "**not reached**; p99_ratio 1.5, at most 1.1 is the aim"),
        (("--count", "10"), "reached, of 10 instead of 1,000"),
    ],
)
def test_how_far_off_it_is_is_told(place: Path, options: tuple[str, ...], says: str) -> None:
    keep(place, *options)
    (row,) = cells(place)
    assert row[6] == says


def test_a_bound_that_was_not_kept_is_not_reached_whatever_the_proof_says(place: Path) -> None:
    keep(place)
    place.write_text(json.dumps(json.loads(place.read_text("utf-8")) | {"p99_ratio": 2}))
    (row,) = cells(place)
    assert row[6] == "**not reached**; p99_ratio 2, at most 1.1 is the aim"


def test_what_is_measured_again_takes_the_place_of_the_same_run_alone(place: Path) -> None:
    keep(place, "--seed", "7")
    keep(place, "--seed", "7", "--runtime", "production")
    keep(place, "--seed", "8")
    assert [row[4] for row in cells(place)] == ["1,000, seed 8", "1,000, seed 7"]


def test_controls_are_red_or_still_to_be_seen(place: Path) -> None:
    keep(place, "--without", "lane", "--ratio", "3")
    (row,) = cells(place)
    assert row[3] == "not measured"
    assert re.fullmatch(r"seen red: `lane` on [\d-]+; run not kept: `--without` `turn`", row[8])


def test_a_control_that_did_not_fail_is_told(place: Path) -> None:
    keep(place, "--without", "lane")
    assert "**not red, and should be**: `lane`" in page(place)


def test_an_aim_that_was_another_when_it_was_measured_is_told(place: Path) -> None:
    keep(place)
    before = json.loads(place.read_text("utf-8"))
    before["aims"] = {"F99": "at most a fifth longer"}
    place.write_text(json.dumps(before), encoding="utf-8")
    (row,) = cells(place)
    assert row[2] == "at most a tenth longer (when measured: at most a fifth longer)"


@pytest.mark.parametrize("output", ["", "no figures", "[]", "{}", '{"id": "F98"}'])
def test_what_no_proof_printed_is_not_kept(place: Path, output: str) -> None:
    with pytest.raises(kept.NoFigures):
        kept.keep(output, figures=[LATENCY], proof="", place=place)
    assert place.read_text("utf-8") == ""


def test_what_the_benchmark_printed_is_kept_by_its_name(place: Path) -> None:
    told: dict[str, Any] = {"embedded": {"notifications_per_second": 300.0}}
    figures = catalogue.read()
    kept.keep(json.dumps(told), figures=figures, proof="bench", place=place)
    speed = [figure for figure in figures if figure.id == "S1"]
    shown = report.written(speed, kept.read(place), commands={})
    assert "notifications_per_second 300.0" in shown
    assert "| measured | `make bench` |" in shown
