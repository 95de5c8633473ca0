"""A hub at work in one process: each part in a thread of its own, all stopped together, none dying
unseen.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog
import uvicorn
from starlette.routing import BaseRoute

from connectors.http import create_app
from connectors.port import Connector, Routes
from ops.run.wiring import Hub

_log = structlog.get_logger()
_GRACE_SECONDS = 20.0

Part = Callable[[threading.Event], None]
"""Works until the event is set."""


@dataclass(slots=True)
class Parts:
    """Threads that live and stop together."""

    stop: threading.Event = field(default_factory=threading.Event)
    failed: str | None = None
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, name: str, part: Part) -> None:
        """Run a part in a thread; if it fails, everything stops, and a supervisor starts the hub
        again.
        """
        thread = threading.Thread(target=self._watched, args=(name, part), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Ask every part to stop, and wait for it."""
        self.stop.set()
        for thread in self._threads:
            thread.join(_GRACE_SECONDS)

    def _watched(self, name: str, part: Part) -> None:
        try:
            part(self.stop)
        except BaseException as error:
            _log.error("part.failed", part=name, error=type(error).__name__)
            self.failed = name
            raise
        finally:
            self.stop.set()


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Turn SIGTERM and Ctrl-C into the event, while inside."""
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(frozen=True, slots=True)
class WebServer:
    """The HTTP connector with the monitor, on a socket that is bound before anything is said of
    it.
    """

    server: uvicorn.Server
    bound: socket.socket

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.bound.getsockname()[:2]
        return f"http://{host}:{port}"

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop; requests under way are finished."""
        threading.Thread(target=self._exit_on, args=(stop,), daemon=True).start()
        self.server.run(sockets=[self.bound])

    def _exit_on(self, stop: threading.Event) -> None:
        stop.wait()
        self.server.should_exit = True


def web_server(hub: Hub, routes: Routes, extra_routes: Sequence[BaseRoute]) -> WebServer:
    """The web server of a hub; raises ``OSError`` when its port is taken."""
    settings = hub.settings.http
    bound = socket.create_server((settings.host, settings.port), reuse_port=False)
    # Without it each answer's body waits for the receiver to confirm the head: 40 ms on Linux.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    app = create_app(
        routes,
        hub.intake,
        hub.queues,
        largest_body=settings.largest_body,
        extra_routes=extra_routes,
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=5
    )
    return WebServer(uvicorn.Server(config), bound)


def start_connectors(parts: Parts, connectors: Sequence[Connector]) -> None:
    """Start every connector."""
    for connector in connectors:
        parts.start(connector.name, connector.run)
