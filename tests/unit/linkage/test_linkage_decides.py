"""Which child a notification is taken to be about."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from router.linkage import Profile, Subject, describe, found, keys, link, load_model, profile_keys
from router.linkage.compare import SELF, Match, compare_self
from router.linkage.profile import distinguish
from schemas.case import LinkOutcome
from schemas.person import Address, Contact, Name, PartialDate, Person, RelatedPerson

AT = dt.datetime(2025, 3, 4, 9, 30, tzinfo=dt.UTC)
MODEL = load_model()


def child(given: str = "William", family: str = "Ashdown", born: str = "2014-05-03", **more: object) -> Person:
    return Person(
        name=(Name(given_name=(given,), family_name=(family,)),),
        date_of_birth=PartialDate(date=dt.date.fromisoformat(born)),
        **{
            "address": (Address(line1="12 Larkfield Road", city="Netherby", postcode="ZX1 2AB"),),
            "contact": (Contact(telephone=("01632 960999",)),),
            "related_person": (
                RelatedPerson(name=Name(given_name=("Petra",), family_name=(family,)), relationship="mother"),
            ),
            **more,
        },
    )


def subject(person: Person, narrative: str = "") -> Subject:
    return describe(person, observed_at=AT, narrative=narrative)


def known(person: Person, person_id: str = "p1") -> Profile:
    return found(subject(person), person_id=person_id, family_id="f1", case_id="c1")


def test_a_short_form_of_the_first_name_does_not_hide_the_child() -> None:
    decided = link(subject(child("Bill")), [known(child())], MODEL)
    assert decided.outcome is LinkOutcome.LINKED
    assert "first name is a known short form" in decided.reasons


def test_swapped_day_and_month_are_the_same_child_where_all_else_agrees() -> None:
    assert link(subject(child(born="2014-03-05")), [known(child())], MODEL).outcome is LinkOutcome.LINKED


def test_a_number_wrong_in_one_place_is_told_apart_from_another_number() -> None:
    base = subject(child())
    told = found(replace(base, upn="2464828"), person_id="p1", family_id="f1", case_id="c1")
    upn = SELF.index("upn")
    assert compare_self(replace(base, upn="2464288"), told)[upn] == Match.SLIP
    assert compare_self(replace(base, upn="9464282"), told)[upn] == Match.OTHER


def test_a_twin_of_another_name_is_never_linked() -> None:
    twin = link(subject(child("Edmund")), [known(child())], MODEL)
    assert twin.outcome is not LinkOutcome.LINKED


def test_a_brother_of_another_age_is_a_new_child_of_the_same_family() -> None:
    decided = link(subject(child("Edmund", born="2017-11-21")), [known(child())], MODEL)
    assert decided.outcome is LinkOutcome.NEW
    assert decided.family is not None
    assert decided.family.family_id == "f1"


def test_a_stranger_of_the_same_name_and_birthday_is_looked_at_by_a_human() -> None:
    elsewhere = child(
        address=(Address(line1="7 Quarry Lane", city="Overton", postcode="QX9 8YZ"),),
        contact=(Contact(telephone=("01632 960111",)),),
        related_person=(
            RelatedPerson(name=Name(given_name=("Oona",), family_name=("Fenwright",)), relationship="mother"),
        ),
    )
    decided = link(subject(elsewhere), [known(child())], MODEL)
    assert decided.outcome is LinkOutcome.REVIEW
    assert [c.person_id for c in decided.candidates] == ["p1"]


def test_nobody_known_means_a_new_child() -> None:
    assert link(subject(child()), [], MODEL).outcome is LinkOutcome.NEW


def test_a_profile_reads_back_as_it_was_written() -> None:
    profile = known(child())
    assert Profile.decode(profile.encode()) == profile


def test_a_child_with_one_error_still_shares_a_key_with_its_profile() -> None:
    filed = set(profile_keys(known(child())))
    for seen in (child("Wiliam"), child(family="Ashdon"), child(born="2014-03-05"), child("Billy", "Norwood")):
        assert filed & set(keys(subject(seen)))


def test_between_two_whom_a_human_told_apart_it_takes_as_much_as_a_link_does() -> None:
    rest = known(child(address=(), contact=()), "p2")
    near = replace(MODEL, margin=0.0, link_at=5.0, undated=0.0)
    assert link(subject(child()), [known(child()), rest], near).outcome is LinkOutcome.LINKED
    sure = replace(near, link_at=link(subject(child()), [known(child())], MODEL).score - 1.0)
    told_apart = distinguish(known(child()), "p2")
    assert link(subject(child()), [told_apart], sure).outcome is LinkOutcome.LINKED
    assert link(subject(child()), [told_apart, rest], sure).outcome is LinkOutcome.REVIEW
