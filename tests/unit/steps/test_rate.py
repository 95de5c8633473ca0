"""Hop 4a: a rating is suggested, decided by a social worker only, kept with its history, and
timed.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import TypeAdapter

from router.step import Outcome
from router.steps.rate import decide as rate
from schemas.base import Fact
from schemas.calendar import Contact
from schemas.case import FamilyConcern
from schemas.checks import CheckAnswered, CheckLate, CheckResult, ChecksRevised
from schemas.decisions import RatingDecided, RatingDecision
from schemas.gathering import RuledOut, ToGather
from schemas.information import InformationItem, InformationVolunteered, Sensitivity
from schemas.message import Message
from schemas.notices import DueTimeWarning, RatingRequest, WhatIsNew
from schemas.product import Disposal, ProductActedOn, ProductRefused, ProductReleased
from schemas.rating import (
    Colour,
    DueTimeApproaching,
    DueTimeBreached,
    DueTimeEscalated,
    RatingAssigned,
    RatingSuggested,
)
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, on_picture

HOUR = dt.timedelta(hours=1)


def rating() -> Given:
    return Given(rate.STEP)


def decided(colour: Colour, agency: str = "childrens_social_care", **changes: Any) -> RatingDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": colour,
        "decided_by": "S. Worker",
        "rationale": f"Seen as {colour}",
    }
    return on_picture(
        RatingDecided(agency=agency, decision=RatingDecision.model_validate(told | changes))
    )


FIRST = {
    rule: policy.recipients[0].agency
    for rule, policy in given.profile().colours.items()
    if policy.recipients
}


def released(
    colour: Colour, to: str | None = None, *, urgent: bool = False, case_id: str = "case-1"
) -> ProductReleased:
    return ProductReleased(
        product_id="product-1",
        referral_id="ref-1",
        case_id=case_id,
        recipient=to or FIRST[colour],
        colour=colour,
        disposal=Disposal.EARLY_HELP,
        urgent=urgent,
        digest="0" * 64,
        item_digests=(),
        signposts=0,
    )


def refused(colour: Colour, *, voided: bool = False) -> ProductRefused:
    return ProductRefused(
        product_id="product-1",
        referral_id="ref-1",
        case_id="case-1",
        recipient=FIRST[colour],
        colour=colour,
        voided=voided,
        reason="Nothing may leave",
    )


def run_out(step: Given, *, until: dt.datetime, first: Outcome[Any]) -> list[Fact]:
    """Let every timer run out that is due by ``until``; the warnings in order."""
    facts: list[Fact] = []
    timers = list(first.timers)
    while timers and timers[0].due_at <= until:
        outcome = step.when(given.elapsed("rate", timers.pop(0).due_at))
        facts += outcome.facts
        timers += outcome.timers
    return facts


def test_a_rating_is_suggested_and_put_before_the_lead_agency() -> None:
    outcome = rating().when(given.linked(given.HIT))
    (fact,) = given.of(RatingSuggested, outcome.facts)
    (letter,) = outcome.letters
    assert fact.colour is Colour.RED
    assert fact.profile == "Sample Borough 2026.2"
    assert fact.product_due_at == NOON + 4 * HOUR
    assert letter.agency == "childrens_social_care"
    assert isinstance(letter.notice, RatingRequest)
    assert letter.notice.reasons == fact.reasons
    assert letter.notice.due_at == fact.decision_due_at


def test_the_authority_has_one_working_day_to_decide() -> None:
    (fact,) = given.of(RatingSuggested, rating().when(given.linked()).facts)
    assert fact.decision_due_at == dt.datetime(2026, 6, 11, 16, 0, tzinfo=dt.UTC)


def test_a_case_with_an_allocated_worker_has_no_clock_of_the_hubs() -> None:
    outcome = rating().when(given.linked(allocated_to=given.worker()))
    assert given.of(RatingSuggested, outcome.facts) == []
    assert outcome.timers == ()


def test_the_same_link_told_twice_suggests_once() -> None:
    assert rating().given(given.linked()).when(given.linked()) == Outcome()


def test_a_social_worker_changes_the_rating_with_a_rationale_that_is_kept() -> None:
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.GREEN), at=NOON + HOUR).facts)
    assert (fact.previous, fact.colour, fact.confirmed) == (Colour.AMBER, Colour.GREEN, False)
    assert (fact.decided_by, fact.rationale) == ("S. Worker", "Seen as green")


def test_confirming_leaves_the_due_time_as_it_was() -> None:
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.AMBER), at=NOON + HOUR).facts)
    assert fact.confirmed
    assert fact.product_due_at == NOON + 24 * HOUR


def test_ratings_may_change_again_and_again_and_all_are_kept() -> None:
    step = rating().given(given.linked())
    for colour in (Colour.AMBER, Colour.RED, Colour.GREEN):
        step.when(decided(colour))
    assert [entry.colour for entry in step.state.history] == [
        Colour.AMBER,
        Colour.RED,
        Colour.GREEN,
    ]
    assert [fact.previous for fact in given.of(RatingAssigned, step.facts)] == [
        Colour.AMBER,
        Colour.AMBER,
        Colour.RED,
    ]


def test_a_decision_told_twice_is_one_decision() -> None:
    assert (
        rating().given(given.linked(), decided(Colour.AMBER)).when(decided(Colour.AMBER))
        == Outcome()
    )


@pytest.mark.parametrize(
    ("decision", "refusal"),
    [
        (decided(Colour.RED, agency="police"), Refusal("refused.role")),
        (decided(Colour.RED, case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
    ],
)
def test_ratings_that_are_not_the_senders_to_give_are_refused(
    decision: RatingDecided, refusal: Refusal
) -> None:
    assert rating().given(given.linked()).when(decision).refusal == refusal


@pytest.mark.parametrize(
    ("workers", "refused"),
    [((), False), (("A. Screening", "s.  worker"), False), (("A. Screening",), True)],
)
def test_only_a_registered_social_worker_rates_where_the_lead_agency_registers_any(
    workers: tuple[str, ...], refused: bool
) -> None:
    step = Given(rate.STEP, given.registering(*workers)).given(given.linked())
    reason = Refusal("refused.decision-maker", "decided_by")
    assert step.when(decided(Colour.RED)).refusal == (reason if refused else None)


def test_a_rating_of_a_referral_that_nobody_knows_is_refused() -> None:
    assert rating().when(decided(Colour.RED)).refusal == Refusal(
        "refused.unknown-subject", "referral_id"
    )


def test_a_raised_rating_has_its_own_time_from_the_decision_on() -> None:
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.RED), at=NOON + HOUR).facts)
    assert fact.product_due_at == NOON + 5 * HOUR


def test_a_raised_rating_never_has_more_time_than_was_left() -> None:
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.RED), at=NOON + 22 * HOUR).facts)
    assert fact.product_due_at == NOON + 24 * HOUR


def test_a_lowered_rating_never_has_less_time() -> None:
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.BLUE), at=NOON + HOUR).facts)
    assert fact.product_due_at == NOON + 24 * HOUR


def test_all_clocks_warn_and_then_tell_of_the_breach_one_timer_at_a_time() -> None:
    step = rating()
    first = step.when(given.linked(given.HIT))
    assert len(first.timers) == 1
    told = run_out(step, until=NOON + dt.timedelta(days=3), first=first)
    assert [
        (type(fact), fact.clock)
        for fact in told
        if isinstance(fact, DueTimeApproaching | DueTimeBreached)
    ] == [
        (DueTimeApproaching, "possible_red"),
        (DueTimeBreached, "possible_red"),
        (DueTimeApproaching, "product"),
        (DueTimeBreached, "product"),
        (DueTimeApproaching, "decision"),
        (DueTimeBreached, "decision"),
    ]


def test_a_warning_goes_to_the_lead_agency() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED))
    outcome = step.when(given.elapsed("rate", NOON + 3 * HOUR))
    (letter,) = outcome.letters
    assert isinstance(letter.notice, DueTimeWarning)
    assert (letter.agency, letter.notice.breached) == ("childrens_social_care", False)
    assert letter.notice.due_at == NOON + 4 * HOUR
    assert letter.notice.says is not None
    assert "ring whoever has not answered" in letter.notice.says


def test_what_nobody_sees_to_goes_up_along_the_chain_which_ends_at_a_person() -> None:
    step = rating()
    told = run_out(step, until=NOON + HOUR, first=step.when(given.linked(given.HIT)))
    assert [(fact.clock, fact.told.role) for fact in given.of(DueTimeEscalated, told)] == [
        ("possible_red", "Duty manager"),
        ("possible_red", "Ada Sample, head of service"),
    ]
    assert step.state.possible_red is None


def test_whoever_is_next_in_the_chain_gets_a_letter_where_they_are() -> None:
    manager = Contact(role="Duty manager", reach="01632 960113", agency="police_cait")
    profile = given.profile().model_copy(update={"chains": {"possible_red": (manager,)}})
    step = Given(rate.STEP, given.policy(profile_=profile)).given(given.linked(given.HIT))
    for minutes in (11.25, 15):
        step.when(given.elapsed("rate", NOON + dt.timedelta(minutes=minutes)))
    outcome = step.when(given.elapsed("rate", NOON + dt.timedelta(minutes=22.5)))
    (letter,) = outcome.letters
    assert isinstance(letter.notice, DueTimeWarning)
    assert (letter.agency, letter.notice.escalated_to) == ("police_cait", manager)
    assert letter.notice.says == (
        "It may be a Red, and nobody has opened it: have a social worker open and rate it now."
    )


def test_a_clock_that_was_stopped_goes_up_no_further() -> None:
    step = rating()
    step.when(given.linked(given.HIT))
    outcome = step.when(decided(Colour.RED), at=NOON + dt.timedelta(minutes=16))
    told = run_out(step, until=NOON + HOUR, first=outcome)
    assert given.of(DueTimeEscalated, told) == []


def test_a_share_of_working_days_is_a_share_of_the_hours_worked() -> None:
    friday = dt.datetime(2026, 11, 27, 16, 55, tzinfo=dt.UTC)
    step = rating()
    outcome = step.when(given.linked(given.MOVED), at=friday)
    (fact,) = given.of(RatingSuggested, outcome.facts)
    assert fact.decision_due_at == dt.datetime(2026, 11, 30, 17, tzinfo=dt.UTC)
    # Three quarters of eight hours and five minutes: five on Friday, the rest on Monday.
    monday = dt.datetime(2026, 11, 30, 14, 58, 45, tzinfo=dt.UTC)
    assert step.state.decision.approaching_at == monday


def test_a_timer_that_runs_out_twice_warns_once() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED), at_three())
    assert step.when(at_three()) == Outcome()


def test_a_stale_timer_is_ignored() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED))
    assert step.when(given.elapsed("rate", NOON + HOUR)) == Outcome()


def test_a_timer_for_a_referral_that_nobody_knows_is_ignored() -> None:
    assert rating().when(given.elapsed("rate", NOON)) == Outcome()


def test_the_decision_clock_stops_with_the_decision() -> None:
    step = rating()
    step.when(given.linked(given.HIT))
    outcome = step.when(decided(Colour.RED))
    told = run_out(step, until=NOON + dt.timedelta(days=9), first=outcome)
    assert {fact.clock for fact in given.of(DueTimeBreached, told)} == {"product"}


@pytest.mark.parametrize(
    ("narrative", "changes", "minutes"),
    [
        (given.HIT, {}, 15),
        (given.DOMESTIC_ABUSE, {}, None),
        (given.DOMESTIC_ABUSE, {"urgent": True}, 15),
        (given.MOVED, {"urgent": True}, 15),
    ],
)
def test_what_may_be_a_red_opens_a_clock_of_minutes_and_comes_first_in_the_queue(
    narrative: str, changes: dict[str, Any], minutes: int | None
) -> None:
    step = rating()
    outcome = step.when(given.linked(notification=given.notification(narrative, **changes)))
    due = NOON + dt.timedelta(minutes=minutes) if minutes else None
    (letter,) = outcome.letters
    assert isinstance(letter.notice, RatingRequest)
    assert (letter.notice.possible_red, letter.notice.possible_red_due_at) == (bool(due), due)
    told = run_out(step, until=NOON + HOUR, first=outcome)
    clocks = [fact.clock for fact in given.of(DueTimeBreached, told)]
    assert clocks == (["possible_red"] if due else [])


def test_the_clock_of_a_possible_red_stops_when_a_human_has_rated() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.AMBER))
    assert step.when(given.elapsed("rate", NOON + HOUR)) == Outcome()


def test_a_rating_request_says_who_would_be_asked_and_who_is_not_and_why() -> None:
    (letter,) = rating().when(given.linked()).letters
    assert isinstance(letter.notice, RatingRequest)
    plan = letter.notice.plan
    assert plan is not None
    assert plan.agencies == ("school", "gp", "childrens_social_care")
    assert {one.agency: one.code for one in plan.not_asked} == {
        "police": RuledOut.NOTIFIED_ITSELF,
        "health_visiting": RuledOut.HOLDS_NOTHING,
    }


@pytest.mark.parametrize(("revealed", "told"), [(True, True), (False, False)])
def test_what_is_volunteered_is_news_unless_none_of_it_is_revealed(
    revealed: bool, told: bool
) -> None:
    item = InformationItem(
        item_id="i",
        owner="housing",
        text="Two adults moved in.",
        sensitivity=Sensitivity.ROUTINE,
        may_be_revealed=revealed,
        may_leave=True,
    )
    came = InformationVolunteered(
        referral_id="ref-1",
        case_id="case-1",
        volunteered_id="offer-1",
        agency="housing",
        items=(item,),
        volunteered_by="H. Officer",
    )
    outcome = rating().given(given.linked(), decided(Colour.AMBER)).when(came)
    assert [letter.notice.type for letter in outcome.letters] == (
        ["mash.what-is-new.v1"] if told else []
    )


def test_what_is_to_be_gathered_goes_with_the_rating() -> None:
    chosen: dict[str, Any] = {
        "level": "basic",
        "agencies": ("gp",),
        "question": "Was the child seen?",
        "overrules": ({"reason": "holds_nothing", "rationale": "A baby brother."},),
    }
    step = rating().given(given.linked())
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.AMBER, **chosen)).facts)
    assert fact.shared(ToGather) == ToGather.model_validate(chosen).shared(ToGather)
    assert step.when(decided(Colour.AMBER, **chosen)) == Outcome()
    assert len(step.when(decided(Colour.AMBER, **chosen | {"level": "full"})).facts) == 1


@pytest.mark.parametrize("settled", [released(Colour.RED), refused(Colour.RED)])
def test_the_product_clock_stops_when_a_product_is_released_or_refused(settled: Fact) -> None:
    step = rating().given(
        given.linked(given.HIT), decided(Colour.RED), settled, released(Colour.RED, "police_cait")
    )
    assert step.when(given.elapsed("rate", NOON + 4 * HOUR)) == Outcome()


def test_one_recipient_of_two_that_waits_is_told_of() -> None:
    step = rating().given(
        given.linked(given.HIT), decided(Colour.RED), released(Colour.RED, "police_cait")
    )
    (fact,) = given.of(
        DueTimeBreached, run_out(step, until=NOON + 9 * HOUR, first=step.when(at_three()))
    )
    assert fact.clock == "product"


def at_three() -> Message:
    return given.elapsed("rate", NOON + 3 * HOUR)


def test_products_of_the_wrong_case_do_not_stop_the_clock_of_the_right_one() -> None:
    out: list[Fact] = [released(Colour.AMBER), given.corrected()]
    step = rating().given(given.linked(), decided(Colour.AMBER), *out)
    assert len(step.when(given.elapsed("rate", NOON + 24 * HOUR)).facts) == 1
    step = rating().given(
        given.linked(), decided(Colour.AMBER), *out, released(Colour.AMBER, case_id="case-2")
    )
    assert step.when(given.elapsed("rate", NOON + 24 * HOUR)) == Outcome()


def test_a_referral_moved_after_its_due_time_has_that_time_anew() -> None:
    step = rating().given(given.linked(), decided(Colour.AMBER), released(Colour.AMBER))
    outcome = step.when(given.corrected(), at=NOON + 48 * HOUR)
    assert [timer.due_at for timer in outcome.timers] == [NOON + 66 * HOUR]


def test_a_referral_moved_while_it_goes_up_the_chain_has_its_time_anew() -> None:
    step = rating().given(given.linked(), decided(Colour.AMBER))
    for hours in (18, 24, 36):
        step.when(given.elapsed("rate", NOON + hours * HOUR))
    step.when(given.corrected(), at=NOON + 40 * HOUR)
    assert step.state.product.due_at == NOON + 64 * HOUR


@pytest.mark.parametrize(
    "settled",
    [released(Colour.RED, urgent=True), released(Colour.AMBER), refused(Colour.RED, voided=True)],
)
def test_an_urgent_milder_or_voided_product_does_not_stop_the_clock(settled: Fact) -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED), settled)
    assert len(step.when(given.elapsed("rate", NOON + 3 * HOUR)).facts) == 1


def test_a_blue_needs_no_product_once_it_is_confirmed() -> None:
    step = rating().given(given.linked(given.MOVED), decided(Colour.BLUE))
    assert step.when(given.elapsed("rate", NOON + dt.timedelta(days=9))) == Outcome()


def test_raising_after_the_product_went_out_starts_the_clock_anew() -> None:
    step = rating().given(given.linked(), decided(Colour.AMBER), released(Colour.AMBER))
    outcome = step.when(decided(Colour.RED), at=NOON + 48 * HOUR)
    assert [timer.due_at for timer in outcome.timers] == [NOON + 51 * HOUR]


def test_going_down_and_up_again_wants_a_product_each_time() -> None:
    step = rating().given(
        given.linked(), decided(Colour.AMBER), released(Colour.AMBER), decided(Colour.GREEN)
    )
    assert step.state.product is not None
    (timer,) = step.when(decided(Colour.AMBER, rationale="Up again")).timers
    assert timer.due_at == NOON + 18 * HOUR


def test_a_corrected_link_moves_the_referral_and_asks_anew_under_the_right_case() -> None:
    step = rating().given(given.linked())
    (letter,) = step.when(given.corrected()).letters
    assert isinstance(letter.notice, RatingRequest)
    assert letter.notice.case_id == "case-2"
    (fact,) = step.when(decided(Colour.RED, case_id="case-1")).facts
    assert fact.subject == "case-2"


def test_a_rating_on_a_picture_of_the_child_it_was_moved_from_is_on_an_older_one() -> None:
    rated = rating().given(given.linked(), given.corrected()).when(decided(Colour.BLUE))
    (fact,) = given.of(RatingAssigned, rated.facts)
    assert fact.newer


def test_who_rated_a_referral_is_told_that_it_was_moved_to_another_child() -> None:
    step = rating().given(given.linked(), decided(Colour.AMBER))
    (letter,) = step.when(given.corrected()).letters
    assert isinstance(letter.notice, WhatIsNew)
    assert letter.notice.case_id == "case-2"
    assert letter.notice.rated
    assert step.state.revision == 1
    again = step.when(given.message(given.corrected(to="case-3"), at=NOON - HOUR))
    assert again.letters == ()


def test_a_correction_heard_before_the_link_counts_all_the_same() -> None:
    step = rating().given(given.corrected())
    (fact,) = step.when(given.linked()).facts
    assert fact.subject == "case-2"


@pytest.mark.parametrize("swapped", [False, True])
def test_the_latest_correction_counts_in_whatever_order_they_are_heard(swapped: bool) -> None:
    first = given.message(given.corrected(), at=NOON + HOUR)
    second = given.message(given.corrected(from_="case-2", to="case-3"), at=NOON + 2 * HOUR)
    step = rating().given(given.linked(), *((second, first) if swapped else (first, second)))
    assert step.state.cases.now == "case-3"
    assert step.state.cases.former == ("case-1", "case-2")


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_corrections_of_one_moment_the_later_one_counts(swapped: bool) -> None:
    first = given.message(given.corrected(to="case-3", revision=1))
    second = given.message(given.corrected(from_="case-3", revision=2))
    step = rating().given(given.linked(), *((second, first) if swapped else (first, second)))
    assert step.state.cases.now == "case-2"


def test_what_was_handed_to_the_worker_of_another_child_is_rated_once_it_is_linked_anew() -> None:
    step = rating().given(given.linked(allocated_to=given.worker()), given.corrected())
    step.when(given.linked(case_id="case-2"))
    (fact,) = given.of(RatingSuggested, step.facts)
    assert fact.subject == "case-2"


def test_what_is_handed_to_a_worker_after_it_was_rated_stays_rated() -> None:
    step = rating().given(given.linked())
    assert step.when(given.linked(allocated_to=given.worker())) == Outcome()
    assert step.when(decided(Colour.RED)).refusal is None


def test_a_product_for_who_has_a_red_instead_counts_for_whom_it_stands_in_for() -> None:
    step = rating().given(given.linked(), decided(Colour.RED))
    step.given(released(Colour.RED, "police_cait"))
    assert step.state.product is not None
    instead = released(Colour.RED, "csc_assessment_team")
    step.given(instead.model_copy(update={"stands_in_for": ("csc_duty_team",)}))
    assert step.state.product is None


def test_a_state_written_when_its_products_were_called_settled_is_read() -> None:
    step = rating().given(given.linked(), decided(Colour.AMBER), released(Colour.AMBER))
    adapter: TypeAdapter[Any] = TypeAdapter(rate.STEP.state)
    written = adapter.dump_json(step.state)
    assert adapter.validate_json(written.replace(b'"supplied"', b'"settled"')) == step.state


SYSTEM = {"system": "ics", "agency": "childrens_social_care", "kind": "ics"}


def checked(**changes: Any) -> CheckResult:
    told = SYSTEM | {"check_id": "ref-1/ics", "asked_at": NOON, "due_at": NOON + HOUR}
    return CheckResult.model_validate(told | changes)


def answered(**changes: Any) -> CheckAnswered:
    whose = {"referral_id": "ref-1", "case_id": "case-1", "agency": "childrens_social_care"}
    result = checked(answered_at=NOON, **changes)
    return CheckAnswered.model_validate(whose | {"result": result})


def revised() -> ChecksRevised:
    return ChecksRevised(referral_id="ref-1", case_id="case-1")


def late() -> CheckLate:
    whose = {"referral_id": "ref-1", "case_id": "case-1", "agency": "childrens_social_care"}
    return CheckLate.model_validate(whose | {"result": checked(late=True)})


@pytest.mark.parametrize(
    ("came", "says"),
    [
        (answered(known=True), "The system ics of Childrens_Social_Care knows the child."),
        (
            answered(denied=True),
            "The system ics of Childrens_Social_Care does not say whether it knows the child.",
        ),
        (late(), "The system ics of Childrens_Social_Care has not answered in time."),
        (
            revised(),
            "There is something new of the systems that are asked about the child.",
        ),
    ],
)
def test_what_systems_say_that_could_change_the_decision_is_told_as_new(
    came: Fact, says: str
) -> None:
    step = rating().given(given.linked())
    (letter,) = step.when(came).letters
    assert isinstance(letter.notice, WhatIsNew)
    assert letter.notice.news == (says,)
    assert step.state.revision == 1


def test_that_a_system_does_not_know_the_child_stands_in_the_picture_and_is_no_news() -> None:
    step = rating().given(given.linked())
    assert step.when(answered(known=False)) == Outcome()


def test_a_rating_that_only_tells_the_front_line_more_is_a_further_one() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED))
    assert step.when(decided(Colour.RED)).facts == ()
    (more,) = step.when(decided(Colour.RED, for_front_line="Bruised today.")).facts
    assert isinstance(more, RatingAssigned)
    assert more.for_front_line == "Bruised today."


def of_a_brother(*, same_concern: bool = False) -> FamilyConcern:
    return FamilyConcern(
        referral_id="ref-1",
        case_id="case-1",
        further_referral_id="ref-2",
        same_concern=same_concern,
    )


@pytest.mark.parametrize("same_concern", [False, True])
def test_a_concern_about_a_brother_is_news_and_a_picture_without_it_is_older(
    *, same_concern: bool
) -> None:
    step = rating().given(given.linked())
    (letter,) = step.when(of_a_brother(same_concern=same_concern)).letters
    assert isinstance(letter.notice, WhatIsNew)
    assert "brother or sister" in letter.notice.news[0]
    (fact,) = given.of(RatingAssigned, step.when(decided(Colour.AMBER)).facts)
    assert fact.newer


def test_what_a_recipient_did_is_new_and_kept_when_it_is_rated_again() -> None:
    told = {"product_id": "product-1", "referral_id": "ref-1", "case_id": "case-1"}
    done = ProductActedOn.model_validate(
        told | {"agency": "police_cait", "told_by": "DS Sample", "text": "Visited."}
    )
    assert Given(rate.STEP).when(done) == Outcome()
    step = Given(rate.STEP).given(given.linked())
    (letter,) = step.when(done).letters
    assert isinstance(letter.notice, WhatIsNew)
    assert letter.notice.news == ("Police_Cait told what was done with what it was sent.",)
    assert step.state.revision == 1
    step.when(decided(Colour.AMBER))
    step.when(decided(Colour.GREEN))
    assert [(one.agency, one.text) for one in step.state.acted] == [("police_cait", "Visited.")]
