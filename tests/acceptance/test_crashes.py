"""Processes are killed at named points and at random moments: nothing is lost, nothing takes effect
twice (F1).

The same by command and as large as wanted:
`python -m tests.proofs f1 --runtime production --notifications 4000 --kills 100`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.kills import prove
from tests.proofs.place import Place, Servers, embedded_place, production_place
from tests.proofs.plan import Plan
from tests.proofs.points import POINTS, TAKEN_OVER
from tests.support.size import FULL


def assert_unharmed(figures: dict[str, Any], *, kills: int) -> None:
    """Everything that was receipted is there once, with each of its effects once."""
    assert figures["findings"] == []
    assert (figures["lost"], figures["duplicated"], figures["wrong"]) == (0, 0, 0)
    assert figures["kills"] >= kills
    assert figures["stopped_cleanly"]


def test_an_embedded_hub_that_is_killed_loses_and_repeats_nothing(tmp_path: Path) -> None:
    with embedded_place(tmp_path / "hub") as place:
        figures = prove(place, Plan(notifications=30, kills=16, seed=7))
    assert set(figures["points"]) == {name for name, point in POINTS.items() if point.embedded}
    assert_unharmed(figures, kills=16)


@pytest.fixture
def production(
    kafka_url: str, rabbitmq_url: str, postgres_url: str, tmp_path: Path
) -> Iterator[Place]:
    """A hub in production that has not begun."""
    servers = Servers(kafka_url, rabbitmq_url, postgres_url)
    with production_place(tmp_path / "hub", servers) as place:
        yield place


APART_THEN_ALL = Plan(notifications=20, kills=12 if FULL else 8, seed=7, then=("all",))
"""A worker for each step, and one of all steps in their place after half of the kills."""
GROUPED = (
    "deduplicate link answer",
    "rate check",
    "request_information compose approve hold release alarm hand_off",
)
LONGER = (
    Plan(notifications=20, kills=10, seed=7),
    Plan(notifications=20, kills=6, seed=7, workers=("all",)),
    Plan(notifications=20, kills=6, seed=7, workers=GROUPED, then=("all",)),
)


@pytest.mark.parametrize(
    "plan", [APART_THEN_ALL, *(LONGER if FULL else ())], ids=lambda plan: " then ".join(plan.then)
)
def test_workers_that_are_killed_and_grouped_anew_lose_and_repeat_nothing(
    production: Place, plan: Plan
) -> None:
    figures = prove(production, plan)
    # Nobody knows whether there will be anything to take over.
    assert len({*figures["points"], TAKEN_OVER}) >= plan.points
    assert_unharmed(figures, kills=plan.kills)


def test_the_check_finds_what_is_lost_when_receipts_go_out_before_the_commit(
    tmp_path: Path,
) -> None:
    with embedded_place(tmp_path / "hub") as place:
        figures = prove(
            place, Plan(notifications=15, kills=2, seed=3, without="commit-before-receipt")
        )
    assert figures["lost"] > 0


def test_the_check_finds_what_is_done_twice_when_a_step_forgets_what_it_had(tmp_path: Path) -> None:
    with embedded_place(tmp_path / "hub") as place:
        figures = prove(place, Plan(notifications=15, kills=2, seed=3, without="inbox"))
    assert figures["duplicated"] > 0
