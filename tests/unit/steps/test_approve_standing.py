"""What owners release beforehand: kinds of items, by their own word alone, never a flagged one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
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
from schemas.identity import IdentityBlock, OwnedIdentity
from schemas.person import Name
from schemas.policy import FormerRelease, ItemKind, Policy
from schemas.product import DraftItem, ItemDecided, ProductApproved, ProductWithout
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


def about() -> OwnedIdentity:
    """Whom it is about is told beside it."""
    names = (Name(given_name=("Tilly",), family_name=("Thornbury",)),)
    return OwnedIdentity(owner="police", block=IdentityBlock(names=names))


LEFT_IN: Mapping[str, str] = {
    "a name": "He is afraid of Mariam.",
    "a name in small letters": "he said that mariam was there",
    "a name that is a word": "It was Hope who opened the door.",
    "a family name alone": "The Chowdhurys were in.",
    "a nickname": "The man known as Smudger was there.",
    "a nickname in quotation marks": 'A man called "Bear" came.',
    "a nickname with a capital": "Officers saw Tiny by the gate.",
    "initials": "It was J who rang.",
    "a name run together": "zuzannakowalska said so.",
    "a name with signs that nobody sees": "Ma\u200bri\u00adam was there.",
    "letters of another script": "\u041c\u0430\u0440\u0438\u044f was there.",
    "a registration": "He came in a car with AB12 CDE on it.",
    "a word with figures": "He is toastking92 there.",
    "a part of a registration": "The plate begins with AB12.",
    "a registration as said on the radio": "It was alpha bravo one two charlie.",
    "a date of birth": "The brother, 12/03/2009, was there.",
    "a birthday": "He turned six on 3 May.",
    "a date of birth in words": "Of the third of May two thousand and nine.",
    "a telephone number": "Ring 01632 960 123.",
    "a telephone number with dots": "It ends in 9.6.0.1.2.3.",
    "a spoken telephone number": "It is oh one six, then three two, and nine six oh.",
    "a number spelt out": "Digits: one, two, three, four, five, six.",
    "an NHS number": "It says 999 000 0018.",
    "a house number": "They live at number 12.",
    "a flat": "Look in flat 3b.",
    "a street": "They are off Balmoral Place.",
    "a postcode": "It is in zz99 3vz.",
    "a refuge": "They are at marigold refuge.",
    "words of a place": "They are at index.home.raft.",
    "an e-mail address": "Write to toast at mail dot example dot com.",
    "an account": "He posts as toast_king on it.",
    "a handle": "His handle is toasty.",
    "an employer": "He works at Farnley and Sons.",
}


@pytest.mark.parametrize("text", LEFT_IN.values(), ids=LEFT_IN)
def test_where_somebody_may_be_left_in_its_owner_is_asked(text: str) -> None:
    step = approving(signed())
    item = product.draft_item("police", notification=True, sanitised=text)
    outcome = step.when(product.drafted(item, urgent=True, identity=about()))
    assert left(outcome) == []
    (without,) = given.of(ProductWithout, outcome.facts)
    assert [one.item_id for one in without.items] == [item.item_id]


@pytest.mark.parametrize(
    "text",
    [
        "Tilly Thornbury was seen, and Tilly's brother [name] too; the child's home was cold.",
        "[recorded risk] Gareth Price was arrested on 3 November 2026 at 21:40. Price is out.",
        "Police attended at 14:05 and used their powers of protection. Mother declined support.",
        "School says that attendance is 63%, and the GP saw bruises of 3 cm twice in 14 days.",
        "TILLY WAS FOUND ALONE IN THE STREET LATE IN THE EVENING",
    ],
)
def test_words_in_which_nobody_is_left_leave(text: str) -> None:
    item = product.draft_item("police", notification=True, sanitised=text)
    outcome = approving(signed()).when(product.drafted(item, urgent=True, identity=about()))
    assert left(outcome) == [item.item_id]


def test_the_childs_own_name_is_left_in_where_it_is_not_told_to_its_recipient() -> None:
    item = product.draft_item("police", notification=True, sanitised="Tilly was seen.")
    outcome = approving(signed()).when(product.drafted(item, urgent=True))
    assert left(outcome) == []
