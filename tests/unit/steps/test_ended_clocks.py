"""A clock that nobody can answer any more is closed with its reason (issue 9)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.hand_over import decide as hand_over
from router.steps.rate import decide as rate
from schemas.case import LinkCorrected, NotificationAmended, VersionMoved
from schemas.notices import RatingRequest
from schemas.outcome import ReferralClosed
from schemas.owed import ClockChased, ClockClosed
from schemas.product import Disposal
from schemas.rating import (
    Colour,
    DueTimeApproaching,
    DueTimeBreached,
    PossibleRedAmended,
    RatingAssigned,
    RatingSuggested,
)
from tests.support import given
from tests.support.flow import Flow
from tests.support.given import NOON, Given, of
from tests.unit.steps.test_conclude import decided as outcome_decided
from tests.unit.steps.test_handed_over import with_worker
from tests.unit.steps.test_rate import decided

LEAD = "childrens_social_care"
MINUTE = dt.timedelta(minutes=1)
HOUR = 60 * MINUTE


def rating(*facts: Any) -> Given:
    return Given(rate.STEP).given(*facts)


def closed(outcome: Outcome[Any]) -> dict[str, str]:
    """The clocks that were closed, and why."""
    return {one.clock: one.reason for one in of(ClockClosed, outcome.facts)}


def run_out(step: Given, of_step: str, *, until: dt.datetime) -> list[Any]:
    """What is told by then, whatever its timers are."""
    told: list[Any] = []
    at = NOON
    while at < until:
        at += 5 * MINUTE
        told += step.when(given.elapsed(of_step, at)).facts
    return told


def to_team(*, case: str = "case-2", revision: int = 1) -> LinkCorrected:
    moved = given.corrected(to=case, revision=revision)
    return moved.model_copy(update={"allocated_to": given.worker(), "letter_id": "letter-2"})


def amended(narrative: str = given.MOVED, **changes: Any) -> NotificationAmended:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "amended_by": "ref-2",
        "version": 2,
        "notification": given.notification(narrative),
    }
    return NotificationAmended.model_validate(told | changes)


# --- with a team, closed, or with nobody to send anything to


def test_what_goes_to_a_team_is_rated_by_nobody_here_and_its_clocks_say_so() -> None:
    outcome = rating(given.linked()).when(to_team(), at=NOON + HOUR)
    with_team = "The child's own team has it."
    assert closed(outcome)["decision"] == closed(outcome)["product"] == with_team
    ended = {one.clock: one for one in of(ClockClosed, outcome.facts)}["decision"]
    assert (ended.since, ended.agency, ended.case_id) == (NOON, LEAD, "case-2")


def test_what_is_closed_is_sent_nothing_more_and_its_clock_says_so() -> None:
    step = rating(given.linked(), decided(Colour.AMBER))
    outcome = step.when(outcome_decided(Disposal.NO_FURTHER_ACTION))
    assert [type(one) for one in outcome.facts] == [ReferralClosed, ClockClosed]
    assert closed(outcome) == {"product": "The referral was closed."}
    again = step.when(outcome_decided(Disposal.EARLY_HELP))
    assert closed(again) == {}, "it ran no more"


def test_a_rating_at_which_nobody_gets_a_product_closes_the_clock_of_products() -> None:
    colours = given.profile().colours
    none = colours[Colour.BLUE].model_copy(update={"recipients": ()})
    profile = given.profile().model_copy(update={"colours": {**colours, Colour.BLUE: none}})
    step = Given(rate.STEP, given.policy(profile_=profile)).given(given.linked())
    outcome = step.when(decided(Colour.BLUE))
    assert isinstance(outcome.facts[0], RatingAssigned)
    assert closed(outcome) == {"product": "Nobody is to get a product at this rating."}


# --- an amended version


def test_the_clocks_of_what_its_agency_has_amended_are_closed_and_tell_nobody_more() -> None:
    step = rating(given.linked())
    outcome = step.when(amended())
    assert set(closed(outcome)) == {"decision", "product", "referrer"}
    (reason,) = set(closed(outcome).values())
    assert reason == "Its agency has amended it: the amended version stands in its place."
    assert run_out(step, "rate", until=NOON + 99 * HOUR) == []


def test_a_possible_red_goes_on_in_the_amended_version_where_that_may_be_one_too() -> None:
    step = rating(given.linked(given.HIT))
    outcome = step.when(amended(given.HIT))
    assert "possible_red" in closed(outcome)
    assert run_out(step, "rate", until=NOON + HOUR) == []


def test_an_amendment_gives_nobody_more_time_to_open_what_may_be_a_red() -> None:
    flow = Flow(rate.STEP, policy=given.policy()).send(given.linked(given.HIT))
    flow.until(NOON + 10 * MINUTE)
    again = given.linked(given.HIT, referral_id="ref-2", version=2, amends="ref-1")
    flow.send(given.message(again, at=flow.at), given.message(amended(given.HIT), at=flow.at))
    (carried,) = flow.of(PossibleRedAmended)
    assert (carried.referral_id, carried.amends, carried.since) == ("ref-2", "ref-1", NOON)
    flow.until(NOON + 16 * MINUTE)
    late = [(one.referral_id, one.due_at) for one in flow.of(DueTimeBreached)]
    assert late == [("ref-2", NOON + 15 * MINUTE)]


def test_nor_does_an_amendment_of_the_amendment() -> None:
    step = rating(given.linked(given.HIT, referral_id="ref-2", version=2, amends="ref-1"))
    told = {"referral_id": "ref-2", "case_id": "case-1", "amends": "ref-1"}
    early = PossibleRedAmended(**told, since=NOON - 10 * MINUTE)
    (timer,) = step.when(early).timers
    assert timer.due_at == NOON + dt.timedelta(minutes=15 * 0.75 - 10)
    assert step.when(early) == Outcome()
    third = amended(given.HIT, referral_id="ref-2", amended_by="ref-3", version=3)
    (carried,) = of(PossibleRedAmended, step.when(third).facts)
    assert (carried.referral_id, carried.since) == ("ref-3", NOON - 10 * MINUTE)


@pytest.mark.parametrize("narrative", [given.HIT, given.MOVED])
def test_what_somebody_has_opened_or_is_no_possible_red_is_not_waited_for_since_before(
    narrative: str,
) -> None:
    opened = rating(given.linked(given.HIT), decided(Colour.AMBER))
    assert of(PossibleRedAmended, opened.when(amended(given.HIT)).facts) == []
    step = rating(given.linked(narrative, referral_id="ref-2"))
    if narrative is given.HIT:
        step.given(decided(Colour.RED, referral_id="ref-2"))
    told = {"referral_id": "ref-2", "case_id": "case-1", "amends": "ref-1"}
    assert step.when(PossibleRedAmended(**told, since=NOON - HOUR)) == Outcome()


def test_a_possible_red_of_which_its_agency_says_less_now_is_looked_at_all_the_same() -> None:
    step = rating(given.linked(given.HIT))
    outcome = step.when(amended(given.MOVED))
    assert "possible_red" not in closed(outcome)
    told = run_out(step, "rate", until=NOON + HOUR / 2)
    assert [type(fact) for fact in told][:2] == [DueTimeApproaching, DueTimeBreached]


def test_a_possible_red_that_nobody_has_opened_in_time_is_not_let_go_by_an_amendment() -> None:
    step = rating(given.linked(given.HIT))
    run_out(step, "rate", until=NOON + 16 * MINUTE)
    outcome = step.when(amended(given.HIT), at=NOON + 16 * MINUTE)
    assert "possible_red" not in closed(outcome)
    assert step.state.possible_red.breached


def test_who_rates_what_was_amended_all_the_same_has_its_products_awaited() -> None:
    step = rating(given.linked(), amended())
    step.when(decided(step.state.colour), at=NOON + HOUR)
    assert step.state.product.due_at == step.state.product_due_at


def test_what_was_rated_and_is_amended_goes_on_in_its_new_words() -> None:
    """Its products are drafted anew in them, and are awaited."""
    step = rating(given.linked(), decided(Colour.AMBER))
    assert step.when(amended()).facts == ()
    assert step.state.product


def test_a_version_that_a_human_moves_to_a_child_of_its_own_is_rated_by_itself() -> None:
    step = rating(given.linked(), amended())
    outcome = step.when(given.corrected(revision=1), at=NOON + HOUR)
    assert of(RatingSuggested, outcome.facts)
    assert of(RatingRequest, [one.notice for one in outcome.letters])
    assert set(step.state.clocks) == {"decision", "product"}
    assert step.state.telling


def test_a_version_that_a_team_had_and_has_no_more_has_no_clocks_beside_the_amended_ones() -> None:
    step = rating(with_worker(), amended())
    moved = given.corrected(to="case-1", revision=1)
    step.when(moved, at=NOON + HOUR)
    assert step.state.clocks == {}
    assert step.state.telling is None


def handing(narrative: str = given.MISSING_EPISODE) -> Given:
    return Given(hand_over.STEP).given(with_worker(narrative))


def test_a_team_owes_its_word_about_the_amended_version_alone() -> None:
    step = handing()
    outcome = step.when(amended(allocated_to=given.worker()))
    assert "owes its word about the amended version" in closed(outcome)["receipt"]
    assert run_out(step, "hand_over", until=NOON + 99 * HOUR) == []


@pytest.mark.parametrize("team", [None, "early_help"])
def test_a_team_that_has_not_the_amended_version_owes_its_word_about_the_earlier_one(
    team: str | None,
) -> None:
    worker = given.worker().model_copy(update={"team": team}) if team else None
    step = handing()
    assert step.when(amended(allocated_to=worker)).facts == ()
    assert of(ClockChased, run_out(step, "hand_over", until=NOON + 99 * HOUR))


@pytest.mark.parametrize(("narrative", "goes_on"), [(given.HIT, False), (given.MOVED, True)])
def test_a_handover_that_may_be_a_red_is_awaited_as_one_in_one_version_or_the_other(
    narrative: str, *, goes_on: bool
) -> None:
    step = handing(given.HIT)
    outcome = step.when(amended(narrative, allocated_to=given.worker()))
    assert (closed(outcome) == {}) is goes_on


# --- the amended version is about another child after all


LEFT = VersionMoved(referral_id="ref-1", case_id="case-1", moved="ref-2")


@pytest.mark.parametrize(
    ("narrative", "clocks"),
    [
        (given.DOMESTIC_ABUSE, {"decision", "product"}),
        (given.HIT, {"possible_red", "decision", "product"}),
    ],
)
def test_a_version_whose_amendment_a_human_moves_to_another_child_is_waited_for_again(
    narrative: str, clocks: set[str]
) -> None:
    step = rating(given.linked(narrative), amended(narrative))
    assert step.state.clocks == {}
    outcome = step.when(LEFT, at=NOON + HOUR)
    assert of(RatingRequest, [one.notice for one in outcome.letters])
    assert set(step.state.clocks) == clocks
    assert step.state.telling
    assert step.state.versions == (), "who was asked about the other child is asked about this one"
    assert of(DueTimeBreached, run_out(step, "rate", until=NOON + 99 * HOUR))


def test_a_version_that_was_rated_or_never_amended_goes_on_as_it_was() -> None:
    step = rating(given.linked(), decided(Colour.AMBER), amended())
    outcome = step.when(LEFT, at=NOON + HOUR)
    assert (outcome.facts, outcome.letters) == ((), ())
    assert step.state.product
    alone = rating(given.linked())
    before = alone.state
    alone.when(LEFT)
    assert alone.state == before


def test_a_team_owes_its_word_about_a_version_whose_amendment_is_not_about_its_child() -> None:
    step = handing().given(amended(allocated_to=given.worker()), LEFT)
    assert of(ClockChased, run_out(step, "hand_over", until=NOON + 99 * HOUR))
