"""A child with an allocated worker: that worker's team has the referral at once, a possible Red is
looked at all the same, and whatever a human of the hub decides of it counts (R9, R19).
"""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given as hypothetically
from hypothesis import strategies as st

from router.steps.compose import decide as compose
from router.steps.now import Now
from router.steps.rate import decide as rate
from router.steps.rate.state import Closed
from router.steps.rate.with_team import told_team
from router.steps.request_information import decide as request_information
from schemas.case import LinkCorrected, RegistersChanged
from schemas.handover import HandoverMade, HandoverNews, HandoverTakenBack
from schemas.information import InformationRequest, InformationRequested, RequestsPrepared
from schemas.notices import RatingRequest, RequestsPlanned
from schemas.outcome import ReferralClosed, ReferralReopened
from schemas.product import Disposal, ProductDrafted, ProductVoided
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from schemas.referrer import ReferralDecision
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, of
from tests.unit.steps.test_conclude import decided as concluded
from tests.unit.steps.test_rate import decided

TEAM = "csc_assessment_team"
FRONT_LINE = {one.agency for one in given.profile().colours[Colour.RED].at_once}
LEAD = "childrens_social_care"
HOUR = dt.timedelta(hours=1)


def with_worker(narrative: str = given.MISSING_EPISODE, **changes: Any) -> Any:
    return given.linked(narrative, allocated_to=given.worker(), letter_id="letter-1", **changes)


def urgent() -> Any:
    return with_worker(notification=given.notification(given.MISSING_EPISODE, urgent=True))


def moved_to(worker: Any = None, *, letter: str | None = "letter-2") -> LinkCorrected:
    told = {"allocated_to": worker, "letter_id": letter if worker else None}
    return given.corrected(revision=1).model_copy(update=told)


def taken_back(**changes: Any) -> HandoverTakenBack:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "agency": TEAM,
        "letter_id": "letter-1",
        "decided_by": "D. Manager",
        "rationale": "Another child's worker",
    }
    return HandoverTakenBack.model_validate(told | changes)


def rating() -> Given:
    return Given(rate.STEP)


# --- rating


@pytest.mark.parametrize("link", [with_worker(given.HIT), urgent()])
def test_a_possible_red_about_an_allocated_child_has_its_clock_and_is_put_before_a_human(
    link: Any,
) -> None:
    outcome = rating().when(link)
    (request,) = of(RatingRequest, (letter.notice for letter in outcome.letters))
    assert request.possible_red
    assert request.possible_red_due_at == NOON + dt.timedelta(minutes=15)
    assert [timer.due_at for timer in outcome.timers] == [NOON + dt.timedelta(minutes=11.25)]
    assert len(of(RatingSuggested, outcome.facts)) == 1


def test_what_is_no_possible_red_is_its_workers_and_the_lead_agency_may_see_it() -> None:
    outcome = rating().when(with_worker())
    told = [(letter.agency, type(letter.notice)) for letter in outcome.letters]
    assert told == [(LEAD, HandoverMade), ("police", ReferralDecision)]
    assert of(RatingSuggested, outcome.facts) == []
    assert outcome.timers == ()


@pytest.mark.parametrize("colour", Colour)
@pytest.mark.parametrize("link", [with_worker(), with_worker(given.HIT)])
def test_a_managers_rating_of_what_was_handed_over_is_taken_and_its_team_is_told(
    link: Any, colour: Colour
) -> None:
    step = rating().given(link)
    outcome = step.when(decided(colour), at=NOON + 80 * HOUR)
    (fact,) = of(RatingAssigned, outcome.facts)
    assert fact.colour is colour
    assert step.state.kind == "assigned"
    (told,) = (letter for letter in outcome.letters if isinstance(letter.notice, HandoverNews))
    assert (told.agency, told.notice.colour) == (TEAM, colour)  # type: ignore[attr-defined]


def test_a_red_about_an_allocated_child_is_watched_until_its_products_are_out() -> None:
    step, at = rating().given(with_worker()), NOON + 80 * HOUR
    outcome = step.when(decided(Colour.RED), at=at)
    assert step.state.clocks["product"].due_at == at + 4 * HOUR
    assert [timer.due_at for timer in outcome.timers] == [at + 3 * HOUR]


def test_a_rating_of_what_is_with_a_team_may_change_and_the_team_hears_each_time() -> None:
    step = rating().given(with_worker(), decided(Colour.RED))
    outcome = step.when(decided(Colour.GREEN))
    (news,) = of(HandoverNews, (letter.notice for letter in outcome.letters))
    assert news.colour is Colour.GREEN


def test_the_team_hears_with_which_outcome_the_hub_has_closed_it() -> None:
    step = rating().given(with_worker(), decided(Colour.GREEN))
    outcome = step.when(concluded())
    assert of(ReferralClosed, outcome.facts)
    (letter,) = (one for one in outcome.letters if isinstance(one.notice, HandoverNews))
    assert letter.agency == TEAM
    assert letter.notice.outcome is not None  # type: ignore[attr-defined]


def test_what_is_with_a_team_and_was_not_rated_cannot_be_closed_by_the_hub() -> None:
    assert rating().given(with_worker()).when(concluded()).refusal == Refusal("refused.not-rated")


def test_a_wrong_handover_goes_through_the_process_from_when_it_was_taken_back() -> None:
    step, at = rating().given(with_worker()), NOON + 3 * HOUR
    outcome = step.when(taken_back(), at=at)
    (fact,) = of(RatingSuggested, outcome.facts)
    assert of(RatingRequest, (letter.notice for letter in outcome.letters))
    assert fact.decision_due_at > at
    assert set(step.state.clocks) == {"decision", "product"}
    after = step.when(decided(Colour.GREEN), at=at)
    assert not of(HandoverNews, (letter.notice for letter in after.letters))


def test_what_was_taken_back_before_the_link_was_heard_is_rated_like_any_other() -> None:
    facts = rating().given(taken_back()).when(with_worker()).facts
    assert of(RatingSuggested, facts)


def test_a_referral_that_moves_away_from_a_child_with_a_worker_is_rated_like_any_other() -> None:
    outcome = rating().given(with_worker()).when(moved_to(), at=NOON + HOUR)
    (fact,) = of(RatingSuggested, outcome.facts)
    assert fact.subject == "case-2"


def test_an_unrated_referral_that_moves_to_a_child_with_a_worker_is_that_workers() -> None:
    step = rating().given(given.linked(given.MISSING_EPISODE))
    outcome = step.when(moved_to(given.worker()))
    told = [type(letter.notice) for letter in outcome.letters]
    assert told == [HandoverMade, ReferralDecision]
    assert step.when(given.elapsed("rate", NOON + 100 * HOUR)).facts == ()


def test_a_possible_red_that_moves_to_a_child_with_a_worker_keeps_its_clock() -> None:
    step = rating().given(given.linked(given.HIT), moved_to(given.worker()))
    assert "possible_red" in step.state.clocks
    outcome = step.when(decided(Colour.RED, case_id="case-2"))
    assert [one.agency for one in outcome.letters if isinstance(one.notice, HandoverNews)] == [TEAM]


def test_the_team_of_a_child_that_a_rated_referral_moves_to_hears_the_rating() -> None:
    step = rating().given(given.linked(given.HIT), decided(Colour.RED))
    outcome = step.when(moved_to(given.worker()))
    (letter,) = (one for one in outcome.letters if isinstance(one.notice, HandoverNews))
    assert letter.agency == TEAM
    assert letter.notice.colour is Colour.RED  # type: ignore[attr-defined]


def test_the_team_of_a_child_that_a_closed_referral_moves_to_does_not_read_that_it_is_closed() -> (
    None
):
    step = rating().given(given.linked(), decided(Colour.GREEN), concluded())
    outcome = step.when(moved_to(given.worker()))
    assert of(ReferralReopened, outcome.facts)
    (notice,) = of(HandoverNews, [one.notice for one in outcome.letters])
    assert "closed" not in notice.says
    assert notice.outcome is None


# --- requests


def asking() -> Given:
    return Given(request_information.STEP)


def test_requests_about_a_possible_red_are_prepared_beside_the_handover() -> None:
    assert of(RequestsPrepared, asking().when(with_worker(given.HIT)).facts)
    assert asking().when(with_worker()).facts == ()


@pytest.mark.parametrize("first", ["link", "rating"])
def test_requests_leave_once_a_human_has_rated_what_was_handed_over(first: str) -> None:
    facts = [with_worker(), given.assigned(Colour.AMBER)]
    step = asking()
    outcomes = [step.when(one) for one in (facts if first == "link" else facts[::-1])]
    requested = of(InformationRequested, (fact for one in outcomes for fact in one.facts))
    sent = of(InformationRequest, (one.notice for each in outcomes for one in each.letters))
    assert requested
    assert {one.agency for one in sent} >= {"gp", "school"}


def test_requests_are_prepared_once_a_handover_is_taken_back() -> None:
    outcome = asking().given(with_worker()).when(taken_back())
    assert of(RequestsPrepared, outcome.facts)
    assert of(RequestsPlanned, (letter.notice for letter in outcome.letters))
    assert of(RequestsPrepared, asking().given(taken_back()).when(with_worker()).facts)


def test_requests_are_prepared_once_it_is_found_to_be_about_a_child_without_a_worker() -> None:
    assert of(RequestsPrepared, asking().given(with_worker()).when(moved_to()).facts)


# --- products


def drafted(*facts: Any) -> list[ProductDrafted]:
    step = Given(compose.STEP).given(*facts)
    return of(ProductDrafted, step.facts)


@pytest.mark.parametrize("first", ["link", "rating"])
def test_a_red_goes_to_the_front_line_and_the_workers_team_at_once(first: str) -> None:
    facts = [with_worker(), given.assigned(Colour.RED)]
    urgent = [one for one in drafted(*(facts if first == "link" else facts[::-1])) if one.urgent]
    assert {one.recipient for one in urgent} == FRONT_LINE | {TEAM}
    assert all(one.items for one in urgent)


def test_a_team_that_is_the_front_line_itself_gets_a_red_once() -> None:
    worker = given.worker().model_copy(update={"team": "csc_duty_team"})
    link = given.linked(allocated_to=worker, letter_id="letter-1")
    urgent = [one.recipient for one in drafted(link, given.assigned(Colour.RED)) if one.urgent]
    assert sorted(urgent) == sorted(FRONT_LINE)


def test_nothing_of_an_amber_goes_to_the_team_but_what_the_profile_says() -> None:
    link = with_worker().model_copy(
        update={"allocated_to": given.worker().model_copy(update={"team": "housing"})}
    )
    rated = given.assigned(Colour.AMBER, level="none")
    asked = InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level="none",
        reasons=("None.",),
        profile=given.profile().title,
        requests=(),
    )
    assert {one.recipient for one in drafted(link, rated, asked)} == {TEAM}


def test_a_team_that_it_is_taken_back_from_has_its_product_taken_back_too() -> None:
    step = Given(compose.STEP).given(with_worker(), given.assigned(Colour.RED))
    (theirs,) = (one for one in of(ProductDrafted, step.facts) if one.recipient == TEAM)
    outcome = step.when(taken_back())
    assert [one.product_id for one in of(ProductVoided, outcome.facts)] == [theirs.product_id]
    assert not of(ProductDrafted, outcome.facts)


def test_a_red_that_was_taken_back_before_goes_to_the_front_line_alone() -> None:
    urgent = drafted(taken_back(), with_worker(), given.assigned(Colour.RED))
    assert {one.recipient for one in urgent if one.urgent} == FRONT_LINE


def test_a_red_that_moves_to_a_child_with_a_worker_goes_to_that_workers_team_too() -> None:
    facts = (given.linked(given.HIT), given.assigned(Colour.RED), moved_to(given.worker()))
    moved = [one for one in drafted(*facts) if one.urgent and one.case_id == "case-2"]
    assert {one.recipient for one in moved} == FRONT_LINE | {TEAM}
    assert len(moved) == len(FRONT_LINE) + 1


def test_a_worker_who_is_found_to_have_the_child_of_a_red_gets_it_beside_the_front_line() -> None:
    step = Given(compose.STEP).given(given.linked(given.HIT), given.assigned(Colour.RED))
    same = given.corrected(to="case-1", from_="case-1", revision=1)
    told = {"allocated_to": given.worker(), "letter_id": "letter-2"}
    outcome = step.when(same.model_copy(update=told))
    (draft,) = of(ProductDrafted, outcome.facts)
    assert (draft.recipient, draft.urgent) == (TEAM, True)


def test_a_team_that_gets_the_child_of_a_red_again_gets_another_product() -> None:
    """What was taken back from it is known to its owners as voided."""
    step = Given(compose.STEP).given(with_worker(given.HIT), given.assigned(Colour.RED))
    colleague = given.worker().model_copy(update={"name": "V. Allocated since"})
    step.given(taken_back(), allocated(colleague))
    theirs = [one.product_id for one in of(ProductDrafted, step.facts) if one.recipient == TEAM]
    assert len(theirs) == len({*theirs}) == 2


def allocated(worker: Any = None, case_id: str = "case-1") -> RegistersChanged:
    return RegistersChanged(referral_id="ref-1", case_id=case_id, allocated_to=worker)


@pytest.mark.parametrize("first", ["allocated", "rated"])
def test_a_red_goes_to_the_team_of_a_worker_who_was_allocated_since_it_was_linked(
    first: str,
) -> None:
    facts = [allocated(given.worker()), given.assigned(Colour.RED)]
    ordered = facts if first == "allocated" else facts[::-1]
    urgent = [one.recipient for one in drafted(given.linked(given.HIT), *ordered) if one.urgent]
    assert sorted(urgent) == sorted({*FRONT_LINE, TEAM})


def test_a_red_goes_to_no_team_that_it_was_taken_back_from_or_whose_worker_it_is_no_more() -> None:
    link, red = with_worker(given.HIT), given.assigned(Colour.RED)
    back = drafted(link, taken_back(), allocated(given.worker()), red)
    assert {one.recipient for one in back if one.urgent} == FRONT_LINE
    other = drafted(given.linked(), allocated(given.worker()), allocated(), red)
    assert {one.recipient for one in other if one.urgent} == FRONT_LINE
    elsewhere = drafted(given.linked(), allocated(given.worker(), "case-9"), red)
    assert {one.recipient for one in elsewhere if one.urgent} == FRONT_LINE


# --- in whatever order


RED_FACTS = (
    with_worker(),
    moved_to(given.worker().model_copy(update={"case_reference": "ICS-9"})),
    given.assigned(Colour.RED, case_id="case-2"),
    taken_back(),
)


FACTS: dict[str, Any] = {
    "to_nobody": moved_to(),
    "to_a_worker": given.corrected(from_="case-2", to="case-3", revision=2).model_copy(
        update={"allocated_to": given.worker(), "letter_id": "letter-2"}
    ),
    "back_1": taken_back(),
    "back_2": taken_back(letter_id="letter-2", case_id="case-3"),
}


@pytest.mark.parametrize("facts", list(permutations(RED_FACTS)))
def test_a_red_has_its_recipients_in_whatever_order_the_facts_are_heard(facts: Any) -> None:
    step = Given(compose.STEP).given(*facts)
    voided = {one.product_id for one in of(ProductVoided, step.facts)}
    stand = {
        one.recipient for one in of(ProductDrafted, step.facts) if one.product_id not in voided
    }
    assert stand >= FRONT_LINE | {TEAM}


@pytest.mark.parametrize("facts", list(permutations((*RED_FACTS[:2], RED_FACTS[3]))))
def test_what_is_with_nobody_has_a_clock_in_whatever_order_the_facts_are_heard(facts: Any) -> None:
    """The second handover stands, as only the first was taken back; without it the hub has it."""
    step = rating().given(*facts)
    assert step.state.kind == "handed_over"
    step.when(taken_back(letter_id="letter-2", case_id="case-2"))
    assert set(step.state.clocks) == {"decision", "product"}


@hypothetically(
    possible=st.booleans(),
    steps=st.permutations(["link", "to_nobody", "to_a_worker", "back_1", "back_2", "red"]),
)
def test_a_red_has_its_clock_whatever_is_heard_before_or_after_it(
    possible: bool, steps: list[str]
) -> None:
    """A rating that comes before the link is refused, and sent again."""
    step, red = rating(), decided(Colour.RED)
    facts = FACTS | {"link": with_worker(given.HIT if possible else given.MISSING_EPISODE)}
    for name in steps:
        refused = step.when(red if name == "red" else facts[name]).refusal
        assert refused is None or name == "red"
    if step.state.kind != "assigned":
        assert step.when(red).refusal is None
    assert step.state.colour is Colour.RED
    assert "product" in step.state.clocks


@hypothetically(
    possible=st.booleans(),
    steps=st.permutations(["link", "to_nobody", "to_a_worker", "back_1", "back_2"]),
    cut=st.integers(1, 5),
)
def test_a_referral_is_with_a_team_or_has_a_clock_whatever_is_heard(
    possible: bool, steps: list[str], cut: int
) -> None:
    facts = FACTS | {"link": with_worker(given.HIT if possible else given.MISSING_EPISODE)}
    step = rating().given(*(facts[name] for name in steps[:cut]))
    if "link" not in steps[:cut]:
        return
    heard = set(steps[:cut])
    with_team = "back_2" not in heard if "to_a_worker" in heard else False
    if "to_a_worker" not in heard and "to_nobody" not in heard:
        with_team = "back_1" not in heard
    assert (step.state.kind == "handed_over") is (with_team and not possible)
    if step.state.kind != "handed_over":
        assert step.state.clocks


@pytest.mark.parametrize("outcome", Disposal)
def test_the_team_reads_every_outcome_in_words(outcome: Disposal) -> None:
    step = rating().given(with_worker(), decided(Colour.GREEN))
    news = told_team(
        step.state.model_copy(update={"closed": closed_with(outcome)}), "ref-1", now=AT_NOON
    )
    (letter,) = news
    assert isinstance(letter.notice, HandoverNews)
    assert letter.notice.says.startswith("The hub has closed this referral ")


def closed_with(outcome: Disposal) -> Closed:
    return Closed(
        outcome=outcome, may_be_told="Told.", decided_by="S. Worker", rationale="Seen", at=NOON
    )


AT_NOON = Now(NOON, given.policy())
