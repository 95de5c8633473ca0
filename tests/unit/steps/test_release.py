"""Hop 7: what leaves is what was approved, to the byte; it leaves once, and its arrival is recorded
once.
"""

from __future__ import annotations

from hashlib import sha256

import pytest

from router.step import Outcome
from router.steps import release
from schemas.base import Fact
from schemas.letter import letter_id
from schemas.product import (
    Product,
    ProductDelivered,
    ProductRecall,
    ProductRecalled,
    ProductRefused,
    ProductReleased,
    ProductReturned,
)
from schemas.refusals import Refusal
from tests.support import given
from tests.support import products as product
from tests.support.given import Given


def releasing() -> Given:
    return Given(release.STEP)


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
        )
    }


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


def test_a_product_that_is_voided_before_its_approval_is_heard_never_leaves() -> None:
    step = releasing().given(product.voided())
    outcome = step.when(product.approved())
    assert outcome.letters == ()
    (fact,) = given.of(ProductRefused, outcome.facts)
    assert fact.voided
    assert step.when(product.approved()) == Outcome()


@pytest.mark.parametrize("status", [None, "received", "refused"])
def test_a_product_that_has_left_is_recalled_once_when_it_is_voided(status: str | None) -> None:
    step = releasing().given(product.approved(), *([product.receipt(status)] if status else []))
    outcome = step.when(product.voided())
    (letter,) = outcome.letters
    assert [type(fact) for fact in outcome.facts] == [ProductRecalled]
    assert isinstance(letter.notice, ProductRecall)
    assert letter.agency == product.RECIPIENT
    assert step.when(product.voided()) == Outcome()


def test_a_product_that_waits_on_its_queue_when_it_is_voided_does_not_leave_any_more() -> None:
    step = releasing()
    told = given.message(product.approved())
    (letter,) = step.when(told).letters
    gone = letter_id(told.id, "release", key=letter.key)
    assert step.when(product.voided()).takes_back == (gone,)


def test_a_product_that_was_sent_under_an_older_id_is_taken_back_under_that_one() -> None:
    step = releasing().given(product.approved())
    step.state = step.state.model_copy(update={"letter": "as it was called"})
    assert step.when(product.voided()).takes_back == ("as it was called",)


def test_a_recalled_products_receipt_is_still_recorded() -> None:
    step = releasing().given(product.approved(), product.voided())
    assert [type(fact) for fact in step.when(product.receipt()).facts] == [ProductDelivered]
    assert step.when(product.voided()) == Outcome()
