"""What an owner withholds stays in, whatever product it would be in next, until it lifts that."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.approve.closing import ANSWERED
from schemas.decisions import Ruling
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.policy import StandingRelease
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    DraftItem,
    ItemDecided,
    ItemLifted,
    ItemWithheld,
    ProductApproved,
    ProductDrafted,
    ProductRefused,
    Weighing,
    items_of_notification,
    release_digest,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

SCHOOL, GP = product.draft_item("school"), product.draft_item("gp")
NOTIFICATION = product.draft_item("police", notification=True)
OF_SECOND = {"product_id": "product-2", "recipient": "early_help", "purpose": "early help"}
OF_EARLY_HELP = product.draft_item(
    "school",
    sanitised_digest=release_digest(
        item_id=SCHOOL.item_id,
        recipient="early_help",
        purpose="early help",
        text=SCHOOL.sanitised,
    ),
)
SANITISED, WITHHOLD = Choice.RELEASE_SANITISED, Choice.WITHHOLD


def approving(*releases: StandingRelease, **changes: Any) -> Given:
    return Given(approve.STEP, given.policy(given.releasing("police", *releases, **changes)))


def second(*items: DraftItem, **changes: Any) -> ProductDrafted:
    """Another product with these items: re-rated, for somebody else, for something else."""
    told = {"product_id": "product-2", "recipient": "early_help", "purpose": "early help"}
    return product.drafted(*items, **told | {"colour": Colour.GREEN} | changes)


def asked(outcome: Outcome[Any]) -> list[tuple[str, str]]:
    """Who was asked about which product."""
    notices = [(letter.agency, letter.notice) for letter in outcome.letters]
    return [(to, one.product_id) for to, one in notices if isinstance(one, ApprovalRequest)]


def withholding() -> Given:
    """The school withheld its item in a first product."""
    step = approving()
    return step.given(product.drafted(SCHOOL), product.decision(SCHOOL, WITHHOLD))


def test_a_withheld_item_stays_in_after_a_new_rating_and_its_owner_is_not_asked_anew() -> None:
    step = withholding()
    outcome = step.when(second(SCHOOL, GP))
    assert asked(outcome) == [("gp", "product-2")]
    (again,) = given.of(ItemDecided, outcome.facts)
    assert (again.item_id, again.choice) == (SCHOOL.item_id, WITHHOLD)
    step.when(product.decision(GP, SANITISED, **OF_SECOND))
    (whole,) = given.of(ProductApproved, step.facts[-1:])
    assert [item.owner for item in whole.items] == ["gp"]


def test_a_withheld_notification_is_not_let_out_by_a_standing_release() -> None:
    step = approving(given.standing(product.RECIPIENT))
    step.given(product.drafted(NOTIFICATION), product.decision(NOTIFICATION, WITHHOLD))
    outcome = step.when(product.drafted(NOTIFICATION, product_id="product-2", urgent=True))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert whole.items == ()
    assert [post.owner for post in whole.signposts] == ["police"]


def test_a_withheld_item_leaves_every_draft_that_waits_and_closes_it() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), second(SCHOOL))
    outcome = step.when(product.decision(SCHOOL, WITHHOLD))
    decided = [fact.product_id for fact in given.of(ItemDecided, outcome.facts)]
    assert decided == ["product-1", "product-2"]
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert (whole.product_id, whole.items) == ("product-2", ())


def test_who_withholds_an_item_elsewhere_is_told_that_its_other_requests_are_answered() -> None:
    """Both where it rules by itself and where it decides about another product; not twice."""
    words = product.ruled(SCHOOL, Ruling.WITHHOLD), product.decision(SCHOOL, WITHHOLD)
    for word, told in zip(words, (["product-1", "product-2"], ["product-2"]), strict=True):
        step = approving().given(product.drafted(SCHOOL, GP), second(SCHOOL))
        letters = step.when(word).letters
        notices = [one.notice for one in letters if isinstance(one.notice, ApprovalCancellation)]
        assert {letter.agency for letter in letters} == {"school"}
        assert [one.product_id for one in notices] == told
        assert {(one.item_id, one.says) for one in notices} == {(SCHOOL.item_id, ANSWERED)}
        assert step.when(word).letters == ()


def test_an_owner_that_asks_to_be_asked_again_is_heard_about_words_that_took_anothers_place() -> (
    None
):
    amended = product.drafted(SCHOOL, product_id="product-2", supersedes="product-1")
    step = approving().given(product.drafted(SCHOOL, GP), amended)
    outcome = step.when(product.decision(SCHOOL, WITHHOLD, product_id="product-2", ask_again=True))
    (decided,) = given.of(ItemDecided, outcome.facts)
    assert (decided.item_id, decided.product_id) == (SCHOOL.item_id, "product-1")
    assert outcome.letters == ()


def test_what_it_released_for_one_recipient_is_withdrawn_when_its_owner_withholds_it() -> None:
    step = approving().given(product.drafted(SCHOOL), product.decision(SCHOOL, SANITISED))
    step.given(second(SCHOOL))
    outcome = step.when(product.decision(SCHOOL, WITHHOLD, **OF_SECOND))
    assert [one.product_id for one in given.of(ApprovalWithdrawn, outcome.facts)] == ["product-1"]


def test_an_owner_that_wants_to_be_asked_is_asked_about_each_further_product() -> None:
    step = approving().given(product.drafted(SCHOOL))
    step.given(product.decision(SCHOOL, WITHHOLD, ask_again=True))
    assert asked(step.when(second(OF_EARLY_HELP))) == [("school", "product-2")]
    outcome = step.when(product.decision(OF_EARLY_HELP, SANITISED, **OF_SECOND))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert [item.owner for item in whole.items] == ["school"]
    third = second(SCHOOL, product_id="product-3")
    assert asked(step.when(third)) == [("school", "product-3")]
    step.when(product.decision(SCHOOL, WITHHOLD, **OF_SECOND | {"product_id": "product-3"}))
    assert asked(step.when(second(SCHOOL, product_id="product-4"))) == []


def test_an_owner_that_wants_to_be_asked_lets_nothing_out_at_once_meanwhile() -> None:
    step = approving(given.standing(product.RECIPIENT))
    step.given(product.drafted(NOTIFICATION))
    step.given(product.decision(NOTIFICATION, WITHHOLD, ask_again=True))
    outcome = step.when(product.drafted(NOTIFICATION, product_id="product-2", urgent=True))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert whole.items == ()


def test_what_is_withheld_is_released_by_nobody_before_it_is_lifted() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, WITHHOLD))
    released = product.decision(SCHOOL, SANITISED)
    assert step.when(released).refusal == Refusal("refused.withheld", "item_id")
    lifted = step.when(product.ruled(SCHOOL, Ruling.LIFT))
    assert asked(lifted) == [("school", "product-1")]
    step.when(released)
    outcome = step.when(product.decision(GP, SANITISED))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert [item.owner for item in whole.items] == ["school", "gp"]


def test_only_its_owner_lifts_withholds_or_recalls_an_item() -> None:
    step = withholding()
    for ruling in Ruling:
        for other in ("gp", "childrens_social_care"):
            told = step.when(product.ruled(SCHOOL, ruling, agency=other))
            assert told.refusal == Refusal("refused.unknown-subject", "item_id")
    assert asked(step.when(second(SCHOOL, GP))) == [("gp", "product-2")]


def test_an_owner_withholds_an_item_without_being_asked_about_a_product() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, SANITISED))
    outcome = step.when(product.ruled(SCHOOL, Ruling.WITHHOLD))
    assert [type(fact) for fact in outcome.facts] == [ItemWithheld, ItemDecided]
    assert step.when(product.ruled(SCHOOL, Ruling.WITHHOLD)) == Outcome()
    assert [type(fact) for fact in step.when(product.ruled(SCHOOL, Ruling.LIFT)).facts] == [
        ItemLifted
    ]
    assert step.when(product.ruled(SCHOOL, Ruling.LIFT)) == Outcome()


def test_a_recall_reaches_every_product_that_had_the_item_once() -> None:
    step = approving().given(product.drafted(SCHOOL), product.decision(SCHOOL, SANITISED))
    step.given(product.ruled(SCHOOL, Ruling.WITHHOLD))
    (recalled,) = step.when(product.ruled(SCHOOL, Ruling.RECALL)).facts
    assert isinstance(recalled, ApprovalWithdrawn)
    assert recalled.recall
    assert step.when(product.ruled(SCHOOL, Ruling.RECALL)) == Outcome()


@pytest.mark.parametrize("ruling", [Ruling.WITHHOLD, Ruling.RECALL])
def test_withholding_needs_a_reason(ruling: Ruling) -> None:
    step = approving().given(product.drafted(SCHOOL))
    told = step.when(product.ruled(SCHOOL, ruling, reason=" "))
    assert told.refusal == Refusal("refused.reason-missing", "reason")


def test_an_owner_whose_agreement_has_ended_withholds_and_recalls_still_but_lifts_nothing() -> None:
    step = approving(until=given.NOON.date())
    step.given(product.drafted(NOTIFICATION), product.decision(NOTIFICATION, SANITISED))
    later = given.NOON + dt.timedelta(days=1)
    told = step.when(product.ruled(NOTIFICATION, Ruling.RECALL), at=later)
    assert [type(fact) for fact in told.facts] == [ItemWithheld, ApprovalWithdrawn]
    told = step.when(product.ruled(NOTIFICATION, Ruling.LIFT), at=later)
    assert told.refusal == Refusal("refused.agreement")


@pytest.mark.parametrize("ruling", Ruling)
def test_only_a_decision_maker_of_the_owner_rules(ruling: Ruling) -> None:
    step = approving().given(product.drafted(SCHOOL))
    told = step.when(product.ruled(SCHOOL, ruling, decided_by="Somebody else"))
    assert told.refusal == Refusal("refused.decision-maker", "decided_by")


@pytest.mark.parametrize("choice", [Choice.RELEASE_ORIGINAL, SANITISED, WITHHOLD])
def test_only_a_decision_maker_of_the_owner_decides(choice: Choice) -> None:
    step = approving().given(product.drafted(SCHOOL))
    told = step.when(product.decision(SCHOOL, choice, decided_by="Decision maker of gp"))
    assert told.refusal == Refusal("refused.decision-maker", "decided_by")
    same_name = product.decision(SCHOOL, choice, decided_by="decision  maker of SCHOOL")
    assert step.when(same_name).refusal is None


def test_an_item_that_no_product_held_is_not_known() -> None:
    told = approving().when(product.ruled(SCHOOL, Ruling.WITHHOLD))
    assert told.refusal == Refusal("refused.unknown-subject", "item_id")


def test_a_decision_that_does_not_name_its_referral_is_asked_for_anew() -> None:
    step = approving().given(product.drafted(SCHOOL))
    told = step.when(product.decision(SCHOOL, SANITISED, referral_id=None))
    assert told.refusal == Refusal("missing.field", "referral_id")


def test_what_is_withheld_of_a_product_that_was_voided_stays_withheld() -> None:
    step = approving().given(product.drafted(SCHOOL), product.voided())
    step.given(product.decision(SCHOOL, WITHHOLD))
    assert given.of(ProductRefused, step.when(second(SCHOOL)).facts) == []
    assert given.of(ProductApproved, step.facts)[0].items == ()


# --- the same item under another id


POLICE = given.standing(product.RECIPIENT)
NARRATIVE, *PARTS = items_of_notification("ref-1", 3)
SENT_AGAIN, *PARTS_AGAIN = items_of_notification("ref-2", 3)


def told(item_id: str, text: str) -> DraftItem:
    """The notification's narrative, or a part of it, in these words."""
    return product.draft_item(
        "police",
        item_id,
        original=text,
        sanitised=text,
        original_digest=product.digest(item_id, text),
        sanitised_digest=product.digest(item_id, text),
        notification=True,
    )


SHED = "He sleeps in the shed, and nobody may know."


def at_once(step: Given, *items: DraftItem, **changes: Any) -> list[str]:
    """What leaves with a Red for the front line, which a standing release covers."""
    urgent = product.drafted(*items, product_id="product-9", urgent=True, **changes)
    (whole,) = given.of(ProductApproved, step.when(urgent).facts)
    return [item.text for item in whole.items]


def with_a_part_withheld() -> Given:
    step = approving(POLICE)
    step.given(product.drafted(told(PARTS[0], "The bin was full."), told(PARTS[1], SHED), GP))
    return step.given(product.decision(told(PARTS[1], SHED), WITHHOLD))


def test_a_part_that_is_withheld_stays_in_when_an_amendment_gives_it_anothers_place() -> None:
    step = with_a_part_withheld()
    moved = told(PARTS[0], "He sleeps in the shed,  and nobody MAY know")
    gone = Weighing(item_id=PARTS[1], owner="police", included=False, reason="Taken out.")
    again = product.drafted(moved, left_out=(gone,), product_id="product-2", supersedes="product-1")
    assert asked(step.when(again)) == []
    assert at_once(step, moved) == []


def test_a_new_part_beside_one_that_is_withheld_is_let_out_by_its_owner_alone() -> None:
    step = with_a_part_withheld()
    other = told(PARTS[2], "He slept outside.")
    assert at_once(step, other) == []
    assert asked(step.when(product.drafted(other, product_id="product-2"))) == [
        ("police", "product-2")
    ]


def test_words_that_hold_what_is_withheld_are_let_out_by_its_owner_alone() -> None:
    step = with_a_part_withheld()
    assert at_once(step, told(NARRATIVE, f"The bin was full. {SHED}")) == []


def test_lifting_lets_the_same_words_under_another_id_be_asked_about() -> None:
    step = with_a_part_withheld()
    moved = told(PARTS[0], SHED)
    step.given(product.drafted(moved, product_id="product-2", supersedes="product-1"))
    lifted = step.when(product.ruled(told(PARTS[1], SHED), Ruling.LIFT))
    assert ("police", "product-1") in asked(lifted)
    assert at_once(step, moved) == [SHED]


def test_a_notification_that_is_sent_again_is_withheld_with_the_first() -> None:
    step = approving(POLICE).given(product.drafted(told(NARRATIVE, SHED)))
    step.given(product.decision(told(NARRATIVE, SHED), WITHHOLD))
    again = told(SENT_AGAIN, "He sleeps in the shed.")
    assert at_once(step, again, referral_id="ref-2", concern_id="ref-1") == []


def test_what_was_sent_twice_is_withheld_by_one_word() -> None:
    step = approving(POLICE).given(product.drafted(told(NARRATIVE, SHED)))
    again = told(SENT_AGAIN, "He sleeps in the shed.")
    of_again: dict[str, Any] = {"referral_id": "ref-2", "concern_id": "ref-1"}
    step.given(product.drafted(again, product_id="product-2", **of_again))
    step.given(product.decision(told(NARRATIVE, SHED), WITHHOLD))
    assert at_once(step, again, **of_again) == []


def test_what_another_agency_says_in_the_same_words_is_its_own() -> None:
    step = approving(POLICE)
    school = product.draft_item("school", original="She told the school.")
    step.given(product.drafted(school), product.decision(school, WITHHOLD))
    assert at_once(step, told(NARRATIVE, school.original)) == [school.original]
