"""Agencies with tokens, and an application served on a port of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any

import uvicorn
from starlette.applications import Starlette

from connectors.port import Routes, routes
from schemas.settings import HubSettings


class EverybodysOwn:
    """Each agency may have its letters."""

    def may_fetch(self, agency: str) -> bool:
        return bool(agency)

    def refused(self, agency: str) -> None:
        raise AssertionError(agency)


@contextmanager
def serving(app: Starlette, **tls: Any) -> Iterator[str]:
    """The app on a port of its own; its address. ``tls``: as uvicorn calls it, ``ssl_…``."""
    told: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "lifespan": "off", "ws": "none"}
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, **told, **tls))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            thread.join(0.01)
        scheme = "https" if tls else "http"
        yield f"{scheme}://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def hub_with_tokens() -> Routes:
    """Health, which leads, and a school; each one's token is ``<agency>-token``."""
    agreement = {"reference": "ISA", "signatory": "A. Partner", "since": "2025-01-01"}
    agencies = {
        code: {
            "name": code,
            "signpost_contact": "01632 960001",
            "agreement": agreement,
            "http": {"token_sha256": sha256(f"{code}-token".encode()).hexdigest()},
        }
        for code in ("health", "school")
    }
    return routes(
        HubSettings.model_validate({"area": "e1", "lead_agency": "health", "agencies": agencies}),
        {},
    )
