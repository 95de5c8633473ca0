"""Hop 4b: the least level that will do, one lawful request per agency, and every answer, late or
missing, a fact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from router.step import Outcome
from router.steps.identity import NOT_AGREED, PROTECTED
from router.steps.request_information import decide as request_information
from schemas.base import Fact
from schemas.calendar import Contact as Chained
from schemas.case import ChildLinked, LinkOutcome
from schemas.gathering import Level, NotAsked, Overrule, RuledOut
from schemas.identity import AGREED, IdentityAgreed, IdentityBlock, IdentityField, LeftOut
from schemas.information import (
    Consent,
    InformationAnswered,
    InformationItem,
    InformationMissing,
    InformationOffered,
    InformationReceived,
    InformationRequest,
    InformationRequested,
    InformationResponse,
    InformationVolunteered,
    RequestCancelled,
    RequestChanged,
    RequestPlan,
    RequestsPrepared,
    Sensitivity,
    VolunteeredInformation,
)
from schemas.message import derived_id
from schemas.notices import (
    AdultMatter,
    RequestCancellation,
    RequestChange,
    RequestsPlanned,
)
from schemas.notification import ParentsInformed
from schemas.owed import ClockChased, ClockEscalated, ClockWarned, OwedNotice
from schemas.person import Address, Contact, Name, PartialDate, RelatedPerson, Risk
from schemas.policy import Agreement, Policy
from schemas.rating import Colour, RatingAssigned
from schemas.refusals import Refusal
from tests.support import given
from tests.support.given import NOON, Given

HOUR = dt.timedelta(hours=1)


def asking(policy: Policy | None = None) -> Given:
    return Given(request_information.STEP, policy)


def request_id(agency: str) -> str:
    return derived_id("request", "ref-1", agency)


def item(item_id: str = "1", owner: str = "school", **changes: Any) -> InformationItem:
    told = {
        "item_id": item_id,
        "owner": owner,
        "text": "Attendance is 62%.",
        "sensitivity": Sensitivity.ROUTINE,
        "may_be_revealed": True,
        "may_leave": True,
    }
    return InformationItem.model_validate(told | changes)


def answer(agency: str = "school", *items: InformationItem, **changes: Any) -> InformationReceived:
    told = {
        "request_id": request_id(agency),
        "referral_id": "ref-1",
        "case_id": "case-1",
        "known": bool(items),
        "items": items,
        "answered_by": "D. Safeguarding-Lead",
    }
    return InformationReceived(
        agency=agency, response=InformationResponse.model_validate(told | changes)
    )


def requested(outcome: Outcome[Any]) -> InformationRequested:
    (fact,) = given.of(InformationRequested, outcome.facts)
    return fact


def asked(outcome: Outcome[Any]) -> list[str]:
    return [request.agency for request in requested(outcome).requests]


RED, AMBER, GREEN, BLUE = (
    given.assigned(colour) for colour in (Colour.RED, Colour.AMBER, Colour.GREEN, Colour.BLUE)
)
FULL = ["school", "gp", "childrens_social_care"]
"""All of the level but the police, which notified, and health visiting: the child is eight."""
EVERY = ["police", "school", "gp", "health_visiting", "childrens_social_care"]


def prepared(outcome: Outcome[Any]) -> RequestPlan:
    (fact,) = given.of(RequestsPrepared, outcome.facts)
    return fact.plan


def rated(*ratings: Fact, **changes: Any) -> Outcome[Any]:
    """What leaves when a referral about domestic abuse is rated."""
    return asking().given(given.linked(**changes)).when(*(ratings or (AMBER,)))


def codes(not_asked: Iterable[NotAsked]) -> dict[str, RuledOut | None]:
    return {one.agency: one.code for one in not_asked}


@pytest.mark.parametrize(
    ("narrative", "level", "agencies"),
    [
        (given.MOVED, Level.NONE, ()),
        (given.MISSING_EPISODE, Level.BASIC, ("school", "gp")),
        (given.DOMESTIC_ABUSE, Level.FULL, tuple(FULL)),
    ],
)
def test_requests_are_prepared_beside_the_rating_and_nothing_leaves(
    narrative: str, level: Level, agencies: tuple[str, ...]
) -> None:
    outcome = asking().when(given.linked(narrative))
    plan = prepared(outcome)
    assert (plan.level, plan.agencies) == (level, agencies)
    assert given.of(InformationRequested, outcome.facts) == []
    assert (outcome.letters, outcome.timers) == ((), ())


@pytest.mark.parametrize(
    ("rating", "level", "agencies"),
    [(BLUE, Level.NONE, []), (GREEN, Level.BASIC, ["school", "gp"]), (AMBER, Level.FULL, FULL)],
)
def test_they_leave_when_a_human_has_rated_and_the_rating_decides_how_much_is_gathered(
    rating: RatingAssigned, level: Level, agencies: list[str]
) -> None:
    outcome = rated(rating)
    assert requested(outcome).level is level
    assert asked(outcome) == agencies
    assert [letter.agency for letter in outcome.letters] == agencies
    assert tuple(letter.notice for letter in outcome.letters) == requested(outcome).requests


def test_nobody_was_hit_at_home_asks_nobody_before_a_human_has_looked() -> None:
    outcome = asking().when(given.linked("There is no sexual abuse and nobody was hit at home."))
    assert outcome.letters == ()
    assert [type(fact) for fact in outcome.facts] == [RequestsPrepared]


def test_that_nothing_is_gathered_is_recorded_with_the_reason() -> None:
    outcome = rated(BLUE)
    assert requested(outcome).reasons[0] == "A rating of blue gathers at level none."
    assert outcome.timers == ()


@pytest.mark.parametrize(
    ("chosen", "agencies"),
    [
        ({"level": "basic"}, ["school", "gp"]),
        ({"level": "none"}, []),
        ({"agencies": ("housing", "gp")}, ["housing", "gp"]),
        ({"agencies": ("police",)}, ["police"]),
        ({"agencies": ()}, []),
    ],
)
def test_who_rates_chooses_the_level_or_the_agencies_even_who_notified(
    chosen: dict[str, Any], agencies: list[str]
) -> None:
    outcome = rated(given.assigned(Colour.AMBER, **chosen))
    assert asked(outcome) == agencies
    assert requested(outcome).level is Level(chosen.get("level", "full"))


def test_the_question_of_who_rates_is_in_every_request() -> None:
    outcome = rated(given.assigned(Colour.GREEN, question="Who fetches the child?"))
    assert [one.question for one in requested(outcome).requests] == ["Who fetches the child?"] * 2
    assert "question" not in requested(rated()).requests[0].model_dump()


def eager(colour: Colour) -> Policy:
    """A borough that has a colour's requests leave on the suggestion."""
    shipped = given.profile()
    rule = shipped.colours[colour].model_copy(update={"gather_on": "suggestion"})
    changed = {"colours": shipped.colours | {colour: rule}}
    return given.policy(profile_=shipped.model_copy(update=changed))


def test_where_the_profile_says_so_a_colours_requests_leave_on_the_suggestion() -> None:
    assert all(rule.gather_on == "rating" for rule in given.profile().colours.values())
    outcome = asking(eager(Colour.AMBER)).when(given.linked())
    assert asked(outcome) == FULL
    assert "The profile has its requests leave on the suggestion." in requested(outcome).reasons
    assert asking(eager(Colour.RED)).when(given.linked()).letters == ()


def test_a_green_of_friday_evening_is_not_due_from_a_school_at_the_weekend() -> None:
    friday = dt.datetime(2026, 11, 27, 16, 55, tzinfo=dt.UTC)
    tuesday = dt.datetime(2026, 12, 1, 17, tzinfo=dt.UTC)
    step = asking().given(given.linked(given.MISSING_EPISODE))
    rating = given.assigned(Colour.GREEN, product_due_at=tuesday)
    (request, *_) = requested(step.when(rating, at=friday)).requests
    assert request.agency == "school"
    assert request.due_at == dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)


def test_the_police_are_there_on_saturday_night() -> None:
    saturday = dt.datetime(2026, 11, 28, 23, tzinfo=dt.UTC)
    step = asking().given(given.linked(given.MISSING_EPISODE))
    red = given.assigned(
        Colour.RED, product_due_at=saturday + 4 * HOUR, agencies=("police", "school")
    )
    due = {one.agency: one.due_at for one in requested(step.when(red, at=saturday)).requests}
    monday = dt.datetime(2026, 11, 30, 9, 30, tzinfo=dt.UTC)
    assert due == {"police": saturday + 2 * HOUR, "school": monday}


HINT = "A hint by words of the text, and no more:"


def test_a_request_says_why_on_what_basis_and_by_when() -> None:
    informed = ParentsInformed(informed=True, consent="given")
    narrative = given.notification(given.DOMESTIC_ABUSE, parents_informed=informed)
    request = requested(rated(notification=narrative)).requests[0]
    assert request.summary == f"{HINT} Domestic abuse at the home."
    assert request.legal_basis == "Children Act 1989, section 17; Children Act 2004, section 11"
    assert request.consent == "given"
    assert request.sharing_policy == "ISA/school"
    # Half of the seven and a half hours that the school is open until the products are due.
    assert request.due_at == NOON + 20.25 * HOUR
    assert request.purpose
    assert request.facts_checked


def test_who_is_asked_late_has_a_share_of_the_time_that_is_left() -> None:
    step = asking().given(given.linked())
    at = NOON + 20 * HOUR
    assert requested(step.when(AMBER, at=at)).requests[0].due_at == at + 2 * HOUR


def test_a_request_does_not_carry_the_narrative_nor_where_the_child_lives() -> None:
    sent = requested(rated()).requests[0].model_dump_json()
    for secret in (given.DOMESTIC_ABUSE, "Balmoral", "ZZ99", "01632 960123"):
        assert secret not in sent


HOME = Address(line1="7 Bramble Close", postcode="BD53 7BD")
MARIAM = RelatedPerson(
    name=Name(given_name=("Mariam",), family_name=("Chowdhury",)),
    relationship="mother",
    date_of_birth=PartialDate(date=dt.date(1988, 1, 21)),
)
MAREK = RelatedPerson(
    name=Name(given_name=("Marek",), family_name=("Oldroyd",)), relationship="father"
)


def asked_about_family(*family: RelatedPerson, policy: Policy | None = None) -> IdentityBlock:
    """What the school is told where the police notified the hub of Tilly and these."""
    child = given.child().model_copy(update={"related_person": family})
    about = given.linked(notification=given.notification(subject=child))
    step = asking(policy).given(about)
    told = next(one for one in requested(step.when(AMBER)).requests if one.agency == "school")
    assert told.about is not None
    assert told.child.related_person == told.about.family
    return told.about


def test_a_request_names_the_family_and_not_where_they_are_nor_how_to_reach_them() -> None:
    reached = {"address": (HOME,), "contact": (Contact(telephone=("01632 960124",)),)}
    mother = MARIAM.model_copy(update=reached)
    father = MAREK.model_copy(update={"risk": Risk.FLED_FROM, "works_for": ("Sample Schools",)})
    assert asked_about_family(mother, father).family == (MARIAM, MAREK)


def test_of_a_family_nobody_is_named_in_a_request_who_is_protected_nor_the_childs_doctor() -> None:
    hidden = MAREK.model_copy(update={"protected": True})
    doctor = RelatedPerson(name=Name(family_name=("Feld",)), relationship="gp")
    block = asked_about_family(MARIAM, hidden, doctor)
    assert block.family == (MARIAM,)
    assert [one.field for one in block.left_out if one.reason == PROTECTED] == ["family"]
    assert "Oldroyd" not in block.model_dump_json()


def test_a_family_is_named_in_a_request_only_where_its_owner_lets_it_be_told() -> None:
    tells = IdentityAgreed(to=("school",), tells=("names", "born", "sex", "identifiers"))
    signed = given.partner("police").agreement
    assert signed is not None
    owner = given.partner(
        "police", agreement=signed.model_copy(update={"identity": (tells, AGREED)})
    )
    block = asked_about_family(MARIAM, policy=given.policy(owner))
    assert block.tells_apart
    assert block.family == ()
    assert LeftOut(field=IdentityField.FAMILY, reason=NOT_AGREED) in block.left_out


def test_a_request_about_an_unborn_child_names_the_mother() -> None:
    unborn = given.notification(subject=given.unborn())
    request = requested(rated(notification=unborn)).requests[0]
    assert request.child.related_person[0].name.family_name == ("Chowdhury",)


@pytest.mark.parametrize(
    "field", ["purpose", "legal_basis", "summary", "due_at", "facts_checked", "sharing_policy"]
)
def test_a_request_without_purpose_basis_summary_or_due_time_cannot_be_made(field: str) -> None:
    whole = requested(rated()).requests[0].model_dump()
    with pytest.raises(ValidationError):
        InformationRequest.model_validate({**whole, field: ""})
    del whole[field]
    with pytest.raises(ValidationError):
        InformationRequest.model_validate(whole)


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


def in_review() -> ChildLinked:
    return given.linked(outcome=LinkOutcome.REVIEW)


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


def test_an_answer_from_the_agency_that_was_asked_is_taken() -> None:
    outcome = asking().given(given.linked(), AMBER).when(answer("school", item()))
    (fact,) = given.of(InformationAnswered, outcome.facts)
    assert (fact.agency, fact.known, fact.late) == ("school", True, False)
    assert fact.items[0].text == "Attendance is 62%."


def test_items_of_two_agencies_never_share_an_id() -> None:
    step = asking().given(
        given.linked(), AMBER, answer("school", item("1")), answer("gp", item("1", owner="gp"))
    )
    ids = [
        item.item_id for fact in given.of(InformationAnswered, step.facts) for item in fact.items
    ]
    assert len(set(ids)) == 2


def test_an_item_that_is_told_again_is_the_same_item_whatever_was_asked() -> None:
    again = InformationOffered(
        agency="school",
        referral_id="ref-1",
        offered=VolunteeredInformation(
            items=(item("1", text="Attendance is 60%."), item("2")),
            volunteered_by="D. Safeguarding-Lead",
        ),
    )
    step = asking().given(given.linked(), AMBER, answer("school", item("1")), again)
    (first,) = given.of(InformationAnswered, step.facts)
    (second,) = given.of(InformationVolunteered, step.facts)
    assert second.items[0].item_id == first.items[0].item_id
    assert second.items[1].item_id != first.items[0].item_id


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (answer("gp", request_id=request_id("school")), Refusal("refused.not-yours", "request_id")),
        (
            answer("school", request_id="request-9"),
            Refusal("refused.unknown-subject", "request_id"),
        ),
        (answer("school", case_id="case-9"), Refusal("refused.unknown-subject", "case_id")),
        (answer("school", item(owner="nobody")), Refusal("invalid.code", "items[0].owner")),
        (answer("school", item("1"), item("1")), Refusal("invalid.value", "items[1].item_id")),
        (answer("school", referral_id="ref-9"), Refusal("refused.unknown-subject", "referral_id")),
    ],
)
def test_answers_that_were_not_asked_of_the_sender_are_refused(
    wrong: InformationReceived, refusal: Refusal
) -> None:
    step = asking()
    if wrong.response.referral_id == "ref-1":
        step.given(given.linked(), AMBER)
    assert step.when(wrong).refusal == refusal


def test_the_same_answer_told_twice_is_one_answer_and_another_is_refused() -> None:
    step = asking().given(given.linked(), AMBER, answer("school", item()))
    assert step.when(answer("school", item())) == Outcome()
    assert step.when(answer("school")).refusal == Refusal("refused.closed", "request_id")


def run_out(step: Given, first: Outcome[Any], *, until: dt.datetime) -> list[Fact]:
    """Let every timer run out that is due by ``until``; what they tell, in order."""
    facts: list[Fact] = []
    timers = list(first.timers)
    while timers and timers[0].due_at <= until:
        outcome = step.when(given.elapsed("request_information", timers.pop(0).due_at))
        facts += outcome.facts
        timers += outcome.timers
    return facts


def test_who_has_not_answered_when_it_is_due_in_its_own_time_is_missing() -> None:
    step = asking().given(given.linked())
    outcome = step.when(AMBER)
    (timer,) = outcome.timers
    assert NOON < timer.due_at < NOON + 4 * HOUR, "whoever is first to answer is warned before"
    answered = step.when(answer("school", item()))
    missing = given.of(InformationMissing, run_out(step, answered, until=NOON + 24 * HOUR))
    assert [fact.agency for fact in missing] == ["childrens_social_care", "gp"]


def test_a_timer_that_runs_out_twice_or_too_early_tells_nothing() -> None:
    step = asking().given(given.linked(), AMBER)
    assert step.when(given.elapsed("request_information", NOON + 2 * HOUR)) == Outcome()
    step.when(given.elapsed("request_information", NOON + 4 * HOUR))
    assert step.when(given.elapsed("request_information", NOON + 4 * HOUR)) == Outcome()


@pytest.mark.parametrize("timer_first", [True, False])
def test_a_late_answer_is_taken_and_said_to_be_late(timer_first: bool) -> None:
    step = asking().given(given.linked(), AMBER)
    if timer_first:
        step.when(given.elapsed("request_information", NOON + 21 * HOUR))
    (fact,) = given.of(
        InformationAnswered, step.when(answer("school", item()), at=NOON + 22 * HOUR).facts
    )
    assert fact.late


def test_what_nobody_answers_goes_up_in_the_agencys_own_time() -> None:
    step = asking().given(given.linked())
    first = step.when(AMBER)
    facts = run_out(step, first, until=NOON + 22 * HOUR)
    assert "school" not in {fact.agency for fact in given.of(ClockEscalated, facts)}
    # Half as much again as it had: an hour and 52.5 minutes from Thursday 09:15 on its clock.
    up_at = NOON + 20.25 * HOUR + dt.timedelta(minutes=112.5)
    outcome = step.when(given.elapsed("request_information", up_at))
    escalated = given.of(ClockEscalated, outcome.facts)
    (fact,) = [one for one in escalated if one.agency == "school"]
    (letter,) = [one for one in outcome.letters if one.key.endswith(str(fact.subject_id))]
    assert fact.told == Chained(role="Duty manager", reach="01632 960102")
    assert isinstance(letter.notice, OwedNotice)
    assert (letter.agency, letter.notice.escalated_to) == ("childrens_social_care", fact.told)
    assert letter.notice.due_at == NOON + 20.25 * HOUR
    assert not [one for one in step.state.asked if one.agency == "school" and one.next_at]


def test_who_owes_an_answer_is_warned_and_chased_and_then_the_chain_is_told() -> None:
    """A school has 3 hours 45 minutes of its own time; Wednesday 13:00 by its clock."""
    step = asking().given(given.linked())
    timers = list(step.when(AMBER).timers)
    told: list[tuple[str, dt.datetime, str, str]] = []
    while timers:
        at = timers.pop(0).due_at
        outcome = step.when(given.elapsed("request_information", at))
        timers += outcome.timers
        notices = [(one.agency, one.notice) for one in outcome.letters]
        told += [
            (agency, at, one.moment, one.next)
            for agency, one in notices
            if isinstance(one, OwedNotice) and one.agency == "school"
        ]
    assert [(agency, moment) for agency, _, moment, _ in told] == [
        ("school", "warned"),
        ("school", "chased"),
        ("childrens_social_care", "escalated"),
    ]
    assert told[1][1] == NOON + 20.25 * HOUR
    assert told[0][3] == (
        "It is due by Thursday 11 June 2026, 09:15; if it has not come by then, you are asked "
        "again."
    )
    assert told[1][3].endswith("Duty manager is told.")
    assert told[2][3] == "Nobody else is told by the hub: please settle it between you."
    kinds = [type(fact) for fact in step.facts if getattr(fact, "agency", "") == "school"]
    assert kinds == [ClockWarned, InformationMissing, ClockChased, ClockEscalated]


def test_who_has_answered_is_neither_warned_nor_chased() -> None:
    step = asking().given(given.linked())
    step.when(AMBER)
    facts = run_out(step, step.when(answer("school", item())), until=NOON + 300 * HOUR)
    assert "school" not in {fact.of_agency for fact in facts}
    assert given.of(ClockEscalated, facts)


def test_all_answered_leaves_nothing_missing() -> None:
    step = asking().given(given.linked(), GREEN, answer("school"), answer("gp"))
    assert step.when(given.elapsed("request_information", NOON + 90 * HOUR)) == Outcome()


def test_a_raised_rating_asks_those_who_were_not_asked_before() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN)
    red = given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR)
    outcome = step.when(red, at=NOON + HOUR)
    assert asked(outcome) == ["childrens_social_care"]
    assert requested(outcome).requests[0].legal_basis == "Children Act 1989, section 47"
    (first,) = outcome.timers
    assert first.due_at == NOON + 1.75 * HOUR, "the school's, which is warned before its due time"


def changes(outcome: Outcome[Any]) -> dict[str, RequestChange]:
    notices = (letter.notice for letter in outcome.letters)
    return {one.agency: one for one in given.of(RequestChange, notices)}


def test_a_raised_rating_tells_who_is_asked_on_what_it_stands_and_by_when() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN, answer("gp"))
    red = given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR)
    before = {one.agency: one.due_at for one in step.state.asked}
    outcome = step.when(red, at=NOON + HOUR)
    (school,) = changes(outcome).values()
    assert (school.agency, school.legal_basis) == ("school", "Children Act 1989, section 47")
    assert school.level is Level.FULL
    assert school.due_at < before["school"]
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.agency, fact.due_at) == ("school", school.due_at)
    assert fact.rationale == "The rating was raised from green to red."


def test_due_times_of_two_rounds_are_each_watched() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN)
    outcome = step.when(given.assigned(Colour.RED, product_due_at=NOON + 5 * HOUR), at=NOON + HOUR)
    missing = given.of(InformationMissing, run_out(step, outcome, until=NOON + 72 * HOUR))
    assert {fact.agency for fact in missing} == {"school", "gp", "childrens_social_care"}


def cancellations(outcome: Outcome[Any]) -> dict[str, RequestCancellation]:
    notices = (letter.notice for letter in outcome.letters)
    return {one.agency: one for one in given.of(RequestCancellation, notices)}


def test_what_a_lowered_rating_does_not_name_is_asked_no_more() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    outcome = step.when(GREEN, at=NOON + HOUR)
    assert set(cancellations(outcome)) == {"childrens_social_care"}
    assert set(changes(outcome)) == {"school", "gp"}
    (fact,) = given.of(RequestCancelled, outcome.facts)
    assert fact.rationale == "The rating was lowered from amber to green."
    (letter,) = cancellations(outcome).values()
    assert letter.reason == "Less is needed now than when it was asked."
    assert len(outcome.takes_back) == 1
    told = requested(outcome)
    assert (told.requests, told.level) == ((), Level.BASIC)


def test_whoever_lowers_a_rating_keeps_what_it_names() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    outcome = step.when(given.assigned(Colour.GREEN, agencies=("childrens_social_care",)))
    assert "childrens_social_care" not in cancellations(outcome)
    assert set(cancellations(outcome)) == {"school", "gp"}


def test_whoever_is_asked_is_told_that_the_child_was_taken_for_another() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), GREEN, answer("gp"))
    outcome = step.when(given.corrected(), at=NOON + HOUR)
    (school,) = changes(outcome).values()
    assert (school.agency, school.case_id) == ("school", "case-2")
    assert school.says is not None
    assert "taken for another" in school.says
    (fact,) = given.of(RequestChanged, outcome.facts)
    assert (fact.due_at, fact.decided_by) == (school.due_at, "A. Reviewer")


def test_the_same_colour_again_changes_nothing() -> None:
    step = asking().given(given.linked(), AMBER)
    outcome = step.when(AMBER)
    assert (outcome.facts, outcome.letters) == ((), ())


def test_who_was_asked_no_more_is_asked_anew_when_the_rating_is_raised_again() -> None:
    step = asking().given(given.linked(given.MISSING_EPISODE), AMBER)
    first = {one.request_id for one in step.state.asked}
    step.when(given.assigned(Colour.BLUE), at=NOON + HOUR)
    outcome = step.when(AMBER, at=NOON + 2 * HOUR)
    again = requested(outcome).requests
    assert sorted(one.agency for one in again) == ["childrens_social_care", "gp", "school"]
    assert first.isdisjoint(one.identifier for one in again)


EVENTS: list[Fact] = [
    in_review(),
    given.corrected(),
    GREEN,
    given.assigned(Colour.RED, agencies=("school", "police")),
]


@pytest.mark.parametrize("policy", [None, eager(Colour.AMBER)], ids=["rating", "suggestion"])
def test_in_whatever_order_facts_come_the_same_requests_leave_and_none_before_a_rating(
    policy: Policy | None,
) -> None:
    sent = []
    for order in permutations(EVENTS):
        step, told = asking(policy), set()
        for number, fact in enumerate(order):
            letters = step.when(fact).letters
            asks = {one.notice for one in letters if isinstance(one.notice, InformationRequest)}
            told |= {one.identifier for one in asks}
            heard = given.of(RatingAssigned, order[: number + 1])
            assert not asks or heard or policy is not None
        sent.append(told)
    agencies = ["school", "gp", "police"] if policy is None else ["police", *FULL]
    assert all(one == set(map(request_id, agencies)) for one in sent)


OF_LEVEL = {"none": (), "basic": ("school", "gp"), "full": tuple(EVERY)}
OF_COLOUR = {"blue": "none", "green": "basic", "amber": "full", "red": "full"}
"""As the sample borough has it, written apart from its profile."""


@dataclass(frozen=True)
class Story:
    """What is told of a referral by the police about a child of eight, in some order."""

    consent: Consent
    doubtful: bool
    settled: bool
    ratings: tuple[dict[str, Any], ...]

    def facts(self) -> list[Fact]:
        told = ParentsInformed(informed=True, consent=self.consent)
        outcome = LinkOutcome.REVIEW if self.doubtful else LinkOutcome.NEW
        about = given.notification(parents_informed=told)
        settled = [given.corrected()] if self.settled else []
        linked = given.linked(notification=about, outcome=outcome)
        return [linked, *settled, *(given.assigned(**rating) for rating in self.ratings)]

    def asked(self) -> set[str]:
        """Who is to be asked in the end."""
        if self.doubtful and not self.settled:
            return set()
        return {agency for rating in self.ratings for agency in self._by(rating)}

    def _by(self, rating: dict[str, Any]) -> set[str]:
        if self.consent == "refused" and rating["colour"] != "red":
            return set()
        chosen = rating.get("agencies")
        level = rating.get("level") or OF_COLOUR[rating["colour"]]
        wanted = set(OF_LEVEL[level]) - {"police"} if chosen is None else set(chosen)
        return wanted - {"health_visiting", "fire_service"}


RATINGS = st.fixed_dictionaries(
    {"colour": st.sampled_from(sorted(OF_COLOUR))},
    optional={
        "level": st.sampled_from(sorted(OF_LEVEL)),
        "agencies": st.lists(
            st.sampled_from(["police", "gp", "housing", "health_visiting", "fire_service"]),
            max_size=3,
        ).map(tuple),
    },
)
STORIES = st.builds(
    Story,
    consent=st.sampled_from(["given", "refused", "not_sought"]),
    doubtful=st.booleans(),
    settled=st.booleans(),
    ratings=st.lists(RATINGS, max_size=3).map(tuple),
)


@for_all(STORIES, st.randoms())
def test_whatever_is_told_in_whatever_order_just_those_are_asked_who_are_to_be(
    story: Story, chance: Random
) -> None:
    facts = story.facts()
    chance.shuffle(facts)
    step, rated = asking(), False
    for fact in facts:
        rated = rated or isinstance(fact, RatingAssigned)
        sent = [one.notice for one in step.when(fact).letters]
        assert rated or not any(isinstance(one, InformationRequest) for one in sent)
    asks = [one for fact in given.of(InformationRequested, step.facts) for one in fact.requests]
    assert {one.agency for one in asks} == story.asked()
    assert len({one.identifier for one in asks}) == len(asks)


def test_after_a_correction_answers_under_the_old_case_are_taken_for_the_new_one() -> None:
    step = asking().given(given.linked(), AMBER, given.corrected())
    (fact,) = step.when(answer("school", item())).facts
    assert fact.subject == "case-2"


def test_a_correction_heard_before_the_link_counts_all_the_same() -> None:
    step = asking().given(given.corrected(), given.linked())
    assert requested(step.when(AMBER)).case_id == "case-2"


@pytest.mark.parametrize("rated_last", [True, False])
def test_what_was_handed_to_the_worker_of_another_child_is_asked_about_once_it_is_linked_anew(
    rated_last: bool,
) -> None:
    step = asking().given(given.linked(allocated_to=given.worker()), given.corrected())
    anew = [given.linked(case_id="case-2"), AMBER]
    step.given(*(anew if rated_last else reversed(anew)))
    (fact,) = given.of(InformationRequested, step.facts)
    assert (fact.case_id, len(fact.requests)) == ("case-2", 3)


def test_documents_that_were_written_before_requests_waited_for_a_rating_are_read() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(request_information.STEP.state)
    early = adapter.validate_json(
        b'{"kind":"early","cases":null,"raises":[{"case_id":"case-1","colour":"red"}]}'
    )
    assert [one.colour for one in early.ratings] == [Colour.RED]
    asking_ = adapter.validate_json(
        b'{"kind":"asking","cases":{"now":"case-1"},"level":"full","concern":null,'
        b'"asked":[{"request_id":"r","agency":"gp","due_at":"2026-06-10T12:00:00Z"}]}'
    )
    outcome = request_information.decide(asking_, given.message(AMBER), given.policy())
    assert (outcome.facts, outcome.letters) == ((), ())


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
