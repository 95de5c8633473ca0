"""Hop 4b: the least level that will do, one lawful request per agency, when a human has rated."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from router.steps.identity import NOT_AGREED, PROTECTED
from router.steps.request_information import decide as request_information
from schemas.base import Fact
from schemas.case import LinkOutcome
from schemas.gathering import Level
from schemas.identity import AGREED, IdentityAgreed, IdentityBlock, IdentityField, LeftOut
from schemas.information import (
    Consent,
    InformationRequest,
    InformationRequested,
    RequestsPrepared,
)
from schemas.notification import ParentsInformed
from schemas.person import Address, Contact, Name, PartialDate, RelatedPerson, Risk
from schemas.policy import Policy
from schemas.rating import Colour, RatingAssigned
from tests.support import given
from tests.support.gathering import (
    AMBER,
    BLUE,
    EVERY,
    FULL,
    GREEN,
    HOUR,
    answer,
    asked,
    asking,
    in_review,
    item,
    prepared,
    rated,
    request_id,
    requested,
)
from tests.support.given import NOON


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
