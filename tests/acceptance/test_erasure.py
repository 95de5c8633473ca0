"""F37, small: nothing of an erased case comes back, and the proof fails where a rule is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.f37 import CONTROLS, prove, well


def test_nothing_of_an_erased_case_comes_back(tmp_path: Path) -> None:
    figures = prove(tmp_path, others=3)
    assert well(figures), figures


@pytest.mark.parametrize("rule", CONTROLS)
def test_the_proof_fails_without(rule: str, tmp_path: Path) -> None:
    figures = prove(tmp_path, others=0, without=rule)
    assert not well(figures)
    assert figures["recovered_after_a_restore"] > 0
