"""The measures run over a real hub, small."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.bench import command
from tests.bench.against import run_module
from tests.bench.command import bench
from tests.bench.facts import Facts
from tests.bench.grown import grown
from tests.bench.growth import streamed
from tests.bench.latency import steady
from tests.bench.layout import sqlite_hub
from tests.bench.once import once
from tests.bench.stream import arrivals
from tests.services.process import ServiceUnavailable


def test_a_run_says_what_it_took(tmp_path: Path) -> None:
    ran = once(20, tmp_path)
    assert ran["notifications"] == 20
    assert min(ran["seconds"], ran["cpu_seconds"]) > 0


def test_a_steady_rate_is_watched_from_another_process(tmp_path: Path) -> None:
    file, stop = tmp_path / "hub.db", threading.Event()
    hub = sqlite_hub(file)
    steps = threading.Thread(target=hub.embedded().run, args=(stop,))
    steps.start()
    try:
        came = arrivals(hub.settings, 20)
        told = steady(hub, came, url=f"sqlite:///{file}", per_second=200)
    finally:
        stop.set()
        steps.join()
        hub.database.close()
    assert 0 < told["p50_ms"] <= told["p99_ms"] <= told["worst_ms"]
    assert 0 < told["achieved_per_second"] <= told["wanted_per_second"] == 200
    assert Facts(f"sqlite:///{file}").stored() == 20


def test_growth_goes_on_where_a_store_stands(tmp_path: Path) -> None:
    stream = streamed(tmp_path, 120, told=lambda _: None)
    store = tmp_path / "hub.db"
    first = grown(60, store, stream=stream, window=20)
    assert Facts(f"sqlite:///{store}").stored() == 80
    again = grown(60, store, stream=stream, window=20)
    assert Facts(f"sqlite:///{store}").stored() == 100
    assert first.keys() == again.keys()
    with pytest.raises(AssertionError, match="too large"):
        grown(60, store, stream=stream, window=40)


def test_another_checkout_runs_under_this_bench(tmp_path: Path) -> None:
    module = tmp_path / "ops" / "garbage.py"
    module.parent.mkdir()
    (module.parent / "__init__.py").touch()
    module.write_text("def collect_seldom():\n    print('the other one')\n    raise SystemExit\n")
    said = run_module("tests.bench.once", "20", str(tmp_path), checkout=tmp_path)
    assert said == "the other one\n"


def test_a_part_whose_services_are_missing_says_so_and_the_others_are_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(*_: object) -> dict[str, float]:
        raise ServiceUnavailable("no Kafka")

    parts = {"production": missing, "replay": lambda *_: {"facts_per_second": 1.0}}
    monkeypatch.setattr(command, "PARTS", parts)
    run = CliRunner().invoke(bench, [], catch_exceptions=False)
    assert json.loads(run.stdout.splitlines()[-1]) == {
        "production": {"missing": "no Kafka"},
        "replay": {"facts_per_second": 1.0},
    }
