"""The hub's own web server: bound before anything is said of it, and quick to answer."""

from __future__ import annotations

import socket
from pathlib import Path

from connectors.port import routes
from ops.run.serve import listening, web_server
from tests.support.filled import empty_hub


def test_an_answer_does_not_wait_for_its_receiver_to_confirm_its_head(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path)
    server = web_server(hub, routes(hub.settings, {}), [], bound=listening("127.0.0.1", 0))
    with server.bound, socket.create_connection(server.bound.getsockname()) as client:
        taken, _ = server.bound.accept()
        with taken:
            assert taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert client.getpeername() == server.bound.getsockname()
    hub.database.close()
