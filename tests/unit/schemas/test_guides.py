"""Whoever connects an agency finds every message and letter in the guide, and what answers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.events.facts import MESSAGE_TYPES
from ops.look.export import NOTICES

GUIDE = (Path(__file__).parents[3] / "connectors/README.md").read_text("utf-8")


@pytest.mark.parametrize("type_", sorted({*MESSAGE_TYPES, *(one.type for one in NOTICES)}))
def test_the_guide_says_what_it_is_for(type_: str) -> None:
    assert f"`{type_}`" in GUIDE
