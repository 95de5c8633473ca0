"""Every answer, late or missing, is a fact; who owes one is warned, and a further rating asks
further.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from schemas.base import Fact
from schemas.calendar import Contact as Chained
from schemas.gathering import Level
from schemas.information import (
    InformationAnswered,
    InformationMissing,
    InformationOffered,
    InformationReceived,
    InformationVolunteered,
    RequestCancelled,
    RequestChanged,
    VolunteeredInformation,
)
from schemas.notices import (
    RequestCancellation,
)
from schemas.owed import ClockChased, ClockEscalated, ClockWarned, OwedNotice
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support.gathering import (
    AMBER,
    GREEN,
    HOUR,
    answer,
    asked,
    asking,
    changes,
    item,
    request_id,
    requested,
)
from tests.support.given import NOON, Given


def test_an_answer_from_the_agency_that_was_asked_is_taken() -> None:
    outcome = asking().given(given.linked(), AMBER).when(answer("school", item()))
    (fact,) = given.of(InformationAnswered, outcome.facts)
    assert (fact.agency, fact.known, fact.late) == ("school", True, False)
    assert fact.items[0].text == "Attendance is 62%."


def test_items_of_two_agencies_never_share_an_id() -> None:
    step = asking().given(
        given.linked(), AMBER, answer("school", item("1")), answer("gp", item("1", owner="gp"))
    )
    ids = [
        item.item_id for fact in given.of(InformationAnswered, step.facts) for item in fact.items
    ]
    assert len(set(ids)) == 2


def test_an_item_that_is_told_again_is_the_same_item_whatever_was_asked() -> None:
    again = InformationOffered(
        agency="school",
        referral_id="ref-1",
        offered=VolunteeredInformation(
            items=(item("1", text="Attendance is 60%."), item("2")),
            volunteered_by="D. Safeguarding-Lead",
        ),
    )
    step = asking().given(given.linked(), AMBER, answer("school", item("1")), again)
    (first,) = given.of(InformationAnswered, step.facts)
    (second,) = given.of(InformationVolunteered, step.facts)
    assert second.items[0].item_id == first.items[0].item_id
    assert second.items[1].item_id != first.items[0].item_id


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (answer("gp", request_id=request_id("school")), Refusal("refused.not-yours", "request_id")),
        (
            answer("school", request_id="request-9"),
            Refusal("refused.unknown-subject", "request_id"),
        ),
        (answer("school", case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
        (answer("school", item(owner="nobody")), Refusal("invalid.code", "items[0].owner")),
        (answer("school", item("1"), item("1")), Refusal("invalid.value", "items[1].item_id")),
        (answer("school", referral_id="ref-9"), Refusal("refused.unknown-subject", "referral_id")),
    ],
)
def test_answers_that_were_not_asked_of_the_sender_are_refused(
    wrong: InformationReceived, refusal: Refusal
) -> None:
    step = asking()
    if wrong.response.referral_id == "ref-1":
        step.given(given.linked(), AMBER)
    assert step.when(wrong).refusal == refusal


def test_the_same_answer_told_twice_is_one_answer_and_another_is_refused() -> None:
    step = asking().given(given.linked(), AMBER, answer("school", item()))
    assert step.when(answer("school", item())) == Outcome()
    assert step.when(answer("school")).refusal == Refusal("refused.closed", "request_id")


def run_out(step: Given, first: Outcome[Any], *, until: dt.datetime) -> list[Fact]:
    """Let every timer run out that is due by ``until``; what they tell, in order."""
    facts: list[Fact] = []
    timers = list(first.timers)
    while timers and timers[0].due_at <= until:
        outcome = step.when(given.elapsed("request_information", timers.pop(0).due_at))
        facts += outcome.facts
        timers += outcome.timers
    return facts


def test_who_has_not_answered_when_it_is_due_in_its_own_time_is_missing() -> None:
    step = asking().given(given.linked())
    outcome = step.when(AMBER)
    (timer,) = outcome.timers
    assert NOON < timer.due_at < NOON + 4 * HOUR, "whoever is first to answer is warned before"
    answered = step.when(answer("school", item()))
    missing = given.of(InformationMissing, run_out(step, answered, until=NOON + 24 * HOUR))
    assert [fact.agency for fact in missing] == ["childrens_social_care", "gp"]


def test_a_timer_that_runs_out_twice_or_too_early_tells_nothing() -> None:
    step = asking().given(given.linked(), AMBER)
    assert step.when(given.elapsed("request_information", NOON + 2 * HOUR)) == Outcome()
    step.when(given.elapsed("request_information", NOON + 4 * HOUR))
    assert step.when(given.elapsed("request_information", NOON + 4 * HOUR)) == Outcome()


@pytest.mark.parametrize("timer_first", [True, False])
def test_a_late_answer_is_taken_and_said_to_be_late(timer_first: bool) -> None:
    step = asking().given(given.linked(), AMBER)
    if timer_first:
        step.when(given.elapsed("request_information", NOON + 21 * HOUR))
    (fact,) = given.of(
        InformationAnswered, step.when(answer("school", item()), at=NOON + 22 * HOUR).facts
    )
    assert fact.late


def test_what_nobody_answers_goes_up_in_the_agencys_own_time() -> None:
    step = asking().given(given.linked())
    first = step.when(AMBER)
    facts = run_out(step, first, until=NOON + 22 * HOUR)
    assert "school" not in {fact.agency for fact in given.of(ClockEscalated, facts)}
    # Half as much again as it had: an hour and 52.5 minutes from Thursday 09:15 on its clock.
    up_at = NOON + 20.25 * HOUR + dt.timedelta(minutes=112.5)
    outcome = step.when(given.elapsed("request_information", up_at))
    escalated = given.of(ClockEscalated, outcome.facts)
    (fact,) = [one for one in escalated if one.agency == "school"]
    (letter,) = [one for one in outcome.letters if one.key.endswith(str(fact.subject_id))]
    assert fact.told == Chained(role="Duty manager", reach="01632 960102")
    assert isinstance(letter.notice, OwedNotice)
    assert (letter.agency, letter.notice.escalated_to) == ("childrens_social_care", fact.told)
    assert letter.notice.due_at == NOON + 20.25 * HOUR
    (asked,) = [one for one in step.state.asked if one.agency == "school"]
    assert asked.next_at is not None, "the next of the chain is told"


def test_who_owes_an_answer_is_warned_and_chased_and_then_the_chain_is_told() -> None:
    """A school has 3 hours 45 minutes of its own time; Wednesday 13:00 by its clock."""
    step = asking().given(given.linked())
    timers = list(step.when(AMBER).timers)
    told: list[tuple[str, dt.datetime, str, str]] = []
    while timers:
        at = timers.pop(0).due_at
        outcome = step.when(given.elapsed("request_information", at))
        timers += outcome.timers
        notices = [(one.agency, one.notice) for one in outcome.letters]
        told += [
            (agency, at, one.moment, one.next)
            for agency, one in notices
            if isinstance(one, OwedNotice) and one.agency == "school"
        ]
    assert [(agency, moment) for agency, _, moment, _ in told] == [
        ("school", "warned"),
        ("school", "chased"),
        ("childrens_social_care", "escalated"),
        ("childrens_social_care", "escalated"),
    ]
    assert told[1][1] == NOON + 20.25 * HOUR
    assert told[0][3] == (
        "It is due by Thursday 11 June 2026, 09:15; if it has not come by then, you are asked "
        "again."
    )
    assert told[1][3].endswith("Duty manager is told.")
    assert told[2][3].endswith("Ada Sample, head of service is told.")
    assert told[3][3] == "Nobody else is told by the hub: please settle it between you."
    kinds = [type(fact) for fact in step.facts if getattr(fact, "agency", "") == "school"]
    assert kinds == [
        *(ClockWarned, InformationMissing, ClockChased),
        *(ClockEscalated, ClockEscalated),
    ]


def test_who_has_answered_is_neither_warned_nor_chased() -> None:
    step = asking().given(given.linked())
    step.when(AMBER)
    facts = run_out(step, step.when(answer("school", item())), until=NOON + 300 * HOUR)
    assert "school" not in {fact.of_agency for fact in facts}
    assert given.of(ClockEscalated, facts)


def test_all_answered_leaves_nothing_missing() -> None:
    step = asking().given(given.linked(), GREEN, answer("school"), answer("gp"))
    assert step.when(given.elapsed("request_information", NOON + 90 * HOUR)) == Outcome()


def test_a_raised_rating_asks_those_who_were_not_asked_before() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN)
    red = given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR)
    outcome = step.when(red, at=NOON + HOUR)
    assert asked(outcome) == ["childrens_social_care"]
    assert requested(outcome).requests[0].legal_basis == "Children Act 1989, section 47"
    (first,) = outcome.timers
    assert first.due_at == NOON + 1.75 * HOUR, "the school's, which is warned before its due time"


def test_a_raised_rating_tells_who_is_asked_on_what_it_stands_and_by_when() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN, answer("gp"))
    red = given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR)
    before = {one.agency: one.due_at for one in step.state.asked}
    outcome = step.when(red, at=NOON + HOUR)
    (school,) = changes(outcome).values()
    assert (school.agency, school.legal_basis) == ("school", "Children Act 1989, section 47")
    assert school.level is Level.FULL
    assert school.due_at < before["school"]
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.agency, fact.due_at) == ("school", school.due_at)
    assert fact.rationale == "The rating was raised from green to red."


def test_due_times_of_two_rounds_are_each_watched() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN)
    outcome = step.when(given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR), at=NOON + HOUR)
    missing = given.of(InformationMissing, run_out(step, outcome, until=NOON + 72 * HOUR))
    assert {fact.agency for fact in missing} == {"school", "gp", "childrens_social_care"}


def cancellations(outcome: Outcome[Any]) -> dict[str, RequestCancellation]:
    notices = (letter.notice for letter in outcome.letters)
    return {one.agency: one for one in given.of(RequestCancellation, notices)}


def test_what_a_lowered_rating_does_not_name_is_asked_no_more() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    outcome = step.when(GREEN, at=NOON + HOUR)
    assert set(cancellations(outcome)) == {"childrens_social_care"}
    assert set(changes(outcome)) == {"school", "gp"}
    (fact,) = given.of(RequestCancelled, outcome.facts)
    assert fact.rationale == "The rating was lowered from amber to green."
    (letter,) = cancellations(outcome).values()
    assert letter.reason == "Less is needed now than when it was asked."
    assert len(outcome.takes_back) == 1
    told = requested(outcome)
    assert (told.requests, told.level) == ((), Level.BASIC)


def test_whoever_lowers_a_rating_keeps_what_it_names() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    outcome = step.when(given.assigned(Colour.GREEN, agencies=("childrens_social_care",)))
    assert "childrens_social_care" not in cancellations(outcome)
    assert set(cancellations(outcome)) == {"school", "gp"}


def test_whoever_is_asked_is_told_that_the_child_was_taken_for_another() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN, answer("gp"))
    outcome = step.when(given.corrected(), at=NOON + HOUR)
    (school,) = changes(outcome).values()
    assert (school.agency, school.case_id) == ("school", "case-2")
    assert school.says is not None
    assert "taken for another" in school.says
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.due_at, fact.decided_by) == (school.due_at, "A. Reviewer")


def test_the_same_colour_again_changes_nothing() -> None:
    step = asking().given(given.linked(), AMBER)
    outcome = step.when(AMBER)
    assert (outcome.facts, outcome.letters) == ((), ())


def test_who_was_asked_no_more_is_asked_anew_when_the_rating_is_raised_again() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    first = {one.request_id for one in step.state.asked}
    step.when(given.assigned(Colour.BLUE), at=NOON + HOUR)
    outcome = step.when(AMBER, at=NOON + 2 * HOUR)
    again = requested(outcome).requests
    assert sorted(one.agency for one in again) == ["childrens_social_care", "gp", "school"]
    assert first.isdisjoint(one.identifier for one in again)
