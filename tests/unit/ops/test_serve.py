"""Parts of a hub at work: one that fails is started again and shown, and the others go on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from structlog.testing import capture_logs

from connectors.clients.broker import connected, ensure_queue, publish
from connectors.directory import FolderUnsafe, opened
from connectors.port import routes
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.look.status import Row, collect
from ops.run.log import only_listed
from ops.run.parts import embedded_parts
from ops.run.serve import NamedPart, Parts, listening, web_server
from ops.run.supervisor import process_parts
from ops.run.wiring import Hub, open_hub
from schemas.notification import Receipt
from stores import failures
from stores.keep_trying import Pauses
from stores.ports import Arrival, Intake
from tests.support.filled import empty_hub

DEADLINE = 60.0
AT_ONCE = Pauses(first=0, longest=0)
HOURS = Pauses(first=3600, longest=3600)


class Fault(Exception):
    """Nobody thought of it."""


class Flaky:
    """Fails so many times, then works until told to stop."""

    def __init__(self, times: int, error: BaseException | None = None) -> None:
        self.began = 0
        self.works = threading.Event()
        self._times, self._error = times, error or Fault("Thornbury")

    def __call__(self, stop: threading.Event) -> None:
        self.began += 1
        if self.began <= self._times:
            raise self._error
        self.works.set()
        assert stop.wait(DEADLINE)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path / "hub")
    yield made
    made.database.close()


@pytest.fixture
def parts(hub: Hub) -> Iterator[Parts]:
    made = Parts(hub.database, threading.Event(), AT_ONCE)
    yield made
    made.join()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, "in vain"
        threading.Event().wait(0.01)


def failing(hub: Hub) -> tuple[Row, ...]:
    return collect(hub).parts


@pytest.mark.parametrize("error", [Fault("Thornbury"), SystemExit(3)])
def test_a_part_that_fails_is_started_again_and_the_others_go_on(
    parts: Parts, error: BaseException
) -> None:
    feed, other = Flaky(3, error), Flaky(0)
    for part in (NamedPart("queue:police", feed), NamedPart("http", other)):
        parts.start(part)
    assert feed.works.wait(DEADLINE)
    assert other.works.wait(DEADLINE)
    assert (feed.began, other.began, parts.stop.is_set(), parts.failed) == (4, 1, False, None)


def test_a_part_that_ends_though_nobody_asked_it_to_is_started_again(parts: Parts) -> None:
    began = []

    def ends(stop: threading.Event) -> None:
        began.append(1)
        if len(began) == 3:
            assert stop.wait(DEADLINE)

    parts.start(NamedPart("http", ends))
    until(lambda: len(began) == 3)


def test_a_part_that_fails_is_shown_with_its_errors_class_and_when_it_is_started_again(
    hub: Hub,
) -> None:
    parts = Parts(hub.database, threading.Event(), HOURS)
    parts.start(NamedPart("queue:police", Flaky(9)))
    until(lambda: bool(failing(hub)))
    (shown_part,) = failing(hub)
    parts.join()
    assert (shown_part["part"], shown_part["error"], shown_part["times"]) == (
        "queue:police",
        "Fault",
        1,
    )
    assert shown_part["again_seconds"] is not None
    assert 3500 < shown_part["again_seconds"] <= 3600


def test_the_log_has_a_failed_parts_error_by_class_and_never_what_it_says(parts: Parts) -> None:
    feed = Flaky(1)
    with capture_logs() as lines:
        parts.start(NamedPart("queue:police", feed))
        assert feed.works.wait(DEADLINE)
    (line,) = [line for line in lines if line["event"] == "part.failed"]
    assert isinstance(line.pop("exc_info"), Fault)
    assert line == {
        "event": "part.failed",
        "log_level": "error",
        "part": "queue:police",
        "attempts": 1,
        "again_in": 0,
    }


def test_of_a_folder_that_is_not_safe_the_log_has_the_cure_and_no_lines_of_code(
    parts: Parts,
) -> None:
    with pytest.raises(FolderUnsafe) as raised, opened(Path("/nowhere/at/all"), None):
        pass
    feed = Flaky(1, raised.value)
    with capture_logs() as lines:
        parts.start(NamedPart("folder:police", feed))
        assert feed.works.wait(DEADLINE)
    (line,) = [line for line in lines if line["event"] == "part.failed"]
    shown = only_listed(None, "error", line)
    assert shown["error"] == "FolderUnsafe"
    assert shown["cure"].startswith("make it, owned by the agency's account")
    assert "frames" not in shown


def test_a_part_that_works_again_is_shown_no_longer(hub: Hub) -> None:
    failures.note(hub.database, "queue:police", error="Fault", again_in=-60)
    assert [part["times"] for part in failing(hub)] == [1]
    failures.note(hub.database, "queue:police", error="Fault", again_in=-121)
    assert failing(hub) == ()


def test_failures_in_a_row_are_counted_across_processes_and_from_anew_after_good_work(
    hub: Hub,
) -> None:
    for again_in in (0, 0, -121, 0):
        failures.note(hub.database, "link", error="Stuck", again_in=again_in)
        seen = [part["times"] for part in failing(hub)]
    assert seen == [1]
    failures.note(hub.database, "link", error="Stuck", again_in=0)
    assert [part["times"] for part in failing(hub)] == [2]


def test_when_the_part_that_all_stands_on_fails_too_often_all_are_stopped(hub: Hub) -> None:
    parts, other = Parts(hub.database, threading.Event(), AT_ONCE), Flaky(0)
    steps = Flaky(99)
    parts.start(NamedPart("http", other))
    parts.start(NamedPart("steps", steps, attempts=4))
    assert parts.stop.wait(DEADLINE)
    parts.join()
    assert (parts.failed, steps.began) == ("steps", 4)
    assert [(part["part"], part["times"], part["again_seconds"]) for part in failing(hub)] == [
        ("steps", 4, None)
    ]


def test_what_does_not_stop_in_time_is_named_and_not_waited_for(hub: Hub) -> None:
    parts, over = Parts(hub.database, threading.Event(), HOURS, grace=0.2), threading.Event()

    def deaf(_: threading.Event) -> None:
        over.wait(DEADLINE)

    parts.start(NamedPart("clock", deaf))
    parts.start(NamedPart("http", Flaky(0)))
    with capture_logs() as lines:
        assert parts.join() == ["clock"]
    assert [line for line in lines if line["event"] == "part.overdue"] == [
        {"event": "part.overdue", "log_level": "error", "part": "clock"}
    ]
    over.set()


ENDED = """
import threading
from ops.run.serve import end_process
threading.Thread(target=threading.Event().wait, daemon={daemon}).start()
print("said")
end_process({code})
"""


@pytest.mark.parametrize("code", [0, 1])
@pytest.mark.parametrize("daemon", [True, False])
def test_a_process_ends_though_a_librarys_thread_does_not(daemon: bool, code: int) -> None:
    program = ENDED.format(daemon=daemon, code=code)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=DEADLINE, check=False
    )
    assert (ended.returncode, ended.stdout) == (code, b"said\n")


def test_a_part_that_was_given_up_is_shown_until_it_is_started_and_works(hub: Hub) -> None:
    failures.note(hub.database, "steps", error="Fault", again_in=None)
    assert [part["again_seconds"] for part in failing(hub)] == [None]
    failures.started(hub.database, "steps")
    assert [part["again_seconds"] for part in failing(hub)] == [0]


def test_a_part_goes_on_being_tried_while_the_store_cannot_be_written(tmp_path: Path) -> None:
    folder, made = empty_hub(tmp_path / "hub")
    made.database.close()
    for file in folder.path.glob("hub.db*"):
        file.unlink()
    folder.path.joinpath("hub.db").mkdir()
    parts, feed = Parts(made.database, threading.Event(), AT_ONCE), Flaky(2)
    parts.start(NamedPart("queue:police", feed))
    assert feed.works.wait(DEADLINE)
    parts.join()


def test_an_embedded_hub_goes_on_without_a_feed_that_cannot_even_start(tmp_path: Path) -> None:
    """One agency's broker is named by an URL of no kind that there is, another's folder is
    missing.
    """
    folder, made = empty_hub(tmp_path / "hub")
    more = """
        [agencies.police.queue]
        url_variable = "POLICE_BROKER"
        queue = "feeds.police"

        [agencies.school.folder]
        path = "nowhere"
    """
    folder.config.write_text(folder.config.read_text("utf-8") + more, "utf-8")
    made.database.close()
    hub = open_hub(folder.config, {})
    parts = Parts(hub.database, threading.Event(), HOURS)
    environment = {"POLICE_BROKER": "nonsense://nowhere"}
    found = {part.name: part for part in embedded_parts(hub, environment, folder=folder.path)}
    for part in found.values():
        parts.start(part)
    url = found["http"].says.split()[2]
    until(lambda: len(failing(hub)) == 2)
    status = httpx.get(f"{url}/v1/status").json()
    assert [(part["part"], part["error"]) for part in status["parts"]] == [
        ("folder:school", "FolderUnsafe"),
        ("queue:police", "KeyError"),
    ]
    assert httpx.get(f"{url}/healthz").json() == {"status": "ok"}
    assert not parts.stop.is_set()
    parts.join()
    hub.database.close()


@dataclass(frozen=True)
class FaultyFor:
    """An intake with a fault that one agency's messages bring to light."""

    intake: Intake
    agency: str

    def take(self, arrivals: Sequence[Arrival]) -> list[Receipt]:
        if any(arrival.agency == self.agency for arrival in arrivals):
            raise Fault("Thornbury")
        return self.intake.take(arrivals)


def test_an_error_in_one_agencys_folder_queue_and_requests_stops_no_other_agency(
    tmp_path: Path,
) -> None:
    folder, made = empty_hub(tmp_path / "hub")
    made.database.close()
    for code in ("police", "school"):
        _by_folder_and_queue(folder, code)
    hub = open_hub(folder.config, {})
    hub = replace(hub, intake=FaultyFor(hub.intake, "police"))  # type: ignore[arg-type]
    parts = Parts(hub.database, threading.Event(), Pauses(first=0.05, longest=0.05))
    found = list(embedded_parts(hub, {"BROKER": "memory://"}, folder=folder.path))
    for part in found:
        parts.start(part)
    until(lambda: {row["part"] for row in failing(hub)} == {"folder:police", "queue:police"})
    until(lambda: {("folder", "school"), ("queue", "school")} <= received(hub))
    url = next(part.says for part in found if part.says).split()[2]
    tokens = json.loads(folder.tokens.read_text("utf-8"))
    answers = [_posted(url, tokens[code]) for code in ("police", "school", "police", "school")]
    assert answers == [500, 422, 500, 422]
    assert "police" not in {agency for _, agency in received(hub)}
    parts.join()
    hub.database.close()


def _by_folder_and_queue(folder: DemoFolder, code: str) -> None:
    """Two more ways in for an agency, with something that came by each."""
    ways = (
        f'folder = {{ path = "{code}" }}\nqueue = {{ url_variable = "BROKER", queue = "{code}" }}'
    )
    text, table = folder.config.read_text("utf-8"), f"[agencies.{code}]\n"
    folder.config.write_text(text.replace(table, f"{table}{ways}\n", 1), "utf-8")
    (folder.path / code).mkdir(mode=0o700)
    (folder.path / code / "one.jsonl").write_text(WHOLE, "utf-8")
    with connected("memory://") as connection:
        ensure_queue(connection, code)
        channel: Any = connection.channel()  # type: ignore[no-untyped-call]
        publish(channel, b"{", queue=code, content_type="application/json", message_id=code)


WHOLE = '{"notification_id": "N1"}\n'


def received(hub: Hub) -> set[tuple[str, str]]:
    rows = collect(hub).connectors
    return {(row["connector"], row["agency"]) for row in rows if row["received"]}


def _posted(url: str, token: str) -> int:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return httpx.post(f"{url}/v1/events", content=b"{", headers=headers).status_code


def test_the_command_and_the_json_say_which_parts_fail(hub: Hub, tmp_path: Path) -> None:
    failures.note(hub.database, "queue:police", error="Fault", again_in=12)
    failures.note(hub.database, "steps", error="Crashed", again_in=None)
    config = str(tmp_path / "hub" / "hub.toml")
    told = CliRunner().invoke(main, ["status", "--config", config]).output
    assert "Parts that fail" in told
    assert "given up" in told
    plain = json.loads(CliRunner().invoke(main, ["status", "--json", "--config", config]).output)
    assert [(part["part"], part["error"]) for part in plain["parts"]] == [
        ("queue:police", "Fault"),
        ("steps", "Crashed"),
    ]


# The web server


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        yield taken.getsockname()[1]


def hub_command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops.cli", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


def test_a_busy_port_keeps_a_hub_from_starting_and_says_what_to_do(
    hub: Hub, tmp_path: Path, busy_port: int
) -> None:
    hub.database.close()
    config = str(tmp_path / "hub" / "hub.toml")
    ended = hub_command("run", "--config", config, HUB_PORT=str(busy_port))
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: cannot listen on 127.0.0.1:{busy_port}")
    assert "HUB_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_busy_port_keeps_the_demonstration_from_starting_and_says_what_to_do(
    tmp_path: Path, busy_port: int
) -> None:
    older, hub = empty_hub(tmp_path / "demo")
    hub.database.close()
    ended = hub_command("demo", "--folder", str(older.path), "--port", str(busy_port))
    assert ended.returncode == 1
    assert f"Error: cannot listen on 127.0.0.1:{busy_port}" in ended.stderr
    assert "--port" in ended.stderr
    assert (older.path / "hub.db").exists()
    assert "Traceback" not in ended.stderr


def test_a_web_server_that_failed_listens_where_it_did_before(hub: Hub) -> None:
    server = web_server(hub, routes(hub.settings, {}), bound=listening("127.0.0.1", 0))
    for stop in (threading.Event(), threading.Event()):
        thread = threading.Thread(target=server.run, args=(stop,), daemon=True)
        thread.start()
        try:
            until(lambda: _healthy(server.url))
        finally:
            stop.set()
            thread.join(DEADLINE)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


# Processes


def test_a_process_that_ends_by_itself_is_a_part_that_fails(hub: Hub, tmp_path: Path) -> None:
    parts = Parts(hub.database, threading.Event(), HOURS)
    (clock,) = process_parts(tmp_path / "no-such.toml", ["clock"])
    with capture_logs() as lines:
        parts.start(clock)
        until(lambda: bool(failing(hub)))
        parts.join()
    assert [(part["part"], part["error"]) for part in failing(hub)] == [("process:clock", "Ended")]
    ended = next(line for line in lines if line["event"] == "process.ended")
    assert (ended["part"], ended["code"]) == ("clock", 1)


def test_a_process_is_asked_to_stop_and_awaited(tmp_path: Path) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    stop = threading.Event()
    (whole,) = process_parts(folder.config, ["all"])
    with capture_logs() as lines:
        thread = threading.Thread(target=whole.run, args=(stop,), daemon=True)
        thread.start()
        try:
            until(lambda: any(line["event"] == "process.started" for line in lines))
        finally:
            stop.set()
            thread.join(DEADLINE)
    assert not thread.is_alive()
    pid = next(line["pid"] for line in lines if line["event"] == "process.started")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    hub.database.close()
