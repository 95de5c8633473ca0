"""``hub status`` shows all that waits and nothing else, whichever steps share a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.run.wiring import Hub
from tests.support.faults import failing, first_child
from tests.support.units import (
    ALL,
    APART,
    Started,
    answer_everything,
    depths,
    embedded_hub,
    grouped,
    notify,
    redrive,
)

RECEIVED = ("deduplicate", "notifications.received")


@pytest.mark.parametrize("units", [ALL, APART])
def test_a_hub_on_topics_shows_what_waits_and_nothing_once_it_is_done(
    hub: Hub, started: Started, units: tuple[str, ...]
) -> None:
    notify(hub, 0, 3)
    workers = started(*units)
    workers.relay()
    assert depths(hub) == {RECEIVED: 3}
    answer_everything(hub, workers.drain)
    assert depths(hub) == {}
    notify(hub, 3, 5)
    workers.relay()
    assert depths(hub) == {RECEIVED: 2}


@pytest.mark.parametrize("units", [ALL, APART])
def test_what_is_sent_again_and_not_heard_yet_is_shown(
    hub: Hub, started: Started, units: tuple[str, ...]
) -> None:
    notify(hub, 0, 1)
    bad = first_child()
    started(*(failing(unit, "compose", at="recall", on=bad) for unit in grouped(*units))).drain()
    redrive(hub)
    workers = started(*units)
    workers.relay()
    assert depths(hub)["compose", "messages.redriven"] == 1
    workers.drain()
    assert depths(hub) == {}


def test_an_embedded_hub_shows_what_waits_and_nothing_once_it_is_done(tmp_path: Path) -> None:
    with embedded_hub(tmp_path / "hub") as hub:
        notify(hub, 0, 3)
        assert depths(hub) == {RECEIVED: 3}
        answer_everything(hub, hub.embedded().drain)
        assert depths(hub) == {}
        notify(hub, 3, 5)
        assert depths(hub) == {RECEIVED: 2}
