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
from router.steps.compose.instead import GIVEN_BACK
from router.steps.hand_over import decide as hand_over
from router.steps.inform import decide as inform
from router.steps.release import decide as release
from schemas.alarms import AlarmNotice
from schemas.case import NotificationAmended
from schemas.changes import ProductChange
from schemas.decisions import (
    DeliveryReceipt,
    DeliveryReceived,
    ItemDecision,
    ItemRuled,
    ProductFetched,
    ReleaseDecided,
    ReleaseDecision,
    Ruling,
)
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.outcome import ReferralClosed
from schemas.owed import OwedNotice
from schemas.product import (
    Choice,
    Disposal,
    Product,
    ProductReleased,
    ProductTakenBack,
    items_of_notification,
)
from schemas.rating import Colour
from tests.support import given
from tests.support.flow import Flow
from tests.unit.steps.test_compose import requested

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


def test_the_next_recipient_reads_why_it_has_the_red_and_whom_to_ring() -> None:
    flow = rated(night()).until(given.NOON + 16 * MINUTE)
    (first, *_), (instead,) = flow.told(Product, to=DUTY), flow.told(Product, to=NEXT)
    told = "This Red was for another team before you"
    assert told not in (first.to_do or "")
    assert (instead.to_do or "").startswith(f"{first.to_do} {told}")
    assert instead.contact


def test_what_an_owner_releases_late_says_that_it_adds_to_what_was_sent() -> None:
    steps = (alarm, release, compose, approve)
    flow = rated(Flow(*(one.STEP for one in steps), policy=given.policy()))
    flow.send(_released(next(one for one in flow.told(ApprovalRequest) if one.recipient == DUTY)))
    first, added = flow.told(Product, to=DUTY)
    assert (added.follows, first.follows) == (first.product_id, None)
    told = "This adds to what you were sent before about the child"
    assert told in (added.to_do or "")
    assert told not in (first.to_do or "")


def _released(asked: ApprovalRequest) -> ReleaseDecided:
    """Its owner lets it leave, sanitised."""
    decision = ReleaseDecision(
        choice=Choice.RELEASE_SANITISED,
        digest=asked.item.sanitised_digest,
        item_id=asked.item.item_id,
        decided_by="Decision maker of police",
        **asked.shared(ReleaseDecision),
    )
    return ReleaseDecided(agency="police", decision=decision)


def test_who_is_called_because_a_receipt_is_late_reads_whom_to_ring() -> None:
    flow = rated(night()).until(given.NOON + 23 * MINUTE)
    own = [one for one in flow.told(OwedNotice) if one.agency == DUTY]
    said = {one.moment: one for one in own}
    assert said["chased"].contact == "childrens_social_care duty desk"
    assert said["escalated"].contact == f"{DUTY} duty desk"
    assert said["escalated"].owed == "Word that a person has the product."


# --- recipients who find that it is not theirs


def says(flow: Flow, product: Product, status: str) -> Flow:
    """A person of its recipient says what became of it."""
    receipt = DeliveryReceipt.model_validate(
        product.shared(DeliveryReceipt) | {"status": status, "received_by": "T. Manager"}
    )
    return flow.send(DeliveryReceived(agency=product.recipient, receipt=receipt))


def test_a_red_that_a_person_had_and_gave_back_is_told_to_the_next_and_alarms_people() -> None:
    flow = rated(night())
    (first,) = flow.told(Product, to=DUTY)
    says(flow, first, "received")
    assert flow.told(Product, to=NEXT) == []
    says(flow, first, "refused")
    assert flow.refused == []
    (instead,) = flow.told(Product, to=NEXT)
    assert [one.text for one in instead.items] == [one.text for one in first.items]
    assert {one.cause for one in flow.told(AlarmNotice)} == {"not_taken"}


def test_what_its_owner_releases_of_a_red_that_was_given_back_goes_to_who_has_it_instead() -> None:
    steps = (alarm, release, compose, approve)
    flow = rated(Flow(*(one.STEP for one in steps), policy=given.policy()))
    (first,) = flow.told(Product, to=DUTY)
    before = next(one for one in flow.told(ApprovalRequest) if one.recipient == DUTY)
    says(flow, first, "refused")
    assert [one.product_id for one in flow.told(ApprovalCancellation)] == [before.product_id]
    asked = next(one for one in flow.told(ApprovalRequest) if one.recipient == NEXT)
    flow.send(*(_released(one) for one in (before, asked)))
    assert flow.refused == []
    late = [one.says for one in flow.told(ApprovalCancellation) if one.says]
    assert late == [f"Your decision is kept, and came too late: {GIVEN_BACK}"]
    (instead, added) = flow.told(Product, to=NEXT)
    assert added.follows == instead.product_id
    assert flow.told(Product, to=DUTY) == [first]


def test_owners_are_asked_anew_about_what_is_drafted_again_for_who_gave_a_red_back() -> None:
    steps = (release, compose, approve)
    flow = rated(Flow(*(one.STEP for one in steps), policy=given.policy())).send(requested())
    (first,) = flow.told(Product, to=DUTY)
    says(flow, first, "refused")
    for minutes, colour in ((5, Colour.GREEN), (10, Colour.RED)):
        flow.until(given.NOON + minutes * MINUTE)
        flow.send(given.message(given.assigned(colour), at=flow.at))
        flow.send(given.message(requested(), at=flow.at))
    whole = [one for one in flow.told(ApprovalRequest) if one.follows is None]
    assert [one.colour for one in whole if one.recipient == DUTY] == [Colour.RED, Colour.RED]
    assert len({one.product_id for one in whole if one.recipient == DUTY}) == 2


# --- what a social worker does meanwhile


@pytest.mark.parametrize(
    ("outcome", "goes_on"), [("front_line_team", True), ("no_further_action", False)]
)
def test_a_red_that_is_closed_for_its_front_line_goes_on_to_the_next_where_nobody_there_has_it(
    outcome: str, *, goes_on: bool
) -> None:
    flow = rated(night())
    closed = ReferralClosed(
        referral_id="ref-1",
        case_id="case-1",
        outcome=Disposal(outcome),
        told=None,
        may_be_told="It is with people who act on it.",
        without_product="The strategy discussion was held by telephone.",
        decided_by="S. Worker",
        rationale="As seen",
        picture_id="picture-1",
    )
    flow.send(closed).until(flow.at + 16 * MINUTE)
    assert bool(flow.told(Product, to=NEXT)) is goes_on
    assert bool(flow.told(AlarmNotice)) is goes_on


def test_a_team_that_gets_the_red_again_is_not_told_to_leave_it_to_others() -> None:
    """The team of the child's worker, and the hub of another area, are in no rule of a colour."""
    flow = night()
    flow.send(given.linked(given.HIT, allocated_to=given.worker(), letter_id="letter-1"))
    flow.send(given.assigned(Colour.RED))
    (first,) = [one for one in flow.of(ProductReleased) if one.recipient == NEXT]
    flow.send(ProductFetched(**first.shared(ProductFetched), letter_id="letter-2"))
    for minutes, colour in ((5, Colour.GREEN), (10, Colour.RED)):
        flow.until(given.NOON + minutes * MINUTE).send(given.assigned(colour))
    change = flow.told(ProductChange, to=NEXT)[-1]
    assert (change.colour, len(flow.told(Product, to=NEXT))) == (Colour.RED, 2)
    assert "where a product for it comes to you too, act on that" in change.to_do
