"""Whoever settles links has the children side by side, and what they settle can be taken back."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ops.look import links
from ops.run.wiring import Hub
from schemas.case import DecisionUndone, LinkCorrected, PersonsKeptApart, PersonsMerged, PersonSplit
from schemas.decisions import UndoDecided
from schemas.operations import AccessDenied, RecordRevealed
from schemas.person import Address, Contact, Name, PartialDate
from stores import linking
from tests.support import given
from tests.support.console import Person, app_of, hidden, working
from tests.support.desk import LEAD
from tests.support.desk_days import EVAN, ROBIN, XSS, Days
from tests.support.filled import empty_hub

DESK = "/desk/links"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    _, hub = empty_hub(tmp_path_factory.mktemp("links") / "hub")
    days = Days(hub)
    review, robins = days.review(XSS)
    yield {
        "hub": hub,
        "app": app_of(hub),
        "days": days,
        "review": f"{DESK}/referrals/{review}",
        "robins": robins,
        "evans": days.notified("police", EVAN, "Evan was out late."),
    }
    hub.database.close()


@pytest.fixture
def hub(place: dict[str, Any]) -> Hub:
    found: Hub = place["hub"]
    return found


def person(app: Starlette, hub: Hub, who: str = "S. Worker") -> Person:
    found = Person(app)
    found.enters(hub, who)
    return found


@pytest.fixture
def linker(place: dict[str, Any], hub: Hub) -> Person:
    return person(place["app"], hub)


def settles(person: Person, path: str, form: dict[str, str]) -> httpx.Response:
    """Read it back, and send it."""
    checked = person.sends(path, form)
    assert "Check before you send" in checked.text
    assert person.sends(path, {**form, "step": "change"}).status_code == 200
    return person.sends(path, {**form, "step": "send"})


def count(hub: Hub, type_: type) -> int:
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def test_candidates_are_side_by_side_with_what_agrees_and_how_strongly(
    place: dict[str, Any], linker: Person
) -> None:
    assert place["review"] in linker.get(DESK).text
    told = linker.get(place["review"]).text
    assert told.index("What was told") < told.index("Candidate 1")
    assert "12 Example Street" in told
    assert "Same first name" in told
    assert re.search(r"(About [\d,.]+ to 1|Even)", told)
    assert "estimated" in told


def test_what_was_written_is_words_and_no_page(place: dict[str, Any], linker: Person) -> None:
    told = linker.get(place["review"]).text
    assert "<script>" not in told
    assert "<img" not in told
    assert "&lt;script&gt;alert(1)" in told


def test_that_somebody_looked_is_recorded(place: dict[str, Any], hub: Hub, linker: Person) -> None:
    before = count(hub, RecordRevealed)
    linker.get(place["review"])
    assert count(hub, RecordRevealed) == before + 1


def test_a_link_that_is_not_in_doubt_is_opened_for_a_reason(
    place: dict[str, Any], hub: Hub, linker: Person
) -> None:
    path, before = f"{DESK}/referrals/{place['evans']}", count(hub, RecordRevealed)
    assert linker.sends(DESK, {"referral_id": place["evans"]}).headers["location"] == path
    assert linker.sends(DESK, {"referral_id": "none"}).status_code == 422
    assert "Evan" not in linker.get(path).text
    assert linker.sends(path, {"why": ""}).status_code == 422
    assert count(hub, RecordRevealed) == before
    assert "Evan" in linker.sends(path, {"why": "Grandmother rang"}).text


def test_faults_are_said_and_what_was_written_stays(place: dict[str, Any], linker: Person) -> None:
    path = place["review"]
    saw = hidden(linker.get(path).text, "saw")
    answer = linker.sends(path, {"do": "link", "saw": saw})
    assert answer.status_code == 422
    assert answer.text.count('class="govuk-error-message"') == 2
    other = {"do": "link", "saw": saw, "person": "other", "rationale": "Seen at school"}
    answer = linker.sends(path, other)
    assert (answer.status_code, "Write the id of the person" in answer.text) == (422, True)
    assert "Seen at school" in answer.text


def test_nothing_is_settled_on_an_older_picture(
    place: dict[str, Any], hub: Hub, linker: Person
) -> None:
    path, before = place["review"], count(hub, LinkCorrected)
    saw = hidden(linker.get(path).text, "saw")
    place["days"].notified("school", ROBIN, "Robin has a bruise.")
    form = {"do": "link", "saw": saw, "person": "none", "rationale": "A namesake"}
    answer = linker.sends(path, form)
    assert (answer.status_code, count(hub, LinkCorrected)) == (409, before)
    assert "Nothing was sent" in answer.text
    assert "A namesake" in answer.text


def test_why_the_hub_refuses_it_is_told(place: dict[str, Any], hub: Hub, linker: Person) -> None:
    path = place["review"]
    form = {"do": "link", "saw": hidden(linker.get(path).text, "saw"), "person": "other"}
    form |= {"other_person_id": "nobody", "rationale": "Seen"}
    with working(hub):
        answer = settles(linker, path, form)
    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    assert links.is_waiting(hub, path.rpartition("/")[2])


def test_it_is_settled_and_taken_back(place: dict[str, Any], hub: Hub, linker: Person) -> None:
    path = place["review"]
    told = linker.get(path).text
    child = re.search(r'name="person" type="radio" value="([0-9a-f-]{36})"', told)
    assert child is not None
    form = {"do": "link", "saw": hidden(told, "saw"), "person": child[1], "rationale": "Rang"}
    with working(hub):
        answer = settles(linker, path, form)
    assert answer.headers["location"] == f"{DESK}?done=linked"
    assert path not in linker.get(DESK).text
    undo = re.search(rf"{DESK}/decisions/[^\"]+", linker.get(DESK).text)
    assert undo is not None
    assert "Robin" not in linker.get(undo[0]).text
    assert linker.sends(undo[0], {"rationale": "It was the cousin"}).status_code == 422
    shown = linker.sends(undo[0], {"why": "The school rang"}).text
    assert "Robin" in shown
    saw = hidden(shown, "saw")
    form = {"why": "The school rang", "saw": saw}
    assert linker.sends(undo[0], form | {"rationale": " "}).status_code == 422
    older = linker.sends(undo[0], form | {"saw": "older", "rationale": "It was the cousin"})
    assert (older.status_code, "It was the cousin" in older.text) == (409, True)
    form |= {"rationale": "It was the cousin"}
    with working(hub):
        answer = settles(linker, undo[0], form)
    assert answer.headers["location"] == f"{DESK}?done=undone"
    assert count(hub, DecisionUndone) == 1
    with hub.database.reading() as connection:
        (sent,) = linking.every(connection, hub.database.vault, type_=UndoDecided, since=0)
    assert isinstance(sent.message.data, UndoDecided)
    assert [one.id for one in sent.message.data.decision.saw] == [saw]
    assert "It was taken back already, by S. Worker" in linker.get(undo[0]).text
    assert path in linker.get(DESK).text
    second = linker.sends(undo[0], form | {"rationale": "Once more"}, page=DESK)
    assert second.status_code == 409
    assert "S. Worker took this back on" in second.text
    assert "Once more" in second.text


def test_two_persons_are_found_to_be_one_child_or_two(
    place: dict[str, Any], hub: Hub, linker: Person
) -> None:
    one, other = (
        hidden_person(linker, f"{DESK}/referrals/{place[name]}") for name in ("robins", "evans")
    )
    path = f"{DESK}/persons/{one}/{other}"
    assert "Robin" not in linker.get(path).text
    assert linker.sends(path, {"why": ""}).status_code == 422
    told = linker.sends(path, {"why": "A teacher asked"}).text
    assert told.index("Person 1") < told.index("Person 2")
    form = {"why": "A teacher asked", "saw": hidden(told, "saw")}
    assert linker.sends(path, form).text.count('class="govuk-error-message"') == 2
    apart = form | {"same": "no", "rationale": "Other parents"}
    assert "Evan Marsden (person" in linker.sends(path, apart).text
    with working(hub):
        answer = settles(linker, path, apart)
    assert answer.headers["location"] == f"{DESK}?done=apart"
    assert count(hub, PersonsKeptApart) >= 1
    saw = hidden(linker.sends(path, {"why": "Once more"}).text, "saw")
    with working(hub):
        said = {"why": "Once more", "saw": saw, "same": "yes", "rationale": "They are"}
        answer = settles(linker, path, said)
    assert answer.headers["location"] == f"{DESK}?done=merged"
    assert count(hub, PersonsMerged) == 1


def hidden_person(linker: Person, path: str) -> str:
    """The id of the person whom a referral is linked to."""
    told = linker.sends(path, {"why": "To compare"}).text
    found = re.search(r'scope="row" class="govuk-table__header">Person</th><td[^>]*>([^<]+)<', told)
    assert found is not None
    return found[1]


def test_referrals_are_split_off_to_another_child(
    place: dict[str, Any], hub: Hub, linker: Person
) -> None:
    path = f"{DESK}/referrals/{place['robins']}"
    told = linker.sends(path, {"why": "Twins"}).text
    form = {"why": "Twins", "do": "split", "saw": hidden(told, "saw")}
    assert linker.sends(path, form).text.count('class="govuk-error-message"') == 2
    said = {"referral": place["evans"], "rationale-split": "It was his brother"}
    with working(hub):
        answer = settles(linker, path, form | said)
    assert answer.headers["location"] == f"{DESK}?done=split"
    assert count(hub, PersonSplit) == 1


@pytest.mark.parametrize("who", ["J. Auditor", "A. Operator"])
def test_nobody_else_is_at_the_desk(place: dict[str, Any], hub: Hub, who: str) -> None:
    other, before = person(place["app"], hub, who), count(hub, AccessDenied)
    paths = [DESK, place["review"], f"{DESK}/persons/a/b", f"{DESK}/decisions/a"]
    assert {other.get(path).status_code for path in paths} == {403}
    token = other.token("/desk/accessibility")
    form = {"form_token": token, "why": "x", "do": "link", "same": "yes", "rationale": "x"}
    assert {other.posts(path, form).status_code for path in paths} == {403}
    assert count(hub, AccessDenied) == before + 2 * len(paths)


def test_forms_are_taken_from_pages_of_this_session_alone(
    place: dict[str, Any], linker: Person
) -> None:
    for path in (DESK, place["review"], f"{DESK}/persons/a/b", f"{DESK}/decisions/a"):
        assert linker.posts(path, {"why": "x", "do": "link"}).status_code == 403


@pytest.mark.parametrize("path", ["referrals/none", "persons/none/other", "decisions/none"])
def test_a_guessed_id_leads_nowhere(linker: Person, path: str) -> None:
    assert linker.get(f"{DESK}/{path}").status_code == 404


def as_sent(**changes: Any) -> dict[str, Any]:
    told = given.child().model_copy(update=changes)
    found: dict[str, Any] = json.loads(told.model_dump_json(exclude_defaults=True))
    return found


def test_what_looks_like_one_child_or_like_two_waits_until_it_is_settled(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    days, linker = Days(hub), person(app_of(hub), hub)
    address = Address(line1="9 Station Road", city="Exampleton", postcode="ZZ99 8QQ")
    moved = {"address": (address,), "contact": (Contact(telephone=("01632 960555",)),)}
    chowdhury = (Name(given_name=("Tilly",), family_name=("Chowdhury",)),)
    days.notified("police", as_sent(), "Tilly was alone.")
    unknown: dict[str, Any] = {"identifier": (), "date_of_birth": None, "related_person": ()}
    days.notified("school", as_sent(**unknown, **moved, name=chowdhury), "Tilly cried.")
    days.notified("police", as_sent(**moved), "Tilly was alone again.")
    path = re.search(rf'{DESK}/persons/[^"]+', linker.get(DESK).text)
    assert path is not None
    told = linker.get(path[0]).text
    assert "That they are one: about" in told
    form = {"saw": hidden(told, "saw"), "same": "yes", "rationale": "The school knows her"}
    with working(hub):
        assert settles(linker, path[0], form).headers["location"] == f"{DESK}?done=merged"
    assert path[0] not in linker.get(DESK).text
    hub.database.close()


def test_a_person_who_may_be_two_leads_to_what_came_last(tmp_path: Path) -> None:
    _, hub = empty_hub(tmp_path / "hub")
    days, linker = Days(hub), person(app_of(hub), hub)
    first = days.notified("police", as_sent(), "Tilly was alone.")
    born = PartialDate(date=dt.date(2014, 9, 30))
    twin = as_sent(identifier=(), date_of_birth=born)
    other = days.notified("school", twin, "Tilly cried.")
    one, two = (hidden_person(linker, f"{DESK}/referrals/{id_}") for id_ in (first, other))
    said = {"decided_by": "S. Worker", "rationale": "One child"}
    days.tells(LEAD, "persons-decision", person_id=one, other_person_id=two, same=True, **said)
    last = days.notified("police", as_sent(), "Tilly was alone again.")
    path = f"{DESK}/referrals/{last}"
    assert f'href="{path}"' in linker.get(DESK).text
    told = linker.sends(path, {"why": "Perhaps twins"}).text
    form = {"why": "Perhaps twins", "do": "split", "saw": hidden(told, "saw"), "referral": other}
    with working(hub):
        answer = settles(linker, path, form | {"rationale-split": "Her sister"})
    assert answer.headers["location"] == f"{DESK}?done=split"
    assert f'href="{path}"' not in linker.get(DESK).text
    hub.database.close()
