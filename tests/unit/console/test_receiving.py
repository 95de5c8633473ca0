"""A recipient's people read at their desk what was sent to them alone, and say what they did."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text as sql

from ops.access.acting import asker
from ops.console import sending
from ops.demo.running import DemoFolder
from ops.look import changes, handed, received
from ops.run.wiring import Hub, open_hub
from router.steps.release.decide import STEP
from schemas.base import Fact
from schemas.changes import ChangeAcknowledged, ChangeFetched
from schemas.decisions import ProductFetched
from schemas.handover import (
    HandoverConfirmed,
    HandoverFetched,
    HandoverGivenUp,
    HandoverRefused,
)
from schemas.product import ProductActedOn, ProductDelivered, ProductReturned, RecallAnswered
from stores import linking, states
from stores.database import Transaction
from tests.support.approving import (
    ROBIN,
    SERGEANT,
    asked,
    asking_hub,
    released,
    rerated,
    wanted_back,
)
from tests.support.console import Person, app_of
from tests.support.desk import LEAD, letters, tells
from tests.support.filled import seen_by_lead

DESK = "/desk/received"
HELPER, ASSESSOR = "E. Helper", "A. Assessor"


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A hub in which early help is sent what the police let leave; made once, for all tests."""
    folder, hub = asking_hub(tmp_path_factory.mktemp("sent") / "hub")
    referral = asked(hub)
    released(hub)
    hub.database.close()
    return folder.path, referral


@pytest.fixture
def hub(sent: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    monkeypatch.setattr(sending, "_PATIENCE", 0.0)
    copied = DemoFolder(Path(shutil.copytree(sent[0], tmp_path / "hub")))
    opened = open_hub(copied.config, {})
    yield opened
    opened.database.close()


def entered(hub: Hub, who: str = HELPER) -> Person:
    person = Person(app_of(hub))
    person.enters(hub, who)
    return person


def place(hub: Hub) -> str:
    (one,) = received.waiting(hub, asker(hub, HELPER))
    return f"{DESK}/product/{one.product_id}"


def count(hub: Hub, type_: type[Fact]) -> int:
    hub.embedded().drain()
    with hub.database.reading() as connection:
        return linking.count(connection, type_)


def test_who_opens_a_product_first_has_fetched_it_and_the_list_tells_of_no_child(hub: Hub) -> None:
    helper = entered(hub)
    text = helper.get(DESK).text
    assert "Early help assessment" in text
    assert ">Green<" in text
    assert "Kim" not in text
    assert count(hub, ProductFetched) == 0
    for _ in range(2):
        text = helper.get(place(hub)).text
        for said in ("Kim Invented", "999 000 0018", "rang us on [telephone]", "Sample Police"):
            assert said in text
        assert "01632 960555" not in text
        assert "<b>" not in text
        assert count(hub, ProductFetched) == 1
    assert [one.type for one in hub.queues.lease("early_help", limit=9, seconds=60)] != []


def test_what_the_agencys_system_has_fetched_is_read_at_the_desk_too(hub: Hub) -> None:
    leased = hub.queues.lease("early_help", limit=99, seconds=60)
    assert count(hub, ProductFetched) == 1
    assert "Kim Invented" in entered(hub).get(place(hub)).text
    hub.queues.acknowledge("early_help", [one.id for one in leased])
    assert "rang us on [telephone]" in entered(hub).get(place(hub)).text
    assert count(hub, ProductFetched) == 1


def test_a_person_says_that_they_have_it(hub: Hub) -> None:
    helper, at = entered(hub), place(hub)
    faulty = helper.sends(at, {})
    assert faulty.status_code == 422
    assert 'aria-describedby="status-error"' in faulty.text
    assert helper.sends(at, {"status": "received"}).status_code == 303
    assert count(hub, ProductDelivered) == 1
    text = helper.get(DESK).text
    assert "There is no product that nobody has yet" in text
    assert f"{HELPER} said so" in text
    assert f'href="{at}"' in text
    page = helper.get(at)
    assert (page.status_code, "rang us on [telephone]" in page.text) == (200, True)
    assert f"{HELPER} said on" in page.text
    assert 'name="reason"' not in page.text
    second = helper.sends(at, {"status": "refused", "reason": "Moved away"}, page=DESK)
    assert (second.status_code, "Moved away" in second.text) == (409, True)
    other = entered(hub, "Q. Teacher")
    assert other.get(at).status_code == 404
    assert HELPER not in other.get(DESK).text


def test_what_was_done_is_told_later_and_read_by_the_social_worker_alone(
    hub: Hub, sent: tuple[Path, str]
) -> None:
    helper, at = entered(hub), place(hub)
    assert 'name="done"' not in helper.get(at).text
    told = {"done": "<b>Visited</b> on Tuesday; she takes the help."}
    assert helper.sends(at, told).status_code == 422
    assert helper.sends(at, {"status": "received"}).status_code == 303
    count(hub, ProductDelivered)
    front_door = f"/desk/front-door/{sent[1]}"
    worker = entered(hub, "S. Worker")
    assert "did with what it was sent" not in worker.get(front_door).text
    assert "what was done is not told yet" in helper.get(DESK).text
    for done, says in (("", "Say what was done"), ("x" * 4001, "4000 characters or fewer")):
        faulty = helper.sends(at, {"done": done})
        assert (faulty.status_code, says in faulty.text) == (422, True)
    other = entered(hub, "Q. Teacher")
    token = other.token(DESK)
    assert other.posts(at, {"form_token": token, **told}).status_code == 404
    assert count(hub, ProductActedOn) == 0
    for _ in range(2):
        assert helper.sends(at, told).status_code == 303
        assert count(hub, ProductActedOn) == 1
    assert "what was done is told" in helper.get(DESK).text
    assert "&lt;b&gt;Visited&lt;/b&gt; on Tuesday" in helper.get(at).text
    page = worker.get(front_door).text
    assert "What Sample Early Help did with what it was sent: &lt;b&gt;Visited" in page
    assert "&lt;b&gt;Visited&lt;/b&gt; on Tuesday; she takes the help.</span></blockquote>" in page
    assert f"{HELPER}, " in page
    (letter,) = letters(hub, LEAD, "mash.what-is-new.v1")[-1:]
    assert letter["news"] == ["Sample Early Help told what was done with what it was sent."]
    assert "Visited" not in other.get(DESK).text
    assert entered(hub, SERGEANT).get(at).status_code == 403


@pytest.mark.parametrize("clock", [True, False], ids=["ended", "none"])
def test_what_nobody_has_stays_on_the_list_without_a_clock(hub: Hub, *, clock: bool) -> None:
    at = place(hub)
    with hub.database.transaction() as transaction:
        forget_clock(transaction, at.rpartition("/")[2], fetched=clock)
    helper = entered(hub)
    assert f'href="{at}"' in helper.get(DESK).text
    assert helper.sends(at, {"status": "received"}).status_code == 303
    assert count(hub, ProductDelivered) == 1


def forget_clock(transaction: Transaction, product_id: str, *, fetched: bool) -> None:
    """As where the chain of its clock has ended, or its profile has none."""
    step = STEP.name
    ((version, body),) = states.load(transaction, step, keys={product_id}).values()
    without = json.dumps(json.loads(body) | {"receipt": None, "fetched": fetched}).encode()
    states.save(transaction, step, documents={product_id: (version + 1, without)})
    transaction.connection.execute(sql("DELETE FROM timers WHERE step = :step"), {"step": step})


def test_what_is_not_theirs_is_given_back_with_a_reason(hub: Hub) -> None:
    helper, at = entered(hub), place(hub)
    assert "Say why" in helper.sends(at, {"status": "refused"}).text
    told = {"status": "refused", "reason": "Lives elsewhere"}
    assert helper.sends(at, told).status_code == 303
    assert count(hub, ProductReturned) == 1


def test_nobody_else_reads_or_takes_it(hub: Hub) -> None:
    at = place(hub)
    hub.queues.lease("early_help", limit=99, seconds=60)
    assert count(hub, ProductFetched) == 1
    for who in ("S. Worker", SERGEANT, "A. Operator"):
        answer = entered(hub, who).get(at)
        assert answer.status_code == 403
        assert "Kim" not in answer.text
    other = entered(hub, "Q. Teacher")
    assert other.get(at).status_code == 404
    token = other.token(DESK)
    taking = {"form_token": token, "status": "received"}
    assert other.posts(at, taking).status_code == 404
    assert other.get(f"{DESK}/recall/nothing").status_code == 404
    assert entered(hub).posts(at, {"status": "received"}).status_code == 403
    assert count(hub, ProductDelivered) == 0


def test_what_is_wanted_back_is_answered(hub: Hub) -> None:
    helper, at = entered(hub), place(hub)
    helper.sends(at, {"status": "received"})
    count(hub, ProductDelivered)
    wanted_back(hub)
    assert "rang us on" not in helper.get(at).text
    (recall,) = received.wanted_back(hub, asker(hub, HELPER))
    back = f"{DESK}/recall/{recall.recall_id}"
    assert back in helper.get(DESK).text
    assert entered(hub, "Q. Teacher").get(back).status_code == 404
    assert helper.sends(back, {"status": "cannot"}).status_code == 422
    assert helper.sends(back, {"status": "destroyed"}).status_code == 303
    assert count(hub, RecallAnswered) == 1
    assert "Nothing is wanted back" in helper.get(DESK).text


def test_a_person_says_that_they_know_what_has_changed(hub: Hub, sent: tuple[Path, str]) -> None:
    helper, product = entered(hub), place(hub)
    helper.sends(product, {"status": "received"})
    count(hub, ProductDelivered)
    assert "Changed since" not in helper.get(DESK).text
    rerated(hub, sent[1])
    (change,) = changes.waiting(hub, asker(hub, HELPER))
    at = f"{DESK}/change/{change.change_id}"
    assert (f'href="{at}"' in helper.get(DESK).text, "Kim" in helper.get(DESK).text) == (
        True,
        False,
    )
    text = helper.get(at).text
    assert "The rating was raised from Green to Amber." in text
    assert f'href="{product}"' in text
    (letter,) = letters(hub, "early_help", "mash.product-changed.v1")
    assert (change.says, change.to_do) == (letter["changed"], letter["to_do"])
    assert count(hub, ChangeFetched) == 1
    assert entered(hub, "L. Teacher").get(at).status_code == 404
    assert f'href="{at}"' in helper.get(product).text
    assert helper.sends(at, {}).status_code == 303
    assert count(hub, ChangeAcknowledged) == 1
    assert "Changed since" not in helper.get(DESK).text
    assert helper.get(at).status_code == 404
    text = helper.get(product).text
    assert ("raised from Green to Amber" in text, f'href="{at}"' in text) == (True, False)


MOTHER = {"name": {"given_name": ["Jo"], "family_name": ["Sample"]}, "relationship": "mother"}


def handed_over(hub: Hub) -> str:
    """A referral about a child who has a social worker of the assessment team."""
    worker = {"name": "W. Allocated", "team": "csc_assessment_team", "case_reference": "ICS-7"}
    case = {"reference": "ICS-7", "child": ROBIN, "worker": worker, "since": "2026-01-05"}
    tells(hub, LEAD, "mash.open-case.v1", **case)
    said = {
        "reference": "R-9",
        "observed_at": "2026-11-03T19:40:00Z",
        "subject": ROBIN | {"related_person": [MOTHER]},
    }
    tells(hub, "police", "mash.notification.v1", **said, narrative="Robin was out at night.")
    (one,) = handed.all_of(hub, asker(hub, ASSESSOR))
    return one.referral_id


def test_a_worker_team_reads_what_it_was_handed_and_has_it_or_not(hub: Hub) -> None:
    referral = handed_over(hub)
    team, at = entered(hub, ASSESSOR), f"{DESK}/handover/{referral}"
    page = team.get(DESK).text
    assert (f'href="{at}"' in page, "Robin" in page) == (True, False)
    assert "1 waits for a person of your agency" in page
    assert "has to say something of" in team.get("/desk/requests").text
    assert count(hub, HandoverFetched) == 0
    text = team.get(at).text
    assert "Robin Sample" in text
    assert "Robin was out at night." in text
    assert "Jo Sample, mother" in text
    assert count(hub, HandoverFetched) == 1
    assert entered(hub).get(at).status_code == 404
    assert team.sends(at, {"status": "refused"}).status_code == 422
    assert team.sends(at, {"status": "received"}).status_code == 303
    assert count(hub, HandoverConfirmed) == 1
    page = team.get(DESK).text
    assert (f"{ASSESSOR} has it" in page, "0 wait for a person" in page) == (True, True)
    after = {"status": "refused", "reason": "She left the team"}
    assert team.sends(at, after).status_code == 303
    assert count(hub, HandoverRefused) == 1


def test_what_is_taken_back_from_a_team_is_given_up(hub: Hub) -> None:
    referral = handed_over(hub)
    team, at = entered(hub, ASSESSOR), f"{DESK}/handover/{referral}"
    team.get(at)
    tells(
        hub,
        LEAD,
        "mash.handover-decision.v1",
        referral_id=referral,
        case_id=handed.all_of(hub, asker(hub, ASSESSOR))[0].case_id,
        action="take_back",
        decided_by="S. Worker",
        rationale="Another child",
        saw=seen_by_lead(hub, referral),
    )
    text = team.get(at).text
    assert "A referral is taken back from your team" in text
    assert "Robin" not in text
    assert team.sends(at, {"status": "received"}).status_code == 422
    assert team.sends(at, {"status": "given_up"}).status_code == 303
    assert count(hub, HandoverGivenUp) == 1
    assert referral not in team.get(DESK).text
