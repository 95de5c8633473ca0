"""Every shape has an example that it takes, a JSON Schema that takes it too, and a version that
stays compatible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]

from ops.cli import main
from ops.look.export import NOTICES, Published, published
from schemas.base import Notice

ROOT = Path(__file__).parents[3] / "schemas"
SHAPES = {one.name: one for one in published()}


def examples() -> Iterator[tuple[Published, Path]]:
    """Every example: ``<type>.json``, and ``<type>.<what it shows>.json``."""
    for one in published():
        for path in sorted((ROOT / "examples" / one.path).parent.glob(f"{one.name}*.json")):
            yield one, path


@pytest.mark.parametrize("one", list(published()), ids=lambda one: one.name)
def test_every_shape_has_an_example(one: Published) -> None:
    assert (ROOT / "examples" / one.path).is_file()


@pytest.mark.parametrize(
    ("one", "path"), list(examples()), ids=lambda value: getattr(value, "name", "")
)
def test_an_example_is_taken_by_its_shape_and_comes_back_the_same(
    one: Published, path: Path
) -> None:
    read = one.shape.model_validate_json(path.read_bytes(), strict=True)
    told = json.loads(read.model_dump_json())
    given = json.loads(path.read_text("utf-8"))
    assert {key: told[key] for key in given} == given or one.shape.model_validate(given) == read
    assert one.shape.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize(
    ("one", "path"), list(examples()), ids=lambda value: getattr(value, "name", "")
)
def test_an_example_is_taken_by_the_exported_schema(one: Published, path: Path) -> None:
    Draft202012Validator.check_schema(one.schema())
    checker = Draft202012Validator(one.schema(), format_checker=FormatChecker())
    assert [
        error.json_path for error in checker.iter_errors(json.loads(path.read_text("utf-8")))
    ] == []


def test_no_example_stands_for_a_shape_that_is_gone() -> None:
    known = {path for _, path in examples()}
    assert set((ROOT / "examples").rglob("*.json")) == known


def test_every_notice_is_published() -> None:
    assert set(NOTICES) == set(Notice.__subclasses__())


def parts(schema: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A schema's objects by name: itself as the empty name, and those that it defines."""
    return {"": schema, **schema.get("$defs", {})}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "published").rglob("*.json")), ids=lambda path: path.stem
)
def test_a_published_version_gains_no_required_field_and_loses_none(path: Path) -> None:
    before = parts(json.loads(path.read_text("utf-8")))
    assert path.stem in SHAPES, "a published type is gone: those who send or read it still do"
    after = parts(SHAPES[path.stem].schema())
    for name, old in before.items():
        new = after.get(name, old)
        assert set(new.get("required", ())) <= set(old.get("required", ())), (
            f"{name} needs a new version"
        )
        assert set(old.get("properties", ())) <= set(new.get("properties", ())), (
            f"{name} needs a new version"
        )
        assert set(old.get("enum", ())) <= set(new.get("enum", ())), f"{name} needs a new version"


def test_every_shape_is_kept_as_published() -> None:
    kept = {path.stem for path in (ROOT / "published").rglob("*.json")}
    assert kept == set(SHAPES), "run `hub schemas --out schemas/published`"


def test_the_command_writes_every_schema(tmp_path: Path) -> None:
    answer = CliRunner().invoke(main, ["schemas", "--out", str(tmp_path), "--json"])
    assert answer.exit_code == 0
    assert {row["type"] for row in json.loads(answer.stdout)} == set(SHAPES)
    assert len(list(tmp_path.rglob("*.json"))) == len(SHAPES)


def test_people_in_examples_are_invented() -> None:
    """NHS numbers of the test range with a right check digit, telephone numbers that no one has."""
    told = "".join(path.read_text("utf-8") for _, path in examples())
    for number in _after(told, '"system": "https://fhir.nhs.uk/Id/nhs-number"', '"value": "'):
        total = sum(
            int(digit) * weight for digit, weight in zip(number, range(10, 1, -1), strict=False)
        )
        assert number.startswith("999")
        assert (11 - total % 11) % 11 == int(number[9])
    assert "07700 900" in told or "01632 960" in told


def _after(text: str, marker: str, opening: str) -> Iterator[str]:
    for part in text.split(marker)[:-1]:
        yield part.rpartition(opening)[2].partition('"')[0]
