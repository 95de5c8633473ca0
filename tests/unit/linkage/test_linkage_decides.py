"""Which child a notification is taken to be about."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from router.linkage import Profile, Subject, describe, found, keys, link, load_model, profile_keys
from router.linkage.compare import SELF, Match, compare_self
from schemas.case import LinkOutcome
from schemas.person import (
    NHS_NUMBER,
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
    Sex,
)

AT = dt.datetime(2025, 3, 4, 9, 30, tzinfo=dt.UTC)
MODEL = load_model()


def child(
    given: str = "William", family: str = "Ashdown", born: str = "2014-05-03", **more: object
) -> Person:
    return Person(
        name=(Name(given_name=(given,), family_name=(family,)),),
        date_of_birth=PartialDate(date=dt.date.fromisoformat(born)),
        **{
            "address": (Address(line1="12 Larkfield Road", city="Netherby", postcode="ZX1 2AB"),),
            "contact": (Contact(telephone=("01632 960999",)),),
            "related_person": (
                RelatedPerson(
                    name=Name(given_name=("Petra",), family_name=(family,)), relationship="mother"
                ),
            ),
            **more,
        },
    )


def subject(person: Person, narrative: str = "") -> Subject:
    return describe(person, observed_at=AT, received_at=AT, narrative=narrative)


def known(person: Person, person_id: str = "p1") -> Profile:
    return found(subject(person), person_id=person_id, family_id="f1", case_id="c1")


def test_a_short_form_of_the_first_name_does_not_hide_the_child() -> None:
    decided = link(subject(child("Bill")), [known(child())], model=MODEL)
    assert decided.outcome is LinkOutcome.LINKED
    assert "first name is a known short form (moderate)" in decided.reasons


def test_swapped_day_and_month_are_the_same_child_where_all_else_agrees() -> None:
    assert (
        link(subject(child(born="2014-03-05")), [known(child())], model=MODEL).outcome
        is LinkOutcome.LINKED
    )


def test_a_number_wrong_in_one_place_is_told_apart_from_another_number() -> None:
    base = subject(child())
    told = found(base._replace(upn="2464828"), person_id="p1", family_id="f1", case_id="c1")
    upn = SELF.index("upn")
    assert compare_self(base._replace(upn="2464288"), told)[upn] == Match.SLIP
    assert compare_self(base._replace(upn="9464282"), told)[upn] == Match.OTHER


def test_a_twin_of_another_name_is_never_linked() -> None:
    twin = link(subject(child("Edmund")), [known(child())], model=MODEL)
    assert twin.outcome is not LinkOutcome.LINKED


def test_a_brother_of_another_age_is_a_new_child_of_the_same_family() -> None:
    decided = link(subject(child("Edmund", born="2017-11-21")), [known(child())], model=MODEL)
    assert decided.outcome is LinkOutcome.NEW
    assert decided.family is not None
    assert decided.family.family_id == "f1"


def test_a_stranger_of_the_same_name_and_birthday_is_looked_at_by_a_human() -> None:
    elsewhere = child(
        address=(Address(line1="7 Quarry Lane", city="Overton", postcode="QX9 8YZ"),),
        contact=(Contact(telephone=("01632 960111",)),),
        related_person=(
            RelatedPerson(
                name=Name(given_name=("Oona",), family_name=("Fenwright",)), relationship="mother"
            ),
        ),
    )
    decided = link(subject(elsewhere), [known(child())], model=MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert [c.person_id for c in decided.candidates] == ["p1"]


def test_nobody_known_means_a_new_child() -> None:
    assert link(subject(child()), [], model=MODEL).outcome is LinkOutcome.NEW


def test_a_profile_reads_back_as_it_was_written() -> None:
    profile = known(child())
    assert Profile.decode(profile.encode()) == profile


def test_a_child_with_one_error_still_shares_a_key_with_its_profile() -> None:
    filed = set(profile_keys(known(child())))
    for seen in (
        child("Wiliam"),
        child(family="Ashdon"),
        child(born="2014-03-05"),
        child("Billy", "Norwood"),
    ):
        assert filed & set(keys(subject(seen)))


def test_between_two_whom_a_human_told_apart_it_takes_as_much_as_a_link_does() -> None:
    rest = known(child(address=(), contact=()), "p2")
    near = replace(MODEL, margin=0.0, link_at=5.0, undated=0.0)
    assert link(subject(child()), [known(child()), rest], model=near).outcome is LinkOutcome.LINKED
    sure = replace(near, link_at=link(subject(child()), [known(child())], model=MODEL).score - 1.0)
    told_apart = known(child())._replace(not_same=("p2",))
    assert link(subject(child()), [told_apart], model=sure).outcome is LinkOutcome.LINKED
    assert link(subject(child()), [told_apart, rest], model=sure).outcome is LinkOutcome.REVIEW


def bare(given: str = "", family: str = "Ashdown", **more: object) -> Person:
    name = Name(given_name=(given,) if given else (), family_name=(family,) if family else ())
    return Person(name=(name,), **more)


def test_a_child_who_cannot_be_known_by_what_is_told_is_for_a_human_even_when_nobody_is_known() -> (
    None
):
    decided = link(subject(bare()), [], model=MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert decided.reasons[0] == "too little is told to know the child by it"


def test_a_child_told_of_without_a_name_is_for_a_human_with_the_likely_ones_beside() -> None:
    decided = link(subject(bare()), [known(child())], model=MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert [c.person_id for c in decided.candidates] == ["p1"]


def test_what_is_told_of_a_child_without_a_name_leads_to_all_of_that_family_name() -> None:
    assert set(keys(subject(bare()))) & set(profile_keys(known(child("Edmund", "Ashdon"))))


def test_another_first_name_without_a_birthday_at_the_same_home_is_for_a_human() -> None:
    seen = child("Ottilie", sex_code=Sex.FEMALE).model_copy(update={"date_of_birth": None})
    assert (
        link(subject(seen), [known(child("Harriet", sex_code=Sex.FEMALE))], model=MODEL).outcome
        is LinkOutcome.REVIEW
    )


def test_a_child_known_twice_since_an_open_review_is_linked_once_evidence_joins_the_two() -> None:
    once, again = known(child("Bill", address=())), known(child(contact=()), "p2")
    decided = link(subject(child()), [once, again], model=MODEL)
    assert decided.outcome is LinkOutcome.LINKED
    assert decided.margin is not None
    assert decided.margin < MODEL.margin


def test_the_next_best_is_told_by_how_far_it_is_behind() -> None:
    decided = link(
        subject(child()),
        [known(child()), known(child("Edmund", born="2017-11-21"), "p2")],
        model=MODEL,
    )
    assert decided.margin is not None
    assert decided.margin > MODEL.margin
    assert link(subject(child()), [known(child())], model=MODEL).margin is None


def test_twins_of_whom_one_is_told_of_without_a_name_are_not_told_apart() -> None:
    nameless = child().model_copy(update={"name": (Name(family_name=("Ashdown",)),)})
    decided = link(subject(nameless), [known(child()), known(child("Edmund"), "p2")], model=MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert len(decided.candidates) == 2


def test_a_brother_of_a_like_name_who_is_named_as_such_is_not_taken_for_the_child() -> None:
    seen = subject(
        child("Jake").model_copy(update={"date_of_birth": None}), "Lives with sibling Jack."
    )
    assert link(seen, [known(child("Jack"))], model=MODEL).outcome is not LinkOutcome.LINKED


def test_a_child_not_yet_born_is_not_put_to_a_human_for_its_grown_brother() -> None:
    expected = PartialDate(date=dt.date(2025, 6, 1), accuracy_indicator="XXX")
    unborn = child().model_copy(
        update={"name": (Name(family_name=("Ashdown",)),), "date_of_birth": expected}
    )
    decided = link(subject(unborn), [known(child())], model=MODEL)
    assert decided.outcome is LinkOutcome.NEW
    assert decided.family is not None


def test_reasons_say_how_strongly_each_speaks_the_strongest_first() -> None:
    reasons = link(subject(child("Edmund")), [known(child())], model=MODEL).reasons
    assert reasons[0] == "same date of birth (very strong)"
    assert reasons[-1] == "against: another first name (moderate)"


def test_a_mothers_number_does_not_make_her_children_one() -> None:
    number = (Identifier(value="9434765919", system=NHS_NUMBER),)
    expected = PartialDate(date=dt.date(2025, 6, 1), accuracy_indicator="XXX")
    unborn = Person(
        identifier=number, name=(Name(family_name=("Ashdown",)),), date_of_birth=expected
    )
    assert subject(unborn).mothers
    later = child("Edmund", born="2025-06-03", identifier=number)
    older = known(child("William", identifier=number))
    assert link(subject(unborn), [older], model=MODEL).outcome is not LinkOutcome.LINKED
    assert link(subject(later), [older], model=MODEL).outcome is not LinkOutcome.LINKED


def test_a_telephone_that_many_families_have_says_nothing() -> None:
    families = [
        known(child("Ada", f"{name}ford", born=f"201{i}-02-11"), f"p{i}")._replace(
            family_id=f"f{i}"
        )
        for i, name in enumerate(("Ash", "Brind", "Cal"))
    ]
    undated = Person(
        name=(Name(given_name=("Ada",), family_name=("Ashford",)),), contact=child().contact
    )
    alone, among = (
        link(subject(undated), families[:1], model=MODEL),
        link(subject(undated), families, model=MODEL),
    )
    assert "same telephone number (very strong)" in alone.reasons
    assert not any("telephone" in reason for reason in among.reasons)
    assert among.outcome is not LinkOutcome.LINKED


@pytest.mark.parametrize("born", ["1985-07-19", "2001-07-19", "2006-07-19", "2004-05-03"])
def test_a_father_of_the_same_name_and_home_is_not_taken_for_his_son(born: str) -> None:
    son, father = known(child()), child(born=born)
    decided = link(subject(father), [son], model=MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert [one.person_id for one in decided.candidates] == ["p1"]


def test_why_an_adults_date_leaves_it_to_a_human_is_said_and_older_rules_link_as_before() -> None:
    father = child(born="1985-07-19")
    said = link(subject(father), [known(child())], model=MODEL).reasons
    assert said[0].startswith("against: an adult's date of birth is told")
    before = describe(father, observed_at=AT, received_at=AT, rules=2)
    assert link(before, [known(child())], model=MODEL).outcome is LinkOutcome.LINKED


def test_who_was_told_of_as_an_adult_before_is_known_again() -> None:
    grown = child(born="2006-07-19")
    assert link(subject(grown), [known(grown)], model=MODEL).outcome is LinkOutcome.LINKED


def stranger(number: int, family: str, **more: object) -> Person:
    """A child whose names, birthday and mother are nobody else's here; the home and telephone are
    those of all.
    """
    mother_ = RelatedPerson(
        name=Name(given_name=(f"{family[:3]}na",), family_name=(family,)), relationship="mother"
    )
    given = ("Aisha", "Zoe", "Marek", "Tia")[number]
    born = f"201{number}-0{number + 1}-1{number}"
    return child(given, family, born, related_person=(mother_,), **more)


def test_the_families_of_a_refuge_stay_families_of_their_own() -> None:
    refuge: dict[str, object] = {
        "address": (Address(line1="1 Safe House", postcode="BD53 9ZZ", protected=True),),
        "contact": (Contact(telephone=("01632 960771",), protected=True),),
    }
    first, second = (stranger(i, name, **refuge) for i, name in enumerate(("Khan", "Brown")))
    assert link(subject(second), [known(first)], model=MODEL).family is None
    at_rules_2 = [describe(one, observed_at=AT, rules=2) for one in (first, second)]
    there = found(at_rules_2[0], person_id="p1", family_id="f1", case_id="c1")
    assert link(at_rules_2[1], [there], model=MODEL).family is there


def test_a_home_of_three_surnames_says_nothing_though_they_were_taken_for_one_family() -> None:
    names = ("Khan", "Brown", "Nowak")
    there = [known(stranger(i, name), f"p{i}") for i, name in enumerate(names)]
    fourth = subject(stranger(3, "Clarke"))
    assert link(fourth, there, model=MODEL).family is None
    assert link(fourth._replace(rules=2), there, model=MODEL).family is not None
    of_two = [*there[:2], known(stranger(2, "Brown-Khan"), "p2")]
    assert link(fourth, of_two, model=MODEL).family is not None


def mother(given: str) -> RelatedPerson:
    return RelatedPerson(
        name=Name(given_name=(given,), family_name=("Ashdown",)), relationship="mother"
    )


def test_an_initial_beside_the_whole_name_of_a_parent_is_not_another_parent() -> None:
    both = known(child(related_person=(mother("L"), mother("Lydia"))))
    told = subject(child(address=(), contact=(), related_person=(mother("Laura"),)))
    assert (
        "against: other parents or guardians (moderate)" in link(told, [both], model=MODEL).reasons
    )
