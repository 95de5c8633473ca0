"""An alarm cannot be lost: killed anywhere, it is raised once and repeats on time (issue 9)."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest

from ops.demo.running import DemoFolder
from ops.look.replay import Wanted, replay
from ops.run.wiring import Hub, open_hub
from router.runtimes.clock import publish_due
from schemas.alarms import AlarmRaised, AlarmRepeated
from schemas.message import Message
from stores import counting
from tests.support.desk import LEAD, concern, letters, takes
from tests.support.filled import empty_hub

QUICK = {
    'possible_red_allowed = { kind = "minutes", minutes = 15 }': 0.01,
    'alarm = { kind = "minutes", minutes = 10 }': 0.01,
}
"""Times of the profile, in minutes."""
DEADLINE = 120.0


@pytest.fixture
def made(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    """A hub whose alarms repeat more than once a second."""
    folder, hub = empty_hub(tmp_path / "hub")
    hub.database.close()
    agreed = (files("ops.profiles") / "sample-borough.toml").read_text(encoding="utf-8")
    for line, minutes in QUICK.items():
        assert line in agreed
        name = line.partition(" ")[0]
        agreed = agreed.replace(line, f'{name} = {{ kind = "minutes", minutes = {minutes} }}')
    (folder.config.parent / "borough.toml").write_text(agreed, encoding="utf-8")
    text = folder.config.read_text(encoding="utf-8")
    assert 'profile = "sample-borough"' in text
    text = text.replace('profile = "sample-borough"', 'profile = "borough.toml"')
    folder.config.write_text(text, encoding="utf-8")
    return folder, open_hub(folder.config, {})


def told(hub: Hub) -> list[Message]:
    types = (AlarmRaised.type, AlarmRepeated.type)
    return list(counting.facts_of(hub.database, types))


def killed(folder: DemoFolder, number: int, when: str) -> int:
    command = [sys.executable, "-m", "tests.support.killed", str(folder.config), str(number), when]
    done = subprocess.run(command, capture_output=True, timeout=DEADLINE, check=False)
    return done.returncode


def test_it_is_raised_once_and_repeats_on_time_though_the_hub_is_killed_at_every_commit(
    made: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = made
    concern(hub)
    for number in (1, 2, 3):
        for when in ("before", "after"):
            assert killed(folder, number, when) == -signal.SIGKILL
    while len(told(hub)) < 4:
        publish_due(hub.database, limit=5)
        hub.embedded().drain()
    found = told(hub)
    assert [type(one.data) for one in found] == [AlarmRaised, *[AlarmRepeated] * (len(found) - 1)]
    each = [one.data for one in found if isinstance(one.data, AlarmRaised | AlarmRepeated)]
    assert len({one.alarm_id for one in each}) == 1
    assert [one.data.times for one in found[1:] if isinstance(one.data, AlarmRepeated)] == [
        *range(2, len(found) + 1)
    ]
    assert [one.time for one in found[1:]] == [one.next_at for one in each[:-1]]
    gaps = {later.next_at - one.next_at for one, later in pairwise(each)}
    assert gaps == {dt.timedelta(seconds=0.6)}
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    takes(hub, alarm)
    before = len(told(hub))
    while publish_due(hub.database, limit=5):
        hub.embedded().drain()
    assert len(told(hub)) == before
    assert replay(hub, Wanted()).well
