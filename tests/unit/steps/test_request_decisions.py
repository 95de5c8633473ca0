"""Hop 4b: a social worker asks further, changes and cancels; agencies volunteer what nobody asked
for.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.request_information import decide as request_information
from schemas.base import Fact
from schemas.decisions import RequestDecided, RequestDecision
from schemas.gathering import RuledOut
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationOffered,
    InformationReceived,
    InformationRequested,
    InformationResponse,
    InformationVolunteered,
    RequestCancelled,
    RequestChanged,
    RequestStillPaused,
    Sensitivity,
    VolunteeredInformation,
)
from schemas.letter import letter_id
from schemas.message import Message, derived_id
from schemas.notices import PauseReminder, RequestCancellation, RequestChange
from schemas.notification import ParentsInformed
from schemas.policy import Policy
from schemas.rating import Colour
from schemas.refusals import Refusal
from schemas.safety import SafetyChoice, SafetySettled
from tests.support import given
from tests.support.given import NOON, Given, on_picture

HOUR = dt.timedelta(hours=1)
AMBER = given.assigned(Colour.AMBER)
QUESTION = "Did the child say who?"


def request_id(agency: str) -> str:
    return derived_id("request", "ref-1", agency)


def decided(action: str, *, by: str = "childrens_social_care", **changes: Any) -> RequestDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "action": action,
        "decided_by": "S. Worker",
        "rationale": "As seen",
    }
    decision = RequestDecision.model_validate(told | changes)
    return on_picture(RequestDecided(agency=by, decision=decision))


def asking(policy: Policy | None = None) -> Given:
    return Given(request_information.STEP, policy).given(given.linked(), AMBER)


def item(text: str = "Seen at the clinic.", **changes: Any) -> InformationItem:
    told = {
        "item_id": "1",
        "owner": "gp",
        "text": text,
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answer(*items: InformationItem) -> InformationReceived:
    response = InformationResponse(
        request_id=request_id("gp"),
        referral_id="ref-1",
        case_id="case-1",
        known=bool(items),
        items=items,
        answered_by="Dr. Gp",
    )
    return InformationReceived(agency="gp", response=response)


def offered(*items: InformationItem, agency: str = "housing") -> InformationOffered:
    said = VolunteeredInformation(
        referral_id="ref-1", items=items or (item(owner="housing"),), volunteered_by="H. Officer"
    )
    return InformationOffered(agency=agency, referral_id="ref-1", offered=said)


def on(*facts: Fact | Message) -> Given:
    return Given(request_information.STEP).given(*facts)


# Asked further


@pytest.mark.parametrize("agency", ["gp", "housing", "police"])
def test_one_agency_is_asked_further_whether_it_was_asked_before_or_notified(agency: str) -> None:
    outcome = asking().when(decided("ask", agency=agency, question=QUESTION))
    (fact,) = given.of(InformationRequested, outcome.facts)
    (request,) = fact.requests
    assert (request.agency, request.question) == (agency, QUESTION)
    assert request.identifier != request_id(agency)
    assert [letter.notice for letter in outcome.letters] == [request]


def test_a_further_question_stands_on_the_basis_of_the_rating_and_is_due_when_it_says() -> None:
    at, step = NOON + 2 * HOUR, asking()
    (fact,) = step.when(decided("ask", agency="gp", due_at=at)).facts
    assert isinstance(fact, InformationRequested)
    assert fact.requests[0].due_at == at
    assert fact.requests[0].legal_basis == given.profile().colours[Colour.AMBER].legal_basis
    outcome = step.when(given.elapsed("request_information", at))
    (missing,) = given.of(InformationMissing, outcome.facts)
    assert missing.request_id == fact.requests[0].identifier


BASIS = {
    "reason": RuledOut.CONSENT_REFUSED,
    "rationale": "At risk.",
    "legal_basis": "Children Act 2004, section 10",
}


@pytest.mark.parametrize(
    ("rated", "further", "asks"),
    [([BASIS], [], True), ([], [BASIS], True), ([], [], False)],
)
def test_what_is_overruled_with_the_rating_or_the_question_has_the_agency_asked(
    rated: list[Any], further: list[Any], asks: bool
) -> None:
    refused = ParentsInformed(informed=True, consent="refused")
    linked = given.linked(notification=given.notification(parents_informed=refused))
    step = on(linked, given.assigned(Colour.AMBER, overrules=rated))
    outcome = step.when(decided("ask", agency="housing", overrules=further))
    assert outcome.refusal == (None if asks else Refusal("refused.not-to-be-asked", "agency"))


@pytest.mark.parametrize(
    ("facts", "decision", "refusal"),
    [
        ([AMBER], decided("ask", by="police"), Refusal("refused.role")),
        ([AMBER], decided("ask"), Refusal("missing.field", "agency")),
        ([], decided("ask", agency="gp"), Refusal("refused.not-rated")),
        (
            [AMBER],
            decided("ask", agency="fire_service"),
            Refusal("refused.not-to-be-asked", "agency"),
        ),
        (
            [AMBER],
            decided("ask", agency="health_visiting"),
            Refusal("refused.not-to-be-asked", "agency"),
        ),
        ([AMBER], decided("ask", agency="gp", due_at=NOON), Refusal("invalid.value", "due_at")),
        (
            [AMBER],
            decided("ask", agency="gp", case_id="case-9"),
            Refusal("refused.unknown-subject", "case_id"),
        ),
        ([AMBER], decided("cancel"), Refusal("missing.field", "request_id")),
        (
            [AMBER],
            decided("change", request_id="request-9"),
            Refusal("refused.unknown-subject", "request_id"),
        ),
        (
            [AMBER],
            decided("change", request_id=request_id("gp")),
            Refusal("missing.field", "question"),
        ),
    ],
)
def test_decisions_that_cannot_be_followed_are_refused(
    facts: list[Fact], decision: RequestDecided, refusal: Refusal
) -> None:
    assert on(given.linked(), *facts).when(decision).refusal == refusal


def test_only_a_registered_social_worker_asks_where_the_lead_agency_registers_any() -> None:
    step = Given(request_information.STEP, given.registering("A. Screening"))
    outcome = step.given(given.linked(), AMBER).when(decided("ask", agency="gp"))
    assert outcome.refusal == Refusal("refused.decision-maker", "decided_by")


def test_decisions_about_what_the_hub_does_not_gather_are_refused() -> None:
    unknown = on().when(decided("ask", agency="gp"))
    assert unknown.refusal == Refusal("refused.unknown-subject", "referral_id")
    handed_over = on(given.linked(allocated_to=given.worker())).when(decided("ask", agency="gp"))
    assert handed_over.refusal == Refusal("refused.not-rated")


def test_a_decision_that_names_no_picture_shown_is_refused() -> None:
    blind = decided("ask", agency="gp").model_copy(update={"shown": ()})
    assert asking().when(blind).refusal == Refusal("refused.not-shown", "saw")


# Changed and cancelled


def test_a_request_is_changed_and_who_was_asked_is_told() -> None:
    step, at = asking(), NOON + 3 * HOUR
    change = decided("change", request_id=request_id("gp"), question=QUESTION, due_at=at)
    outcome = step.when(change)
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.agency, fact.question, fact.due_at) == ("gp", QUESTION, at)
    assert (fact.decided_by, fact.rationale) == ("S. Worker", "As seen")
    (letter,) = outcome.letters
    assert letter.agency == "gp"
    assert isinstance(letter.notice, RequestChange)
    assert (letter.notice.question, letter.notice.due_at) == (QUESTION, at)
    assert [timer.due_at for timer in outcome.timers] == [NOON + 2.25 * HOUR]


def test_a_request_stands_still_for_a_reason_and_runs_on_with_the_time_that_was_left() -> None:
    step, which = asking(), {"request_id": request_id("childrens_social_care")}
    (due,) = [one.due_at for one in step.state.asked if one.request_id == which["request_id"]]
    outcome = step.when(decided("pause", **which, rationale="Its system is down"), at=NOON + HOUR)
    (fact,) = given.of(RequestChanged, outcome.facts)
    (letter,) = outcome.letters
    assert (fact.paused, fact.rationale, fact.due_at) == (True, "Its system is down", due)
    assert isinstance(letter.notice, RequestChange)
    assert letter.notice.paused
    assert step.when(decided("pause", **which), at=NOON + 2 * HOUR) == Outcome()
    late = step.when(given.elapsed("request_information", due)).facts
    assert "childrens_social_care" not in {one.of_agency for one in late}
    # Three of the four hours were left: Thursday from 10:00 to 13:00 on its clock.
    outcome = step.when(decided("resume", **which), at=NOON + 21 * HOUR)
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.paused, fact.due_at) == (False, NOON + 24 * HOUR)
    (running,) = [one for one in step.state.asked if one.request_id == fact.request_id]
    assert (running.due_at, running.next_at) == (fact.due_at, fact.due_at - HOUR)
    assert step.when(decided("resume", **which), at=NOON + 22 * HOUR) == Outcome()


def test_whoever_had_a_request_stand_still_is_reminded_until_it_runs_on() -> None:
    step, which = asking(), {"request_id": request_id("gp")}
    outcome = step.when(decided("pause", **which, rationale="Its system is down"), at=NOON)
    thursday = dt.datetime(2026, 6, 11, 16, 0, tzinfo=dt.UTC)
    (paused,) = [one for one in step.state.asked if one.request_id == which["request_id"]]
    assert paused.next_at == thursday
    assert outcome.facts
    for at in (thursday, thursday + 24 * HOUR):
        outcome = step.when(given.elapsed("request_information", at))
        (fact,) = given.of(RequestStillPaused, outcome.facts)
        (letter,) = [one for one in outcome.letters if isinstance(one.notice, PauseReminder)]
        assert letter.agency == "childrens_social_care"
        assert isinstance(letter.notice, PauseReminder)
        assert (fact.agency, fact.paused_by, fact.since) == ("gp", "S. Worker", NOON)
        assert letter.notice.reason == "Its system is down"
    assert isinstance(letter.notice, PauseReminder)
    assert letter.notice.next == (
        "No answer is chased until you have it run on, or cancel it. You are reminded again at "
        "Monday 15 June 2026, 17:00."
    )
    step.when(decided("resume", **which), at=thursday + 25 * HOUR)
    late = step.when(given.elapsed("request_information", thursday + 96 * HOUR))
    assert not given.of(RequestStillPaused, late.facts)


def test_a_profile_without_a_reminder_reminds_nobody() -> None:
    silent = given.profile().model_copy(update={"pause_reminder": None})
    step = asking(given.policy(profile_=silent))
    step.when(decided("pause", request_id=request_id("gp")))
    (paused,) = [one for one in step.state.asked if one.request_id == request_id("gp")]
    assert paused.next_at is None


def test_a_due_time_given_while_the_clock_stands_still_counts_from_when_it_runs_on() -> None:
    step, which = asking(), {"request_id": request_id("childrens_social_care")}
    step.when(decided("pause", **which), at=NOON - 3 * HOUR)
    step.when(decided("change", **which, due_at=NOON + 2 * HOUR), at=NOON)
    outcome = step.when(decided("resume", **which), at=NOON + HOUR)
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert fact.due_at == NOON + 3 * HOUR


def test_an_answer_while_the_clock_stands_still_is_in_time() -> None:
    step = asking()
    step.when(decided("pause", request_id=request_id("gp")), at=NOON + HOUR)
    (fact,) = given.of(InformationAnswered, step.when(answer(item()), at=NOON + 90 * HOUR).facts)
    assert not fact.late
    closed = step.when(decided("pause", request_id=request_id("gp")))
    assert closed.refusal == Refusal("refused.closed", "request_id")


def test_who_was_late_has_the_time_that_it_is_given_anew() -> None:
    step = asking()
    step.when(given.elapsed("request_information", NOON + 12 * HOUR))
    later = decided("change", request_id=request_id("gp"), due_at=NOON + 20 * HOUR)
    step.when(later, at=NOON + 13 * HOUR)
    (fact,) = step.when(answer(item()), at=NOON + 19 * HOUR).facts
    assert isinstance(fact, InformationAnswered)
    assert not fact.late


def test_a_cancelled_request_is_awaited_no_longer_and_who_was_asked_is_told() -> None:
    step = on(given.linked(), given.message(AMBER, id_="rated"))
    outcome = step.when(decided("cancel", request_id=request_id("gp")))
    (fact,) = given.of(RequestCancelled, outcome.facts)
    assert (fact.agency, fact.decided_by, fact.rationale) == ("gp", "S. Worker", "As seen")
    (letter,) = outcome.letters
    assert letter.agency == "gp"
    assert isinstance(letter.notice, RequestCancellation)
    assert outcome.takes_back == (letter_id("rated", "request_information", key="request/gp"),)
    missing = step.when(given.elapsed("request_information", NOON + 12 * HOUR)).facts
    assert "gp" not in {one.agency for one in given.of(InformationMissing, missing)}
    assert step.when(decided("cancel", request_id=request_id("gp"))) == Outcome()


def settled(choice: SafetyChoice) -> SafetySettled:
    """The duty manager about the request to the GP, which waits at the door."""
    return SafetySettled(
        referral_id="ref-1",
        case_id="case-1",
        hold_id="hold-1",
        letter_id=letter_id("rated", "request_information", key="request/gp"),
        recipient="gp",
        choice=choice,
        decided_by="M. Manager",
        rationale="He works there.",
    )


def test_a_request_that_a_human_stopped_is_awaited_no_longer_and_who_never_got_it_is_not_told() -> (
    None
):
    step = on(given.linked(), given.message(AMBER, id_="rated"))
    outcome = step.when(settled(SafetyChoice.DO_NOT_SEND))
    (fact,) = outcome.facts
    assert isinstance(fact, RequestCancelled)
    assert (fact.agency, fact.request_id) == ("gp", request_id("gp"))
    assert (fact.decided_by, fact.rationale) == ("M. Manager", "He works there.")
    assert (outcome.letters, outcome.takes_back) == ((), ())
    assert step.when(settled(SafetyChoice.DO_NOT_SEND)) == Outcome()


def test_a_request_that_a_human_had_sent_all_the_same_is_awaited() -> None:
    step = on(given.linked(), given.message(AMBER, id_="rated"))
    assert step.when(settled(SafetyChoice.SEND)) == Outcome()


def test_an_answer_to_a_cancelled_request_is_taken_as_volunteered() -> None:
    step = asking().given(decided("cancel", request_id=request_id("gp")))
    (fact,) = step.when(given.message(answer(item()), id_="answer")).facts
    assert isinstance(fact, InformationVolunteered)
    assert (fact.agency, fact.request_id) == ("gp", request_id("gp"))
    assert (fact.volunteered_id, fact.volunteered_by) == ("answer", "Dr. Gp")
    assert fact.items[0].text == item().text
    assert step.when(answer(item())) == Outcome()


@pytest.mark.parametrize("action", ["change", "cancel"])
def test_what_was_answered_is_changed_and_cancelled_no_more(action: str) -> None:
    step = asking().given(answer(item()))
    late = decided(action, request_id=request_id("gp"), question=QUESTION)
    assert step.when(late).refusal == Refusal("refused.closed", "request_id")


# Volunteered


@pytest.mark.parametrize("rated", [True, False])
def test_an_agency_volunteers_what_nobody_asked_for(rated: bool) -> None:
    step = on(given.linked(), *([AMBER] if rated else []))
    (fact,) = step.when(given.message(offered(), id_="offer")).facts
    assert isinstance(fact, InformationVolunteered)
    assert (fact.agency, fact.request_id, fact.volunteered_by) == ("housing", None, "H. Officer")
    assert (fact.volunteered_id, fact.case_id) == ("offer", "case-1")
    assert fact.items[0].item_id != item().item_id


def test_offers_share_an_item_where_their_agency_calls_it_the_same() -> None:
    other = offered(item(owner="housing").model_copy(update={"item_id": "2"}))
    step = asking().given(offered(), offered(), other)
    facts = given.of(InformationVolunteered, step.facts)
    first, again, second = (one.items[0].item_id for one in facts)
    assert first == again != second


@pytest.mark.parametrize(
    ("items", "refusal"),
    [
        ([item(owner="nobody")], Refusal("invalid.code", "items[0].owner")),
        ([item(), item()], Refusal("invalid.value", "items[1].item_id")),
    ],
)
def test_items_that_are_none_are_refused(items: list[InformationItem], refusal: Refusal) -> None:
    assert asking().when(offered(*items)).refusal == refusal


def test_what_is_volunteered_about_nobody_known_is_refused() -> None:
    assert on().when(offered()).refusal == Refusal("refused.unknown-subject", "referral_id")
