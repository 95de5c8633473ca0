"""A replay in two processes tells what one tells, whatever has happened to the store."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from ops.demo.running import DemoFolder
from ops.look.reading import open_reader
from ops.look.replay import Wanted, as_json, replay
from ops.look.replay_report import EVERYTHING
from tests.support.grown import HARM, STORES, harm

Stores = Mapping[str, DemoFolder]


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a copy may be harmed."""
    return tmp_path_factory.mktemp("harmed") / "hub"


def told(folder: DemoFolder, processes: int, wanted: Wanted = EVERYTHING) -> dict[str, Any]:
    reader = open_reader(folder.config, {})
    try:
        report = as_json(replay(reader, wanted, processes=processes))
    finally:
        reader.database.close()
    return {name: value for name, value in report.items() if "second" not in name}


@pytest.mark.parametrize("name", STORES)
def test_what_nobody_touched_is_equal_in_one_process_and_in_two(stores: Stores, name: str) -> None:
    alone = told(stores[name], 1)
    assert alone["equal"] + alone["given"] == alone["facts"] > 100
    assert told(stores[name], 2) == alone


HARMS = st.lists(st.tuples(st.sampled_from(sorted(HARM)), st.floats(0, 1)), min_size=1, max_size=3)
NARROWED = st.sampled_from(
    [EVERYTHING, Wanted(topic="cases.linked"), Wanted(first=40, last=200), Wanted(about="another")]
)


@pytest.mark.parametrize("name", STORES)
@settings(max_examples=8)
@given(harms=HARMS, wanted=NARROWED)
def test_two_processes_tell_what_one_tells_of_a_store_that_was_harmed(
    stores: Stores, harmed: Path, name: str, harms: list[tuple[str, float]], wanted: Wanted
) -> None:
    shutil.rmtree(harmed, ignore_errors=True)
    shutil.copytree(stores[name].path, harmed)
    do_harm(harmed / "hub.db", harms)
    folder = DemoFolder(harmed)
    assert told(folder, 2, wanted) == told(folder, 1, wanted)


def do_harm(store: Path, harms: list[tuple[str, float]]) -> None:
    engine = create_engine(f"sqlite:///{store}")
    with engine.begin() as connection:
        for kind, share in harms:
            harm(connection, kind, share)
    engine.dispose()
