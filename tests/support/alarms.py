"""What alarms are raised about, and how they are taken and read."""

from __future__ import annotations

from typing import Any

from router.step import Outcome
from router.steps.alarm import decide as alarm
from schemas.alarms import (
    AlarmNotice,
    AlarmRaised,
)
from schemas.policy import Policy
from schemas.product import (
    ProductDelivered,
    ProductNotTaken,
)
from schemas.rating import Colour
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

LEAD = "childrens_social_care"


def step(policy: Policy | None = None) -> Given:
    return Given(alarm.STEP, policy)


def not_taken(product_id: str = "product-1", **changes: Any) -> ProductNotTaken:
    told = {
        "product_id": product_id,
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "purpose": product.PURPOSE,
        "colour": Colour.RED,
        "why": "unfetched",
    }
    return ProductNotTaken.model_validate(told | changes)


def delivered(product_id: str = "product-1") -> ProductDelivered:
    return ProductDelivered(
        product_id=product_id,
        case_id="case-1",
        referral_id="ref-1",
        recipient=product.RECIPIENT,
        received_by="T. Manager",
    )


def raised_by(outcome: Outcome[Any]) -> AlarmRaised:
    (fact,) = given.of(AlarmRaised, outcome.facts)
    return fact


def rings(step_: Given, outcome: Outcome[Any]) -> Outcome[Any]:
    (timer,) = outcome.timers
    return step_.when(given.elapsed("alarm", timer.due_at, timer.key))


def notice(outcome: Outcome[Any]) -> AlarmNotice:
    (letter,) = outcome.letters
    assert isinstance(letter.notice, AlarmNotice)
    return letter.notice
