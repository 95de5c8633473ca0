"""Whoever rates says in words what the concern is, and these are told; what a machine read in the
notification is a hint at most.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from router.steps.approve import decide as approve
from router.steps.approve.likeness import LEFT_OUT
from router.steps.asking import UNTOLD, WORDLESS
from router.steps.compose import decide as compose
from router.steps.rate import decide as rate
from router.steps.release import decide as release
from router.steps.request_information import decide as request_information
from schemas.decisions import RatingDecided, RatingDecision
from schemas.information import InformationRequested
from schemas.notices import WhatIsNew
from schemas.product import Product
from schemas.rating import Colour, RatingAssigned
from schemas.sharing import Sharing
from tests.support import given
from tests.support.flow import Flow
from tests.support.given import HIT, NOON, Given, on_picture

HUNGRY = "She told her teacher that there is often nothing to eat, and that she minds the baby."
SAYS_HIT = "The child is said to have been hit or hurt."
HINT = "A hint by words of the text, and no more:"
WORDS = "She and her baby brother are left without food for days."


def alleged(colour: Colour, narrative: str, *, words: str | None = None, **kept: Any) -> set[str]:
    """What whoever acts at once is told of a GP's concern that was rated so."""
    return {str(one.alleged) for one in rated(colour, narrative, words=words, **kept).told(Product)}


def rated(colour: Colour, narrative: str, *, words: str | None = None, **kept: Any) -> Flow:
    own = given.policy(profile_=given.owing_no_receipts())
    hub = Flow(compose.STEP, approve.STEP, release.STEP, policy=own)
    linked = given.linked(agency="gp", notification=given.notification(narrative, **kept))
    return hub.send(linked, given.assigned(colour, concern=words))


def asked(colour: Colour, narrative: str, *, words: str | None = None, **kept: Any) -> set[str]:
    """What agencies are told that are asked about it."""
    step = Given(request_information.STEP).given(
        given.linked(agency="gp", notification=given.notification(narrative, **kept))
    )
    outcome = step.when(given.assigned(colour, concern=words, level="full"))
    every = given.of(InformationRequested, outcome.facts)
    return {request.summary for one in every for request in one.requests}


def test_what_whoever_rates_says_is_told_to_whoever_acts_and_whoever_is_asked() -> None:
    assert alleged(Colour.RED, HIT, words=WORDS) == {WORDS}
    assert asked(Colour.RED, HIT, words=WORDS) == {WORDS}


@pytest.mark.parametrize("narrative", [HUNGRY, given.MOVED])
def test_no_sentence_of_a_model_and_none_of_absence_is_told_as_the_concern(narrative: str) -> None:
    for told in (alleged(Colour.RED, narrative), asked(Colour.RED, narrative)):
        (said,) = told
        assert not any(word in said for word in ("Weighed", "profile", "indicator"))
    assert alleged(Colour.RED, HUNGRY) == asked(Colour.RED, HUNGRY) == {WORDLESS}


def test_a_hint_is_told_as_a_hint_beside_what_the_sender_says() -> None:
    said = f"The sender says that it is urgent. Its sender codes it as: abuse. {HINT} {SAYS_HIT}"
    told: dict[str, Any] = {"concern": ("abuse",), "urgent": True}
    assert alleged(Colour.RED, HIT, **told) == asked(Colour.RED, HIT, **told) == {said}


def test_a_hint_of_worse_than_whoever_rated_it_found_is_not_told() -> None:
    assert asked(Colour.AMBER, HIT) == {WORDLESS}
    mixed = f"{given.DOMESTIC_ABUSE} {HIT}"
    assert asked(Colour.AMBER, mixed) == {f"{HINT} Domestic abuse at the home."}


def test_words_of_whoever_rates_tell_nothing_that_the_notifier_lets_nobody_be_told() -> None:
    kept = {"sharing": Sharing(may_leave=False)}
    assert alleged(Colour.RED, HIT, words=WORDS, **kept) == {UNTOLD}
    assert asked(Colour.RED, HIT, words=WORDS, **kept) == {UNTOLD}


def test_another_agencys_words_are_not_told_as_whoever_rates_its_own() -> None:
    assert alleged(Colour.RED, HIT, words=f"{WORDS} {HIT}") == {f"{WORDS} {LEFT_OUT}"}
    assert alleged(Colour.RED, HIT, words=HIT) == {WORDLESS}


def test_a_red_without_words_goes_at_once_and_they_follow_once() -> None:
    hub = rated(Colour.RED, HUNGRY)
    assert [one.alleged for one in hub.told(Product)] == [WORDLESS, WORDLESS]
    for minutes in (5, 6):
        hub.until(NOON + dt.timedelta(minutes=minutes))
        hub.send(given.message(given.assigned(Colour.RED, concern=WORDS), at=hub.at))
    assert [one.alleged for one in hub.told(Product)[2:]] == [WORDS, WORDS]


@pytest.mark.parametrize(
    ("said", "asks"),
    [({}, True), ({"concern": WORDS}, False), ({"for_front_line": WORDS}, False)],
)
def test_who_rates_red_without_words_is_asked_for_them_and_it_has_gone(
    said: dict[str, str], asks: bool
) -> None:
    outcome = Given(rate.STEP).given(given.linked(HUNGRY)).when(_red(**said))
    (fact,) = given.of(RatingAssigned, outcome.facts)
    assert fact.concern == said.get("concern")
    news = [one.notice for one in outcome.letters if isinstance(one.notice, WhatIsNew)]
    assert bool(news) is asks
    assert not asks or "in your own words, what the concern is" in json.dumps(news[0].news)


def _red(**said: str) -> RatingDecided:
    told = {
        "referral_id": "ref-1",
        "case_id": "case-1",
        "colour": "red",
        "decided_by": "S. Worker",
        "rationale": "Neglect",
    }
    decision = RatingDecision.model_validate(told | said)
    return on_picture(RatingDecided(agency="childrens_social_care", decision=decision))
