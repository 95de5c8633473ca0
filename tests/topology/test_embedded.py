"""The hub in one process: what goes wrong with one message stays with that message."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ops.demo.simulation.answers import DECISION_MAKER
from ops.run.wiring import Hub
from router.memory.documents import Documents
from router.queues import StoredQueues
from router.runtimes.embedded import Embedded
from router.step import Outcome, Step
from router.steps.link.handing_over import handover
from router.steps.rate import decide as rate
from router.steps.release import decide as release
from router.steps.sharing import NOT_TOLD
from router.unit import BoundStep, Unit
from schemas.base import Fact
from schemas.case import ChildLinked
from schemas.letter import Letter
from schemas.message import Message, derived_id
from schemas.notification import Receipt, ReceiptStatus
from schemas.policy import Policy
from schemas.product import Choice
from stores import cursors, journal, queues
from stores.database import Database
from tests.support import given
from tests.support import products as product
from tests.support.filled import empty_hub


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return empty_hub(tmp_path / "hub")[1]


def put(hub: Hub, *facts: Fact) -> None:
    """Record facts as if a step had, just now."""
    now = dt.datetime.now(dt.UTC)
    with hub.database.transaction() as transaction:
        cursor = cursors.lock(transaction, "put")
        journal.append(
            transaction, cursor, messages=[given.message(fact, at=now) for fact in facts]
        )
        cursors.store(transaction, cursor)


def rows(hub: Hub, query: str) -> list[Any]:
    with hub.database.reading() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


@pytest.mark.parametrize("apart", [True, False])
def test_a_product_that_is_voided_before_it_was_fetched_leaves_no_letter_at_all(
    hub: Hub, *, apart: bool
) -> None:
    put(hub, product.approved())
    if apart:
        hub.embedded().drain()
        assert rows(hub, "SELECT type FROM letters") == [("mash.product.v1",)]
    put(hub, product.voided())
    hub.embedded().drain()
    assert rows(hub, "SELECT type FROM letters") == []


def test_a_product_that_is_voided_after_it_was_fetched_is_recalled(hub: Hub) -> None:
    put(hub, product.approved())
    hub.embedded().drain()
    (letter,) = hub.queues.lease(product.RECIPIENT, limit=9, seconds=60)
    put(hub, product.voided())
    hub.embedded().drain()
    assert hub.queues.acknowledge(product.RECIPIENT, [letter.id]) == 0
    types = "SELECT DISTINCT type FROM letters ORDER BY type DESC"
    (first, *reminders) = rows(hub, types)
    assert first == ("mash.product-recall.v1",)
    assert reminders in ([], [("mash.owed.v1",)]), "its answer is long overdue"


def test_a_product_does_not_reach_who_has_no_agreement_any_more_and_the_lead_agency_is_told(
    hub: Hub,
) -> None:
    put(hub, product.approved())
    hub.embedded().drain()
    partners = hub.policy.value.partners
    ended = partners[product.RECIPIENT].model_copy(update={"agreement": None})
    now = hub.policy.value.model_copy(update={"partners": {**partners, product.RECIPIENT: ended}})
    assert StoredQueues(hub.database, now).lease(product.RECIPIENT, limit=9, seconds=60) == []
    hub.embedded().drain()
    waiting = "SELECT agency, type FROM letters"
    assert rows(hub, waiting) == [(hub.settings.lead_agency, "mash.product-held-back.v1")]
    told = "SELECT count(*) FROM journal WHERE type = 'mash.product.held-back.v1'"
    assert rows(hub, told) == [(1,)]


@pytest.mark.parametrize("withheld", [True, False])
@pytest.mark.parametrize(
    "told",
    [
        {},
        {"referral_id": "ref-2", "same_concern_as": "ref-1"},
        {"referral_id": "ref-3", "amends": "ref-2", "resent_from": "ref-1"},
    ],
    ids=["told once", "told again", "amended then"],
)
def test_a_notification_that_its_owner_withholds_is_not_handed_over_in_its_words(
    hub: Hub, told: dict[str, Any], *, withheld: bool
) -> None:
    item = product.draft_item("police", derived_id("notification", "ref-1"), notification=True)
    no = product.decision(item, Choice.WITHHOLD, decided_by=DECISION_MAKER)
    put(hub, product.drafted(item), *([no] if withheld else []))
    hub.embedded().drain()
    linked = given.linked(allocated_to=given.worker(), **told)
    letter = handover(linked, hub.policy.value)
    assert letter is not None
    with hub.database.transaction() as transaction:
        queues.post(transaction, {"handed": letter})
    found = hub.queues.lease(letter.agency, limit=9, seconds=60)
    (handed,) = [json.loads(one.body)["data"] for one in found if one.id == "handed"]
    narrative = handed["notification"]["narrative"]
    assert narrative == (NOT_TOLD if withheld else linked.notification.narrative)


@pytest.mark.parametrize("before", [True, False])
def test_a_letter_is_taken_back_in_whatever_order_its_step_sends_others_beside_it(
    hub: Hub, *, before: bool
) -> None:
    def talkative(state: Any, message: Message, policy: Policy) -> Outcome[Any]:
        outcome = release.decide(state, message, policy)
        receipt = Receipt(status=ReceiptStatus.ACCEPTED, id="also")
        also = Letter("also", agency="police", notice=receipt)
        sent = (also, *outcome.letters) if before else (*outcome.letters, also)
        return replace(outcome, letters=sent)

    put(hub, product.approved())
    _drain(hub, replace(release.STEP, decide=talkative))
    waiting = "SELECT type FROM letters WHERE type <> 'mash.receipt.v1'"
    assert rows(hub, waiting) == [("mash.product.v1",)]
    put(hub, product.voided())
    _drain(hub, replace(release.STEP, decide=talkative))
    assert rows(hub, waiting) == []


def test_the_message_that_is_a_steps_undoing_becomes_a_dead_letter_and_the_others_pass(
    hub: Hub,
) -> None:
    class Choking(Documents[Any]):
        def recall(self, message: Any) -> Any:
            if isinstance(message.data, ChildLinked) and message.data.referral_id == "ref-1":
                raise KeyError("a fault outside decide")
            return super().recall(message)

    put(hub, *(given.linked(referral_id=f"ref-{number}") for number in range(3)))
    _drain(hub, rate.STEP, Choking)
    assert rows(hub, "SELECT step, reason FROM dead_letters") == [("rate", "undecidable")]
    assert rows(hub, "SELECT count(*) FROM journal WHERE type = 'mash.rating.suggested.v1'") == [
        (2,)
    ]
    assert rows(
        hub, "SELECT count(*) FROM journal WHERE type = 'mash.information.prepared.v1'"
    ) == [(3,)]


def test_what_cannot_be_unsealed_becomes_a_dead_letter_of_each_step_that_hears_it(hub: Hub) -> None:
    put(hub, product.approved())
    with hub.database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE journal SET payload = x'00'"))
    Embedded(
        Database(str(hub.database.engine.url), hub.database.vault), hub.unit, hub.policy
    ).drain()
    told = rows(hub, "SELECT step, reason FROM dead_letters ORDER BY step DESC")
    hearers = ("release", "disagreement")
    assert told == [(step, "unreadable.sealed") for step in hearers]


def _drain(hub: Hub, step: Step[Any], memory: Any = None) -> None:
    """Work off everything, with this step in place of the one of its name."""
    bound = BoundStep(step, memory or Documents)
    steps = tuple(bound if known.step.name == step.name else known for known in hub.unit.steps)
    Embedded(hub.database, Unit("all", steps), hub.policy).drain()
