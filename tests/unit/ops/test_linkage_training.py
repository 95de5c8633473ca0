"""A linkage model is learned from a file, says where it comes from, and can be linked with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ops.cli import main
from ops.demo.simulation.children import generate, write
from ops.linkage.training import outlook, read_material, report, train
from router.linkage import load_model
from router.linkage.model import read_content

DAY = "2026-01-31"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("stream")
    notifications, truth = folder / "stream.jsonl", folder / "truth.csv"
    told = generate(children=100, notifications=260, seed=3)
    write(told, notifications=notifications, truth=truth)
    return notifications, truth


def test_a_model_of_which_nothing_was_told_is_written_read_and_linked_with(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "model.json"
    options = ["--out", str(out), "--version", "area-1", "--date", DAY, "--rounds", "3", "--json"]
    run = CliRunner().invoke(
        main, ["linkage", "train", str(files[0]), *options], catch_exceptions=False
    )
    told = json.loads(run.stdout)
    assert load_model(str(out)).version == told["version"] == "area-1"
    assert json.loads(out.read_text())["trained"] == told["trained"]
    assert told["trained"] | {"notifications_sha256": ""} == {
        "date": DAY,
        "base": load_model().version,
        "notifications_sha256": "",
        "notifications": 245,
        "told": 0,
        "rounds": 3,
    }
    decisions = tmp_path / "decisions.csv"
    file_ = ["linkage", "file", str(files[0]), "--decisions", str(decisions), "--model", str(out)]
    assert CliRunner().invoke(main, file_, catch_exceptions=False).exit_code == 0
    assert len(decisions.read_text().splitlines()) == 261


def test_the_same_notifications_make_the_same_model(files: tuple[Path, Path]) -> None:
    material = read_material(files[0], None)
    one, again = (
        train(material, read_content("default"), version="area-1", date=DAY, most=2)
        for _ in range(2)
    )
    assert one.data == again.data


def test_what_is_told_of_some_notifications_is_learned_at_once_and_tells_families_from_children(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    notifications, truth = files
    base = read_content("default")
    material = read_material(notifications, truth)
    trained = train(material, base, version="area-1", date=DAY, most=9)
    assert trained.data["trained"]["rounds"] == 1
    said = report(trained, base, material=material)
    assert said["pairs"]["same"] > 100
    assert said["pairs"]["family"] > 20
    birth = next(
        one for one in said["levels"] if (one["field"], one["level"]) == ("birth", "exact")
    )
    assert birth["m"] > 0.5 > birth["u"]
    some = tmp_path / "some.csv"
    some.write_text("\n".join(truth.read_text().splitlines()[:100]))
    partly = read_material(notifications, some)
    assert len(partly.told) + len(partly.unknown) == 245
    assert min(len(partly.told), len(partly.unknown)) > 50


def test_an_outlook_expects_more_false_links_where_less_is_asked_of_a_link(
    files: tuple[Path, Path],
) -> None:
    base = read_content("default")
    subjects = read_material(files[0], None).unknown
    careful, bold = (
        outlook(subjects, base),
        outlook(subjects, base | {"link_at": 2.0, "undated": 0.0}),
    )
    assert bold["linked_share"] > careful["linked_share"]
    assert bold["expected_false_links"] > careful["expected_false_links"]
