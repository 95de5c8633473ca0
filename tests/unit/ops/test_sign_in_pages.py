"""People sign in to the monitor with a browser, and see what the access rules let them see."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from connectors.wrong_tokens import WrongTokens
from ops.access import pages
from ops.access.pages import ASKED, SESSION, SignIn
from ops.access.proving import CannotSignIn
from ops.access.sessions import name_of, now
from ops.demo.running import DemoFolder
from ops.look.monitor import monitor_routes
from ops.look.status import collect
from ops.run.wiring import Hub, open_hub
from schemas.access import Proof
from schemas.operations import PersonSignedIn, PersonSignedOut, SignInRefused
from tests.support.filled import empty_hub
from tests.support.provider import ANNA, CONFIG, SECRET, facts, goes, knows, with_a_provider

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
"""Of the provider, which runs in this process."""

HUB = "https://hub.example"
WITH_A_KEY = {**ANNA, "acr": "phr"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, issuer: str) -> DemoFolder:
    """A hub whose monitor is shown to auditors alone."""
    identity = CONFIG.format(issuer=issuer).replace("client_id", f'url = "{HUB}"\nclient_id', 1)
    folder = with_a_provider(tmp_path_factory.mktemp("made") / "hub", identity)
    rules = (files("ops.access") / "standard.toml").read_text("utf-8")
    before = 'effect = "allow"\nroles = ["everybody"]\nacts = ["look"]\nrecords = ["health"]'
    assert before in rules
    own = rules.replace(before, before.replace("everybody", "auditor"))
    (folder.path / "ours.toml").write_text(own, "utf-8")
    text = folder.config.read_text("utf-8").replace(
        'profile = "', 'access = "ours.toml"\nprofile = "'
    )
    folder.config.write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="module")
def made(folder: DemoFolder) -> Iterator[Hub]:
    opened = open_hub(folder.config, {})
    yield opened
    opened.database.close()


@pytest.fixture
def wrong() -> WrongTokens:
    async def sleep(_: float) -> None:
        """Nobody waits."""

    return WrongTokens(sleep=sleep)


@pytest.fixture
def browser(made: Hub, wrong: WrongTokens) -> Browser:
    return _browser(made, wrong)


@dataclass
class Browser:
    """Keeps cookies, and goes nowhere by itself."""

    app: Starlette
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def get(self, path: str, **how: Any) -> httpx.Response:
        return self._ask("GET", path, **how)

    def post(self, path: str) -> httpx.Response:
        return self._ask("POST", path)

    def _ask(self, method: str, path: str, **how: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(
                transport=transport, base_url=HUB, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **how)
                self.cookies = client.cookies
                return answer

        return asyncio.run(ask())


def _browser(made: Hub, wrong: WrongTokens) -> Browser:
    people = SignIn(made, SECRET, wrong)
    monitor = monitor_routes(lambda: collect(made), may_show=people.may_show, person=people.person)
    app = Starlette(routes=[*monitor, *people.routes()])
    return Browser(app)


def _sent(browser: Browser) -> Mapping[str, str]:
    """What the provider gives this browser for the hub."""
    answer = browser.get("/sign-in")
    assert answer.status_code == 303
    return goes(answer.headers["location"], "anna")


def _signs_in(browser: Browser, issuer: str, **changes: object) -> httpx.Response:
    knows(issuer, "anna", **WITH_A_KEY | changes)
    return browser.get("/sign-in/return", params=_sent(browser))


def test_who_has_signed_in_is_shown_what_the_rules_let_them_see(
    browser: Browser, made: Hub, issuer: str
) -> None:
    assert browser.get("/v1/status").status_code == 403
    answer = _signs_in(browser, issuer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    shown = browser.get("/v1/status")
    assert shown.status_code == 200
    person = shown.json()["person"]
    assert (person["who"], person["roles"]) == ("Anna Auditor", ["auditor"])
    begun = facts(made.database, PersonSignedIn)[-1]
    assert (begun.who, begun.proven) == ("Anna Auditor", Proof.OPENID)
    assert browser.post("/sign-out").status_code == 303
    assert browser.get("/v1/status").status_code == 403
    assert facts(made.database, PersonSignedOut)[-1].session == begun.session


def test_whose_role_does_not_see_it_is_not_shown_it(browser: Browser, issuer: str) -> None:
    _signs_in(browser, issuer, roles=["mash-operators"])
    answer = browser.get("/v1/status")
    assert (answer.status_code, answer.json()["person"]["who"]) == (403, "Anna Auditor")


def test_cookies_are_for_this_hub_alone_and_for_no_script(browser: Browser, issuer: str) -> None:
    asked = browser.get("/sign-in").headers["set-cookie"]
    given = _signs_in(browser, issuer).headers.get_list("set-cookie")[-1]
    for cookie, name in ((asked, ASKED), (given, SESSION)):
        assert cookie.startswith(f"{name}=")
        assert {"HttpOnly", "Secure", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_signing_in_again_is_another_session_and_ends_the_older_one(
    browser: Browser, made: Hub, wrong: WrongTokens, issuer: str
) -> None:
    _signs_in(browser, issuer)
    first = browser.cookies[SESSION]
    _signs_in(browser, issuer)
    assert browser.cookies[SESSION] != first
    other = _browser(made, wrong)
    other.cookies.set(SESSION, first)
    assert other.get("/v1/status").status_code == 403


def test_an_answer_is_taken_of_the_browser_alone_that_was_sent_and_once(
    browser: Browser, made: Hub, wrong: WrongTokens, issuer: str
) -> None:
    knows(issuer, "anna", **WITH_A_KEY)
    said, before = _sent(browser), len(facts(made.database, SignInRefused))
    other = Browser(browser.app)
    assert other.get("/sign-in/return", params=said).status_code == 403
    assert browser.get("/sign-in/return", params=said).status_code == 303
    browser.cookies.set(ASKED, said["state"], domain="hub.example")
    assert browser.get("/sign-in/return", params=said).status_code == 403
    assert wrong.total == 2
    assert len(facts(made.database, SignInRefused)) == before


def test_whom_the_provider_does_not_let_in_is_recorded_and_slowed(
    browser: Browser, made: Hub, wrong: WrongTokens, issuer: str
) -> None:
    answer = _signs_in(browser, issuer, roles=["canteen"])
    assert (answer.status_code, SESSION in browser.cookies) == (403, False)
    refused = facts(made.database, SignInRefused)[-1]
    assert (refused.reason, refused.account, wrong.total) == ("no_role", None, 1)


def test_what_comes_in_masses_is_not_recorded(
    browser: Browser, made: Hub, wrong: WrongTokens, issuer: str
) -> None:
    before = len(facts(made.database, SignInRefused))
    wrong.waiting = 50
    assert _signs_in(browser, issuer, roles=["canteen"]).status_code == 429
    assert len(facts(made.database, SignInRefused)) == before


def test_a_provider_that_is_silent_keeps_nobody_else_waiting(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four wait for it; the fifth is told so at once, and whoever wants something else gets it."""
    goes_on, asks = threading.Event(), threading.Semaphore(0)

    def silent(*_: object) -> Any:
        asks.release()
        goes_on.wait(60)
        raise CannotSignIn("it says nothing", "silent")

    monkeypatch.setattr(pages, "provider_of", silent)

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(browser.app)
        async with httpx.AsyncClient(transport=transport, base_url=HUB) as client:
            waiting = [asyncio.create_task(client.get("/sign-in")) for _ in range(4)]
            try:
                for _ in waiting:
                    assert await asyncio.to_thread(asks.acquire, timeout=60)
                paths = "/sign-in", "/sign-in/return", "/"
                answers = [(await client.get(path)).status_code for path in paths]
                assert not any(one.done() for one in waiting)
            finally:
                goes_on.set()
                found = await asyncio.gather(*waiting)
            return [*answers, *(one.status_code for one in found)]

    assert asyncio.run(ask()) == [503, 503, 303, *[503] * 4]


def test_who_is_at_the_provider_for_too_long_signs_in_anew(
    browser: Browser, issuer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    knows(issuer, "anna", **WITH_A_KEY)
    said, later = _sent(browser), now() + pages._PATIENCE
    monkeypatch.setattr(pages, "now", lambda: later)
    assert browser.get("/sign-in/return", params=said).status_code == 403


def test_a_page_that_asks_by_itself_keeps_no_session_open(
    browser: Browser, folder: DemoFolder, issuer: str
) -> None:
    _signs_in(browser, issuer)
    (path,) = [one for one in (folder.path / "sessions").iterdir() if one.name == _name(browser)]
    ago = time.time() - 60
    os.utime(path, times=(ago, ago))
    assert browser.get("/v1/status").status_code == 200
    assert path.stat().st_mtime == pytest.approx(ago, abs=1)
    assert browser.get("/").status_code == 303
    assert path.stat().st_mtime > ago + 50
    os.utime(path, times=(0, 0))
    assert browser.get("/v1/status").status_code == 403


def _name(browser: Browser) -> str:
    return name_of(browser.cookies[SESSION])


def test_where_no_address_is_configured_nobody_signs_in(tmp_path: Path, wrong: WrongTokens) -> None:
    _, made = empty_hub(tmp_path / "hub")
    people = SignIn(made, {}, wrong)
    assert (people.offered, list(people.routes())) == (False, [])
    made.database.close()
