"""A product is with its recipient once a person says so; until then a clock of the recipient's own
time runs, and what is urgent goes to somebody else (issue 9, points 2 and 3).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.release import decide as release
from schemas.calendar import Elapsed
from schemas.owed import ClockChased, ClockClosed, ClockEscalated, ClockWarned, Owed, OwedNotice
from schemas.policy import Policy
from schemas.product import (
    Product,
    ProductApproved,
    ProductDelivered,
    ProductEnded,
    ProductNotTaken,
    ProductReleased,
    ProductReturned,
)
from schemas.rating import ClockKind, Colour
from schemas.safety import Danger, Hit, LetterHeld, SafetyChoice, SafetySettled
from tests.support import given
from tests.support import products as product
from tests.support.given import Given

ALWAYS_THERE = given.partner(product.RECIPIENT, kind="front_line")
MINUTE = dt.timedelta(minutes=1)
SATURDAY_NIGHT = dt.datetime(2026, 6, 13, 23, 40, tzinfo=dt.UTC)


def step(policy: Policy | None = None) -> Given:
    return Given(release.STEP, policy or given.policy(ALWAYS_THERE))


def urgent(**changes: Any) -> ProductApproved:
    return product.approved(urgent=True, **changes)


def rings(step_: Given, outcome: Outcome[Any]) -> Outcome[Any]:
    """What comes of the next timer that was set."""
    (timer,) = outcome.timers
    return step_.when(given.elapsed("release", timer.due_at, timer.key))


def letters(outcome: Outcome[Any]) -> list[tuple[str, OwedNotice]]:
    return [
        (one.agency, one.notice) for one in outcome.letters if isinstance(one.notice, OwedNotice)
    ]


@pytest.mark.parametrize("at", [given.NOON, SATURDAY_NIGHT])
def test_a_front_line_team_owes_a_word_about_a_red_within_minutes_at_any_hour(
    at: dt.datetime,
) -> None:
    outcome = step().when(urgent(), at=at)
    (timer,) = outcome.timers
    assert (timer.key, timer.due_at) == ("product-1", at + 15 * MINUTE * 0.75)


def test_whoever_is_not_there_at_night_owes_it_in_the_hours_in_which_it_is() -> None:
    """Four working hours from Friday 19:00 end on Monday at 13:00, summer time."""
    in_office_hours = given.policy()
    colours = given.profile().colours
    assert "receipt" not in colours[Colour.GREEN].allowed
    approved = product.approved(colour=Colour.GREEN)
    friday = dt.datetime(2026, 6, 12, 18, 0, tzinfo=dt.UTC)
    step_ = step(in_office_hours)
    chased = rings(step_, rings_first(step_, approved, friday))
    (fact,) = given.of(ClockChased, chased.facts)
    assert fact.due_at == dt.datetime(2026, 6, 15, 12, 0, tzinfo=dt.UTC)


def rings_first(step_: Given, approved: ProductApproved, at: dt.datetime) -> Outcome[Any]:
    return rings(step_, step_.when(approved, at=at))


def test_silence_is_warned_of_chased_and_then_told_to_a_chain_that_ends_at_a_person() -> None:
    step_ = step()
    outcome = step_.when(product.approved())
    told: list[tuple[type[Any], str]] = []
    ring: list[str] = []
    while outcome.timers:
        outcome = rings(step_, outcome)
        (fact,), ((agency, notice),) = given.of(Owed, outcome.facts), letters(outcome)
        assert (notice.owed, notice.subject_id) == (fact.owed, "product-1")
        told.append((type(fact), agency))
        ring.append(notice.contact)
    assert told == [
        (ClockWarned, product.RECIPIENT),
        (ClockChased, product.RECIPIENT),
        (ClockEscalated, "childrens_social_care"),
        (ClockEscalated, "childrens_social_care"),
    ]
    assert notice.escalated_to is not None
    assert "Ada Sample" in notice.escalated_to.role
    hub, team = "childrens_social_care", product.RECIPIENT
    assert ring == [f"{hub} duty desk"] * 2 + [f"{team} duty desk"] * 2


def test_what_was_fetched_is_not_yet_with_a_person() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    letter = step_.state.letter
    step_.given(product.fetched(letter))
    due = rings(step_, rings(step_, outcome))
    (fact,) = given.of(ProductNotTaken, due.facts)
    assert fact.why == "unacknowledged"


def test_what_nobody_fetched_goes_on_too_and_that_it_is_not_theirs_is_told_then() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    due = rings(step_, rings(step_, outcome))
    (fact,) = given.of(ProductNotTaken, due.facts)
    assert (fact.why, fact.recipient, fact.colour) == (
        "unfetched",
        product.RECIPIENT,
        Colour.RED,
    )
    assert given.of(ProductNotTaken, rings(step_, due).facts) == []
    (again,) = given.of(ProductNotTaken, step_.when(product.receipt("refused")).facts)
    assert again.why == "refused"


def test_a_person_who_has_it_stops_the_clock() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    had = step_.when(product.receipt("received"))
    (fact,) = given.of(ProductDelivered, had.facts)
    assert (fact.received_by, fact.referral_id) == ("T. Manager", "ref-1")
    assert rings(step_, outcome) == Outcome()


def test_a_red_that_is_given_back_goes_on_at_once() -> None:
    outcome = step().given(urgent()).when(product.receipt("refused"))
    (fact,) = given.of(ProductNotTaken, outcome.facts)
    assert fact.why == "refused"


@pytest.mark.parametrize("was_late", [False, True])
def test_a_red_that_a_person_had_and_then_gave_back_goes_on_too(*, was_late: bool) -> None:
    step_ = step()
    outcome = step_.when(urgent())
    if was_late:
        rings(step_, rings(step_, outcome))
    step_.given(product.receipt("received"))
    outcome = step_.when(product.receipt("refused"))
    assert outcome.refusal is None
    returned, fact = outcome.facts
    assert isinstance(returned, ProductReturned)
    assert isinstance(fact, ProductNotTaken)
    assert (fact.product_id, fact.recipient, fact.purpose, fact.colour, fact.why) == (
        "product-1",
        product.RECIPIENT,
        product.PURPOSE,
        Colour.RED,
        "refused",
    )
    assert step_.when(product.receipt("refused")) == Outcome()


def test_what_a_person_gives_back_once_it_is_no_red_any_more_goes_to_nobody_else() -> None:
    lowered = ProductEnded(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        colour=Colour.AMBER,
        reason="The rating was lowered from red to amber.",
    )
    step_ = step().given(urgent(), product.receipt("received"), lowered)
    outcome = step_.when(product.receipt("refused"))
    assert given.of(ProductNotTaken, outcome.facts) == []


def test_of_what_is_wanted_back_from_a_person_nothing_goes_on() -> None:
    step_ = step().given(urgent(), product.receipt("received"), product.voided())
    assert step_.when(product.receipt("refused")).facts == ()


@pytest.mark.parametrize("later", [False, True])
def test_a_red_for_whom_no_agreement_is_in_force_goes_on(later: bool) -> None:
    """Whether it had ended before, or ended while the product lay on its queue."""
    if later:
        step_ = step().given(urgent())
        outcome = step_.when(product.stopped(step_.state.letter))
        assert len(given.of(ClockClosed, outcome.facts)) == 1
    else:
        lapsed = given.partner(product.RECIPIENT, agreement=None)
        outcome = step(given.policy(lapsed)).when(urgent())
    (fact,) = given.of(ProductNotTaken, outcome.facts)
    assert fact.why == "no_agreement"


def test_what_waits_for_its_owners_goes_to_nobody_else() -> None:
    step_ = step()
    due = rings(step_, rings(step_, step_.when(product.approved())))
    assert given.of(ProductNotTaken, due.facts) == []
    given_back = step_.when(product.receipt("refused"))
    assert given.of(ProductNotTaken, given_back.facts) == []


@pytest.mark.parametrize("was_fetched", [False, True])
def test_of_what_is_about_another_child_no_receipt_is_owed(was_fetched: bool) -> None:
    step_ = step()
    outcome = step_.when(urgent())
    if was_fetched:
        step_.given(product.fetched(step_.state.letter))
    gone = step_.when(product.voided())
    (fact,) = given.of(ClockClosed, gone.facts)
    assert (fact.clock, fact.subject_id, fact.agency, fact.reason) == (
        "receipt",
        "product-1",
        product.RECIPIENT,
        product.voided().reason,
    )
    assert rings(step_, outcome) == Outcome()


def test_of_a_product_of_which_nothing_is_left_no_receipt_is_owed() -> None:
    step_ = step().given(urgent(signposts=()))
    outcome = step_.when(product.withdrawn(signpost=None))
    assert len(given.of(ClockClosed, outcome.facts)) == 1


def test_what_is_left_of_a_product_is_still_owed_a_receipt_when_the_whole_of_it_was() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    step_.given(product.withdrawn())
    (fact,) = given.of(Owed, rings(step_, outcome).facts)
    assert (type(fact), fact.due_at) == (ClockWarned, given.NOON + 15 * MINUTE)


def test_under_a_profile_that_has_no_time_for_receipts_none_is_waited_for() -> None:
    profile = given.profile()
    red = profile.colours[Colour.RED].model_copy(update={"allowed": {}})
    changes = {"allowed": {}, "colours": {**profile.colours, Colour.RED: red}}
    policy = given.policy(profile_=profile.model_copy(update=changes))
    step_ = step(policy)
    outcome = step_.when(product.approved())
    assert outcome.timers == ()
    assert given.of(ProductReleased, outcome.facts)
    assert "receipt" not in step_.state.model_dump()


def test_a_colour_may_give_other_times_than_the_rest() -> None:
    kind: ClockKind = "receipt"
    profile = given.profile()
    red = profile.colours[Colour.RED].model_copy(update={"allowed": {kind: Elapsed(hours=2)}})
    changed = profile.model_copy(update={"colours": {**profile.colours, Colour.RED: red}})
    step_ = step(given.policy(ALWAYS_THERE, profile_=changed))
    (fact,) = given.of(Owed, rings(step_, step_.when(urgent())).facts)
    assert fact.due_at == given.NOON + dt.timedelta(hours=2)


def test_of_what_another_product_takes_the_place_of_no_receipt_is_owed() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    (told,) = given.of(ProductReleased, outcome.facts)
    later = told.model_copy(update={"product_id": "product-2", "supersedes": "product-1"})
    assert release.STEP.key(given.message(later)) == "product-1"
    (fact,) = given.of(ClockClosed, step_.when(later).facts)
    assert (fact.subject_id, fact.reason) == (
        "product-1",
        "A product in other words takes its place.",
    )
    assert rings(step_, outcome) == Outcome()
    assert step_.when(told) == Outcome()


def at_the_door(letter_id: str, **changes: Any) -> LetterHeld:
    hit = Hit(
        danger=Danger.WORKS_WITH_RISK, whose="the child's father", where="recipient", says="x"
    )
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "hold_id": "hold-1",
        "letter_id": letter_id,
        "letter": Product.type,
        "product_id": "product-1",
        "recipient": product.RECIPIENT,
        "urgent": True,
        "hits": (hit,),
    }
    return LetterHeld.model_validate(told | changes)


@pytest.mark.parametrize("choice", [None, SafetyChoice.SEND, SafetyChoice.DO_NOT_SEND])
def test_nobody_is_asked_to_ring_where_it_may_not_be_safe_to_send_what_waits_at_the_door(
    choice: SafetyChoice | None,
) -> None:
    step_ = step()
    outcome = step_.when(urgent())
    held = at_the_door(step_.state.letter)
    step_.when(held)
    if choice:
        said = {"choice": choice, "decided_by": "D. Sample", "rationale": "Rung the refuge."}
        step_.when(SafetySettled(**held.shared(SafetySettled) | said))
    while outcome.timers:
        outcome = rings(step_, outcome)
        for agency, told in letters(outcome):
            safe = choice is SafetyChoice.SEND
            assert ("do not ring" in told.next) is not safe
            if not safe:
                assert agency != product.RECIPIENT
                assert told.contact == "childrens_social_care duty desk"


def test_each_reason_for_which_it_is_kept_back_waits_for_a_decision_of_its_own() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    first = at_the_door(step_.state.letter)
    second = at_the_door(step_.state.letter, hold_id="hold-2")
    gone = at_the_door(step_.state.letter, hold_id="hold-3", rest_goes=True)
    step_.given(first, second, gone, let_go(gone), let_go(first))
    ((agency, told),) = letters(outcome := rings(step_, outcome))
    assert "do not ring" in told.next
    assert agency != product.RECIPIENT
    step_.given(let_go(second))
    assert "do not ring" not in letters(rings(step_, outcome))[0][1].next


def test_what_was_handed_out_is_kept_back_no_more() -> None:
    """One decision may let go what two were asked about."""
    step_ = step()
    outcome = step_.when(urgent())
    letter_id = step_.state.letter
    both = [at_the_door(letter_id), at_the_door(letter_id, hold_id="hold-2")]
    step_.given(*both, let_go(both[1]), product.fetched(letter_id))
    ((_, told),) = letters(rings(step_, outcome))
    assert "do not ring" not in told.next


def test_what_is_left_of_a_product_is_looked_at_on_its_own() -> None:
    step_ = step()
    outcome = step_.when(urgent())
    step_.given(at_the_door(step_.state.letter), product.withdrawn())
    ((_, told),) = letters(rings(step_, outcome))
    assert "do not ring" not in told.next


def let_go(held: LetterHeld) -> SafetySettled:
    said = {"choice": "send", "decided_by": "D. Sample", "rationale": "Rung the refuge."}
    return SafetySettled.model_validate(held.shared(SafetySettled) | said)


def test_what_is_kept_back_of_other_letters_is_nothing_of_a_product() -> None:
    other = at_the_door("letter-1", product_id=None, letter="mash.information-request.v1")
    assert step().when(other) == Outcome()


def ruled_out(held: LetterHeld) -> SafetySettled:
    said = {"choice": "do_not_send", "decided_by": "D. Sample", "rationale": "His desk is there."}
    return SafetySettled.model_validate(held.shared(SafetySettled) | said)


def test_a_red_that_a_human_finds_not_safe_at_the_door_goes_to_the_next_recipient_at_once() -> None:
    step_ = step()
    first = step_.when(urgent())
    held = at_the_door(step_.state.letter)
    outcome = step_.given(held).when(ruled_out(held))
    (fact,) = given.of(ProductNotTaken, outcome.facts)
    assert (fact.why, fact.recipient, fact.colour) == ("not_safe", product.RECIPIENT, Colour.RED)
    assert len(given.of(ClockClosed, outcome.facts)) == 1
    assert rings(step_, first) == Outcome()


def test_that_it_is_not_safe_is_told_though_nobody_had_fetched_it_in_time() -> None:
    """What more there is of it is to go to who has it instead."""
    step_ = step()
    outcome = step_.when(urgent())
    held = at_the_door(step_.state.letter)
    step_.given(held)
    while not given.of(ProductNotTaken, outcome.facts):
        outcome = rings(step_, outcome)
    (fact,) = given.of(ProductNotTaken, step_.when(ruled_out(held)).facts)
    assert fact.why == "not_safe"


@pytest.mark.parametrize("approved", [urgent(), product.approved()])
def test_nothing_that_is_left_of_it_goes_to_whom_a_human_ruled_out(
    approved: ProductApproved,
) -> None:
    step_ = step().given(approved)
    held = at_the_door(step_.state.letter, urgent=approved.urgent)
    step_.given(held, ruled_out(held))
    assert step_.when(product.withdrawn()) == Outcome()


def test_a_red_of_which_the_rest_went_is_with_its_recipient_whatever_a_human_finds_of_that() -> (
    None
):
    step_ = step()
    first = step_.when(urgent())
    held = at_the_door(step_.state.letter, rest_goes=True)
    assert step_.given(held).when(ruled_out(held)) == Outcome()
    ((_, told),) = letters(rings(step_, first))
    assert "do not ring" not in told.next
