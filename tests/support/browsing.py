"""A hub that people open in a browser, and what every page of it is held to."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from connectors.http_connections import Connections
from connectors.port import routes
from ops.access.links import link_for
from ops.console.address import link
from ops.console.live import Live
from ops.console.refer.door import Referrals
from ops.console.shell import Shell
from ops.demo.running import DemoFolder
from ops.run.serve import listening, web_server
from ops.run.wiring import Hub
from ops.watch.routes import watch_routes
from tests.services.chromium import find_chromium
from tests.support.filled import empty_hub

NARROW, WIDE = 320, 1200
_SCREENS: tuple[tuple[Literal["light", "dark"], int], ...] = (("light", WIDE), ("dark", NARROW))
_AXE = Axe()
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OPTIONS = {"runOnly": _RULES, "resultTypes": ["violations"]}


_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a head, in a profile of its own. It asks nobody for anything but what a
    test opens. Raises ``ServiceUnavailable``.
    """
    path = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True)
class Served:
    """An embedded hub whose web server listens on this machine."""

    folder: DemoFolder
    hub: Hub
    url: str
    browser: Browser

    def desk_of(self, who: str, *, script: bool = False) -> Page:
        """Somebody's browser, at the desk that their link opened; without JavaScript unless
        ``script``.
        """
        context = self.browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(link(self.url, link_for(self.hub, who)))
        return page


@contextmanager
def served(
    path: Path,
    browser: Browser,
    *,
    making: Callable[[Path], tuple[DemoFolder, Hub]] = empty_hub,
    bound: socket.socket | None = None,
) -> Iterator[Served]:
    """One at work, until the end; ``making``: in which something has happened already; ``bound``:
    where it is to listen.
    """
    folder, hub = making(path)
    limits, stop = hub.settings.http, threading.Event()
    callers, found = Connections(limits), routes(hub.settings, {})
    server = web_server(
        hub,
        found,
        bound=bound or listening("127.0.0.1", 0),
        extra_routes=[
            *watch_routes(hub, (), may_show=lambda _: True),
            Shell(hub, found, callers.wrong_tokens, live=Live(callers.ending)).mounted(),
            Referrals(hub, found.by_code[hub.settings.lead_agency], callers.wrong_tokens).mounted(),
        ],
        connections=callers,
    )
    parts = (server.run, hub.embedded().run)
    threads = [threading.Thread(target=part, args=(stop,), daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    try:
        yield Served(folder, hub, server.url, browser)
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        hub.database.close()


def faults(page: Page, path: str | None = None) -> list[str]:
    """What is amiss with a page for people who do not see, see little or cannot use a mouse: in
    light on a wide screen, and in dark on a narrow one. The page has JavaScript, to look into it.
    """
    found = []
    if path is not None:
        page.goto(path)
    for scheme, width in _SCREENS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme} {width}: {one}" for one in _of_axe(page)]
        if (across := page.evaluate("document.documentElement.scrollWidth")) > width:
            found.append(f"{scheme} {width}: {across} pixels across")
    return found


def _of_axe(page: Page) -> Iterator[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.axe_script)
    for one in page.evaluate("how => axe.run(document, how).then(it => it.violations)", _OPTIONS):
        places = "; ".join(node["html"][:120] for node in one["nodes"][:3])
        yield f"{one['id']}: {places}"


def follow(link_or_button: Locator) -> None:
    """Click what opens another page, and wait until it is there: a click alone may end before, and
    what is looked at next is the old page.
    """
    with link_or_button.page.expect_navigation():
        link_or_button.click()


def focused(page: Page) -> str:
    """What the keyboard is at, by its text, name or label."""
    said = page.evaluate(
        "(e => e.innerText || e.ariaLabel || e.name || e.id || e.tagName)(document.activeElement)"
    )
    return str(said).strip()


def tabs_to(page: Page, wanted: str, *, most: int = 60) -> None:
    """Press Tab until the keyboard is at what is called so."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if wanted in focused(page):
            return
    raise AssertionError(f"no Tab leads to {wanted}")
