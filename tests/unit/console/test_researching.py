"""An agency answers at its desk what the hub asks it, and nobody else sees or answers that."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from ops.access.acting import asker
from ops.console import sending
from ops.demo.running import DemoFolder
from ops.look import requested
from ops.run.wiring import Hub, open_hub
from schemas.disagreements import DisagreementRaised, DisagreementWithdrawn
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationRequested,
    InformationVolunteered,
)
from schemas.operations import AccessDenied, RecordAccessed
from stores import linking
from tests.support.approving import ROBIN, asked, asking_hub
from tests.support.console import Person, app_of

DESK = "/desk/requests"
RESEARCHER = "H. Researcher"
TOLD = {"text-1": "Seen <i>twice</i> this year.", "sensitivity-1": "sensitive", "shared-1": "all"}


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A hub in which agencies are asked about a child, made once and copied for each test."""
    folder, hub = asking_hub(tmp_path_factory.mktemp("asking") / "hub")
    referral = asked(hub, answered=False)
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
def researcher(app: Starlette, hub: Hub) -> Person:
    person = Person(app)
    person.enters(hub, RESEARCHER)
    return person


def place(hub: Hub) -> str:
    told, kept = requested.open_requests(hub, asker(hub, RESEARCHER))
    (one,) = told.shown
    assert kept == 0
    return f"{DESK}/request/{one.request.referral_id}/{one.name}"


def answered(hub: Hub, referral: str) -> list[InformationAnswered]:
    hub.embedded().drain()
    with hub.database.reading() as connection:
        vault = hub.database.vault
        found = linking.about(connection, vault, ids=[referral], types=[InformationAnswered])
    facts = [one.message.data for one in found]
    return [one for one in facts if isinstance(one, InformationAnswered)]


def test_the_request_says_who_the_child_is_why_it_is_asked_and_on_which_basis(
    hub: Hub, researcher: Person, referral: str
) -> None:
    listed = researcher.get(DESK).text
    assert "1 request waits" in listed
    assert "Kim" not in listed
    text = unescape(researcher.get(place(hub)).text)
    with hub.database.reading() as connection:
        vault = hub.database.vault
        (sent,) = linking.about(connection, vault, ids=[referral], types=[InformationRequested])
    assert isinstance(sent.message.data, InformationRequested)
    (mine,) = (one for one in sent.message.data.requests if one.agency == "gp")
    for said in (mine.summary, mine.purpose, mine.legal_basis, mine.sharing_policy):
        assert said in text
    assert "999 000 0018" in text
    assert "01632 960555" not in text
    with hub.database.reading() as connection:
        assert linking.count(connection, RecordAccessed) == 1
    for path in ("known", "unknown", "declined"):
        researcher.get(f"{place(hub)}/{path}")
    with hub.database.reading() as connection:
        assert linking.count(connection, RecordAccessed) == 4


def test_what_is_due_first_stands_first(hub: Hub, researcher: Person, referral: str) -> None:
    sooner = asked(hub, reference="R-2", child=ROBIN, colour="amber", answered=False)
    listed = re.findall(rf'href="{DESK}/request/([^/"]+)/', researcher.get(DESK).text)
    assert list(dict.fromkeys(listed)) == [sooner, referral]


def test_it_answers_with_items_and_who_may_see_each(
    hub: Hub, researcher: Person, referral: str
) -> None:
    at = f"{place(hub)}/known"
    more = researcher.sends(at, {"stage": "add", "count": "1", **TOLD}).text
    assert "Item 2" in more
    assert "Seen &lt;i&gt;twice" in more
    second = {"text-2": "A neighbour told us.", "sensitivity-2": "restricted", "shared-2": "none"}
    fields = {"count": "2", **TOLD, **second}
    refused = researcher.sends(at, {"stage": "send", **fields})
    assert refused.status_code == 422
    assert "Item 2: say why it is kept back" in refused.text
    fields |= {"reason-2": "She would be found out", "signpost-2": "no"}
    check = researcher.sends(at, {"stage": "review", **fields}).text
    assert "Check your answer" in check
    assert "<i>" not in check
    assert answered(hub, referral) == []
    assert researcher.sends(at, {"stage": "send", **fields}).status_code == 303
    (fact,) = answered(hub, referral)
    first, other = fact.items
    assert (first.text, first.may_leave, first.signpost) == (TOLD["text-1"], True, False)
    assert (other.may_be_revealed, other.may_leave, other.signpost) == (False, False, False)
    assert (other.reason, fact.answered_by) == ("She would be found out", RESEARCHER)
    assert "There is nothing to answer" in researcher.get(DESK).text
    assert researcher.get(at).status_code == 404
    late = researcher.sends(at, {"stage": "send", **fields}, page=DESK)
    assert (late.status_code, f"{RESEARCHER} answered it" in late.text) == (409, True)
    assert "A neighbour told us." in late.text


def test_it_says_that_it_does_not_know_the_child(
    hub: Hub, researcher: Person, referral: str
) -> None:
    at = place(hub)
    assert researcher.sends(at, {"choice": "everything"}).status_code == 422
    assert researcher.sends(at, {"choice": "unknown"}).headers["location"] == f"{at}/unknown"
    assert "Not known to us" in researcher.get(f"{at}/unknown").text
    assert researcher.sends(f"{at}/unknown", {"stage": "send"}).status_code == 303
    (fact,) = answered(hub, referral)
    assert (fact.known, fact.items) == (False, ())


def test_nobody_answers_another_question_than_they_read(
    hub: Hub, researcher: Person, referral: str
) -> None:
    at = place(hub)
    assert 'name="seen"' in researcher.get(f"{at}/known").text
    for choice in ("known", "unknown"):
        fields = {"stage": "send", "count": "1", "seen": "0" * 64, **TOLD}
        answer = researcher.sends(f"{at}/{choice}", fields)
        assert (answer.status_code, "question has changed" in answer.text) == (409, True)
        assert choice == "unknown" or "Seen &lt;i&gt;twice" in answer.text
    assert answered(hub, referral) == []


def test_it_declines_with_a_reason(hub: Hub, researcher: Person, referral: str) -> None:
    at = f"{place(hub)}/declined"
    refused = researcher.sends(at, {"stage": "send", "signpost-1": "no"})
    assert "say why it is kept back" in refused.text
    told = {"reason-1": "A court forbids it", "signpost-1": "yes"}
    assert researcher.sends(at, {"stage": "send", **told}).status_code == 303
    (fact,) = answered(hub, referral)
    (item,) = fact.items
    assert isinstance(item, InformationItem)
    assert (item.reason, item.signpost) == ("A court forbids it", True)
    assert not item.may_be_revealed
    assert not item.may_leave


def test_it_tells_what_nobody_asked_for(hub: Hub, researcher: Person, referral: str) -> None:
    at = f"{DESK}/tell"
    assert researcher.sends(at, {"stage": "send", "count": "1", **TOLD}).status_code == 422
    nobody = {"stage": "send", "count": "1", "about": "no-such-reference", **TOLD}
    assert "did not take this" in researcher.sends(at, nobody).text
    fields = {"count": "1", "about": referral, **TOLD}
    assert "nobody has asked for" in researcher.sends(at, {"stage": "review", **fields}).text
    assert researcher.sends(at, {"stage": "send", **fields}).status_code == 303
    hub.embedded().drain()
    with hub.database.reading() as connection:
        assert linking.count(connection, InformationVolunteered) == 1


def test_nobody_else_sees_or_answers_it(app: Starlette, hub: Hub, referral: str) -> None:
    at = place(hub)
    for who in ("S. Worker", "M. Sergeant", "A. Operator", "J. Auditor"):
        other = Person(app)
        other.enters(hub, who)
        for path in (DESK, at, f"{at}/known", f"{at}/unknown", f"{DESK}/tell"):
            answer = other.get(path)
            assert answer.status_code == 403
            assert "Kim" not in answer.text
    with hub.database.reading() as connection:
        assert linking.count(connection, AccessDenied) == 20
    teacher = Person(app)
    teacher.enters(hub, "Q. Teacher")
    theirs = {"form_token": teacher.token(DESK), "stage": "send"}
    for path in ("", "/known", "/unknown", "/declined"):
        assert teacher.get(at + path).status_code == 404
        assert teacher.posts(at + path, theirs).status_code == 404
    assert teacher.get(f"{DESK}/request/nothing/nothing").status_code == 404
    assert answered(hub, referral) == []


def test_a_form_of_elsewhere_answers_nothing(hub: Hub, researcher: Person, referral: str) -> None:
    at, token = place(hub), researcher.token(DESK)
    for path in ("/known", "/unknown", "/declined"):
        fields = {"stage": "send", "count": "1", "reason-1": "x", **TOLD}
        assert researcher.posts(at + path, fields).status_code == 403
        evil = {"origin": "https://evil.example"}
        sent = {**fields, "form_token": token}
        assert researcher.posts(at + path, sent, headers=evil).status_code == 403
    assert answered(hub, referral) == []


VIEW = {
    "disputes": "rating",
    "profession": "GP",
    "view": "It is worse than green.",
    "asks_for": "Amber",
    "may_be_revealed": "yes",
}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"about": ""}, "Write the number of the referral"),
        ({"disputes": "withholding"}, "Choose who holds it back"),
        ({"view": ""}, "Say how you see it"),
        ({"may_be_revealed": ""}, "Say whether others may read it"),
        ({"about": "R-unknown", "step": "send"}, "The hub did not take this"),
    ],
)
def test_what_a_disagreement_lacks_is_said(
    hub: Hub,
    researcher: Person,
    referral: str,
    monkeypatch: pytest.MonkeyPatch,
    fields: dict[str, str],
    says: str,
) -> None:
    waits = SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: hub.embedded().drain())
    monkeypatch.setattr(sending, "time", waits)
    monkeypatch.setattr(sending, "_PATIENCE", 5.0)
    answer = researcher.sends(f"{DESK}/disagree", {"about": referral, **VIEW, **fields})
    assert (answer.status_code, says in answer.text) == (422, True)
    assert ">Amber</textarea>" in answer.text
    assert disagreed(hub, referral) == []


def test_an_agency_disagrees_in_its_own_words_once_it_has_read_them_back(
    hub: Hub, researcher: Person, referral: str
) -> None:
    at = f"{DESK}/disagree"
    assert f'href="{at}"' in researcher.get(DESK).text
    assert f'value="{referral}"' in researcher.get(f"{at}?about={referral}").text
    said = {"about": referral, **VIEW}
    checked = researcher.sends(at, said)
    assert ("Check before you send" in checked.text, disagreed(hub, referral)) == (True, [])
    answer = researcher.sends(at, said | {"step": "send"})
    assert answer.headers["location"] == f"{DESK}?done=disagreed"
    (fact,) = disagreed(hub, referral)
    assert (fact.agency, fact.raised_by, fact.view) == ("gp", RESEARCHER, VIEW["view"])


def test_a_disagreement_is_taken_back_by_who_raised_it_alone(
    app: Starlette, hub: Hub, researcher: Person, referral: str
) -> None:
    every = f"{DESK}/differences"
    assert f'href="{every}"' in researcher.get(DESK).text
    assert "Nothing." in researcher.get(every).text
    researcher.sends(f"{DESK}/disagree", {"about": referral, **VIEW, "step": "send"})
    (fact,) = disagreed(hub, referral)
    at = f"{every}/{fact.disagreement_id}"
    assert f'href="{at}"' in researcher.get(every).text
    said = {"reason": "The rating <b>was</b> raised"}
    assert researcher.sends(at, {"step": "send"}).status_code == 422
    assert researcher.sends(at, {"reason": "x" * 501, "step": "send"}).status_code == 422
    assert "Check before you send" in researcher.sends(at, said).text
    other = Person(app)
    other.enters(hub, "E. Helper")
    assert other.get(at).status_code == 404
    assert other.posts(at, {**said, "step": "send"}).status_code == 403
    assert other.sends(at, {**said, "step": "send"}, page=DESK).status_code == 404
    assert withdrawn(hub, referral) == []
    answer = researcher.sends(at, {**said, "step": "send"})
    assert answer.headers["location"].startswith(f"{every}?done=")
    (back,) = withdrawn(hub, referral)
    assert (back.withdrawn_by, back.reason) == (RESEARCHER, said["reason"])
    text = researcher.get(every).text
    assert ("Taken back" in text, f'href="{at}"' in text) == (True, False)
    assert "The rating &lt;b&gt;was&lt;/b&gt; raised" in text
    second = researcher.sends(at, {**said, "step": "send"}, page=DESK)
    assert (second.status_code, f"{RESEARCHER} ended it" in second.text) == (409, True)


def withdrawn(hub: Hub, referral: str) -> list[DisagreementWithdrawn]:
    hub.embedded().drain()
    with hub.database.reading() as connection:
        vault = hub.database.vault
        found = linking.about(connection, vault, ids=[referral], types=[DisagreementWithdrawn])
    facts = [one.message.data for one in found]
    return [one for one in facts if isinstance(one, DisagreementWithdrawn)]


def disagreed(hub: Hub, referral: str) -> list[DisagreementRaised]:
    hub.embedded().drain()
    with hub.database.reading() as connection:
        vault = hub.database.vault
        found = linking.about(connection, vault, ids=[referral], types=[DisagreementRaised])
    facts = [one.message.data for one in found]
    return [one for one in facts if isinstance(one, DisagreementRaised)]
