"""What has left is asked back, and what has not leaves no more: once, and in whatever order that is
heard.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.release import decide as release
from router.steps.release.recalls import WANTED_BACK
from schemas.base import Fact
from schemas.letter import letter_id
from schemas.owed import ClockClosed
from schemas.product import (
    Product,
    ProductDelivered,
    ProductEnded,
    ProductRecall,
    ProductRecalled,
    ProductRefused,
    ProductReleased,
    ProductTakenBack,
    RecallAnswer,
    RecallAnswered,
    Signpost,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from schemas.safety import Danger, Hit, LetterHeld
from tests.support import given
from tests.support import products as product
from tests.support.given import Given
from tests.support.releasing import left, releasing, told_of_products


def test_a_product_that_is_voided_before_its_approval_is_heard_never_leaves() -> None:
    step = releasing().given(product.voided())
    outcome = step.when(product.approved())
    assert outcome.letters == ()
    (fact,) = given.of(ProductRefused, outcome.facts)
    assert fact.voided
    assert step.when(product.approved()) == Outcome()


def recalls(outcome: Outcome[Any]) -> list[ProductRecall]:
    """What recipients are asked to give back."""
    return given.of(ProductRecall, [letter.notice for letter in outcome.letters])


@pytest.mark.parametrize("status", [None, "received", "refused"])
def test_a_product_that_has_left_is_recalled_once_when_it_is_voided(status: str | None) -> None:
    step, letter = left()
    step.given(product.fetched(letter), *([product.receipt(status)] if status else []))
    outcome = step.when(product.voided())
    assert told_of_products(outcome) == [ProductRecalled]
    assert [to.agency for to in outcome.letters] == [product.RECIPIENT]
    assert len(recalls(outcome)) == 1
    assert step.when(product.voided()) == Outcome()


def test_a_product_that_waits_on_its_queue_when_it_is_voided_is_taken_back_and_not_told_of() -> (
    None
):
    step, letter = left()
    outcome = step.when(product.voided())
    assert (outcome.takes_back, outcome.letters) == ((letter,), ())
    assert told_of_products(outcome) == [ProductTakenBack]
    assert step.when(product.voided()) == Outcome()


def test_a_product_that_was_fetched_in_the_moment_in_which_it_was_voided_is_recalled() -> None:
    step, letter = left()
    step.given(product.voided())
    assert len(recalls(step.when(product.fetched(letter)))) == 1


def test_what_was_sent_before_fetching_was_noted_is_recalled_and_taken_back() -> None:
    step = releasing().given(product.approved())
    step.state = step.state.model_copy(
        update={"letter": "as it was called", "fetched": True, "holds": None}
    )
    outcome = step.when(product.voided())
    assert outcome.takes_back == ("as it was called",)
    assert len(recalls(outcome)) == 1


def test_a_recalled_products_receipt_is_still_recorded() -> None:
    step, letter = left()
    step.given(product.fetched(letter), product.voided())
    assert [type(fact) for fact in step.when(product.receipt()).facts] == [ProductDelivered]
    assert step.when(product.voided()) == Outcome()


@pytest.mark.parametrize("recall", [True, False])
def test_an_item_taken_back_before_it_was_fetched_leaves_no_more_and_the_rest_does(
    *, recall: bool
) -> None:
    step, letter = left()
    outcome = step.when(product.withdrawn(recall=recall))
    assert outcome.takes_back == (letter,)
    assert told_of_products(outcome) == [ProductTakenBack, ProductReleased]
    (sent,) = given.of(Product, [letter.notice for letter in outcome.letters])
    assert sent.items == ()
    assert [post.owner for post in sent.signposts] == ["gp", "school"]


def test_a_product_of_which_everything_is_taken_back_does_not_leave() -> None:
    step = releasing()
    step.given(product.approved(signposts=()))
    outcome = step.when(product.withdrawn(signpost=None))
    assert told_of_products(outcome) == [ProductTakenBack, ProductRefused]
    assert outcome.letters == ()
    assert step.when(product.withdrawn(signpost=None)) == Outcome()


def test_an_item_that_was_fetched_in_the_moment_in_which_it_was_taken_back_is_recalled() -> None:
    step, letter = left()
    step.given(product.withdrawn())
    (recall,) = recalls(step.when(product.fetched(letter)))
    assert recall.item_id == "item-school"


def test_whoever_has_the_whole_of_it_gets_the_recall_and_no_shorter_letter_beside() -> None:
    """That a Red was fetched may be heard after what its owner decided since."""
    step, letter = left()
    shorter = step.when(product.withdrawn())
    assert shorter.takes_back == (letter,)
    waits = step.state.letter
    outcome = step.when(product.fetched(letter))
    assert len(recalls(outcome)) == len(outcome.letters) == 1
    assert outcome.takes_back == (waits,)
    assert (step.state.letter, step.state.fetched) == (letter, True)
    both = step.when(product.fetched(waits))
    assert (both.facts, both.letters, both.takes_back) == ((), (), ())


def test_of_a_letter_that_was_fetched_all_is_recalled_that_was_taken_back_since() -> None:
    step, letter = left()
    step.given(product.withdrawn(), product.withdrawn(item_id="item-police", owner="police"))
    outcome = step.when(product.fetched(letter))
    assert [one.item_id for one in recalls(outcome)] == ["item-school", "item-police"]


def test_an_item_that_its_recipient_has_is_recalled_where_its_owner_says_so() -> None:
    step, letter = left()
    step.given(product.fetched(letter))
    nothing = step.when(product.withdrawn())
    assert (nothing.facts, nothing.letters, nothing.takes_back) == ((), (), ())
    outcome = step.when(product.withdrawn(recall=True))
    assert [one.owner for one in recalls(outcome)] == [product.withdrawn().owner]
    (recall,), (fact,) = recalls(outcome), given.of(ProductRecalled, outcome.facts)
    assert (recall.item_id, recall.recall_id) == ("item-school", fact.recall_id)
    assert fact.reason == product.withdrawn().reason
    assert recall.reason == WANTED_BACK, "why its owner wants it back is not for the recipient"


@pytest.mark.parametrize("recall", [True, False])
@pytest.mark.parametrize("order", [*permutations(("fetched", "withdrawn", "unsent"))], ids="-".join)
def test_of_what_was_taken_back_in_hand_and_not_sent_the_rest_waits_in_whatever_order_it_is_heard(
    order: tuple[str, ...], *, recall: bool
) -> None:
    step, letter = left()
    told: dict[str, Fact] = {
        "fetched": product.fetched(letter),
        "withdrawn": product.withdrawn(recall=recall),
        "unsent": product.unsent(letter),
    }
    waiting, refused = dict[str, Product](), list[ProductRefused]()
    for what in (*order, *order):
        heard = given.message(told[what])
        outcome = step.when(heard)
        for id_ in outcome.takes_back:
            waiting.pop(id_, None)
        for one in outcome.letters:
            if isinstance(one.notice, Product):
                waiting[letter_id(heard.id, "release", key=one.key)] = one.notice
        refused += given.of(ProductRefused, outcome.facts)
    ((waits, shorter),) = waiting.items()
    assert (step.state.letter, step.state.fetched) == (waits, False)
    assert shorter.items == ()
    assert [post.owner for post in shorter.signposts] == ["gp", "school"]
    assert refused == []


def test_of_what_was_not_sent_and_of_which_nothing_is_left_nothing_waits() -> None:
    step = releasing().given(product.approved(signposts=()))
    letter = step.state.letter
    step.given(product.fetched(letter), product.withdrawn(signpost=None))
    outcome = step.when(product.unsent(letter))
    assert told_of_products(outcome) == [ProductTakenBack, ProductRefused]
    assert outcome.letters == ()


def test_what_a_person_has_is_not_followed_by_less_though_sending_it_once_more_was_stopped() -> (
    None
):
    step, letter = left()
    step.given(product.fetched(letter), product.receipt(), product.withdrawn())
    assert step.when(product.unsent(letter)).letters == ()


def test_of_what_was_voided_in_hand_and_not_sent_nothing_follows() -> None:
    step, letter = left()
    step.given(product.fetched(letter), product.withdrawn(), product.voided())
    assert step.when(product.unsent(letter)).letters == ()


def test_a_red_that_was_not_sent_is_still_owed_a_receipt_when_the_whole_of_it_was() -> None:
    step = releasing()
    step.given(product.approved(urgent=True))
    due_at, letter = step.state.receipt.due_at, step.state.letter
    step.given(product.fetched(letter), product.withdrawn())
    step.when(product.unsent(letter))
    assert step.state.receipt.due_at == due_at
    assert step.when(product.receipt()).refusal is None


@pytest.mark.parametrize("signposts", [(), product.approved().signposts], ids=["nothing", "more"])
@pytest.mark.parametrize("since", ["recalled", "voided"])
def test_what_may_have_come_through_before_it_was_not_sent_is_asked_back(
    since: str, signposts: tuple[Signpost, ...]
) -> None:
    """Somebody took it from the queue and never said so, as systems do that ask for their letters
    and fail then: whether they have it nobody knows.
    """
    step = releasing().given(product.approved(signposts=signposts))
    letter = step.state.letter
    step.given(product.fetched(letter), product.withdrawn(signpost=None))
    step.given(product.unsent(letter, tried=True))
    again = product.withdrawn(signpost=None, recall=True)
    outcome = step.when(again if since == "recalled" else product.voided())
    (recall,) = recalls(outcome)
    assert recall.item_id == ("item-school" if since == "recalled" else None)
    assert ProductRecalled in told_of_products(outcome)


def test_what_never_left_is_not() -> None:
    step, letter = left()
    step.given(product.fetched(letter), product.withdrawn(), product.unsent(letter))
    assert recalls(step.when(product.withdrawn(recall=True))) == []
    assert recalls(step.when(product.voided())) == []


def test_nor_is_it_lost_where_that_it_was_not_sent_is_heard_before_it_is_voided() -> None:
    step, letter = left()
    step.given(product.fetched(letter), product.unsent(letter, tried=True))
    assert [one.item_id for one in recalls(step.when(product.voided()))] == [None]


def test_what_never_left_and_was_asked_back_at_once_is_so_no_more() -> None:
    """Its owner wanted it back before anybody knew that it was not sent."""
    step, letter = left()
    step.given(product.fetched(letter))
    heard = given.message(product.withdrawn(recall=True, signpost=None))
    (asked,) = step.when(heard).letters
    assert isinstance(asked.notice, ProductRecall)
    assert asked.notice.owner is None, "who may never have had it does not learn whose it was"
    outcome = step.when(product.unsent(letter))
    assert letter_id(heard.id, "release", key=asked.key) in outcome.takes_back
    assert step.state.recalls == ()


def test_what_may_have_been_had_goes_on_being_asked_back() -> None:
    step, letter = left()
    step.given(product.fetched(letter), product.withdrawn(recall=True))
    outcome = step.when(product.unsent(letter, tried=True))
    assert len(step.state.recalls) == 1
    assert outcome.takes_back == (letter,)


@pytest.mark.parametrize("order", [*permutations(("fetched", "withdrawn", "unsent"))], ids="-".join)
def test_what_its_owner_wants_back_is_asked_back_once_in_whatever_order_that_is_heard(
    order: tuple[str, ...],
) -> None:
    step, letter = left()
    told: dict[str, Fact] = {
        "fetched": product.fetched(letter),
        "withdrawn": product.withdrawn(recall=True),
        "unsent": product.unsent(letter, tried=True),
    }
    asked = [one for what in order for one in recalls(step.when(told[what]))]
    assert [one.item_id for one in asked] == ["item-school"]


def at_the_door(letter: str) -> LetterHeld:
    """It was about to be handed out, and may not be safe there."""
    hit = Hit(danger=Danger.WORKS_WITH_RISK, whose="the father", where="recipient", says="x")
    head = {"referral_id": "ref-1", "case_id": "case-1", "product_id": "product-1"}
    told = {"hold_id": "hold-1", "letter_id": letter, "letter": Product.type, "urgent": True}
    return LetterHeld.model_validate(head | told | {"recipient": product.RECIPIENT, "hits": (hit,)})


def test_what_is_left_of_what_is_kept_back_at_the_door_does_not_wait_there() -> None:
    """The first attempt to send it failed, and at the second it was kept back."""
    step, letter = left()
    step.given(product.fetched(letter), at_the_door(letter))
    outcome = step.when(product.withdrawn())
    (shorter,) = outcome.letters
    assert isinstance(shorter.notice, Product)
    assert shorter.notice.items == ()
    assert outcome.takes_back == (letter,)
    assert not step.state.kept_back, "the door looks at it on its own"


def test_and_is_asked_back_all_the_same_as_the_first_attempt_may_have_come_through() -> None:
    step, letter = left()
    step.given(product.fetched(letter), at_the_door(letter))
    outcome = step.when(product.withdrawn(recall=True))
    assert [one.item_id for one in recalls(outcome)] == ["item-school"]
    assert len(outcome.letters) == 2
    step.when(product.unsent(letter))
    assert told_of_products(step.when(product.voided())) == [ProductRecalled]


def test_so_it_is_later() -> None:
    step, letter = left()
    step.given(product.fetched(letter), at_the_door(letter), product.withdrawn())
    assert [one.item_id for one in recalls(step.when(product.withdrawn(recall=True)))] == [
        "item-school"
    ]


def recalled() -> tuple[Given, str]:
    """An item that was asked back, and under which id."""
    step, letter = left()
    step.given(product.fetched(letter), product.receipt())
    (recall,) = recalls(step.when(product.withdrawn(recall=True)))
    assert recall.recall_id is not None
    return step, recall.recall_id


def test_what_a_recipient_did_about_a_recall_is_told_to_owner_and_lead_agency() -> None:
    step, recall = recalled()
    for status in (RecallAnswer.ACKNOWLEDGED, RecallAnswer.DESTROYED):
        outcome = step.when(product.gave_back(recall, status))
        (fact,) = given.of(RecallAnswered, outcome.facts)
        assert (fact.recall_id, fact.answer) == (recall, status)
        assert [letter.agency for letter in outcome.letters] == ["childrens_social_care", "school"]
        assert step.when(product.gave_back(recall, status)) == Outcome()


def test_an_answer_to_a_recall_that_is_not_possible_is_refused() -> None:
    step, recall = recalled()
    done = RecallAnswer.DESTROYED
    for told, refusal in (
        (product.gave_back(recall, done, agency="gp"), ("refused.not-yours", "product_id")),
        (product.gave_back("another", done), ("refused.unknown-subject", "recall_id")),
        (product.gave_back(recall, done, case_id="case-9"), ("refused.unknown-subject", "case_id")),
        (product.gave_back(recall, RecallAnswer.CANNOT), ("missing.field", "reason")),
    ):
        assert step.when(told).refusal == Refusal(*refusal)
    step.when(product.gave_back(recall, done))
    late = step.when(product.gave_back(recall, RecallAnswer.ACKNOWLEDGED))
    assert late.refusal == Refusal("refused.closed", "status")


def ended() -> ProductEnded:
    return ProductEnded(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        colour=Colour.AMBER,
        reason="The rating was lowered from red to amber.",
    )


def test_a_product_that_stands_no_more_is_taken_from_its_queue_and_not_told_of() -> None:
    step = releasing().given(product.approved())
    letter = step.state.letter
    outcome = step.when(ended())
    assert outcome.takes_back == (letter,)
    assert outcome.letters == ()
    back, refused, clock = outcome.facts
    assert isinstance(clock, ClockClosed)
    assert isinstance(back, ProductTakenBack)
    assert isinstance(refused, ProductRefused)
    assert refused.voided
    assert step.when(ended()) == Outcome()
    # It was fetched in that very moment: who has it is told by the step that knows who holds what.
    assert step.when(product.fetched(letter)).letters == ()
    assert given.of(ProductRecalled, step.when(product.voided()).facts) != []


def test_what_stands_no_more_before_its_approval_is_heard_never_leaves() -> None:
    step = Given(release.STEP).given(ended())
    outcome = step.when(product.approved())
    assert outcome.letters == ()
    assert given.of(ProductReleased, outcome.facts) == []


def test_a_product_that_its_recipient_has_is_not_taken_back_when_it_stands_no_more() -> None:
    step = releasing().given(product.approved())
    step.when(product.fetched(step.state.letter))
    outcome = step.when(ended())
    assert [type(fact) for fact in outcome.facts] == [ClockClosed]
    assert (outcome.letters, outcome.takes_back) == ((), ())
    assert given.of(ProductDelivered, step.when(product.receipt()).facts) != []
