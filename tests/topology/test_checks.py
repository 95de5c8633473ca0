"""Checks, registers and enquiries come to the same however steps share workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.run.wiring import Hub
from tests.support.grown import ask
from tests.support.units import (
    ALL,
    APART,
    Started,
    answer_everything,
    embedded_hub,
    replayed,
    story,
)

MOST = {
    "mash.checks.requested.v1",
    "mash.check.answered.v1",
    "mash.case.register-entry-linked.v1",
    "mash.case.registers-changed.v1",
    "mash.enquiry.matched.v1",
    "mash.enquiry.denied.v1",
    "mash.enquiry.referred.v1",
    "mash.enquiry.answered.v1",
}


@pytest.mark.parametrize("units", [ALL, APART])
@pytest.mark.usefixtures("frozen")
def test_a_hub_on_topics_asks_and_answers_as_an_embedded_one_does(
    hub: Hub, started: Started, tmp_path: Path, units: tuple[str, ...]
) -> None:
    drain = started(*units).drain
    ask(hub, drain)
    answer_everything(hub, drain)
    with embedded_hub(tmp_path / "embedded") as alone:
        ask(alone, alone.embedded().drain)
        answer_everything(alone, alone.embedded().drain)
        assert story(hub) == story(alone)
    assert {one.type for one in story(hub)} >= MOST
    assert replayed(hub).well


@pytest.mark.usefixtures("frozen")
def test_an_embedded_hub_on_postgresql_asks_and_answers_as_one_on_sqlite(
    tmp_path: Path, postgres_store: str
) -> None:
    told = []
    for name, store in (("sqlite", None), ("postgres", postgres_store)):
        with embedded_hub(tmp_path / name, store=store) as hub:
            ask(hub, hub.embedded().drain)
            answer_everything(hub, hub.embedded().drain)
            assert replayed(hub).well
            told.append(story(hub))
    assert told[0] == told[1]
