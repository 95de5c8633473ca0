"""What its owner amends is asked about anew wherever it is in; earlier words leave no more."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from schemas.case import NotificationAmended, VersionMoved
from schemas.decisions import Ruling
from schemas.notices import ApprovalRequest
from schemas.product import (
    ApprovalWithdrawn,
    Choice,
    DraftItem,
    ItemAmended,
    ProductApproved,
    ProductDrafted,
    ProductVoided,
    Weighing,
    item_of_school_notice,
    items_of_notification,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from schemas.sharing import Part, Sharing
from tests.support import given
from tests.support import products as product
from tests.support.composing import answered, assigned, item, requested, suggested
from tests.support.given import NOON, Given

SCHOOL, GP = product.draft_item("school"), product.draft_item("gp")
SHORTER = product.draft_item(
    "school",
    original="Mariam told us.",
    sanitised="[name] told us.",
    original_digest=product.digest("item-school", "Mariam told us."),
    sanitised_digest=product.digest("item-school", "[name] told us."),
)
ORIGINAL, SANITISED, WITHHOLD = Choice.RELEASE_ORIGINAL, Choice.RELEASE_SANITISED, Choice.WITHHOLD


def approving() -> Given:
    return Given(approve.STEP)


def superseding(*items: DraftItem, of: str = "product-1", **changes: Any) -> ProductDrafted:
    """The school's item of an earlier product, in the words that it has now."""
    told = {"product_id": f"{of}-again", "supersedes": of}
    gone = (Weighing(item_id="item-school", owner="school", included=False, reason="Amended."),)
    return product.drafted(*items, left_out=() if items else gone, **told | changes)


def asked(outcome: Outcome[Any]) -> list[tuple[str, str, str]]:
    """Who was asked, about which product, in which words."""
    notices = [(letter.agency, letter.notice) for letter in outcome.letters]
    return [
        (to, one.product_id, one.item.original)
        for to, one in notices
        if isinstance(one, ApprovalRequest)
    ]


def test_in_a_product_that_waits_the_new_words_stand_and_their_owner_is_asked_again() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, ORIGINAL))
    assert asked(step.when(superseding(SHORTER))) == [("school", "product-1", "Mariam told us.")]
    old = product.decision(SCHOOL, ORIGINAL)
    assert step.when(old).refusal == Refusal("refused.digest", "digest")
    step.given(product.decision(GP, SANITISED))
    outcome = step.when(product.decision(SHORTER, ORIGINAL))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert {item.text for item in whole.items} == {GP.sanitised, SHORTER.original}
    assert whole.product_id == "product-1"


def test_words_that_wait_are_amended_again_and_again() -> None:
    step = approving().given(product.drafted(SCHOOL), superseding(SHORTER))
    again = superseding(SCHOOL, of="product-1-again")
    assert asked(step.when(again)) == [("school", "product-1", SCHOOL.original)]


def test_an_item_that_is_taken_out_leaves_a_product_that_waits() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(GP, SANITISED))
    outcome = step.when(superseding())
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert [item.owner for item in whole.items] == ["gp"]


def test_what_was_approved_is_taken_back_and_the_new_words_are_a_product_of_their_own() -> None:
    step = approving().given(product.drafted(SCHOOL), product.decision(SCHOOL, ORIGINAL))
    outcome = step.when(superseding(SHORTER))
    (gone,) = given.of(ApprovalWithdrawn, outcome.facts)
    assert (gone.product_id, gone.item_id, gone.recall) == ("product-1", "item-school", False)
    assert asked(outcome) == [("school", "product-1-again", "Mariam told us.")]
    decided = product.decision(SHORTER, ORIGINAL, product_id="product-1-again")
    (whole,) = given.of(ProductApproved, step.when(decided).facts)
    assert (whole.product_id, whole.supersedes) == ("product-1-again", "product-1")


def test_what_its_owner_withholds_stays_in_in_whatever_words() -> None:
    step = approving().given(product.drafted(SCHOOL, GP), product.decision(SCHOOL, WITHHOLD))
    assert asked(step.when(superseding(SHORTER))) == []
    outcome = step.when(product.decision(GP, SANITISED))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert [item.owner for item in whole.items] == ["gp"]


def test_a_later_version_of_a_notification_is_withheld_with_the_first() -> None:
    told = product.draft_item("police", notification=True)
    policy = given.policy(given.releasing("police", given.standing(product.RECIPIENT)))
    step = Given(approve.STEP, policy)
    step.given(product.drafted(told), product.decision(told, WITHHOLD))
    later = product.drafted(
        told, product_id="product-2", referral_id="ref-2", concern_id="ref-1", urgent=True
    )
    assert approve.STEP.key(given.message(later)) == "ref-1"
    (whole,) = given.of(ProductApproved, step.when(later).facts)
    assert whole.items == ()


def test_an_owner_amends_its_item_by_a_message() -> None:
    step = approving().given(product.drafted(SCHOOL))
    told = product.ruled(SCHOOL, Ruling.AMEND, text="Mariam told us.")
    (amended,) = step.when(told).facts
    assert isinstance(amended, ItemAmended)
    assert (amended.referral_id, amended.text) == ("ref-1", "Mariam told us.")
    empty = product.ruled(SCHOOL, Ruling.AMEND, text=" ")
    assert step.when(empty).refusal == Refusal("missing.field", "text")


def test_what_a_notice_to_a_school_says_nobody_amends() -> None:
    """The profile words it, so that no other words would ever come."""
    says = product.draft_item("police", item_of_school_notice("ref-1"))
    step = approving().given(product.drafted(says, school_notice=True))
    told = product.ruled(says, Ruling.AMEND, text="Other words.")
    assert step.when(told).refusal == Refusal("refused.closed", "item_id")


# --- what is drafted anew


def gathered() -> Given:
    """A Red that went out at once and whole, with an answer of the school's."""
    step = Given(compose.STEP)
    return step.given(
        given.linked(given.HIT),
        suggested(Colour.RED),
        requested("school"),
        answered("school", item("school")),
        assigned(Colour.RED),
    )


def drafts(facts: object) -> list[ProductDrafted]:
    return given.of(ProductDrafted, facts)  # type: ignore[arg-type]


def amended(narrative: str, *, version: int = 2, **changes: Any) -> NotificationAmended:
    return NotificationAmended(
        referral_id="ref-1",
        case_id="case-1",
        amended_by="ref-2",
        version=version,
        notification=given.notification(narrative, **changes),
    )


PART = Part(text="A neighbour told us.")
MOVED = VersionMoved(referral_id="ref-1", case_id="case-1", moved="ref-2")


def said(drafted: object) -> set[str]:
    return {one.original for draft in drafts(drafted) for one in draft.items}


def test_what_an_amendment_said_that_a_human_moved_to_another_child_is_in_no_draft() -> None:
    step = gathered()
    first = {one.product_id: one for one in drafts(step.facts)}
    again = drafts(step.when(amended("Child was pushed.", parts=(Part(text="By him."),))).facts)
    late = drafts(step.when(answered("gp", item("gp"), late=True)).facts)
    outcome = step.when(MOVED)
    voided = {one.product_id for one in given.of(ProductVoided, outcome.facts)}
    assert voided == {one.product_id for one in (*first.values(), *again, *late)}
    anew = drafts(outcome.facts)
    assert voided.isdisjoint(one.product_id for one in anew)
    assert said(anew) >= {given.HIT}
    assert not said(anew) & {"Child was pushed.", "By him."}
    told = {(one.recipient, one.urgent) for one in (*first.values(), *late)}
    assert {(one.recipient, one.urgent) for one in anew} == told
    assert step.when(MOVED) == Outcome()
    assert said(step.when(amended("Child was hit twice.", version=3)).facts) == {
        "Child was hit twice."
    }


def test_what_was_not_drafted_in_its_words_stands() -> None:
    step = gathered()
    first = drafts(step.facts)
    same = amended(given.HIT)
    step.given(same)
    late = drafts(step.when(answered("gp", item("gp"), late=True)).facts)
    outcome = step.when(MOVED)
    voided = {one.product_id for one in given.of(ProductVoided, outcome.facts)}
    assert voided == {one.product_id for one in late}, "they say who the child was said to be"
    assert voided.isdisjoint(one.product_id for one in first)


def test_what_its_agency_had_told_before_is_told_again_with_what_the_amendment_left_out() -> None:
    step = Given(compose.STEP).given(
        given.linked(given.HIT, notification=given.notification(given.HIT, parts=(PART,))),
        requested("school"),
        answered("school"),
        assigned(Colour.AMBER),
    )
    step.given(amended("Child was pushed."))
    assert said(step.when(MOVED).facts) == {given.HIT, PART.text}


def test_of_two_amendments_that_a_human_moves_the_words_before_both_stand() -> None:
    step = gathered().given(amended("Child was pushed."))
    later = amended("Child was pushed twice.", version=3)
    step.given(later.model_copy(update={"amended_by": "ref-3"}), MOVED)
    assert "Child was pushed twice." in said(step.facts)
    outcome = step.when(MOVED.model_copy(update={"moved": "ref-3"}))
    assert said(outcome.facts) >= {given.HIT}
    assert "Child was pushed." not in said(outcome.facts)


def test_an_amended_notification_is_drafted_anew_for_every_product_that_held_it() -> None:
    step = gathered()
    first = drafts(step.facts)
    again = drafts(step.when(amended("Child was pushed.")).facts)
    assert {one.supersedes for one in again} == {one.product_id for one in first}
    assert all([item.original for item in one.items] == ["Child was pushed."] for one in again)
    assert {(one.recipient, one.urgent) for one in again} == {
        (one.recipient, one.urgent) for one in first
    }
    ids = {one.items[0].item_id for one in (*first, *again)}
    assert len(ids) == 1, "it is the same item, in other words"


def test_it_is_drafted_anew_once_for_each_version_and_only_for_what_holds_it_now() -> None:
    step = gathered()
    second = drafts(step.when(amended("Child was pushed.")).facts)
    assert step.when(amended("Child was pushed.")).facts == ()
    third = drafts(step.when(amended("Child was shouted at.", version=3)).facts)
    assert {one.supersedes for one in third} == {one.product_id for one in second}
    assert step.when(amended("Child was hit.", version=2)).facts == ()


def test_a_part_that_is_taken_out_is_told_as_gone() -> None:
    step = Given(compose.STEP)
    said = given.notification(given.HIT, parts=(Part(text="A neighbour told us."),))
    step.given(given.linked(notification=said), suggested(Colour.RED), requested("school"))
    first = drafts(step.when(assigned(Colour.RED)).facts)
    assert [len(one.items) for one in first] == [2, 2]
    again = drafts(step.when(amended(given.HIT)).facts)
    assert [one.items for one in again] == [(), ()]
    for one in again:
        (weighing,) = one.weighing
        assert (weighing.included, weighing.item_id) == (False, first[0].items[1].item_id)


def test_an_amendment_that_keeps_it_back_takes_it_out() -> None:
    step = gathered()
    kept = Sharing(may_leave=False, reason="She is afraid.")
    again = drafts(step.when(amended(given.HIT, sharing=kept)).facts)
    assert [one.items for one in again] == [(), (), (), ()]
    assert all(not weighing.included for one in again for weighing in one.weighing)


def test_an_amended_answer_is_drafted_anew_where_it_is_in() -> None:
    step = gathered()
    told = ItemAmended(
        referral_id="ref-1",
        case_id="case-1",
        item_id="item-school",
        owner="school",
        reason="Its owner has amended it.",
        decided_by="A. Head",
        text="Attends every day.",
    )
    again = drafts(step.when(told).facts)
    assert [[item.original for item in one.items] for one in again] == [["Attends every day."]] * 4
    assert step.when(told) == Outcome()


def test_an_amendment_that_is_heard_before_the_link_stands() -> None:
    step = Given(compose.STEP).given(amended("Child was pushed."))
    step.given(given.linked(given.HIT), suggested(Colour.RED), requested("school"))
    found = drafts(step.when(assigned(Colour.RED)).facts)
    assert {one.items[0].original for one in found} == {"Child was pushed."}


def test_what_was_voided_is_not_drafted_anew() -> None:
    step = gathered()
    moved = step.when(given.corrected(), at=NOON + dt.timedelta(hours=1))
    voided = {one.product_id for one in given.of(ProductVoided, moved.facts)}
    again = drafts(step.when(amended("Child was pushed.")).facts)
    assert again
    assert not voided & {one.supersedes for one in again}


@pytest.mark.parametrize("amends", [None, "ref-0"])
def test_a_later_version_says_whose_first_it_is(amends: str | None) -> None:
    step = Given(compose.STEP)
    step.given(given.linked(given.HIT, amends=amends), suggested(Colour.RED), requested("school"))
    for one in drafts(step.when(assigned(Colour.RED)).facts):
        assert one.concern_id == amends
    (voided, *_) = given.of(ProductVoided, step.when(given.corrected()).facts)
    assert voided.concern_id == amends


def test_a_notification_that_is_sent_again_says_whose_first_it_is_and_has_items_of_its_own() -> (
    None
):
    step = Given(compose.STEP)
    sent = given.linked(given.HIT, same_concern_as="ref-0")
    step.given(sent, suggested(Colour.RED), requested("school"))
    first = drafts(step.when(assigned(Colour.RED)).facts)
    again = drafts(step.when(amended("Child was pushed.")).facts)
    assert {one.concern_id for one in (*first, *again)} == {"ref-0"}
    ids = {item.item_id for one in (*first, *again) for item in one.items}
    assert ids == {items_of_notification("ref-1", 0)[0]}


def test_an_amendment_of_what_was_sent_again_says_whose_first_it_is() -> None:
    step = Given(compose.STEP)
    told = given.linked(given.HIT, amends="ref-0", resent_from="ref-00")
    step.given(told, suggested(Colour.RED), requested("school"))
    first = drafts(step.when(assigned(Colour.RED)).facts)
    assert {one.concern_id for one in first} == {"ref-00"}
    assert {item.item_id for one in first for item in one.items} == {
        items_of_notification("ref-0", 0)[0]
    }
