"""Hop 5: proportionate drafts for named recipients, complete or at once, in whatever order the
facts come.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from router.steps.compose import decide as compose
from router.steps.sanitising import Known, redacted
from schemas.base import Fact
from schemas.case import NotificationAmended
from schemas.gathering import Level
from schemas.information import (
    RequestCancelled,
    Sensitivity,
)
from schemas.message import Message
from schemas.notification import Notification
from schemas.person import Name, Person
from schemas.product import (
    ProductDrafted,
    release_digest,
)
from schemas.rating import Colour
from tests.support import given
from tests.support.composing import (
    AMBER,
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
from tests.support.given import Given


def amended(said: Notification) -> NotificationAmended:
    return NotificationAmended(
        referral_id="ref-1", case_id="case-1", amended_by="ref-2", version=2, notification=said
    )


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
