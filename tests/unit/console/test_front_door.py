"""The social worker's desk: what is open, the picture before a decision, and the rating."""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from html import unescape
from types import SimpleNamespace

import pytest
from sqlalchemy import select
from starlette.applications import Starlette

from ops.console import sending
from ops.look.changed import local
from ops.run.wiring import Hub
from schemas.decisions import RatingDecided
from schemas.operations import AccessDenied, RecordRevealed
from schemas.picture import PicturedClock
from stores import linking
from stores.tables import states
from tests.support.console import Fields, Person, app_of, hidden
from tests.support.desks import LEAD, Desks
from tests.support.erasing import destroy
from tests.support.filled import empty_hub
from tests.support.front_door import DESK, RATING, decides, facts, numbers, row_of, somebody, told

EVIL = "<script>alert(1)</script> <img src=x onerror=alert(2)>"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    _, made = empty_hub(tmp_path_factory.mktemp("front-door") / "hub")
    yield made
    made.database.close()


@pytest.fixture(autouse=True)
def works_while_somebody_waits(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of steps in a thread of their own."""
    waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: hub.embedded().drain())
    monkeypatch.setattr(sending, "time", waits)


@pytest.fixture(scope="module")
def app(hub: Hub) -> Starlette:
    return app_of(hub)


@pytest.fixture
def worker(app: Starlette, hub: Hub) -> Person:
    return somebody(app, hub, "S. Worker")


@pytest.fixture
def referral(hub: Hub) -> str:
    return told(hub)


def test_a_red_is_asked_for_words_and_others_read_back_what_is_told_without_them(
    hub: Hub, worker: Person, referral: str
) -> None:
    path, words = f"{DESK}/{referral}/rate", "Left alone with an open fire."
    asked = decides(worker, path, RATING | {"colour": "red"})
    assert asked.status_code == 422
    assert "Say what the concern is" in asked.text
    assert "Nothing of yours." in decides(worker, path, RATING, step="").text
    decides(worker, path, RATING | {"colour": "red", "concern": words})
    (rated,) = facts(hub, referral, RatingDecided)
    assert (rated.decision.colour, rated.decision.concern) == ("red", words)


def test_the_list_has_what_is_open_and_no_words_of_anybody(
    hub: Hub, worker: Person, referral: str
) -> None:
    page = worker.get(DESK).text
    assert f"{DESK}/{referral}" in page
    assert "nobody has opened it" in page
    assert "Robin" not in page
    assert "alone in the street" not in page


def test_what_was_opened_is_mine_and_what_came_since_is_new(
    hub: Hub, worker: Person, referral: str
) -> None:
    mine = f"{DESK}?show=mine"
    assert referral not in worker.get(mine).text
    worker.get(f"{DESK}/{referral}")
    assert referral in worker.get(mine).text
    assert "New since you looked" not in row_of(worker.get(mine).text, referral)
    volunteers(hub, referral)
    assert "New since you looked" in row_of(worker.get(mine).text, referral)


def volunteers(hub: Hub, referral: str, text: str = "Seen at the clinic last week.") -> None:
    """A GP tells something unasked."""
    flags = {"may_be_revealed": True, "may_leave": True, "sensitivity": "routine"}
    item = {"item_id": f"{referral}/x", "owner": "gp", "text": text} | flags
    desks = Desks(hub)
    desks.sent = 10_000_000 + next(numbers)
    told = {"referral_id": referral, "items": [item], "volunteered_by": "Dr Gull"}
    desks.tells("gp", "information-volunteered", **told)


def test_what_was_erased_keeps_nobody_from_the_rest(hub: Hub, worker: Person) -> None:
    gone, stays = told(hub), told(hub)
    with hub.database.reading() as connection:
        query = select(states.c.key_id).where(states.c.key == gone, states.c.step == "rate")
        key = connection.execute(query).scalar_one()
    destroy(hub.database, [key])
    page = worker.get(DESK)
    assert page.status_code == 200
    assert (gone in page.text, stays in page.text) == (False, True)
    assert worker.get(f"{DESK}/{gone}").status_code == 404


def test_who_opens_a_picture_is_recorded_with_why_and_owners_are_told_once(
    hub: Hub, worker: Person
) -> None:
    referral = told(hub, "Found alone at night.")
    page = worker.get(f"{DESK}/{referral}").text
    assert "Found alone at night." in page
    assert "suggested" in page
    worker.get(f"{DESK}/{referral}")
    looks = facts(hub, referral, RecordRevealed)
    assert [look.seen_by for look in looks] == ["S. Worker"] * 2
    assert "front door" in looks[0].why
    letters = Desks(hub).letters("police", "content-revealed")
    assert len([one for one in letters if referral in one["message_ids"]]) == 1


def test_words_of_a_narrative_are_words_and_never_run(hub: Hub, worker: Person) -> None:
    referral = told(hub, EVIL)
    for path in ("", "/rate"):
        page = worker.get(f"{DESK}/{referral}{path}").text
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page
    checked = decides(worker, f"{DESK}/{referral}/rate", RATING | {"rationale": EVIL}, step="")
    assert "&lt;img src=x" in checked.text
    assert "<img" not in checked.text


def test_neither_address_nor_title_says_whom_it_is_about(worker: Person, referral: str) -> None:
    page = worker.get(f"{DESK}/{referral}")
    assert "Robin" in page.text
    title = page.text.partition("<title>")[2].partition("</title>")[0]
    assert title == "Referral - Safeguarding hub"
    assert "Robin" not in str(page.url)


@pytest.mark.parametrize("path", ["nothing", "nothing/rate", "%2e%2e", "%00", "x" * 300])
def test_an_id_that_is_none_finds_nothing(worker: Person, path: str) -> None:
    answer = worker.get(f"{DESK}/{path}")
    assert answer.status_code == 404
    assert "Page not found" in answer.text


@pytest.mark.parametrize("who", ["J. Auditor", "A. Operator", "R. Reviewer"])
def test_another_role_is_denied_whether_there_is_such_a_referral_or_not(
    app: Starlette, hub: Hub, referral: str, who: str
) -> None:
    person = somebody(app, hub, who)
    answers = [
        person.get(f"{DESK}/{id_}{path}") for id_ in (referral, "none") for path in ("", "/rate")
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) <= len(answers)
    assert "Robin" not in "".join(answer.text for answer in answers)
    sent = person.posts(f"{DESK}/{referral}/rate", RATING)
    assert sent.status_code == 403
    assert facts(hub, referral, RatingDecided) == []
    with hub.database.reading() as connection:
        assert linking.count(connection, AccessDenied) >= len(answers)


def test_a_rating_is_the_message_that_the_agency_would_send(
    hub: Hub, worker: Person, referral: str
) -> None:
    answer = decides(worker, f"{DESK}/{referral}/rate", RATING | {"agencies": ["gp"]})
    assert answer.headers["location"] == f"{DESK}/{referral}?done=rate"
    (decided,) = facts(hub, referral, RatingDecided)
    assert decided.agency == LEAD
    decision = decided.decision
    assert (decision.decided_by, decision.rationale) == ("S. Worker", "Twice in a month")
    assert (decision.level, decision.agencies) == ("basic", ("gp",))
    (shown,) = decided.shown
    assert shown.id == decision.saw[0].id
    page = worker.get(answer.headers["location"]).text
    assert "Your rating is recorded" in page
    assert "Rated" in page


def test_it_is_read_back_before_it_is_sent_and_can_still_be_changed(
    hub: Hub, worker: Person, referral: str
) -> None:
    path = f"{DESK}/{referral}/rate"
    checked = decides(worker, path, RATING, step="")
    assert "Check before you send" in checked.text
    assert "Amber: harm that is not immediate" in checked.text
    changing = decides(worker, path, RATING, step="change")
    assert "Twice in a month</textarea>" in changing.text
    assert facts(hub, referral, RatingDecided) == []


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"colour": ""}, "Choose a rating"),
        ({"colour": "purple"}, "Choose a rating"),
        ({"rationale": " "}, "Say why"),
        ({"rationale": "x" * 501}, "500 characters or fewer"),
    ],
)
def test_what_is_missing_is_said_and_what_was_written_is_kept(
    hub: Hub, worker: Person, referral: str, fields: Fields, says: str
) -> None:
    answer = decides(worker, f"{DESK}/{referral}/rate", {**RATING, "question": "Seen?", **fields})
    assert answer.status_code == 422
    assert says in answer.text
    assert "<title>Error: Rate" in answer.text
    assert "Seen?</textarea>" in answer.text
    assert facts(hub, referral, RatingDecided) == []


def test_of_two_who_decide_the_second_is_shown_what_the_first_decided(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    other, path = somebody(app, hub, "T. Worker"), f"{DESK}/{referral}/rate"
    before = other.get(path).text
    decides(worker, path, RATING)
    brought = {name: hidden(before, name) for name in ("form_token", "once", "saw")}
    late = other.posts(path, {**brought, "colour": "green", "rationale": "Mine", "step": "send"})
    assert late.status_code == 409
    assert "Something has come since you opened this form" in late.text
    assert "Rated amber by S. Worker" in late.text
    assert "Mine</textarea>" in late.text
    assert len(facts(hub, referral, RatingDecided)) == 1
    again = other.posts(
        path, {**brought, "saw": hidden(late.text, "saw"), **RATING, "step": "send"}
    )
    assert again.status_code == 303


def test_they_see_that_another_has_it_open(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    somebody(app, hub, "T. Worker").get(f"{DESK}/{referral}")
    assert "<strong>T. Worker</strong> opened this" in worker.get(f"{DESK}/{referral}").text


def test_what_happened_is_one_list_in_the_order_of_time_with_a_mark_of_its_kind(
    hub: Hub, worker: Person, referral: str
) -> None:
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    view = {"disputes": "rating", "profession": "officer", "view": "Worse.", "asks_for": "Red"}
    desks = Desks(hub)
    desks.sent = 990_000 + next(numbers)
    desks.tells("police", "disagreement", **view, referral_id=referral, raised_by="P. Sgt")
    page = worker.get(f"{DESK}/{referral}").text
    (listed,) = re.findall(r'<ol class="console-timeline">(.*?)</ol>', page, re.S)
    headings = [_text(one) for one in re.findall(r"<h3.*?</h3>", listed, re.S)]
    assert [one.split(" ")[0] for one in headings] == ["This", "Rating", "Disagreement"]
    assert [one.partition(", ")[2] for one in headings] == [
        "Sample Police",
        "S. Worker",
        "P. Sgt, Sample Police",
    ]
    assert "Twice in a month" in listed


def test_everybody_of_the_table_of_the_family_is_in_the_picture_of_it(
    hub: Hub, worker: Person
) -> None:
    names = [("Marek", "Oldroyd", "father"), ("Lena", "Oldroyd", "mother")]
    names += [("Filip", "Oldroyd", "brother"), ("Ida", "<b>Oldroyd</b>", "sister")]
    family = [
        {"name": {"given_name": [given], "family_name": [last]}, "relationship": relation}
        for given, last, relation in names
    ]
    page = worker.get(f"{DESK}/{told(hub, related_person=family)}").text
    (drawn,) = re.findall(r'<svg class="console-family".*?</svg>', page, re.S)
    (table,) = re.findall(
        r"Adults and other children of the family</caption>.*?</table>", page, re.S
    )
    rows = [_text(one) for one in re.findall(r'<th scope="row".*?</th>', table, re.S)]
    boxes = [
        _text(one) for one in re.findall(r'<text[^>]*font-weight="700".*?</text>', drawn, re.S)
    ]
    assert sorted(rows) == sorted(f"{given} {last}" for given, last, _ in names)
    this = next(one for one in boxes if one not in rows)
    assert sorted(boxes) == sorted([*rows, this])
    assert drawn.count("<rect") == len(rows) + 1
    assert drawn.count('stroke-width="4"') == 1
    for relation in ("Father", "Mother", "Brother", "Sister", "This child"):
        assert f">{relation}</text>" in drawn


def _text(html: str) -> str:
    return unescape(" ".join(re.sub("<[^>]*>", "", html).split()))


def test_what_came_since_the_last_look_is_said(hub: Hub, worker: Person, referral: str) -> None:
    assert "New since you last looked" not in worker.get(f"{DESK}/{referral}").text
    volunteers(hub, referral, "A new bruise was seen.")
    page = worker.get(f"{DESK}/{referral}").text
    assert "New since you last looked" in page
    assert "told unasked: A new bruise was seen." in page
    assert "New since you last looked" not in worker.get(f"{DESK}/{referral}").text


def test_moments_of_what_is_new_are_those_of_the_clock_on_the_wall() -> None:
    summer = dt.datetime(2026, 7, 1, 8, 0, tzinfo=dt.UTC)
    seen = local(PicturedClock(clock="decision", due_at=summer))
    assert f"{seen.due_at:%H:%M}" == "09:00"


def test_a_form_that_is_sent_twice_decides_once(hub: Hub, worker: Person, referral: str) -> None:
    path = f"{DESK}/{referral}/rate"
    page = worker.get(path).text
    brought = {name: hidden(page, name) for name in ("form_token", "once", "saw")}
    for _ in range(2):
        worker.posts(path, {**brought, **RATING, "step": "send"})
    assert len(facts(hub, referral, RatingDecided)) == 1


def test_a_form_without_its_token_decides_nothing(hub: Hub, worker: Person, referral: str) -> None:
    path = f"{DESK}/{referral}/rate"
    saw = hidden(worker.get(path).text, "saw")
    answer = worker.posts(path, {**RATING, "saw": saw, "step": "send"})
    assert answer.status_code == 403
    assert facts(hub, referral, RatingDecided) == []
