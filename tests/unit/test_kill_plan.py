"""A plan of kills reaches every point that it can, in each shape of a hub."""

from __future__ import annotations

import random

import pytest

from tests.proofs.plan import APART, Kills, Plan, plan_kills
from tests.proofs.points import POINTS, RECEIPT_FIRST, TAKEN_OVER

FUSED, REGROUPED = ["all"], ["link rate", "deduplicate"]


def planned(plan: Plan, *phases: list[str]) -> list[Kills]:
    chance = random.Random(plan.seed)  # noqa: S311 - to be repeated, not to be secret
    return list(plan_kills(plan, chance, production=bool(phases[0]), phases=phases))


def wished(kills: Kills) -> list[str]:
    return [wish.partition(":")[0] for wishes in kills.wishes.values() for wish in wishes]


@pytest.mark.parametrize("seed", range(5))
def test_enough_kills_reach_every_point_and_the_others_come_at_random(seed: int) -> None:
    (kills,) = planned(Plan(notifications=1, kills=30, seed=seed), FUSED)
    in_production = {name for name, point in POINTS.items() if point.production}
    assert set(wished(kills)) == in_production
    assert kills.at_random == 30 - len(in_production)


@pytest.mark.parametrize("seed", range(5))
def test_what_workers_reach_is_wished_of_workers_of_that_phase(seed: int) -> None:
    first, then = planned(Plan(notifications=1, kills=30, seed=seed), FUSED, REGROUPED)
    edge = {"relay", "http", "connectors", "clock"}
    assert set(first.wishes) <= edge | set(FUSED)
    assert set(then.wishes) <= edge | set(REGROUPED)
    assert TAKEN_OVER in wished(then)


def test_without_receipts_after_the_commit_the_first_kill_is_where_that_shows() -> None:
    plan = Plan(notifications=1, kills=2, seed=1, without="commit-before-receipt")
    (kills,) = planned(plan, [])
    assert wished(kills)[0] == RECEIPT_FIRST


def test_apart_every_step_has_a_worker_and_some_have_two() -> None:
    assert len(APART) == len(set(APART)) + 2
