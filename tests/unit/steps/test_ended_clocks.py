"""A clock that nobody can answer any more is closed with its reason (issue 9)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from router.step import Outcome
from router.steps.rate import decide as rate
from schemas.case import LinkCorrected
from schemas.outcome import ReferralClosed
from schemas.owed import ClockClosed
from schemas.product import Disposal
from schemas.rating import (
    Colour,
    RatingAssigned,
)
from tests.support import given
from tests.support.given import NOON, Given, of
from tests.unit.steps.test_conclude import decided as outcome_decided
from tests.unit.steps.test_rate import decided

LEAD = "childrens_social_care"
MINUTE = dt.timedelta(minutes=1)
HOUR = 60 * MINUTE


def rating(*facts: Any) -> Given:
    return Given(rate.STEP).given(*facts)


def closed(outcome: Outcome[Any]) -> dict[str, str]:
    """The clocks that were closed, and why."""
    return {one.clock: one.reason for one in of(ClockClosed, outcome.facts)}


def to_team(*, case: str = "case-2", revision: int = 1) -> LinkCorrected:
    moved = given.corrected(to=case, revision=revision)
    return moved.model_copy(update={"allocated_to": given.worker(), "letter_id": "letter-2"})


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
