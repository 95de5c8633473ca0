"""What goes wrong shows as what it is: on the page of operations, to whoever watches from outside,
and by one alert, which clears. Those that need no broker; the others are in
tests/topology/test_faults_shown.py.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update

from ops.look import room, wall_clock
from ops.look.needs import needs
from ops.look.status import collect
from ops.look.wall_clock import WallClock
from ops.run.wiring import Hub
from ops.watch.metrics import Metrics
from ops.watch.readiness import dependencies
from stores import failures
from stores.ports import Unavailable
from stores.tables import journal
from tests.services.process import ServiceUnavailable
from tests.support.alerting import fires_once_each, told
from tests.support.console import Person, app_of
from tests.support.filled import empty_hub, grown
from tests.support.missing import missing
from tests.support.units import notify
from tests.unit.ops.test_disk_full import full

HOUR = 3600.0


@dataclass
class Clocks:
    """The machine's two clocks, in a test's hand."""

    wall: float = 1_000_000.0
    steady: float = 50.0

    def passes(self, seconds: float) -> None:
        self.wall, self.steady = self.wall + seconds, self.steady + seconds


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    machine = WallClock(lambda: made.wall, lambda: made.steady)
    monkeypatch.setattr(wall_clock, "MACHINE", machine)
    return made


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("faults") / "hub")
    notify(made, 0, 3)
    made.embedded().drain()
    grown(made)
    yield made
    made.database.close()


Fault = Callable[[Hub, Clocks], AbstractContextManager[None]]


@contextmanager
def disk_is_full(hub: Hub, _: Clocks) -> Iterator[None]:
    with full(hub, pages_left=0):
        for number in range(3, 40):
            try:
                notify(hub, number, number + 1)
            except Unavailable:
                break
        else:
            pytest.fail("the disk is not full")
        yield
    notify(hub, 3, 4)  # somebody tries again
    hub.embedded().drain()
    grown(hub)


@contextmanager
def disk_is_nearly_full(hub: Hub, _: Clocks) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(room, "left", lambda _: 7_000_000)
        yield


@contextmanager
def clock_goes_forward(_: Hub, clocks: Clocks) -> Iterator[None]:
    clocks.wall += 2 * HOUR
    yield
    clocks.passes(601)


@contextmanager
def clock_is_set_back(_: Hub, clocks: Clocks) -> Iterator[None]:
    clocks.wall -= 2 * HOUR
    yield
    clocks.passes(601)


@contextmanager
def clock_is_behind_the_record(hub: Hub, _: Clocks) -> Iterator[None]:
    """As after a start on a machine whose clock was set back while the hub was away."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hub.database, "clock", lambda: (time.time_ns() // 1000) - 7_300_000_000)
        yield


@contextmanager
def consumer_is_stuck(hub: Hub, _: Clocks) -> Iterator[None]:
    notify(hub, 50, 51)
    ago = time.time_ns() // 1000 - 300_000_000
    with hub.database.transaction() as transaction:
        newest = update(journal).where(journal.c.position == _last(transaction.connection))
        transaction.connection.execute(newest.values(recorded_at=ago))
    yield
    hub.embedded().drain()
    grown(hub)


def _last(connection: Any) -> int:
    return int(connection.exec_driver_sql("SELECT max(position) FROM journal").scalar_one())


@contextmanager
def part_fails(hub: Hub, _: Clocks) -> Iterator[None]:
    for _again in range(3):
        failures.note(hub.database, "link", error="Stuck", again_in=0)
    yield
    with hub.database.transaction() as transaction:
        transaction.connection.exec_driver_sql("UPDATE failures SET again_at = 1")


FAULTS: dict[str, tuple[Fault, str, str | None, str]] = {
    "disk full": (disk_is_full, "takes nothing: its disk is full", "writing", "HubStoreRefuses"),
    "disk nearly full": (disk_is_nearly_full, "7 MB are left", "disk", "HubDiskAlmostFull"),
    "clock forward": (clock_goes_forward, "clock went forward by 2 hours", None, "HubClockOff"),
    "clock back": (clock_is_set_back, "clock was set back by 2 hours", None, "HubClockOff"),
    "clock behind": (
        clock_is_behind_the_record,
        "stands 2 hours behind the newest entry",
        None,
        "HubClockOff",
    ),
    "consumer stuck": (consumer_is_stuck, "has not handled 1 of", None, "HubStepStuck"),
    "part fails": (
        part_fails,
        "The part link failed 3 times in a row (Stuck)",
        None,
        "HubPartFailing",
    ),
}
"""What goes wrong; what the page says of it; what of ``/readyz``; and the alert that fires."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_said_as_what_it_is_and_its_alert_fires_once_and_clears(
    fault: str, hub: Hub, clocks: Clocks
) -> None:
    happens, says, dependency, alert = FAULTS[fault]
    metrics, page = Metrics(hub), Person(app_of(hub))
    page.enters(hub, "A. Operator")
    before = told(metrics.exposition())
    assert needs(collect(hub)) == []
    with happens(hub, clocks):
        shown = needs(collect(hub))
        assert [one for one in shown if says in one.says and one.urgent], shown
        assert says in page.get("/desk/operations").text
        down = [one.name for one in dependencies(hub) if not one.ok]
        assert down == ([dependency] if dependency else [])
        during = told(metrics.exposition())
    assert needs(collect(hub)) == []
    after = told(metrics.exposition())
    try:
        assert fires_once_each([(before, []), (during, [alert]), (after, [])]) == ""
    except ServiceUnavailable as reason:
        missing(reason)


def test_a_clock_that_is_kept_right_a_little_at_a_time_is_no_jump(clocks: Clocks) -> None:
    for _ in range(200):
        assert wall_clock.off(0, None) == wall_clock.RIGHT
        clocks.passes(30)
        clocks.wall += 5
    clocks.wall += 26  # beside the 5 that it was kept right by
    found = wall_clock.off(0, None)
    assert (found["how"], found["off_seconds"]) == ("jumped", 31)


def test_what_the_store_refused_is_forgotten_after_a_minute_without_another(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub.database, "_refused", ("its disk is full", time.monotonic() - 59))
    assert hub.database.refuses == "its disk is full"
    monkeypatch.setattr(hub.database, "_refused", ("its disk is full", time.monotonic() - 61))
    assert hub.database.refuses == ""
