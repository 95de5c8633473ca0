"""Where a browser on this machine brings what a provider answered (RFC 8252, section 7.3)."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ops.access.proving import CannotSignIn

PATH = "/sign-in/return"
_LATE = "nobody signed in in time: start this again, and open the address that it prints"
_DONE = b"<!doctype html><title>mash-hub</title><p>You may close this page: go back to the command."


class Listening:
    """A listener on this machine's own address, for one answer."""

    def __init__(self, port: int = 0) -> None:
        self.answer: dict[str, str] = {}
        self._server = HTTPServer(("127.0.0.1", port), self._handler())

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    @property
    def redirect_uri(self) -> str:
        """Where the provider is to send the browser."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def wait(self, state: str, *, seconds: float) -> dict[str, str]:
        """The answer to what was asked under this state; others are not for us. Raises
        :class:`CannotSignIn`.
        """
        until = time.monotonic() + seconds
        while self.answer.get("state") != state:
            self._server.timeout = until - time.monotonic()
            if self._server.timeout <= 0:
                raise CannotSignIn(_LATE, "too_late")
            self._server.handle_request()
        return self.answer

    def close(self) -> None:
        """Listen no more."""
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        listening = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 5.0

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if parts.path != PATH:
                    self.send_error(404)
                    return
                listening.answer = dict(parse_qsl(parts.query))
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Referrer-Policy", "no-referrer")
                self.end_headers()
                self.wfile.write(_DONE)

            def log_message(self, *_: Any) -> None:
                """The address has the code in it: nowhere else."""

        return Handler
