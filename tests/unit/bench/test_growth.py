"""Stores grow by a stream that is alike throughout."""

from __future__ import annotations

import json
from pathlib import Path

from ops.demo.simulation.children.stream import generate
from tests.bench.growth import by_families, streamed


def test_a_family_is_told_of_in_one_block_in_order_of_time() -> None:
    stream = generate(children=1500, notifications=3000, seed=1)
    ordered = by_families(stream)
    assert sorted(map(id, ordered)) == sorted(map(id, stream))
    halves = [{one.child.family.id for one in half} for half in (ordered[:1500], ordered[1500:])]
    assert len(halves[0] & halves[1]) < 0.4 * min(map(len, halves))
    for family in halves[0]:
        times = [one.record["observed_at"] for one in ordered if one.child.family.id == family]
        assert times == sorted(times)


def test_a_stream_is_made_once(tmp_path: Path) -> None:
    told: list[str] = []
    stream = streamed(tmp_path, 600, told=told.append)
    assert streamed(tmp_path, 600, told=told.append) == stream
    assert len(told) == 1
    lines = stream.read_text(encoding="utf-8").splitlines()
    assert len({json.loads(line)["notification_id"] for line in lines}) == 600
