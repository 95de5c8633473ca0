"""Hop 5: proportionate drafts for named recipients, complete or at once, in whatever order the
facts come.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest

from router.steps.compose import decide as compose
from router.steps.sanitising import Known, redacted
from schemas.base import Fact
from schemas.case import NotificationAmended
from schemas.gathering import Level
from schemas.information import (
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationRequest,
    InformationRequested,
    InformationVolunteered,
    RequestCancelled,
    Sensitivity,
)
from schemas.message import Message
from schemas.notification import Notification
from schemas.person import Name, Person
from schemas.policy import Policy, Recipient
from schemas.product import (
    Disposal,
    Item,
    NotTaken,
    ProductDrafted,
    ProductEnded,
    ProductNotTaken,
    ProductVoided,
    ProductWithout,
    release_digest,
)
from schemas.rating import Colour, RatingAssigned, RatingSuggested
from tests.support import given
from tests.support.given import NOON, Given

HOUR = dt.timedelta(hours=1)


def composing() -> Given:
    return Given(compose.STEP)


def suggested(colour: Colour) -> RatingSuggested:
    return RatingSuggested(
        referral_id="ref-1",
        case_id="case-1",
        colour=colour,
        reasons=("A sign.",),
        profile="Sample Borough 2026.2",
        decision_due_at=NOON + HOUR,
        product_due_at=NOON + HOUR,
    )


def assigned(colour: Colour, at: dt.datetime = NOON) -> Message:
    fact = RatingAssigned(
        referral_id="ref-1",
        case_id="case-1",
        colour=colour,
        previous=None,
        confirmed=False,
        decided_by="S. Worker",
        rationale="As seen",
        profile="Sample Borough 2026.2",
        product_due_at=NOON + HOUR,
    )
    return given.message(fact, at=at)


def requested(*agencies: str, level: Level = Level.FULL) -> InformationRequested:
    return InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level=level,
        reasons=("A sign.",),
        profile="Sample Borough 2026.2",
        requests=tuple(map(_request, agencies)),
    )


def gathers(at: dt.datetime, *agencies: str) -> Message:
    """What a rating of another colour gathers is told with it, though nobody be asked."""
    return given.message(requested(*agencies), at=at)


def _request(agency: str) -> InformationRequest:
    return InformationRequest(
        identifier=f"request-{agency}",
        referral_id="ref-1",
        case_id="case-1",
        agency=agency,
        level=Level.FULL,
        summary="A sign.",
        purpose="To help",
        legal_basis="Children Act 1989",
        consent="not_sought",
        facts_checked="As stated",
        sharing_policy="ISA",
        due_at=NOON + HOUR,
        child=Person(),
    )


def item(owner: str, text: str = "Attends rarely.", **changes: Any) -> InformationItem:
    told = {
        "item_id": f"item-{owner}",
        "owner": owner,
        "text": text,
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answered(agency: str, *items: InformationItem, late: bool = False) -> InformationAnswered:
    return InformationAnswered(
        referral_id="ref-1",
        case_id="case-1",
        request_id=f"request-{agency}",
        agency=agency,
        known=bool(items),
        items=items,
        answered_by="D. Lead",
        late=late,
    )


def missing(agency: str) -> InformationMissing:
    return InformationMissing(
        referral_id="ref-1",
        case_id="case-1",
        request_id=f"request-{agency}",
        agency=agency,
        due_at=NOON + HOUR,
    )


def amended(said: Notification) -> NotificationAmended:
    return NotificationAmended(
        referral_id="ref-1", case_id="case-1", amended_by="ref-2", version=2, notification=said
    )


def drafts(facts: Iterable[Fact], *, urgent: bool = False) -> list[ProductDrafted]:
    return [draft for draft in given.of(ProductDrafted, facts) if draft.urgent is urgent]


AMBER: list[Fact | Message] = [
    given.linked(),
    suggested(Colour.AMBER),
    requested("school", "gp"),
    answered("school", item("school")),
    missing("gp"),
    assigned(Colour.AMBER),
]


def test_a_product_is_drafted_once_rated_and_all_have_answered_or_are_missing() -> None:
    step = composing().given(*AMBER[:-1])
    assert drafts(step.facts) == []
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    assert (draft.recipient, draft.purpose) == ("csc_assessment_team", "section 17 assessment")
    assert [item.owner for item in draft.items] == ["police", "school"]
    assert draft.items[0].original == given.DOMESTIC_ABUSE


def test_nothing_is_drafted_while_an_answer_is_awaited() -> None:
    step = composing().given(
        given.linked(), requested("school", "gp"), assigned(Colour.AMBER), missing("gp")
    )
    assert drafts(step.facts) == []
    assert len(drafts(step.when(answered("school")).facts)) == 1


def test_a_suggested_rating_alone_drafts_nothing_but_for_a_red() -> None:
    step = composing().given(given.linked(), suggested(Colour.AMBER), requested())
    assert step.facts == []


def test_the_ordinary_product_is_the_same_in_whatever_order_the_facts_come() -> None:
    results = [drafts(composing().given(*order).facts) for order in permutations(AMBER)]
    assert len(results[0]) == 1
    assert all(result == results[0] for result in results)


def test_items_stand_in_the_same_order_whoever_answers_first() -> None:
    answers = [
        answered("school", item("school")),
        answered("gp", item("gp")),
        answered("gp", item("gp"), late=True),
    ]
    results = [
        drafts(
            composing()
            .given(given.linked(), requested("school", "gp"), *order, assigned(Colour.AMBER))
            .facts
        )
        for order in permutations(answers)
    ]
    assert [drafted.owner for drafted in results[0][0].items] == ["police", "gp", "school"]
    assert all(result == results[0] for result in results)


def test_a_red_is_drafted_for_the_front_line_at_once_in_whatever_order_the_facts_come() -> None:
    facts: list[Fact | Message] = [
        given.linked(given.HIT),
        suggested(Colour.RED),
        requested("school"),
        answered("school", item("school")),
        assigned(Colour.RED),
    ]
    results = [composing().given(*order).facts for order in permutations(facts)]
    for result in results:
        assert sorted(draft.recipient for draft in drafts(result, urgent=True)) == [
            "csc_duty_team",
            "police_cait",
        ]
        assert drafts(result) == drafts(results[0])
        assert len({draft.product_id for draft in given.of(ProductDrafted, result)}) == 4


def test_a_red_waits_for_nobody_and_takes_what_is_there() -> None:
    step = composing().given(
        given.linked(given.HIT), requested("school", "gp"), answered("school", item("school"))
    )
    urgent = drafts(step.when(assigned(Colour.RED)).facts, urgent=True)
    assert [[item.owner for item in draft.items] for draft in urgent] == [["police", "school"]] * 2
    assert [item.notification for item in urgent[0].items] == [True, False]


def test_a_suggested_red_tells_nobody_before_a_human_has_rated() -> None:
    step = composing().given(given.linked(given.HIT), suggested(Colour.RED), requested("school"))
    assert step.facts == []
    assert len(drafts(step.when(assigned(Colour.RED)).facts, urgent=True)) == 2


def at_once() -> Policy:
    """A borough that tells the front line of a Red on the suggestion."""
    shipped = given.profile()
    red = shipped.colours[Colour.RED].model_copy(update={"at_once_on": "suggestion"})
    changed = {"colours": shipped.colours | {Colour.RED: red}}
    return given.policy(profile_=shipped.model_copy(update=changed))


def test_where_the_profile_says_so_the_front_line_is_told_on_the_suggestion_and_not_twice() -> None:
    step = Given(compose.STEP, at_once())
    step.given(given.linked(given.HIT), suggested(Colour.RED), requested("school"))
    assert len(drafts(step.facts, urgent=True)) == 2
    assert step.when(assigned(Colour.RED)).facts == ()


def test_raising_to_red_tells_the_front_line_at_once() -> None:
    step = composing().given(given.linked(), suggested(Colour.AMBER), requested("school"))
    assert len(drafts(step.when(assigned(Colour.RED)).facts, urgent=True)) == 2


def test_a_red_lowered_before_anything_was_known_does_not_go_to_the_front_line() -> None:
    step = composing().given(suggested(Colour.RED), assigned(Colour.AMBER))
    assert drafts(step.when(given.linked(given.HIT)).facts, urgent=True) == []


def test_a_blue_is_for_nobody() -> None:
    step = composing().given(
        given.linked(given.MOVED), suggested(Colour.BLUE), requested(level=Level.NONE)
    )
    assert step.when(assigned(Colour.BLUE)).facts == ()


def test_a_case_with_an_allocated_worker_has_no_product_before_a_human_has_rated_it() -> None:
    assert composing().when(given.linked(allocated_to=given.worker())).facts == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"may_be_revealed": False}, "Its owner does not reveal it inside the hub."),
        ({"may_leave": False}, "Its owner does not let it leave the hub."),
        (
            {"sensitivity": Sensitivity.RESTRICTED},
            "It is more sensitive than a rating of amber justifies.",
        ),
        ({"owner": "csc_assessment_team", "signpost": False}, "The recipient holds it already."),
    ],
)
def test_an_item_that_is_not_to_go_is_left_out_and_the_weighing_says_why(
    changes: dict[str, Any], reason: str
) -> None:
    left_out = item("school").model_copy(update=changes)
    step = composing().given(given.linked(), requested("school"), answered("school", left_out))
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    (weighing,) = [weighing for weighing in draft.weighing if weighing.item_id == "item-school"]
    assert [item.owner for item in draft.items] == ["police"]
    assert (weighing.included, weighing.reason) == (False, reason)
    assert weighing.signpost is (left_out.signpost is not False)


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize("agreed", [True, False])
def test_nobody_may_be_named_who_did_not_agree_to_be(*, said: bool | None, agreed: bool) -> None:
    signed = given.partner("school").agreement
    assert signed is not None
    school = given.partner("school", agreement=signed.model_copy(update={"signposts": agreed}))
    step = Given(compose.STEP, given.policy(school))
    told = item("school", signpost=said, may_leave=False)
    step.given(given.linked(), requested("school"), answered("school", told))
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    (weighing,) = [weighing for weighing in draft.weighing if weighing.item_id == "item-school"]
    assert weighing.signpost is (agreed if said is None else said)


def test_an_item_that_is_said_to_be_anothers_says_who_told_it() -> None:
    step = composing().given(
        given.linked(), requested("school"), answered("school", item("gp"), item("school"))
    )
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    assert {item.item_id: item.held_by for item in draft.items[1:]} == {
        "item-gp": "school",
        "item-school": None,
    }
    assert [weighing.held_by for weighing in draft.weighing[1:]] == ["school", None]


def test_every_item_is_weighed() -> None:
    (draft,) = drafts(composing().given(*AMBER).facts)
    assert [weighing.item_id for weighing in draft.weighing] == [
        item.item_id for item in draft.items
    ]
    assert all(weighing.included and weighing.reason for weighing in draft.weighing)


def test_the_sanitised_text_stands_beside_the_original_and_both_are_bound_to_the_recipient() -> (
    None
):
    told = item("school", "Mother Mariam Chowdhury rang from 01632 960123.")
    step = composing().given(given.linked(), requested("school"), answered("school", told))
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    drafted = draft.items[1]
    assert drafted.sanitised == "Mother [name] rang from [telephone]."
    assert redacted(drafted.original, drafted.redactions) == drafted.sanitised
    for text, digest in (
        (drafted.original, drafted.original_digest),
        (drafted.sanitised, drafted.sanitised_digest),
    ):
        assert digest == release_digest(
            item_id="item-school",
            recipient="csc_assessment_team",
            purpose="section 17 assessment",
            text=text,
            about=draft.identity_digest,
        )


def test_what_is_known_of_the_family_goes_out_of_every_text_of_an_amendment_too() -> None:
    evan = Person(name=(Name(given_name=("evan",), family_name=("thornbury",)),))
    text = "Evan was there when Tilly was seen."
    step = composing().given(
        given.linked(text, family=(evan,)),
        requested("school"),
        answered("school", item("school", text)),
        assigned(Colour.AMBER),
    )
    (draft,) = drafts(step.facts)
    seen = "[name] was there when Tilly was seen."
    assert [one.sanitised for one in draft.items] == [seen, seen]
    (again,) = drafts(step.when(amended(given.notification(f"{text} At home."))).facts)
    assert again.items[0].sanitised == f"{seen} At home."


def test_a_document_of_old_says_itself_who_is_known() -> None:
    step = composing().given(*AMBER[:-1])
    notified = step.state.notified.model_copy(
        update={"child": None, "known": Known(others=("Domestic",))}
    )
    step.state = step.state.model_copy(update={"notified": notified})
    (draft,) = drafts(step.when(assigned(Colour.AMBER)).facts)
    assert draft.items[0].sanitised == "[name] abuse incident at the home address."


def test_a_late_answer_makes_a_further_product_of_the_new_items_only() -> None:
    step = composing().given(*AMBER)
    (draft,) = drafts(step.when(answered("gp", item("gp"), late=True)).facts)
    assert [item.owner for item in draft.items] == ["gp"]
    assert draft.product_id not in {earlier.product_id for earlier in drafts(step.facts[:-1])}


def test_a_late_answer_with_nothing_in_it_makes_no_product() -> None:
    assert composing().given(*AMBER).when(answered("gp", late=True)).facts == ()


def volunteered(*items: InformationItem) -> InformationVolunteered:
    return InformationVolunteered(
        referral_id="ref-1",
        case_id="case-1",
        volunteered_id="offer-1",
        agency="housing",
        items=items,
        volunteered_by="H. Officer",
    )


def test_what_is_volunteered_goes_with_the_answers_or_makes_a_further_product() -> None:
    told = volunteered(item("housing"))
    step = composing().given(told, *AMBER)
    (draft,) = drafts(step.facts)
    assert [one.owner for one in draft.items] == ["police", "housing", "school"]
    (draft,) = drafts(composing().given(*AMBER).when(told).facts)
    assert [one.owner for one in draft.items] == ["housing"]


def test_an_item_that_is_told_again_is_an_amendment_and_no_item_of_its_own() -> None:
    step = composing().given(given.linked(), suggested(Colour.AMBER), requested("school"))
    step.given(answered("school", item("school")), assigned(Colour.AMBER))
    (first,) = drafts(step.facts)
    again = volunteered(item("school", "Attends every day."))
    (other,) = drafts(step.when(again.model_copy(update={"agency": "school"})).facts)
    assert [one.original for one in other.items] == ["Attends every day."]
    assert (other.supersedes, other.items[0].item_id) == (first.product_id, "item-school")


def test_an_item_that_is_told_again_in_the_same_words_is_nothing_new() -> None:
    step = composing().given(given.linked(), suggested(Colour.AMBER), requested("school"))
    step.given(answered("school", item("school")), assigned(Colour.AMBER))
    again = volunteered(item("school")).model_copy(update={"agency": "school"})
    assert drafts(step.when(again).facts) == []


def test_a_request_that_was_cancelled_is_not_waited_for() -> None:
    cancelled = RequestCancelled(
        referral_id="ref-1",
        case_id="case-1",
        request_id="request-gp",
        agency="gp",
        decided_by="S. Worker",
        rationale="No longer needed",
    )
    step = composing().given(
        given.linked(), requested("school", "gp"), answered("school"), assigned(Colour.AMBER)
    )
    assert drafts(step.facts) == []
    assert len(drafts(step.when(cancelled).facts)) == 1


def test_a_rating_that_chose_its_level_waits_for_no_more_than_that() -> None:
    basic = given.message(given.assigned(Colour.AMBER, level=Level.BASIC))
    step = composing().given(given.linked(), requested("gp", level=Level.BASIC), basic)
    assert len(drafts(step.when(answered("gp")).facts)) == 1


def test_facts_told_twice_draft_once() -> None:
    step = composing().given(*AMBER)
    before = list(step.facts)
    step.given(*AMBER)
    assert step.facts == before


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
