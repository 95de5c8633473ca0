"""A referral is closed with no further action: owners are asked no more, until it goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest

from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from schemas.base import Fact
from schemas.case import NotificationAmended
from schemas.gathering import Level
from schemas.information import InformationRequested, RequestCancelled
from schemas.message import Message
from schemas.notices import ApprovalCancellation
from schemas.outcome import Because, ReferralClosed, ReferralReopened
from schemas.owed import ClockClosed
from schemas.product import (
    ApprovalsCancelled,
    Choice,
    Disposal,
    ItemWithheld,
    ProductApproved,
    ProductDrafted,
    ProductEnded,
    ProductRefused,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given, products
from tests.support.given import Given

SCHOOL, GP = products.draft_item("school"), products.draft_item("gp")
OPEN = ReferralReopened(referral_id="ref-1", case_id="case-1", because=Because.RATED)


def closed(outcome: Disposal = Disposal.NO_FURTHER_ACTION) -> ReferralClosed:
    return ReferralClosed(
        referral_id="ref-1",
        case_id="case-1",
        outcome=outcome,
        told="police",
        may_be_told="Thank you.",
        decided_by="S. Worker",
        rationale="A misunderstanding",
        picture_id="picture-1",
    )


def drafted(*more: Fact | Message) -> Given:
    """Composing, with one product of the notification."""
    asked = InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level=Level.FULL,
        reasons=("A sign.",),
        profile="Sample Borough 2026.2",
        requests=(),
    )
    step = Given(compose.STEP).given(given.linked(), asked, given.assigned(Colour.AMBER))
    return step.given(*more)


def drafts(facts: tuple[Fact, ...]) -> list[ProductDrafted]:
    return given.of(ProductDrafted, facts)


def refused(product_id: str) -> ProductRefused:
    return ProductRefused(
        product_id=product_id,
        referral_id="ref-1",
        case_id="case-1",
        recipient="csc_assessment_team",
        colour=Colour.AMBER,
        voided=True,
        reason="Closed.",
    )


def cancelled(*product_ids: str) -> ApprovalsCancelled:
    return ApprovalsCancelled(
        product_ids=product_ids, referral_id="ref-1", case_id="case-1", reason="Closed."
    )


# What is cancelled


def test_with_no_further_action_what_was_drafted_is_cancelled_and_with_no_other_outcome() -> None:
    for outcome in set(Disposal) - {Disposal.NO_FURTHER_ACTION}:
        assert drafted().when(closed(outcome)).facts == ()
    step = drafted()
    (product,) = drafts(tuple(step.facts))
    fact, ended = step.when(closed()).facts
    assert isinstance(fact, ApprovalsCancelled)
    assert isinstance(ended, ProductEnded)
    assert (ended.product_id, ended.colour) == (product.product_id, None)
    assert (fact.product_ids, fact.case_id) == ((product.product_id,), "case-1")
    assert "no further action" in fact.reason
    assert step.when(closed()).facts == ()


def test_an_outcome_that_is_changed_to_no_further_action_cancels_too() -> None:
    step = drafted(closed(Disposal.EARLY_HELP))
    assert given.of(ApprovalsCancelled, step.when(closed()).facts)


def test_what_waits_is_refused_and_who_has_not_decided_is_told() -> None:
    step = Given(approve.STEP).given(
        products.drafted(SCHOOL, GP), products.decision(SCHOOL, Choice.RELEASE_SANITISED)
    )
    outcome = step.when(cancelled("product-1"))
    fact, clock = outcome.facts
    assert isinstance(fact, ProductRefused)
    assert fact.voided
    assert isinstance(clock, ClockClosed)
    assert (clock.agency, clock.reason) == ("gp", fact.reason)
    (letter,) = outcome.letters
    assert letter.agency == "gp"
    assert letter.notice == ApprovalCancellation(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        recipient=products.RECIPIENT,
        purpose=products.PURPOSE,
    )


def test_an_answer_that_crosses_the_cancellation_is_kept_and_its_sender_hears_that_it_is_late() -> (
    None
):
    step = Given(approve.STEP).given(products.drafted(SCHOOL, GP), cancelled("product-1"))
    late = products.decision(GP, Choice.RELEASE_ORIGINAL)
    outcome = step.when(late)
    assert (outcome.refusal, outcome.facts) == (None, ())
    (letter,) = outcome.letters
    assert isinstance(letter.notice, ApprovalCancellation)
    assert (letter.agency, letter.notice.item_id) == ("gp", GP.item_id)
    assert letter.notice.says == "Your decision is kept, and came too late: Closed."
    other = products.decision(GP, Choice.RELEASE_ORIGINAL, "school")
    assert step.when(other).refusal == Refusal("refused.unknown-subject", "item_id")
    kept = step.when(products.decision(SCHOOL, Choice.WITHHOLD))
    assert given.of(ItemWithheld, kept.facts), "an owner's no lasts, whatever became of the product"


def test_who_is_asked_only_after_another_is_told_nothing() -> None:
    theirs = products.draft_item("gp", held_by="school")
    step = Given(approve.STEP).given(products.drafted(theirs))
    letters = step.when(cancelled("product-1")).letters
    assert [letter.agency for letter in letters] == ["school"]


def test_what_was_approved_goes_all_the_same() -> None:
    step = Given(approve.STEP).given(
        products.drafted(SCHOOL), products.decision(SCHOOL, Choice.RELEASE_SANITISED)
    )
    assert given.of(ProductApproved, step.facts)
    outcome = step.when(cancelled("product-1"))
    assert (outcome.facts, outcome.letters) == ((), ())


def test_a_draft_that_is_heard_of_after_that_is_put_before_nobody() -> None:
    step = Given(approve.STEP).given(cancelled("product-1"))
    outcome = step.when(products.drafted(SCHOOL))
    assert outcome.letters == ()
    assert given.of(ProductRefused, outcome.facts)[0].voided


# When it goes on


@pytest.mark.parametrize("goes_on", [OPEN, closed(Disposal.FRONT_LINE_TEAM)])
def test_what_was_cancelled_is_drafted_anew_where_the_referral_goes_on(goes_on: Fact) -> None:
    first = drafts(tuple(drafted().facts))[0]
    for order in permutations([refused(first.product_id), goes_on]):
        step = drafted(closed())
        facts = tuple(fact for one in order for fact in step.when(one).facts)
        (again,) = drafts(facts)
        assert again.product_id != first.product_id
        assert (again.recipient, again.items) == (first.recipient, first.items)
        assert step.when(refused(first.product_id)).facts == ()


def test_it_is_drafted_anew_as_often_as_it_was_cancelled() -> None:
    step, seen = drafted(), set[str]()
    for _ in range(3):
        product = drafts(tuple(step.facts))[-1]
        seen.add(product.product_id)
        assert step.when(closed()).facts
        step.given(refused(product.product_id), OPEN)
    assert len(seen) == 3


def test_it_is_drafted_anew_in_the_words_that_it_had_last() -> None:
    said = given.notification("Seen at home.")
    words = NotificationAmended(
        referral_id="ref-1", case_id="case-1", amended_by="ref-2", version=2, notification=said
    )
    step = drafted(words)
    first, changed = drafts(tuple(step.facts))
    assert changed.supersedes == first.product_id
    (again,) = drafts(step.given(closed(), refused(first.product_id)).when(OPEN).facts)
    assert [item.original for item in again.items] == ["Seen at home."]
    assert again.supersedes is None


def test_a_product_that_was_approved_is_not_drafted_anew() -> None:
    step = drafted(closed())
    assert drafts(step.when(OPEN).facts) == []


def test_a_product_for_another_child_is_not_drafted_anew_for_that() -> None:
    step = drafted()
    (first,) = drafts(tuple(step.facts))
    step.when(given.corrected())
    assert step.when(refused(first.product_id)).facts == ()


def test_where_it_turns_out_to_be_about_another_child_only_that_ones_product_is_drafted() -> None:
    step = drafted()
    (first,) = drafts(tuple(step.facts))
    step.given(closed(), refused(first.product_id), given.corrected())
    (again,) = drafts(step.when(OPEN).facts)
    assert again.case_id == "case-2"


def test_a_cancellation_that_is_heard_after_the_reopening_closes_nothing() -> None:
    asked = RequestCancelled(
        referral_id="ref-1",
        case_id="case-1",
        request_id="request-gp",
        agency="gp",
        decided_by="S. Worker",
        rationale="The referral was closed.",
        closing=True,
    )
    closing = given.message(closed(Disposal.EARLY_HELP))
    heard = replace(given.message(asked), causation_id=closing.id)
    red = given.message(given.assigned(Colour.RED))
    step = Given(compose.STEP).given(given.linked(), closing, OPEN, heard)
    assert len(drafts(step.when(red).facts)) == 2, "the front line is told at once"
