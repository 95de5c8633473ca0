"""Who is not asked, and why; who is told so, and what is put right once it is known whose child it
is.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pytest
from pydantic import ValidationError

from router.step import Outcome
from schemas.gathering import Level, NotAsked, Overrule, RuledOut
from schemas.identity import IdentityAgreed, IdentityField
from schemas.notices import (
    AdultMatter,
    RequestsPlanned,
)
from schemas.notification import ParentsInformed
from schemas.person import Name, PartialDate
from schemas.policy import Agreement
from schemas.rating import Colour
from tests.support import given
from tests.support.gathering import (
    AMBER,
    EVERY,
    FULL,
    RED,
    asked,
    asking,
    in_review,
    prepared,
    rated,
    requested,
)


def codes(not_asked: Iterable[NotAsked]) -> dict[str, RuledOut | None]:
    return {one.agency: one.code for one in not_asked}


def test_who_is_not_asked_is_told_with_the_reason() -> None:
    lapsed = Agreement(
        reference="ISA", signatory="A. Head", since=dt.date(2020, 1, 1), until=dt.date(2026, 6, 9)
    )
    policy = given.policy(given.partner("school", agreement=lapsed))
    policy.partners.pop("gp")
    step = asking(policy)
    plan = prepared(step.when(given.linked()))
    fact = requested(step.when(AMBER))
    assert plan.not_asked == fact.not_asked
    assert {left.agency: left.reason for left in fact.not_asked} == {
        "police": "It notified the hub of this concern itself.",
        "school": "It has no information-sharing agreement in force.",
        "gp": "It is not a partner of this hub.",
        "health_visiting": "It can hold nothing about a child of this age.",
    }
    assert [request.agency for request in fact.requests] == ["childrens_social_care"]


def test_an_agreement_is_in_force_on_its_last_day_by_the_boroughs_clock() -> None:
    last_day = Agreement(
        reference="ISA", signatory="A. Head", since=dt.date(2020, 1, 1), until=dt.date(2026, 6, 9)
    )
    policy = given.policy(given.partner("school", agreement=last_day))
    before_midnight_in_london = dt.datetime(2026, 6, 9, 22, 59, tzinfo=dt.UTC)
    after_midnight_in_london = dt.datetime(2026, 6, 9, 23, 1, tzinfo=dt.UTC)
    step = asking(policy).given(given.linked())
    assert "school" in asked(step.when(AMBER, at=before_midnight_in_london))
    step = asking(policy).given(given.linked())
    assert "school" not in asked(step.when(AMBER, at=after_midnight_in_london))


BORN = {
    "six": PartialDate(date=dt.date(2020, 6, 10)),
    "fourteen": PartialDate(date=dt.date(2012, 6, 10)),
    "seventeen": PartialDate(date=dt.date(2008, 6, 11)),
    "eighteen": PartialDate(date=dt.date(2008, 6, 10)),
    "forty-five": PartialDate(date=dt.date(1981, 2, 3)),
    "eighteen by an estimate": PartialDate(date=dt.date(2008, 1, 1), accuracy_indicator="EEE"),
    "thirty by an estimate": PartialDate(date=dt.date(1996, 5, 5), accuracy_indicator="EEE"),
    "of no known year": PartialDate(date=dt.date(1981, 2, 3), accuracy_indicator="AAU"),
    "of a date that systems fill in": PartialDate(date=dt.date(1970, 1, 1)),
    "due": PartialDate(date=dt.date(2026, 9, 1), accuracy_indicator="XXX"),
    "due long ago": PartialDate(date=dt.date(2026, 3, 1), accuracy_indicator="XXX"),
}


@pytest.mark.parametrize(
    ("born", "not_asked"),
    [
        ("six", {"health_visiting": RuledOut.HOLDS_NOTHING}),
        ("fourteen", {"health_visiting": RuledOut.HOLDS_NOTHING}),
        ("seventeen", {"health_visiting": RuledOut.HOLDS_NOTHING}),
        ("eighteen", dict.fromkeys(EVERY, RuledOut.ADULT)),
        ("forty-five", dict.fromkeys(EVERY, RuledOut.ADULT)),
        ("eighteen by an estimate", {"health_visiting": RuledOut.HOLDS_NOTHING}),
        ("thirty by an estimate", dict.fromkeys(EVERY, RuledOut.ADULT)),
        ("of no known year", {}),
        ("of a date that systems fill in", {}),
        ("due", {"school": RuledOut.HOLDS_NOTHING}),
        ("due long ago", {"school": RuledOut.HOLDS_NOTHING}),
    ],
)
def test_nobody_is_asked_about_an_adult_and_nobody_who_can_hold_nothing(
    born: str, not_asked: dict[str, RuledOut]
) -> None:
    """By the birthday, when it was observed: a Wednesday in June 2026."""
    child = given.child().model_copy(update={"date_of_birth": BORN[born]})
    about = given.notification(subject=child)
    step = asking()
    plan = prepared(step.when(given.linked(notification=about, agency="housing")))
    fact = requested(step.when(AMBER))
    assert codes(plan.not_asked) == codes(fact.not_asked) == not_asked
    assert [one.agency for one in fact.requests] == [one for one in EVERY if one not in not_asked]


def test_what_an_agency_can_hold_its_kind_says_and_not_what_its_code_is_called() -> None:
    full = {**given.profile().levels, Level.FULL: ("st_marys", "school")}
    policy = given.policy(
        given.partner("st_marys", kind="school"),
        given.partner("school", kind="youth_club"),
        profile_=given.profile().model_copy(update={"levels": full}),
    )
    unborn = given.child().model_copy(update={"date_of_birth": BORN["due"]})
    about = given.linked(notification=given.notification(subject=unborn), agency="housing")
    fact = requested(asking(policy).given(about).when(AMBER))
    assert codes(fact.not_asked) == {"st_marys": RuledOut.HOLDS_NOTHING}
    assert [one.agency for one in fact.requests] == ["school"]


UNKNOWN = Name(given_name=("Unknown",), family_name=("Unknown",))


IDENTIFIED: list[tuple[dict[str, Any], bool]] = [
    ({}, True),
    ({"identifier": ()}, True),
    ({"identifier": (), "date_of_birth": None}, True),
    ({"identifier": (), "date_of_birth": None, "related_person": ()}, False),
    ({"identifier": (), "name": ()}, True),
    ({"identifier": (), "name": (), "related_person": ()}, False),
    ({"identifier": (), "name": (), "date_of_birth": None}, False),
    ({"name": (), "date_of_birth": None, "related_person": ()}, True),
    ({"identifier": (), "name": (UNKNOWN,), "related_person": ()}, False),
    ({"identifier": (), "name": (UNKNOWN,)}, True),
    ({"identifier": (), "name": (Name(given_name=("Tilly",)),), "related_person": ()}, False),
]


@pytest.mark.parametrize(("changes", "identified"), IDENTIFIED)
def test_nobody_is_asked_about_a_child_whom_no_researcher_could_find(
    changes: dict[str, Any], identified: bool
) -> None:
    child = given.child().model_copy(update=changes)
    fact = requested(rated(notification=given.notification(subject=child)))
    ruled = set(codes(fact.not_asked).values())
    assert (RuledOut.NOT_IDENTIFIED in ruled) is not identified
    assert bool(fact.requests) is identified


@pytest.mark.parametrize(
    ("rating", "chosen", "asks"),
    [
        (Colour.AMBER, {}, False),
        (Colour.GREEN, {}, False),
        (Colour.RED, {}, True),
        (Colour.AMBER, {"legal_basis": "Children Act 2004, section 10"}, True),
        (Colour.AMBER, {"legal_basis": None}, False),
    ],
)
def test_where_consent_was_refused_nobody_is_asked_without_another_basis(
    rating: Colour, chosen: dict[str, Any], asks: bool
) -> None:
    told = ParentsInformed(informed=True, consent="refused")
    overrules = [{"reason": "consent_refused", "rationale": "At risk.", **chosen}] if chosen else ()
    about = given.notification(parents_informed=told)
    outcome = rated(given.assigned(rating, overrules=overrules), notification=about)
    fact = requested(outcome)
    assert bool(fact.requests) is asks
    assert (RuledOut.CONSENT_REFUSED in codes(fact.not_asked).values()) is not asks
    if chosen.get("legal_basis"):
        request = fact.requests[0]
        assert (request.legal_basis, request.basis_reason) == (chosen["legal_basis"], "At risk.")
        assert request.consent == "refused"


@pytest.mark.parametrize(
    ("agency", "asks"), [(None, True), ("health_visiting", True), ("school", False)]
)
def test_who_decides_may_have_an_agency_asked_that_should_hold_nothing(
    agency: str | None, asks: bool
) -> None:
    overrule = {"reason": "holds_nothing", "agency": agency, "rationale": "A baby brother."}
    outcome = rated(given.assigned(Colour.AMBER, overrules=[overrule]))
    assert ("health_visiting" in asked(outcome)) is asks


@pytest.mark.parametrize("reason", [RuledOut.ADULT, RuledOut.NOT_IDENTIFIED])
def test_about_adults_and_who_is_not_identified_nobodys_word_has_anybody_asked(
    reason: RuledOut,
) -> None:
    with pytest.raises(ValidationError):
        Overrule.model_validate({"reason": reason, "rationale": "All the same."})


def test_who_notified_the_hub_of_an_adult_is_told_and_adult_services_once_a_human_has_rated() -> (
    None
):
    services = given.profile().model_copy(update={"adult_services": "adult_services"})
    policy = given.policy(given.partner("adult_services"), profile_=services)
    grown = given.child().model_copy(update={"date_of_birth": BORN["forty-five"]})
    step = asking(policy)
    (told,) = step.when(given.linked(notification=given.notification(subject=grown))).letters
    assert told.agency == "police"
    assert isinstance(told.notice, AdultMatter)
    assert told.notice.about is not None
    assert told.notice == AdultMatter(
        about=told.notice.about,
        explanation="The person was 18 or older when it was observed, so this is an adult matter, "
        "and the hub asks nobody about it.",
        referral_id="ref-1",
        case_id="case-1",
        reference="R-1",
        handed_to="adult_services",
        contact="adult_services duty desk",
    )
    (handed,) = step.when(AMBER).letters
    assert handed.agency == "adult_services"
    assert isinstance(handed.notice, AdultMatter)
    assert (handed.notice.reference, handed.notice.contact) == (
        None,
        "childrens_social_care duty desk",
    )
    assert handed.notice.explanation == (
        "There is a concern about a person who was 18 or older when it was observed: ring to hear "
        "what it is."
    )
    assert step.when(RED).letters == ()


@pytest.mark.parametrize("tells", [("names", "born"), ()])
def test_who_told_of_an_adult_is_told_whom_it_is_about_and_adult_services_what_it_lets_be_told(
    tells: tuple[str, ...],
) -> None:
    signed = given.partner("police").agreement
    assert signed is not None
    agreed = IdentityAgreed.model_validate({"to": ("adult_services",), "tells": tells})
    owner = given.partner("police", agreement=signed.model_copy(update={"identity": (agreed,)}))
    services = given.profile().model_copy(update={"adult_services": "adult_services"})
    policy = given.policy(owner, given.partner("adult_services"), profile_=services)
    grown = given.child().model_copy(update={"date_of_birth": BORN["forty-five"]})
    step = asking(policy)
    (to_sender,) = step.when(given.linked(notification=given.notification(subject=grown))).letters
    (to_services,) = step.when(AMBER).letters
    blocks = [one.notice.about for one in (to_sender, to_services)]  # type: ignore[attr-defined]
    assert (blocks[0].names, blocks[0].address) == (grown.name, grown.address)
    assert blocks[0].your_reference == "R-1"
    told = {field.value for field in IdentityField if blocks[1].told(field)}
    assert told == set(tells)
    assert bool(blocks[1].ring) is not bool(tells)
    assert blocks[1].your_reference is None


@pytest.mark.parametrize("person", ["person-1", "person-2"])
def test_while_it_is_in_doubt_whose_child_it_is_requests_wait_for_a_human_to_say(
    person: str,
) -> None:
    step = asking()
    plan = prepared(step.when(in_review()))
    assert set(codes(plan.not_asked).values()) == {RuledOut.LINK_IN_REVIEW}
    assert step.when(AMBER).facts == ()
    outcome = step.when(given.corrected().model_copy(update={"person_id": person}))
    assert asked(outcome) == FULL
    assert {request.case_id for request in requested(outcome).requests} == {"case-2"}


def test_who_rates_while_it_is_in_doubt_whose_child_it_is_is_told_once_that_nobody_is_asked() -> (
    None
):
    step = asking().given(in_review())
    (letter,) = step.when(AMBER).letters
    assert letter.agency == "childrens_social_care"
    assert isinstance(letter.notice, RequestsPlanned)
    assert not letter.notice.left
    plan = letter.notice.plan
    assert (plan.colour, plan.agencies) == (Colour.AMBER, ())
    assert set(codes(plan.not_asked).values()) == {RuledOut.LINK_IN_REVIEW}
    assert step.state.not_asked == plan.not_asked
    assert step.when(RED).letters == ()


def test_whoever_decides_is_told_what_would_leave_once_it_is_settled_whose_child_it_is() -> None:
    step = asking().given(in_review())
    outcome = step.when(given.corrected())
    assert prepared(outcome).agencies == tuple(FULL)
    (letter,) = outcome.letters
    assert letter.agency == "childrens_social_care"
    assert isinstance(letter.notice, RequestsPlanned)
    assert (letter.notice.left, letter.notice.plan) == (False, prepared(outcome))
    assert step.when(given.corrected(from_="case-2", to="case-3", revision=1)).letters == ()


def test_a_decision_that_is_taken_back_leaves_a_link_that_was_in_doubt_in_doubt_again() -> None:
    back = given.corrected(from_="case-2", to="case-1", revision=2)
    step = asking().given(
        in_review(),
        given.corrected(revision=1),
        back.model_copy(update={"in_doubt": True}),
    )
    assert step.when(AMBER).facts == ()
    step = asking().given(
        given.linked(), given.corrected(), back.model_copy(update={"in_doubt": True})
    )
    assert asked(step.when(AMBER)) == FULL


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({}, False),
        ({"agencies": ("gp", "health_visiting")}, True),
        ({"agencies": ("gp",)}, False),
        ({"agencies": ("gp", "fire_service")}, True),
    ],
)
def test_whoever_decides_is_told_of_agencies_that_are_not_asked_though_they_chose_them(
    chosen: dict[str, Any], told: bool
) -> None:
    outcome = rated(given.assigned(Colour.AMBER, **chosen))
    plans = [one.notice for one in outcome.letters if isinstance(one.notice, RequestsPlanned)]
    assert [(plan.left, plan.plan.not_asked) for plan in plans] == (
        [(True, requested(outcome).not_asked)] if told else []
    )


def test_a_rating_that_rules_out_somebody_whom_the_suggestion_did_not_is_told() -> None:
    told = ParentsInformed(informed=True, consent="refused")
    about = given.notification(given.HIT, parents_informed=told)
    step = asking().given(given.linked(notification=about))
    (letter,) = step.when(AMBER).letters
    assert isinstance(letter.notice, RequestsPlanned)
    assert codes(letter.notice.plan.not_asked)["school"] is RuledOut.CONSENT_REFUSED


def test_what_a_request_states_is_compared_with_what_was_known_and_says_what_was_found() -> None:
    linked = given.linked(checked={"name": "agrees", "date_of_birth": "differs"})
    step = asking()
    plan = prepared(step.when(linked))
    request = requested(step.when(AMBER)).requests[0]
    assert request.checks == plan.checks
    assert {one.fact: one.found for one in request.checks} == {
        "name": "agrees",
        "date_of_birth": "differs",
        "relation": "not_known",
        "sharing": "agrees",
    }
    assert all(one.against for one in request.checks)


@pytest.mark.parametrize(("person", "found"), [("person-1", "agrees"), ("person-2", "differs")])
def test_what_is_stated_is_compared_with_the_child_whom_it_was_found_to_be_about(
    person: str, found: str
) -> None:
    moved = given.corrected().model_copy(update={"checked": {"name": "differs"}})
    step = asking().given(
        given.linked(checked={"name": "agrees"}), moved.model_copy(update={"person_id": person})
    )
    request = requested(step.when(AMBER)).requests[0]
    assert request.checks[0].found == found


def test_a_case_with_an_allocated_worker_is_not_gathered_for_before_a_human_has_rated_it() -> None:
    outcome = asking().when(given.linked(allocated_to=given.worker()))
    assert (outcome.facts, outcome.letters) == ((), ())


def test_the_same_link_told_twice_asks_once() -> None:
    assert asking().given(given.linked(), AMBER).when(given.linked()) == Outcome()


def test_agencies_are_asked_about_whom_the_notifier_lets_be_told_and_no_others() -> None:
    tells = (IdentityField.NAMES, IdentityField.BORN, IdentityField.ADDRESS)
    agreement = given.partner("police").agreement
    assert agreement is not None
    told = (IdentityAgreed(to=("gp",), tells=tells), IdentityAgreed(to=("education",), tells=()))
    agreed = agreement.model_copy(update={"identity": told})
    policy = given.policy(
        given.partner("police", agreement=agreed), given.partner("school", kind="education")
    )
    fact = requested(asking(policy).given(given.linked()).when(AMBER))
    requests = {one.agency: one for one in fact.requests}
    assert requests["gp"].about is not None
    assert requests["gp"].about.address == given.child().address
    assert requests["gp"].child.identifier == ()
    assert codes(fact.not_asked)["school"] is RuledOut.NOT_TOLD
