"""A Red that nobody has is an alarm, which repeats until a person takes it (issue 9, point 2)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from schemas.alarms import (
    AlarmEnded,
    AlarmRaised,
    AlarmReceipt,
    AlarmReceived,
    AlarmRepeated,
    AlarmTaken,
)
from schemas.calendar import Contact, WorkingDays
from schemas.letter import letter_id
from schemas.message import Message
from schemas.product import (
    Disposal,
    OwnerSilent,
    ProductEnded,
    ProductRefused,
    ProductReleased,
)
from schemas.rating import Colour, DueTimeBreached
from schemas.refusals import Refusal
from schemas.safety import ProductHeld
from tests.support import given
from tests.support import products as product
from tests.support.alarms import LEAD, delivered, not_taken, notice, raised_by, rings, step

TEN_MINUTES = dt.timedelta(minutes=10)
AT_NIGHT = dt.datetime(2026, 6, 14, 2, 10, tzinfo=dt.UTC)


def unopened() -> DueTimeBreached:
    return DueTimeBreached(
        referral_id="ref-1",
        case_id="case-1",
        clock="possible_red",
        colour=Colour.RED,
        due_at=given.NOON,
    )


def released(product_id: str, **changes: Any) -> ProductReleased:
    told = {
        "product_id": product_id,
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "colour": Colour.RED,
        "disposal": Disposal.FRONT_LINE_TEAM,
        "urgent": True,
        "digest": "0" * 64,
        "item_digests": (),
        "signposts": 1,
    }
    return ProductReleased.model_validate(told | changes)


def kept_back(**changes: Any) -> ProductRefused:
    told = {
        "product_id": "product-1",
        "referral_id": "ref-1",
        "case_id": "case-1",
        "recipient": product.RECIPIENT,
        "colour": Colour.RED,
        "urgent": True,
        "voided": False,
        "reason": "No owner lets anything leave.",
    }
    return ProductRefused.model_validate(told | changes)


def taken(raised: AlarmRaised, **changes: Any) -> AlarmReceived:
    told = {
        "alarm_id": raised.alarm_id,
        "subject_id": raised.subject_id,
        "case_id": raised.case_id,
        "taken_by": "D. Manager",
    }
    agency = changes.pop("agency", LEAD)
    return AlarmReceived(agency=agency, receipt=AlarmReceipt.model_validate(told | changes))


def test_a_red_that_a_person_had_and_gave_back_alarms_people_as_one_that_nobody_has() -> None:
    step_ = step().given(released("product-1"), delivered())
    fact = raised_by(step_.when(not_taken(why="refused")))
    assert (fact.cause, fact.why, fact.product_id) == ("not_taken", "refused", "product-1")


def test_it_does_so_though_there_was_an_alarm_before_they_had_it_and_not_once_another_has_it() -> (
    None
):
    step_ = step().given(released("product-1"), not_taken(), delivered())
    raised_by(step_.when(not_taken(why="refused")))
    other = step().given(released("product-1"), delivered())
    other.given(released("product-2", instead_of="product-1"), delivered("product-2"))
    assert given.of(AlarmRaised, other.when(not_taken(why="refused")).facts) == []


def test_what_may_be_a_red_and_nobody_opened_alarms_the_duty_manager() -> None:
    outcome = step().when(unopened())
    fact, letter = raised_by(outcome), notice(outcome)
    assert outcome.letters[0].agency == LEAD
    assert (fact.cause, fact.told.role, fact.subject_id) == (
        "possible_red",
        "Duty manager",
        "ref-1",
    )
    assert "nobody has opened it" in letter.says
    assert letter.to_do
    assert (letter.times, letter.since) == (1, given.NOON)
    assert (letter.next_told.role, letter.next_at) == (
        "Ada Sample, head of service",
        given.NOON + TEN_MINUTES,
    )


def test_nobody_taking_it_goes_up_to_the_end_of_the_chain_and_then_on_and_on_to_that() -> None:
    step_ = step()
    outcome, at = step_.when(message(unopened(), AT_NIGHT)), AT_NIGHT
    told = []
    for _ in range(5):
        outcome, at = rings(step_, outcome), at + TEN_MINUTES
        (fact,) = given.of(AlarmRepeated, outcome.facts)
        told.append((fact.told.role.partition(",")[0], fact.times))
        assert fact.next_at == at + TEN_MINUTES
        assert notice(outcome).times == fact.times
    assert told == [("Ada Sample", n) for n in range(2, 7)]


def message(fact: Any, at: dt.datetime) -> Message:
    return given.message(fact, at=at)


def test_the_same_alarm_is_raised_once() -> None:
    step_ = step().given(unopened())
    assert step_.when(unopened()) == Outcome()


def test_an_unread_letter_of_it_gives_way_to_the_next_one() -> None:
    step_, first = step(), given.message(unopened(), id_="message-1")
    outcome = rings(step_, step_.when(first))
    (key,) = [letter.key for letter in outcome.letters]
    assert outcome.takes_back == (letter_id("message-1", "alarm", key=key),)


def test_what_went_to_another_agencys_desk_stays_there() -> None:
    chain = (
        Contact(role="Night desk", reach="01632 960300", agency="csc_duty_team"),
        Contact(role="Head of service", reach="01632 960120"),
    )
    profile = given.profile()
    chains = {**profile.chains, "alarm": chain}
    step_ = step(given.policy(profile_=profile.model_copy(update={"chains": chains})))
    first = step_.when(unopened())
    assert first.letters[0].agency == "csc_duty_team"
    assert rings(step_, first).takes_back == ()


def test_a_person_who_takes_it_ends_the_repeating() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    had = step_.when(taken(raised_by(outcome)))
    (fact,) = given.of(AlarmTaken, had.facts)
    assert (fact.taken_by, fact.taken_for) == ("D. Manager", LEAD)
    assert rings(step_, outcome) == Outcome()
    assert step_.when(taken(raised_by(outcome))) == Outcome()
    assert step_.when(unopened()) == Outcome()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"agency": "school"}, Refusal("refused.not-told", "alarm_id")),
        ({"alarm_id": "another"}, Refusal("refused.unknown-subject", "alarm_id")),
    ],
)
def test_an_alarm_is_taken_by_who_was_told_and_under_its_id(
    changes: dict[str, str], refusal: Refusal
) -> None:
    step_ = step()
    raised = raised_by(step_.when(unopened()))
    assert step_.when(taken(raised, **changes)).refusal == refusal


@pytest.mark.parametrize(
    ("who", "may"),
    [("d.  manager", True), ("Ada Sample", True), ("A Passer-By", False), ("a", False)],
)
def test_where_people_are_registered_one_of_them_takes_it(who: str, may: bool) -> None:
    policy = given.registering("D. Manager")
    step_ = step(policy)
    outcome = step_.when(unopened())
    raised = raised_by(outcome)
    rings(step_, outcome)
    refusal = None if may else Refusal("refused.decision-maker", "taken_by")
    assert step_.when(taken(raised, taken_by=who)).refusal == refusal


def test_rating_it_ends_the_alarm_that_nobody_opened_it() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    rated = step_.when(given.assigned(Colour.AMBER))
    (fact,) = given.of(AlarmEnded, rated.facts)
    assert (fact.reason, fact.cause) == ("rated", "possible_red")
    assert rings(step_, outcome) == Outcome()


def test_what_was_rated_before_that_was_heard_alarms_nobody() -> None:
    assert step().given(given.assigned(Colour.RED)).when(unopened()) == Outcome()


def test_a_red_that_its_recipient_does_not_take_alarms_people() -> None:
    outcome = step().when(not_taken(why="refused"))
    raised, letter = raised_by(outcome), notice(outcome)
    assert (raised.cause, raised.why, raised.agency) == ("not_taken", "refused", product.RECIPIENT)
    assert "did not take it" in letter.says
    assert "csc_duty_team duty desk" in letter.to_do


@pytest.mark.parametrize("first", ["product-1", "product-2", "product-3"])
def test_it_ends_once_a_person_has_it_there_or_in_its_place(first: str) -> None:
    step_ = step().given(
        released("product-1"),
        not_taken("product-1"),
        released("product-2", instead_of="product-1"),
        released("product-3", supersedes="product-2"),
    )
    outcome = step_.when(delivered(first))
    (fact,) = given.of(AlarmEnded, outcome.facts)
    assert (fact.reason, fact.product_id) == ("delivered", "product-1")


def test_that_another_of_those_told_at_once_has_it_does_not_end_it() -> None:
    step_ = step().given(released("product-1"), released("product-2"), not_taken("product-1"))
    assert given.of(AlarmEnded, step_.when(delivered("product-2")).facts) == []


def test_two_recipients_who_do_not_take_it_are_two_alarms() -> None:
    step_ = step().given(not_taken("product-1"))
    outcome = step_.when(not_taken("product-2", recipient="police_cait"))
    assert raised_by(outcome).agency == "police_cait"
    assert len(step_.state.running) == 2


def test_a_red_of_which_nothing_leaves_alarms_people_until_something_does() -> None:
    step_ = step()
    assert raised_by(step_.when(kept_back())).cause == "kept_back"
    (fact,) = given.of(AlarmEnded, step_.when(released("product-1")).facts)
    assert fact.reason == "released"


@pytest.mark.parametrize("changes", [{"urgent": False}, {"voided": True}])
def test_what_was_voided_or_waits_for_owners_alarms_nobody(changes: dict[str, bool]) -> None:
    assert step().when(kept_back(**changes)) == Outcome()


def test_what_is_about_another_child_ends_the_alarms_about_its_product() -> None:
    step_ = step().given(not_taken())
    (fact,) = given.of(AlarmEnded, step_.when(product.voided()).facts)
    assert fact.reason == "voided"


def test_a_red_that_is_lowered_ends_the_alarms_about_its_product() -> None:
    ended = ProductEnded(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        colour=Colour.AMBER,
        reason="The rating was lowered from red to amber.",
    )
    (fact,) = given.of(AlarmEnded, step().given(not_taken()).when(ended).facts)
    assert fact.reason == "ended"


def test_what_a_profile_of_old_has_no_time_for_does_not_alarm() -> None:
    profile = given.profile().model_copy(update={"allowed": {}})
    assert step(given.policy(profile_=profile)).when(unopened()) == Outcome()


@pytest.mark.parametrize(("rest_goes", "alarms"), [(False, 1), (True, 0)])
def test_a_red_of_which_the_safety_check_keeps_all_back_alarms_people(
    rest_goes: bool, alarms: int
) -> None:
    held = ProductHeld(
        referral_id="ref-1",
        case_id="case-1",
        hold_id="hold-1",
        recipient=product.RECIPIENT,
        letter="mash.product.v1",
        product_id="product-1",
        urgent=True,
        rest_goes=rest_goes,
        hits=(),
    )
    outcome = step().when(held)
    assert len(given.of(AlarmRaised, outcome.facts)) == alarms
    if alarms:
        letter = notice(outcome)
        assert "Do not ring" in letter.to_do, "who reads it there may be the danger"
        assert given.partner(product.RECIPIENT).signpost_contact not in letter.to_do


def test_what_owners_keep_back_is_not_to_be_told_by_telephone() -> None:
    letter = notice(step().when(kept_back()))
    assert "owners keep it back" in letter.says
    assert "what its owners do not keep back" in letter.to_do


def silent(owner: str = "school", **changes: Any) -> OwnerSilent:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "product_id": "product-1",
        "recipient": product.RECIPIENT,
        "colour": Colour.AMBER,
        "urgent": False,
        "items": (),
        "owner": owner,
    }
    return OwnerSilent.model_validate(told | changes)


def test_an_owner_for_whom_a_product_waits_in_vain_alarms_people() -> None:
    step_ = step()
    letter = notice(step_.when(silent()))
    assert letter.says.startswith("School has not decided in the time agreed")
    step_.given(silent("gp"))
    ended = given.of(AlarmEnded, step_.when(released("product-1", urgent=False)).facts)
    assert [fact.agency for fact in ended] == ["school", "gp"]
    assert {fact.reason for fact in ended} == {"released"}


def test_what_was_to_follow_a_red_and_does_not_alarms_nobody() -> None:
    """The Red itself has gone."""
    assert given.of(AlarmRaised, step().when(kept_back(follows="product-0")).facts) == []


def test_an_alarm_does_not_stop_because_a_later_profile_has_no_time_for_alarms() -> None:
    step_ = step()
    outcome = step_.when(unopened())
    profile = given.profile().model_copy(update={"allowed": {}})
    later = step(given.policy(profile_=profile))
    later.state = step_.state
    outcome = rings(later, outcome)
    assert given.of(AlarmRepeated, outcome.facts)
    assert outcome.timers


FRIDAY_AT_FOUR = dt.datetime(2026, 6, 12, 15, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize("changes", [{}, {"colour": Colour.RED, "school_notice": True}])
def test_what_is_no_red_repeats_in_the_working_time_of_whom_it_tells(changes: Any) -> None:
    step_ = step()
    outcome = step_.when(message(silent(**changes), FRIDAY_AT_FOUR))
    monday = dt.datetime(2026, 6, 15, 11, 0, tzinfo=dt.UTC)
    assert raised_by(outcome).next_at == monday
    (again,) = given.of(AlarmRepeated, rings(step_, outcome).facts)
    assert again.next_at == monday + dt.timedelta(hours=4)


def test_a_desk_that_is_there_at_night_is_told_of_it_at_night() -> None:
    desk = Contact(role="Night desk", reach="01632 960300", agency="police")
    known = given.profile()
    profile = known.model_copy(update={"chains": {**known.chains, "alarm": (desk,)}})
    raised = raised_by(step(given.policy(profile_=profile)).when(message(silent(), AT_NIGHT)))
    assert raised.next_at == AT_NIGHT + dt.timedelta(hours=4)


def test_the_profile_says_how_often_that_is() -> None:
    profile = given.profile().model_copy(update={"alarm_quiet": WorkingDays(days=1)})
    outcome = step(given.policy(profile_=profile)).when(message(silent(), FRIDAY_AT_FOUR))
    assert raised_by(outcome).next_at == dt.datetime(2026, 6, 15, 16, 0, tzinfo=dt.UTC)


def test_a_red_that_waits_for_its_owner_repeats_as_any_red_does() -> None:
    outcome = step().when(message(silent(colour=Colour.RED), AT_NIGHT))
    assert raised_by(outcome).next_at == AT_NIGHT + TEN_MINUTES
