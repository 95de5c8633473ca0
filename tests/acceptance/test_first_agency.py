"""The tutorial runs as it stands: every block of it, in one shell, from an empty folder."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "ops/guide/first-agency.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_block_of_the_tutorial_runs(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    blocks = [one.replace("8080", port) for one in BLOCK.findall(GUIDE.read_text("utf-8"))]
    said = subprocess.run(
        ["bash", "-c", "set -eu\ntrap 'kill $(jobs -p) || true' EXIT\n" + "\n".join(blocks)],
        cwd=tmp_path,
        env=os.environ
        | {"HUB_PORT": port, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert said.returncode == 0, said.stderr
    receipts = json.loads(said.stdout[said.stdout.index("[\n") : said.stdout.index("\n]") + 2])
    assert [(one["status"], one["reference"]) for one in receipts] == [
        ("accepted", "YS-1"),
        ("accepted", "YS-2"),
    ]
    assert "2 of 2 would be taken: 2 without warnings" in said.stdout
    assert "information.prepared" in said.stdout
