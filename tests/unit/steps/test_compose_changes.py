"""Products when ratings, links or recipients change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import permutations

import pytest

from router.steps.compose import decide as compose
from schemas.base import Fact
from schemas.gathering import Level
from schemas.message import Message
from schemas.policy import Recipient
from schemas.product import (
    Disposal,
    Item,
    NotTaken,
    ProductDrafted,
    ProductEnded,
    ProductNotTaken,
    ProductVoided,
    ProductWithout,
)
from schemas.rating import Colour
from tests.support import given
from tests.support.composing import (
    AMBER,
    HOUR,
    answered,
    assigned,
    at_once,
    composing,
    drafts,
    item,
    missing,
    requested,
    suggested,
    volunteered,
)
from tests.support.given import NOON, Given


def gathers(at: dt.datetime, *agencies: str) -> Message:
    """What a rating of another colour gathers is told with it, though nobody be asked."""
    return given.message(requested(*agencies), at=at)


def test_a_raised_rating_is_drafted_for_its_own_recipients() -> None:
    step = composing().given(*AMBER)
    step.given(assigned(Colour.RED, at=NOON + HOUR), gathers(NOON + HOUR))
    assert {draft.recipient for draft in drafts(step.facts)} == {
        "csc_assessment_team",
        "csc_duty_team",
        "police_cait",
    }


def test_a_raised_rating_waits_for_what_its_deeper_level_asks() -> None:
    step = composing().given(
        given.linked(), requested("school", level=Level.BASIC), answered("school")
    )
    assert drafts(step.when(assigned(Colour.AMBER)).facts) == []
    assert drafts(step.when(requested("gp")).facts) == []
    assert len(drafts(step.when(missing("gp")).facts)) == 1


def ended(facts: Iterable[Fact]) -> list[tuple[str, Colour | None]]:
    return [(fact.product_id, fact.colour) for fact in given.of(ProductEnded, facts)]


def test_a_lowered_rating_has_its_own_product_and_the_higher_ones_stand_no_more() -> None:
    step = composing().given(*AMBER)
    (amber,) = drafts(step.facts)
    facts = step.when(assigned(Colour.GREEN, at=NOON + HOUR)).facts
    assert ended(facts) == [(amber.product_id, Colour.GREEN)]
    assert drafts(facts) == [], "what it gathers is still to be heard"
    (green,) = drafts(step.when(gathers(NOON + HOUR)).facts)
    assert (green.recipient, green.colour) == ("early_help", Colour.GREEN)
    (late,) = drafts(step.when(answered("gp", item("gp"), late=True)).facts)
    assert (late.recipient, [one.owner for one in late.items]) == ("early_help", ["gp"])


def test_a_red_that_is_lowered_ends_what_its_front_line_got_at_once() -> None:
    step = composing().given(given.linked(given.HIT), requested("school"), assigned(Colour.RED))
    red = {draft.product_id for draft in drafts(step.facts, urgent=True)}
    facts = step.when(assigned(Colour.AMBER, at=NOON + HOUR)).facts
    assert {product_id for product_id, _ in ended(facts)} == red
    assert drafts(facts) == drafts(step.when(gathers(NOON + HOUR)).facts) == []
    assert [one.recipient for one in drafts(step.when(answered("school")).facts)] == [
        "csc_assessment_team"
    ]


def test_red_again_after_a_downgrade_tells_the_front_line_again_with_products_of_its_own() -> None:
    step = composing().given(given.linked(given.HIT), requested(), assigned(Colour.RED))
    first = given.of(ProductDrafted, step.facts)
    step.given(assigned(Colour.AMBER, at=NOON + HOUR), gathers(NOON + HOUR))
    later = NOON + 2 * HOUR
    again = given.of(ProductDrafted, step.when(assigned(Colour.RED, at=later)).facts)
    again += given.of(ProductDrafted, step.when(gathers(later)).facts)
    assert [one.recipient for one in again] == [one.recipient for one in first]
    assert [one.urgent for one in again] == [True, True, False, False]
    assert {one.product_id for one in again}.isdisjoint(one.product_id for one in first)


def test_the_same_colour_again_tells_nobody() -> None:
    step = composing().given(given.linked(given.HIT), requested(), assigned(Colour.RED))
    assert step.when(assigned(Colour.RED, at=NOON + HOUR)).facts == ()


def test_what_a_rating_of_another_colour_gathers_is_awaited_though_all_was_answered() -> None:
    later = NOON + HOUR
    both = [assigned(Colour.RED, at=later), gathers(later, "housing")]
    for order in permutations(both):
        step = composing().given(*AMBER)
        before = len(drafts(step.facts))
        step.given(*order)
        assert len(drafts(step.facts)) == before
        assert len(drafts(step.when(answered("housing")).facts)) == 2


def test_a_rating_that_is_lowered_to_blue_ends_products_and_has_none() -> None:
    step = composing().given(*AMBER)
    facts = step.when(assigned(Colour.BLUE, at=NOON + HOUR)).facts
    assert [colour for _, colour in ended(facts)] == [Colour.BLUE]
    assert drafts(facts) == []


def test_a_suggested_red_that_went_at_once_and_is_rated_lower_stands_no_more() -> None:
    step = Given(compose.STEP, at_once())
    step.given(given.linked(given.HIT), suggested(Colour.RED), requested("school"))
    facts = step.when(assigned(Colour.GREEN)).facts
    assert [colour for _, colour in ended(facts)] == [Colour.GREEN] * 2


def test_the_latest_rating_counts_not_the_one_heard_last() -> None:
    step = composing().given(
        given.linked(), requested("school"), assigned(Colour.GREEN, at=NOON + HOUR)
    )
    step.when(assigned(Colour.AMBER))
    assert {draft.recipient for draft in drafts(step.when(missing("school")).facts)} == {
        "early_help"
    }


def test_a_corrected_link_voids_what_was_drafted_and_drafts_it_for_the_right_case() -> None:
    step = composing().given(*AMBER)
    (wrong,) = drafts(step.facts)
    outcome = step.when(given.corrected(), at=NOON + HOUR)
    (voided,) = given.of(ProductVoided, outcome.facts)
    (right,) = drafts(outcome.facts)
    assert (voided.product_id, voided.case_id) == (wrong.product_id, "case-1")
    assert (right.case_id, right.recipient, len(right.items)) == ("case-2", wrong.recipient, 2)
    assert right.product_id != wrong.product_id


def test_a_red_goes_at_once_for_the_right_case_too() -> None:
    step = composing().given(given.linked(given.HIT), assigned(Colour.RED))
    outcome = step.when(given.corrected(), at=NOON + HOUR)
    assert len(given.of(ProductVoided, outcome.facts)) == 2
    assert {draft.case_id for draft in drafts(outcome.facts, urgent=True)} == {"case-2"}


def test_a_correction_and_its_reversal_leave_one_product_that_was_never_voided() -> None:
    step = composing().given(*AMBER)
    step.when(given.corrected(), at=NOON + HOUR)
    step.when(given.corrected(from_="case-2", to="case-1"), at=NOON + 2 * HOUR)
    assert [draft.case_id for draft in _standing(step.facts)] == ["case-1"]


def test_only_the_right_cases_product_stands_in_whatever_order_the_correction_comes() -> None:
    correction = given.message(given.corrected(), at=NOON + HOUR)
    results = [
        _standing(composing().given(*order).facts) for order in permutations([*AMBER, correction])
    ]
    assert len(results[0]) == 1
    assert all(result == results[0] for result in results)


def _standing(facts: list[Fact]) -> list[ProductDrafted]:
    voided = {fact.product_id for fact in given.of(ProductVoided, facts)}
    return [draft for draft in drafts(facts) if draft.product_id not in voided]


NEXT = ("csc_assessment_team", "section 47 enquiry")


def not_taken(product_id: str, why: NotTaken = "unfetched") -> ProductNotTaken:
    return ProductNotTaken(
        product_id=product_id,
        referral_id="ref-1",
        case_id="case-1",
        recipient="csc_duty_team",
        purpose="section 47 enquiry",
        colour=Colour.RED,
        why=why,
    )


def told_at_once() -> tuple[Given, list[str]]:
    """A Red that has gone to its front line; the ids of its urgent products."""
    step = composing().given(given.linked(given.HIT))
    return step, [
        one.product_id for one in drafts(step.when(assigned(Colour.RED)).facts, urgent=True)
    ]


def test_a_red_that_its_recipient_does_not_take_goes_to_the_next_of_the_chain() -> None:
    step, (first, _) = told_at_once()
    (draft,) = drafts(step.when(not_taken(first)).facts, urgent=True)
    assert (draft.recipient, draft.purpose, draft.instead_of) == (*NEXT, first)
    assert (draft.colour, draft.disposal) == (Colour.RED, Disposal.FRONT_LINE_TEAM)


def test_each_product_that_is_not_taken_goes_on_once_and_to_nobody_who_has_had_it() -> None:
    step, (first, second) = told_at_once()
    (draft,) = drafts(step.when(not_taken(first)).facts, urgent=True)
    for again in (first, second, draft.product_id, "another product"):
        assert drafts(step.when(not_taken(again)).facts, urgent=True) == []


@pytest.mark.parametrize("swapped", [False, True])
def test_who_gets_it_next_does_not_depend_on_who_is_first_not_to_take_it(*, swapped: bool) -> None:
    red = given.profile().colours[Colour.RED]
    chain = (
        Recipient(agency=NEXT[0], purpose=NEXT[1]),
        Recipient(agency="early_help", purpose="x"),
    )
    colours = {**given.profile().colours, Colour.RED: red.model_copy(update={"next": chain})}
    policy = given.policy(profile_=given.profile().model_copy(update={"colours": colours}))
    step = Given(compose.STEP, policy).given(given.linked(given.HIT))
    ids = [one.product_id for one in drafts(step.when(assigned(Colour.RED)).facts, urgent=True)]
    for id_ in reversed(ids) if swapped else ids:
        step.when(not_taken(id_))
    others = {one.recipient: one.product_id for one in drafts(step.facts, urgent=True)}
    assert set(others) == {"csc_duty_team", "police_cait", NEXT[0], "early_help"}


def test_what_was_rated_down_meanwhile_goes_to_nobody_else_and_a_red_again_to_its_own() -> None:
    step, (first, _) = told_at_once()
    step.given(assigned(Colour.GREEN, NOON + HOUR))
    assert drafts(step.when(not_taken(first)).facts, urgent=True) == []
    again = step.when(assigned(Colour.RED, NOON + 2 * HOUR))
    anew = drafts(again.facts, urgent=True)
    assert [one.recipient for one in anew] == ["csc_duty_team", "police_cait"]
    (onward,) = drafts(step.when(not_taken(anew[0].product_id)).facts, urgent=True)
    assert (onward.recipient, onward.instead_of) == (NEXT[0], anew[0].product_id)


def test_under_a_profile_without_a_next_recipient_it_goes_nowhere_else() -> None:
    red = given.profile().colours[Colour.RED].model_copy(update={"next": ()})
    colours = {**given.profile().colours, Colour.RED: red}
    policy = given.policy(profile_=given.profile().model_copy(update={"colours": colours}))
    step = Given(compose.STEP, policy).given(given.linked(given.HIT))
    (first, _) = drafts(step.when(assigned(Colour.RED)).facts, urgent=True)
    assert drafts(step.when(not_taken(first.product_id)).facts, urgent=True) == []


# What more there is of a Red that was given back


def went_without(draft: ProductDrafted) -> ProductWithout:
    """Its owners had not decided when it went."""
    items = tuple(Item(item_id=one.item_id, owner=one.owner) for one in draft.items)
    return ProductWithout(because="urgent", **draft.shared(ProductWithout) | {"items": items})


def red_of(recipient: str, facts: Iterable[Fact]) -> ProductDrafted:
    """The last urgent product for it that follows none."""
    found = (one for one in drafts(facts, urgent=True) if one.follows is None)
    return [one for one in found if one.recipient == recipient][-1]


@pytest.mark.parametrize("why", ["refused", "not_safe", "unfetched"])
def test_what_follows_a_red_that_was_given_back_goes_to_who_has_it_instead(why: NotTaken) -> None:
    step, (first, _) = told_at_once()
    duty = red_of("csc_duty_team", step.facts)
    (follows,) = drafts(step.when(went_without(duty)).facts, urgent=True)
    assert (follows.recipient, follows.follows) == ("csc_duty_team", first)
    outcome = step.when(not_taken(first, why))
    ended = [one.product_id for one in given.of(ProductEnded, outcome.facts)]
    assert ended == ([] if why == "unfetched" else [follows.product_id])
    instead = red_of(NEXT[0], outcome.facts)
    (more,) = drafts(step.when(went_without(instead)).facts, urgent=True)
    assert (more.recipient, more.follows) == (NEXT[0], instead.product_id)


def test_what_is_heard_to_have_gone_without_later_follows_only_there() -> None:
    step, (first, _) = told_at_once()
    duty = red_of("csc_duty_team", step.facts)
    step.when(not_taken(first, "refused"))
    assert drafts(step.when(went_without(duty)).facts, urgent=True) == []


@pytest.mark.parametrize("why", ["refused", "not_safe"])
def test_what_who_rated_adds_goes_to_who_has_it_instead(why: NotTaken) -> None:
    step, (first, _) = told_at_once()
    step.when(not_taken(first, why))
    more = given.assigned(Colour.RED, for_front_line="He is at school until three.")
    told = drafts(step.when(given.message(more, at=NOON + HOUR)).facts, urgent=True)
    assert {one.recipient for one in told} == {"police_cait", NEXT[0]}


@pytest.mark.parametrize("drafted", [False, True])
def test_the_products_of_its_rating_go_to_who_has_it_instead(*, drafted: bool) -> None:
    """Those that wait for their owners, and those that are to be drafted still."""
    step, (first, _) = told_at_once()
    if drafted:
        step.when(requested())
        (duty,) = [one for one in drafts(step.facts) if one.recipient == "csc_duty_team"]
        outcome = step.when(not_taken(first, "refused"))
        (ended,) = given.of(ProductEnded, outcome.facts)
        assert ended.product_id == duty.product_id
        (theirs,) = drafts(outcome.facts)
        assert [one.item_id for one in theirs.items] == [one.item_id for one in duty.items]
    else:
        step.when(not_taken(first, "refused"))
        whole = {one.recipient: one for one in drafts(step.when(requested()).facts)}
        assert set(whole) == {NEXT[0], "police_cait"}
        theirs = whole[NEXT[0]]
    assert (theirs.recipient, theirs.stands_in_for) == (NEXT[0], ("csc_duty_team",))
    late = {one.recipient for one in drafts(step.when(volunteered(item("housing"))).facts)}
    assert late == {NEXT[0], "police_cait"}


def test_where_nobody_has_it_instead_what_more_there_is_goes_where_it_did() -> None:
    step, (first, second) = told_at_once()
    step.when(not_taken(second, "refused"))
    whole = {one.recipient for one in drafts(step.when(not_taken(first, "refused")).facts)}
    assert whole == set()
    found = {one.recipient for one in drafts(step.when(requested()).facts)}
    assert found == {NEXT[0], "csc_duty_team"}
