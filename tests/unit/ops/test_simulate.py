"""``hub simulate``: what ends one of the simulated agencies is not hidden by the others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from connectors.clients.http_client import HubRefused
from connectors.port import routes
from ops.cli import main
from ops.demo.running import DemoFolder
from ops.run.serve import listening, web_server
from tests.support.filled import empty_hub


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[DemoFolder, str]]:
    """An empty hub that takes messages and does nothing with them; its address."""
    folder, hub = empty_hub(tmp_path / "hub")
    bound, stop = listening("127.0.0.1", 0), threading.Event()
    server = web_server(hub, routes(hub.settings, {}), bound=bound)
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    yield folder, server.url
    stop.set()
    thread.join()
    hub.database.close()


def test_agencies_whose_token_the_hub_refuses_end_with_that_error(
    served: tuple[DemoFolder, str], tmp_path: Path
) -> None:
    folder, url = served
    tokens = json.loads(folder.tokens.read_text(encoding="utf-8"))
    folder.tokens.write_text(json.dumps(tokens | {"school": "somebody else's"}), encoding="utf-8")
    told = ["simulate", "--url", url, "--tokens", str(folder.tokens), "--limit", "1"]
    ended = CliRunner().invoke(main, [*told, "--ledger", str(tmp_path / "sent.jsonl")])
    assert ended.exit_code == 1
    assert isinstance(ended.exception, HubRefused)
