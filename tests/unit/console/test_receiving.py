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
from ops.look import received
from ops.run.wiring import Hub, open_hub
from router.steps.release.decide import STEP
from schemas.base import Fact
from schemas.decisions import ProductFetched
from schemas.product import ProductDelivered, ProductReturned, RecallAnswered
from stores import linking, states
from stores.database import Transaction
from tests.support.approving import SERGEANT, asked, asking_hub, released, wanted_back
from tests.support.console import Person, app_of

DESK = "/desk/received"
HELPER = "E. Helper"


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
    assert "There is nothing that nobody has yet" in text
    assert f"{HELPER} said so" in text
    assert f'href="{at}"' in text
    page = helper.get(at)
    assert (page.status_code, "rang us on [telephone]" in page.text) == (200, True)
    assert f"{HELPER} said on" in page.text
    assert "<textarea" not in page.text
    second = helper.sends(at, {"status": "refused", "reason": "Moved away"}, page=DESK)
    assert (second.status_code, "Moved away" in second.text) == (409, True)
    other = entered(hub, "Q. Teacher")
    assert other.get(at).status_code == 404
    assert HELPER not in other.get(DESK).text


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
