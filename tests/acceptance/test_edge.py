"""Agencies with edges of their own at a real hub, which has what `hub edge init` printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from connectors.edge import configured
from connectors.edge.configured import Edge
from ops.cli import main
from tests.support.edges import running

ROOT = Path(__file__).parents[2]
LEAD, SCHOOL = "childrens_social_care", "school"
SECONDS = 60
CONCERN = {
    "specversion": "1.0",
    "id": "c1",
    "source": "urn:school",
    "type": "mash.notification.v1",
    "dataschema": "urn:mash-hub:mash.notification.v1",
    "data": {
        "reference": "S-1",
        "observed_at": "2026-03-12T09:30:00Z",
        "subject": {"name": [{"given_name": ["Idris"], "family_name": ["Bell"]}]},
        "narrative": "Seen alone at night, twice this week.",
    },
}


def hub(*command: str) -> str:
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    return done.output


@contextmanager
def real_hub(folder: Path, *tables: str) -> Iterator[str]:
    """A hub with the sample's agencies and these tables besides; its address."""
    text = (ROOT / "ops/sample/hub.toml").read_text("utf-8")
    (folder / "hub.toml").write_text("\n".join((text, *tables, "[http]\nport = 0\n")), "utf-8")
    command = [sys.executable, "-m", "ops.cli", "run", "--config", str(folder / "hub.toml")]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            said = (re.search(r"http://[\d.]+:\d+", line) for line in process.stdout)
            address = next(found[0] for found in said if found)
            threading.Thread(target=process.stdout.read, daemon=True).start()
            yield address
        finally:
            process.terminate()


def made(folder: Path, agency: str) -> tuple[Path, str]:
    """An edge, and what the hub's configuration is to have of it."""
    told = hub("edge", "init", str(folder), "--agency", agency, "--hub", "https://hub.example")
    (folder / configured.OWNERS).write_text("{}", "utf-8")
    return folder, told


def at(folder: Path, url: str) -> Edge:
    file = folder / configured.FILE
    file.write_text(file.read_text("utf-8").replace("https://hub.example", url), "utf-8")
    return configured.read(folder)


def status(folder: Path) -> Any:
    return json.loads(hub("edge", "status", "--folder", str(folder), "--json"))


def until(found: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + SECONDS
    while not (value := found()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


def test_a_concern_goes_from_one_agencys_edge_to_anothers(tmp_path: Path) -> None:
    school, its = made(tmp_path / "school", SCHOOL)
    lead, leads = made(tmp_path / "lead", LEAD)
    with ExitStack() as stack:
        url = stack.enter_context(real_hub(tmp_path, its, leads))
        for folder in (school, lead):
            stack.enter_context(running(at(folder, url)))
        drop = school / "to-send" / "concern.json.part"
        drop.write_text(json.dumps(CONCERN), "utf-8")
        drop.rename(drop.with_suffix(""))
        (receipts,) = until(lambda: [*school.glob("to-send/receipts/*.json")])
        assert json.loads(receipts.read_bytes())[0]["status"] == "accepted"
        letters = until(lambda: [*lead.glob("letters/mash.rating-request.v1-*.json")])
        assert "Seen alone at night" in letters[0].read_text("utf-8")
        told = until(lambda: status(lead)["handed_on"] and status(lead))
    assert (told["well"], told["refused"]) == (True, [])
