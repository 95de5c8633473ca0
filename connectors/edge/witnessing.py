"""An edge is its agency's witness too, where its folder holds one (:mod:`connectors.witness`)."""

from __future__ import annotations

import socket
import threading

import uvicorn

from connectors.edge.configured import WITNESS, Edge
from connectors.witness.folder import Folder
from connectors.witness.witness import Witness, web_app

_MOST_AT_ONCE = 20


def folder_of(edge: Edge) -> Folder | None:
    """The witness's own folder, if it has one."""
    path = edge.path(WITNESS)
    return Folder(path) if path.is_dir() else None


def serve(edge: Edge, folder: Folder, *, stop: threading.Event) -> str:
    """Witness until told to stop, in a thread of its own; answers where. TLS is for a proxy.

    Raises ``OSError`` where it cannot listen there.
    """
    bound = socket.create_server((edge.settings.witness_host, edge.settings.witness_port))
    config = uvicorn.Config(
        web_app(Witness(folder)),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        limit_concurrency=_MOST_AT_ONCE,
        timeout_keep_alive=5,
    )
    server = uvicorn.Server(config)

    def work() -> None:
        with folder.alone():
            server.run(sockets=[bound])

    def end() -> None:
        stop.wait()
        server.should_exit = True

    for one in (work, end):
        threading.Thread(target=one, name="witness", daemon=True).start()
    host, port = bound.getsockname()[:2]
    return f"http://{host}:{port}"
