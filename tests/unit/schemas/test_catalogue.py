"""The catalogue of messages is what the shapes say, and leaves no field without its meaning."""

from __future__ import annotations

import re
from pathlib import Path

from ops.look.catalogue import markdown
from ops.look.export import published

CATALOGUE = Path(__file__).parents[3] / "ops/guide/messages.md"


def test_it_is_made_from_the_shapes_of_today() -> None:
    told = "write what `hub schemas --catalogue` prints into ops/guide/messages.md"
    assert CATALOGUE.read_text("utf-8") == markdown(), told


def test_every_message_stands_in_it_once() -> None:
    heads = re.findall(r"^#### `(mash\..+)`$", markdown(), re.MULTILINE)
    assert sorted(heads) == sorted(one.name for one in published())


def test_every_field_has_a_meaning() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", markdown(), re.MULTILINE)
    assert [field for field, meaning in rows if not meaning.strip()] == []
    assert len(rows) > 1000
