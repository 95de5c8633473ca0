"""Whoever is at a screen is who they showed to be, sees what is theirs, and is told in words."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from structlog.testing import capture_logs

from connectors.port import routes
from connectors.wrong_tokens import WrongTokens
from ops.access.links import links_of
from ops.access.pages import SESSION
from ops.access.sessions import Known
from ops.console.shell import Shell
from ops.run.wiring import Hub
from schemas.access import Proof, Role
from schemas.operations import AccessDenied, PersonSignedIn, PersonSignedOut
from stores import linking
from tests.support.console import Person, app_of
from tests.support.filled import empty_hub

DESK = "/desk/front-door"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("console") / "hub")
    yield made
    made.database.close()


@pytest.fixture(scope="module")
def app(hub: Hub) -> Starlette:
    return app_of(hub)


@pytest.fixture
def anybody(app: Starlette) -> Person:
    return Person(app)


@pytest.fixture
def worker(app: Starlette, hub: Hub) -> Person:
    person = Person(app)
    person.enters(hub, "S. Worker")
    return person


def count(hub: Hub, type_: type) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


# --- signing in


def test_a_link_opens_a_desk_once_and_who_opened_it_is_recorded(hub: Hub, anybody: Person) -> None:
    before = count(hub, PersonSignedIn)
    key = links_of(hub).make(known())
    first = anybody.get(f"/desk/enter?key={key}")
    assert (first.status_code, first.headers["location"]) == (303, "/desk/")
    assert anybody.get("/desk/").headers["location"] == DESK
    assert "S. Worker" in anybody.get(DESK).text
    assert count(hub, PersonSignedIn) == before + 1

    other = anybody.get(f"/desk/enter?key={key}")
    assert other.status_code == 403
    assert "opens once" in other.text


def known(who: str = "S. Worker", role: Role = Role.SCREENING) -> Known:
    at = dt.datetime.now(dt.UTC)
    lead = "childrens_social_care"
    return Known(who=who, agency=lead, roles=(role,), proven=Proof.ACCOUNT, proven_at=at)


def test_a_link_that_was_not_opened_in_time_opens_nothing(hub: Hub, anybody: Person) -> None:
    key = links_of(hub).make(known(), lasts=dt.timedelta(seconds=-1))
    assert anybody.get(f"/desk/enter?key={key}").status_code == 403
    assert SESSION not in anybody.cookies


def test_a_link_is_not_used_up_by_who_only_asks_for_its_head(hub: Hub, anybody: Person) -> None:
    key = links_of(hub).make(known())
    anybody.asks("HEAD", f"/desk/enter?key={key}")
    assert anybody.get(f"/desk/enter?key={key}").status_code == 303


def test_the_session_is_one_that_nobody_brought_along(hub: Hub, anybody: Person) -> None:
    anybody.cookies.set(SESSION, "fixed-by-somebody-else")
    anybody.enters(hub, "S. Worker")
    assert "fixed-by-somebody-else" not in {one.value for one in anybody.cookies.jar if one.domain}
    anybody.cookies.clear()
    answer = anybody.enters(hub, "T. Worker")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
    assert cookie.startswith("__Host-")


def test_entering_as_somebody_else_ends_the_session_before(hub: Hub, worker: Person) -> None:
    before = worker.cookies[SESSION]
    worker.enters(hub, "T. Worker")
    assert "T. Worker" in worker.get(DESK).text
    worker.cookies = httpx.Cookies({SESSION: before})
    assert worker.get(DESK).headers["location"] == "/desk/sign-in"


def test_who_signs_out_is_out(hub: Hub, worker: Person) -> None:
    before = count(hub, PersonSignedOut)
    token = worker.cookies[SESSION]
    assert worker.sends("/desk/sign-out", {}, page=DESK).status_code == 303
    worker.cookies = httpx.Cookies({SESSION: token})
    assert worker.get(DESK).headers["location"] == "/desk/sign-in"
    assert count(hub, PersonSignedOut) == before + 1


# --- whose page it is


@pytest.mark.parametrize("who", ["J. Auditor", "A. Operator", "B. Records"])
def test_another_roles_page_is_denied_and_that_is_recorded(
    hub: Hub, anybody: Person, who: str
) -> None:
    anybody.enters(hub, who)
    before = count(hub, AccessDenied)
    answer = anybody.get(DESK)
    assert answer.status_code == 403
    assert "You cannot see this" in answer.text
    assert count(hub, AccessDenied) == before + 1
    assert DESK not in anybody.get("/desk/").text


def test_nobody_sees_anything_of_a_desk_without_having_signed_in(anybody: Person) -> None:
    assert anybody.get(DESK).headers["location"] == "/desk/sign-in"
    assert anybody.get("/desk/").headers["location"] == "/desk/sign-in"


# --- forms


def test_a_form_without_the_sessions_token_is_not_taken(hub: Hub, worker: Person) -> None:
    for token in ("", "0" * 64):
        answer = worker.posts("/desk/sign-out", {"form_token": token})
        assert answer.status_code == 403
        assert "out of date" in answer.text
    assert worker.get(DESK).status_code == 200


def test_a_token_of_another_session_is_not_taken(app: Starlette, hub: Hub, worker: Person) -> None:
    other = Person(app)
    other.enters(hub, "T. Worker")
    theirs = other.token(DESK)
    assert worker.posts("/desk/sign-out", {"form_token": theirs}).status_code == 403


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_form_of_another_site_is_not_taken(worker: Person, headers: dict[str, str]) -> None:
    sent = {"form_token": worker.token(DESK)}
    answer = worker.posts("/desk/sign-out", sent, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"a=%FF", "application/x-www-form-urlencoded"),
        (b"a=" + b"x" * 500_000, "application/x-www-form-urlencoded"),
    ],
    ids=["json", "no-text", "too-long"],
)
def test_what_is_no_form_is_told_so(worker: Person, body: bytes, kind: str) -> None:
    answer = worker.asks("POST", "/desk/sign-out", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "could not read" in answer.text


# --- every answer


@pytest.mark.parametrize(
    "path",
    ["", "/", "/sign-in", "/enter?key=none", "/accessibility", "/front-door", "/nowhere"],
)
def test_no_answer_is_kept_framed_or_run(worker: Person, path: str) -> None:
    answer = worker.get(f"/desk{path}", follow_redirects=True)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.text.count("OFFICIAL-SENSITIVE") == 2
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text)
    assert all('src="/desk/static/' in attributes and not text for attributes, text in scripts)
    assert " style=" not in answer.text
    assert not re.search(r"\son\w+=", answer.text)


def test_files_that_are_the_same_for_everybody_may_be_kept(anybody: Person) -> None:
    answer = anybody.get("/desk/static/console.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert anybody.get("/desk/static/../shell.py").status_code == 404
    assert anybody.get("/desk/static/nothing.css").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("get", "sign-out"), ("post", "accessibility")])
def test_what_cannot_be_done_so_is_told_in_words(worker: Person, method: str, path: str) -> None:
    answer = worker.asks(method.upper(), f"/desk/{path}")
    assert answer.status_code == 405
    assert "<h1" in answer.text


def test_a_fault_of_the_hub_says_nothing_of_what_it_was_about(
    worker: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("Robin Sample")

    monkeypatch.setattr("stores.timers.waited_for", fails)
    with capture_logs() as logged:
        answer = worker.get(DESK)
    assert answer.status_code == 500
    assert "Sorry, there is a problem" in answer.text
    assert [one["error"] for one in logged] == ["ValueError"]
    assert "Robin" not in f"{answer.text}{logged}"


# --- who waits for whom


def test_nothing_is_read_of_who_is_nobody_and_no_files_where_none_are_wanted(
    anybody: Person, worker: Person
) -> None:
    read: list[object] = []
    kind = {"content-type": "multipart/form-data; boundary=x"}

    async def body() -> AsyncIterator[bytes]:
        read.append(1)
        yield b"a=b"

    form = {"content-type": "application/x-www-form-urlencoded"}
    links = "/desk/links"
    assert anybody.asks("POST", links, content=body(), headers=form).status_code == 403
    assert worker.asks("POST", links, content=body(), headers=kind).status_code == 400
    assert read == []


def test_a_form_that_comes_slowly_keeps_nobody_waiting(hub: Hub) -> None:
    shell = Shell(hub, routes(hub.settings, {}), WrongTokens())
    person = Person(Starlette(routes=[shell.mounted()]))
    person.enters(hub, "S. Worker")
    free: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        free.append(shell.hands._value)
        yield b"a=b"

    form = {"content-type": "application/x-www-form-urlencoded"}
    person.asks("POST", "/desk/links", content=body(), headers=form)
    assert free == [16]


def test_a_token_that_is_no_hex_is_out_of_date(worker: Person) -> None:
    assert worker.posts("/desk/links", {"form_token": "é"}).status_code == 403


def test_a_head_opens_nothing(worker: Person) -> None:
    assert worker.asks("HEAD", DESK).status_code == 405


def test_who_tries_many_links_is_told_in_a_page(
    hub: Hub, anybody: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(WrongTokens, "slow", never)
    answer = anybody.get("/desk/enter?key=none")
    assert answer.status_code == 429
    assert answer.headers["cache-control"] == "no-store"
