"""A child of another area: its sender is told, and its own hub gets what this one knows (R41)."""

from __future__ import annotations

from typing import Any

import pytest

from router.steps.areas import area_of, hub_of
from router.steps.compose import decide as compose
from router.steps.now import Now
from router.steps.rate import decide as rate
from schemas.case import ChildLinked
from schemas.decisions import OutcomeDecided, OutcomeDecision, RatingDecided, RatingDecision
from schemas.information import InformationRequested
from schemas.notices import OutOfArea, RatingRequest
from schemas.outcome import ReferralClosed
from schemas.person import Address, Person
from schemas.policy import TRANSFER, Area, Policy
from schemas.product import Disposal, ProductDrafted, ProductNotTaken, ProductReleased
from schemas.rating import Colour, DueTimeBreached
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given, elapsed, of, on_picture

FENSHIRE = Area(
    name="Fenshire", postcodes=("ZZ8", "ZZ9 1"), hub="fenshire_mash", contact="01632 960300"
)
MARSHLAND = Area(name="Marshland", postcodes=("ZZ7",), contact="01632 960400")


def policy() -> Policy:
    profile = given.profile().model_copy(update={"places": (FENSHIRE, MARSHLAND)})
    return given.policy(given.partner("fenshire_mash"), profile_=profile)


def living(*addresses: Address) -> Person:
    return given.child().model_copy(update={"address": addresses})


def at(postcode: str | None, **changes: Any) -> Address:
    return Address(line1="3 Fen Row", postcode=postcode, **changes)


def linked(*addresses: Address, **changes: Any) -> ChildLinked:
    told = given.notification().model_copy(update={"subject": living(*addresses)})
    return given.linked(notification=told, **changes)


def rated(colour: Colour) -> RatingDecided:
    decision = RatingDecision(
        referral_id="ref-1",
        case_id="case-1",
        colour=colour,
        decided_by="S. Worker",
        rationale="Seen",
    )
    return on_picture(RatingDecided(agency="childrens_social_care", decision=decision))


def closing(to: str | None) -> OutcomeDecided:
    decision = OutcomeDecision(
        referral_id="ref-1",
        case_id="case-1",
        outcome=Disposal.TRANSFERRED,
        to=to,
        may_be_told="The hub where the child lives has it now.",
        decided_by="S. Worker",
        rationale="The family moved on Monday",
    )
    return on_picture(OutcomeDecided(agency="childrens_social_care", decision=decision))


def requested() -> InformationRequested:
    return InformationRequested(
        referral_id="ref-1",
        case_id="case-1",
        level=given.profile().colours[Colour.RED].level,
        reasons=("As rated",),
        profile="p",
        requests=(),
        not_asked=(),
    )


@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        ((at("ZZ8 4AB"),), "Fenshire"),
        ((at("zz9 1ab"),), "Fenshire"),
        ((at("ZZ9 2AB"),), None),
        ((at("ZZ88 4AB"),), None),
        ((at("ZZ99 3VZ"),), None),
        ((at(None), at("ZZ7 1AA")), "Marshland"),
        ((at("ZZ99 3VZ"), at("ZZ8 4AB")), None),
        ((at("ZZ8 4AB", use="former"), at("ZZ99 3VZ")), None),
        ((at("ZZ8 4AB", use="school"),), None),
        ((at("ZZ8 4AB", protected=True),), None),
        ((), None),
    ],
)
def test_where_a_child_lives_is_told_by_the_address_where_it_lives_now(
    addresses: tuple[Address, ...], place: str | None
) -> None:
    found = area_of(living(*addresses), Now(NOON, policy()))
    assert (found.name if found else None) == place


def test_a_protected_child_is_handed_over_by_a_human_alone() -> None:
    child = living(at("ZZ8 4AB")).model_copy(update={"protected": True})
    assert hub_of(child, Now(NOON, policy())) is None


def test_the_sender_is_told_whose_child_it_is_and_who_has_it_from_here() -> None:
    letters = Given(rate.STEP, policy()).when(linked(at("ZZ8 4AB"))).letters
    (told,) = (one for one in letters if isinstance(one.notice, OutOfArea))
    assert told.agency == "police"
    assert isinstance(told.notice, OutOfArea)
    assert (told.notice.reference, told.notice.place) == ("R-1", "Fenshire")
    assert (told.notice.passed_to, told.notice.contact) == ("fenshire_mash", "01632 960300")
    assert told.notice.explanation == (
        "By the address that you gave the child lives in Fenshire. "
        "This hub looks at the concern all the same, and passes it on to the hub there."
    )
    (request,) = (one.notice for one in letters if isinstance(one.notice, RatingRequest))
    assert request.elsewhere == "Fenshire"


def test_where_the_hub_has_no_way_to_pass_it_on_the_sender_is_told_whom_to_ring() -> None:
    letters = Given(rate.STEP, policy()).when(linked(at("ZZ7 4AB"))).letters
    (told,) = (one.notice for one in letters if isinstance(one.notice, OutOfArea))
    assert told.passed_to is None
    assert "please ring there" in told.explanation


def test_nobody_is_told_so_of_a_child_of_this_area() -> None:
    letters = Given(rate.STEP, policy()).when(linked(at("ZZ99 3VZ"))).letters
    assert not [one for one in letters if isinstance(one.notice, OutOfArea)]


def test_its_own_hub_gets_the_product_in_area_of_this_areas_services() -> None:
    step = Given(compose.STEP, policy()).given(linked(at("ZZ8 4AB")))
    outcome = step.given(given.assigned(Colour.AMBER)).when(requested())
    (drafted,) = of(ProductDrafted, outcome.facts)
    assert (drafted.recipient, drafted.purpose) == ("fenshire_mash", TRANSFER)
    assert [item.owner for item in drafted.items] == ["police"]


def test_a_red_goes_at_once_to_the_front_line_here_and_to_the_hub_there() -> None:
    step = Given(compose.STEP, policy()).given(linked(at("ZZ8 4AB")))
    drafted = of(ProductDrafted, step.when(given.assigned(Colour.RED)).facts)
    urgent = {one.recipient for one in drafted if one.urgent}
    assert urgent == {"csc_duty_team", "police_cait", "fenshire_mash"}


def test_its_clock_stops_once_that_hub_has_its_product() -> None:
    step = Given(rate.STEP, policy()).given(linked(at("ZZ8 4AB")), rated(Colour.AMBER))
    due_at = step.state.product_due_at
    released = ProductReleased(
        product_id="p-1",
        referral_id="ref-1",
        case_id="case-1",
        recipient="fenshire_mash",
        disposal=Disposal.FRONT_LINE_TEAM,
        colour=Colour.AMBER,
        urgent=False,
        digest="0" * 64,
        item_digests=(),
        signposts=0,
    )
    step.when(released)
    assert not of(DueTimeBreached, step.when(elapsed("rate", due_at)).facts)


def test_a_human_closes_an_open_referral_to_the_hub_where_the_child_moved() -> None:
    step = Given(rate.STEP, policy()).given(linked(at("ZZ99 3VZ")), rated(Colour.GREEN))
    (closed,) = of(ReferralClosed, step.when(closing("fenshire_mash")).facts)
    drafting = Given(compose.STEP, policy())
    drafting.given(linked(at("ZZ99 3VZ")), given.assigned(Colour.GREEN))
    (drafted,) = of(ProductDrafted, drafting.when(closed).facts)
    assert (drafted.recipient, drafted.purpose) == ("fenshire_mash", TRANSFER)
    assert not of(ProductDrafted, drafting.when(closed).facts), "once"


@pytest.mark.parametrize("to", [None, "early_help", "marshland_mash"])
def test_to_what_is_no_hub_nothing_is_transferred(to: str | None) -> None:
    step = Given(rate.STEP, policy()).given(linked(at("ZZ99 3VZ")), rated(Colour.GREEN))
    assert step.when(closing(to)).refusal == Refusal("refused.no-such-hub", "to")


@pytest.mark.parametrize(("colour", "urgent"), [(Colour.RED, True), (Colour.AMBER, False)])
def test_a_red_that_is_passed_on_is_a_red_to_the_hub_there(colour: Colour, *, urgent: bool) -> None:
    step = Given(rate.STEP, policy()).given(linked(at("ZZ99 3VZ")), rated(colour))
    (closed,) = of(ReferralClosed, step.when(closing("fenshire_mash")).facts)
    drafting = Given(compose.STEP, policy()).given(linked(at("ZZ99 3VZ")))
    drafting.given(given.assigned(colour, for_front_line="Ring before you go."))
    (drafted,) = of(ProductDrafted, drafting.when(closed).facts)
    assert (drafted.recipient, drafted.urgent) == ("fenshire_mash", urgent)
    assert bool(drafted.alleged) is urgent
    assert ("childrens_social_care" in {item.owner for item in drafted.items}) is urgent


def test_a_red_that_nobody_of_the_hub_there_has_goes_to_the_next_who_may() -> None:
    drafting = Given(compose.STEP, policy()).given(linked(at("ZZ99 3VZ")))
    drafting.given(given.assigned(Colour.RED))
    step = Given(rate.STEP, policy()).given(linked(at("ZZ99 3VZ")), rated(Colour.RED))
    (closed,) = of(ReferralClosed, step.when(closing("fenshire_mash")).facts)
    (drafted,) = of(ProductDrafted, drafting.when(closed).facts)
    nobody = ProductNotTaken(**drafted.shared(ProductNotTaken), why="unfetched")
    (onward,) = of(ProductDrafted, drafting.when(nobody).facts)
    assert (onward.urgent, onward.instead_of) == (True, drafted.product_id)
