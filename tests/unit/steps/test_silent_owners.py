"""Owners that owe a decision: reminded in their own time, up a chain that ends at a person; then
the profile says whether the product goes without what is theirs.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import pytest

from router.picture.gathered import owed
from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from router.steps.release import decide as release
from schemas.calendar import WorkingHours
from schemas.decisions import ReleaseDecided, ReleaseDecision, Ruling
from schemas.gathering import Level
from schemas.information import InformationAnswered, InformationItem, InformationRequested
from schemas.notices import ApprovalRequest
from schemas.owed import ClockClosed, ClockEscalated, OwedNotice
from schemas.policy import Policy, SilentOwner
from schemas.product import Choice, OwnerSilent, Product, ProductRefused, ProductWithout
from schemas.rating import Colour
from schemas.sharing import Sensitivity
from tests.support import given
from tests.support import products as product
from tests.support.alarms import notice, step
from tests.support.flow import Flow
from tests.support.given import NOON, Given

SCHOOL, GP = product.draft_item("school"), product.draft_item("gp")
DAY = dt.timedelta(days=1)
WEEKS = NOON + 30 * DAY
Then = Literal["without", "signpost", "wait"]
After = Literal["due", "chain"]


def ruling(then: Then, after: After = "chain", **changes: Any) -> Policy:
    """A borough in which this becomes of a product whose owner is silent."""
    rule = {"silent_owner": SilentOwner(after=after, then=then)} | changes
    known = given.owing_no_receipts()
    colours = {
        colour: one.model_copy(update={"silent_owner": None})
        for colour, one in known.colours.items()
    }
    profile = known.model_copy(update={"colours": colours} | rule)
    return given.policy(profile_=profile)


def answered(agency: str, text: str) -> InformationAnswered:
    item = InformationItem(
        item_id=f"item-{agency}",
        owner=agency,
        text=text,
        sensitivity=Sensitivity.ROUTINE,
        may_be_revealed=True,
        may_leave=True,
    )
    return InformationAnswered(
        referral_id="ref-1",
        case_id="case-1",
        request_id=f"request-{agency}",
        agency=agency,
        known=True,
        items=(item,),
        answered_by="D. Lead",
        late=False,
    )


def amber(policy: Policy) -> Flow:
    """A product for the assessment team, of what the police, the school and the GP told."""
    hub = Flow(compose.STEP, approve.STEP, release.STEP, policy=policy)
    asked = InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level=Level.FULL,
        reasons=("A sign.",),
        profile="Sample",
        requests=(),
    )
    return hub.send(
        given.linked(),
        answered("school", "Attends rarely."),
        answered("gp", "Has not been seen since May."),
        asked,
        given.assigned(Colour.AMBER),
    )


def asked(hub: Flow, agency: str) -> ApprovalRequest:
    """What an agency was asked last."""
    return hub.told(ApprovalRequest, to=agency)[-1]


def decided(request: ApprovalRequest, agency: str, choice: Choice, **changes: Any) -> Any:
    told = {
        "referral_id": request.referral_id,
        "product_id": request.product_id,
        "case_id": request.case_id,
        "item_id": request.item.item_id,
        "choice": choice,
        "digest": None if choice is Choice.WITHHOLD else request.item.sanitised_digest,
        "recipient": request.recipient,
        "purpose": request.purpose,
        "decided_by": f"Decision maker of {agency}",
        "reason": "It would put the child at more risk." if choice is Choice.WITHHOLD else None,
    }
    return ReleaseDecided(agency=agency, decision=ReleaseDecision.model_validate(told | changes))


def all_but_the_gp(policy: Policy) -> Flow:
    hub = amber(policy)
    for agency in ("police", "school"):
        hub.send(decided(asked(hub, agency), agency, Choice.RELEASE_SANITISED))
    assert hub.told(Product) == []
    return hub


def owners(one: Product) -> list[str]:
    return [item.owner for item in one.items]


def test_an_owner_who_stays_silent_does_not_hold_a_product_for_ever() -> None:
    hub = all_but_the_gp(ruling("signpost"))
    hub.until(WEEKS)
    (one,) = hub.told(Product)
    assert owners(one) == ["police", "school"]
    assert [post.owner for post in one.signposts] == ["gp"]


def test_the_profile_may_have_it_go_without_a_word_of_who_was_silent() -> None:
    hub = all_but_the_gp(ruling("without")).until(WEEKS)
    (one,) = hub.told(Product)
    assert owners(one) == ["police", "school"]
    assert one.signposts == ()


@pytest.mark.parametrize(
    ("after", "moments"),
    [("due", ["warned", "chased"]), ("chain", ["warned", "chased", "escalated", "escalated"])],
)
def test_it_goes_when_the_time_agreed_is_over_and_not_before(
    after: After, moments: list[str]
) -> None:
    hub = all_but_the_gp(ruling("signpost", after))
    while not hub.told(Product):
        hub.until(hub.at + dt.timedelta(hours=1))
        assert hub.at < WEEKS
    assert [one.moment for one in hub.told(OwedNotice)] == moments


def test_what_was_left_out_is_recorded_and_its_owner_is_told_and_may_still_decide() -> None:
    hub = all_but_the_gp(ruling("signpost"))
    first = asked(hub, "gp")
    hub.until(WEEKS)
    (without,) = hub.of(ProductWithout)
    assert without.because == "silent"
    assert [(one.item_id, one.owner) for one in without.items] == [("item-gp", "gp")]
    again = asked(hub, "gp")
    assert again.follows == first.product_id
    assert again.item == first.item
    late = decided(first, "gp", Choice.RELEASE_SANITISED)
    hub.send(late)
    assert hub.refused == []
    before, more = hub.told(Product)
    assert owners(more) == ["gp"]
    assert (more.recipient, more.follows) == (before.recipient, before.product_id)


def test_who_was_chased_to_the_end_is_not_chased_again_about_what_follows() -> None:
    hub = all_but_the_gp(ruling("signpost")).until(WEEKS)
    told = len(hub.told(OwedNotice))
    hub.until(WEEKS + 60 * DAY)
    assert len(hub.told(OwedNotice)) == told


def test_where_it_went_as_soon_as_it_was_due_its_chain_is_told_for_what_follows() -> None:
    hub = all_but_the_gp(ruling("signpost", "due")).until(WEEKS)
    moments = [one.moment for one in hub.told(OwedNotice)]
    assert moments[2:] == ["warned", "chased", "escalated", "escalated"]
    assert [one.follows for one in hub.of(OwnerSilent)] == [hub.told(Product)[0].product_id]


def test_a_late_no_is_a_no() -> None:
    hub = all_but_the_gp(ruling("signpost"))
    first = asked(hub, "gp")
    hub.until(WEEKS)
    hub.send(decided(first, "gp", Choice.WITHHOLD))
    assert len(hub.told(Product)) == 1
    assert len(hub.of(ProductRefused)) == 1


def test_who_lets_itself_be_named_with_a_late_no_is_named_where_it_was_not() -> None:
    hub = all_but_the_gp(ruling("without"))
    first = asked(hub, "gp")
    hub.until(WEEKS)
    hub.send(decided(first, "gp", Choice.WITHHOLD, signpost=True))
    more = hub.told(Product)[1]
    assert (more.items, [post.owner for post in more.signposts]) == ((), ["gp"])


def test_where_the_profile_has_it_wait_it_waits_and_says_so() -> None:
    hub = all_but_the_gp(ruling("wait")).until(WEEKS)
    assert hub.told(Product) == []
    (silent,) = hub.of(OwnerSilent)
    assert (silent.owner, silent.follows) == ("gp", None)
    assert [one.told.role for one in hub.of(ClockEscalated)] == [
        "Duty manager",
        "Ada Sample, head of service",
    ]
    assert all("the product waits all the same" in one.next for one in hub.told(OwedNotice))
    hub.send(decided(asked(hub, "gp"), "gp", Choice.RELEASE_SANITISED))
    (one,) = hub.told(Product)
    assert sorted(owners(one)) == ["gp", "police", "school"]


def test_a_product_of_nothing_but_what_is_awaited_waits_and_says_so() -> None:
    hub = amber(ruling("without")).until(WEEKS)
    assert hub.told(Product) == []
    assert {one.owner for one in hub.of(OwnerSilent)} == {"gp", "police", "school"}


def test_what_is_left_when_the_others_have_said_no_does_not_wait_in_silence() -> None:
    hub = amber(ruling("without")).until(WEEKS)
    for agency in ("police", "school"):
        no = decided(asked(hub, agency), agency, Choice.WITHHOLD, signpost=False)
        hub.send(no)
    assert hub.told(Product) == []
    assert hub.of(OwnerSilent)[-1].owner == "gp"


@pytest.mark.parametrize(
    ("then", "went"),
    [
        ("signpost", "the product has gone without it, and names its owner."),
        ("without", "the product has gone without it."),
    ],
)
def test_the_last_that_is_told_of_silence_reads_that_the_product_went(
    then: Then, went: str
) -> None:
    hub = all_but_the_gp(ruling(then)).until(WEEKS)
    assert hub.told(OwedNotice)[-1].next == f"The time agreed is over: {went}"


def test_the_last_that_is_told_of_silence_reads_that_the_product_waits_as_the_alarm_says() -> None:
    hub = amber(ruling("without"))
    for agency in ("police", "school"):
        hub.send(decided(asked(hub, agency), agency, Choice.WITHHOLD, signpost=False))
    hub.until(WEEKS)
    waits = "the product waits all the same"
    assert hub.told(OwedNotice)[-1].next.startswith(f"The time agreed is over: {waits}")
    (silent,) = hub.of(OwnerSilent)
    letter = notice(step().when(silent))
    assert waits in letter.says


def test_each_owner_has_a_clock_in_its_own_time() -> None:
    """The police are there at night; the GP closes at half past six, the school at four."""
    hub = amber(ruling("wait", allowed={"approval": WorkingHours(hours=5)}))
    due = {agency: asked(hub, agency).due_at for agency in ("police", "gp", "school")}
    at = dt.datetime(2026, 6, 10, tzinfo=dt.UTC)
    assert due == {
        "police": at.replace(hour=17),
        "gp": at.replace(hour=17),
        "school": (at + DAY).replace(hour=9, minute=30),
    }


def test_who_is_asked_second_is_waited_for_from_then_on() -> None:
    """The GP told what is the school's: the school is asked once the GP has let it leave."""
    theirs = product.draft_item("school", held_by="gp")
    step = Given(approve.STEP, ruling("wait")).given(product.drafted(theirs))
    assert set(step.state.products["product-1"].clocks) == {"gp"}
    by_gp = product.decision(theirs, Choice.RELEASE_SANITISED, "gp")
    named = by_gp.decision.model_copy(update={"decided_by": "Decision maker of gp"})
    later = NOON + dt.timedelta(hours=2)
    outcome = step.when(
        given.message(by_gp.model_copy(update={"decision": named}), at=later), at=later
    )
    clocks = step.state.products["product-1"].clocks
    assert {agency: one.started_at for agency, one in clocks.items()} == {"school": later}
    assert [letter.agency for letter in outcome.letters] == ["school"]


def test_a_clock_whose_product_is_voided_is_closed_with_the_reason() -> None:
    step = Given(approve.STEP).given(
        product.drafted(SCHOOL, GP), product.decision(SCHOOL, Choice.RELEASE_SANITISED)
    )
    outcome = step.when(product.voided())
    (closed,) = given.of(ClockClosed, outcome.facts)
    assert (closed.agency, closed.reason) == ("gp", product.voided().reason)
    assert step.state.next_at is None


def test_a_profile_that_gives_owners_no_time_waits_as_before() -> None:
    hub = all_but_the_gp(ruling("signpost", allowed={})).until(WEEKS)
    assert hub.told(Product) == []
    assert hub.told(OwedNotice) == []
    assert asked(hub, "gp").due_at is None


def test_an_owner_is_asked_again_after_it_lifts_what_it_withheld() -> None:
    step = Given(approve.STEP, ruling("wait"))
    step.given(product.drafted(SCHOOL, GP), product.decision(GP, Choice.WITHHOLD))
    assert set(step.state.products["product-1"].clocks) == {"school"}

    step.when(product.ruled(GP, Ruling.LIFT))
    assert set(step.state.products["product-1"].clocks) == {"school", "gp"}


def test_the_picture_says_who_owes_a_decision_and_whether_it_is_late() -> None:
    step = Given(approve.STEP, ruling("wait")).given(product.drafted(SCHOOL, GP))
    step.given(product.decision(SCHOOL, Choice.RELEASE_SANITISED))
    (one,) = owed(step.state, "ref-1")
    assert (one.agency, one.recipient, one.items, one.late) == ("gp", product.RECIPIENT, 1, False)
    for _ in range(4):
        step.when(given.elapsed("approve", step.state.next_at))
    (late,) = owed(step.state, "ref-1")
    assert (late.agency, late.due_at, late.late) == ("gp", None, True)
    assert owed(step.state, "ref-2") == ()
    step.given(product.decision(GP, Choice.WITHHOLD))
    assert owed(step.state, "ref-1") == ()
