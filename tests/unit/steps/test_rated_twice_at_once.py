"""Of two ratings that came in one batch, at one moment, the later stands for everybody."""

from __future__ import annotations

from router.steps.approve import decide as approve
from router.steps.compose import decide as compose
from router.steps.inform import decide as inform
from router.steps.rate import decide as rate
from router.steps.release import decide as release
from schemas.changes import ProductChange
from schemas.decisions import ProductFetched, RatingDecided, RatingDecision
from schemas.product import Product, ProductDrafted, ProductReleased
from schemas.rating import Colour, RatingAssigned
from tests.support import given
from tests.support.flow import Flow
from tests.support.given import HIT, on_picture


def rated(*colours: Colour) -> Flow:
    """A GP's concern that was rated so, one after the other, while the clock stands."""
    own = given.policy(profile_=given.owing_no_receipts())
    hub = Flow(rate.STEP, compose.STEP, approve.STEP, release.STEP, inform.STEP, policy=own)
    hub.send(given.linked(HIT, agency="gp"))
    return again(hub, *colours)


def again(hub: Flow, *colours: Colour) -> Flow:
    for colour in colours:
        told = {"referral_id": "ref-1", "case_id": "case-1", "colour": colour, "rationale": "Seen"}
        decision = RatingDecision.model_validate(told | {"decided_by": "S. Worker"})
        hub.send(on_picture(RatingDecided(agency="childrens_social_care", decision=decision)))
    return hub


def fetched(hub: Flow) -> Flow:
    for one in hub.of(ProductReleased):
        hub.send(ProductFetched(**one.shared(ProductFetched), letter_id="letter-1"))
    return hub


def test_whoever_has_the_red_is_told_that_it_is_an_amber() -> None:
    hub = again(fetched(rated(Colour.RED)), Colour.AMBER)
    changes = hub.told(ProductChange)
    assert {one.colour for one in changes} == {Colour.AMBER}
    assert len(changes) == len(hub.told(Product)) == 2


def test_red_again_is_a_red_again() -> None:
    hub = fetched(rated(Colour.RED, Colour.AMBER))
    before = len(hub.told(Product))
    again(hub, Colour.RED)
    assert len(hub.told(Product)) == before + 2


def test_the_later_stands_though_it_is_heard_first() -> None:
    first, second = rated(Colour.RED, Colour.AMBER).of(RatingAssigned)
    assert (first.number, second.number) == (1, 2)
    hub = Flow(compose.STEP).send(given.linked(HIT), second, first)
    assert hub.of(ProductDrafted) == []
