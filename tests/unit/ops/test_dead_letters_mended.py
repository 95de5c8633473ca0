"""A dead letter is mended in one field, by its form alone: never whose something is, who may
know it, or what somebody decided.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from connectors.port import routes
from ops.demo.running import DemoFolder
from ops.demo.simulation.answers import DECISION_MAKER
from ops.demo.simulation.stream import sample_lines
from ops.linkage.arrivals import notification_event
from ops.mend import bulk, dead_letters
from ops.mend.dead_letters import Refused
from ops.run.wiring import Hub
from router.steps.rate import decide as rate
from schemas.base import Fact
from schemas.product import Choice
from stores import cursors, journal
from tests.support import given
from tests.support import products as product
from tests.support.dead_letters import ME, SOMEBODY, bad_type, bury, facts, run, sealed_well, told
from tests.support.filled import empty_hub, filled_hub, seen_by_lead, send


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No step is at work here that could act on what was sent again."""
    monkeypatch.setattr(bulk, "_PATIENCE", 0.0)


@pytest.fixture
def hub_(tmp_path: Path) -> tuple[DemoFolder, Hub]:
    return empty_hub(tmp_path / "hub")


def test_mending_changes_the_faulty_field_alone_and_keeps_the_original(
    hub_: tuple[DemoFolder, Hub],
) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    told(folder, "mend", id_, "--field", "type", "--value", "mash.notification.v1", *ME)
    shown = told(folder, "show", id_, "--reveal", *ME)
    before, after = json.loads(shown["original"]), json.loads(shown["mended"])
    assert before["type"] == "gossip about Feb"
    assert after == {**before, "type": "mash.notification.v1"}
    (fact,) = facts(hub, "mash.dead-letter.mended.v1")
    assert (fact.field, fact.decided_by) == ("type", "A. Operator")
    assert "2019" not in fact.model_dump_json()


def test_a_value_that_is_not_given_is_asked_for(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    answer = run(
        folder, "mend", id_, "--field", "type", *ME, "--json", input="mash.notification.v1\n"
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == {"id": id_, "state": "mended"}
    after = json.loads(told(folder, "show", id_, "--reveal", *ME)["mended"])
    assert after["type"] == "mash.notification.v1"


CONSENT = {
    "specversion": "1.0",
    "id": "c-1",
    "source": "s",
    "type": "mash.consent.v1",
    "data": {
        "referral_id": "r-1",
        "answer": "refused",
        "asked_at": "soon",
        "told_by": "A. Teacher",
    },
}


@pytest.mark.parametrize("value", ["31/02/2019", "2019-02-31", "", "\udcff", "x" * 20_001])
def test_what_its_sender_could_not_send_is_not_mended_either(
    hub_: tuple[DemoFolder, Hub], value: str
) -> None:
    folder, hub = hub_
    (receipt,) = send(hub, "school", [CONSENT])
    assert (receipt.reason, receipt.field) == ("invalid.time", "data.asked_at")
    answer = run(folder, "mend", receipt.id, "--field", "data.asked_at", "--value", value, *ME)
    assert answer.exit_code == 1
    assert told(folder, "list")[0]["state"] == "open"
    assert hub.queues.lease("school", limit=50, seconds=0) == []


def test_a_columns_date_that_is_none_is_not_mended_either(hub_: tuple[DemoFolder, Hub]) -> None:
    """As the agency's own format reads it, where nothing of the record can be taken without it."""
    folder, hub = hub_
    event = bad_type() | {"type": "mash.notification.v1", "specversion": "0.3"}
    id_ = bury(hub, event)
    answer = run(folder, "mend", id_, "--field", "specversion", "--value", "0.4", *ME)
    assert "that cannot be used either" in answer.output
    assert told(folder, "mend", id_, "--field", "specversion", "--value", "1.0", *ME)


def test_whose_message_was_mended_hears_how(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    (receipt,) = send(hub, "school", [CONSENT])
    told(
        folder, "mend", receipt.id, "--field", "data.asked_at", *ME,
        "--value", "2026-11-03T10:00:00Z",
    )  # fmt: skip
    (letter,) = hub.queues.lease("school", limit=50, seconds=0)
    said = json.loads(letter.body)
    assert said["type"] == "mash.message-mended.v1"
    assert dt.datetime.fromisoformat(said["data"].pop("mended_at"))
    assert said["data"].pop("to_do")
    assert said["data"] == {
        "id": receipt.id,
        "message_id": "c-1",
        "field": "data.asked_at",
        "value": "2026-11-03T10:00:00Z",
        "mended_by": "A. Operator",
        "why": "asked the school",
    }


def test_no_other_field_can_be_changed(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    answer = run(
        folder, "mend", id_, "--field", "data.narrative", "--value", "nothing happened", *ME
    )
    assert answer.exit_code == 1
    assert "only the faulty field may be changed, which is: type" in answer.output
    assert facts(hub, "mash.dead-letter.mended.v1") == []


def test_a_decision_about_nothing_known_can_be_mended_and_decided(tmp_path: Path) -> None:
    """A step refused it: it goes to that step again, as the same fact under a new id."""
    folder, hub = filled_hub(tmp_path / "hub", notifications=1, answered=False)
    linked = facts(hub, "mash.case.child-linked.v1")[0]
    data = {
        "referral_id": "no-such-referral",
        "case_id": linked.case_id,
        "colour": "red",
        "decided_by": "S. Worker",
        "rationale": "seen at home",
        "saw": seen_by_lead(hub, linked.referral_id),
    }
    decision = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.rating-decision.v1",
        "data": data,
    }
    send(hub, "childrens_social_care", [decision])
    hub.embedded().drain()
    (letter,) = told(folder, "list")
    assert (letter["step"], letter["field"]) == ("rate", "referral_id")
    told(folder, "mend", letter["id"], "--field", "referral_id", "--value", linked.referral_id, *ME)
    told(folder, "redrive", letter["id"], *ME)
    hub.embedded().drain()
    (assigned,) = facts(hub, "mash.rating.assigned.v1")
    assert (assigned.referral_id, assigned.colour) == (linked.referral_id, "red")
    assert sealed_well(hub)


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"digest": "0" * 64}, "digest", "f" * 64),
        ({"recipient": "early_help"}, "recipient", "police_cait"),
        ({"product_id": "no-such-product"}, "product_id", "product-1"),
        ({"choice": "released"}, "data.choice", "release_original"),
    ],
)
def test_nobody_mends_what_only_an_owner_may_decide(
    hub_: tuple[DemoFolder, Hub], changes: dict[str, str], field: str, value: str
) -> None:
    folder, hub = hub_
    item = product.draft_item("school")
    put(hub, product.drafted(item))
    decision = (
        product.decision(
            item, Choice.RELEASE_ORIGINAL, decided_by=DECISION_MAKER
        ).decision.model_dump(mode="json")
        | changes
    )
    event = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.release-decision.v1",
        "data": decision,
    }
    send(hub, "school", [event])
    hub.embedded().drain()
    (letter,) = told(folder, "list")
    assert letter["field"] == field
    answer = run(folder, "mend", letter["id"], "--field", field, "--value", value, *ME)
    assert answer.exit_code == 1
    assert told(folder, "list")[0]["state"] == "open"


_WHO = {"decided_by": "S. Worker", "rationale": "Seen at home."}


_ABOUT = {"referral_id": "ref-1", "case_id": "case-1"} | _WHO


@pytest.mark.parametrize(
    ("kind", "decision", "field", "value"),
    [
        ("safety", _ABOUT | {"hold_id": "h-1", "choice": "do-not-send"}, "choice", "send"),
        ("rating", _ABOUT | {"colour": "redd"}, "colour", "green"),
        ("rating", _ABOUT | {"colour": "red", "level": "ful"}, "level", "none"),
        ("request", _ABOUT | {"action": "cancle", "request_id": "q-1"}, "action", "ask"),
        ("outcome", _ABOUT | {"outcome": "strategy", "may_be_told": "x"}, "outcome", "none"),
        ("link", _WHO | {"referral_id": "ref-1", "person_id": ""}, "person_id", "person-2"),
        ("persons", _WHO | {"person_id": "a", "other_person_id": "b", "same": 0}, "same", "true"),
        ("persons", _WHO | {"person_id": "", "other_person_id": "b"}, "person_id", "c"),
        ("split", _WHO | {"person_id": "a", "referral_ids": ["r"]}, "to_person_id", "b"),
        ("undo", _WHO | {"decision_id": ""}, "decision_id", "d-1"),
        ("enquiry", _WHO | {"enquiry_id": "e", "decision": "no", "person_id": None}, "decision",
         "permit"),
        ("rating", _ABOUT | {"colour": "red", "rationale": ""}, "rationale", "No harm."),
    ],
)  # fmt: skip
def test_nobody_mends_what_a_named_person_decided(
    hub_: tuple[DemoFolder, Hub], kind: str, decision: dict[str, Any], field: str, value: str
) -> None:
    folder, hub = hub_
    event = {"specversion": "1.0", "id": "d-1", "source": "s", "data": decision}
    event["type"] = f"mash.{kind}-decision.v1"
    send(hub, "childrens_social_care", [event])
    (letter,) = told(folder, "list")
    assert letter["field"] == f"data.{field}"
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", value, *ME)
    assert answer.exit_code == 1
    assert "only its sender says what was decided" in answer.output
    assert told(folder, "list")[0]["state"] == "open"


def put(hub: Hub, fact: Fact) -> None:
    """Record a fact as if a step had."""
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(transaction, cursor, messages=[given.message(fact)])
        cursors.store(transaction, cursor)


def answer_with(item: Any) -> dict[str, Any]:
    """An agency's answer whose only item has a fault."""
    return {
        "specversion": "1.0",
        "id": "a-1",
        "source": "s",
        "type": "mash.information-response.v1",
        "data": {
            "request_id": "q-1",
            "referral_id": "ref-1",
            "case_id": "case-1",
            "known": True,
            "items": [item],
            "answered_by": "A. Teacher",
        },
    }


ITEM = {
    "item_id": "1",
    "owner": "school",
    "text": "Seen.",
    "sensitivity": "routine",
    "may_be_revealed": True,
    "may_leave": True,
}


@pytest.mark.parametrize(
    ("item", "field", "value"),
    [
        (ITEM | {"may_leave": 0}, "items[0].may_leave", "true"),
        (ITEM | {"may_be_revealed": "no"}, "items[0].may_be_revealed", "true"),
        (ITEM | {"signpost": "never"}, "items[0].signpost", "true"),
        (ITEM | {"sensitivity": "secret"}, "items[0].sensitivity", "routine"),
        (ITEM | {"owner": "Polise"}, "items[0].owner", "school"),
        ({**ITEM, "owner": None}, "items[0].owner", "school"),
        (5, "items[0]", json.dumps(ITEM)),
    ],
)
def test_nobody_mends_whose_an_item_is_or_who_may_know_it(
    hub_: tuple[DemoFolder, Hub], item: Any, field: str, value: str
) -> None:
    folder, hub = hub_
    send(hub, "school", [answer_with(item)])
    (letter,) = told(folder, "list")
    assert letter["field"] == f"data.{field}"
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", value, *ME)
    assert answer.exit_code == 1
    assert "only its sender says that" in answer.output
    assert told(folder, "list")[0]["state"] == "open"


def test_the_form_of_an_item_can_be_mended(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    send(hub, "school", [answer_with(ITEM | {"text": ""})])
    (letter,) = told(folder, "list")
    answer = run(folder, "mend", letter["id"], "--field", letter["field"], "--value", "Seen.", *ME)
    assert answer.exit_code == 0


def test_nothing_is_mended_into_an_owners_decision(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    event = {
        "specversion": "1.0",
        "id": "d-1",
        "source": "s",
        "type": "mash.decision.v1",
        "data": {},
    }
    (receipt,) = send(hub, "school", [event])
    answer = run(
        folder, "mend", receipt.id, "--field", "type", "--value", "mash.release-decision.v1", *ME
    )
    assert answer.exit_code == 1
    assert "only the item's owner" in answer.output


def test_a_redriven_fact_goes_to_the_step_that_refused_it_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, hub = empty_hub(tmp_path / "hub")
    decide = rate.STEP.decide

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    object.__setattr__(rate.STEP, "decide", broken)
    try:
        event = notification_event(json.loads(sample_lines(1)[0]))
        send(hub, event["data"]["source_agency"], [event])
        hub.embedded().drain()
    finally:
        object.__setattr__(rate.STEP, "decide", decide)
    prepared = len(facts(hub, "mash.information.prepared.v1"))
    (letter,) = told(folder, "list")
    assert letter["reason"] == "undecidable"
    told(folder, "redrive", letter["id"], *ME)
    hub.embedded().drain()
    assert len(facts(hub, "mash.rating.suggested.v1")) == 1
    assert len(facts(hub, "mash.information.prepared.v1")) == prepared
    assert len(facts(hub, "mash.case.child-linked.v1")) == 2, (
        "the original, and the one for rating alone"
    )
    with pytest.raises(Refused, match="redriven already"):
        dead_letters.redrive(hub, routes(hub.settings, {}), id_=letter["id"], person=SOMEBODY)


def test_a_letter_whose_key_was_destroyed_says_so(hub_: tuple[DemoFolder, Hub]) -> None:
    folder, hub = hub_
    id_ = bury(hub, bad_type())
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE keys SET wrapped = NULL WHERE key_id != 'hub'"))
    answer = run(folder, "show", id_, "--reveal", *ME)
    assert answer.exit_code == 1
    assert "key was destroyed" in answer.output
