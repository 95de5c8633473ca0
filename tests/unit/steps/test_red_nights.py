"""Nights on which several parts of the hub meet about one Red, which is never lost between them
(issue 9, points 2 and 4).
"""

from __future__ import annotations

import datetime as dt

import pytest

from router.steps.alarm import decide as alarm
from router.steps.approve import decide as approve
from router.steps.asking import UNTOLD
from router.steps.compose import decide as compose
from router.steps.hand_over import decide as hand_over
from router.steps.inform import decide as inform
from router.steps.release import decide as release
from schemas.alarms import AlarmNotice
from schemas.case import NotificationAmended
from schemas.decisions import ItemDecision, ItemRuled, Ruling
from schemas.product import Product, ProductTakenBack, items_of_notification
from schemas.rating import Colour
from tests.support import given
from tests.support.flow import Flow

DUTY, CAIT, NEXT = "csc_duty_team", "police_cait", "csc_assessment_team"
MINUTE = dt.timedelta(minutes=1)


def night() -> Flow:
    """The police let their concern out at once to whoever is told of a Red."""
    standing = given.standing(DUTY, recipients=(DUTY, CAIT, NEXT))
    policy = given.policy(given.releasing("police", standing))
    steps = (alarm, release, compose, approve, inform, hand_over)
    return Flow(*(one.STEP for one in steps), policy=policy)


def rated(flow: Flow, narrative: str = given.HIT) -> Flow:
    """A Red goes out."""
    return flow.send(given.linked(narrative), given.assigned(Colour.RED))


# --- owners who take back what waits on the queue


def test_a_red_stays_out_though_its_only_owner_takes_its_words_back() -> None:
    flow = rated(night())
    before = flow.told(Product, to=DUTY)[-1]
    assert before.alleged != UNTOLD
    taken = ItemDecision(
        referral_id="ref-1",
        case_id="case-1",
        item_id=items_of_notification("ref-1", 0)[0],
        ruling=Ruling.WITHHOLD,
        reason="A witness would be known by it",
        decided_by="Decision maker of police",
    )
    flow.send(ItemRuled(agency="police", decision=taken))
    assert {one.recipient for one in flow.of(ProductTakenBack)} == {DUTY, CAIT}
    left = flow.told(Product, to=DUTY)[-1]
    assert (left.items, left.alleged) == ((), UNTOLD), "the reasons told what the words told"
    assert left.about == before.about
    assert flow.told(AlarmNotice) == []
    flow.until(flow.at + 16 * MINUTE)
    assert {one.cause for one in flow.told(AlarmNotice)} == {"not_taken"}
    assert flow.told(Product, to=NEXT)


def test_a_red_that_its_sender_amends_alarms_nobody_as_kept_back() -> None:
    flow = rated(night())
    amended = NotificationAmended(
        referral_id="ref-1",
        case_id="case-1",
        amended_by="ref-2",
        version=2,
        notification=given.notification("Child disclosed that they were hit by a lodger."),
    )
    flow.send(amended)
    assert "lodger" in flow.told(Product, to=DUTY)[-1].items[0].text
    assert flow.told(AlarmNotice) == []
