"""Measuring linking: the made-up register is the same whenever it is asked for, and the figures are
complete.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bench.command import bench, sample_settings
from tests.bench.linkage import Place, build, compared
from tests.bench.register import families, family
from tests.bench.tellings import records, strangers, tellings


def test_a_family_is_the_same_however_it_is_come_by() -> None:
    assert list(islice(families(30), 3)) == [family(30), family(31), family(32)]


def test_some_names_are_borne_by_crowds_and_most_by_few() -> None:
    borne = Counter(of.surname for of in islice(families(), 3000))
    assert borne["Khan"] >= 300
    assert borne["Smith"] > 10
    assert sum(number == 1 for number in borne.values()) > 300


def test_notifications_are_about_children_of_the_register_or_say_that_they_are_not() -> None:
    known = {record.person_id for record in islice(records(), 2000)}
    told = list(tellings(2000, 200, seed=1))
    assert {one.person_id for one in told} - {None} <= known
    assert 20 < sum(one.person_id is None for one in told) < 100
    assert {one.person_id for one in strangers(2000, 50, seed=1)} == {None}
    assert [one.message.id for one in told] == [
        one.message.id for one in tellings(2000, 200, seed=1)
    ]


@pytest.mark.parametrize(("p99", "flat"), [(3.0, True), (9.0, False)])
def test_registers_are_compared_within_their_store(p99: float, flat: bool) -> None:
    def measured(persons: int, p99: float) -> dict[str, object]:
        times = {"mean_ms": 1.0, "p50_ms": 1.0, "p99_ms": p99}
        return {
            "store": "sqlite",
            "persons": persons,
            "candidates_and_decision": times,
            "memory": {"mb_peak": 90.0},
        }

    (one,) = compared([measured(10, 2.0), measured(1000, p99)])
    assert (one["from"], one["to"], one["times_p99_ms"]) == (10, 1000, p99 / 2)
    assert (one["p99_met"], one["flat_met"], one["memory_met"]) == (flat, flat, True)


def test_a_register_is_made_once_and_linked_against(tmp_path: Path) -> None:
    command = [
        "linkage",
        "--persons",
        "1000",
        "--store",
        "sqlite",
        "--notifications",
        "100",
        "--json",
    ]
    run = CliRunner().invoke(bench, [*command, "--folder", str(tmp_path)], catch_exceptions=False)
    (first,) = json.loads(run.output)["registers"]
    assert first["build"]["keys"] > 10_000
    assert first["found"]["linked_right"] > 0
    for part in ("candidates_and_decision", "bare_queries", "whole_step_with_commit"):
        assert first[part]["p50_ms"] <= first[part]["p99_ms"] <= first[part]["worst_ms"]
    again = build(
        sample_settings(), tmp_path, Place("sqlite", f"sqlite:///{tmp_path}/register-1000.db", 1000)
    )
    assert again["keys"] > first["build"]["keys"], "what the whole step wrote stays"
    assert (first["build"]["index_seconds"] is None, again["index_seconds"] is None) == (
        False,
        True,
    )
