"""Whether two adults named beside children are one: never by the name alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.linkage.adult_model import FIELDS, SCALES, load_adult_model, read_adult_model
from router.linkage.same_adult import KnownAdult, Verdict, Weighed, known_adult, weigh_adults
from schemas.person import (
    NHS_NUMBER,
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
)

MODEL = load_adult_model()
HOME = (Address(line1="12 Larkfield Road", city="Netherby", postcode="ZX1 2AB"),)
ELSEWHERE = (Address(line1="7 Mill Court", city="Netherby", postcode="ZX3 9QQ"),)
PHONE = (Contact(telephone=("01632 960123",)),)
PNC = (Identifier(value="99/12345X", system="https://example.org/pnc"),)
BORN = PartialDate(date=dt.date(1984, 3, 17))
RARE, COMMON = ("Wilhelmina", "Quenby"), ("Sarah", "Smith")


def adult(
    called: tuple[str, str] = COMMON,
    *,
    role: str = "mother",
    beside: str = "p1",
    household: dict[str, Any] | None = None,
    **told: Any,
) -> KnownAdult:
    name = Name(given_name=(called[0],), family_name=tuple(filter(None, called[1:])))
    one = RelatedPerson.model_validate({"name": name, "relationship": role} | told)
    child = Person.model_validate(household or {})
    found = known_adult(one, child, child_id=beside, family_id=f"family of {beside}")
    assert found is not None
    return found


def both(first: dict[str, Any], second: dict[str, Any] | None = None) -> Weighed:
    """The same of two adults, beside children of two families."""
    return weigh_adults(adult(**first), adult(beside="p2", **(second or first)), model=MODEL)


SECOND_THINGS: list[dict[str, Any]] = [
    {"date_of_birth": BORN},
    {"contact": PHONE},
    {"address": HOME},
    {"identifier": PNC},
    {"identifier": (Identifier(value="9434765919", system=NHS_NUMBER),)},
]


@pytest.mark.parametrize("called", [COMMON, RARE])
@pytest.mark.parametrize("second", SECOND_THINGS, ids=lambda told: next(iter(told)))
def test_the_name_and_a_second_thing_make_one_adult(
    called: tuple[str, str], second: dict[str, Any]
) -> None:
    assert both({"called": called} | second).verdict is Verdict.SAME


def test_a_rare_name_alone_may_be_the_same_and_a_common_one_says_nothing() -> None:
    assert both({"called": RARE}).verdict is Verdict.MAY_BE
    assert both({"called": COMMON}).verdict is Verdict.OTHER


@given(
    given_name=st.sampled_from(["Wilhelmina", "Ottoline", "Jack", "Mohammed", "J", "Zoë-Mae"]),
    family=st.sampled_from(["Quenby", "Featherstonehaugh", "Khan", "Smith", ""]),
    role=st.sampled_from(["mother", "father", "guardian", "other", "partner_of_parent"]),
    more=st.sampled_from([{}, {"date_of_birth": BORN}, {"contact": PHONE}, {"address": HOME}]),
)
def test_two_adults_who_share_only_a_name_are_never_one(
    given_name: str, family: str, role: str, more: dict[str, Any]
) -> None:
    """Whatever is told of the one."""
    one = {"called": (given_name, family), "role": role}
    assert both(one | more, one).verdict is not Verdict.SAME


def test_another_birthday_makes_another_adult_at_one_home_too() -> None:
    father = {"address": HOME, "date_of_birth": BORN, "role": "father"}
    son = father | {"date_of_birth": PartialDate(date=dt.date(2003, 8, 2))}
    assert both(father, son).verdict is Verdict.OTHER


def test_another_number_of_one_system_makes_another_adult() -> None:
    other = (Identifier(value="99/54321Y", system=PNC[0].system),)
    told = {"date_of_birth": BORN}
    assert both(told | {"identifier": PNC}, told | {"identifier": other}).verdict is Verdict.OTHER


def test_a_mother_here_and_a_father_there_are_two() -> None:
    told = {"called": ("Sam", "Quenby"), "date_of_birth": BORN}
    assert both(told, told | {"role": "father"}).verdict is Verdict.OTHER


def test_brothers_of_names_near_each_other_are_for_a_human() -> None:
    told = {"address": HOME, "contact": PHONE, "role": "father"}
    found = both({"called": ("Hassan", "Qadir")} | told, {"called": ("Hussain", "Qadir")} | told)
    assert found.verdict is not Verdict.SAME


def test_a_number_finds_who_goes_by_another_name_for_a_human_to_look_at() -> None:
    alias = {"called": ("Terence", "Oakley"), "identifier": PNC}
    assert both({"called": RARE, "identifier": PNC}, alias).verdict is Verdict.MAY_BE


def test_a_new_surname_needs_more_than_the_birthday() -> None:
    told = {"called": ("Petra", "Ashdown"), "date_of_birth": BORN}
    married = told | {"called": ("Petra", "Halloran")}
    assert both(told, married).verdict is Verdict.MAY_BE
    phone = {"contact": PHONE}
    assert both(told | phone, married | phone).verdict is Verdict.SAME


def test_the_childs_home_says_less_of_an_adult_than_their_own() -> None:
    at_home = {"household": {"address": HOME}}
    own, households = both({"address": HOME}), both(at_home)
    assert households.score < own.score
    assert "the child's home is the same (very strong)" in households.reasons
    assert both({"household": {"address": HOME}, "role": "other"}).score < households.score


def test_an_estimated_birthday_is_not_one() -> None:
    about = PartialDate(date=dt.date(1984, 7, 1), accuracy_indicator="EEA")
    assert both({"called": RARE, "date_of_birth": about}).verdict is not Verdict.SAME


def test_who_is_told_of_without_a_name_is_nobody_to_compare() -> None:
    mum = RelatedPerson(name=Name(given_name=("Mum",)), relationship="mother")
    assert known_adult(mum, Person(), child_id="p1", family_id="f1") is None


def test_reasons_say_what_speaks_for_it_and_how_strongly() -> None:
    found = both({"called": RARE, "date_of_birth": BORN, "address": HOME})
    assert found.reasons[0] == "same date of birth (very strong)"
    assert "same address (very strong)" in found.reasons


def test_every_level_that_the_model_weighs_is_one_that_is_compared() -> None:
    assert set(FIELDS) == set(SCALES)
    with pytest.raises(ValueError, match="no level of this field: whenever"):
        read_adult_model({"bits": {field: {"whenever": [1, 0]} for field in FIELDS}, "version": ""})
