"""Whoever holds something of a referral is told what changed, says so, and is reminded of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.inform import decide as inform
from schemas.base import Fact
from schemas.changes import (
    ChangeAcknowledged,
    ChangeFetched,
    ChangeReceipt,
    ChangeReceived,
    ChangeTold,
    ProductChange,
)
from schemas.decisions import ProductFetched, ProductUnsent
from schemas.letter import letter_id
from schemas.message import Message
from schemas.outcome import Because, ReferralClosed, ReferralReopened
from schemas.owed import ClockClosed, ClockEscalated, ClockWarned, OwedNotice
from schemas.product import (
    Disposal,
    ProductEnded,
    ProductRecalled,
    ProductReleased,
    ProductReturned,
    RecallAnswer,
    RecallAnswered,
)
from schemas.rating import Colour
from tests.support import given
from tests.support.given import NOON, Given

HOUR = dt.timedelta(hours=1)
DUTY, CAIT, ASSESSMENT, HELP = "csc_duty_team", "police_cait", "csc_assessment_team", "early_help"


def released(
    to: str = DUTY,
    colour: Colour = Colour.RED,
    id_: str | None = None,
    case_id: str = "case-1",
    *,
    unconfirmed: bool = False,
) -> ProductReleased:
    return ProductReleased(
        product_id=id_ or f"{colour}-{to}",
        referral_id="ref-1",
        case_id=case_id,
        recipient=to,
        colour=colour,
        disposal=Disposal.FRONT_LINE_TEAM,
        urgent=False,
        digest="0" * 64,
        item_digests=(),
        signposts=0,
        unconfirmed=unconfirmed,
    )


def fetched(product: ProductReleased) -> ProductFetched:
    return ProductFetched(
        product_id=product.product_id,
        referral_id="ref-1",
        case_id=product.case_id,
        recipient=product.recipient,
        letter_id=f"letter-{product.product_id}",
    )


def has(
    to: str = DUTY, colour: Colour = Colour.RED, **changes: Any
) -> tuple[ProductReleased, ProductFetched]:
    product = released(to, colour, **changes)
    return product, fetched(product)


def in_hand(letter: ProductChange) -> ChangeFetched:
    return ChangeFetched(
        referral_id="ref-1",
        case_id="case-1",
        change_id=letter.change_id,
        agency=letter.agency,
        letter_id=f"letter-{letter.change_id}",
    )


def unsent(product: ProductReleased, *, tried: bool = False) -> ProductUnsent:
    """It was in hand, and something of it was taken back meanwhile."""
    told = fetched(product)
    return ProductUnsent(**told.shared(ProductUnsent), tried=tried)


def ended(product: ProductReleased, colour: Colour | None) -> ProductEnded:
    return ProductEnded(
        product_id=product.product_id,
        referral_id="ref-1",
        case_id=product.case_id,
        colour=colour,
        reason="Rated otherwise.",
    )


def rated(colour: Colour, hours: int = 0) -> Message:
    return given.message(given.assigned(colour), at=NOON + hours * HOUR)


def closed(outcome: Disposal) -> ReferralClosed:
    return ReferralClosed(
        referral_id="ref-1",
        case_id="case-1",
        outcome=outcome,
        told="police",
        may_be_told="Thank you.",
        decided_by="S. Worker",
        rationale="As seen",
        picture_id="picture-1",
    )


REOPENED = ReferralReopened(referral_id="ref-1", case_id="case-1", because=Because.RATED)


def informing(*facts: Fact | Message) -> Given:
    return Given(inform.STEP).given(rated(Colour.RED), *facts)


def letters(outcome: Outcome[Any]) -> dict[str, ProductChange]:
    every = {letter.agency: letter.notice for letter in outcome.letters}
    assert len(every) == len(outcome.letters), "one letter to each"
    told = {fact.agency for fact in given.of(ChangeTold, outcome.facts)}
    assert told == set(every)
    return {agency: one for agency, one in every.items() if isinstance(one, ProductChange)}


# Who is told what


def test_whoever_has_a_red_is_told_that_it_was_lowered_and_what_to_do() -> None:
    outcome = informing(*has()).when(rated(Colour.AMBER, 1))
    (letter,) = letters(outcome).values()
    assert (letter.agency, letter.was, letter.colour) == (DUTY, Colour.RED, Colour.AMBER)
    assert letter.changed == "The rating was lowered from Red to Amber."
    assert "stands no more" in letter.to_do
    assert letter.product_ids == (f"red-{DUTY}",)
    assert letter.contact == "childrens_social_care duty desk"


def test_who_has_nothing_in_hand_is_told_nothing() -> None:
    step = informing(released())
    assert step.when(rated(Colour.AMBER, 1)) == Outcome(state=step.state)
    assert Given(inform.STEP).given(rated(Colour.RED)).when(rated(Colour.GREEN, 1)).letters == ()


@pytest.mark.parametrize("early", [False, True])
def test_who_gave_back_what_it_had_is_told_nothing_more_and_others_are(*, early: bool) -> None:
    product, had = has()
    back = ProductReturned(received_by="T. Manager", **product.shared(ProductReturned))
    step = informing(*((back, product, had) if early else (product, had, back)), *has(CAIT))
    assert set(letters(step.when(rated(Colour.AMBER, 1)))) == {CAIT}
    step.given(*has(colour=Colour.AMBER))
    outcome = step.when(rated(Colour.GREEN, 2))
    assert letters(outcome)[DUTY].product_ids == (f"amber-{DUTY}",)


def test_one_letter_goes_to_who_has_several_products_and_one_to_each_who_has_any() -> None:
    step = informing(*has(), *has(id_="further"), *has(CAIT), released(ASSESSMENT))
    told = letters(step.when(rated(Colour.GREEN, 1)))
    assert set(told) == {DUTY, CAIT}
    assert told[DUTY].product_ids == ("further", f"red-{DUTY}")


def test_the_same_colour_again_is_no_news() -> None:
    assert informing(*has()).when(rated(Colour.RED, 1)).letters == ()


def test_red_again_is_told_again_and_that_a_product_comes() -> None:
    step = informing(*has(), rated(Colour.AMBER, 1))
    (letter,) = letters(step.when(rated(Colour.RED, 2))).values()
    assert letter.changed == "The rating was raised from Amber to Red."
    assert "A product for the new rating is made for you" in letter.to_do


def test_who_was_told_once_that_it_is_others_matter_is_told_of_each_further_change() -> None:
    step = informing(*has(), rated(Colour.AMBER, 1), *has(ASSESSMENT, Colour.AMBER))
    told = letters(step.when(rated(Colour.GREEN, 2)))
    assert {agency: one.was for agency, one in told.items()} == {
        DUTY: Colour.AMBER,
        ASSESSMENT: Colour.AMBER,
    }


def test_a_rating_that_is_heard_late_changes_nothing() -> None:
    step = informing(*has(), rated(Colour.GREEN, 2))
    assert step.when(rated(Colour.AMBER, 1)).letters == ()


@pytest.mark.parametrize(
    ("outcome", "says", "do"),
    [
        (Disposal.NO_FURTHER_ACTION, "closed with no further action", "stands no more"),
        (Disposal.EARLY_HELP, "closed with early help", "go on"),
    ],
)
def test_closing_is_told_with_its_outcome_and_whether_to_go_on(
    outcome: Disposal, says: str, do: str
) -> None:
    step = informing(*has())
    (letter,) = letters(step.when(closed(outcome))).values()
    assert letter.outcome is outcome
    assert says in letter.changed
    assert do in letter.to_do
    assert "Thank you" not in letter.model_dump_json(), "that is for whoever brought the concern"
    (again,) = letters(step.when(REOPENED)).values()
    assert again.changed == "The referral is open again."
    assert "go on" in again.to_do


def test_who_gets_a_product_after_the_closure_got_it_as_it_stands() -> None:
    step = informing(released(), closed(Disposal.FRONT_LINE_TEAM))
    assert step.when(fetched(released())).letters == ()
    assert step.when(REOPENED).letters != ()


def test_whoever_fetched_in_the_moment_in_which_it_ended_is_told_all_the_same() -> None:
    product = released()
    step = informing(product, rated(Colour.AMBER, 1), ended(product, Colour.AMBER))
    (letter,) = letters(step.when(fetched(product))).values()
    assert (letter.was, letter.colour) == (Colour.RED, Colour.AMBER)


def test_whoever_fetched_in_the_moment_of_the_closure_is_told_all_the_same() -> None:
    product = released()
    step = informing(product, closed(Disposal.NO_FURTHER_ACTION), ended(product, None))
    (letter,) = letters(step.when(fetched(product))).values()
    assert letter.outcome is Disposal.NO_FURTHER_ACTION
    (again,) = letters(step.when(REOPENED)).values()
    assert "go on" in again.to_do


def test_a_product_of_a_rating_that_is_still_to_be_heard_of_is_no_news() -> None:
    product = released(ASSESSMENT, Colour.AMBER)
    step = informing(fetched(product), product)
    assert step.facts == []
    assert step.when(rated(Colour.AMBER, 1)).letters == ()


def test_what_is_about_another_child_is_recalled_and_nothing_more_is_told() -> None:
    step = informing(*has())
    assert step.when(given.corrected(), at=NOON + HOUR).letters == ()
    assert step.when(rated(Colour.GREEN, 2)).letters == ()
    step.given(*has(CAIT, Colour.GREEN, case_id="case-2"))
    (letter,) = letters(step.when(rated(Colour.AMBER, 3))).values()
    assert (letter.agency, letter.case_id) == (CAIT, "case-2")


def suggested(*facts: Fact | Message) -> Given:
    """What was told before anybody had rated."""
    return Given(inform.STEP).given(*facts)


def test_who_was_told_of_a_red_that_nobody_had_confirmed_is_told_once_a_social_worker_has() -> None:
    step = suggested(*has(unconfirmed=True), *has(CAIT))
    told = letters(step.when(rated(Colour.RED, 1)))
    assert set(told) == {DUTY}
    letter = told[DUTY]
    assert (letter.confirmed, letter.was, letter.colour) == (True, Colour.RED, Colour.RED)
    assert letter.product_ids == (f"red-{DUTY}",)
    assert letter.changed == "A social worker has confirmed the rating Red."
    assert "a suggestion no more: do what it asks of you now" in letter.to_do
    assert letter.receipt_by is not None
    assert step.when(rated(Colour.RED, 2)).letters == ()
    assert len(given.of(ChangeAcknowledged, step.when(receipt(letter)).facts)) == 1


def test_who_fetches_what_says_that_nobody_has_confirmed_it_after_somebody_has_is_told_too() -> (
    None
):
    product = released(unconfirmed=True)
    step = suggested(product, rated(Colour.RED, 1))
    (letter,) = letters(step.when(fetched(product))).values()
    assert letter.confirmed
    later = suggested(fetched(product), rated(Colour.RED, 1))
    assert letters(later.when(product))[DUTY].confirmed


def test_what_nobody_had_confirmed_and_is_rated_down_is_only_told_as_lowered() -> None:
    step = suggested(*has(unconfirmed=True))
    (letter,) = letters(step.when(rated(Colour.AMBER, 1))).values()
    assert letter.changed == "The rating was lowered from Red to Amber."
    assert not letter.confirmed
    assert step.when(rated(Colour.AMBER, 2)).letters == ()


# Receipts


def receipt(letter: ProductChange, agency: str = DUTY, **changes: Any) -> ChangeReceived:
    told = {
        "referral_id": "ref-1",
        "case_id": letter.case_id,
        "change_id": letter.change_id,
        "received_by": "T. Manager",
    }
    return ChangeReceived(agency=agency, receipt=ChangeReceipt.model_validate(told | changes))


def lowered(step: Given) -> ProductChange:
    return letters(step.when(rated(Colour.AMBER, 1)))[DUTY]


def test_a_receipt_is_recorded_once_and_nobody_is_reminded_then() -> None:
    step = informing(*has())
    letter = lowered(step)
    (fact,) = step.when(receipt(letter)).facts
    assert isinstance(fact, ChangeAcknowledged)
    assert (fact.agency, fact.received_by) == (DUTY, "T. Manager")
    assert step.when(receipt(letter)) == Outcome()
    assert letter.receipt_by is not None
    late = letter.receipt_by + dt.timedelta(days=9)
    assert step.when(given.elapsed("inform", late)) == Outcome()


def test_receipts_of_others_or_for_nothing_that_was_told_are_refused() -> None:
    step = informing(*has())
    letter = lowered(step)
    for received, reason in (
        (receipt(letter, agency=CAIT), "refused.not-yours"),
        (receipt(letter, change_id="change-x"), "refused.unknown-subject"),
        (receipt(letter, case_id="case-x"), "refused.unknown-subject"),
    ):
        refusal = step.when(received).refusal
        assert refusal is not None
        assert refusal.reason == reason


def test_who_gives_no_receipt_is_reminded_in_its_own_time_and_then_the_chain_is_told() -> None:
    step = informing(*has())
    outcome = step.when(rated(Colour.AMBER, 1))
    told: list[Fact] = []
    notices: list[OwedNotice] = []
    timers = list(outcome.timers)
    while timers:
        outcome = step.when(given.elapsed("inform", timers.pop().due_at))
        told += outcome.facts
        notices += [one.notice for one in outcome.letters if isinstance(one.notice, OwedNotice)]
        timers = list(outcome.timers)
    assert isinstance(told[0], ClockWarned)
    assert [one.told.role for one in given.of(ClockEscalated, told)] == [
        "Duty manager",
        "Ada Sample, head of service",
    ]
    assert [one.agency for one in notices] == [DUTY] * 4
    assert {one.subject_id for one in notices} == {
        one.change_id for one in given.of(ChangeTold, step.facts)
    }


def test_a_further_change_takes_the_place_of_one_that_is_not_acknowledged() -> None:
    step = informing(*has())
    first = lowered(step)
    outcome = step.when(rated(Colour.GREEN, 2))
    (gone,) = given.of(ClockClosed, outcome.facts)
    assert gone.subject_id == first.change_id
    assert len(given.of(ChangeAcknowledged, step.when(receipt(first)).facts)) == 1


def test_by_earlier_rules_a_change_that_lies_unread_is_told_once_more_behind_a_product() -> None:
    step = Given(inform.STEP, given.policy().model_copy(update={"rules": 8}))
    step.given(rated(Colour.RED), *has())
    lowered_ = rated(Colour.AMBER, 1)
    (letter,) = step.when(lowered_).letters
    went, came = has(id_="another-red")
    step.given(went, ended(went, Colour.AMBER))
    outcome = step.when(came)
    assert letters(outcome)[DUTY].colour is Colour.AMBER
    assert outcome.takes_back == (letter_id(lowered_.id, "inform", key=letter.key),)


@pytest.mark.parametrize("late", [False, True], ids=["as it went", "released is heard last"])
def test_who_is_handed_a_product_before_the_change_since_is_not_told_it_once_more(
    *, late: bool
) -> None:
    """The product lay before it on the queue: what it reads last is what stands."""
    step, (went, came) = informing(*has()), has(id_="another-red")
    (told,) = letters(step.when(rated(Colour.AMBER, 1))).values()
    facts = [went, ended(went, Colour.AMBER), came, in_hand(told)]
    for fact in [*facts[1:], went] if late else facts:
        assert step.when(fact).letters == ()
    assert letters(step.when(rated(Colour.GREEN, 2)))[DUTY].was is Colour.AMBER


@pytest.mark.parametrize("late", [False, True], ids=["as it went", "released is heard last"])
@pytest.mark.parametrize("desk", [False, True], ids=["from its queue", "at its desk"])
def test_who_is_handed_a_product_after_it_is_told_again_that_it_stands_no_more(
    *, late: bool, desk: bool
) -> None:
    step, (went, came) = informing(*has()), has(id_="another-red")
    (told,) = letters(step.when(rated(Colour.AMBER, 1))).values()
    read = receipt(told) if desk else in_hand(told)
    facts = [went, ended(went, Colour.AMBER), read, came]
    *heard, last = [*facts[1:], went] if late else facts
    outcome = step.given(*heard).when(last)
    (again,) = letters(outcome).values()
    assert (again.was, again.colour) == (Colour.RED, Colour.AMBER)
    assert again.product_ids == ("another-red", f"red-{DUTY}")


def test_a_change_that_was_taken_back_is_read_by_nobody_later() -> None:
    step, (first, had) = informing(), has()
    step.given(first, had)
    step.when(rated(Colour.AMBER, 1))
    assert len(step.when(unsent(first)).takes_back) == 1
    went, came = has(id_="another-red")
    outcome = step.given(went, ended(went, Colour.AMBER)).when(came)
    assert letters(outcome)[DUTY].colour is Colour.AMBER


def test_but_not_from_before_another_change_or_that_one_would_be_told_twice() -> None:
    step = informing(*has())
    for hours, colour in enumerate((Colour.GREEN, Colour.AMBER, Colour.GREEN), start=1):
        step.when(rated(colour, hours))
    outcome = step.when(rated(Colour.AMBER, 4))
    assert letters(outcome)[DUTY].was is Colour.GREEN
    assert outcome.takes_back == ()


def test_a_recall_that_is_not_answered_is_owed_too() -> None:
    recalled = ProductRecalled(
        product_id=f"red-{DUTY}",
        referral_id="ref-1",
        case_id="case-1",
        recipient=DUTY,
        reason="Wanted back.",
        recall_id="recall-1",
        item_id="item-1",
    )
    answered = RecallAnswered(
        product_id=f"red-{DUTY}",
        referral_id="ref-1",
        case_id="case-1",
        recipient=DUTY,
        recall_id="recall-1",
        item_id="item-1",
        answer=RecallAnswer.ACKNOWLEDGED,
        answered_by="T. Manager",
        reason=None,
    )
    step = informing(*has())
    (timer,) = step.when(recalled).timers
    (letter,) = step.when(given.elapsed("inform", timer.due_at)).letters
    assert isinstance(letter.notice, OwedNotice)
    assert (letter.agency, letter.notice.subject_id) == (DUTY, "recall-1")
    step.when(answered)
    assert step.when(given.elapsed("inform", timer.due_at + 9 * HOUR)) == Outcome()


# What was in hand and never left


@pytest.mark.parametrize("late", [False, True], ids=["as it was", "heard before it was fetched"])
def test_who_never_had_a_product_that_was_in_hand_is_told_nothing(*, late: bool) -> None:
    went, came = has()
    facts = (went, unsent(went), came) if late else (went, came, unsent(went))
    assert letters(informing(*facts).when(rated(Colour.AMBER, 1))) == {}


def test_who_may_have_had_it_is_told() -> None:
    went, came = has()
    step = informing(went, came, unsent(went, tried=True))
    assert [*letters(step.when(rated(Colour.AMBER, 1)))] == [DUTY]


def test_and_so_is_who_gets_what_is_left_of_it() -> None:
    went, came = has()
    shorter = came.model_copy(update={"letter_id": "letter-2"})
    step = informing(went, came, unsent(went), went, shorter)
    assert [*letters(step.when(rated(Colour.AMBER, 1)))] == [DUTY]


def test_nobody_is_waited_for_to_give_back_what_never_left() -> None:
    went, came = has()
    recalled = ProductRecalled(
        reason="Wanted back.",
        recall_id="recall-1",
        item_id="item-1",
        **went.shared(ProductRecalled),
    )
    step = informing(went, came)
    (timer,) = step.when(recalled).timers
    assert given.of(ClockClosed, step.when(unsent(went)).facts)
    assert step.when(given.elapsed("inform", timer.due_at)) == Outcome()

    heard_late = informing(went, came, unsent(went))
    assert heard_late.when(recalled).timers == ()


def test_nor_to_say_that_they_know_what_changed_since() -> None:
    went, came = has()
    step = informing(went, came)
    (timer,) = step.when(rated(Colour.AMBER, 1)).timers
    step.when(rated(Colour.GREEN, 2))
    outcome = step.when(unsent(went))
    assert len(outcome.takes_back) == 2, "of the change before, too"
    assert step.when(given.elapsed("inform", timer.due_at)) == Outcome()
