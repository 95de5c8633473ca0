"""A hub at work in one process: parts in threads, started again on failure, stopped together."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from connectors.directory import FolderUnsafe
from connectors.http import create_app
from connectors.http_connections import Connections
from connectors.port import Routes
from ops.access.doors import Doors
from ops.look.api.routes import description_routes
from ops.run.wiring import Hub
from router import ways_in
from schemas.settings import HttpSettings
from stores import failures
from stores.database import Database
from stores.keep_trying import Failure, Pauses, Stopped, keep_trying
from stores.ports import Unavailable

_log = structlog.get_logger()

_PAUSES = Pauses(first=0.5, longest=30.0)

Part = Callable[[threading.Event], None]
"""Works until the event is set."""


@dataclass(frozen=True, slots=True)
class NamedPart:
    """A part with the name by which ``hub run``, the log and ``hub status`` know it.

    ``attempts``: how often in a row it may fail before the whole process ends, for whoever started
    that to start it again; None: the others go on without it, and it is tried for ever.
    """

    name: str
    run: Part
    says: str = ""
    attempts: int | None = None


class Ended(Exception):
    """A part came to its end without being asked to."""


class _GivenUp(Exception):
    """A part that nothing goes on without failed too often."""


@dataclass(slots=True)
class Parts:
    """Parts at work: one that fails is started again, and the others go on.

    Pauses grow while it keeps failing; ``hub status`` shows it meanwhile.
    """

    database: Database
    stop: threading.Event
    pauses: Pauses = _PAUSES
    grace: float = 20.0
    """Seconds that all of them may take to stop."""
    failed: str | None = None
    """The part that everything was stopped for."""
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, part: NamedPart) -> None:
        """Keep a part running in a thread of its own."""
        thread = threading.Thread(target=self._keep, args=(part,), name=part.name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> list[str]:
        """Ask every part to stop, and wait for them; the names of those that do not in time."""
        self.stop.set()
        deadline = time.monotonic() + self.grace
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = [thread.name for thread in self._threads if thread.is_alive()]
        for name in left:
            _log.error("part.overdue", part=name)
        return left

    def _keep(self, part: NamedPart) -> None:
        with suppress(Unavailable):
            failures.started(self.database, part.name)
        try:
            keep_trying(
                partial(self._run, part),
                self.stop,
                failed=partial(self._failed, part),
                errors=(Exception, SystemExit),
                pauses=self.pauses,
            )
        except Stopped:
            return
        except _GivenUp:
            self.failed = part.name
            self.stop.set()

    def _run(self, part: NamedPart) -> None:
        part.run(self.stop)
        if not self.stop.is_set():
            raise Ended

    def _failed(self, part: NamedPart, failure: Failure) -> None:
        over = part.attempts is not None and failure.count >= part.attempts
        again_in = None if over else failure.again_in
        _log.error(
            "part.failed",
            part=part.name,
            attempts=failure.count,
            again_in=again_in,
            **_why(failure.error),
        )
        # The store may be what is the matter; then the log alone has it.
        with suppress(Unavailable):
            error = type(failure.error).__name__
            failing = failures.note(self.database, part.name, error=error, again_in=again_in)
            ways_in.note(self.database, failing)
        if over:
            raise _GivenUp


def end_process(code: int) -> NoReturn:
    """End this process, also where a thread that does not stop would keep it: what has to last is
    in the store.
    """
    others = set(threading.enumerate()) - {threading.current_thread()}
    if any(not thread.daemon for thread in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


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


class CannotListen(Exception):
    """The web server's address cannot be had; the message says which, why, and what to do."""

    def __init__(self, host: str, port: int, why: str | None) -> None:
        super().__init__(
            f"cannot listen on {host}:{port} ({why}): stop what listens there, perhaps a hub that "
            "runs already, or take another port: HUB_PORT or http.port in the configuration, "
            "`--port` of `hub demo`"
        )


@dataclass(slots=True)
class WebServer:
    """The HTTP connector with the desks, on a socket that is bound already."""

    config: uvicorn.Config
    address: tuple[str, int]
    bound: socket.socket
    connections: Connections

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.address
        return f"{'https' if self.config.ssl_certfile else 'http'}://{host}:{port}"

    def run(self, stop: threading.Event) -> None:
        """Serve until told to stop; requests under way are finished. Raises ``CannotListen``."""
        if self.bound.fileno() < 0:  # closed by an earlier run that failed
            self.bound = listening(*self.address)
        self.connections.by_address.clear()
        server = uvicorn.Server(self.config)
        ending = self.connections.ending
        threading.Thread(target=_exit_on, args=(server, stop, ending), daemon=True).start()
        server.run(sockets=[self.bound])


def _exit_on(server: uvicorn.Server, stop: threading.Event, ending: threading.Event) -> None:
    stop.wait()
    ending.set()
    server.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises ``CannotListen``."""
    try:
        bound = socket.create_server((host, port), reuse_port=False)
    except OSError as error:
        raise CannotListen(host, port, error.strerror) from None
    # Without it each answer's body waits for the receiver to confirm the head: 40 ms on Linux.
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
    return bound


def web_server(
    hub: Hub,
    routes: Routes,
    *,
    bound: socket.socket,
    extra_routes: Sequence[BaseRoute] = (),
    connections: Connections | None = None,
) -> WebServer:
    """The web server of a hub, on a socket that listens."""
    limits = hub.settings.http
    connections = connections or Connections(limits)
    app = application(hub, routes, extra_routes=extra_routes, connections=connections)
    host, port = bound.getsockname()[:2]
    config = configured(app, limits, connections=connections, folder=hub.folder)
    return WebServer(config, (host, port), bound, connections)


def application(
    hub: Hub, routes: Routes, *, extra_routes: Sequence[BaseRoute], connections: Connections
) -> Starlette:
    """All that the web server of a hub answers."""
    largest = hub.settings.http.largest_body
    return create_app(
        routes,
        intake=hub.intake,
        queues=hub.queues,
        access=Doors(hub),
        largest_body=largest,
        extra_routes=[*extra_routes, *description_routes(largest_body=largest)],
        wrong_tokens=connections.wrong_tokens,
        lets_pass=hub.database.lets_reds_pass,
    )


def configured(
    app: Starlette, limits: HttpSettings, *, connections: Connections, folder: Path = Path()
) -> uvicorn.Config:
    """How the hub's web servers serve: quietly, and nobody longer than they may take. Files of
    ``tls`` start at ``folder``.
    """
    return uvicorn.Config(
        app,
        **_tls(limits, folder),
        http=connections.protocol,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        forwarded_allow_ips=list(limits.proxies),
        timeout_keep_alive=limits.idle_seconds,  # type: ignore[arg-type] # any number will do
        timeout_graceful_shutdown=5,
    )


def _tls(limits: HttpSettings, folder: Path) -> dict[str, Any]:
    """A certificate is asked for and need not be shown: one that no authority signed is refused
    before a word is said.
    """
    if limits.tls is None:
        return {}
    return {
        "ssl_certfile": str(folder / limits.tls.certificate),
        "ssl_keyfile": str(folder / limits.tls.key),
        "ssl_ca_certs": str(folder / limits.tls.clients),
        "ssl_cert_reqs": ssl.CERT_OPTIONAL,
    }


def _why(error: BaseException) -> dict[str, Any]:
    """An error as the log has it; of a folder what to change, as no line of code is at fault."""
    if isinstance(error, FolderUnsafe):
        return {"error": type(error).__name__, "cure": error.instead}
    return {"exc_info": error}
