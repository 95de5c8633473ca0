"""A Red never waits in silence: from the concern to a person who has it, in one hub with all its
steps (issue 9, point 2).
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.demo.simulation.answers import event
from ops.look.replay import Wanted, replay
from ops.mend import dead_letters as mending
from ops.run.wiring import Hub
from router.memory.documents import Documents
from router.runtimes.embedded import Embedded
from router.steps.alarm import decide as alarm_step
from router.unit import BoundStep, Unit
from schemas.notification import ReceiptStatus
from stores import codec, cursors, journal
from stores.database import Database
from tests.support import given
from tests.support.desk import (
    CAIT,
    DUTY,
    LEAD,
    NEXT,
    answers,
    concern,
    facts,
    letters,
    rates,
    takes,
    tells,
)
from tests.support.filled import empty_hub, send
from tests.support.later import passes
from tests.support.production import buried

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return empty_hub(tmp_path / "hub")[1]


def test_a_possible_red_that_nobody_opens_alarms_again_and_again_until_a_person_takes_it(
    hub: Hub,
) -> None:
    concern(hub)
    passes(hub, 16 * MINUTE)
    (first,) = letters(hub, LEAD, "mash.alarm.v1")
    assert first["about"]["names"][0]["family_name"] == ["Thornbury"]
    assert (first["told"]["role"], first["times"]) == ("Duty manager", 1)
    passes(hub, 40 * MINUTE)
    (again,) = letters(hub, LEAD, "mash.alarm.v1")
    assert (again["alarm_id"], again["times"]) == (first["alarm_id"], 3)
    assert again["told"]["role"] == "Ada Sample, head of service"
    takes(hub, again)
    assert letters(hub, LEAD, "mash.alarm.v1") == []
    passes(hub, 5 * 60 * MINUTE)
    assert (facts(hub, "alarm.raised"), facts(hub, "alarm.repeated")) == (1, 2)
    assert replay(hub, Wanted()).well


def test_a_possible_red_that_is_rated_alarms_nobody(hub: Hub) -> None:
    referral_id = concern(hub)
    rates(hub, referral_id, "green")
    passes(hub, 60 * MINUTE)
    assert facts(hub, "alarm.raised") == 0


def test_a_red_that_is_given_back_is_an_alarm_and_goes_to_the_next_who_has_it(hub: Hub) -> None:
    rates(hub, concern(hub))
    (product,) = letters(hub, DUTY, "mash.product.v1")
    answers(hub, DUTY, product, "refused")
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert (alarm["cause"], alarm["why"], alarm["agency"]) == ("not_taken", "refused", DUTY)
    (instead,) = letters(hub, NEXT, "mash.product.v1")
    assert instead["about"]["names"] == product["about"]["names"]
    answers(hub, NEXT, instead)
    assert letters(hub, LEAD, "mash.alarm.v1") == []
    assert facts(hub, "alarm.ended") == 1
    assert replay(hub, Wanted()).well


def test_a_red_that_was_fetched_and_of_which_nobody_says_a_word_goes_on_too(hub: Hub) -> None:
    rates(hub, concern(hub))
    letters(hub, DUTY, "mash.product.v1")
    (of_cait,) = letters(hub, CAIT, "mash.product.v1")
    answers(hub, CAIT, of_cait)
    passes(hub, 16 * MINUTE)
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert (alarm["why"], alarm["agency"]) == ("unacknowledged", DUTY)
    assert len(letters(hub, NEXT, "mash.product.v1")) == 1
    chased = [one["moment"] for one in letters(hub, DUTY, "mash.owed.v1")]
    assert chased == ["warned", "chased"]
    passes(hub, 16 * MINUTE * 2)
    assert facts(hub, "product.not-taken") == 2, "the next recipient is silent as well"


def test_a_receipt_without_a_name_is_no_receipt(hub: Hub) -> None:
    rates(hub, concern(hub))
    (product,) = letters(hub, DUTY, "mash.product.v1")
    said = {name: product[name] for name in ("product_id", "case_id")}
    status = tells(
        hub, DUTY, "mash.delivery-receipt.v1", **said, status="received", received_by="  \u3164"
    )
    assert status is ReceiptStatus.REJECTED
    assert facts(hub, "product.delivered") == 0


def test_who_gives_a_red_back_after_all_is_not_left_alone_with_it(hub: Hub) -> None:
    rates(hub, concern(hub))
    (product,) = letters(hub, DUTY, "mash.product.v1")
    answers(hub, DUTY, product)
    answers(hub, DUTY, product, "refused")
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert (alarm["cause"], alarm["why"], alarm["agency"]) == ("not_taken", "refused", DUTY)
    assert len(letters(hub, NEXT, "mash.product.v1")) == 1


def test_what_cannot_be_read_and_may_be_a_red_alarms_people_until_it_is_dealt_with(
    hub: Hub,
) -> None:
    broken = given.notification(given.HIT).model_dump(mode="json") | {"subject": "a child"}
    unread = event("n-9", "mash.notification.v1", agency="police", data=[broken])
    send(hub, "police", [unread])
    send(hub, "police", [unread])
    hub.embedded().drain()
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert (alarm["cause"], alarm["agency"]) == ("refused_message", "police")
    assert alarm["about"]["ring"] in alarm["to_do"]
    assert given.HIT not in json.dumps(alarm)
    person = mending.Person("O. Perator", "The police were rung")
    mending.discard(hub, alarm["subject_id"], person=person)
    hub.embedded().drain()
    assert letters(hub, LEAD, "mash.alarm.v1") == []
    assert (facts(hub, "alarm.raised"), facts(hub, "alarm.ended")) == (1, 1)


@pytest.mark.parametrize(("colour", "alarms"), [("red", 1), ("green", 0)])
def test_a_rating_that_is_refused_may_be_a_red_as_it_says(
    hub: Hub, colour: str, alarms: int
) -> None:
    referral_id = concern(hub)
    (request,) = letters(hub, LEAD, "mash.rating-request.v1")
    said = {"referral_id": referral_id, "case_id": request["case_id"], "colour": colour}
    tells(hub, LEAD, "mash.rating-decision.v1", **said, decided_by="S. Worker", rationale="Seen")
    assert facts(hub, "message.refused") == 1
    assert len(letters(hub, LEAD, "mash.alarm.v1")) == alarms
    assert replay(hub, Wanted()).well


def test_an_entry_that_cannot_be_unsealed_is_one_alarm_however_many_steps_hear_it(
    hub: Hub,
) -> None:
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        linked = given.message(given.linked(), at=dt.datetime.now(dt.UTC))
        journal.append(transaction, cursor, messages=[linked])
        cursors.store(transaction, cursor)
        transaction.connection.execute(text("UPDATE journal SET payload = x'00'"))
    Embedded(
        Database(str(hub.database.engine.url), hub.database.vault), hub.unit, hub.policy
    ).drain()
    assert facts(hub, "message.refused") > 3
    assert facts(hub, "alarm.raised") == 1


def test_a_message_that_several_steps_cannot_act_on_is_one_alarm(hub: Hub) -> None:
    def failing(*_: Any) -> Any:
        raise ZeroDivisionError

    steps = tuple(
        BoundStep(replace(one.step, decide=failing), Documents)
        if one.step.name in ("rate", "compose")
        else one
        for one in hub.unit.steps
    )
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        linked = given.message(given.linked(given.HIT), at=dt.datetime.now(dt.UTC))
        journal.append(transaction, cursor, messages=[linked])
        cursors.store(transaction, cursor)
    Embedded(hub.database, Unit("all", steps), hub.policy).drain()
    assert facts(hub, "message.refused") == 2
    (alarm,) = letters(hub, LEAD, "mash.alarm.v1")
    assert alarm["kept_as"] in alarm["to_do"]
    person = mending.Person("O. Perator", "Seen to")
    with hub.database.reading() as connection:
        dead = [one.id for one in buried(connection)]
    for ended, id_ in enumerate(dead):
        mending.discard(hub, id_, person=person)
        Embedded(hub.database, Unit("all", steps), hub.policy).drain()
        assert facts(hub, "alarm.ended") == ended


def test_a_step_that_fails_on_a_red_and_on_what_is_told_of_that_ends_in_one_alarm_at_most(
    hub: Hub,
) -> None:
    """Even the alarm step itself."""

    def failing(*_: Any) -> Any:
        raise ZeroDivisionError

    broken = BoundStep(replace(alarm_step.STEP, decide=failing), Documents)
    steps = tuple(broken if one.step.name == "alarm" else one for one in hub.unit.steps)
    concern(hub)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        handed = given.linked(allocated_to=given.worker(), referral_id="ref-9")
        message = given.message(handed, at=dt.datetime.now(dt.UTC))
        journal.append(transaction, cursor, messages=[message])
        cursors.store(transaction, cursor)
    Embedded(hub.database, Unit("all", steps), hub.policy).drain()
    assert facts(hub, "message.refused") == 2


def test_a_hub_that_stood_still_catches_up_on_no_alarm_that_nobody_could_have_heard(
    hub: Hub,
) -> None:
    concern(hub)
    began, hub.database.clock = hub.database.clock, lambda: began() + 2 * 86_400_000_000
    hub.embedded().drain()
    (first,) = letters(hub, LEAD, "mash.alarm.v1")
    assert first["times"] == 1
    assert dt.datetime.fromisoformat(first["next_at"]) > codec.from_micros(hub.database.clock())
