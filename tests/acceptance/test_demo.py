"""``hub demo`` as a newcomer meets it: where to look, what flows, a summary that reconciles, and an
end whenever one wants it.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, expect

from ops.cli import main
from ops.demo.simulation.bad import bad_messages
from ops.demo.summary import ends_at_people, reconciles

_END_SECONDS = 60.0


@contextmanager
def demonstration(folder: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    """``hub demo`` in a process of its own, gone at the end whatever happens."""
    command = [sys.executable, "-m", "ops.cli", "demo", "--folder", str(folder), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def monitor_of(process: subprocess.Popen[str]) -> str:
    """The address in the first line."""
    assert process.stdout is not None
    (address,) = [word for word in process.stdout.readline().split() if word.startswith("http://")]
    return address


def read_until(process: subprocess.Popen[str], words: str) -> list[str]:
    """The lines up to the first that has the words."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError(f"{words!r} was never said, but {lines}")


def assert_an_auditor_finds_what_they_look_for(folder: Path) -> None:
    """The record is signed while it stays up, and who decided what is told, signed approvals too:
    of the demonstration alone are approvals signed.
    """
    audit, until = partial(audited, folder), time.monotonic() + _END_SECONDS
    while audit("checkpoint").exit_code and time.monotonic() < until:
        pass
    assert audit("verify").exit_code == 0
    decider = ("SIMULATED decision maker", "--who", "J. Auditor", "--why", "yearly audit")
    told = audit("who", *decider)
    assert (told.exit_code, "release.decided.v1" in told.output) == (0, True), told.exception


def audited(folder: Path, *command: str) -> Result:
    return CliRunner().invoke(main, ["audit", *command, "--config", str(folder / "hub.toml")])


def test_with_json_nothing_but_the_summary_is_printed_and_it_reconciles(tmp_path: Path) -> None:
    with demonstration(tmp_path / "demo", "--json", "--limit", "40") as process:
        said, errors = process.communicate(timeout=_END_SECONDS)
    (line,) = said.splitlines()
    summary = json.loads(line)
    assert (process.returncode, errors) == (0, "")
    assert reconciles(summary) == []
    assert summary["received"] == 40 + len(bad_messages())
    assert 0 < summary["dead_lettered"] < len(bad_messages())  # the others have warnings
    assert summary["released"] > 0
    assert summary["red_night"] == {
        "stories": 5,
        "ended_at_a_person": 5,
        "reds": 1,
        "nobody_has_it": 0,
    }


def test_a_red_night_whose_stories_do_not_end_at_people_does_not_reconcile() -> None:
    night = {"stories": 5, "ended_at_a_person": 5, "reds": 1, "nobody_has_it": 0}
    for left in ({"ended_at_a_person": 4}, {"nobody_has_it": 1}):
        assert not ends_at_people(night | left)
    assert ends_at_people(night)


def test_it_says_first_where_its_monitor_is_then_what_flows_and_stays_until_told_to_end(
    tmp_path: Path,
) -> None:
    with demonstration(tmp_path / "demo", "--stay", "--limit", "40") as process:
        monitor = monitor_of(process)
        read_until(process, "of 40 notifications sent")
        assert httpx.get(f"{monitor}v1/status").json()["runtime"] == "embedded"
        assert_it_serves_all_that_a_hub_serves(monitor)
        read_until(process, "A difference of opinion")
        read_until(process, "It ends at: Duty manager")
        read_until(process, "Everything reconciles.")
        read_until(process, "until Ctrl-C")
        assert "Sign in" in httpx.get(monitor, follow_redirects=True).text
        *_, line = read_until(process, "S. Worker (screening)")
        opened = httpx.get(line.split("): ")[1].strip())
        assert (opened.status_code, opened.headers["location"]) == (303, "/desk/")
        session = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
        assert "SG-26-4471" in httpx.get(f"{monitor}desk/front-door", headers=session).text
        assert_an_auditor_finds_what_they_look_for(tmp_path / "demo")
        process.send_signal(signal.SIGINT)
        assert process.wait(_END_SECONDS) == 0


def assert_it_serves_all_that_a_hub_serves(url: str) -> None:
    """Beside the desks and what agencies send."""
    for path in ("refer/", "healthz/store", "readyz"):
        assert (path, httpx.get(f"{url}{path}").status_code) == (path, 200)
    assert "mash_oldest_unprocessed_age_seconds" in httpx.get(f"{url}metrics").text


def test_its_desk_of_operations_opens_by_the_link_and_is_not_grey(
    tmp_path: Path, browser: Browser
) -> None:
    with demonstration(tmp_path / "demo", "--limit", "1") as process:
        (line,) = read_until(process, "A. Operator (operations)")[-1:]
        page = browser.new_page()
        with page.expect_response("**/healthz/store") as asked:
            page.goto(line.split("): ")[1].strip())
        assert asked.value.ok
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert "console-away" not in str(page.locator("body").get_attribute("class"))
        page.close()


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_before_all_is_done_it_says_so_and_leaves_nothing_running(
    tmp_path: Path, told: signal.Signals
) -> None:
    with demonstration(tmp_path / "demo", "--stay") as process:
        monitor = monitor_of(process)
        read_until(process, "of 4000 notifications sent")
        process.send_signal(told)
        said, errors = process.communicate(timeout=_END_SECONDS)
    assert (process.returncode, errors) == (130, "")
    assert "Stopped before the end" in said
    with pytest.raises(httpx.ConnectError):
        httpx.get(monitor)
