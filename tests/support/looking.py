"""Pages as people got them, looked into in a browser that asks nobody for anything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route

from ops.console import shell
from ops.console.forms import TOKEN
from ops.console.refer import door
from ops.console.rendering import AT, environment, render, statics
from tests.support.browsing import faults

_STATIC = f"{AT}/static/"


def pages_there_are() -> set[str]:
    """Every template of the console that is a page, by its source: others are parts of one."""
    made, found = environment(), set[str]()
    for name in made.list_templates(["html"]):
        assert made.loader is not None
        source, *_ = made.loader.get_source(made, name)
        own = not name.startswith("govuk_frontend_jinja/") and source.startswith("{% extends")
        found |= {name} if own and "{% block content %}" in source else set()
    return found


@dataclass
class Looking:
    """What was looked at so far, and what was amiss with it."""

    page: Page
    amiss: dict[str, list[str]] = field(default_factory=dict)
    seen: set[tuple[str, bool]] = field(default_factory=set)
    """By their template, and whether they said that something could not be used."""
    rendered: list[str] = field(default_factory=list)
    """Templates of the pages that people got."""
    _shown: httpx.Response | None = None

    def at(self, answer: httpx.Response, *, again: bool = True) -> None:
        """Look at a page as somebody got it, with the hub's own scripts and policy. ``again``: also
        where one of its kind was looked at before.
        """
        if not answer.headers.get("content-type", "").startswith("text/html"):
            return
        kind = self.rendered[-1], answer.status_code == 422
        if kind in self.seen and not again:
            return
        self.seen.add(kind)
        self._shown = answer
        self.page.goto(str(answer.url))
        if found := faults(self.page):
            self.amiss[f"{answer.status_code} {answer.url.path}, {kind[0]}"] = found

    @property
    def templates(self) -> set[str]:
        """Those that were looked at."""
        return {name for name, _ in self.seen}

    def gives(self, route: Route) -> None:
        """What the browser asks for: the page, and what it is made with."""
        asked = route.request
        static = statics().get(urlsplit(asked.url).path.removeprefix(_STATIC))
        if asked.is_navigation_request() and self._shown is not None:
            given = self._shown
            headers = dict(given.headers)
            route.fulfill(status=given.status_code, headers=headers, body=given.content)
        elif static is not None:
            route.fulfill(status=200, content_type=static.kind, body=static.body)
        else:
            route.fulfill(status=204)


@contextmanager
def looking(browser: Browser) -> Iterator[Looking]:
    """A page of a browser, and note of what people get meanwhile."""
    context = browser.new_context()
    found = Looking(context.new_page())
    context.route("**/*", found.gives)

    def noted(template: str, values: object) -> str:
        found.rendered.append(template)
        return render(template, values)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        for module in (shell, door):
            patched.setattr(module, "render", noted)
        yield found
    context.close()


class _Form(HTMLParser):
    """What a browser would send of the forms of a page, by where it would send it."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self._area: str | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        name = told.get("name", "")
        if tag == "form":
            self.forms.append({})
        if not self.forms or not (name or self._select):
            return
        form = self.forms[-1]
        is_chosen = told.get("type") not in ("radio", "checkbox") or "checked" in told
        if tag == "input" and is_chosen:
            form[name] = told.get("value", "")
        elif tag == "textarea":
            self._area = name
            form[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in told:
            form[self._select] = told.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1][self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None


def form_in(text: str) -> dict[str, str]:
    """What the longest form of a page that is sent holds as it was opened; nothing where there is
    none.
    """
    reading = _Form()
    reading.feed(text.partition("<main")[2].partition("</main>")[0])
    return max((one for one in reading.forms if TOKEN in one), key=len, default={})
