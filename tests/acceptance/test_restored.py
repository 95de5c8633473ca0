"""F14, small: a hub that is put back goes on with nothing lost or twice, what was erased stays so,
and the proof fails where a rule is dropped.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.proofs.f14 import CONTROLS, prove, well

_AMISS = {"list": "recovered", "sending-again": "lost"}


def test_a_hub_that_is_put_back_goes_on(tmp_path: Path) -> None:
    figures = prove(tmp_path, before=3, since=5)
    assert well(figures), figures


@pytest.mark.parametrize("rule", CONTROLS)
def test_the_proof_fails_without(rule: str, tmp_path: Path) -> None:
    figures = prove(tmp_path, before=0, since=3, without=rule)
    assert not well(figures)
    assert figures[_AMISS[rule]] > 0
