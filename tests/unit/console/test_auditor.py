"""An auditor asks and is recorded; what is shown or taken is what the commands tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from starlette.applications import Starlette

from ops.access.accounts import account
from ops.look import disclosed, who
from ops.run.wiring import Hub, open_hub
from schemas.access import Act, Purpose
from schemas.operations import AccessDenied, RecordAccessed, RecordRevealed
from stores import linking
from stores.tree.notes import VerifierKey
from tests.support.console import Person, app_of
from tests.support.desk_days import KIM, XSS, Days
from tests.support.filled import empty_hub, grown

DESK = "/desk/audit"
PAGES = ("", "/decision", "/owner", "/export", "/record")
HEALTH = """
[[people]]
name = "H. Caldicott"
agency = "health_visiting"
roles = ["risk_owner", "auditor", "screening", "duty_manager"]
account = "{account}"
"""
WHY = {"why": "Complaint 2026/17"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder, made = empty_hub(tmp_path_factory.mktemp("audit") / "hub")
    made.database.close()
    with folder.config.open("a", encoding="utf-8") as opened:
        opened.write(HEALTH.format(account=account()))
    hub = open_hub(folder.config, {})
    days = Days(hub)
    referral = days.notified("school", KIM, f"Kim was in the street. {XSS}")
    days.rated(referral, "green")
    grown(hub)
    yield {"hub": hub, "app": app_of(hub), "referral": referral}
    hub.database.close()


@pytest.fixture
def hub(place: dict[str, Any]) -> Hub:
    found: Hub = place["hub"]
    return found


def person(app: Starlette, hub: Hub, who: str = "J. Auditor") -> Person:
    found = Person(app)
    found.enters(hub, who)
    return found


@pytest.fixture
def auditor(place: dict[str, Any], hub: Hub) -> Person:
    return person(place["app"], hub)


def count(hub: Hub, type_: type) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def decision_of(told: str) -> str:
    found = re.search(r'name="message_id" value="([^"]+)"', told)
    assert found is not None
    return found[1]


def test_who_decided_what_leads_to_the_decision_with_its_picture(
    place: dict[str, Any], hub: Hub, auditor: Person
) -> None:
    asked, looked = count(hub, RecordAccessed), count(hub, RecordRevealed)
    told = auditor.sends(DESK, {"wanted": place["referral"], **WHY}).text
    assert "S. Worker" in told
    assert "Kim" not in told
    assert re.search(r"Leaf \d", told)
    opened = auditor.sends(
        f"{DESK}/decision", {"message_id": decision_of(told), **WHY}, page=DESK
    ).text
    assert "As it was seen" in opened
    assert "Kim was in the street" in opened
    assert "green" in opened
    assert (count(hub, RecordAccessed), count(hub, RecordRevealed)) > (asked, looked)


def test_what_was_written_is_words_and_no_page(place: dict[str, Any], auditor: Person) -> None:
    told = auditor.sends(DESK, {"wanted": place["referral"], "why": XSS}).text
    opened = auditor.sends(f"{DESK}/decision", {"message_id": decision_of(told), "why": XSS}).text
    for page in (told, opened):
        assert "<script>" not in page
        assert "<img" not in page
        assert "&lt;script&gt;alert(1)" in page


def test_what_a_person_did_is_told_by_their_name(auditor: Person) -> None:
    told = auditor.sends(DESK, {"wanted": "S. Worker", **WHY}).text
    assert "Decided" in told
    assert "nobody of this name" in auditor.sends(DESK, {"wanted": "N. Obody", **WHY}).text


def test_what_a_person_did_is_read_a_part_at_a_time(
    auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"wanted": "S. Worker", **WHY}
    whole = told_ids(auditor.sends(DESK, asked).text)
    monkeypatch.setattr(who, "_READ", 2)
    parts: list[str] = []
    before = ""
    for _ in range(100):
        page = auditor.sends(DESK, asked | {"before": before}).text
        parts = told_ids(page) + parts
        more = re.search(r'name="before" value="(\d+)"|value="(\d+)" name="before"', page)
        if more is None:
            break
        before = more[1] or more[2]
    assert whole
    assert parts == whole


def told_ids(page: str) -> list[str]:
    """The decisions that a page tells of, in its order."""
    return re.findall(r'name="message_id" value="([^"]+)"', page)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("", {"wanted": "x"}),
        ("", {"wanted": "x" * 201, **WHY}),
        ("/decision", {"message_id": "none", **WHY}),
        ("/decision", {"message_id": "x"}),
        ("/owner", {"agency": "nobody", **WHY}),
        ("/owner", {"agency": "police", "since": "yesterday", **WHY}),
        ("/export", {"wanted": "none", **WHY}),
        ("/export", {"wanted": "x"}),
    ],
)
def test_faults_are_said_and_nothing_is_shown(
    hub: Hub, auditor: Person, path: str, fields: dict[str, str]
) -> None:
    before = count(hub, RecordRevealed)
    answer = auditor.sends(f"{DESK}{path}", fields)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert count(hub, RecordRevealed) == before


def test_an_owners_year_is_read_and_taken_away(hub: Hub, auditor: Person) -> None:
    before = count(hub, RecordAccessed)
    asks = {"agency": "school", "since": "2026-01-01", **WHY}
    told = auditor.sends(f"{DESK}/owner", {**asks, "do": "show"}).text
    assert "Told: <strong>1</strong>" in told
    taken = auditor.sends(f"{DESK}/owner", {**asks, "do": "take"})
    assert taken.headers["content-disposition"] == 'attachment; filename="audit-school.json"'
    assert taken.headers["cache-control"] == "no-store"
    assert {one["kind"] for one in json.loads(taken.text)} >= {"told", "looked at"}
    assert count(hub, RecordAccessed) == before + 2
    long_ago = {"agency": "school", "until": "2020-01-01", **WHY}
    assert "Nothing of it is in the record" in auditor.sends(f"{DESK}/owner", long_ago).text


def test_a_case_is_taken_away_with_proofs_that_hold(
    place: dict[str, Any], hub: Hub, auditor: Person, tmp_path: Path
) -> None:
    grown(hub)
    before = count(hub, RecordRevealed)
    taken = auditor.sends(f"{DESK}/export", {"wanted": place["referral"], **WHY})
    assert taken.headers["content-type"] == "application/json"
    bundle = json.loads(taken.text)
    assert (bundle["exported_by"], bundle["why"]) == ("J. Auditor", WHY["why"])
    (file := tmp_path / "disclosure.json").write_bytes(taken.content)
    assert not disclosed.verify(file, VerifierKey.parse(bundle["key"])).amiss
    assert count(hub, RecordRevealed) == before + 1
    with hub.database.view() as view:
        *_, last = linking.from_outside(view, type_=RecordRevealed)
    assert isinstance(last.message.data, RecordRevealed)
    assert last.message.data.access is not None
    assert last.message.data.access.purpose is Purpose.DISCLOSURE


def test_who_may_not_take_it_away_is_denied(place: dict[str, Any], hub: Hub) -> None:
    owner = person(place["app"], hub, "C. Caldicott")
    answer = owner.sends(f"{DESK}/export", {"wanted": place["referral"], **WHY})
    assert answer.status_code == 403
    assert "Kim" not in answer.text


def test_the_record_is_verified_and_what_was_altered_is_said(hub: Hub, auditor: Person) -> None:
    grown(hub)
    page = f"{DESK}/record"
    assert "Root" in auditor.get(page).text
    assert "Nothing altered, nothing missing" in auditor.sends(page, {}).text
    with hub.database.transaction() as transaction:
        old = transaction.connection.execute(
            text("SELECT message_id FROM journal WHERE position = 3")
        ).scalar_one()
        change = text("UPDATE journal SET message_id = :id WHERE position = 3")
        transaction.connection.execute(change, {"id": "altered"})
    told = auditor.sends(page, {}).text
    with hub.database.transaction() as transaction:
        transaction.connection.execute(change, {"id": old})
    assert "position 3" in told
    assert "Nothing altered" not in told


@pytest.mark.parametrize("who", ["S. Worker", "D. Manager", "A. Operator"])
def test_nobody_else_is_at_the_desk(place: dict[str, Any], hub: Hub, who: str) -> None:
    other, before = person(place["app"], hub, who), count(hub, AccessDenied)
    form = {"form_token": other.token("/desk/accessibility"), **WHY, "wanted": place["referral"]}
    for path in PAGES:
        assert other.get(f"{DESK}{path}").status_code == 403
        assert other.posts(f"{DESK}{path}", form).status_code == 403
    assert count(hub, AccessDenied) == before + 2 * len(PAGES)


def test_forms_are_taken_from_pages_of_this_session_alone(hub: Hub, auditor: Person) -> None:
    before = count(hub, RecordAccessed)
    for path in PAGES:
        assert auditor.posts(f"{DESK}{path}", {"wanted": "x", **WHY}).status_code == 403
    assert count(hub, RecordAccessed) == before


def test_who_is_of_another_agency_asks_for_its_own_alone(place: dict[str, Any], hub: Hub) -> None:
    other = person(place["app"], hub, "H. Caldicott")
    assert other.get("/desk/").headers["location"] == f"{DESK}/owner"
    page, before = other.get(f"{DESK}/owner").text, count(hub, RecordAccessed)
    assert "Sample Police" not in page
    for do in ("show", "take"):
        asked = other.sends(f"{DESK}/owner", {"agency": "police", "do": do, **WHY})
        assert asked.status_code == 422
    assert count(hub, RecordAccessed) == before
    own = other.sends(f"{DESK}/owner", {"agency": "health_visiting", **WHY})
    assert (own.status_code, count(hub, RecordAccessed)) == (200, before + 1)
    form = {"form_token": other.token(f"{DESK}/owner"), "wanted": place["referral"], **WHY}
    for path in ("", "/decision", "/export", "/record"):
        assert other.get(f"{DESK}{path}").status_code == 403
        assert other.posts(f"{DESK}{path}", form).status_code == 403


@pytest.mark.parametrize("desk", ["front-door", "links", "duty"])
def test_the_leads_desks_are_its_own_peoples(place: dict[str, Any], hub: Hub, desk: str) -> None:
    other, before = person(place["app"], hub, "H. Caldicott"), count(hub, AccessDenied)
    answer = other.get(f"/desk/{desk}")
    assert (answer.status_code, count(hub, AccessDenied)) == (403, before + 1)
    assert f'href="/desk/{desk}"' not in answer.text


def test_what_is_taken_away_is_an_export_by_who_signed_in_just_now(
    hub: Hub, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = {"agency": "school", "do": "take", **WHY}
    assert auditor.sends(f"{DESK}/owner", asks).status_code == 200
    with hub.database.view() as view:
        *_, last = linking.from_outside(view, type_=RecordAccessed)
    assert isinstance(last.message.data, RecordAccessed)
    assert last.message.data.act is Act.EXPORT
    monkeypatch.setattr("ops.access.acting._is_recent", lambda *_: False)
    assert auditor.sends(f"{DESK}/owner", {**asks, "do": "show"}).status_code == 200
    assert auditor.sends(f"{DESK}/owner", asks).status_code == 403
