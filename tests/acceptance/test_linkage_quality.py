"""Children who are easily taken for each other, linked through the hub and scored against the truth
(K1).

The same by command and as large as wanted: `python -m tests.proofs k1`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.proofs.k1 import CONTROLS, GROUPS, Plan, prove

SMALL = Plan(notifications=1500, children=600, errors=(1.0,), kinds=0, sample=False)


def quiet(_: int) -> None:
    pass


def test_a_stream_of_invented_children_is_linked_within_the_bounds(tmp_path: Path) -> None:
    figures = prove(SMALL, tmp_path, progress=quiet)
    (stream,) = figures["streams"].values()
    assert set(stream["unreached"]) <= {GROUPS}
    assert (stream["false_links"], stream["false_duplicates"]) == (0, 0)
    assert stream["resends_recognised"] == stream["resends"]
    assert {"person:twin", "origin:british", "nickname"} <= {
        group["group"] for group in stream["groups"]
    }


def test_placeholders_shared_references_near_twins_and_resends_are_told_apart(
    tmp_path: Path,
) -> None:
    plan = replace(SMALL, errors=(), kinds=1.0)
    (stream,) = prove(plan, tmp_path, progress=quiet)["streams"].values()
    assert stream["false_links"] == 0
    assert stream["resends_recognised"] >= 0.97 * stream["resends"]


@pytest.mark.parametrize("rule", sorted(CONTROLS))
def test_the_bounds_are_not_reached_without(rule: str, tmp_path: Path) -> None:
    plan = replace(SMALL, without=rule)
    figures = prove(plan, tmp_path, progress=quiet)
    (stream,) = figures["streams"].values()
    assert set(stream["unreached"]) - {GROUPS}
    assert not figures["reached"]
