"""The bytes of every shape stay what they were: journals keep keyed digests of them."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from ops.look.export import published

EXAMPLES = Path(__file__).parents[3] / "schemas" / "examples"
DIGESTS = Path(__file__).with_name("encodings.json")
SHAPES = {one.name: one for one in published()}


@pytest.mark.parametrize(("example", "digest"), json.loads(DIGESTS.read_text("utf-8")).items())
def test_an_example_is_written_as_it_always_was(example: str, digest: str) -> None:
    path = EXAMPLES / example
    name = next(name for name in SHAPES if path.name.startswith(f"{name}."))
    read = SHAPES[name].shape.model_validate_json(path.read_bytes())
    assert sha256(read.model_dump_json().encode()).hexdigest() == digest


def test_every_example_has_a_known_digest() -> None:
    known = {str(path.relative_to(EXAMPLES)) for path in EXAMPLES.rglob("*.json")}
    assert set(json.loads(DIGESTS.read_text("utf-8"))) == known
