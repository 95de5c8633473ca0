"""What is written where nothing is known is no evidence."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.linkage import describe
from router.linkage.placeholders import is_no_number, is_no_reference, is_nowhere, without
from router.linkage.rules import FIRST
from router.linkage.text import fold
from schemas.person import (
    NHS_NUMBER,
    UPN,
    Address,
    Contact,
    Identifier,
    Name,
    PartialDate,
    Person,
    RelatedPerson,
)

AT = dt.datetime(2025, 3, 4, 9, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "name",
    [
        "Unknown",
        "Not Recorded",
        "N/A",
        "n/k",
        "REDACTED",
        "Name withheld",
        "FNU",
        "NULL",
        "As above",
        "XXXX",
        "Heb ei gofnodi",
        "Nieznana",
        "Nie podano",
        "Necunoscut",
        "unbekannt",
        "Desconocido",
    ],
)
def test_a_name_that_says_nothing_is_none(name: str) -> None:
    told = Person(name=(Name(given_name=(name,), family_name=(name,)),))
    assert describe(told, observed_at=AT).givens == ()
    assert describe(told, observed_at=AT).families == ()


def test_a_name_beside_what_says_nothing_stays() -> None:
    assert without(fold("Smith (unknown)")) == "smith"
    assert without(fold("Nan Given")) == ""
    assert without(fold("Abbie-Mae")) == "abbie mae"


def test_what_stands_for_nobody_in_two_fields_is_nobody() -> None:
    for first, last in (("Not", "Known"), ("Joe", "Bloggs"), ("Lama", "Yaqaan")):
        told = Person(name=(Name(given_name=(first,), family_name=(last,)),))
        assert describe(told, observed_at=AT).families == ()


def test_a_carer_told_of_by_no_first_name_is_nobody_to_compare() -> None:
    called = [("Unknown", "Unknown"), ("Mum", "Khan"), ("Mrs", "Khan"), ("Social", "Worker")]
    related = [
        RelatedPerson(name=Name(given_name=(a,), family_name=(b,)), relationship="mother")
        for a, b in called
    ]
    assert describe(Person(related_person=tuple(related)), observed_at=AT).adults == ()


@pytest.mark.parametrize(
    "line",
    ["As above", "NFA", "Address not known", "Confidential", "Bez stałego adresu", "c/o nan"],
)
def test_a_line_that_names_no_place_is_no_address(line: str) -> None:
    assert is_nowhere(line)
    home = Person(address=(Address(line1=line, city="Leeds"),))
    assert describe(home, observed_at=AT).addresses == ()


@pytest.mark.parametrize(
    "line", ["4 Safe Lane", "No. 4", "Hostel Lane", "12 Unknown Road", "Leeds"]
)
def test_a_line_that_names_a_place_is_one(line: str) -> None:
    assert not is_nowhere(line)


@pytest.mark.parametrize("number", ["0000000000", "01234567890", "07777777777", "09876543210"])
def test_a_number_of_one_digit_or_that_counts_is_nobodys(number: str) -> None:
    told = Person(contact=(Contact(telephone=(number,)),))
    assert describe(told, observed_at=AT).phones == ()
    assert not is_no_number("1632960999")


def test_a_pupil_number_of_nothing_but_noughts_is_none() -> None:
    told = (Identifier(value="A000000000000", system=UPN), Identifier(value="0", system=NHS_NUMBER))
    subject = describe(Person(identifier=told), observed_at=AT)
    assert (subject.nhs, subject.mothers, subject.upn) == ("", "", "")


@pytest.mark.parametrize("date", ["0001-01-01", "1900-01-01", "1970-01-01", "9999-12-31"])
def test_a_date_that_systems_fill_in_is_none(date: str) -> None:
    born = PartialDate(date=dt.date.fromisoformat(date))
    assert describe(Person(date_of_birth=born), observed_at=AT).day == 0


@pytest.mark.parametrize("reference", ["N/A", "0", "Unknown", "000", "-", "12345", "not known"])
def test_a_reference_that_says_nothing_is_none(reference: str) -> None:
    assert is_no_reference(reference)


@pytest.mark.parametrize("reference", ["CN-24-001", "FAMX-1", "7", "1357", "A1", "26/0001"])
def test_a_reference_that_an_agency_gives_is_one(reference: str) -> None:
    assert not is_no_reference(reference)


def test_by_the_first_rules_everything_is_read_as_it_stands() -> None:
    mum = Name(given_name=("Mum",), family_name=("Khan",))
    told = Person(
        contact=(Contact(telephone=("0000000000",)),),
        related_person=(RelatedPerson(name=mum, relationship="mother"),),
    )
    subject = describe(told, observed_at=AT, rules=FIRST)
    assert subject.phones == ("0000000000",)
    assert subject.adults == ("mum|khan||mother",)


@given(st.text(max_size=60), st.text(max_size=60))
def test_nothing_that_is_written_stops_a_child_from_being_described(one: str, other: str) -> None:
    name = Name(given_name=(one or "x",), family_name=(other or "x",))
    told = Person(
        name=(name,),
        address=(Address(line1=one or None, line2=other or None),),
        contact=(Contact(telephone=(other or "x",)),),
        related_person=(RelatedPerson(name=name, relationship="mother"),),
    )
    described = describe(told, observed_at=AT, narrative=one, agency="police", reference=other)
    assert "" not in described.givens + described.families + described.addresses
