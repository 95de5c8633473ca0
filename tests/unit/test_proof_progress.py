"""Whoever waits for a long proof is told how far it is, also where nobody looks at a bar."""

from __future__ import annotations

import time

import pytest

from tests.proofs import progress


def test_a_line_every_so_often_says_how_far_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SECONDS", 0.01)
    told = ""
    with progress.progress("playing", 7) as advance:
        advance(2)
        advance(1)
        while "3 of 7" not in told:
            time.sleep(0.01)
            told += capsys.readouterr().err
    assert "playing: 3 of 7, after 0 s\n" in told
    capsys.readouterr()
    time.sleep(0.05)
    assert capsys.readouterr().err == ""
