"""What an owner withheld and lifts follows to whoever went without it, once its owner lets it."""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from router.steps.release import decide as release
from schemas.decisions import ItemDecision, ItemRuled, ReleaseDecided, ReleaseDecision, Ruling
from schemas.notices import ApprovalRequest
from schemas.product import Choice, Product
from schemas.rating import Colour
from tests.support import given
from tests.support.composing import requested
from tests.support.flow import Flow
from tests.support.given import HIT


def ruled(request: ApprovalRequest, ruling: Ruling) -> ItemRuled:
    decision = ItemDecision(
        referral_id="ref-1",
        case_id="case-1",
        item_id=request.item.item_id,
        ruling=ruling,
        decided_by="Decision maker of gp",
        reason="As things stand.",
    )
    return ItemRuled(agency="gp", decision=decision)


def released(request: ApprovalRequest) -> ReleaseDecided:
    told: dict[str, Any] = {
        "referral_id": request.referral_id,
        "product_id": request.product_id,
        "case_id": request.case_id,
        "item_id": request.item.item_id,
        "choice": Choice.RELEASE_ORIGINAL,
        "digest": request.item.original_digest,
        "recipient": request.recipient,
        "purpose": request.purpose,
        "decided_by": "Decision maker of gp",
    }
    return ReleaseDecided(agency="gp", decision=ReleaseDecision.model_validate(told))


def rated(colour: Colour) -> Flow:
    own = given.policy(profile_=given.owing_no_receipts())
    hub = Flow(compose.STEP, approve.STEP, release.STEP, policy=own)
    linked = given.linked(HIT, agency="gp")
    return hub.send(linked, requested(), given.assigned(colour))


@pytest.mark.parametrize("colour", [Colour.RED, Colour.AMBER])
def test_each_recipient_that_went_without_it_gets_it_once_it_is_lifted_and_released(
    colour: Colour,
) -> None:
    hub = rated(colour)
    first = hub.told(ApprovalRequest, to="gp")
    hub.send(ruled(first[0], Ruling.WITHHOLD))
    went = hub.told(Product)
    assert not any(one.items for one in went)
    asked = len(hub.told(ApprovalRequest, to="gp"))
    hub.send(ruled(first[0], Ruling.LIFT))
    again = hub.told(ApprovalRequest, to="gp")[asked:]
    assert {one.recipient for one in again} == {one.recipient for one in first}
    assert len({(one.product_id, one.recipient) for one in again}) == len(again)
    assert len(hub.told(Product)) == len(went), "nothing leaves by lifting alone"
    hub.send(*map(released, again))
    more = hub.told(Product)[len(went) :]
    assert [one.items[0].text for one in more] == [HIT] * len(again)
    assert {one.follows for one in more} == {one.product_id for one in went}


def test_what_is_withheld_lifted_withheld_and_lifted_is_asked_about_each_time() -> None:
    hub = rated(Colour.AMBER)
    (first,) = hub.told(ApprovalRequest, to="gp")
    for _ in range(2):
        hub.send(ruled(first, Ruling.WITHHOLD), ruled(first, Ruling.LIFT))
    assert len(hub.told(ApprovalRequest, to="gp")) == 3
