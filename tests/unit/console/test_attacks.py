"""Every address of every desk, from the table by which the hub finds them, against whoever is not
to be there, or sends what no page of it would.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from random import Random

import httpx
import pytest
from sqlalchemy import text as sql
from starlette.applications import Starlette
from structlog.testing import capture_logs

from ops.access.pages import SESSION
from ops.access.sessions import sessions_of
from ops.console import sending
from ops.console.screen import Desk, Screen
from ops.run.wiring import Hub
from schemas.access import Role
from tests.support.anything_asked import Asked, Web, asked
from tests.support.console import Person
from tests.support.desk_days import XSS
from tests.support.size import FULL
from tests.support.surface import (
    AT,
    NAMES,
    OUTSIDER,
    ROLES,
    Address,
    Story,
    addresses,
    everything,
    full_hub,
    of_elsewhere,
    places,
    screens,
    walked,
)

ODD = (
    "none",
    "0" * 36,
    "..%2F..%2Fetc",
    "%00",
    "%27%20OR%201=1--",
    "%3Cscript%3E",
    "x" * 3000,
    "é",
)
CANARY_IN_TAGS = re.compile(r"<script>alert|<img src=x")
STRANGERS = (OUTSIDER, "A. Operator")
"""Whom nothing that the hub holds concerns."""
TIMES = 5000 if FULL else 300
PATIENCE = 20.0
"""Seconds; a busy machine answers within them."""
FORM = {"content-type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Whole:
    """A hub with everything in it, with whoever is at each desk, and where they were."""

    story: Story
    app: Starlette
    people: dict[str, Person]
    pages: dict[str, dict[str, str]]
    at: dict[str, str]
    shown: dict[str, httpx.Response]
    """What whoever is at a desk gets there, by the kind of address."""

    @property
    def hub(self) -> Hub:
        return self.story.hub

    def entered(self, who: str) -> Person:
        person = Person(self.app)
        person.enters(self.hub, who)
        return person

    def every(self) -> Iterator[tuple[Desk, Screen, Address, str]]:
        """Each screen at a real address."""
        for desk, screen, address in screens():
            yield desk, screen, address, self.at[address.template]

    def sent(self) -> int:
        """How many messages of the desks the hub has."""
        with self.hub.database.reading() as connection:
            asked = sql("SELECT count(*) FROM journal WHERE source LIKE 'mash-hub/desk/%'")
            return int(connection.execute(asked).scalar() or 0)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    story = full_hub(tmp_path_factory.mktemp("attacks") / "hub")
    app, people = everything(story.hub), {}
    for code, who in AT.items():
        people[code] = Person(app)
        people[code].enters(story.hub, who)
    pages = {code: walked(person, code) for code, person in people.items()}
    at = places(story, [path for each in pages.values() for path in each])
    shown = {
        address.template: people[desk.code].get(at[address.template])
        for desk, _, address in screens()
    }
    yield Whole(story, app, people, pages, at, shown)
    story.hub.database.close()


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)


def faults(each: Iterable[tuple[str, bool]]) -> list[str]:
    """What is not as it is to be."""
    return [what for what, is_right in each if not is_right]


def test_every_address_of_the_desks_is_in_the_table(whole: Whole) -> None:
    own = {"/desk/", "/desk/sign-in", "/desk/enter", "/desk/sign-out", "/desk/session"}
    own |= {"/desk/accessibility", "/desk/static/{name}"}
    live = {f"/desk/live{one.template[5:]}" for _, screen, one in screens() if screen.hears}
    table = {one.template for *_, one in screens()} | own | live
    there = {one.template for one in addresses(whole.app.routes)}
    assert {one for one in there if one.startswith("/desk")} == table
    assert {desk.code for desk, *_ in screens()} == set(AT)


def test_whoever_is_at_a_desk_gets_its_screens(whole: Whole) -> None:
    odd = {path: one.status_code for path, one in whole.shown.items() if one.status_code != 200}
    # One leads to saying why; what does not fit the story is not there.
    assert set(odd.values()) <= {303, 404}
    assert len(odd) <= 10, odd


# --- whoever is not to be there


def test_who_has_not_signed_in_gets_nothing(whole: Whole) -> None:
    nobody, found = Person(whole.app), []
    for _, screen, _, path in whole.every():
        answer = nobody.get(path)
        found.append((path, answer.headers.get("location") == "/desk/sign-in" and not answer.text))
        if screen.takes:
            posted = nobody.posts(path, {"form_token": "x", "step": "send"})
            found.append((f"POST {path}", posted.status_code == 403))
        if screen.hears:
            live = nobody.get(f"/desk/live{path[5:]}")
            found.append((f"live {path}", live.status_code == 401))
    assert faults(found) == []


def test_another_roles_people_get_nothing_of_a_desk(whole: Whole) -> None:
    others = {
        role: whole.entered(who)
        for who, role in (
            ("A. Operator", Role.OPERATIONS),
            ("J. Auditor", Role.AUDITOR),
            ("S. Worker", Role.SCREENING),
        )
    }
    assert faults(_denied(whole, others)) == []


def _denied(whole: Whole, others: dict[Role, Person]) -> Iterator[tuple[str, bool]]:
    for desk, screen, _, path in whole.every():
        for role, person in others.items():
            if role in desk.roles:
                continue
            answers = [person.get(path)]
            if screen.takes:
                answers.append(person.posts(path, {"form_token": "x", "step": "send"}))
            if screen.hears:
                answers.append(person.get(f"/desk/live{path[5:]}"))
            yield (
                f"{role} {path}",
                all(
                    one.status_code == 403 and not any(name in one.text for name in NAMES[:4])
                    for one in answers
                ),
            )


OPENS: tuple[tuple[str, frozenset[str]], ...] = (
    ("S. Worker", frozenset({"front-door", "find", "links"})),
    ("D. Manager", frozenset({"duty", "front-door", "find", "links"})),
    ("J. Auditor", frozenset({"audit", "find", "replays"})),
    ("C. Caldicott", frozenset({"audit"})),
    ("A. Operator", frozenset({"operations", "dead-letters", "replays"})),
    ("V. Watcher", frozenset({"operations", "dead-letters"})),
    ("R. Reviewer", frozenset()),
    ("B. Records", frozenset()),
    ("M. Sergeant", frozenset({"approvals"})),
    ("H. Researcher", frozenset({"requests", "received"})),
    (of_elsewhere(Role.SCREENING), frozenset()),
    (of_elsewhere(Role.DUTY_MANAGER), frozenset()),
    (of_elsewhere(Role.AUDITOR), frozenset({"audit/owner"})),
    (of_elsewhere(Role.RISK_OWNER), frozenset({"audit/owner"})),
    (of_elsewhere(Role.OPERATIONS), frozenset({"operations"})),
    (of_elsewhere(Role.OBSERVER), frozenset({"operations"})),
    (of_elsewhere(Role.REVIEWER), frozenset()),
    (of_elsewhere(Role.DECISION_MAKER), frozenset({"approvals"})),
    (of_elsewhere(Role.RESEARCHER), frozenset({"requests", "received"})),
)
"""Which desks each role opens, of the agency that runs the front door or of its own, and of another
agency: each asks and sees of its own alone, operations see how the hub is, and who audits or
answers for an agency has one page about what is its own.
"""


@pytest.mark.parametrize(("who", "desks"), OPENS)
def test_a_role_opens_its_own_desks_and_no_other(
    whole: Whole, who: str, desks: frozenset[str]
) -> None:
    person = whole.entered(who)
    told = person.get("/desk/accessibility").text.partition('aria-label="Desks"')[2]
    shown = re.findall(r'href="/desk/([^"]+)"', told.partition("</nav>")[0])
    assert sorted(shown) == sorted(desks)
    closed = {desk.code for desk, *_ in screens()} - desks
    assert faults(_opened(person, desks)) == []
    assert faults(_shut(whole, person, closed)) == []


def _opened(person: Person, desks: Iterable[str]) -> Iterator[tuple[str, bool]]:
    for path in desks:
        yield path, person.get(f"/desk/{path}").status_code == 200


def _shut(whole: Whole, person: Person, desks: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """By a screen of each desk that is opened, one that takes a form, and one that is live."""
    form = {"form_token": token_of(person), "step": "send"}
    for code in desks:
        of = [(screen, path) for desk, screen, _, path in whole.every() if desk.code == code]
        answers = [person.get(of[0][1])]
        takes = (path for screen, path in of if screen.takes)
        answers += [person.posts(path, form) for path in islice(takes, 1)]
        live = (f"/desk/live{path[5:]}" for screen, path in of if screen.hears)
        answers += [person.get(path) for path in islice(live, 1)]
        yield code, {one.status_code for one in answers} == {403}


def test_people_of_another_agency_with_every_role_get_nothing(whole: Whole) -> None:
    outsider, found = whole.entered(OUTSIDER), []
    for desk, screen, address, path in whole.every():
        answer = outsider.get(path)
        nothing = not any(name in answer.text for name in NAMES[:4])
        if desk.roles.isdisjoint(ROLES) or (desk.lead and desk.others != screen.path):
            right = answer.status_code == 403
        else:
            right = answer.status_code == (404 if address.parts else 200)
        found.append((path, right and nothing))
        if desk.lead and screen.hears:
            live = outsider.get(f"/desk/live{path[5:]}")
            found.append((f"live {path}", live.status_code == 403))
    assert faults(found) == []


def test_ids_that_somebody_guesses_lead_nowhere(whole: Whole) -> None:
    found = []
    with capture_logs() as logged:
        for desk, screen, address, _ in whole.every():
            for odd in ODD if address.parts else ():
                path = address.filled(dict.fromkeys(address.parts, odd))
                answer = whole.people[desk.code].get(path)
                nothing = not any(name in answer.text for name in NAMES[:4])
                clean = not CANARY_IN_TAGS.search(answer.text)
                there = answer.status_code == 404 or (
                    desk.code == "links" and answer.status_code == 200
                )
                found.append((f"{answer.status_code} {path[:80]}", there and nothing and clean))
            assert screen
    assert faults(found) == []
    assert [one for one in logged if one["event"] == "console.failed"] == []


# --- forms that no page of theirs sent


def forged(whole: Whole) -> dict[str, Callable[[Person, str], int]]:
    """Ways to send a form of somebody else's making; each answers with the status."""
    others = whole.entered("J. Auditor").token("/desk/audit")

    def sends(person: Person, path: str, token: str, **headers: str) -> int:
        fields = {"form_token": token, "step": "send"}
        return person.posts(path, fields, headers=headers).status_code

    return {
        "no token": lambda person, path: person.posts(path, {"step": "send"}).status_code,
        "a wrong token": lambda person, path: sends(person, path, "0" * 64),
        "another's token": lambda person, path: sends(person, path, others),
        "another site": lambda person, path: sends(
            person, path, token_of(person), origin="https://evil.example"
        ),
        "a frame": lambda person, path: sends(
            person, path, token_of(person), **{"sec-fetch-site": "cross-site"}
        ),
    }


def token_of(person: Person) -> str:
    """Of the session that they have."""
    return person.token("/desk/accessibility")


def test_no_form_is_taken_that_a_page_of_theirs_did_not_send(whole: Whole) -> None:
    before, found = whole.sent(), []
    for how, sends in forged(whole).items():
        for desk, screen, _, path in whole.every():
            if screen.takes:
                status = sends(whole.people[desk.code], path)
                found.append((f"{how}: {status} {path}", status == 403))
    assert faults(found) == []
    assert whole.sent() == before


def test_what_is_sent_by_a_form_is_not_done_by_an_address(whole: Whole) -> None:
    before, found = whole.sent(), []
    for desk, screen, address, path in whole.every():
        person = whole.people[desk.code]
        if screen.takes:
            said = {"form_token": token_of(person), "step": "send", "do": "link", "colour": "red"}
            plain = whole.shown[address.template].status_code
            found.append((path, person.get(path, params=said).status_code == plain))
        else:
            posted = person.posts(path, {"step": "send"})
            found.append((f"POST {path}", posted.status_code in (403, 405)))
    assert faults(found) == []
    assert whole.sent() == before


@pytest.mark.parametrize(
    "body",
    [b"a=" + b"x" * 500_000, b"&".join(b"f%d=x" % n for n in range(1500)), b"a=%FF"],
    ids=["too long", "too many fields", "no text"],
)
def test_a_form_that_nobody_can_write_is_not_read(whole: Whole, body: bytes) -> None:
    found = []
    for desk, screen, _, path in whole.every():
        if screen.takes:
            answer = whole.people[desk.code].asks("POST", path, content=body, headers=FORM)
            found.append((f"{answer.status_code} {path}", answer.status_code == 400))
    assert faults(found) == []


# --- what every answer is


def test_what_people_wrote_is_text_on_every_page(whole: Whole) -> None:
    shown = {
        code: sum(XSS[:15] in unescape(text) for text in pages.values())
        for code, pages in whole.pages.items()
    }
    assert {code for code, count in shown.items() if count} >= {
        "approvals",
        "front-door",
        "links",
    }
    html = [(one, got) for one, got in whole.shown.items() if got.text.startswith("<!DOCTYPE")]
    read = {one: got.text for one, got in html}
    found = [
        (path, not CANARY_IN_TAGS.search(text) and not re.search(r"<[^>]* on\w+=", text))
        for pages in (*whole.pages.values(), read)
        for path, text in pages.items()
    ]
    assert faults(found) == []


def test_no_address_title_or_place_holds_anything_of_a_child(whole: Whole) -> None:
    found = []
    for pages in whole.pages.values():
        for path, text in pages.items():
            said = re.findall(r'(?:href|action)="([^"]*)"|<title>([^<]*)</title>', text)
            told = " ".join(unescape(one) for pair in said for one in pair)
            found.append((path, not any(name in told for name in NAMES)))
    assert faults(found) == []


def test_no_answer_is_kept_or_framed_and_none_runs_what_is_not_the_hubs(whole: Whole) -> None:
    found = []
    for desk, screen, address, path in whole.every():
        answers = [whole.shown[address.template], Person(whole.app).get(path)]
        if screen.takes:
            answers.append(whole.people[desk.code].posts(path, {"step": "send"}))
        found += [(f"{one.status_code} {path}", _is_guarded(dict(one.headers))) for one in answers]
    assert faults(found) == []


def _is_guarded(headers: dict[str, str]) -> bool:
    policy = headers["content-security-policy"]
    return (
        headers["cache-control"] == "no-store"
        and headers["x-frame-options"] == "DENY"
        and headers["x-content-type-options"] == "nosniff"
        and "default-src 'none'" in policy
        and "frame-ancestors 'none'" in policy
        and "form-action 'self'" in policy
        and "unsafe" not in policy
        and "http" not in policy
    )


REFER = {
    "/refer/": "",
    "/refer/follow": "",
    "/refer/ring": "ring",
    "/refer/children": "children",
    "/refer/check": "check",
    "/refer/sent": "sent",
    "/refer/delete": "delete",
    "/refer/child/{child:int}/{question}": "child/1/child",
    "/refer/{question}": "happened",
}
"""Every address of the referrer's form, with a real one where its form is somebody's own."""


def test_the_referrers_form_is_not_kept_framed_or_sent_by_another(whole: Whole) -> None:
    there = {one.template for one in addresses(whole.app.routes)}
    assert {one for one in there if one.startswith("/refer")} == set(REFER)
    person, other, found = Person(whole.app), Person(whole.app), []
    for one in (person, other):
        one.posts("/refer/", {"begin": ""})
    theirs = other.token("/refer/happened")
    person.sends("/refer/happened", {"happened": "She was hit."})
    for path in (*(f"/refer/{one}" for one in ("", "follow", "nowhere")), *_own_pages()):
        answers = (person.get(path), Person(whole.app).get(path))
        found += [(f"{one.status_code} {path}", _is_guarded(dict(one.headers))) for one in answers]
    for path in _own_pages():
        for token in ({}, {"form_token": "0" * 64}, {"form_token": theirs}):
            answer = person.posts(path, {**token, "happened": "Nothing.", "more": "yes"})
            right = answer.status_code == 403 and _is_guarded(dict(answer.headers))
            found.append((f"POST {answer.status_code} {path}", right))
    assert faults(found) == []
    kept = person.get("/refer/check").text
    assert ("She was hit." in kept, "Nothing." in kept) == (True, False)


def _own_pages() -> list[str]:
    return [f"/refer/{one}" for one in REFER.values() if one]


def test_a_session_that_somebody_planted_is_nobodys(whole: Whole) -> None:
    victim, planted = Person(whole.app), "x" * 43
    victim.cookies.set(SESSION, planted, domain="hub.example")
    victim.enters(whole.hub, "S. Worker")
    sessions = sessions_of(whole.hub.settings, whole.hub.folder)
    assert sessions.find(planted) is None
    theirs = [one.value for one in victim.cookies.jar if one.name == SESSION]
    assert planted not in theirs
    attacker = Person(whole.app)
    attacker.cookies.set(SESSION, planted)
    assert attacker.get("/desk/front-door").headers["location"] == "/desk/sign-in"


# --- whatever else


@pytest.fixture(scope="module")
def web(whole: Whole) -> Web:
    tokens = [*json.loads(whole.story.folder.tokens.read_text("utf-8")).values()]
    table = [(how, one) for one in addresses(whole.app.routes) for how in sorted(one.methods)]
    people = {"nobody": Person(whole.app)}
    people |= {who: whole.entered(who) for who in STRANGERS}
    whole.people.update(people | {who: whole.people[code] for code, who in AT.items()})
    forms = {who: token_of(whole.people[who]) for who in (*people, *AT.values())}
    return Web(table, whole.at, tokens, forms)


def test_whatever_is_sent_is_answered_in_time_and_with_nothing_of_anothers(
    whole: Whole, web: Web
) -> None:
    seed = time.time_ns() if FULL else 11
    chance, found = Random(seed), []  # noqa: S311 - the same again
    for number in range(TIMES):
        one = asked(chance, web)
        if wrong := _amiss(whole, one):
            found.append(
                (seed, number, wrong, one.who, one.how, one.path[:120], str(one.sent)[:300])
            )
    assert found == []


def _amiss(whole: Whole, one: Asked) -> str | None:
    """What is wrong with an answer."""
    person, began = whole.people[one.who], time.monotonic()
    before = httpx.Cookies(person.cookies)
    with capture_logs() as logged:
        answer = person.asks(one.how, one.path, **one.sent)
    person.cookies = before
    if answer.status_code >= 500:
        return f"{answer.status_code}: {[line for line in logged if line['log_level'] == 'error']}"
    if time.monotonic() - began > PATIENCE:
        return "late"
    to_strangers = one.who in (*STRANGERS, "nobody") and not one.path.startswith("/v1/")
    if to_strangers and any(name in answer.text for name in NAMES[:4]):
        return "another's content"
    if answer.headers.get("content-type", "").startswith("text/html"):
        if CANARY_IN_TAGS.search(answer.text):
            return "runs what was sent"
        if "content-security-policy" not in answer.headers:
            return "no policy"
    return None
