"""The console of a hub in this process, and people who look at it without a browser."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from typing import Any

import httpx
from starlette.applications import Starlette

from connectors.port import routes
from connectors.wrong_tokens import WrongTokens
from ops.access.links import link_for
from ops.console.address import link
from ops.console.shell import Shell
from ops.run.wiring import Hub

HUB = "https://hub.example"
Fields = Mapping[str, str | Sequence[str]]


async def _at_once(_: float) -> None:
    """Nobody waits."""


def app_of(hub: Hub) -> Starlette:
    """The console alone."""
    return Starlette(
        routes=[Shell(hub, routes(hub.settings, {}), WrongTokens(sleep=_at_once)).mounted()]
    )


class Person:
    """Somebody with a browser of their own, which goes nowhere by itself."""

    def __init__(self, app: Starlette) -> None:
        self.app, self.cookies = app, httpx.Cookies()

    def asks(self, method: str, path: str, **how: Any) -> httpx.Response:
        """Ask for an address as a browser would, with the cookies of those before."""

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url=HUB, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **how)
                self.cookies = client.cookies
                return answer

        # In a thread of its own: where a browser is driven, this one has a loop already.
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(asyncio.run, ask()).result()

    def enters(self, hub: Hub, who: str) -> httpx.Response:
        """With the link that they got on the hub's machine."""
        return self.get(link("", link_for(hub, who)))

    def get(self, path: str, **how: Any) -> httpx.Response:
        """Open a page."""
        return self.asks("GET", path, **how)

    def posts(self, path: str, fields: Fields, **how: Any) -> httpx.Response:
        """Send a form as it is."""
        return self.asks("POST", path, data=dict(fields), **how)

    def token(self, path: str) -> str:
        """What the forms of this browser's session bring."""
        return hidden(self.get(path).text, "form_token")

    def sends(self, path: str, fields: Fields, *, page: str | None = None) -> httpx.Response:
        """Fill in a form, on ``page`` where that is elsewhere, and send it."""
        return self.posts(path, {"form_token": self.token(page or path), **fields})


@contextmanager
def working(hub: Hub) -> Iterator[None]:
    """While its steps are at work."""
    stop = threading.Event()
    thread = threading.Thread(target=hub.embedded().run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def hidden(text: str, name: str) -> str:
    """The value of a hidden field; empty where there is none."""
    found = re.search(rf'name="{name}" value="([^"]*)"', text)
    return unescape(found[1]) if found else ""
