"""An owner's 'no' goes with its words, also where it tells them of the child under another
reference and of another time.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from router.step import Outcome
from router.steps.approve import decide as approve
from router.steps.approve.closing import WITHHELD_BEFORE
from router.steps.asking import UNTOLD
from router.steps.compose import decide as compose
from schemas.case import ChildLinked
from schemas.decisions import Ruling
from schemas.notices import ApprovalCancellation, ApprovalRequest
from schemas.notification import NotificationAccepted
from schemas.product import (
    Choice,
    DraftItem,
    ItemLifted,
    ItemWithheld,
    ProductApproved,
    ProductDrafted,
    items_of_notification,
)
from schemas.rating import Colour
from tests.support import given
from tests.support import products as product
from tests.support.given import NOON, Given, notification
from tests.support.linking import AREA, Linking, in_replay

SHORT = "Mother says that the father drinks again and has come to the flat."
ELSEWHERE: dict[str, Any] = {"referral_id": "ref-0", "product_id": "product-0"}


def told(hub: Linking, id_: str, *, agency: str = "school", hours: int = 0, **changes: Any) -> Any:
    said = notification(
        **{"narrative": SHORT, "reference": id_} | changes,
        observed_at=NOON + dt.timedelta(hours=hours),
    )
    fact = NotificationAccepted(
        referral_id=id_, agency=agency, area=AREA, version=1, notification=said
    )
    (linked,) = given.of(ChildLinked, hub.hear(fact, f"{id_}-accepted").facts)
    return linked


def test_linking_says_of_which_concerns_its_agency_told_in_these_very_words() -> None:
    hub = in_replay()
    first = told(hub, "r1")
    assert first.said_before == ()
    again = told(hub, "r2", hours=3)
    assert (again.same_concern_as, again.said_before) == (None, ("r1",))
    assert told(hub, "r3", hours=6, narrative=SHORT + " Twice.").said_before == ()
    assert told(hub, "r4", hours=9, agency="police").said_before == ()


def test_what_tells_one_concern_again_is_remembered_under_that_alone() -> None:
    hub = in_replay()
    told(hub, "r1")
    again = told(hub, "r2")
    assert (again.same_concern_as, again.said_before) == ("r1", ())


def test_a_product_says_so_too() -> None:
    outcome = Given(compose.STEP)
    outcome.given(given.linked(said_before=("ref-0",)))
    drafts = given.of(ProductDrafted, outcome.when(given.assigned(Colour.RED)).facts)
    assert {one.said_before for one in drafts} == {("ref-0",)}


def narrative(referral_id: str, text: str = SHORT, *, owner: str = "school") -> DraftItem:
    id_ = items_of_notification(referral_id, 0)[0]
    return product.draft_item(
        owner,
        id_,
        original=text,
        sanitised=text,
        original_digest=product.digest(id_, text),
        sanitised_digest=product.digest(id_, text),
        notification=True,
    )


def withheld(*, by: str = "school", **word: Any) -> Given:
    """Approving of the first concern, in which an agency has withheld its words."""
    first = narrative("ref-0", owner=by)
    step = Given(approve.STEP).given(product.drafted(first, **ELSEWHERE))
    said = product.decision(first, Choice.WITHHOLD, **word)
    changes = {"decision": said.decision.model_copy(update=ELSEWHERE)}
    step.given(said.model_copy(update=changes))
    assert step.state.withheld
    return step


def then(first: Given, item: DraftItem, **changes: Any) -> tuple[Given, Outcome[Any]]:
    """What becomes of a product of a further concern."""
    drafted = product.drafted(item, **{"said_before": ("ref-0",)} | changes)
    message = given.message(drafted)
    assert approve.STEP.beside(message)[-1:] == drafted.said_before
    others = {"ref-0": first.state} if drafted.said_before else {}
    outcome = approve.decide(approve.STEP.join(None, others), message, given.policy())
    step = Given(approve.STEP)
    step.state = outcome.state
    return step, outcome


@pytest.mark.parametrize("urgent", [False, True])
@pytest.mark.parametrize("signpost", [False, True])
def test_the_same_words_start_as_withheld_and_name_their_owner_no_more_than_before(
    urgent: bool, signpost: bool
) -> None:
    first = withheld(signpost=signpost)
    alleged = "Somebody may have hurt the child."
    _, outcome = then(first, narrative("ref-1"), urgent=urgent, alleged=alleged)
    (fact,) = given.of(ItemWithheld, outcome.facts)
    assert (fact.item_id, fact.owner, fact.referral_id) == (
        narrative("ref-1").item_id,
        "school",
        "ref-1",
    )
    (approved,) = given.of(ProductApproved, outcome.facts)
    assert approved.items == ()
    assert [one.owner for one in approved.signposts] == (["school"] if signpost else [])


def test_its_owner_is_told_so_once_and_not_asked_and_may_lift_it() -> None:
    step, outcome = then(withheld(), narrative("ref-1"))
    notices = [letter.notice for letter in outcome.letters]
    assert given.of(ApprovalRequest, notices) == []
    (one,) = given.of(ApprovalCancellation, notices)
    assert (one.says, one.item_id) == (WITHHELD_BEFORE, narrative("ref-1").item_id)
    assert [letter.agency for letter in outcome.letters] == ["school"]
    more = step.when(product.drafted(narrative("ref-1"), product_id="product-2"))
    assert more.letters == ()
    lifted = step.when(product.ruled(narrative("ref-1"), Ruling.LIFT))
    assert given.of(ItemLifted, lifted.facts)
    after = step.when(product.drafted(narrative("ref-1"), product_id="product-3"))
    assert given.of(ApprovalRequest, [letter.notice for letter in after.letters])


def test_a_red_in_the_same_words_tells_nothing_of_what_they_say() -> None:
    """As composing drafts it for whoever is told at once."""
    text = "He hit her with a belt again, and she has marks on both of her arms."
    first = narrative("ref-0", text, owner="police")
    before = Given(approve.STEP).given(product.drafted(first, **ELSEWHERE))
    no = product.decision(first, Choice.WITHHOLD, signpost=False)
    before.given(no.model_copy(update={"decision": no.decision.model_copy(update=ELSEWHERE)}))
    drafting = Given(compose.STEP).given(given.linked(text, said_before=("ref-0",)))
    drafts = given.of(ProductDrafted, drafting.when(given.assigned(Colour.RED)).facts)
    urgent = next(one for one in drafts if one.urgent)
    assert urgent.alleged
    said = []
    for others in ({}, {"ref-0": before.state}):
        state = approve.STEP.join(None, others)
        outcome = approve.decide(state, given.message(urgent), given.policy())
        (approved,) = given.of(ProductApproved, outcome.facts)
        said.append(approved)
    assert said[0].alleged != said[1].alleged
    assert (said[1].items, said[1].signposts) == ((), ())
    assert (said[1].alleged or "").startswith(UNTOLD)


@pytest.mark.parametrize(
    ("item", "changes"),
    [
        (narrative("ref-1", SHORT + " Twice."), {}),
        (narrative("ref-1"), {"said_before": ()}),
        (narrative("ref-1").model_copy(update={"owner": "police"}), {}),
    ],
    ids=["other words", "not told before", "another agency's"],
)
def test_what_is_not_the_same_is_put_before_its_owner(
    item: DraftItem, changes: dict[str, Any]
) -> None:
    _, outcome = then(withheld(), item, **changes)
    assert given.of(ItemWithheld, outcome.facts) == []
    assert given.of(ApprovalRequest, [letter.notice for letter in outcome.letters])
