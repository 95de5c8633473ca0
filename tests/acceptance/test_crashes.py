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
from tests.proofs.points import POINTS


def assert_unharmed(figures: dict[str, Any], *, kills: int) -> None:
    """Everything that was receipted is there once, with each of its effects once."""
    assert figures["findings"] == []
    assert (figures["lost"], figures["duplicated"], figures["wrong"]) == (0, 0, 0)
    assert figures["kills"] >= kills
    assert figures["stopped_cleanly"]


def test_an_embedded_hub_killed_sixteen_times_loses_and_repeats_nothing(tmp_path: Path) -> None:
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


def test_a_hub_in_production_killed_ten_times_loses_and_repeats_nothing(production: Place) -> None:
    figures = prove(production, Plan(notifications=20, kills=10, seed=7))
    assert len(figures["points"]) == 7
    assert_unharmed(figures, kills=10)


def test_a_worker_of_all_steps_killed_among_others_loses_and_repeats_nothing(
    production: Place,
) -> None:
    figures = prove(production, Plan(notifications=20, kills=6, seed=7, workers=("all",)))
    assert len(figures["points"]) == 4
    assert_unharmed(figures, kills=6)


def test_steps_grouped_anew_among_kills_lose_and_repeat_nothing(production: Place) -> None:
    workers = (
        "deduplicate link answer",
        "rate check",
        "request_information compose approve hold release alarm hand_off",
    )
    plan = Plan(notifications=20, kills=6, seed=7, workers=workers, then=("all",))
    figures = prove(production, plan)
    assert_unharmed(figures, kills=6)


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
