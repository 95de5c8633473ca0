"""What a social worker decides beside the rating: what is kept back, consent, schools, adults,
requests, outcomes, handovers and disagreements.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette

from ops.console import sending
from ops.console.front_door.decisions import DECISIONS
from ops.look.kept_back import Kept
from ops.run.wiring import Hub
from schemas.consent import ConsentReceived
from schemas.decisions import AdultsDecided, OutcomeDecided, RatingDecided, RequestDecided
from schemas.disagreements import (
    DisagreementRaised,
    DisagreementReceived,
    DisagreementWithdrawn,
)
from schemas.handover import HandoverDecided, HandoverGiven, ReferralGiven
from schemas.operations import RecordRevealed
from schemas.safety import Danger, Hit, SafetyDecided
from schemas.school import SchoolDecided
from tests.support.console import Fields, Person, app_of, hidden
from tests.support.desks import KIM, LEAD, Desks
from tests.support.filled import empty_hub
from tests.support.front_door import DESK, RATING, decides, facts, row_of, somebody, told


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


OUTCOME = {
    "outcome": "early_help",
    "rationale": "The family agrees to it",
    "may_be_told": "The family is offered help.",
}


FATHER = {
    "name": {"given_name": ["Marek"], "family_name": ["Oldroyd"]},
    "date_of_birth": {"date": "1984-03-02"},
    "relationship": "father",
    "risk": "fled_from",
    "works_for": ["Sample General Practices"],
}


def test_what_is_kept_back_is_decided_by_who_is_named_for_it(
    app: Starlette, hub: Hub, worker: Person
) -> None:
    referral = told(hub, related_person=[FATHER])
    decides(worker, f"{DESK}/{referral}/rate", RATING | {"agencies": ["gp"]})
    hub.embedded().drain()
    asked = Desks(hub).letters("gp", "information-request")
    assert referral not in [one["referral_id"] for one in asked]
    hub.embedded().drain()
    page = worker.get(f"{DESK}/{referral}").text
    kept = "A request for information, to Sample General Practices"
    assert kept in page
    assert "A risk person works for the recipient." in page
    assert "D. Manager" in page
    assert "safety" not in offered(worker, referral)
    assert "Something is kept back" in row_of(worker.get(DESK).text, referral)
    assert kept in worker.get(f"{DESK}/kept-back").text

    manager, path = somebody(app, hub, "D. Manager"), f"{DESK}/{referral}/safety"
    hold = re.search(r'name="hold_id" type="radio" value="([^"]+)"', manager.get(path).text)
    assert hold is not None
    said = {"hold_id": hold[1], "choice": "leave_out", "rationale": "He works there"}
    assert "Choose what" in decides(manager, path, said).text  # nothing of it makes that safe
    assert decides(manager, path, said | {"choice": "do_not_send"}).status_code == 303
    (decided,) = facts(hub, referral, SafetyDecided)
    assert (decided.decision.choice, decided.decision.decided_by) == ("do_not_send", "D. Manager")
    assert "kept back" not in worker.get(f"{DESK}/{referral}").text.lower()


def test_what_is_dangerous_by_an_address_is_sent_without_that(
    app: Starlette, hub: Hub, referral: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hit = Hit(
        danger=Danger.PROTECTED_ADDRESS,
        whose="the child",
        where="identity.address",
        says="A protected address is told.",
    )
    kept = Kept("hold-1", referral, "gp", "mash.information-request.v1", (hit,), False, None, None)
    monkeypatch.setattr("ops.look.kept_back.of", lambda *_: [kept])
    manager, path = somebody(app, hub, "D. Manager"), f"{DESK}/{referral}/safety"
    assert "Something kept back is dangerous by this." in manager.get(path).text
    said = {"hold_id": "hold-1", "choice": "leave_out", "rationale": "They moved there since"}
    assert "Tick what to leave out" in decides(manager, path, said).text
    decides(manager, path, said | {"leaves_out": "address"})
    (decided,) = facts(hub, referral, SafetyDecided)
    assert decided.decision.leaves_out == ("address",)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"answer": ""}, "Choose what they say"),
        ({"answer": "not_sought"}, "Say why they were not asked"),
        ({"answer": "overridden", "reason": "Harm"}, "Say on which legal basis"),
        ({"answer": "given", "asked_at": "yesterday"}, "write a day and time"),
    ],
)
def test_what_consent_lacks_is_said(
    hub: Hub, worker: Person, referral: str, fields: Fields, says: str
) -> None:
    answer = decides(worker, f"{DESK}/{referral}/consent", fields)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert facts(hub, referral, ConsentReceived) == []


def test_consent_is_recorded_as_it_was_asked_for(hub: Hub, worker: Person, referral: str) -> None:
    said = {"answer": "given", "whom": "the mother", "asked_at": "04/07/2026 14:30"}
    assert decides(worker, f"{DESK}/{referral}/consent", said).status_code == 303
    (received,) = facts(hub, referral, ConsentReceived)
    consent = received.consent
    assert (consent.told_by, consent.whom) == ("S. Worker", "the mother")
    assert consent.asked_at == dt.datetime(2026, 7, 4, 13, 30, tzinfo=dt.UTC)
    assert "S. Worker, Sample Children" in worker.get(f"{DESK}/{referral}").text


def test_that_consent_is_being_asked_for_is_recorded(
    hub: Hub, worker: Person, referral: str
) -> None:
    said = {"answer": "asked_for", "whom": "the mother"}
    assert decides(worker, f"{DESK}/{referral}/consent", said).status_code == 303
    assert [one.consent.answer for one in facts(hub, referral, ConsentReceived)] == ["asked_for"]
    assert "Asked for" in worker.get(f"{DESK}/{referral}").text


def test_a_school_that_no_letter_goes_to_is_told_by_somebody(hub: Hub, worker: Person) -> None:
    referral = told(hub, concern=["domestic-abuse"])
    page = worker.get(f"{DESK}/{referral}").text
    assert "school is to be told of this incident" in page
    assert referral in worker.get(f"{DESK}/kept-back").text
    path = f"{DESK}/{referral}/school"
    sends = {"action": "tell", "rationale": "She goes there"}
    assert "Choose which school" in decides(worker, path, sends).text
    rang = {"action": "told", "rationale": "I rang Mr Head at 8am"}
    assert decides(worker, path, rang).status_code == 303
    (decided,) = facts(hub, referral, SchoolDecided)
    assert (decided.decision.action, decided.decision.decided_by) == ("told", "S. Worker")
    assert "school is to be told" not in worker.get(f"{DESK}/{referral}").text
    assert referral not in worker.get(f"{DESK}/kept-back").text


def test_two_adults_are_settled_to_be_two(hub: Hub, worker: Person) -> None:
    uncle = {**FATHER, "name": {"given_name": ["Anton"], "family_name": ["Sorrel"]}}
    told(hub, related_person=[uncle])
    referral = told(hub, related_person=[uncle])
    path = f"{DESK}/{referral}/adults"
    pair = re.search(r'name="pair" type="radio" value="([^"]+)"', worker.get(path).text)
    assert pair is not None
    said = {"pair": pair[1], "same": "no", "rationale": "Born in other towns"}
    assert decides(worker, path, said).status_code == 303
    (decided,) = facts(hub, referral, AdultsDecided)
    assert (decided.pictured, decided.decision.same) == (True, False)
    assert decided.decision.decided_by == "S. Worker"


def test_an_agency_is_asked_further(hub: Hub, worker: Person, referral: str) -> None:
    assert worker.get(f"{DESK}/{referral}/ask").status_code == 404  # nobody has rated it
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    asked = {"agency": "housing", "question": "Who lives there?", "rationale": "To be sure"}
    assert decides(worker, f"{DESK}/{referral}/ask", asked).status_code == 303
    (decided,) = facts(hub, referral, RequestDecided)
    assert (decided.decision.action, decided.decision.agency) == ("ask", "housing")
    assert "Sample Housing" in worker.get(f"{DESK}/{referral}").text


def test_it_is_closed_in_words_for_the_referrer_and_then_wants_a_reason_to_be_read(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    assert decides(worker, f"{DESK}/{referral}/close", OUTCOME).status_code == 303
    (decided,) = facts(hub, referral, OutcomeDecided)
    assert decided.decision.may_be_told == "The family is offered help."
    outcomes = Desks(hub).letters("police", "referral-outcome")
    assert "The family is offered help." in str(outcomes)
    assert referral not in worker.get(DESK).text
    assert referral in worker.get(f"{DESK}?show=all").text

    other = somebody(app, hub, "T. Worker")
    asked = other.get(f"{DESK}/{referral}")
    assert "Say why you look at this referral" in asked.text
    assert "Robin" not in asked.text
    assert other.sends(f"{DESK}/{referral}", {"why": " "}).status_code == 422
    assert other.sends(f"{DESK}/{referral}", {"why": "A complaint"}).status_code == 303
    assert "Robin" in other.get(f"{DESK}/{referral}").text
    assert {
        look.why for look in facts(hub, referral, RecordRevealed) if look.seen_by == "T. Worker"
    } == {"A complaint"}


def test_why_the_hub_does_not_act_on_a_decision_is_said_and_nothing_is_lost(
    hub: Hub, worker: Person, referral: str
) -> None:
    red = RATING | {"colour": "red", "concern": "Hit on the head at home."}
    decides(worker, f"{DESK}/{referral}/rate", red)
    answer = decides(worker, f"{DESK}/{referral}/close", OUTCOME)
    assert answer.status_code == 422
    assert "Not sent." in answer.text
    assert "The family agrees to it</textarea>" in answer.text


def test_a_request_is_cancelled(hub: Hub, worker: Person, referral: str) -> None:
    path = f"{DESK}/{referral}/change"
    assert worker.get(path).status_code == 404  # nobody is asked
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    found = re.search(r'name="request_id" type="radio" value="([^"]+)"', worker.get(path).text)
    assert found is not None
    chosen = {"request_id": found[1], "action": "cancel", "rationale": "Known already"}
    assert decides(worker, path, chosen).status_code == 303
    (decided,) = facts(hub, referral, RequestDecided)
    assert (decided.decision.action, decided.decision.request_id) == ("cancel", found[1])
    assert "no longer asked" in worker.get(f"{DESK}/{referral}").text


def test_what_a_workers_team_has_is_taken_back(hub: Hub, worker: Person) -> None:
    desks = Desks(hub)
    desks.sent = 900_000
    allocated = {"name": "W. Allocated", "team": "csc_assessment_team", "case_reference": "I-7"}
    case = {"reference": "I-7", "child": KIM, "worker": allocated, "since": "2026-01-05"}
    desks.tells(LEAD, "open-case", **case)
    said = {"reference": "R-team", "observed_at": "2026-11-03T19:40:00Z", "subject": KIM}
    referral = desks.tells("police", "notification", **said, narrative="Kim was out late.")
    assert referral not in worker.get(DESK).text
    assert referral in worker.get(f"{DESK}?show=all").text
    assert "Say why you look" in worker.get(f"{DESK}/{referral}").text
    worker.sends(f"{DESK}/{referral}", {"why": "The team rang"})
    assert "W. Allocated" in worker.get(f"{DESK}/{referral}").text
    taken = decides(worker, f"{DESK}/{referral}/take-back", {"rationale": "Another child"})
    assert taken.status_code == 303
    (decided,) = facts(hub, referral, HandoverDecided)
    assert (decided.decision.action, decided.decision.decided_by) == ("take_back", "S. Worker")
    assert referral in worker.get(DESK).text


def test_it_is_handed_to_a_team_that_reads_it_and_says_that_it_has_it(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    at = f"{DESK}/{referral}/hand-over"
    missing = decides(worker, at, {})
    assert (missing.status_code, "Choose a team" in missing.text) == (422, True)
    over = {"to": "csc_assessment_team", "rationale": "The team knows the family"}
    check = decides(worker, at, over, step="check")
    assert "Children&#39;s Social Care Assessment Team" in check.text
    assert decides(worker, at, over).status_code == 303
    (given,) = facts(hub, referral, HandoverGiven)
    assert (given.agency, given.decided_by) == ("csc_assessment_team", "S. Worker")
    page = worker.get(f"{DESK}/{referral}").text
    assert "Assessment Team by S. Worker" in page
    assert "Nobody there has said yet that they have it" in page
    assert "Assessment Team has it too" in row_of(worker.get(DESK).text, referral)
    assert 'value="csc_assessment_team"' not in worker.get(at).text
    team, there = somebody(app, hub, "A. Assessor"), f"/desk/received/handover/{referral}"
    assert f'href="{there}"' in team.get("/desk/received").text
    told = team.get(there).text
    assert "S. Worker of the hub handed your team this referral" in told
    assert "The child was alone in the street." in told
    assert "The team knows the family" not in told
    assert somebody(app, hub, "E. Helper").get(there).status_code == 404
    assert team.sends(there, {"status": "received"}).status_code == 303
    assert "A. Assessor has it" in worker.get(f"{DESK}/{referral}").text
    back = decides(worker, f"{DESK}/{referral}/take-back", {"rationale": "Not theirs"})
    assert back.status_code == 303
    assert "has it too" not in row_of(worker.get(DESK).text, referral)


def test_it_is_given_to_another_on_whose_list_it_is_then(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    other, at = somebody(app, hub, "T. Worker"), f"{DESK}/{referral}/give"
    mine = f"{DESK}?show=mine"
    assert referral not in other.get(mine).text
    assert decides(worker, at, {"rationale": "I am away"}).status_code == 422
    told = {"person": "T. Worker", "rationale": "I am away"}
    assert decides(worker, at, told).status_code == 303
    (fact,) = facts(hub, referral, ReferralGiven)
    assert (fact.person, fact.decided_by, fact.rationale) == ("T. Worker", "S. Worker", "I am away")
    assert referral not in worker.get(mine).text
    row = row_of(other.get(mine).text, referral)
    assert ("with you" in row, "New since you looked" in row) == (True, True)
    assert "with T. Worker" in row_of(worker.get(DESK).text, referral)
    assert "Given to T. Worker by S. Worker" in other.get(f"{DESK}/{referral}").text
    assert "New since you looked" not in row_of(other.get(mine).text, referral)
    outsider = told | {"person": "M. Sergeant"}
    assert decides(worker, at, outsider).status_code == 422
    assert len(facts(hub, referral, ReferralGiven)) == 1
    manager = somebody(app, hub, "D. Manager")
    again = {"person": "D. Manager", "rationale": "I take it"}
    assert decides(manager, at, again).status_code == 303
    assert "Taken by D. Manager" in worker.get(f"{DESK}/{referral}").text


def test_a_disagreement_is_settled_in_words_for_who_disagrees(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    view = {"disputes": "rating", "profession": "officer", "view": "Worse.", "asks_for": "Red"}
    desks = Desks(hub)
    desks.sent = 950_000
    id_ = desks.tells("police", "disagreement", **view, referral_id=referral, raised_by="P. Sgt")
    manager = somebody(app, hub, "D. Manager")
    settled = {
        "disagreement_id": id_,
        "verdict": "not_upheld",
        "may_be_told": "Nobody was hurt.",
        "rationale": "Seen again",
    }
    assert decides(manager, f"{DESK}/{referral}/settle", settled).status_code == 303
    assert "Nobody was hurt." in manager.get(f"{DESK}/{referral}").text


def test_whoever_disagrees_is_kept_as_their_own_view(
    hub: Hub, worker: Person, referral: str
) -> None:
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    view = {
        "disputes": "rating",
        "profession": "social worker",
        "view": "It is worse than that.",
        "asks_for": "Red",
    }
    assert decides(worker, f"{DESK}/{referral}/disagree", view).status_code == 303
    (received,) = facts(hub, referral, DisagreementReceived)
    assert received.disagreement.raised_by == "S. Worker"
    assert "It is worse than that." in worker.get(f"{DESK}/{referral}").text


def test_the_front_doors_own_disagreement_is_taken_back(
    hub: Hub, worker: Person, referral: str
) -> None:
    at = f"{DESK}/{referral}/agree"
    assert f'href="{at}"' not in worker.get(f"{DESK}/{referral}").text
    view = {"disputes": "link", "profession": "social worker", "view": "It is her brother."}
    decides(worker, f"{DESK}/{referral}/disagree", {**view, "asks_for": "Settle it anew"})
    (raised,) = facts(hub, referral, DisagreementRaised)
    assert f'href="{at}"' in worker.get(f"{DESK}/{referral}").text
    told = {"disagreement_id": raised.disagreement_id, "reason": "I was wrong"}
    assert decides(worker, at, {"reason": "I was wrong"}).status_code == 422
    assert decides(worker, at, told).status_code == 303
    (back,) = facts(hub, referral, DisagreementWithdrawn)
    assert (back.withdrawn_by, back.reason) == ("S. Worker", "I was wrong")
    assert f'href="{at}"' not in worker.get(f"{DESK}/{referral}").text


def test_who_writes_is_told_that_something_came_and_loses_nothing(
    worker: Person, referral: str
) -> None:
    page = worker.get(f"{DESK}/{referral}/rate").text
    assert f'hx-sse:connect="/desk/live/front-door/{referral}/rate?after=' in page
    assert ("what you wrote stays" in page, 'id="live-list"' in page) == (True, False)


def test_what_was_written_comes_back_once_who_decides_has_signed_in_again(
    hub: Hub, worker: Person, referral: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{DESK}/{referral}/rate"
    page = worker.get(path).text
    brought = {name: hidden(page, name) for name in ("form_token", "once", "saw")}
    with monkeypatch.context() as patched:
        patched.setattr("ops.access.acting._is_recent", lambda *_: False)
        answer = worker.posts(path, {**brought, **RATING, "step": "send"})
    assert answer.status_code == 403
    assert "Sign in again" in answer.text
    assert facts(hub, referral, RatingDecided) == []
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    worker.enters(hub, "S. Worker")
    ours = {"sec-fetch-site": "same-origin"}
    older = worker.posts(path, kept, headers=ours)
    assert (older.status_code, "as S. Worker" in older.text) == (403, True)
    kept = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', older.text))
    back = worker.posts(path, kept, headers=ours)
    assert (back.status_code, RATING["rationale"] in back.text) == (200, True)
    elsewhere = worker.posts(path, {**kept, "form_token": "x"})
    assert RATING["rationale"] not in elsewhere.text


def test_who_is_second_is_told_who_was_first_and_has_their_words(
    app: Starlette, hub: Hub, worker: Person, referral: str
) -> None:
    decides(worker, f"{DESK}/{referral}/rate", RATING)
    other = somebody(app, hub, "T. Worker")
    token = other.token(DESK)
    decision = next(one for one in DECISIONS if one.code not in offered(worker, referral))
    late = {"form_token": token, "rationale": "Seen by me", "step": "send"}
    answer = other.posts(f"{DESK}/{referral}/{decision.code}", late)
    assert (answer.status_code, "S. Worker decided" in answer.text) == (409, True)
    assert "Seen by me" in answer.text


def offered(person: Person, referral: str) -> set[str]:
    return set(re.findall(rf'{DESK}/{referral}/([a-z-]+)"', person.get(f"{DESK}/{referral}").text))
