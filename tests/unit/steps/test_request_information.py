"""Hop 4b: the least level that will do, one lawful request per agency, and every answer, late or
missing, a fact.
"""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from pydantic import ValidationError

from router.step import Outcome
from router.steps.request_information import decide as request_information
from schemas.case import ChildLinked
from schemas.decisions import RatingDecided, RatingDecision
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationReceived,
    InformationRequest,
    InformationRequested,
    InformationResponse,
    Level,
    Sensitivity,
)
from schemas.message import derived_id
from schemas.notification import ParentsInformed
from schemas.person import PartialDate
from schemas.policy import Agreement, Policy
from schemas.rating import Colour
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, on_picture

HOUR = dt.timedelta(hours=1)


def asking(policy: Policy | None = None) -> Given:
    return Given(request_information.STEP, policy)


def request_id(agency: str) -> str:
    return derived_id("request", "ref-1", agency)


def item(item_id: str = "1", owner: str = "school", **changes: Any) -> InformationItem:
    told = {
        "item_id": item_id,
        "owner": owner,
        "text": "Attendance is 62%.",
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answer(agency: str = "school", *items: InformationItem, **changes: Any) -> InformationReceived:
    told = {
        "request_id": request_id(agency),
        "referral_id": "ref-1",
        "case_id": "case-1",
        "known": bool(items),
        "items": items,
        "answered_by": "D. Safeguarding-Lead",
    }
    return InformationReceived(
        agency=agency, response=InformationResponse.model_validate(told | changes)
    )


def decided(
    colour: Colour, agency: str = "childrens_social_care", case_id: str = "case-1"
) -> RatingDecided:
    decision = RatingDecision(
        referral_id="ref-1",
        case_id=case_id,
        colour=colour,
        decided_by="S. Worker",
        rationale="As seen",
    )
    return on_picture(RatingDecided(agency=agency, decision=decision))


def requested(outcome: Outcome[Any]) -> InformationRequested:
    (fact,) = given.of(InformationRequested, outcome.facts)
    return fact


def asked(outcome: Outcome[Any]) -> list[str]:
    return [request.agency for request in requested(outcome).requests]


@pytest.mark.parametrize(
    ("narrative", "level", "agencies"),
    [
        (given.MOVED, Level.NONE, []),
        (given.MISSING_EPISODE, Level.BASIC, ["school", "gp"]),
        (
            given.DOMESTIC_ABUSE,
            Level.FULL,
            ["school", "gp", "health_visiting", "childrens_social_care"],
        ),
    ],
)
def test_the_rating_decides_how_much_is_gathered(
    narrative: str, level: Level, agencies: list[str]
) -> None:
    outcome = asking().when(given.linked(narrative))
    assert requested(outcome).level is level
    assert asked(outcome) == agencies
    assert [letter.agency for letter in outcome.letters] == agencies
    assert tuple(letter.notice for letter in outcome.letters) == requested(outcome).requests


def test_that_nothing_is_gathered_is_recorded_with_the_reason() -> None:
    outcome = asking().when(given.linked(given.MOVED))
    assert requested(outcome).reasons[0] == "A rating of blue gathers at level none."
    assert outcome.timers == ()


def test_a_request_says_why_on_what_basis_and_by_when() -> None:
    informed = ParentsInformed(informed=True, consent="refused")
    narrative = given.notification(given.DOMESTIC_ABUSE, parents_informed=informed)
    request = requested(asking().when(given.linked(notification=narrative))).requests[0]
    assert request.summary == "Domestic abuse at the home."
    assert request.legal_basis == "Children Act 1989, section 17; Children Act 2004, section 11"
    assert request.consent == "refused"
    assert request.sharing_policy == "ISA/school"
    assert request.due_at == NOON + 12 * HOUR
    assert request.purpose
    assert request.facts_checked


def test_a_request_does_not_carry_the_narrative_nor_where_the_child_lives() -> None:
    request = requested(asking().when(given.linked())).requests[0]
    sent = request.model_dump_json()
    for secret in (given.DOMESTIC_ABUSE, "Balmoral", "ZZ99", "01632 960123", "Chowdhury"):
        assert secret not in sent


def test_a_request_about_an_unborn_child_names_the_mother() -> None:
    expected = PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX")
    unborn = given.child().model_copy(update={"name": (), "date_of_birth": expected})
    request = requested(
        asking().when(given.linked(notification=given.notification(subject=unborn)))
    ).requests[0]
    assert request.child.related_person[0].name.family_name == ("Chowdhury",)


@pytest.mark.parametrize(
    "field", ["purpose", "legal_basis", "summary", "due_at", "facts_checked", "sharing_policy"]
)
def test_a_request_without_purpose_basis_summary_or_due_time_cannot_be_made(field: str) -> None:
    whole = requested(asking().when(given.linked())).requests[0].model_dump()
    with pytest.raises(ValidationError):
        InformationRequest.model_validate({**whole, field: ""})
    del whole[field]
    with pytest.raises(ValidationError):
        InformationRequest.model_validate(whole)


def test_who_is_not_asked_is_told_with_the_reason() -> None:
    lapsed = Agreement(
        reference="ISA", signatory="A. Head", since=dt.date(2020, 1, 1), until=dt.date(2026, 6, 9)
    )
    policy = given.policy(given.partner("school", agreement=lapsed))
    policy.partners.pop("gp")
    fact = requested(asking(policy).when(given.linked()))
    assert {left.agency: left.reason for left in fact.not_asked} == {
        "police": "It notified the hub of this concern itself.",
        "school": "It has no information-sharing agreement in force.",
        "gp": "It is not a partner of this hub.",
    }
    assert [request.agency for request in fact.requests] == [
        "health_visiting",
        "childrens_social_care",
    ]


def test_an_agreement_is_in_force_on_its_last_day_by_the_boroughs_clock() -> None:
    last_day = Agreement(
        reference="ISA", signatory="A. Head", since=dt.date(2020, 1, 1), until=dt.date(2026, 6, 9)
    )
    policy = given.policy(given.partner("school", agreement=last_day))
    before_midnight_in_london = dt.datetime(2026, 6, 9, 22, 59, tzinfo=dt.UTC)
    after_midnight_in_london = dt.datetime(2026, 6, 9, 23, 1, tzinfo=dt.UTC)
    assert "school" in asked(asking(policy).when(given.linked(), at=before_midnight_in_london))
    assert "school" not in asked(asking(policy).when(given.linked(), at=after_midnight_in_london))


def test_a_case_with_an_allocated_worker_is_not_gathered_for() -> None:
    step = asking()
    outcome = step.when(given.linked(allocated_to=given.worker()))
    assert (outcome.facts, outcome.letters) == ((), ())
    assert step.when(decided(Colour.RED)) == Outcome()


def test_the_same_link_told_twice_asks_once() -> None:
    assert asking().given(given.linked()).when(given.linked()) == Outcome()


def test_an_answer_from_the_agency_that_was_asked_is_taken() -> None:
    outcome = asking().given(given.linked()).when(answer("school", item()))
    (fact,) = given.of(InformationAnswered, outcome.facts)
    assert (fact.agency, fact.known, fact.late) == ("school", True, False)
    assert fact.items[0].text == "Attendance is 62%."


def test_items_of_two_agencies_never_share_an_id() -> None:
    step = asking().given(
        given.linked(), answer("school", item("1")), answer("gp", item("1", owner="gp"))
    )
    ids = [
        item.item_id for fact in given.of(InformationAnswered, step.facts) for item in fact.items
    ]
    assert len(set(ids)) == 2


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
        step.given(given.linked())
    assert step.when(wrong).refusal == refusal


def test_the_same_answer_told_twice_is_one_answer_and_another_is_refused() -> None:
    step = asking().given(given.linked(), answer("school", item()))
    assert step.when(answer("school", item())) == Outcome()
    assert step.when(answer("school")).refusal == Refusal("refused.closed", "request_id")


def test_who_has_not_answered_when_it_is_due_is_missing() -> None:
    step = asking()
    (timer,) = step.when(given.linked()).timers
    assert timer.due_at == NOON + 12 * HOUR
    step.when(answer("school", item()))
    outcome = step.when(given.elapsed("request_information", timer.due_at))
    missing = given.of(InformationMissing, outcome.facts)
    assert [fact.agency for fact in missing] == ["gp", "health_visiting", "childrens_social_care"]
    assert outcome.timers == ()


def test_a_timer_that_runs_out_twice_or_too_early_tells_nothing() -> None:
    step = asking().given(given.linked())
    assert step.when(given.elapsed("request_information", NOON + 11 * HOUR)) == Outcome()
    step.when(given.elapsed("request_information", NOON + 12 * HOUR))
    assert step.when(given.elapsed("request_information", NOON + 12 * HOUR)) == Outcome()


@pytest.mark.parametrize("timer_first", [True, False])
def test_a_late_answer_is_taken_and_said_to_be_late(timer_first: bool) -> None:
    step = asking().given(given.linked())
    if timer_first:
        step.when(given.elapsed("request_information", NOON + 12 * HOUR))
    (fact,) = given.of(
        InformationAnswered, step.when(answer("school", item()), at=NOON + 13 * HOUR).facts
    )
    assert fact.late


def test_all_answered_leaves_nothing_missing() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), answer("school"), answer("gp"))
    assert step.when(given.elapsed("request_information", NOON + 90 * HOUR)) == Outcome()


def test_a_raised_rating_asks_those_who_were_not_asked_before() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE))
    outcome = step.when(decided(Colour.RED), at=NOON + HOUR)
    assert asked(outcome) == ["health_visiting", "childrens_social_care"]
    assert requested(outcome).requests[0].legal_basis == "Children Act 1989, section 47"
    assert [timer.due_at for timer in outcome.timers] == [NOON + 3 * HOUR]


def test_due_times_of_two_rounds_are_each_watched() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE))
    step.when(decided(Colour.RED), at=NOON + HOUR)
    outcome = step.when(given.elapsed("request_information", NOON + 3 * HOUR))
    assert {fact.agency for fact in given.of(InformationMissing, outcome.facts)} == {
        "health_visiting",
        "childrens_social_care",
    }
    (timer,) = outcome.timers
    outcome = step.when(given.elapsed("request_information", timer.due_at))
    assert {fact.agency for fact in given.of(InformationMissing, outcome.facts)} == {"school", "gp"}


@pytest.mark.parametrize(
    "decision",
    [
        decided(Colour.GREEN),
        decided(Colour.RED, agency="police"),
        decided(Colour.RED, case_id="case-9"),
    ],
)
def test_ratings_that_are_lower_or_not_the_leads_or_of_another_case_ask_nobody(
    decision: RatingDecided,
) -> None:
    assert asking().given(given.linked(given.MISSING_EPISODE)).when(decision) == Outcome()


def test_link_and_raise_ask_the_same_agencies_in_either_order() -> None:
    facts: list[ChildLinked | RatingDecided] = [
        given.linked(given.MISSING_EPISODE),
        decided(Colour.RED),
    ]
    rounds = [asking().given(*order) for order in permutations(facts)]
    agencies = [
        {
            request.agency
            for fact in given.of(InformationRequested, step.facts)
            for request in fact.requests
        }
        for step in rounds
    ]
    assert (
        agencies[0] == agencies[1] == {"school", "gp", "health_visiting", "childrens_social_care"}
    )


def test_an_early_rating_of_another_case_or_of_a_lower_colour_asks_for_no_more() -> None:
    step = asking().given(decided(Colour.RED, case_id="case-9"), decided(Colour.BLUE))
    assert asked(step.when(given.linked(given.MISSING_EPISODE))) == ["school", "gp"]


def test_after_a_correction_answers_under_the_old_case_are_taken_for_the_new_one() -> None:
    step = asking().given(given.linked(), given.corrected())
    (fact,) = step.when(answer("school", item())).facts
    assert fact.subject == "case-2"


def test_a_correction_heard_before_the_link_counts_all_the_same() -> None:
    assert requested(asking().given(given.corrected()).when(given.linked())).case_id == "case-2"


def test_what_was_handed_to_the_worker_of_another_child_is_asked_about_once_it_is_linked_anew() -> (
    None
):
    step = asking().given(given.linked(allocated_to=given.worker()), given.corrected())
    assert requested(step.when(given.linked(case_id="case-2"))).case_id == "case-2"
