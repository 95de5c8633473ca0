"""What a hub once did and must never do again: each by a test of its own.

Those that stand beside their kin are named in ``ELSEWHERE``; here is what goes through several
rooms.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from connectors.events.envelope import parse
from connectors.events.facts import Door
from connectors.formats.media import STRUCTURED
from connectors.port import routes
from router.steps import thresholds
from router.steps.compose import decide as compose
from router.steps.rate import decide as rate
from router.steps.request_information import decide as request_information
from schemas.information import InformationRequested, RequestsPrepared
from schemas.notification import Notification, NotificationReceived
from schemas.policy import Policy
from schemas.product import ProductDrafted
from schemas.rating import Colour, RatingSuggested
from schemas.settings import HubSettings
from tests.support import given
from tests.support.given import Given

NOBODY_HIT = (
    "There is no sexual abuse and nobody was hit at home. His mother asked how he gets on at "
    "school."
)
AGENCY = {
    "name": "Police",
    "signpost_contact": "MASH sergeant, 01632 960101",
    "agreement": {"reference": "ISA-2026", "signatory": "A. Partner", "since": "2020-01-01"},
}
SETTINGS = HubSettings.model_validate(
    {"area": "e99999999", "lead_agency": "police", "agencies": {"police": AGENCY}}
)


def at_the_door(narrative: str, *, born: str) -> Notification:
    """What the police's concern about Ruth Ashby becomes as it comes in."""
    subject = {
        "identifier": [{"value": "9996230414", "system": "https://fhir.nhs.uk/Id/nhs-number"}],
        "name": [{"given_name": ["Ruth"], "family_name": ["Ashby"]}],
        "date_of_birth": {"date": born},
    }
    data = {
        "reference": "R-1",
        "observed_at": given.NOON.isoformat(),
        "subject": subject,
        "narrative": narrative,
    }
    event = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "mash.notification.v1"}
    door = Door(routes(SETTINGS, {}).by_code["police"], "http", given.NOON + dt.timedelta(hours=1))
    body = json.dumps({**event, "data": data}).encode()
    (arrival,) = parse(door, body, content_type=STRUCTURED)
    assert isinstance(arrival.body, NotificationReceived)
    return arrival.body.notification


def asked_about(notification: Notification) -> list[str]:
    """Who is asked once a social worker has rated it Amber."""
    step = Given(request_information.STEP).given(given.linked(notification=notification))
    outcome = step.when(given.assigned(Colour.AMBER))
    requested = given.of(InformationRequested, outcome.facts)
    return [one.agency for fact in requested for one in fact.requests]


def test_an_adult_of_45_is_not_asked_about_like_a_child_from_the_door_on() -> None:
    narrative = "Ruth does not eat."
    assert asked_about(at_the_door(narrative, born="2017-03-03"))
    assert asked_about(at_the_door(narrative, born="1981-03-03")) == []


def telling_at_once() -> Policy:
    """A borough where the front line is told of a Red, and requests leave, on the suggestion."""
    shipped = given.profile()
    early = {"at_once_on": "suggestion", "gather_on": "suggestion"}
    colours = {colour: rule.model_copy(update=early) for colour, rule in shipped.colours.items()}
    return given.policy(profile_=shipped.model_copy(update={"colours": colours}))


@pytest.mark.parametrize(("narrative", "goes"), [(NOBODY_HIT, False), (given.HIT, True)])
def test_that_nobody_was_hit_sends_nothing_to_cait_though_a_suggestion_were_enough(
    narrative: str, goes: bool
) -> None:
    linked = given.linked(narrative)
    suggested = thresholds.suggest(linked.notification, profile=given.profile())
    assert (suggested.colour is Colour.RED) is goes
    fact = Given(rate.STEP).when(linked).facts[0]
    assert isinstance(fact, RatingSuggested)
    step = Given(compose.STEP, telling_at_once()).given(linked, fact)
    urgent = [one.recipient for one in given.of(ProductDrafted, step.facts) if one.urgent]
    assert urgent == (["csc_duty_team", "police_cait"] if goes else [])


def test_that_nobody_was_hit_asks_nobody_as_the_profile_ships() -> None:
    facts = Given(request_information.STEP).when(given.linked(NOBODY_HIT)).facts
    assert [type(fact) for fact in facts] == [RequestsPrepared]


ELSEWHERE = {
    "a product without a child, a recall without a child": (
        "unit/steps/test_release.py",
        "test_what_leaves_says_whom_it_is_about_and_so_does_its_recall",
    ),
    "a withheld item released after a re-rating": (
        "unit/steps/test_approve_rulings.py",
        "test_a_withheld_item_stays_in_after_a_new_rating_and_its_owner_is_not_asked_anew",
    ),
    "a withheld item released by standing release": (
        "unit/steps/test_approve_rulings.py",
        "test_a_withheld_notification_is_not_let_out_by_a_standing_release",
    ),
    "a request about an adult, and to a school for an unborn child": (
        "unit/steps/test_request_not_asked.py",
        "test_nobody_is_asked_about_an_adult_and_nobody_who_can_hold_nothing",
    ),
    "a request though consent was refused": (
        "unit/steps/test_request_not_asked.py",
        "test_where_consent_was_refused_nobody_is_asked_without_another_basis",
    ),
    "a rating request without the narrative": (
        "unit/ops/test_pictures.py",
        "test_a_rating_request_shows_the_child_the_concern_and_the_family",
    ),
    "an owner named falsely": (
        "unit/steps/test_approve.py",
        "test_an_item_that_is_said_to_be_anothers_needs_who_told_it_and_its_owner",
    ),
    "a product released to an agency whose agreement ended": (
        "unit/steps/test_release.py",
        "test_nothing_leaves_for_a_recipient_without_an_agreement_and_the_lead_agency_is_told",
    ),
    "a product fetched by an agency whose agreement ended": (
        "topology/test_embedded.py",
        "test_a_product_does_not_reach_who_has_no_agreement_any_more_and_the_lead_agency_is_told",
    ),
    "a handover with the full narrative": (
        "unit/steps/test_handing_over.py",
        "test_without_a_rule_of_its_owner_it_says_who_the_child_is_and_no_more",
    ),
    "ownership changed by mending": (
        "unit/ops/test_dead_letters_mended.py",
        "test_nobody_mends_whose_an_item_is_or_who_may_know_it",
    ),
    "a downgrade told to nobody": (
        "unit/steps/test_inform.py",
        "test_whoever_has_a_red_is_told_that_it_was_lowered_and_what_to_do",
    ),
    "a downgrade that drafts nothing": (
        "unit/steps/test_compose_changes.py",
        "test_a_lowered_rating_has_its_own_product_and_the_higher_ones_stand_no_more",
    ),
    "a Red after a downgrade told to nobody": (
        "unit/steps/test_compose_changes.py",
        "test_red_again_after_a_downgrade_tells_the_front_line_again_with_products_of_its_own",
    ),
    "what a machine made of a text told as the concern": (
        "unit/steps/test_concern_in_words.py",
        "test_no_sentence_of_a_model_and_none_of_absence_is_told_as_the_concern",
    ),
    "a Red left standing by an Amber of the same moment": (
        "unit/steps/test_rated_twice_at_once.py",
        "test_whoever_has_the_red_is_told_that_it_is_an_amber",
    ),
    "a withheld item that nobody gets though its owner lifts it": (
        "unit/steps/test_lifted_follows.py",
        "test_each_recipient_that_went_without_it_gets_it_once_it_is_lifted_and_released",
    ),
    "a second approval after the owner removed a sentence": (
        "unit/steps/test_amendments.py",
        "test_in_a_product_that_waits_the_new_words_stand_and_their_owner_is_asked_again",
    ),
}


@pytest.mark.parametrize("behaviour", ELSEWHERE)
def test_each_of_the_others_has_its_test(behaviour: str) -> None:
    file, name = ELSEWHERE[behaviour]
    text = (Path(__file__).parents[2] / file).read_text(encoding="utf-8")
    assert f"def {name}(" in text
