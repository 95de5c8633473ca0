"""Where a sender gives several homes, numbers or telephones, each is kept apart from the others;
what stands for nothing beside a real one is told and does not hide it.
"""

import io
import json

import pytest

from connectors.formats.mapping import load
from schemas.case import OpenCase
from schemas.notification import Notification
from schemas.person import Person
from schemas.registers import RegisterEntry
from tests.unit.connectors.conftest import NOW
from tests.unit.connectors.test_unread import made

HEADER = "Referral No,Referral Date,Forename,Surname,Sex,Reason for Referral,"
ROW = "CS-1,12/03/2026 09:30,Amy,Sample,F,Bruise seen.,"
HOME = "Address 1,Address 2,Town,Postcode,"


def case(columns: str, cells: str) -> Notification:
    (one,), _ = made("case-system-csv", "csv", f"{HEADER}{columns}\n{ROW}{cells}\n")
    return one


def told(one: Notification) -> list[tuple[str, str, str]]:
    """What was set aside, but for the columns that the short header lacks."""
    parts = [part for part in one.set_aside if part.reason != "missing.column"]
    return [(part.field, part.reason, part.value) for part in parts]


def homes(one: Notification) -> list[tuple[str | None, ...]]:
    return homes_of(one.subject)


def homes_of(child: Person) -> list[tuple[str | None, ...]]:
    return [(at.line1, at.line2, at.city, at.postcode) for at in child.address]


FIRST = ("1 Balmoral Place", "Flat 4", "Brackenroyd", "BD53 6QD")
SECOND = ("9 Copley Row", None, "Hollin Cross", "HX24 1TA")


def cells(*home: str | None) -> str:
    return "".join(f"{part or ''}," for part in home)


def test_columns_of_an_address_that_stand_twice_are_two_homes() -> None:
    one = case(HOME * 2, cells(*FIRST) + cells(*SECOND))
    assert homes(one) == [FIRST, SECOND]
    assert told(one) == []


def test_an_empty_cell_shifts_no_home_into_another() -> None:
    one = case(HOME * 3, cells(*SECOND) + cells(*[None] * 4) + cells(*FIRST))
    assert homes(one) == [SECOND, FIRST]


def test_the_same_home_twice_is_one() -> None:
    assert homes(case(HOME * 2, cells(*FIRST) * 2)) == [FIRST]


def test_a_town_that_stands_once_is_that_of_the_first_home() -> None:
    header = HOME + "Address 1,Postcode"
    one = case(header, cells(*FIRST) + "9 Copley Row,HX24 1TA")
    assert homes(one) == [FIRST, ("9 Copley Row", None, None, "HX24 1TA")]


def test_what_is_wrong_in_the_second_home_is_told_of_the_second() -> None:
    one = case(HOME * 2, cells(*FIRST) + cells("9 Copley Row", None, None, "soon"))
    assert homes(one) == [FIRST, ("9 Copley Row", None, None, None)]
    assert told(one) == [("row 2, Postcode[2]", "invalid.postcode", "soon")]


def test_homes_of_a_household_in_repeated_columns_are_kept_for_each_child() -> None:
    header = "Ref;Logged;Child1 Name;Child2 Name;Tenant;Address;Postcode;Address;Postcode;Notes"
    row = (
        "H1;03/02/2026 14:05;Ann Two;Bo Two;A Two;1 Rhyd Lane, Testford;TS1 1AA;2 Old Road, Much, "
    )
    children, _ = made("housing-csv", "csv", f"{header}\n{row}Wells;TS2 2BB;Seen.")
    assert [homes(one) for one in children] == [
        [
            ("1 Rhyd Lane", "Testford", None, "TS1 1AA"),
            ("2 Old Road", "Much", "Wells", "TS2 2BB"),
        ]
    ] * 2


@pytest.mark.parametrize("mapping", ["open-cases-csv", "ecaf-csv"])
def test_homes_and_numbers_of_registers_are_kept_too(mapping: str) -> None:
    own = {"open-cases-csv": ("Case No,Allocated From,Worker,Team", "C1,01/03/2026,A Day,West")}
    header, row = own.get(mapping, ("Ref", "C1"))
    text = f"{header},NHS No,NHS No,{HOME * 2}\n{row},unknown,9991754377,"
    form = load(mapping).formats["csv"]
    text += cells(*FIRST) + cells(*SECOND)
    (record,) = form.records(io.BytesIO(text.encode()), largest=100_000)
    (one,) = form.make(record, now=NOW)
    assert isinstance(one, OpenCase | RegisterEntry)
    assert homes_of(one.child) == [FIRST, SECOND]
    assert [number.value for number in one.child.identifier] == ["9991754377"]


@pytest.mark.parametrize(
    ("numbers", "aside"),
    [
        ("unknown,9991754377", "row 2, NHS No[1]"),
        ("0000000000,999 175 4377", "row 2, NHS No[1]"),
        ("9991754377,N/A", "row 2, NHS No[2]"),
    ],
)
def test_of_two_columns_for_a_number_the_good_one_is_used(numbers: str, aside: str) -> None:
    one = case("NHS No,NHS No", numbers)
    assert [number.value for number in one.subject.identifier] == ["9991754377"]
    (placeholder,) = [number for number in numbers.split(",") if "75" not in number]
    assert told(one) == [(aside, "placeholder.number", placeholder)]


def test_a_number_with_a_wrong_digit_beside_a_good_one_is_told_as_such() -> None:
    one = case("NHS No,NHS No", "9991754378,9991754377")
    assert [number.value for number in one.subject.identifier] == ["9991754377"]
    assert told(one) == [("row 2, NHS No[1]", "invalid.check-digit", "9991754378")]


def test_two_carers_in_repeated_columns_are_two() -> None:
    one = case("Carer Name,Carer Relationship," * 2, "Di Hale,Mother,Ed Hale,Father,")
    carers = [(c.name.given_name, c.relationship) for c in one.subject.related_person]
    assert carers == [(("Di",), "mother"), (("Ed",), "father")]


def sample(**fields: object) -> Notification:
    given = {"source_reference": "J1", "given_name": "Ann", "family_name": "Hale"}
    seen = {"observed_at": "2026-03-12T10:00:00Z", "narrative": "Seen alone."}
    (one,), _ = made("sample-json", "json", json.dumps(given | seen | fields))
    return one


TWO = [["1 Example St", "Much", "Wells"], ["2 Example St", "Testford"]]


def test_lists_of_lines_within_a_list_are_a_home_each() -> None:
    one = sample(address_lines=TWO, postcode=["TS1 1AA", "TS2 2BB"], address_protected=True)
    assert homes(one) == [
        ("1 Example St", "Much", "Wells", "TS1 1AA"),
        ("2 Example St", "Testford", None, "TS2 2BB"),
    ]
    assert [home.protected for home in one.subject.address] == [True, True]
    assert not one.set_aside


def test_a_postcode_beside_two_homes_is_that_of_the_first() -> None:
    one = sample(address_lines=TWO, postcode="TS1 1AA")
    assert [home[3] for home in homes(one)] == ["TS1 1AA", None]


def test_lines_of_one_home_stay_one() -> None:
    assert homes(sample(address_lines=TWO[0])) == [("1 Example St", "Much", "Wells", None)]


@pytest.mark.parametrize("placeholder", ["unknown", "N/A", "0", "00000 000000", "1111111", "none"])
def test_a_telephone_that_is_nobodys_is_told_and_the_real_one_used(placeholder: str) -> None:
    one = case("Telephone,Telephone", f"{placeholder},01632 960097")
    assert [number for c in one.subject.contact for number in c.telephone] == ["01632 960097"]
    assert told(one) == [("row 2, Telephone", "placeholder.telephone", placeholder)]


def test_a_persons_telephone_that_is_nobodys_is_told_too() -> None:
    person = '<Person relationship="MOT"><Surname>S</Surname><Telephone>N/K</Telephone></Person>'
    feed = (
        '<MerlinFeed><PreAssessmentChecklist URN="1"><Subject><Surname>SAMPLE</Surname></Subject>'
        f"<AssociatedPersons>{person}</AssociatedPersons></PreAssessmentChecklist></MerlinFeed>"
    )
    (one,), _ = made("merlin-xml", "xml", feed)
    assert [c.telephone for c in one.subject.related_person[0].contact] in ([], [()])
    assert "placeholder.telephone" in {part.reason for part in one.set_aside}
