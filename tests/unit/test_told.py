"""Whoever held what changed is told, in random sequences beside a small model (F52), in small.

The same by command and as large as wanted: `python -m tests.proofs f52`.
"""

from __future__ import annotations

import pytest

from tests.proofs.f52 import CONTROLS, Plan, played, prove


def quiet(_: int) -> None:
    pass


def test_whoever_held_what_changed_is_told_and_nobody_else() -> None:
    figures = prove(Plan(sequences=80, seed=52), progress=quiet)
    assert (figures["wrong"], figures["first"]) == (0, None)
    assert set(figures["did"]) == {
        "answers",
        "cancels",
        "closes",
        "fetches",
        "moved",
        "rates",
        "recalls",
    }


@pytest.mark.parametrize("name", ["2/2405"])
def test_who_fetches_a_product_and_the_change_since_is_told_it_once(name: str) -> None:
    """Before the hub hears of the fetch: by rules 8 it was told once more."""
    assert played(name, apart=True).wrong == []


@pytest.mark.parametrize("rule", sorted(CONTROLS))
def test_the_model_finds_what_is_wrong_without(rule: str) -> None:
    assert prove(Plan(sequences=30, seed=52, without=rule), progress=quiet)["wrong"] > 0


def test_a_sequence_is_the_same_whenever_it_is_played() -> None:
    first, second = (played("52/1", apart=True) for _ in range(2))
    assert first.did == second.did
    assert [one.id for one in first.hub.facts] == [one.id for one in second.hub.facts]
