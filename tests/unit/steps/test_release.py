"""Hop 7: what leaves is what was approved, to the byte; it leaves once, and its arrival is recorded
once.
"""

from __future__ import annotations

import datetime as dt
from hashlib import sha256

import pytest

from router.step import Outcome
from router.steps.release import decide as release
from schemas.base import Fact
from schemas.identity import IdentityBlock, IdentityField, LeftOut, OwnedIdentity
from schemas.letter import letter_id
from schemas.product import (
    Product,
    ProductActedOn,
    ProductDelivered,
    ProductHeldBack,
    ProductRecall,
    ProductReleased,
    ProductReturned,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support import products as product
from tests.support.given import Given
from tests.support.releasing import BLOCK, about, left, releasing, told_of_products


def test_an_approved_product_goes_to_its_recipient_and_the_fact_names_its_digest() -> None:
    outcome = releasing().when(product.approved())
    (letter,) = outcome.letters
    (fact,) = given.of(ProductReleased, outcome.facts)
    assert letter.agency == fact.recipient == product.RECIPIENT
    assert fact.digest == sha256(letter.notice.model_dump_json().encode()).hexdigest()
    assert fact.item_digests == tuple(item.digest for item in product.approved().items)
    assert fact.signposts == 1


def test_what_leaves_holds_nothing_but_items_and_signposts_for_a_recipient_and_purpose() -> None:
    (letter,) = releasing().when(product.approved()).letters
    assert isinstance(letter.notice, Product)
    assert letter.notice.items == product.approved().items
    assert set(Product.model_fields) == {
        *(
            "product_id",
            "case_id",
            "recipient",
            "purpose",
            "colour",
            "disposal",
            "items",
            "signposts",
            "referral_id",
            "about",
            "supersedes",
            "follows",
            "alleged",
            "to_do",
            "due_at",
            "contact",
            "approvals",
            "unconfirmed",
        )
    }


FRIDAY_EVENING = dt.datetime(2026, 6, 12, 19, 0, tzinfo=dt.UTC)


ACT_AT_ONCE = "Act on it at once, and send a delivery receipt that says who has it."


@pytest.mark.parametrize(
    ("kind", "due_at"),
    [
        ("front_line", FRIDAY_EVENING + dt.timedelta(hours=1)),
        (None, dt.datetime(2026, 6, 15, 9, 0, tzinfo=dt.UTC)),
    ],
)
def test_a_product_says_what_to_do_and_by_when_in_its_recipients_own_time(
    kind: str | None, due_at: dt.datetime
) -> None:
    """A front-line team is there at all hours; who is not has its first hour of Monday."""
    policy = given.policy(given.partner(product.RECIPIENT, kind=kind))
    outcome = Given(release.STEP, policy).when(product.approved(), at=FRIDAY_EVENING)
    (sent,) = given.of(Product, [letter.notice for letter in outcome.letters])
    assert (sent.to_do, sent.due_at) == (ACT_AT_ONCE, due_at)


def test_a_product_under_a_profile_that_does_not_say_what_to_do_says_nothing_of_it() -> None:
    red = given.profile().colours[Colour.RED].model_copy(update={"to_do": None, "act_within": None})
    profile = given.profile().model_copy(
        update={"colours": {**given.profile().colours, Colour.RED: red}}
    )
    outcome = Given(release.STEP, given.policy(profile_=profile)).when(product.approved())
    (sent,) = [letter.notice.model_dump() for letter in outcome.letters]
    assert not {"to_do", "due_at"} & sent.keys()


def test_what_is_left_of_a_product_is_due_when_the_whole_of_it_was() -> None:
    step, _ = left()
    outcome = step.when(product.withdrawn(recall=False), at=FRIDAY_EVENING)
    (sent,) = given.of(Product, [letter.notice for letter in outcome.letters])
    assert (sent.to_do, sent.due_at) == (ACT_AT_ONCE, given.NOON + dt.timedelta(hours=1))


@pytest.mark.parametrize(
    "changes", [{"text": "Other bytes."}, {"item_id": "item-other"}, {"digest": "0" * 64}]
)
def test_bytes_that_were_not_approved_do_not_leave(changes: dict[str, str]) -> None:
    item = product.approved().items[0].model_copy(update=changes)
    outcome = releasing().when(product.approved(items=(item,)))
    assert outcome.refusal == Refusal("refused.digest", "items[0].digest")


@pytest.mark.parametrize("changes", [{"recipient": "police_cait"}, {"purpose": "another purpose"}])
def test_an_approval_is_good_for_its_recipient_and_purpose_only(changes: dict[str, str]) -> None:
    assert releasing().when(product.approved(**changes)).refusal == Refusal(
        "refused.digest", "items[0].digest"
    )


def test_an_approval_told_twice_sends_once() -> None:
    assert releasing().given(product.approved()).when(product.approved()) == Outcome()


@pytest.mark.parametrize(
    ("status", "kind"), [("received", ProductDelivered), ("refused", ProductReturned)]
)
def test_the_recipients_receipt_is_recorded_once(status: str, kind: type[Fact]) -> None:
    step = releasing().given(product.approved())
    assert [type(fact) for fact in step.when(product.receipt(status)).facts] == [kind]
    assert step.when(product.receipt(status)) == Outcome()
    assert step.when(product.approved()) == Outcome()


def test_a_receipt_that_says_otherwise_than_the_first_is_refused() -> None:
    step = releasing().given(product.approved(), product.receipt("received"))
    assert step.when(product.receipt("refused")).refusal == Refusal("refused.closed", "status")


VISITED = "Visited on Tuesday; the family takes the help."


def test_what_was_done_is_told_with_the_receipt_or_by_a_later_one_each_time_once() -> None:
    step = releasing().given(product.approved())
    at_once = step.when(product.receipt(done=f" {VISITED}\n"))
    assert [type(fact) for fact in at_once.facts] == [ProductDelivered, ProductActedOn]
    (acted,) = given.of(ProductActedOn, at_once.facts)
    assert acted.model_dump() == {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "agency": product.RECIPIENT,
        "told_by": "T. Manager",
        "text": VISITED,
        "sensitivity": "sensitive",
    }
    for _ in range(2):
        assert step.when(product.receipt(done=VISITED)) == Outcome()
        assert step.when(product.receipt(done="  ")) == Outcome()
        assert step.when(product.receipt()) == Outcome()
    later = step.when(product.receipt(done="Nobody was at home on Friday."))
    assert [type(fact) for fact in later.facts] == [ProductActedOn]
    assert later.letters == ()


def test_nothing_is_taken_as_done_by_who_has_no_product_or_gives_it_back() -> None:
    said = product.receipt(done=VISITED)
    step = releasing()
    assert step.when(said).refusal == Refusal("refused.unknown-subject", "product_id")
    step.when(product.approved())
    other = product.receipt(agency="school", done=VISITED)
    assert step.when(other).refusal == Refusal("refused.not-yours", "product_id")
    case = product.receipt(case_id="case-9", done=VISITED)
    assert step.when(case).refusal == Refusal("refused.unknown-subject", "case_id")
    back = product.receipt("refused", done=VISITED)
    assert step.when(back).refusal == Refusal("invalid.value", "done")
    step.when(product.receipt("refused"))
    assert step.when(said).refusal == Refusal("refused.closed", "status")


def test_what_was_done_before_it_was_wanted_back_is_told_still() -> None:
    step = releasing().given(product.approved(), product.receipt())
    step.given(product.voided())
    told = given.of(ProductActedOn, step.when(product.receipt(done=VISITED)).facts)
    assert [one.text for one in told] == [VISITED]


def test_receipts_of_others_or_about_nothing_that_was_sent_are_refused() -> None:
    step = releasing()
    assert step.when(product.receipt()).refusal == Refusal("refused.unknown-subject", "product_id")
    step.when(product.approved())
    assert step.when(product.receipt(agency="school")).refusal == Refusal(
        "refused.not-yours", "product_id"
    )
    assert step.when(product.receipt(case_id="case-9")).refusal == Refusal(
        "refused.unknown-subject", "case_id"
    )


NOT_SIGNED = given.policy(given.partner(product.RECIPIENT, agreement=None))


def test_nothing_leaves_for_a_recipient_without_an_agreement_and_the_lead_agency_is_told() -> None:
    step = Given(release.STEP, NOT_SIGNED)
    outcome = step.when(product.approved())
    assert told_of_products(outcome) == [ProductHeldBack]
    assert [letter.agency for letter in outcome.letters] == ["childrens_social_care"]
    assert step.when(product.receipt()).refusal is not None


def test_a_product_whose_recipients_agreement_ended_on_its_queue_does_not_reach_it() -> None:
    step, letter = left()
    assert step.when(product.stopped("another letter")) == Outcome()
    outcome = step.when(product.stopped(letter))
    assert told_of_products(outcome) == [ProductHeldBack]
    assert step.when(product.voided()) == Outcome()


ADDRESS = LeftOut(field=IdentityField.ADDRESS, reason="Its owner does not let it be told here.")


LESS = BLOCK.leaving_out((ADDRESS,))


@pytest.mark.parametrize(("block", "untold"), [(BLOCK, ()), (LESS, (ADDRESS,))])
def test_what_leaves_says_whom_it_is_about_and_so_does_its_recall(
    block: IdentityBlock, untold: tuple[LeftOut, ...]
) -> None:
    step = releasing()
    told = given.message(about(block, *untold))
    (letter,) = step.when(told).letters
    assert isinstance(letter.notice, Product)
    assert (letter.notice.about, letter.notice.referral_id) == (block, "ref-1")
    step.given(product.fetched(letter_id(told.id, "release", key=letter.key)))
    (recall,) = step.when(product.voided()).letters
    assert isinstance(recall.notice, ProductRecall)
    assert recall.notice.about == block
    assert recall.notice.to_do is not None
    assert "recall receipt" in recall.notice.to_do


def test_more_about_the_child_than_its_owners_approved_does_not_leave() -> None:
    other = BLOCK.model_copy(update={"telephone": ("01632 960123",)})
    for block, untold in ((other, ()), (BLOCK, (ADDRESS,))):
        refusal = releasing().when(about(block, *untold)).refusal
        assert refusal == Refusal("refused.digest", "about")


def test_an_approval_about_another_child_is_none() -> None:
    other = BLOCK.model_copy(update={"names": ()})
    approved = about(BLOCK).model_copy(
        update={"identity": OwnedIdentity(owner="police", block=other), "about": other}
    )
    assert releasing().when(approved).refusal == Refusal("refused.digest", "items[0].digest")


def test_what_of_the_child_went_only_with_an_item_does_not_leave_once_that_is_taken_back() -> None:
    approved = about(BLOCK).model_copy(
        update={
            "identity": OwnedIdentity(owner="school", block=BLOCK, asks=(IdentityField.ADDRESS,)),
            "signposts": product.approved().signposts,
        }
    )
    step = releasing().given(approved)
    (letter,) = step.when(product.withdrawn()).letters
    assert isinstance(letter.notice, Product)
    assert letter.notice.about is not None
    assert letter.notice.about.address == ()
    assert letter.notice.about.names == BLOCK.names
