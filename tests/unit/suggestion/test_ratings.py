"""The small form of `make proof PROOF=suggestion`: what the shipped profile reaches, it keeps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.proofs.suggestion import DEVELOPED, KEPT_ASIDE, prove, there

FURTHER = "ratings-further"
ALONE = {"ratings-develop": (0.98, 0.9), "ratings-held-out": (0.84, 0.6), FURTHER: (0.93, 0.87)}
"""Recall and precision of the indicators alone: a little less than was reached."""
WEIGHED = (0.96, 0.84)
"""Of every set that was learned from: so much for those says nothing of others."""
ASIDE = dict(zip(KEPT_ASIDE, ((0.97, 0.77), (0.93, 0.7)), strict=True))
"""A little less than was reached: what is asked is 0.98 and 0.8."""


def figures(name: str, without: str = "") -> dict[str, Any]:
    told: dict[str, Any] = prove([name], without=without)["sets"][name]
    return told


@pytest.mark.parametrize("name", DEVELOPED)
def test_the_profile_keeps_what_it_reached(name: str) -> None:
    told, (recall, precision) = figures(name), WEIGHED
    assert told["recall"] >= recall
    assert told["precision"] >= precision


@pytest.mark.parametrize("name", there()[len(DEVELOPED) :])
def test_and_on_what_nobody_had_read(name: str) -> None:
    told, (recall, precision) = figures(name), ASIDE[name]
    assert told["recall"] >= recall
    assert told["precision"] >= precision


@pytest.mark.parametrize("name", ALONE)
def test_the_indicators_alone_do(name: str) -> None:
    told, (recall, precision) = figures(name, "weighing"), ALONE[name]
    assert told["recall"] >= recall
    assert told["precision"] >= precision


def test_and_not_without_contexts() -> None:
    assert not figures("ratings-develop", "context")["reached"]
    assert figures(FURTHER, "context")["precision"] < ALONE[FURTHER][1]


def test_and_not_without_putting_what_it_does_not_know_before_a_person() -> None:
    assert figures(FURTHER, "unknown")["recall"] < ALONE[FURTHER][0]


def test_what_nobody_listed_is_found_by_what_it_weighs() -> None:
    told = figures("ratings-develop-2", "weighing")
    assert not told["reached"]
    assert told["recall"] < WEIGHED[0]
