"""Of an item that is kept back: a signpost, a signpost to some recipients, or silence, as its owner
chooses (R34).
"""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.approve import decide as approve
from schemas.decisions import Ruling
from schemas.product import ApprovalWithdrawn, Choice, ProductApproved
from schemas.rating import Colour
from schemas.sharing import Sharing, names_to
from tests.support import given
from tests.support import products as product
from tests.support.composing import AMBER, answered, assigned, composing, drafts, item
from tests.support.given import Given

TEAM, OTHER = product.RECIPIENT, "police_cait"
SCHOOL, GP = product.draft_item("school"), product.draft_item("gp")


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize(
    ("said", "team", "other"),
    [
        ({"signpost": True}, True, True),
        ({"signpost": False}, False, False),
        ({"signpost_to": [TEAM]}, True, False),
        ({"signpost": True, "signpost_to": [TEAM]}, True, False),
        ({"signpost": False, "signpost_to": [TEAM]}, False, False),
    ],
    ids=["all", "nobody", "one", "one, and said so", "silence is stronger"],
)
def test_an_owner_says_of_each_item_who_may_be_told_that_it_holds_something(
    said: dict[str, Any], team: bool, other: bool, agreed: bool
) -> None:
    sharing = Sharing.model_validate(said)
    assert names_to(sharing, TEAM, agreed=agreed) is team
    assert names_to(sharing, OTHER, agreed=agreed) is other


@pytest.mark.parametrize("agreed", [True, False])
def test_where_it_says_nothing_its_agreement_does(agreed: bool) -> None:
    assert names_to(Sharing(), TEAM, agreed=agreed) is agreed


@pytest.mark.parametrize(("to", "named"), [("early_help", True), (TEAM, False)])
def test_a_product_names_who_holds_more_to_the_recipients_that_its_owner_chose(
    to: str, named: bool
) -> None:
    step = composing().given(*AMBER[:3])
    step.given(answered("school", item("school", may_leave=False, signpost_to=(to,))))
    step.given(answered("gp", item("gp")))
    (draft,) = drafts(step.when(assigned(Colour.GREEN)).facts)
    (weighing,) = [one for one in draft.weighing if one.owner == "school"]
    assert (draft.recipient, weighing.signpost) == ("early_help", named)


@pytest.mark.parametrize(("to", "named"), [(TEAM, ["school"]), (OTHER, [])])
def test_who_withholds_an_item_says_who_may_be_told_so(to: str, named: list[str]) -> None:
    step = Given(approve.STEP).given(product.drafted(SCHOOL, GP))
    step.given(product.decision(GP, Choice.RELEASE_ORIGINAL))
    outcome = step.when(product.decision(SCHOOL, Choice.WITHHOLD, signpost_to=[to]))
    (whole,) = given.of(ProductApproved, outcome.facts)
    assert [one.owner for one in whole.signposts] == named


@pytest.mark.parametrize(("to", "named"), [(TEAM, "school"), (OTHER, None)])
def test_in_place_of_what_is_taken_back_its_owner_is_named_to_whom_it_says(
    to: str, named: str | None
) -> None:
    step = Given(approve.STEP).given(product.drafted(SCHOOL))
    step.given(product.decision(SCHOOL, Choice.RELEASE_ORIGINAL))
    outcome = step.when(product.ruled(SCHOOL, Ruling.WITHHOLD, signpost_to=[to]))
    (withdrawn,) = given.of(ApprovalWithdrawn, outcome.facts)
    assert (withdrawn.signpost and withdrawn.signpost.owner) == named


@pytest.mark.parametrize("silent", [True, False])
def test_a_late_answer_of_which_there_is_to_be_no_word_drafts_nothing(silent: bool) -> None:
    step = composing().given(*AMBER)
    told = item("gp", may_be_revealed=False, signpost=not silent)
    outcome = step.when(answered("gp", told, late=True))
    assert bool(drafts(outcome.facts)) is not silent
