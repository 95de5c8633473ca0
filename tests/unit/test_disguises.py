"""Identifiers of a case in texts that were written apart from the sanitiser (F28), in small.

The same by command and as large as wanted: `python -m tests.proofs f28`.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.proofs.disguises import Case, blanked, cases, faults, innocuous, left_in, touched
from tests.proofs.f28 import CONTROLS, Plan, prove

SMALL = Plan(seeds=(11,), narratives=250, sentences=120)


def quiet(_: int) -> None:
    pass


def test_nobody_of_the_case_can_be_read_and_english_stays() -> None:
    figures = prove(SMALL, progress=quiet)
    (seed,) = figures["seeds"].values()
    assert figures["reached"]
    assert (seed["left_in"], seed["kept_missing"]) == (0, 0)
    assert seed["hidden"] > SMALL.narratives
    assert len(figures["kinds"]) > 60


@pytest.mark.parametrize("rule", sorted(CONTROLS))
def test_the_bounds_are_not_reached_without(rule: str) -> None:
    figures = prove(replace(SMALL, without=rule), progress=quiet)
    assert not figures["reached"]


def some() -> list[Case]:
    return cases(SMALL.seeds[0], 60)


def test_texts_are_fair_and_the_check_tells_what_was_overlooked() -> None:
    for case in some():
        assert not faults(case)
        assert not left_in(case, blanked(case))
        for hidden in case["hidden"]:
            assert left_in(case, blanked(case, leave=hidden)) == [hidden]


def test_a_sentence_that_was_changed_was_touched() -> None:
    for one in innocuous(SMALL.seeds[0], 20):
        assert not touched(one, one["text"])
        assert touched(one, one["text"].replace("e", "[name]", 1))
