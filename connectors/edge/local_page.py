"""A page on this machine, for one question to an authenticator: no server and no hub is needed."""

from __future__ import annotations

import html
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.resources import files
from typing import Any, Final

_LARGEST: Final = 64_000
_PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<main id="page"{data}><h1>{title}</h1><pre>{words}</pre>
<p><button id="go" type="button">{button}</button></p><p id="told" role="alert"></p></main>
<script src="{path}/passkey.js"></script></html>"""
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class LocalPage:
    """Listens on this machine alone; who does not know its address cannot answer."""

    def __init__(self, port: int) -> None:
        """Raises ``OSError`` where something else listens there."""
        self.answer: Mapping[str, Any] | None = None
        self.page = b""
        self._path = f"/{secrets.token_urlsafe(16)}"
        self._server = HTTPServer(("127.0.0.1", port), _handler(self))

    @property
    def origin(self) -> str:
        """By which a passkey knows it."""
        return f"http://localhost:{self._server.server_port}"

    @property
    def url(self) -> str:
        """What is to be opened in a browser of this machine."""
        return self.origin + self._path

    def asks(self, title: str, *, button: str, words: Sequence[str], **data: str) -> None:
        """What it shows, and what its script is given."""
        given = "".join(f' data-{name}="{html.escape(said)}"' for name, said in data.items())
        self.page = _PAGE.format(
            title=html.escape(title),
            button=html.escape(button),
            words=html.escape("\n".join(words)),
            data=given,
            path=self._path,
        ).encode()

    def wait(self, *, seconds: float) -> Mapping[str, Any] | None:
        """What the authenticator answered; None: nothing in time."""
        until = time.monotonic() + seconds
        while self.answer is None:
            self._server.timeout = until - time.monotonic()
            if self._server.timeout <= 0:
                break
            self._server.handle_request()
        return self.answer

    def close(self) -> None:
        """Listen no more."""
        self._server.server_close()

    def shown(self, path: str) -> tuple[str, bytes] | None:
        """What is at an address."""
        if path == self._path:
            return "text/html; charset=utf-8", self.page
        if path == f"{self._path}/passkey.js":
            return "text/javascript", (files("connectors.edge") / "passkey.js").read_bytes()
        return None

    def take(self, path: str, origin: str | None, *, body: bytes) -> bool:
        """Whether this was its own script's answer."""
        try:
            said = json.loads(body)
        except ValueError:
            return False
        if path != self._path or origin != self.origin or not isinstance(said, dict):
            return False
        self.answer = said
        return True


def _handler(page: LocalPage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5.0

        def do_GET(self) -> None:
            found = page.shown(self.path)
            self._answer(404 if found is None else 200, *(found or ("text/plain", b"")))

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            size = int(length) if length.isdecimal() else _LARGEST + 1
            body = self.rfile.read(size) if size <= _LARGEST else b""
            taken = page.take(self.path, self.headers.get("Origin"), body=body)
            self._answer(200 if taken else 403, "text/plain", b"")

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            for name, said in ({"Content-Type": kind} | _HEADERS).items():
                self.send_header(name, said)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nobody reads it, and the address is for whoever started the command."""

    return Handler
