"""Where an agency's messages do not come in, people are told: a Red may wait there (issue 9)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from connectors.port import routes
from ops.run.parts import connectors_of
from ops.run.serve import NamedPart, Parts
from ops.run.wiring import Hub
from router import ways_in
from stores.failures import PartFailure
from stores.keep_trying import Pauses
from tests.support.filled import empty_hub

DEADLINE = 60.0


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path / "hub")
    yield made
    made.database.close()


def count(hub: Hub, name: str) -> int:
    hub.embedded().drain()
    query = text("SELECT count(*) FROM journal WHERE type = :type")
    with hub.database.reading() as connection:
        return int(connection.execute(query, {"type": f"mash.{name}.v1"}).scalar() or 0)


class Failing:
    """Fails so many times, then works until it is told to stop."""

    def __init__(self, times: int) -> None:
        self.works, self._left = threading.Event(), times

    def __call__(self, stop: threading.Event) -> None:
        self._left -= 1
        if self._left >= 0:
            raise OSError
        self.works.set()
        assert stop.wait(DEADLINE)


@pytest.mark.parametrize(
    ("part", "times", "told"),
    [
        ("folder:school", ways_in.BROKEN_AFTER + 4, 1),
        ("folder:school", ways_in.BROKEN_AFTER - 1, 0),
        ("mllp:health", ways_in.BROKEN_AFTER, 1),
        ("process:http", ways_in.BROKEN_AFTER, 1),
        ("deliver:school", ways_in.BROKEN_AFTER + 4, 0),
        ("relay", ways_in.BROKEN_AFTER + 4, 0),
    ],
)
def test_a_way_in_that_goes_on_failing_is_one_alarm(
    hub: Hub, part: str, times: int, told: int
) -> None:
    failing = Failing(times)
    parts = Parts(hub.database, threading.Event(), Pauses(first=0, longest=0))
    parts.start(NamedPart(part, failing))
    assert failing.works.wait(DEADLINE)
    parts.join()
    assert count(hub, "way-in.broken") == count(hub, "alarm.raised") == told


def test_the_same_failing_after_a_restart_is_the_same_and_a_later_one_another(hub: Hub) -> None:
    for since in (1_000_000, 1_000_000, 9_000_000):
        failing = PartFailure("queue:school", "OSError", ways_in.BROKEN_AFTER, since, None)
        ways_in.note(hub.database, failing)
    assert count(hub, "alarm.raised") == 2


def test_a_file_that_cannot_be_taken_is_one_alarm_and_its_name_is_in_no_fact(hub: Hub) -> None:
    for _ in range(2):
        ways_in.stuck(hub.database, "Tilly Thornbury.csv", agency="school")
    assert count(hub, "alarm.raised") == 1
    with hub.database.reading() as connection:
        rows = connection.execute(text("SELECT * FROM journal")).all()
    assert "Thornbury" not in str(rows)


def test_every_folder_of_a_hub_tells_of_what_it_cannot_take(hub: Hub, tmp_path: Path) -> None:
    found = routes(hub.settings, {})
    folders = [one for one in connectors_of(hub, found, folder=tmp_path) if "folder" in one.name]
    assert folders
    for one in folders:
        one.run.__self__.stuck(f"a file of {one.name}")  # type: ignore[attr-defined]
    assert count(hub, "alarm.raised") == len(folders)
