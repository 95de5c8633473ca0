"""Anybody reports a concern: it is taken, its reporter is kept apart, and nobody else reads it."""

from __future__ import annotations

import asyncio
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from connectors.events.envelope import HUB_SCHEMA
from connectors.port import routes
from connectors.wrong_tokens import WrongTokens
from ops.console.refer.door import COOKIE, Referrals
from ops.console.refer.drafts import Draft, Drafts, Full, Told
from ops.console.refer.often import Often, TooOften
from ops.run.wiring import Hub
from schemas.notification import Notification, NotificationReceived, ReceiptStatus
from schemas.person import PartialDate
from schemas.referrer import MadeBy
from stores import linking
from tests.support.console import HUB, Person, hidden
from tests.support.filled import empty_hub, send

LEAD = "childrens_social_care"
CHILD = {"given": "Ivy May", "family": "Thornbury", "sex": "female"}
BORN = {"born_day": "27", "born_month": "3", "born_year": "2016"}
WHERE = {"line1": "2 Mill Lane", "postcode": "BD54 5UN", "school": "Hill Primary", "hidden": "yes"}
HAPPENED = {"happened": "She had a bruise <script>alert(1)</script>.", "others": "Her uncle Col."}
KNOWS = {"informed": "no", "consent": "not_sought", "consent_reason": "He may hit her."}
NOT = {"danger": "no"}
YOU = {"your_name": "Pat Quill", "your_telephone": "01632 960777"}


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("refer") / "hub")
    yield made
    made.database.close()


async def _at_once(_: float) -> None:
    """Nobody waits."""


@pytest.fixture(scope="module")
def app(hub: Hub) -> Starlette:
    route = routes(hub.settings, {}).by_code[LEAD]
    return Starlette(routes=[Referrals(hub, route, WrongTokens(sleep=_at_once)).mounted()])


class Reporter(Person):
    """Somebody at the form."""

    def begins(self) -> Reporter:
        assert self.posts("/refer/", {"begin": ""}).headers["location"] == "/refer/danger"
        return self

    def says(self, path: str, fields: Mapping[str, str]) -> str:
        """Answer a page; where that leads."""
        page = self.get(f"/refer/{path}").text
        missing = [name for name in fields if f'name="{name}"' not in page]
        assert not missing, "a browser would not send it"
        token = hidden(page, "form_token")
        answer = self.posts(f"/refer/{path}", {"form_token": token, **fields})
        assert answer.status_code == 303, re.findall(r'href="#.*?">(.*?)<', answer.text)
        return str(answer.headers["location"]).removeprefix("/refer/")

    def writes(self, pages: Mapping[str, Mapping[str, str]]) -> str:
        """Answer these pages, each of which leads to the next."""
        path = ""
        for path, fields in pages.items():
            led = self.says(path, fields)
            left = list(pages)[list(pages).index(path) + 1 :]
            assert not left or led == left[0]
        return led

    def reports(
        self,
        child: Mapping[str, Mapping[str, str]] | None = None,
        *,
        together: str = "unknown",
        **more: Mapping[str, str],
    ) -> str:
        """A whole report of a neighbour's, of ``child`` and more children; its reference."""
        assert self.fills(child, together=together, **more) == "check"
        assert self.says("check", {}) == "sent"
        return self.reference

    def fills(
        self,
        child: Mapping[str, Mapping[str, str]] | None = None,
        *,
        together: str = "unknown",
        **more: Mapping[str, str],
    ) -> str:
        """All that there is to answer; where that leads."""
        self.begins()
        self.writes({"danger": {"danger": "no"}, "who": {"who": "public"}, "you": YOU})
        first = child or {"child": CHILD, "born": BORN, "where": WHERE}
        self.writes({f"child/1/{page}": fields for page, fields in first.items()})
        for number, names in enumerate(more.values(), 2):
            assert self.says("children", {"more": "yes"}) == f"child/{number}/child"
            at = f"child/{number}"
            self.writes({f"{at}/child": names, f"{at}/born": {}, f"{at}/where": {}})
        self.says("children", {"more": "no"})
        if more:
            assert self.says("together", {"together": together}) == "happened"
        return self.writes({"happened": HAPPENED, "when": {}})

    @property
    def reference(self) -> str:
        found = re.search(r"<strong>([0-9A-Z-]{14})</strong>", self.get("/refer/sent").text)
        assert found is not None
        return found[1]


@pytest.fixture
def somebody(app: Starlette) -> Reporter:
    return Reporter(app)


def received(hub: Hub, reference: str) -> Notification:
    with hub.database.view() as view:
        ids = linking.referrals_of(view.connection, f"{LEAD}/{reference}")
        (entry,) = linking.about(view.connection, view.vault, ids=ids, types=[NotificationReceived])
    assert isinstance(entry.message.data, NotificationReceived)
    return entry.message.data.notification


def test_what_a_neighbour_writes_is_a_notification_and_their_name_is_kept_apart(
    hub: Hub, somebody: Reporter
) -> None:
    told = received(hub, somebody.reports())
    assert told.subject.name[0].given_name == ("Ivy", "May")
    assert told.subject.date_of_birth == PartialDate.model_validate({"date": "2016-03-27"})
    assert (told.made_by, told.urgent) == ("public", False)
    assert "bruise" in told.narrative
    assert "Her uncle Col." in told.narrative
    (part,) = told.parts
    assert part.text == "Reported by: Pat Quill, 01632 960777"
    assert (part.sensitivity, part.may_leave, part.signpost) == ("restricted", False, False)
    assert not part.lacks_reason
    assert "Pat Quill" not in told.narrative
    assert told.subject.address[0].protected
    assert told.subject.school is not None
    assert told.subject.school.protected


def test_whoever_does_not_say_who_they_are_is_not_asked_and_danger_now_comes_first(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.begins()
    assert somebody.says("danger", {"danger": "yes"}) == "ring"
    assert "Ring 999 now" in somebody.get("/refer/ring").text
    assert somebody.says("ring", {}) == "who"
    assert somebody.says("who", {"who": "anonymous"}) == "child/1/child"
    somebody.writes({"child/1/child": {}, "child/1/born": {"age": "7"}, "child/1/where": {}})
    somebody.writes({"children": {"more": "no"}, "happened": HAPPENED, "when": {}, "check": {}})
    told = received(hub, somebody.reference)
    assert (told.made_by, told.urgent, told.parts, told.subject.name) == ("anonymous", True, (), ())
    born = told.subject.date_of_birth
    assert born is not None
    assert born.accuracy_indicator == "UUE"


def test_a_professional_says_whether_the_family_knows(hub: Hub, somebody: Reporter) -> None:
    somebody.begins()
    somebody.writes({"danger": {"danger": "no"}, "who": {"who": "professional"}, "you": YOU})
    somebody.writes({"child/1/child": {}, "child/1/born": {}, "child/1/where": {}})
    somebody.writes({"children": {"more": "no"}, "happened": HAPPENED, "when": {}})
    assert somebody.says("check", {}) == "family?change", "it is asked before anything is sent"
    somebody.writes({"family": KNOWS, "check": {}})
    informed = received(hub, somebody.reference).parents_informed
    assert informed is not None
    assert (informed.informed, informed.consent) == (False, "not_sought")
    assert informed.reason == "He may hit her."


@pytest.mark.parametrize(("together", "told"), [("yes", 1), ("no", 0), ("unknown", 0)])
def test_each_child_is_a_notification_and_they_are_a_family_where_somebody_says_so(
    hub: Hub, somebody: Reporter, together: str, told: int
) -> None:
    first = somebody.reports(together=together, Max={"given": "Max", "family": "Thornbury"})
    siblings = [received(hub, one).subject.related_person for one in (first, f"{first}#2")]
    assert [len(each) for each in siblings] == [told, told]
    if told:
        assert siblings[0][0].name.given_name == ("Max",)
        assert siblings[1][0].name.given_name == ("Ivy", "May")
        assert siblings[1][0].relationship == "sibling"
    assert f"{first}#2" in somebody.get("/refer/sent").text


def test_who_names_another_child_is_asked_anew_whether_they_are_a_family(
    somebody: Reporter,
) -> None:
    somebody.fills(together="yes", Max={"given": "Max"})
    assert somebody.says("children", {"more": "yes"}) == "child/3/child"
    assert somebody.says("check", {}) == "together?change"


def test_what_a_professional_alone_is_asked_is_not_sent_of_somebody_else(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.begins()
    somebody.writes({"who": {"who": "professional"}, "you": YOU, "child/1/child": {}})
    somebody.writes({"happened": HAPPENED, "when": {}, "family": KNOWS, "check": {}})
    assert somebody.get("/refer/sent").status_code == 303, "danger was not answered"
    somebody.writes({"danger": {"danger": "no"}, "who": {"who": "public"}})
    assert somebody.says("check", {}) == "sent"
    assert received(hub, somebody.reference).parents_informed is None


def test_why_nobody_was_asked_is_taken_whole_or_its_writer_is_told_that_it_is_too_long(
    somebody: Reporter,
) -> None:
    somebody.begins()
    somebody.writes({"who": {"who": "professional"}})
    token = hidden(somebody.get("/refer/family").text, "form_token")
    fields = {"form_token": token, **KNOWS, "consent_reason": "x" * 501}
    assert "Write at most 500 characters" in somebody.posts("/refer/family", fields).text


def test_a_child_who_was_named_by_mistake_is_taken_out(somebody: Reporter) -> None:
    somebody.begins()
    assert somebody.says("children", {"more": "yes"}) == "child/2/child"
    somebody.writes({"child/2/child": {"given": "Max"}})
    assert somebody.says("children", {"remove": "1"}) == "children"
    text = somebody.get("/refer/children").text
    assert "Max" in text
    assert "1 child so far" in text


WRITING = {"hx-request": "true"}
"""What a page sends by itself says so."""


def writes_on(somebody: Reporter, page: str, fields: Mapping[str, str]) -> int:
    """What is in the boxes of a page after a while, before anybody goes on."""
    token = hidden(somebody.get(f"/refer/{page}").text, "form_token")
    said = {"form_token": token, **fields}
    return somebody.posts(f"/refer/{page}", said, headers=WRITING).status_code


def test_what_somebody_writes_is_kept_before_they_go_on_as_far_as_it_can_be_used(
    somebody: Reporter,
) -> None:
    somebody.begins()
    somebody.writes({"danger": NOT})
    assert writes_on(somebody, "happened", {"happened": "She had a bru", "others": ""}) == 204
    assert "She had a bru" in somebody.get("/refer/happened").text
    assert writes_on(somebody, "happened", {"happened": "x" * 20_001, "others": "Col"}) == 204
    assert writes_on(somebody, "happened", {"happened": "", "others": "Col"}) == 204
    told = somebody.get("/refer/happened").text
    assert ("She had a bru" in told, "Col" in told) == (True, True)
    assert writes_on(somebody, "child/1/born", {**BORN, "born_month": "13", "age": "9"}) == 204
    born = somebody.get("/refer/child/1/born").text
    assert ('value="2016"' in born, 'value="9"' in born) == (False, True)
    assert writes_on(somebody, "child/1/born", BORN) == 204
    assert 'value="2016"' in somebody.get("/refer/child/1/born").text


def test_what_comes_late_brings_nothing_back_that_was_deleted_or_sent(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.begins()
    assert writes_on(somebody, "happened", HAPPENED) == 204
    assert "bruise" not in somebody.get("/refer/happened").text, "nothing was begun yet"
    somebody.fills()
    page, cookie = somebody.get("/refer/happened").text, str(somebody.cookies.get(COOKIE))
    late = {"form_token": hidden(page, "form_token"), "happened": "Too late."}
    assert somebody.says("check", {}) == "sent"
    assert somebody.posts("/refer/happened", late, headers=WRITING).status_code == 404
    somebody.posts("/refer/delete", {"form_token": late["form_token"]})
    kept = len(list(somebody_folder(hub).iterdir()))
    somebody.cookies.set(COOKIE, cookie, domain="hub.example")
    assert somebody.posts("/refer/happened", late, headers=WRITING).status_code == 204
    assert len(list(somebody_folder(hub).iterdir())) == kept
    wrong = {**late, "form_token": "x"}
    assert somebody.posts("/refer/happened", wrong, headers=WRITING).status_code == 403


def test_who_has_photographs_is_told_how_they_are_sent(somebody: Reporter) -> None:
    somebody.begins()
    page = somebody.get("/refer/happened").text
    assert "You cannot attach files here." in page
    assert "a social worker will tell you how to send them" in page
    assert 'type="file"' not in page


@pytest.mark.parametrize(
    ("path", "fields", "says"),
    [
        ("danger", {}, "Say whether a child is in danger now"),
        ("danger", {"danger": "perhaps"}, "Choose one of these"),
        ("who", {}, "Say how you know"),
        ("happened", {"happened": "  "}, "Write what you are worried about"),
        ("happened", {"happened": "x" * 20_001}, "Write at most 20,000 characters"),
        ("child/1/born", {"born_day": "31", "born_month": "2", "born_year": "2016"}, "a real date"),
        ("child/1/born", {"born_day": "²", "born_month": "2", "born_year": "2016"}, "a real date"),
        ("child/1/born", {"age": "ten"}, "Write the age as a number, such as 7"),
        ("child/1/born", {"age": "7½"}, "Write the age as a number, such as 7"),
        ("when", {"when_day": "1", "when_month": "1", "when_year": "2999"}, "in the future"),
        ("children", {}, "Say whether there is another child"),
    ],
)
def test_what_cannot_be_used_is_said_beside_what_was_written(
    path: str, fields: Mapping[str, str], says: str, somebody: Reporter
) -> None:
    somebody.begins()
    token = hidden(somebody.get(f"/refer/{path}").text, "form_token")
    answer = somebody.posts(f"/refer/{path}", {"form_token": token, **fields})
    assert answer.status_code == 422
    assert says in answer.text
    for value in fields.values():
        assert not value.strip() or value in answer.text or path == "danger"


def test_nothing_that_was_written_is_run_and_nothing_stays_behind(somebody: Reporter) -> None:
    somebody.begins()
    somebody.writes({"happened": HAPPENED})
    shown = somebody.get("/refer/check")
    assert "&lt;script&gt;" in shown.text
    assert "<script>" not in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]


def test_what_is_written_is_read_by_its_browser_alone(hub: Hub, somebody: Reporter) -> None:
    somebody.begins()
    somebody.writes({"happened": HAPPENED})
    folder = somebody_folder(hub)
    assert all(b"bruise" not in path.read_bytes() for path in folder.iterdir())
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    other = Reporter(somebody.app)
    assert ended(other.get("/refer/check"))
    other.cookies.set(COOKIE, next(folder.iterdir()).name, domain="hub.example")
    assert ended(other.get("/refer/check"))


def ended(answer: httpx.Response) -> bool:
    return answer.status_code == 404 and "We cannot find what you wrote" in answer.text


def test_who_comes_back_too_late_or_without_a_cookie_is_told_why_and_whom_to_ring(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.begins()
    somebody.writes({"happened": HAPPENED})
    page = somebody.get("/refer/happened")
    token = hidden(page.text, "form_token")
    for one in somebody_folder(hub).iterdir():
        os.utime(one, (0, 0))
    somebody.cookies.set(COOKIE, f"1.{'x' * 43}", domain="hub.example")
    late = somebody.posts("/refer/happened", {"form_token": token, **HAPPENED})
    for answer in (late, Reporter(somebody.app).get("/refer/danger")):
        assert ended(answer)
        assert hub.settings.agencies[LEAD].signpost_contact in unescape(answer.text)
        assert "cookies" in answer.text
        assert "no-store" in answer.headers["cache-control"]


def test_what_was_written_is_deleted_by_its_writer_wherever_they_are(
    hub: Hub, somebody: Reporter
) -> None:
    other = Reporter(somebody.app)
    other.reports()
    somebody.begins()
    somebody.writes({"happened": HAPPENED})
    assert somebody.posts("/refer/delete", {"form_token": "x"}).status_code == 403, (
        "by a form of its own alone"
    )
    for person, page in ((somebody, "check"), (other, "sent")):
        text = person.get(f"/refer/{page}").text
        assert "Delete what I wrote" in text
        kept = len(list(somebody_folder(hub).iterdir()))
        answer = person.posts("/refer/delete", {"form_token": hidden(text, "form_token")})
        assert "What you wrote is deleted" in answer.text
        assert len(list(somebody_folder(hub).iterdir())) == kept - 1
        assert COOKIE not in person.cookies
    assert "Delete what I wrote" not in Reporter(somebody.app).get("/refer/").text


def test_the_public_is_told_in_words_for_them(hub: Hub, somebody: Reporter) -> None:
    somebody.begins()
    asked = {
        404: somebody.get("/refer/nowhere"),
        405: somebody.asks("PUT", "/refer/danger"),
        403: somebody.posts("/refer/danger", {"form_token": "é", **NOT}),
        400: somebody.asks("POST", "/refer/danger", content=b"x"),
    }
    for status, answer in asked.items():
        assert answer.status_code == status
        assert "desk" not in answer.text.replace("/desk/", "")
        assert "duty manager" not in answer.text
        assert hub.settings.agencies[LEAD].signpost_contact in unescape(answer.text)
    assert somebody.get("/refer/a/b/c").status_code == 404
    assert "Leave this page" in somebody.get("/refer/a/b/c").text


def test_who_tries_many_references_is_told_in_a_page(hub: Hub) -> None:
    route = routes(hub.settings, {}).by_code[LEAD]
    app = Starlette(routes=[Referrals(hub, route, WrongTokens(waiting=50)).mounted()])
    answer = Reporter(app).posts("/refer/follow", {"reference": "7KQP-3M9A-XW4T"})
    assert answer.status_code == 429
    assert "Too many references were tried" in answer.text
    assert answer.headers["cache-control"] == "no-store"


def somebody_folder(hub: Hub) -> Path:
    route = routes(hub.settings, {}).by_code[LEAD]
    return Referrals(hub, route, WrongTokens()).drafts.folder


def test_once_it_is_sent_only_its_reference_is_kept(hub: Hub, somebody: Reporter) -> None:
    reference = somebody.reports()
    assert somebody.get("/refer/check").headers["location"] == "/refer/sent"
    assert somebody.get("/refer/happened").status_code == 404
    assert somebody.reference == reference
    assert "bruise" not in somebody.get("/refer/sent").text


def test_what_is_sent_twice_is_taken_once_though_time_has_passed(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.fills()
    path = "/refer/check"
    token = hidden(somebody.get(path).text, "form_token")
    kept = {one: one.read_bytes() for one in somebody_folder(hub).iterdir()}
    for _ in range(2):
        answer = somebody.posts(path, {"form_token": token})
        assert answer.headers["location"] == "/refer/sent"
        reference = somebody.reference
        for one, written in kept.items():
            one.write_bytes(written)  # as the second click finds it
    assert received(hub, reference).made_by == "public"


def test_of_several_children_one_who_is_refused_is_sent_again_alone(
    hub: Hub, somebody: Reporter
) -> None:
    somebody.fills(Max={"given": "Max"})
    draft = Referrals(hub, routes(hub.settings, {}).by_code[LEAD], WrongTokens()).drafts.find(
        str(somebody.cookies.get(COOKIE))
    )
    assert draft is not None
    tells(hub, "notification", id=f"{draft.code}#2", reference="other", subject=KIM, narrative="X.")
    token = hidden(somebody.get("/refer/check").text, "form_token")
    for _ in range(2):
        answer = somebody.posts("/refer/check", {"form_token": token})
        assert answer.status_code == 422
        assert f"child 1 (reference {draft.code}): it is not sent again" in answer.text
        assert "Child 2: " in answer.text
        assert "Thornbury" not in answer.text
    assert received(hub, draft.code).subject.name[0].given_name == ("Ivy", "May")
    assert somebody.get("/refer/child/1/child").status_code == 404
    assert somebody.get("/refer/child/2/child").status_code == 200
    assert 'name="remove"' not in somebody.get("/refer/children").text
    assert 'href="/refer/child/2/child?change"' in answer.text
    gone = somebody.posts("/refer/delete", {"form_token": token}).text
    assert "What we have from you stays with us" in gone


def test_once_it_is_corrected_the_whole_is_sent(hub: Hub, somebody: Reporter) -> None:
    somebody.fills(Max={"given": "Max"})
    drafts = Referrals(hub, routes(hub.settings, {}).by_code[LEAD], WrongTokens()).drafts
    whole = drafts.find(token := str(somebody.cookies.get(COOKIE)))
    assert whole is not None
    first = Told(number=0, reference=whole.code)
    drafts.keep(token, whole.model_copy(update={"sent": (first,)}))
    assert somebody.says("child/2/child?change", {"given": "Maximilian"}) == "check"
    assert somebody.says("check", {}) == "sent"
    found = received(hub, f"{whole.code}#2").subject.name[0].given_name
    assert found == ("Maximilian",)
    with hub.database.view() as view:
        assert not linking.referrals_of(view.connection, f"{LEAD}/{whole.code}"), "sent before"
    assert f"2 children: {whole.code}, {whole.code}#2" in somebody.get("/refer/sent").text


def test_who_only_begins_leaves_nothing_on_the_disk(hub: Hub, app: Starlette) -> None:
    before = set(somebody_folder(hub).glob("*"))
    for _ in range(3):
        begun = Reporter(app).begins()
        for path in ("danger", "check", "children"):
            assert begun.get(f"/refer/{path}").status_code == 200
    assert set(somebody_folder(hub).glob("*")) == before


def test_where_there_is_no_room_the_oldest_that_hardly_began_goes_and_nobody_who_wrote(
    tmp_path: Path,
) -> None:
    now = [1000.0]
    drafts = Drafts(tmp_path, clock=lambda: now[0], most=3)
    written, begun, later = (drafts.begin() for _ in range(3))
    drafts.keep(written, Draft(code="A", answers={"happened": "x" * 1000}))
    for token in (begun, later):
        now[0] += 1
        drafts.keep(token, Draft(code="B", answers={"danger": "no"}))
    drafts.keep(another := drafts.begin(), Draft(code="C", answers={"happened": "x" * 1000}))
    assert drafts.find(begun) is None
    assert None not in map(drafts.find, (written, later, another))
    drafts.keep(later, Draft(code="B", answers={"happened": "x" * 1000}))
    with pytest.raises(Full):
        drafts.keep(drafts.begin(), Draft(code="D"))


def test_one_neighbourhood_cannot_fill_the_form_and_is_told_to_ring(hub: Hub) -> None:
    route = routes(hub.settings, {}).by_code[LEAD]
    few = Referrals(hub, route, WrongTokens(sleep=_at_once), begins=Often(2), sends=Often(1))
    app = Starlette(routes=[few.mounted()])
    Reporter(app).reports()
    again = Reporter(app)
    again.fills()
    stopped = [again.sends("/refer/check", {}), Reporter(app).begins().sends("/refer/danger", NOT)]
    for answer in stopped:
        assert answer.status_code == 429
        assert "no-store" in answer.headers["cache-control"]
        assert hub.settings.agencies[LEAD].signpost_contact in unescape(answer.text)
    assert again.says("danger", NOT) == "who", "what was begun goes on"


def test_another_hour_or_neighbourhood_is_counted_by_itself() -> None:
    now = [0.0]
    often = Often(1, clock=lambda: now[0])
    for host in ("192.0.2.1", "192.0.2.2", "2001:db8:1::1"):
        often.note(host)
    for host in ("192.0.2.1", "2001:db8:1::2"):
        with pytest.raises(TooOften):
            often.note(host)
    now[0] = 3600.0
    often.note("192.0.2.1")


def test_whoever_fills_the_form_leaves_threads_to_all_else(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    most, at_work, lock = [0], [0], threading.Lock()

    def find(_: Drafts, __: str) -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        time.sleep(0.01)
        with lock:
            at_work[0] -= 1

    monkeypatch.setattr(Drafts, "find", find)
    form = Referrals(hub, routes(hub.settings, {}).by_code[LEAD], WrongTokens())
    app = Starlette(routes=[form.mounted()])

    async def many() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=HUB) as client:
            client.cookies.set(COOKIE, form.drafts.begin())
            answers = [client.get("/refer/danger") for _ in range(40)]
            assert {one.status_code for one in await asyncio.gather(*answers)} == {200}

    asyncio.run(many())
    assert 1 < most[0] <= 8


def test_a_form_from_elsewhere_changes_nothing(somebody: Reporter) -> None:
    somebody.begins()
    answer = somebody.posts("/refer/happened", HAPPENED)
    assert answer.status_code == 403
    assert "This page is out of date" in answer.text
    assert "bruise" not in somebody.get("/refer/happened").text


def test_whoever_has_the_reference_sees_what_became_of_it_and_nobody_else(
    hub: Hub, somebody: Reporter
) -> None:
    reference = somebody.reports()
    other = Reporter(somebody.app)
    for written in (reference, reference.lower().replace("-", " ")):
        shown = other.posts("/refer/follow", {"reference": written})
        assert "We have it" in shown.text
        assert hub.policy.value.profile.referrers.next in shown.text
        assert "Ivy" not in shown.text
    wrong = "Y" if reference.endswith("Z") else "Z"
    for written in ("7KQP-3M9A-XW4T", "x", "%", f"{reference[:-1]}{wrong}", f"{reference}2"):
        assert refused(other, written)


def refused(other: Reporter, reference: str) -> bool:
    answer = other.posts("/refer/follow", {"reference": reference})
    return answer.status_code == 422 and "no report with this reference" in answer.text


@pytest.mark.parametrize("reference", ["1042", "ABCD-EFGH-JKM2"])
def test_what_the_agency_itself_sent_is_not_followed_by_anybody_who_tries_numbers(
    hub: Hub, app: Starlette, reference: str
) -> None:
    tells(hub, "notification", reference=reference, subject=KIM, narrative="Alone in the street.")
    assert refused(Reporter(app), reference)


KIM: Mapping[str, Any] = {
    "name": [{"given_name": ["Kim"], "family_name": ["Quillfeather"]}],
    "date_of_birth": {"date": "2015-05-04"},
    "address": [{"line1": "9 Weir Row", "postcode": "BD54 5UP"}],
}


def tells(hub: Hub, kind: str, **data: Any) -> None:
    """The lead agency's own system sends something."""
    if kind == "notification":
        data |= {"observed_at": "2026-11-03T19:40:00Z"}
    event = {
        "specversion": "1.0",
        "id": data.pop("id", f"{kind}-{data['reference']}"),
        "source": f"urn:mash-hub:form:{LEAD}",
        "type": f"mash.{kind}.v1",
        "datacontenttype": "application/json",
        "dataschema": f"{HUB_SCHEMA}v1",
        "data": data,
    }
    (receipt,) = send(hub, LEAD, [event])
    assert receipt.status is ReceiptStatus.ACCEPTED, receipt


def test_every_child_s_news_is_found_by_any_of_the_references_and_by_number_alone(
    somebody: Reporter, app: Starlette
) -> None:
    reference = somebody.reports(Max={"given": "Max", "family": "Thornbury"})
    for written in (reference, f"{reference}#2", f"{reference.lower()} #2"):
        shown = Reporter(app).posts("/refer/follow", {"reference": written}).text
        assert re.findall(r">(Child \d)<", shown) == ["Child 1", "Child 2"]
        assert shown.count("We have it") == 2
        assert "Max" not in shown


def test_whoever_told_of_a_child_with_a_worker_hears_that_their_team_has_it(
    hub: Hub, app: Starlette, somebody: Reporter
) -> None:
    worker = {"name": "W. Allocated", "team": "csc_assessment_team", "case_reference": "ICS-7"}
    tells(hub, "open-case", reference="ICS-7", child=KIM, worker=worker, since="2026-01-05")
    kim = {"given": "Kim", "family": "Quillfeather"}
    born = {"born_day": "4", "born_month": "5", "born_year": "2015"}
    reference = somebody.reports(
        {"child": kim, "born": born, "where": {"line1": "9 Weir Row", "postcode": "BD54 5UP"}}
    )
    hub.embedded().drain()
    shown = Reporter(app).posts("/refer/follow", {"reference": reference}).text
    said = hub.policy.value.profile.referrers.handed_over_for(MadeBy.PUBLIC)
    assert said is not None
    assert said in unescape(shown)
    assert "Allocated" not in shown
