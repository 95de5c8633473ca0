"""Hop 7: what leaves is what was approved, to the byte; it leaves once, and its arrival is recorded
once.
"""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.release import decide as release
from router.steps.release.recalls import WANTED_BACK
from schemas.base import Fact
from schemas.identity import IdentityBlock, IdentityField, LeftOut, OwnedIdentity
from schemas.letter import letter_id
from schemas.owed import ClockClosed, OwedFact
from schemas.policy import Policy
from schemas.product import (
    Product,
    ProductActedOn,
    ProductApproved,
    ProductDelivered,
    ProductEnded,
    ProductHeldBack,
    ProductRecall,
    ProductRecalled,
    ProductRefused,
    ProductReleased,
    ProductReturned,
    ProductTakenBack,
    RecallAnswer,
    RecallAnswered,
    Signpost,
    release_digest,
)
from schemas.rating import Colour
from schemas.refusals import Refusal
from schemas.safety import Danger, Hit, LetterHeld
from tests.support import given
from tests.support import products as product
from tests.support.given import Given


def releasing() -> Given:
    return Given(release.STEP)


def told_of_products(outcome: Outcome[Any]) -> list[type[Fact]]:
    """What became of products; the clocks of receipts have tests of their own."""
    return [type(fact) for fact in outcome.facts if not isinstance(fact, OwedFact)]


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


def test_a_product_that_is_voided_before_its_approval_is_heard_never_leaves() -> None:
    step = releasing().given(product.voided())
    outcome = step.when(product.approved())
    assert outcome.letters == ()
    (fact,) = given.of(ProductRefused, outcome.facts)
    assert fact.voided
    assert step.when(product.approved()) == Outcome()


def left(*, policy: Policy | None = None) -> tuple[Given, str]:
    """A product on its recipient's queue, and the id of its letter."""
    step, told = Given(release.STEP, policy), given.message(product.approved())
    (letter,) = step.when(told).letters
    return step, letter_id(told.id, "release", key=letter.key)


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


# --- what its owner takes back, and asks back


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


# --- agreements of recipients (R50)


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


# --- whom it is about

ADDRESS = LeftOut(field=IdentityField.ADDRESS, reason="Its owner does not let it be told here.")
BLOCK = IdentityBlock(
    names=given.child().name, born=given.child().date_of_birth, address=given.child().address
)


def about(block: IdentityBlock, *untold: LeftOut) -> ProductApproved:
    """Approved as about a child, with less of it told by its owner's word."""
    item = product.approved().items[0]
    digest = release_digest(
        item_id=item.item_id,
        recipient=product.RECIPIENT,
        purpose=product.PURPOSE,
        text=item.text,
        about=BLOCK.digest(),
    )
    return product.approved(
        items=(item.model_copy(update={"digest": digest}),),
        identity=OwnedIdentity(owner="police", block=BLOCK),
        untold=untold,
        about=block,
    )


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
