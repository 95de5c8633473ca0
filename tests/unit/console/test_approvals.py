"""An owner decides at its desk what of its own may leave, and nobody else sees or decides it."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from connectors.edge import keys
from connectors.edge.approving import Decision, decide, request_of
from ops.access.acting import asker
from ops.console import sending
from ops.demo.running import DemoFolder
from ops.look import asked as look
from ops.look import owned
from ops.look.standing import standing_of
from ops.run.wiring import Hub, open_hub
from schemas.decisions import StandingReleased, StandingWithdrawn
from schemas.operations import AccessDenied, RecordAccessed
from schemas.product import (
    Choice,
    ItemAmended,
    ItemDecided,
    ItemLifted,
    ItemWithheld,
    ProductApproved,
)
from stores import linking
from stores.trail import Entry
from tests.support.approving import NARRATIVE, RELEASE, SERGEANT, asked, asking_hub
from tests.support.console import Fields, Person, app_of, hidden
from tests.support.desk import tells

DESK = "/desk/approvals"
HEAD = ("product_id", "case_id", "recipient", "purpose", "referral_id", "item_id")
SANITISED = "rang us on [telephone]"


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A hub in which the police are asked about one item, made once and copied for each test."""
    folder, hub = asking_hub(tmp_path_factory.mktemp("asking") / "hub")
    referral = asked(hub)
    hub.database.close()
    return folder.path, referral


@pytest.fixture
def hub(asking: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    copied = DemoFolder(Path(shutil.copytree(asking[0], tmp_path / "hub")))
    opened = open_hub(copied.config, {})
    yield opened
    opened.database.close()


@pytest.fixture
def app(hub: Hub) -> Starlette:
    return app_of(hub)


@pytest.fixture
def referral(asking: tuple[Path, str]) -> str:
    return asking[1]


@pytest.fixture
def sergeant(app: Starlette, hub: Hub, referral: str) -> Person:
    person = Person(app)
    person.enters(hub, SERGEANT)
    return person


def requests(hub: Hub, who: str = SERGEANT) -> list[look.Asked]:
    return [*look.open_requests(hub, asker(hub, who))[0].shown]


def place(hub: Hub) -> str:
    (one,) = requests(hub)
    return f"{DESK}/request/{one.referral_id}/{one.name}"


def facts(hub: Hub, referral: str, *types: type) -> list[Entry]:
    with hub.database.reading() as connection:
        vault = hub.database.vault
        return linking.about(connection, vault, ids=[referral], types=types)


def sends(person: Person, path: str, **fields: str) -> httpx.Response:
    """A form of this address as the browser would send it, with what it was shown."""
    seen = hidden(person.get(path).text, "seen")
    return person.sends(path, {"seen": seen, **fields})


# --- what is seen


def test_the_list_says_which_for_whom_and_by_when_and_nothing_of_a_child(
    hub: Hub, sergeant: Person
) -> None:
    (one,) = requests(hub)
    text = sergeant.get(DESK).text
    assert f"Request {one.name[-8:]}, your R-1" in text, "ids of one moment begin alike"
    assert f" · for {one.request.recipient_name}" in text
    assert re.search(r"hours? .*left", text)
    for said in ("Kim", "early help assessment", "hit at home"):
        assert said not in text


def test_the_original_stands_beside_the_proposal_with_what_goes_marked(
    hub: Hub, sergeant: Person
) -> None:
    text = unescape(sergeant.get(place(hub)).text)
    assert text.count("<del ") == text.count("<ins ") == 4
    assert "(taken out, 3: </span>01632 960555<" in text
    assert "(in place of 3: </span>[telephone]<" in text
    for said in ("Sample Early Help", "early help assessment", "section 11", "999 000 0018"):
        assert said in text


def test_that_it_was_read_is_recorded_with_who_read_it(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    sergeant.get(place(hub))
    (entry,) = facts(hub, referral, RecordAccessed)
    assert isinstance(entry.message.data, RecordAccessed)
    assert entry.message.data.who == SERGEANT
    assert entry.message.data.access.decided == ("own-desk",)


def test_whatever_shows_a_request_is_recorded(hub: Hub, sergeant: Person, referral: str) -> None:
    at = place(hub)
    for number, path in enumerate(("", "/sanitised", "/reworded", "/withhold", "/file"), 1):
        assert sergeant.get(at + path).status_code == 200
        assert len(facts(hub, referral, RecordAccessed)) == number


# --- what is decided


@pytest.mark.parametrize(
    ("choice", "made", "words"),
    [
        ("sanitised", Choice.RELEASE_SANITISED, SANITISED),
        ("original", Choice.RELEASE_ORIGINAL, NARRATIVE),
    ],
)
def test_words_that_it_lets_leave_leave(
    hub: Hub, sergeant: Person, referral: str, choice: str, made: Choice, words: str
) -> None:
    at = place(hub)
    assert sergeant.sends(at, {"choice": choice}).headers["location"] == f"{at}/{choice}"
    check = unescape(sergeant.get(f"{at}/{choice}").text)
    assert words.replace("\n", "") in check.replace("\n", "")
    assert "Check your decision before it is sent" in check
    assert facts(hub, referral, ItemDecided) == []
    assert sends(sergeant, f"{at}/{choice}", stage="send").status_code == 303
    hub.embedded().drain()
    (entry,) = facts(hub, referral, ItemDecided)
    assert isinstance(entry.message.data, ItemDecided)
    assert (entry.message.data.choice, entry.message.data.decided_by) == (made, SERGEANT)
    (approved,) = facts(hub, referral, ProductApproved)
    assert isinstance(approved.message.data, ProductApproved)
    assert words in approved.message.data.items[0].text
    assert requests(hub) == []


def test_own_words_leave_only_once_what_is_still_found_in_them_was_looked_at(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    at = f"{place(hub)}/reworded"
    words = "Kim was hit at home. Ring 01632 960777 about it."
    checked = sends(sergeant, at, stage="words", text=words)
    assert '<del class="console-cut">01632 960777</del>' in checked.text
    refused = sends(sergeant, at, stage="send", text=words)
    assert refused.status_code == 422
    assert "Say that what is still found" in refused.text
    stays = re.search(r'id="stays"[^>]*value="(\w+)"', refused.text)
    assert stays is not None
    for other in (words + " And more.", words.replace("777", "778")):
        assert sends(sergeant, at, stage="send", text=other, stays=stays[1]).status_code == 422
    check = sends(sergeant, at, stage="review", text=words, stays=stays[1])
    assert "Stays in, as you said" in check.text
    assert sends(sergeant, at, stage="send", text=words, stays=stays[1]).status_code == 303
    hub.embedded().drain()
    (approved,) = facts(hub, referral, ProductApproved)
    assert isinstance(approved.message.data, ProductApproved)
    assert approved.message.data.items[0].text == words


def test_own_words_are_checked_while_they_are_written_and_nothing_else_is_shown(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    path = f"{place(hub)}/reworded"
    page = sergeant.get(path).text
    form = {name: hidden(page, name) for name in ("form_token", "seen")} | {"stage": "writing"}
    before = len(facts(hub, referral, RecordAccessed))
    words = {"text": "Kim was hit. Ring 01632 960777."}
    found = sergeant.posts(path, form | words)
    assert (found.status_code, "01632 960777" in found.text) == (200, True)
    assert "in these words may tell who or where somebody is" in found.text
    assert not re.search("<html|Neighbour|checked", found.text)
    clean = sergeant.posts(path, form | {"text": "Hit at home."}).text
    assert "Nothing is found in these words" in clean
    for text in ("", " ", "x" * 20_001):
        assert "found" not in sergeant.posts(path, form | {"text": text}).text
    assert len(facts(hub, referral, RecordAccessed)) == before
    for there, sent in (
        (path, form | words | {"seen": "0" * 64}),
        (f"{place(hub)}/chosen", form | words),
        (f"{place(hub)}/withhold", form | words),
    ):
        assert sergeant.posts(there, sent).status_code == 404, "nobody asks who has not read it"
    assert sergeant.posts(path, words | {"stage": "writing"}).status_code == 403


def test_each_redaction_is_kept_in_or_taken_out_and_what_is_left_is_looked_at(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    at = f"{place(hub)}/chosen"
    begun = sergeant.get(at).text
    assert begun.count('name="takes_out"') == begun.count(" checked>") == 4
    fields = {"seen": hidden(begun, "seen"), "takes_out": ["2", "3", "4"]}
    checked = sergeant.sends(at, {**fields, "stage": "words"}).text
    assert checked.count(" checked>") == 3
    assert f'formaction="{place(hub)}/reworded"' in checked
    assert "12 Example Street" in re.sub(r"(?s).*As it would leave now", "", checked)
    assert sergeant.sends(at, {**fields, "stage": "send"}).status_code == 422
    stays = re.search(r'id="stays"[^>]*value="(\w+)"', checked)
    assert stays is not None
    fields["stays"] = stays[1]
    other = {**fields, "takes_out": ["3", "4"], "stage": "send"}
    assert sergeant.sends(at, other).status_code == 422, "said of other words"
    check = sergeant.sends(at, {**fields, "stage": "review"}).text
    assert "Stays in, that would be taken out" in check
    assert sergeant.sends(at, {**fields, "stage": "send"}).status_code == 303
    hub.embedded().drain()
    (entry,) = facts(hub, referral, ItemDecided)
    assert isinstance(entry.message.data, ItemDecided)
    wording = entry.message.data.wording
    assert wording is not None
    assert "12 Example Street" in wording.text
    assert "01632 960555" not in wording.text
    assert wording.differences


@pytest.mark.parametrize(
    ("out", "made"),
    [("1234", Choice.RELEASE_SANITISED), ("", Choice.RELEASE_ORIGINAL)],
)
def test_who_takes_out_all_or_nothing_has_chosen_that(
    hub: Hub, sergeant: Person, referral: str, out: str, made: Choice
) -> None:
    at = f"{place(hub)}/chosen"
    fields = {"seen": hidden(sergeant.get(at).text, "seen"), "takes_out": [*out]}
    checked = sergeant.sends(at, {**fields, "stage": "words"}).text
    if stays := re.search(r'id="stays"[^>]*value="(\w+)"', checked):
        fields["stays"] = stays[1]
    assert bool(stays) is (made is Choice.RELEASE_ORIGINAL)
    assert sergeant.sends(at, {**fields, "stage": "send"}).status_code == 303
    hub.embedded().drain()
    (entry,) = facts(hub, referral, ItemDecided)
    assert isinstance(entry.message.data, ItemDecided)
    assert (entry.message.data.choice, entry.message.data.wording) == (made, None)


def test_words_without_identifiers_need_nothing_more(hub: Hub, sergeant: Person) -> None:
    at = f"{place(hub)}/reworded"
    checked = sends(sergeant, at, stage="words", text="Kim was hit at home.")
    assert "Nothing is found in these words" in checked.text
    assert sends(sergeant, at, stage="send", text="Kim was hit at home.").status_code == 303


@pytest.mark.parametrize(
    ("signpost", "to", "made"),
    [
        ("any", (), (True, ())),
        ("some", ("early_help",), (True, ("early_help",))),
        ("none", (), (False, ())),
        ("none", ("early_help",), (False, ())),
    ],
)
def test_what_is_withheld_says_why_and_who_may_know(
    hub: Hub,
    sergeant: Person,
    referral: str,
    signpost: str,
    to: tuple[str, ...],
    made: tuple[bool, tuple[str, ...]],
) -> None:
    at = f"{place(hub)}/withhold"
    told = {"reason": "A source would be found out", "signpost": signpost, "ask_again": "yes"}
    seen = hidden(sergeant.get(at).text, "seen")
    fields = {"seen": seen, "signpost_to": list(to), **told}
    assert "Check your decision" in sergeant.sends(at, {**fields, "stage": "review"}).text
    assert sergeant.sends(at, {**fields, "stage": "send"}).status_code == 303
    hub.embedded().drain()
    (entry,) = facts(hub, referral, ItemWithheld)
    fact = entry.message.data
    assert isinstance(fact, ItemWithheld)
    assert (fact.signpost, fact.signpost_to) == made
    assert (fact.reason, fact.ask_again) == (told["reason"], True)


def test_what_is_missing_is_told_with_what_was_written(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    told: list[tuple[dict[str, str], str]] = [
        ({"signpost": "any"}, "Say why"),
        ({"reason": " \n ", "signpost": "any"}, "Say why"),
        ({"reason": "x" * 501, "signpost": "any"}, "500 characters or fewer"),
        ({"reason": "A source"}, "Select who may be told"),
        ({"reason": "A source", "signpost": "everybody"}, "Select who may be told"),
        ({"reason": "A source", "signpost": "some"}, "Select at least one"),
    ]
    for fields, says in told:
        answer = sends(sergeant, f"{place(hub)}/withhold", stage="send", **fields)
        assert answer.status_code == 422
        assert says in answer.text
        assert "<title>Error: " in answer.text
        assert fields.get("reason", "").strip() in answer.text
    hub.embedded().drain()
    assert facts(hub, referral, ItemWithheld) == []


def test_a_choice_is_wanted(hub: Hub, sergeant: Person) -> None:
    answer = sergeant.sends(place(hub), {"choice": "anything"})
    assert answer.status_code == 422
    assert "Select what may happen" in answer.text
    assert 'aria-describedby="choice-error"' in answer.text
    withheld = sends(sergeant, f"{place(hub)}/withhold", stage="send").text
    assert 'aria-describedby="signpost-hint signpost-error"' in withheld


def test_nobody_decides_about_other_words_than_they_read(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    at = f"{place(hub)}/sanitised"
    answer = sergeant.sends(at, {"seen": "0" * 64, "stage": "send"})
    assert answer.status_code == 422
    assert "has changed since you opened it" in answer.text
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided) == []


def test_a_request_that_is_decided_is_there_no_more(hub: Hub, sergeant: Person) -> None:
    at = place(hub)
    sends(sergeant, f"{at}/sanitised", stage="send")
    hub.embedded().drain()
    assert sergeant.get(at).status_code == 404
    late = {"stage": "send", "reason": "A source", "signpost": "any"}
    second = sergeant.sends(f"{at}/withhold", late, page=DESK)
    assert second.status_code == 409
    assert f"{SERGEANT} decided about it" in second.text
    assert "A source" in second.text
    assert "There is nothing to decide" in sergeant.get(DESK).text


# --- whose it is


def test_another_roles_desk_is_denied_and_that_is_recorded(
    app: Starlette, hub: Hub, referral: str
) -> None:
    at = place(hub)
    for who in ("S. Worker", "D. Manager", "A. Operator", "J. Auditor"):
        other = Person(app)
        other.enters(hub, who)
        for path in (DESK, at, f"{at}/sanitised", f"{at}/file", f"{DESK}/items", f"{DESK}/ours"):
            answer = other.get(path)
            assert answer.status_code == 403
            assert "Kim" not in answer.text
    with hub.database.reading() as connection:
        assert linking.count(connection, AccessDenied) == 24


def test_another_agencys_request_is_not_found(app: Starlette, hub: Hub, referral: str) -> None:
    at, other = place(hub), Person(app)
    other.enters(hub, "P. Nurse")
    assert "There is nothing to decide" in other.get(DESK).text
    token = other.token(DESK)
    for path in ("", "/sanitised", "/reworded", "/withhold", "/signed", "/file"):
        answer = other.get(at + path)
        assert answer.status_code == 404
        assert "Kim" not in answer.text
        sent = {"form_token": token, "stage": "send", "choice": "sanitised"}
        assert path == "/file" or other.posts(at + path, sent).status_code == 404
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided) == []


def test_ids_that_are_guessed_find_nothing(hub: Hub, sergeant: Person, referral: str) -> None:
    (one,) = requests(hub)
    item = look.name_of(asker(hub, SERGEANT), one.request.item.item_id)
    for path in (
        "request/nothing/nothing",
        f"request/{referral}/00000000-0000-5000-8000-000000000000",
        f"request/{referral}/{one.name}/everything",
        f"item/{referral}/{one.name}",
        f"item/{referral}/{item}/lift",
        f"request/..%2f..%2fitems/{one.name}",
    ):
        assert sergeant.get(f"{DESK}/{path}").status_code == 404, path


def test_who_is_no_registered_decision_maker_can_read_and_not_decide(
    app: Starlette, hub: Hub, referral: str
) -> None:
    other = Person(app)
    other.enters(hub, "N. Inspector")
    at = place(hub)
    assert "has to register you" in other.get(at).text
    assert "What do you decide?" not in other.get(at).text
    sends(other, f"{at}/sanitised", stage="send")
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided) == []


def test_what_was_written_runs_nowhere(hub: Hub, sergeant: Person) -> None:
    at = place(hub)
    for path in ("", "/sanitised", "/original", "/reworded"):
        text = sergeant.get(at + path).text
        assert "<b>" not in text
        assert "&lt;b&gt;" in text or path == "/sanitised"
    evil = "<script>alert(1)</script>"
    for stage in ("words", "review", "change"):
        text = sends(sergeant, f"{at}/reworded", stage=stage, text=f"</textarea>{evil}").text
        assert "<script>" not in text
        assert text.count("</textarea>") == text.count("<textarea")


def test_a_form_of_elsewhere_decides_nothing(hub: Hub, sergeant: Person, referral: str) -> None:
    at = place(hub)
    seen = hidden(sergeant.get(f"{at}/withhold").text, "seen")
    fields = {"seen": seen, "stage": "send", "reason": "x", "signpost": "any", "text": "Kim."}
    for path in ("", "/withhold", "/reworded", "/sanitised", "/signed"):
        assert sergeant.posts(at + path, fields).status_code == 403
        sent = {**fields, "form_token": sergeant.token(DESK)}
        evil = {"origin": "https://evil.example"}
        assert sergeant.posts(at + path, sent, headers=evil).status_code == 403
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided, ItemWithheld) == []


# --- afterwards


def test_an_item_is_withheld_and_lifted_again(hub: Hub, sergeant: Person, referral: str) -> None:
    sends(sergeant, f"{place(hub)}/sanitised", stage="send")
    hub.embedded().drain()
    listed = sergeant.get(f"{DESK}/items").text
    assert "hit at home" not in listed
    (link,) = re.findall(rf"{DESK}/item/[^\"]+", listed)
    text = sergeant.get(link).text
    assert SERGEANT in text
    assert "Withhold it, and ask it back" in text
    assert sergeant.sends(link, {"ruling": "lift"}).status_code == 422
    assert sergeant.sends(link, {"ruling": "recall"}).headers["location"] == f"{link}/recall"
    told = {"reason": "It was wrong", "signpost": "any"}
    assert "Say why" in sends(sergeant, f"{link}/recall", stage="send", signpost="any").text
    check = sends(sergeant, f"{link}/recall", stage="review", **told)
    assert "asked back from whoever has it" in check.text
    assert sends(sergeant, f"{link}/recall", stage="send", **told).status_code == 303
    hub.embedded().drain()
    assert len(facts(hub, referral, ItemWithheld)) == 1
    assert "Asked back" in sergeant.get(link).text
    assert sends(sergeant, f"{link}/lift", stage="send").status_code == 303
    hub.embedded().drain()
    assert len(facts(hub, referral, ItemLifted)) == 1


def test_an_item_is_told_in_other_words_and_asked_about_again(
    hub: Hub, sergeant: Person, referral: str
) -> None:
    (one,) = requests(hub)
    item = look.name_of(asker(hub, SERGEANT), one.request.item.item_id)
    at = f"{DESK}/item/{referral}/{item}"
    assert sergeant.sends(at, {"ruling": "amend"}).headers["location"] == f"{at}/amend"
    assert "hit at home" in sergeant.get(f"{at}/amend").text
    for text, says in ((NARRATIVE, "Change the words"), (" ", "Write the words")):
        assert says in sergeant.sends(f"{at}/amend", {"text": text, "stage": "send"}).text
    check = sergeant.sends(f"{at}/amend", {"text": "Kim was pushed.", "stage": "review"})
    assert "What it says now" in check.text
    sent = {"text": "Kim was pushed.", "stage": "send"}
    assert sergeant.sends(f"{at}/amend", sent).status_code == 303
    hub.embedded().drain()
    (entry,) = facts(hub, referral, ItemAmended)
    assert isinstance(entry.message.data, ItemAmended)
    assert (entry.message.data.text, entry.message.data.decided_by) == (sent["text"], SERGEANT)
    assert "Kim was pushed." in sergeant.get(place(hub)).text


# --- released beforehand


def test_what_was_released_beforehand_is_shown_and_ended_by_its_owner_alone(
    app: Starlette, hub: Hub, sergeant: Person
) -> None:
    tells(hub, "police", "mash.standing-release.v1", **RELEASE)
    text = unescape(sergeant.get(f"{DESK}/standing").text)
    assert text.count("In force") == 2, "by message, and in the agreement"
    for said in ("Sample Early Help", "The end of 31 December 2030", "12 March 2026", SERGEANT):
        assert said in text
    (at,) = set(re.findall(rf"{DESK}/standing/[\w-]+", text))
    nurse = Person(app)
    nurse.enters(hub, "P. Nurse")
    sent = {"stage": "send", "reason": "No longer agreed"}
    assert nurse.get(at).status_code == 404
    assert nurse.posts(at, {**sent, "form_token": nurse.token(DESK)}).status_code == 404
    assert sergeant.posts(at, sent).status_code == 403
    assert "Say why" in sergeant.sends(at, {"stage": "send", "reason": " "}).text
    assert "You end this release" in sergeant.sends(at, {**sent, "stage": "review"}).text
    hub.embedded().drain()
    assert sergeant.get(at).status_code == 200, "nothing has ended it yet"
    assert sergeant.sends(at, sent).headers["location"].startswith(f"{DESK}/standing?done=")
    hub.embedded().drain()
    assert sergeant.get(at).status_code == 404
    assert sergeant.get(f"{DESK}/standing").text.count("In force") == 1
    assert len(facts(hub, "police", StandingWithdrawn)) == 1


BEFOREHAND: Fields = {
    "standing_id": "front-line-2027",
    "kinds": ["notification"],
    "recipients": ["csc_duty_team"],
    "purposes": ["section 47 enquiry"],
    "since": "01/12/2026",
    "until": "30/11/2027",
    "reason": "A Red cannot wait",
}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"standing_id": ""}, "Write what your agency calls it"),
        ({"kinds": []}, "Choose what may leave"),
        ({"recipients": ["gp_of_nobody"]}, "Choose to whom it may go"),
        ({"purposes": []}, "Choose what it is for"),
        ({"since": "tomorrow"}, "From which day: write a day"),
        ({"until": "30/02/2027"}, "Until which day: write a day"),
        ({"until": "30/11/2026"}, "no earlier than the first"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_what_a_release_beforehand_lacks_is_said(
    hub: Hub, sergeant: Person, fields: Fields, says: str
) -> None:
    answer = sergeant.sends(f"{DESK}/beforehand", {**BEFOREHAND, **fields, "step": "send"})
    assert (answer.status_code, says in unescape(answer.text)) == (422, True)
    assert facts(hub, "police", StandingReleased) == []


def test_something_is_released_beforehand_by_a_decision_maker_once_they_have_read_it_back(
    app: Starlette, hub: Hub, sergeant: Person
) -> None:
    at = f"{DESK}/beforehand"
    assert f'href="{at}"' in sergeant.get(f"{DESK}/standing").text
    checked = unescape(sergeant.sends(at, BEFOREHAND).text)
    for said in ("Duty Team", "Section 47 enquiry".lower(), "1 December 2026", "30 November 2027"):
        assert said in checked
    hub.embedded().drain()
    assert facts(hub, "police", StandingReleased) == []
    changed = sergeant.sends(at, {**BEFOREHAND, "step": "change"}).text
    assert 'value="front-line-2027"' in changed
    sent = sergeant.sends(at, {**BEFOREHAND, "step": "send"})
    assert sent.headers["location"].startswith(f"{DESK}/standing?done=")
    hub.embedded().drain()
    (fact,) = facts(hub, "police", StandingReleased)
    told = fact.message.data
    assert isinstance(told, StandingReleased)
    assert (told.decision.decided_by, told.decision.standing_id) == (SERGEANT, "front-line-2027")
    assert "front-line-2027" in sergeant.get(f"{DESK}/standing").text
    assert "this one takes its place" in sergeant.sends(at, BEFOREHAND).text
    nurse = Person(app)
    nurse.enters(hub, "P. Nurse")
    assert "front-line-2027" not in nurse.get(f"{DESK}/standing").text
    inspector = Person(app)
    inspector.enters(hub, "N. Inspector")
    inspector.sends(at, {**BEFOREHAND, "standing_id": "other", "step": "send"})
    hub.embedded().drain()
    assert "other" not in [one.standing_id for one in standing_of(hub, asker(hub, SERGEANT))]


def test_who_is_no_decision_maker_ends_nothing(app: Starlette, hub: Hub, sergeant: Person) -> None:
    tells(hub, "police", "mash.standing-release.v1", **RELEASE)
    other = Person(app)
    other.enters(hub, "N. Inspector")
    (at,) = set(re.findall(rf"{DESK}/standing/[\w-]+", other.get(f"{DESK}/standing").text))
    other.sends(at, {"stage": "send", "reason": "x"})
    hub.embedded().drain()
    assert sergeant.get(at).status_code == 200


def test_all_of_its_own_is_told_and_that_somebody_asked(
    hub: Hub, sergeant: Person, referral: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends(sergeant, f"{place(hub)}/sanitised", stage="send")
    hub.embedded().drain()
    text = sergeant.get(f"{DESK}/ours").text
    for said in ("Told to the hub", "Approved", SERGEANT, "Sent on its way", "Sample Early Help"):
        assert said in text
    assert "01632 960555" not in text
    assert len(facts(hub, "police", RecordAccessed)) == 1
    monkeypatch.setattr(owned, "_PAGE_CASES", 1)
    older = re.search(rf'href="({DESK}/ours[^"]*before=[0-9]+)"', sergeant.get(f"{DESK}/ours").text)
    assert older is not None
    assert "Told to the hub" in sergeant.get(unescape(older[1])).text
    assert "There is nothing older in this time" in sergeant.get(f"{DESK}/ours?before=1").text


# --- signed


@pytest.fixture
def signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Hub]]:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    folder, made = asking_hub(tmp_path / "hub", signing=True)
    yield folder.keys, made
    made.database.close()


def test_what_has_to_be_signed_goes_as_a_file_and_comes_back_signed(
    signing: tuple[Path, Hub],
) -> None:
    folder, hub = signing
    referral, person = asked(hub), Person(app_of(hub))
    person.enters(hub, SERGEANT)
    at = place(hub)
    check = person.get(f"{at}/sanitised").text
    assert "It has to be signed" in check
    assert 'value="send"' not in check
    file = person.get(f"{at}/file")
    assert file.headers["content-disposition"].startswith("attachment; ")
    key = keys.read(folder / "police.key")
    signed = decide(request_of(file.content), Decision(Choice.RELEASE_SANITISED), key=key)
    token = person.token(DESK)

    def brings(body: bytes) -> httpx.Response:
        files = {"decision": ("decision.json", body, "application/json")}
        fields = {"form_token": token, "stage": "review"}
        return person.asks("POST", f"{at}/signed", data=fields, files=files)

    other = json.dumps(signed | {"product_id": "another"}).encode()
    unsigned = json.dumps(signed | {"envelope": None}).encode()
    reworded = json.dumps(signed | {"digest": "0" * 64}).encode()
    for body, says in [
        (b"{}", "Select the file"),
        (b"\xff", "could not read"),
        (other, "about another request"),
        (unsigned, "is not signed"),
        (reworded, "What is signed is not"),
    ]:
        assert says in brings(body).text
    answer = brings(json.dumps(signed).encode())
    assert "Check what was signed" in answer.text
    text = re.search(r'<textarea name="decision" hidden>\n(.*?)</textarea>', answer.text, re.S)
    assert text is not None
    sent = person.sends(f"{at}/signed", {"decision": unescape(text[1]), "stage": "send"})
    assert sent.status_code == 303
    hub.embedded().drain()
    (approved,) = facts(hub, referral, ProductApproved)
    assert isinstance(approved.message.data, ProductApproved)
    assert approved.message.data.approvals[0].envelope is not None


def test_without_a_signature_nothing_is_sent(signing: tuple[Path, Hub]) -> None:
    _, hub = signing
    referral, person = asked(hub), Person(app_of(hub))
    person.enters(hub, SERGEANT)
    at = place(hub)
    seen = hidden(person.get(f"{at}/withhold").text, "seen")
    answer = person.sends(f"{at}/sanitised", {"seen": seen, "stage": "send"}, page=DESK)
    assert "It has to be signed" in answer.text
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided) == []


def uploads(person: Person, at: str, decision: dict[str, object], stage: str) -> httpx.Response:
    files = {"decision": ("decision.json", json.dumps(decision).encode(), "application/json")}
    fields = {"form_token": person.token(DESK), "stage": stage}
    return person.asks("POST", f"{at}/signed", data=fields, files=files)


def test_a_file_withholds_nothing_in_another_persons_name(signing: tuple[Path, Hub]) -> None:
    folder, hub = signing
    referral, other = asked(hub), Person(app_of(hub))
    other.enters(hub, "N. Inspector")
    at = place(hub)
    request = request_of(other.get(f"{at}/file").content)
    key = keys.read(folder / "police.key")
    signed = decide(request, Decision(Choice.RELEASE_SANITISED), key=key)
    ids = {name: signed[name] for name in HEAD}
    withheld = ids | {"choice": "withhold", "decided_by": SERGEANT, "reason": "x", "signpost": True}
    for forged in (withheld, withheld | {"envelope": signed["envelope"]}):
        for stage in ("review", "send"):
            answer = uploads(other, at, forged, stage)
            assert (answer.status_code, "in your own name" in answer.text) == (422, True)
    hub.embedded().drain()
    assert facts(hub, referral, ItemDecided, ItemWithheld) == []
