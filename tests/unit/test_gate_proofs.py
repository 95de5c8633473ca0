"""What its owners did not sign does not leave, in small; and that the proofs of it can fail."""

from __future__ import annotations

import pytest

from schemas.statement import ReleaseStatement
from tests.proofs import f21, f22, f25, gate_cost


def _nothing(_: int) -> None:
    pass


def test_nothing_leaves_that_was_altered_after_it_was_approved() -> None:
    found = f21.prove(f21.Plan(800, seed=1), progress=_nothing)
    assert (found["whole_product_left"], found["left"], found["examples"]) == (True, 0, [])


def test_every_field_of_what_is_signed_is_altered() -> None:
    tried = f21.prove(f21.Plan(800, seed=2), progress=_nothing)["by_kind"]
    fields = set(ReleaseStatement.model_fields)
    assert fields == {kind.partition(".")[2] for kind in tried if kind.startswith("statement.")}


@pytest.mark.parametrize("without", f21.CONTROLS)
def test_without_a_part_of_the_gate_what_was_altered_leaves(without: str) -> None:
    assert f21.prove(f21.Plan(300, seed=1, without=without), progress=_nothing)["left"]


def test_nothing_leaves_of_which_an_approval_is_missing() -> None:
    found = f22.prove(f22.Plan(owners=3, mixed=30, seed=1), progress=_nothing)
    assert (found["whole_products_that_left"], found["left"], found["examples"]) == (3, 0, [])
    assert set(found["by_fault"]) == set(f22.FAULTS)
    assert found["tried"] == f22.ways(3, 30)


@pytest.mark.parametrize("without", f22.CONTROLS)
def test_without_looking_at_each_owner_it_leaves(without: str) -> None:
    plan = f22.Plan(owners=2, mixed=0, seed=1, without=without)
    assert f22.prove(plan, progress=_nothing)["left"]


def test_nobody_gets_round_the_two_person_rule() -> None:
    found = f25.prove(f25.Plan(100, seed=1, pairs=False), progress=_nothing)
    assert (found["wrong"], found["examples"]) == (0, [])
    assert {"message: leaves", "gate: leaves"} <= set(found["came"])


@pytest.mark.parametrize("without", f25.CONTROLS)
def test_without_the_rule_somebody_does(without: str) -> None:
    plan = f25.Plan(60, seed=1, without=without, pairs=False)
    assert f25.prove(plan, progress=_nothing)["wrong"]


def test_what_the_gate_costs_is_told_beside_its_floor() -> None:
    found = gate_cost.measure(3, owners=2)
    assert found["gate_alone_ms_p50"] > found["floor_ms_p50"] > 0
