"""What owners release beforehand: kinds of items, by their own word alone, never a flagged one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from schemas.decisions import (
    StandingDecision,
    StandingReleased,
    StandingWithdrawal,
    StandingWithdrawn,
)
from schemas.policy import FormerRelease, ItemKind, Policy
from schemas.product import DraftItem, ItemDecided, ProductApproved
from schemas.refusals import Refusal
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

DAY = dt.timedelta(days=1)
TODAY = given.NOON.date()
NOTIFICATION = product.draft_item("police", notification=True)
INFORMATION = product.draft_item("police", "item-answer")


def approving(policy: Policy | None = None) -> Given:
    return Given(approve.STEP, policy)


def left(outcome: Outcome[Any]) -> list[str]:
    """The items that leave at once."""
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert outcome.letters == ()
    return [item.item_id for item in whole.items]


def at_once(step: Given, *items: DraftItem, number: int = 1) -> list[str]:
    """What of a Red that waits for nobody leaves."""
    draft = product.drafted(*items or (NOTIFICATION,), product_id=f"product-{number}", urgent=True)
    return left(step.when(draft))


def signed(**changes: Any) -> Policy:
    return given.policy(given.releasing("police", given.standing(product.RECIPIENT, **changes)))


def said(agency: str = "police", **changes: Any) -> StandingReleased:
    """The police release their notifications beforehand, by a message of their own."""
    told = given.standing(product.RECIPIENT).model_dump() | {
        "standing_id": "S-1",
        "decided_by": f"Decision maker of {agency}",
    }
    decision = StandingDecision.model_validate(told | changes)
    return StandingReleased(agency=agency, decision=decision)


def withdrawn(**changes: Any) -> StandingWithdrawn:
    told = {"standing_id": "S-1", "decided_by": "Decision maker of police", "reason": "A source."}
    return StandingWithdrawn(
        agency="police", decision=StandingWithdrawal.model_validate(told | changes)
    )


def test_a_part_of_the_agreement_releases_a_notification_at_once_and_is_named_as_the_reason() -> (
    None
):
    outcome = approving(signed()).when(product.drafted(NOTIFICATION, urgent=True))
    assert left(outcome) == [NOTIFICATION.item_id]
    (decided,) = given.of(ItemDecided, outcome.facts)
    assert decided.reason == "Agreed beforehand for every Red"


@pytest.mark.parametrize(
    "changes",
    [
        {"recipients": ("police_cait",)},
        {"purposes": ("section 17 assessment",)},
        {"since": TODAY + DAY},
        {"until": TODAY - DAY},
        {"kinds": (ItemKind.INFORMATION,)},
    ],
)
def test_it_is_for_its_kinds_recipients_purposes_and_days_only(changes: dict[str, Any]) -> None:
    assert at_once(approving(signed(**changes))) == []


def test_it_covers_information_where_it_says_so() -> None:
    policy = signed(kinds=tuple(ItemKind))
    assert at_once(approving(policy), NOTIFICATION, INFORMATION) == ["item-police", "item-answer"]
    assert at_once(approving(signed()), NOTIFICATION, INFORMATION) == ["item-police"]


def test_an_item_that_its_owner_flagged_is_never_released_beforehand() -> None:
    flagged = NOTIFICATION.model_copy(update={"restricted": True})
    assert at_once(approving(signed()), flagged) == []


@pytest.mark.parametrize("changes", [{"until": TODAY - DAY}, {"text_sha256": None}])
def test_an_agreement_that_has_ended_or_whose_text_is_not_known_releases_nothing(
    changes: dict[str, Any],
) -> None:
    part = given.standing(product.RECIPIENT)
    assert at_once(approving(given.policy(given.releasing("police", part, **changes)))) == []


def test_a_line_of_an_operator_releases_nothing() -> None:
    line = FormerRelease(
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        decided_by="An operator",
        reason="It seemed right",
    )
    partner = given.partner("police").model_copy(update={"standing_release": (line,)})
    assert at_once(approving(given.policy(partner))) == []


def test_an_owner_releases_beforehand_by_a_message_of_its_own_until_it_withdraws_it() -> None:
    step = approving()
    assert at_once(step, number=1) == []
    step.given(said())
    assert at_once(step, number=2) == ["item-police"]
    step.given(said(recipients=("police_cait",)))
    assert at_once(step, number=3) == []
    step.given(said(), withdrawn())
    assert at_once(step, number=4) == []


def test_one_owners_standing_release_lets_out_nothing_of_anothers() -> None:
    step = approving().given(said("school"))
    assert at_once(step) == []


MESSAGES: Sequence[tuple[StandingReleased | StandingWithdrawn, Refusal]] = (
    (said(decided_by="An operator"), Refusal("refused.decision-maker", "decided_by")),
    (withdrawn(decided_by="An operator"), Refusal("refused.decision-maker", "decided_by")),
    (withdrawn(standing_id="S-9"), Refusal("refused.unknown-subject", "standing_id")),
)


@pytest.mark.parametrize(("told", "refusal"), MESSAGES)
def test_a_standing_release_is_its_decision_makers_alone(
    told: StandingReleased | StandingWithdrawn, refusal: Refusal
) -> None:
    step = approving().given(said())
    assert step.when(told).refusal == refusal
    assert at_once(step) == ["item-police"]


def test_an_ordinary_product_needs_its_owners_own_decision() -> None:
    outcome = approving(signed()).when(product.drafted(NOTIFICATION))
    assert [letter.agency for letter in outcome.letters] == ["police"]
