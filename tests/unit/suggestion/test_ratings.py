"""The small form of `make proof PROOF=suggestion`: what the shipped profile reaches, it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proofs.suggestion import FURTHER, SETS, prove

KEPT = {"ratings-develop": (0.98, 0.9), "ratings-held-out": (0.84, 0.6), FURTHER: (0.93, 0.87)}
"""Recall and precision: a little less than was reached, so that less of either is told."""


def figures(name: str, without: str = "") -> dict[str, Any]:
    told: dict[str, Any] = prove([name], without=without)["sets"][name]
    return told


@pytest.mark.parametrize("name", [*SETS, FURTHER])
def test_the_profile_keeps_what_it_reached(name: str) -> None:
    told, (recall, precision) = figures(name), KEPT[name]
    assert told["recall"] >= recall
    assert told["precision"] >= precision


def test_and_not_without_contexts() -> None:
    assert not figures("ratings-develop", "context")["reached"]
    assert figures(FURTHER, "context")["precision"] < KEPT[FURTHER][1]


def test_and_not_without_putting_what_it_does_not_know_before_a_person() -> None:
    assert figures(FURTHER, "unknown")["recall"] < KEPT[FURTHER][0]
