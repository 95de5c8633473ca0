"""How long people wait for their desks is measured over a real hub, small."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from tests.proofs.desks import SCREENS, figures
from tests.proofs.desks_command import desks

SMALL = ("--notifications", "6", "--waiting", "2", "--a-day", "2", "--folder")
QUICK = ("--people", "2", "--seconds", "1", "--think", "0.2", "--times", "1", "--json")


def test_every_page_of_every_desk_is_opened(tmp_path: Path) -> None:
    run = CliRunner().invoke(desks, [*SMALL, str(tmp_path), *QUICK])
    told = json.loads(run.output.splitlines()[-1])
    assert told["pages"]["limit"]["alone"]["n"] == len(SCREENS)
    lists = {one.name for screens in SCREENS.values() for one in screens if not one.link}
    assert {name for name in lists if not told["pages"][name]["alone"]} == set()


def test_a_page_is_late_when_more_than_five_of_a_hundred_are_behind_its_aim() -> None:
    came = {"duty": [100.0] * 95 + [900.0] * 5, "limit": [1.0]}
    late = {"duty": [100.0] * 90 + [900.0] * 10, "limit": [1.0]}
    pages, found = figures(came, late)
    assert found == ["duty, many"]
    assert pages["duty"]["many"]["p99"] == 900.0
