"""A referral is closed by a human with an outcome, told to whoever brought it, and opened again."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

import pytest

from router.step import Outcome
from router.steps.compose import decide as compose
from router.steps.rate import decide as rate
from router.steps.request_information import decide as request_information
from schemas.base import Fact
from schemas.case import ConcernFollowed, FamilyConcern
from schemas.decisions import OutcomeDecided, OutcomeDecision, RatingDecided, RatingDecision
from schemas.handover import HandoverNews
from schemas.information import (
    InformationMissing,
    InformationRequested,
    RequestCancelled,
    RequestsPrepared,
)
from schemas.message import Message
from schemas.notices import RequestCancellation, WhatIsNew
from schemas.outcome import (
    Because,
    OpenAgainForReferrer,
    ReferralClosed,
    ReferralOpenAgain,
    ReferralOutcome,
    ReferralReopened,
)
from schemas.policy import Policy
from schemas.product import Disposal, ProductDrafted, ProductReleased
from schemas.rating import Colour, DueTimeBreached, RatingAssigned
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, on_picture

HOUR = dt.timedelta(hours=1)
TOLD = "An early help worker will call the family this week."


def rated(colour: Colour, **changes: Any) -> RatingDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": colour,
        "decided_by": "S. Worker",
        "rationale": "As seen",
    }
    decision = RatingDecision.model_validate(told | changes)
    return on_picture(RatingDecided(agency="childrens_social_care", decision=decision))


def decided(
    outcome: str = "early_help", *, by: str = "childrens_social_care", **changes: Any
) -> OutcomeDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "outcome": outcome,
        "may_be_told": TOLD,
        "decided_by": "S. Worker",
        "rationale": "The family wants help",
    }
    decision = OutcomeDecision.model_validate(told | changes)
    return on_picture(OutcomeDecided(agency=by, decision=decision))


def closed(colour: Colour = Colour.AMBER, policy: Policy | None = None) -> Given:
    step = Given(rate.STEP, policy)
    return step.given(given.linked(), rated(colour), decided(without_product="Nobody to tell"))


def followed(*, latest: bool = True) -> ConcernFollowed:
    return ConcernFollowed(
        referral_id="ref-1",
        case_id="case-1",
        further_referral_id="ref-2",
        same_concern=False,
        latest=latest,
    )


def reopening() -> Policy:
    changes = {"after_closure": "reopen"}
    return given.policy(profile_=given.profile().model_copy(update=changes))


# Closed


@pytest.mark.parametrize("outcome", sorted(set(Disposal) - {Disposal.TRANSFERRED}))
def test_a_social_worker_closes_a_referral_with_an_outcome_and_why(outcome: Disposal) -> None:
    step = Given(rate.STEP).given(given.linked(), rated(Colour.AMBER))
    (fact,) = given.of(ReferralClosed, step.when(decided(outcome, to="early_help")).facts)
    assert (fact.outcome, fact.to, fact.told) == (outcome, "early_help", "police")
    assert (fact.decided_by, fact.rationale) == ("S. Worker", "The family wants help")


def test_whoever_brought_the_concern_is_told_what_they_may_be_told_and_no_more() -> None:
    step = Given(rate.STEP).given(given.linked(), rated(Colour.AMBER))
    (letter,) = step.when(decided(), at=NOON + HOUR).letters
    assert letter.agency == "police"
    assert letter.notice == ReferralOutcome(
        referral_id="ref-1",
        case_id="case-1",
        reference="R-1",
        may_be_told=TOLD,
        decided_at=NOON + HOUR,
        contact="childrens_social_care duty desk",
    )


def test_closing_stops_every_clock() -> None:
    step = closed()
    assert step.when(given.elapsed("rate", NOON + 90 * HOUR)) == Outcome()


def supplied(colour: Colour, *recipients: str) -> list[Fact]:
    return [
        ProductReleased(
            product_id=f"product-{recipient}",
            referral_id="ref-1",
            case_id="case-1",
            recipient=recipient,
            colour=colour,
            disposal=Disposal.FRONT_LINE_TEAM,
            urgent=False,
            digest="0" * 64,
            item_digests=(),
            signposts=0,
        )
        for recipient in recipients
    ]


OUT = supplied(Colour.RED, "csc_duty_team", "police_cait")


@pytest.mark.parametrize(
    ("colour", "products", "why", "refused"),
    [
        (Colour.RED, [], None, True),
        (Colour.RED, OUT[:1], None, True),
        (Colour.RED, OUT, None, False),
        (Colour.RED, [], "The child died abroad; police have it.", False),
        (Colour.AMBER, [], None, False),
        (Colour.BLUE, [], None, False),
    ],
)
def test_a_red_without_its_products_out_is_closed_only_by_who_says_why(
    colour: Colour, products: list[Fact], why: str | None, refused: bool
) -> None:
    step = Given(rate.STEP).given(given.linked(given.HIT), rated(colour), *products)
    outcome = step.when(decided("no_further_action", without_product=why))
    reason = Refusal("refused.red-without-product", "without_product")
    assert outcome.refusal == (reason if refused else None)
    assert [one.without_product for one in given.of(ReferralClosed, outcome.facts)] == (
        [] if refused else [why]
    )


@pytest.mark.parametrize(
    ("facts", "decision", "refusal"),
    [
        ([rated(Colour.AMBER)], decided(by="police"), Refusal("refused.role")),
        ([], decided(), Refusal("refused.not-rated")),
        (
            [rated(Colour.AMBER)],
            decided(case_id="case-9"),
            Refusal("refused.unknown-subject", "case_id"),
        ),
        (
            [rated(Colour.AMBER)],
            decided().model_copy(update={"shown": ()}),
            Refusal("refused.not-shown", "saw"),
        ),
    ],
)
def test_outcomes_that_cannot_be_followed_are_refused(
    facts: list[Fact], decision: OutcomeDecided, refusal: Refusal
) -> None:
    assert Given(rate.STEP).given(given.linked(), *facts).when(decision).refusal == refusal


def test_only_a_registered_social_worker_closes_where_the_lead_agency_registers_any() -> None:
    step = Given(rate.STEP, given.registering("A. Screening")).given(given.linked())
    assert step.when(decided()).refusal == Refusal("refused.decision-maker", "decided_by")


def test_outcomes_of_what_is_not_the_hubs_are_refused() -> None:
    unknown = Given(rate.STEP).when(decided())
    assert unknown.refusal == Refusal("refused.unknown-subject", "referral_id")
    handed_over = Given(rate.STEP).given(given.linked(allocated_to=given.worker()))
    assert handed_over.when(decided()).refusal == Refusal("refused.not-rated")


def test_the_same_outcome_told_twice_is_one_and_another_changes_it() -> None:
    step = Given(rate.STEP).given(given.linked(), rated(Colour.AMBER), decided())
    assert step.when(decided(), at=NOON + HOUR) == Outcome()
    (fact,) = step.when(decided("signposted"), at=NOON + HOUR).facts
    assert isinstance(fact, ReferralClosed)
    assert fact.outcome is Disposal.SIGNPOSTED


def test_an_outcome_on_an_older_picture_says_so() -> None:
    news = InformationMissing(
        referral_id="ref-1", case_id="case-1", request_id="r", agency="gp", due_at=NOON
    )
    step = Given(rate.STEP).given(given.linked(), rated(Colour.AMBER), news)
    (fact,) = given.of(ReferralClosed, step.when(decided()).facts)
    assert fact.newer


# Opened again


def test_a_later_notification_starts_anew_unless_the_profile_has_it_reopen() -> None:
    assert given.profile().after_closure == "anew"
    assert closed().when(followed()) == Outcome()
    assert closed(policy=reopening()).when(followed(latest=False)) == Outcome()
    step = closed(policy=reopening())
    outcome = step.when(followed(), at=NOON + HOUR)
    (fact,) = outcome.facts
    assert fact == ReferralReopened(
        referral_id="ref-1",
        case_id="case-1",
        because=Because.FURTHER_CONCERN,
        further_referral_id="ref-2",
        told="police",
    )
    letter = outcome.letters[0]
    assert (letter.agency, type(letter.notice)) == ("childrens_social_care", ReferralOpenAgain)
    assert [timer.due_at for timer in outcome.timers] == [NOON + 18.25 * HOUR]
    assert isinstance(step.when(followed()).letters[0].notice, WhatIsNew)


def test_who_rates_what_was_closed_opens_it_again() -> None:
    step = closed()
    outcome = step.when(rated(Colour.RED), at=NOON + 30 * HOUR)
    assert [type(fact) for fact in outcome.facts] == [ReferralReopened, RatingAssigned]
    assert [timer.due_at for timer in outcome.timers] == [NOON + 33 * HOUR]
    told = step.when(given.elapsed("rate", NOON + 33 * HOUR)).facts
    assert len(told) == 1


def test_what_was_closed_for_another_child_is_open_again() -> None:
    step = closed()
    (fact,) = step.when(given.corrected(), at=NOON + HOUR).facts
    assert isinstance(fact, ReferralReopened)
    assert (fact.case_id, fact.because) == ("case-2", Because.LINK_CORRECTED)
    step.when(given.elapsed("rate", NOON + 18.25 * HOUR))
    (late,) = step.when(given.elapsed("rate", NOON + 24 * HOUR)).facts
    assert isinstance(late, DueTimeBreached)


def concerns(made_by: str) -> Any:
    return given.linked(notification=given.notification(made_by=made_by))


@pytest.mark.parametrize(
    "opens", [followed(), rated(Colour.RED), given.corrected()], ids=["further", "rated", "moved"]
)
def test_whoever_was_told_an_outcome_is_told_that_it_stands_no_more_and_not_why(
    opens: Fact,
) -> None:
    outcome = closed(policy=reopening()).when(opens, at=NOON + HOUR)
    (fact,) = given.of(ReferralReopened, outcome.facts)
    (letter,) = [one for one in outcome.letters if isinstance(one.notice, OpenAgainForReferrer)]
    assert (letter.agency, fact.told) == ("police", "police")
    assert isinstance(letter.notice, OpenAgainForReferrer)
    assert letter.notice.reference == "R-1"
    assert letter.notice.contact == "childrens_social_care duty desk"
    assert "stands no more" in letter.notice.may_be_told
    for untold in ("further", "ref-2", "another child", "red"):
        assert untold not in letter.notice.may_be_told


def test_a_member_of_the_public_hears_it_by_its_agency_and_who_gave_no_name_hears_nothing() -> None:
    for made_by, told in (("public", 1), ("anonymous", 0)):
        step = Given(rate.STEP, reopening())
        step.given(concerns(made_by), rated(Colour.AMBER), decided(without_product="Nobody"))
        outcome = step.when(followed(), at=NOON + HOUR)
        letters = [one.notice for one in outcome.letters]
        found = [one for one in letters if isinstance(one, OpenAgainForReferrer)]
        assert len(found) == told
        assert all("pass on these" in (one.explanation or "") for one in found)


@pytest.mark.parametrize(
    ("opens", "says"),
    [
        (followed(), "opened this referral again"),
        (rated(Colour.RED), "rated this referral Red"),
    ],
    ids=["further", "rated"],
)
def test_a_team_that_was_told_that_it_was_closed_is_told_that_it_is_open_again(
    opens: Fact, says: str
) -> None:
    step = Given(rate.STEP, reopening())
    step.given(given.linked(allocated_to=given.worker(), letter_id="letter-1"))
    step.given(rated(Colour.AMBER), decided(without_product="Nobody to tell"))
    outcome = step.when(opens, at=NOON + HOUR)
    (news,) = [one.notice for one in outcome.letters if isinstance(one.notice, HandoverNews)]
    assert says in news.says
    assert news.outcome is None


def test_a_team_that_keeps_what_was_closed_for_another_child_is_told_that_it_is_open_again() -> (
    None
):
    step = Given(rate.STEP)
    step.given(given.linked(allocated_to=given.worker(), letter_id="letter-1"))
    step.given(rated(Colour.AMBER), decided(without_product="Nobody to tell"))
    same = {"allocated_to": given.worker(), "letter_id": "letter-1"}
    moved = given.corrected(revision=1).model_copy(update=same)
    outcome = step.when(moved, at=NOON + HOUR)
    (news,) = [one.notice for one in outcome.letters if isinstance(one.notice, HandoverNews)]
    assert "opened this referral again" in news.says


# What ends with it


def closing() -> ReferralClosed:
    return ReferralClosed(
        referral_id="ref-1",
        case_id="case-1",
        outcome=Disposal.EARLY_HELP,
        told="police",
        may_be_told=TOLD,
        decided_by="S. Worker",
        rationale="The family wants help",
        picture_id="picture-1",
    )


def at(fact: Fact, hours: float) -> Message:
    return given.message(fact, at=NOON + hours * HOUR)


AMBER = at(given.assigned(Colour.AMBER), 0)
ASKED = ["school", "gp", "childrens_social_care"]


def test_closing_cancels_every_request_that_is_awaited_and_tells_who_was_asked() -> None:
    step = Given(request_information.STEP).given(given.linked(), AMBER)
    outcome = step.when(closing(), at=NOON + HOUR)
    assert [one.agency for one in given.of(RequestCancelled, outcome.facts)] == ASKED
    assert [type(letter.notice) for letter in outcome.letters] == [RequestCancellation] * 3
    assert len(outcome.takes_back) == 3
    late = step.when(given.elapsed("request_information", NOON + 90 * HOUR))
    assert late == Outcome()


def test_in_whatever_order_it_is_heard_what_was_rated_before_it_was_closed_leaves_no_request() -> (
    None
):
    for order in permutations([at(given.linked(), 0), AMBER, at(closing(), 1)]):
        step = Given(request_information.STEP).given(*order)
        sent = [one for fact in given.of(InformationRequested, step.facts) for one in fact.requests]
        gone = given.of(RequestCancelled, step.facts)
        assert len(sent) == len(gone)


def test_what_is_rated_when_it_is_open_again_asks_who_was_not_asked() -> None:
    step = Given(request_information.STEP).given(given.linked(), AMBER, at(closing(), 1))
    again = ReferralReopened(referral_id="ref-1", case_id="case-1", because=Because.RATED)
    step.given(at(again, 2))
    (fact,) = step.when(at(given.assigned(Colour.AMBER, agencies=("housing",)), 3)).facts
    assert isinstance(fact, InformationRequested)
    assert [one.agency for one in fact.requests] == ["housing"]


def test_nothing_is_drafted_of_a_closed_referral_until_it_is_open_again() -> None:
    asked = Given(request_information.STEP)
    asked.given(given.linked(), AMBER, at(closing(), 1))
    step = Given(compose.STEP).given(given.linked(), AMBER)
    told = [fact for fact in asked.facts if not isinstance(fact, RequestsPrepared)]
    for order in permutations([*told, closing()]):
        step = Given(compose.STEP).given(given.linked(), AMBER, *order)
        assert given.of(ProductDrafted, step.facts) == []
    again = ReferralReopened(referral_id="ref-1", case_id="case-1", because=Because.RATED)
    assert len(given.of(ProductDrafted, step.when(again).facts)) == 1


def test_a_brothers_concern_after_it_was_closed_opens_nothing_and_makes_its_picture_older() -> None:
    step = closed(policy=reopening())
    told = {"referral_id": "ref-1", "case_id": "case-1", "further_referral_id": "ref-2"}
    outcome = step.when(FamilyConcern(**told, same_concern=False))
    assert (outcome.facts, outcome.letters) == ((), ())
    again = step.when(decided(without_product="Nobody to tell", may_be_told="It goes on."))
    (fact,) = given.of(ReferralClosed, again.facts)
    assert fact.newer
